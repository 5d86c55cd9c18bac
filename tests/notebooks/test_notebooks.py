"""All notebooks: how they are built, and that they run from top to bottom with the outputs that are known.

nbval runs them. Outputs are not committed, so those to compare with are kept in ``expected/``, a file a notebook:

- strict: a cell must give exactly what the file says (nothing, where it says nothing). Of a widget its class counts.
- lax: cells tagged ``nbval-ignore-output`` only have to run: tables with the network's figures, which change with
  it. What the texts say about those figures is in ``test_quoted_figures.py``.

After a change, record them anew and look at the difference: ``python tests/notebooks/record.py explore``.

The kernels can reach no other host, and find neither TensorFlow nor what comes with it, unless the lesson trains.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from record import EXPECTED, NOTEBOOKS, merge_outputs

from instrunet_widgets.instruments import CODES

MAX_LINES = 14
NEED_TRAINING = {"03_the_network", "04_training_experiments"}
NOT_FOUND_IN_KERNELS = ("tensorflow", "keras", "librosa", "numba", "sklearn", "mido", "onnx", "tf2onnx")
# nbval gives a kernel 5 s for what it still has to show when a cell has run.
PATIENCE = """
def pytest_collection_modifyitems(items):
    for item in items:
        item.output_timeout = 300
"""
# Python reads this when a kernel starts.
RESTRICTIONS = """
import socket, sys
class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}} in this test", name=name)
sys.meta_path.insert(0, NotInstalled())
def connect(self, address, connect=socket.socket.connect):
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise OSError(f"this test has no network, and {{address}} was asked for")
    return connect(self, address)
socket.socket.connect = connect
"""

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
LESSON_PATHS = [path for path in PATHS if path.stem[0].isdigit()]
all_notebooks = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
lessons = pytest.mark.parametrize("path", LESSON_PATHS, ids=lambda path: path.stem)


@cache
def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tags_of(cell: nbformat.NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def exercise_calls(path: Path, method: str) -> dict[str, str]:
    """Exercise -> cell in which ``lesson.EXERCISE.method(...)`` is called."""
    calls = {}
    for cell in code_cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
                owner = node.func.value
                if isinstance(owner, ast.Attribute) and ast.unparse(owner.value) == "lesson":
                    calls[owner.attr] = cell.id
    return calls


def run_nbval(notebook: nbformat.NotebookNode, folder: Path, *, lacks: tuple[str, ...]) -> str:
    """Run a notebook; the last line that nbval writes, or all it has to say if cells fail."""
    copy = folder / "notebook.ipynb"
    nbformat.write(notebook, copy)
    (folder / "conftest.py").write_text(PATIENCE)
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(RESTRICTIONS.format(names=lacks))
    command = [
        *(sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", copy),
        *("--nbval-cell-timeout=300", "-p", "no:playwright", "-p", "no:cacheprovider", "-q", "-rA", "--color=no"),
        f"--rootdir={folder}",
    ]
    env = {**os.environ, "PYTHONPATH": str(folder / "site"), "PY_COLORS": "0"}
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    return run.stdout.splitlines()[-1] if run.returncode == 0 else run.stdout[-8_000:] + run.stderr[-2_000:]


@lessons
def test_how_to_run_a_lesson_is_not_said_on_a_page(path: Path) -> None:
    (title,) = [cell.source for cell in read(path).cells if cell.id == "title"]
    assert re.search(r'\n<span class="in-not-page">[^<]*Run\s+All\s+Cells[^<]*</span>$', title)
    assert sum(len(re.findall(r"Run\s+All\s+Cells", cell.source)) for cell in read(path).cells) == 1


@pytest.mark.parametrize("path", [path for path in PATHS if path.stem != "instrunet"], ids=lambda path: path.stem)
def test_module_of_a_notebook_offers_what_the_notebook_uses(path: Path) -> None:
    code = "\n".join(cell.source for cell in code_cells(path))
    (found,) = re.findall(r"^from instrunet_widgets\.lessons import (\w+)(?: as (\w+))?$", code, re.MULTILINE)
    used = set(re.findall(rf"\b{found[1] or found[0]}\.(\w+)", code))
    assert sorted(used) == sorted(importlib.import_module(f"instrunet_widgets.lessons.{found[0]}").__all__)


@all_notebooks
@pytest.mark.slow
def test_notebook_runs_with_the_known_outputs(path: Path, tmp_path: Path) -> None:
    lacks = () if path.stem in NEED_TRAINING else NOT_FOUND_IN_KERNELS
    said = run_nbval(merge_outputs(read(path), path.stem), tmp_path, lacks=lacks)
    assert re.fullmatch(rf"{len(code_cells(path))} passed(, \d+ warnings?)? in .*", said), said


@pytest.mark.slow
def test_wrong_outputs_solutions_skipped_libraries_and_hosts_are_found(tmp_path: Path) -> None:
    """What the test above must not let pass: each cell but the first and the ignored one fails."""
    expected = [nbformat.v4.new_output("execute_result", {"text/plain": "2"}, execution_count=1)]
    sources = {
        "1 + 1": "passes",
        "1 + 2": "fails: another output",
        "from instrunet_widgets.lessons import sound_to_log_mel as lesson\nlesson.resolution.confirm(512)": "fails",
        "import keras": "fails: not there",
        "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=5)": "fails: no network",
        "3": "is ignored",
    }
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    for number, cell in enumerate(notebook.cells):
        cell.execution_count, cell.outputs = number, expected if number in (0, 1, 5) else []
    notebook.cells[5].metadata["tags"] = ["nbval-ignore-output"]
    said = run_nbval(notebook, tmp_path, lacks=NOT_FOUND_IN_KERNELS)
    assert re.findall(r"(PASSED|FAILED) \S+::Cell (\d)", said) == [
        *(("PASSED", "0"), ("PASSED", "5"), ("FAILED", "1"), ("FAILED", "2"), ("FAILED", "3"), ("FAILED", "4"))
    ]


@all_notebooks
def test_notebook_has_known_outputs_and_no_tag_that_lets_errors_pass(path: Path) -> None:
    assert (EXPECTED / f"{path.stem}.json").is_file()
    assert {tag for cell in read(path).cells for tag in tags_of(cell)} <= {"solution", "nbval-ignore-output"}


@all_notebooks
def test_cells_are_short(path: Path) -> None:
    long = {cell.id: n for cell in code_cells(path) if (n := len(cell.source.splitlines())) > MAX_LINES}
    assert long == {}


@all_notebooks
def test_notebook_has_a_title_and_the_kernel_that_everybody_has(path: Path) -> None:
    metadata = read(path).metadata
    assert metadata.title
    assert metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in read(path).cells}) == len(read(path).cells)


@all_notebooks
def test_text_needs_no_other_host_and_no_formulas(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"!\[|<img|<script|<iframe|\$", cell.source), cell.id


@lessons
def test_every_step_has_a_text_before_and_something_to_see_after(path: Path) -> None:
    kinds = [
        (cell.cell_type, cell.id) for cell in read(path).cells if "solution" not in tags_of(cell)
    ]  # folded solutions aside
    expected = json.loads((EXPECTED / f"{path.stem}.json").read_text(encoding="utf-8"))
    for (kind, name), (next_kind, next_name) in pairwise(kinds):
        if next_kind == "code":
            assert kind == "markdown", f"{next_name} has no text before it"
        if kind == "code":
            shown = {mime for output in expected.get(name, []) for mime in output.get("data", {})}
            assert shown & {"application/vnd.jupyter.widget-view+json", "text/html"}, f"{name} shows nothing"


@lessons
def test_solutions_are_folded_and_hidden(path: Path) -> None:
    for cell in code_cells(path):
        is_solution = ".confirm(" in cell.source
        assert is_solution == ("solution" in tags_of(cell)), cell.id
        assert is_solution == bool(cell.metadata.get("jupyter", {}).get("source_hidden")), cell.id
        if is_solution:  # JupyterLab shows the first line of a folded cell
            assert cell.source.splitlines()[0] == "# A solution", cell.id


@lessons
def test_every_exercise_is_set_and_solved_right_after(path: Path) -> None:
    order = [cell.id for cell in read(path).cells]
    asked = exercise_calls(path, "check") | exercise_calls(path, "ask")
    solved = exercise_calls(path, "confirm")
    assert set(asked) == set(solved)
    assert len(asked) in (2, 3)
    assert all(order.index(solved[name]) == order.index(asked[name]) + 1 for name in asked)


@lessons
def test_every_exercise_of_the_module_is_in_the_notebook(path: Path) -> None:
    from importlib import import_module

    from instrunet_widgets.lessons.exercise import Exercise

    module = import_module(f"instrunet_widgets.lessons.{path.stem[3:].removeprefix('from_')}")
    named = {name for name, value in vars(module).items() if isinstance(value, Exercise)}
    assert named == set(exercise_calls(path, "confirm"))


@lessons
def test_lesson_is_one_of_six_and_long_enough(path: Path) -> None:
    first = read(path).cells[0].source
    assert first.startswith(f"# {int(path.stem[:2])} · ")
    words = sum(len(cell.source.split()) for cell in read(path).cells if cell.cell_type == "markdown")
    assert 250 <= words <= 1_200


def test_expected_outputs_belong_to_cells_and_hold_no_figures_of_the_network() -> None:
    for file in EXPECTED.glob("*.json"):
        cells = {cell.id: cell for cell in code_cells(NOTEBOOKS / f"{file.stem}.ipynb")}
        outputs: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        assert set(outputs) <= set(cells)
        ignored = {name for name, cell in cells.items() if "nbval-ignore-output" in tags_of(cell)}
        assert not set(outputs) & ignored
        assert file.stat().st_size < 20_000


def test_instruments_in_texts_are_those_of_the_network() -> None:
    text = " ".join(cell.source for path in LESSON_PATHS for cell in read(path).cells if cell.cell_type == "markdown")
    assert set(re.findall(r"`([a-z]{3})`", text)) <= set(CODES)
