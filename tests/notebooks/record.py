"""Outputs of notebooks that the tests compare with: record them by running the notebooks.

    python tests/notebooks/record.py [NAME ...]

writes ``expected/NAME.json``: what each cell shows, but for those tagged ``nbval-ignore-output``.
"""

from __future__ import annotations

import copy
import json
import sys
import tempfile
from pathlib import Path

import nbformat

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent.parent / "notebooks"
EXPECTED = HERE / "expected"
WIDGET = "application/vnd.jupyter.widget-view+json"
LAX_TAG = "nbval-ignore-output"


def record(name: str) -> None:
    """Run a notebook and keep its outputs."""
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}})
        client.execute()
    outputs = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.outputs and LAX_TAG not in cell.metadata.get("tags", []):
            outputs[cell.id] = [_simplify(output) for output in cell.outputs]
    EXPECTED.mkdir(exist_ok=True)
    text = json.dumps(outputs, indent=1, ensure_ascii=False)
    (EXPECTED / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def merge_outputs(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """A copy of a notebook with the recorded outputs in it, as if it had been saved after a run."""
    notebook = copy.deepcopy(notebook)
    file = EXPECTED / f"{name}.json"
    outputs = json.loads(file.read_text(encoding="utf-8"))
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.outputs = [nbformat.from_dict(output) for output in outputs.get(cell.id, [])]
            cell.execution_count = number  # without one, nbval takes the cell for one that was never run
    return notebook


def _simplify(output: nbformat.NotebookNode) -> dict[str, object]:
    """An output without what changes from run to run."""
    kept = json.loads(json.dumps(output))
    kept.pop("execution_count", None)
    if WIDGET in kept.get("data", {}):
        kept["data"][WIDGET] = {"model_id": "", "version_major": 2, "version_minor": 0}
    if kept["output_type"] == "execute_result":
        kept["execution_count"] = None
    return kept


if __name__ == "__main__":
    for given in sys.argv[1:] or sorted(path.stem for path in EXPECTED.glob("*.json")):
        record(given)
