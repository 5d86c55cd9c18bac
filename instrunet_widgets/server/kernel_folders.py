"""Kernels run by the server's own Python, each in a folder of its own that goes when the kernel goes."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Instance, Unicode

from ..app.limits import PageLimits
from .kernel_output import KernelOutput
from .kernel_program import public_part


class FolderKernels(AsyncMappingKernelManager):
    """Starts each kernel in an empty folder of its own, which goes when the kernel goes.

    Temporary files of the kernel lie there too, so that nothing stays behind when one is killed. It gets neither the
    server's secrets nor its terminal.
    """

    folder = Unicode(help="where the kernels' folders are made").tag(config=True)
    limits = Instance(PageLimits, (), help="what each page may take")

    async def _async_start_kernel(self, **kwargs: Any) -> str:
        folder = tempfile.mkdtemp(prefix="visitor-", dir=self.folder)
        kwargs["env"] = {
            **public_part(kwargs.get("env", os.environ)),
            **self.limits.to_environment(),
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder),
            "IPYTHONDIR": str(Path(folder, "ipython")),
        }
        output = KernelOutput()
        kwargs |= {"path": folder, "stdout": output.write_end, "stderr": output.write_end}
        try:
            kernel_id = await super()._async_start_kernel(**kwargs)
        except BaseException:
            output.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        output.follow(kernel_id)
        kernel: Any = self.get_kernel(kernel_id)
        kernel.visitor_folder = folder
        return kernel_id

    start_kernel = _async_start_kernel  # type: ignore[assignment]

    def cwd_for_path(self, path: str, **kwargs: Any) -> str:
        """Give the folder in which a kernel starts."""
        return path

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has ended."""
        kernel = super().remove_kernel(kernel_id)
        shutil.rmtree(getattr(kernel, "visitor_folder", ""), ignore_errors=True)
        return kernel
