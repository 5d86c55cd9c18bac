"""What the notebook's cells display reaches the page, however late it comes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager

from instrunet_widgets.server.cells import run_cells
from instrunet_widgets.server.kernel_program import OwnInterpreterSpecs

LATE = 5.0  # s


class LateManager(AsyncKernelManager):
    """A kernel whose published messages are read late, as on a server with much to do."""

    def client(self, **kwargs):
        """Give a client that reads the display of the second cell late."""
        client = super().client(**kwargs)
        read = client.iopub_channel.get_msg

        async def read_late(*args, **options):
            message = await read(*args, **options)
            if message["msg_type"] == "execute_input" and "'second'" in message["content"]["code"]:
                await asyncio.sleep(LATE)
            return message

        client.iopub_channel.get_msg = read_late
        return client


def run(folder: Path, *cells: str) -> list[dict]:
    """Run cells in a kernel."""
    path = folder / "cells.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)

    async def start_and_run() -> list[dict]:
        kernel = LateManager(kernel_spec_manager=OwnInterpreterSpecs())
        await kernel.start_kernel(cwd=str(folder))
        try:
            return await run_cells(path, kernel)
        finally:
            await kernel.shutdown_kernel(now=True)

    return asyncio.run(start_and_run())


def test_a_display_that_comes_late_is_not_lost(tmp_path: Path) -> None:
    outputs = run(tmp_path, "'first'", "'second'")
    assert [output["data"]["text/plain"] for output in outputs] == ["'first'", "'second'"]


def test_cells_that_display_nothing_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"cells\.ipynb display nothing"):
        run(tmp_path, "x = 1")
