"""Data flows one way: which module may import which, read from the source without running it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import instrunet_widgets

PACKAGE = "instrunet_widgets"
PACKAGE_FOLDER = Path(instrunet_widgets.__file__).parent

# What each part of the package may import from the rest of it. A part is a module or a subpackage; a module
# of a subpackage may have a row of its own, and its neighbours in the subpackage are always open to it.
FOUNDATION = frozenset({"arrays", "config", "errors", "instruments", "wording"})
RESULTS = FOUNDATION | {"results", "thresholds", "timeline"}
INFERENCE = RESULTS | {"summary", "audio", "features", "overview", "decoding", "pipeline"}
INFERENCE |= {"classifier", "model_folder", "onnx_runtime"}
ALLOWED: dict[str, frozenset[str]] = {
    "arrays": frozenset(),
    "config": frozenset(),
    "errors": frozenset(),
    "instruments": frozenset(),
    "wording": frozenset(),
    "icons": frozenset({"instruments"}),
    "timeline": FOUNDATION,
    "results": FOUNDATION | {"thresholds", "timeline"},
    "thresholds": FOUNDATION,
    "summary": RESULTS,
    "audio": FOUNDATION,
    "features": FOUNDATION | {"audio"},
    "overview": RESULTS,
    "decoding": RESULTS,
    "classifier": RESULTS | {"features", "model_folder"},
    "model_folder": FOUNDATION | {"onnx_runtime"},
    "onnx_runtime": frozenset(),
    "pipeline": INFERENCE - {"pipeline"},
    "plotting": INFERENCE,
    "export": INFERENCE | {"icons", "plotting"},
    "examples": FOUNDATION,
    "app": INFERENCE | {"plotting", "export", "examples", "icons"},
    "segment_scores": FOUNDATION,
    "label_files": FOUNDATION | {"examples"},
    "lessons": INFERENCE | {"plotting", "export", "examples", "app", "segment_scores", "label_files", "training"},
    "server": INFERENCE | {"plotting", "export", "examples", "app"},
    "training": FOUNDATION | {"audio", "features"},
    # What is fitted and published must mean what it will mean when recordings are analysed.
    "training.calibration": RESULTS | {"classifier", "decoding"},
    "training.evaluate": RESULTS | {"classifier", "decoding"},
    "training.card": FOUNDATION | {"thresholds"},
    "training.example_notes": FOUNDATION | {"examples", "features"},
    "training.irmas_protocol": RESULTS | {"classifier", "pipeline"},
    "training.solo": RESULTS | {"classifier", "pipeline"},
    "training.timeline_experiments": RESULTS | {"classifier", "decoding", "pipeline"},
    "training.timeline_measures": RESULTS | {"decoding", "segment_scores"},
    "training.publish": RESULTS | {"classifier", "features"},
    "cli": INFERENCE | {"", "plotting", "export", "examples", "app", "server", "training"},
    "__main__": frozenset({"cli"}),
    "": INFERENCE,
}
# Convenience methods of `Analysis` reach downstream, inside the method.
LATE_EXCEPTIONS = frozenset({("results", "decoding"), ("results", "export")})

# Libraries that not every module may use, and where they may be used. "late" means inside a function only, so
# that importing the module does not load them. Names for type checkers alone (`if TYPE_CHECKING`) are free.
OPEN_LIBRARIES = frozenset({"numpy", "scipy"})
ALLOWED_LIBRARIES: dict[str, dict[str, str]] = {
    "soundfile": {"audio": "", "training": "", "app.preview": "late"},
    "av": {"audio": "", "training": ""},
    "soxr": {"audio": "", "training": ""},
    "librosa": {"features": "late", "training": "late"},
    "onnxruntime": {"onnx_runtime": ""},
    "tensorflow": {"model_folder": "late", "training": "late"},
    "keras": {"model_folder": "late", "training": "late"},
    "tf2onnx": {"training": "late"},
    "onnx": {"training": "late"},
    "sklearn": {"training": "late"},
    "mido": {"training": "late"},
    "pandas": {"results": "late", "export": "late", "lessons": "late", "training": "late"},
    "rich": {"cli": ""},
    "matplotlib": {"plotting": "late", "export.pdf": "", "export": "late"},
    "reportlab": {"export.pdf": ""},
    "fontTools": {"export.pdf": "late"},
    "arabic_reshaper": {"plotting": "late"},
    "bidi": {"plotting": "late"},
    "fastparquet": {"export": "late"},
    "ipywidgets": {"app": "", "lessons": ""},
    "bqplot": {"app": "", "lessons": ""},
    "PIL": {"app": "", "export.pdf": ""},
    "anywidget": {"app": "", "lessons": ""},
    "traitlets": {"app": "", "lessons": "", "server": ""},
    "IPython": {"app": "", "lessons": ""},
    "jupyter_client": {"server": ""},
    "jupyter_server": {"server": ""},
    "zmq": {"server": ""},
    "jupyterhub": {"server.hub": ""},
    "bcrypt": {"server.hub": ""},
    "nativeauthenticator": {"server.hub": ""},
    "nbclient": {"server": ""},
    "nbformat": {"server": ""},
    "voila": {"server": ""},
    "tornado": {"server": ""},
    "argon2": {"server": ""},
    "platformdirs": {"server": ""},
    "zxcvbn": {"server": "late"},
}


@dataclass(frozen=True)
class Import:
    """One import statement: what it names, where, and when it runs."""

    target: str
    line: int
    late: bool
    for_types_only: bool


def find_imports(source: str, module: str, *, is_package: bool = False) -> Iterator[Import]:
    """Every import of a module's source, with relative names made absolute."""
    yield from _walk(ast.parse(source), module if is_package else module.rpartition(".")[0], False, False)


def _walk(node: ast.AST, parent: str, late: bool, typed: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, late, typed) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            levels_up = parent.split(".")[: len(parent.split(".")) - child.level + 1] if child.level else []
            base = ".".join([*levels_up, *([child.module] if child.module else [])])
            # `from package import name`: the name may be a module.
            yield from (Import(f"{base}.{alias.name}", child.lineno, late, typed) for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.body:
                yield from _walk(ast.Module([statement], []), parent, late, True)
            yield from _walk(ast.Module(child.orelse, []), parent, late, typed)
        else:
            is_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _walk(child, parent, late or is_function, typed)


def row_of(module: str) -> str | None:
    """The most particular row of `ALLOWED` for a module named from the package down, as in "cli.analyze"."""
    while module and module not in ALLOWED:
        module = module.rpartition(".")[0]
    return module or None


def find_faults(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What a module of the package imports against the rules, one sentence each."""
    here = f"{module.replace('.', '/') or '__init__'}.py"
    row = row_of(module) if module else ""
    if row is None:
        return [f"{here} has no row: say in ALLOWED of tests/test_imports.py what '{module}' may import."]
    faults = []
    for found in find_imports(source, f"{PACKAGE}.{module}".rstrip("."), is_package=is_package):
        top, _, rest = found.target.partition(".")
        fault = _fault_inside(module, row, rest, found) if top == PACKAGE else _fault_outside(module, top, found)
        if fault:
            faults.append(f"{here}, line {found.line}: {fault}")
    return faults


def _fault_inside(module: str, row: str, target: str, found: Import) -> str:
    top = target.partition(".")[0]
    unit = module.partition(".")[0]
    if top not in ALLOWED:  # a name of the package itself, such as `analyze`
        top = ""
    if (top == unit and module) or top in ALLOWED[row] or (found.late and (unit, top) in LATE_EXCEPTIONS):
        return ""
    return f"'{module}' may not import '{top or PACKAGE}': data flows the other way."


def _fault_outside(module: str, library: str, found: Import) -> str:
    if library in sys.stdlib_module_names or library in OPEN_LIBRARIES or found.for_types_only:
        return ""
    if library not in ALLOWED_LIBRARIES:
        return f"say in ALLOWED_LIBRARIES of tests/test_imports.py where '{library}' may be used."
    places = ALLOWED_LIBRARIES[library]
    place = next((unit for unit in places if module == unit or module.startswith(unit + ".")), None)
    if place is None:
        return f"'{library}' is used only in {', '.join(sorted(places))}."
    if places[place] == "late" and not found.late:
        return f"'{library}' is slow to load: import it inside the function that needs it."
    return ""


def list_modules() -> Iterator[tuple[str, Path]]:
    """Name of each module of the package, from the package down, and its file."""
    for path in sorted(PACKAGE_FOLDER.rglob("*.py")):
        parts = path.relative_to(PACKAGE_FOLDER).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@pytest.mark.parametrize(("module", "path"), [pytest.param(m, p, id=m or PACKAGE) for m, p in list_modules()])
def test_module_imports_only_what_lies_upstream(module: str, path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert find_faults(source, module, is_package=path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "source", "part_of_fault"),
    [
        ("decoding", "from .classifier import Classifier", "may not import 'classifier'"),
        ("decoding", "from instrunet_widgets.pipeline import analyze", "may not import 'pipeline'"),
        ("decoding", "def f():\n    from . import cli", "line 2: 'decoding' may not import 'cli'"),
        ("config", "import instrunet_widgets.results", "may not import 'results'"),
        ("audio", "from instrunet_widgets import analyze", "may not import 'instrunet_widgets'"),
        ("results", "from .decoding import decode", "may not import 'decoding'"),
        ("results", "if TYPE_CHECKING:\n    from .pipeline import Progress", "may not import 'pipeline'"),
        ("export.csv_format", "from ..cli import main", "may not import 'cli'"),
        ("training.train", "from ..classifier import Classifier", "may not import 'classifier'"),
        ("model_folder", "import tensorflow as tf", "inside the function"),
        ("pipeline", "def f():\n    import keras", "'keras' is used only in model_folder, training"),
        ("export.json_format", "from rich.table import Table", "'rich' is used only in cli"),
        ("cli.analyze", "import torch", "where 'torch' may be used"),
        ("sounds", "import math", "sounds.py has no row"),
    ],
)
def test_wrong_import_is_found(module: str, source: str, part_of_fault: str) -> None:
    faults = find_faults(source, module)
    assert len(faults) == 1
    assert part_of_fault in faults[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("model_folder", "def f():\n    import tensorflow as tf"),
        (
            "results",
            "def f():\n    from .decoding import decode\n    from .export import write",
        ),
        ("results", "if TYPE_CHECKING:\n    import pandas as pd"),
        ("export.json_format", "from .registry import register\nfrom ..results import Analysis"),
        ("training.evaluate", "from ..classifier import Classifier\nfrom . import metrics"),
        ("cli.train", "from ..training.train import train\nfrom rich.console import Console"),
    ],
)
def test_right_import_is_accepted(module: str, source: str) -> None:
    assert find_faults(source, module) == []


HEAVY_TO_LOAD = [
    *("numpy", "scipy", "pandas", "soundfile", "av", "soxr", "onnxruntime", "rich", "matplotlib", "IPython"),
    *("librosa", "numba", "sklearn", "tensorflow", "keras"),
]


@pytest.mark.parametrize(
    ("module", "may_load"),
    [
        (PACKAGE, ""),
        (f"{PACKAGE}.cli", ""),
        (f"{PACKAGE}.results", "numpy"),
        (f"{PACKAGE}.pipeline", "numpy soundfile av soxr"),
    ],
)
def test_importing_does_not_load_what_is_not_needed_yet(module: str, may_load: str) -> None:
    program = f"import sys, {module}; print(*[name for name in {HEAVY_TO_LOAD} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=PACKAGE_FOLDER.parent)
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split()) <= set(may_load.split())
