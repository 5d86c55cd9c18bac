"""The kernels behind the page: one for each visitor, run by the server's own Python, gone when the page is closed."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Bool, Float, Unicode

KERNEL_NAME = "python3"

# No history, no modules from the working folder, and the app loaded before the first cell asks for it.
_ARGUMENTS = (
    "--HistoryManager.enabled=False",
    "--InteractiveShellApp.ignore_cwd=True",
    "--IPKernelApp.exec_lines=import instrunet_widgets.app.instrunet_app",
    "--IPKernelApp.log_level=ERROR",
)


class OwnInterpreterSpecs(KernelSpecManager):
    """Knows one kernel: the Python that runs this server.

    The kernel named ``python3`` that Jupyter finds on a machine may belong to another environment, one without
    this package.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Give the one kernel, whatever name is asked for."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *_ARGUMENTS]
        return KernelSpec(argv=command, display_name="Python 3", language="python")

    def find_kernel_specs(self) -> dict[str, str]:
        """Give the kernel's name; it has no folder."""
        return {KERNEL_NAME: ""}


class VisitorKernels(AsyncMappingKernelManager):
    """Starts each kernel in an empty folder of its own, which goes when the kernel goes.

    Temporary files of the kernel lie there too, so that nothing stays behind when one is killed.
    """

    folder = Unicode(help="where the kernels' folders are made").tag(config=True)
    has_spare = Bool(True, help="start a kernel for the next visitor ahead").tag(config=True)
    first_page_seconds = Float(180.0, help="how long at least a kernel waits for its page").tag(config=True)
    spare_delay = Float(8.0, help="seconds between a visitor and the next spare kernel").tag(config=True)

    _spare: str | None = None

    async def take_kernel(self) -> str:
        """Give a kernel that no visitor has had: the spare one, or a new one.

        Returns
        -------
        kernel_id : str
        """
        kernel_id, self._spare = self._spare, None
        if kernel_id is None or kernel_id not in self or not await self.is_alive(kernel_id):
            kernel_id = await self.start_kernel(kernel_name=KERNEL_NAME)
        self._note_activity(kernel_id)
        asyncio.get_running_loop().call_later(self.spare_delay, self.prepare_spare)
        return kernel_id

    def prepare_spare(self) -> None:
        """Start a kernel for the next visitor, if there is none."""
        if self.has_spare and self._spare is None:
            self._preparing = asyncio.ensure_future(self._start_spare())

    async def _start_spare(self) -> None:
        kernel_id = await self.start_kernel(kernel_name=KERNEL_NAME)
        if self._spare is None:
            self._spare = kernel_id

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel whose page was lost, or never came."""
        kernel: Any = self.get_kernel(kernel_id)
        waited = (datetime.now(UTC) - kernel.last_activity).total_seconds()
        is_expected = not getattr(kernel, "had_page", False) and waited < self.first_page_seconds
        if kernel_id != self._spare and not is_expected:
            await super().cull_kernel_if_idle(kernel_id)

    def notify_connect(self, kernel_id: str) -> None:
        """Note that a page has come."""
        super().notify_connect(kernel_id)
        if kernel_id in self:
            kernel: Any = self.get_kernel(kernel_id)
            kernel.had_page = True

    async def _async_start_kernel(self, **kwargs: Any) -> str:
        folder = tempfile.mkdtemp(prefix="visitor-", dir=self.folder)
        kwargs["env"] = {
            **kwargs.get("env", os.environ),
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder),
            "IPYTHONDIR": str(Path(folder, "ipython")),
        }
        try:
            kernel_id = await super()._async_start_kernel(**{**kwargs, "path": folder})
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        kernel: Any = self.get_kernel(kernel_id)
        kernel.visitor_folder = folder
        return kernel_id

    start_kernel = _async_start_kernel  # type: ignore[assignment]

    async def _async_shutdown_kernel(
        self, kernel_id: str, now: bool | None = False, restart: bool | None = False
    ) -> None:
        # one that no page has seen has nothing to put in order, and may not be ready to be asked
        had_page = getattr(self._kernels.get(kernel_id), "had_page", False)
        await super()._async_shutdown_kernel(kernel_id, now=now or not had_page, restart=restart)

    shutdown_kernel = _async_shutdown_kernel  # type: ignore[assignment]

    def cwd_for_path(self, path: str, **kwargs: Any) -> str:
        """Give the folder in which a kernel starts."""
        return path

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has ended."""
        kernel = super().remove_kernel(kernel_id)
        shutil.rmtree(getattr(kernel, "visitor_folder", ""), ignore_errors=True)
        return kernel

    def notify_disconnect(self, kernel_id: str) -> None:
        """Count the time without a page from now on, not from the kernel's last message."""
        super().notify_disconnect(kernel_id)
        if kernel_id in self:
            self._note_activity(kernel_id)

    def _note_activity(self, kernel_id: str) -> None:
        kernel: Any = self.get_kernel(kernel_id)
        kernel.last_activity = datetime.now(UTC)
