"""What a kernel's process writes to its terminal: into the log, as lines of the log."""

from __future__ import annotations

import logging
import os
import threading

from .logs import LOGGER_NAME

MAX_LINES = 200  # of one kernel; what comes after is read and dropped
LONGEST_LINE = 1_000
_log = logging.getLogger(LOGGER_NAME)


class KernelOutput:
    """A pipe for the standard output and standard error of one kernel.

    What a kernel writes there may come from a visitor's file, and could look like lines of the server's own.

    Attributes
    ----------
    write_end : int
        File descriptor for the kernel's process.
    """

    def __init__(self) -> None:
        self._read_end, self.write_end = os.pipe()

    def follow(self, kernel_id: str) -> None:
        """Log from now on what the kernel writes; called when its process has started."""
        os.close(self.write_end)
        threading.Thread(target=self._read, args=(kernel_id,), daemon=True, name=f"output-{kernel_id}").start()

    def close(self) -> None:
        """Close the pipe of a kernel that did not start."""
        os.close(self.write_end)
        os.close(self._read_end)

    def _read(self, kernel_id: str) -> None:
        n_lines = 0
        with os.fdopen(self._read_end, encoding="utf-8", errors="replace") as file:
            while line := file.readline(LONGEST_LINE):
                n_lines += bool(line.strip())
                if n_lines <= MAX_LINES and line.strip():
                    _log.error("kernel %s wrote: %s", kernel_id, line.rstrip("\n"))
