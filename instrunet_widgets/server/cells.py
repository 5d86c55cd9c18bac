"""The notebook's cells, run in a kernel of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from .kernel_program import KERNEL_NAME

START_SECONDS = 90


async def run_cells(path: Path, kernel: Any) -> list[dict[str, Any]]:
    """Run a notebook's code cells.

    Parameters
    ----------
    path : Path
    kernel : jupyter_client.AsyncKernelManager
        A kernel that was started.

    Returns
    -------
    outputs : list of dict
        What the cells display, in the notebook format.

    Raises
    ------
    Exception
        If the kernel dies, a cell fails, or the cells display nothing.
    """
    notebook = nbformat.read(path, as_version=4)
    # By default what a cell displays is dropped when it comes 4 s after the cell has ended, as on a busy server.
    client = NotebookClient(
        notebook, km=kernel, kernel_name=KERNEL_NAME, startup_timeout=START_SECONDS, timeout=START_SECONDS,
        iopub_timeout=START_SECONDS, raise_on_iopub_timeout=True, record_timing=False, store_widget_state=False,
    )  # fmt: skip
    client.kc = await client.async_start_new_kernel_client()
    try:
        for number, cell in enumerate(notebook.cells):
            await client.async_execute_cell(cell, number, store_history=False)
    finally:
        client.kc.stop_channels()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = [output for output in outputs if output.output_type in ("display_data", "execute_result")]
    if not shown:
        raise RuntimeError(f"the cells of {path.name} display nothing")
    return shown
