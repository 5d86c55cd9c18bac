"""A file that is arriving: written as it comes, known on disk by its key only, and closed to other users."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

from ..wording import escape_unprintable

LONGEST_NAME = 1_000
LONGEST_NAME_SHOWN = 80


class StorageError(Exception):
    """A file cannot be stored; the message is a sentence for the user."""


class IncomingFile:
    """A file of known size that is still incomplete.

    Parameters
    ----------
    folder : Path
        Where it is put; made if need be, and closed to other users.
    key : str
        Its name there.
    name : str
        What the user calls it.
    n_bytes : int
        Size when complete.

    Raises
    ------
    StorageError
        If there is no room, or something else is in the way.
    """

    def __init__(self, folder: Path, key: str, name: str, n_bytes: int) -> None:
        self.key = key
        self.name = name
        self.n_bytes = n_bytes
        self.n_received = 0
        self.n_quiet_ticks = 0
        self.path = folder / key
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            free = shutil.disk_usage(folder).free
            if free < n_bytes:
                detail = f"it needs {format_bytes(n_bytes)}, {format_bytes(free)} are free"
                raise StorageError(_say_disk_full(name, detail))
            self._file = open(self.path, "xb", buffering=0, opener=_open_privately)  # noqa: SIM115
        except OSError as error:
            raise StorageError(_describe(error, name)) from None

    @property
    def is_complete(self) -> bool:
        """Whether all bytes have come."""
        return self.n_received == self.n_bytes

    def write(self, chunk: memoryview) -> None:
        """Add the next bytes.

        Raises
        ------
        StorageError
            If the disk is full, for example.
        """
        chunk = chunk.cast("B")
        self.n_quiet_ticks = 0
        try:
            while chunk.nbytes:
                n_written = self._file.write(chunk)
                self.n_received += n_written
                chunk = chunk[n_written:]
        except OSError as error:
            raise StorageError(_describe(error, self.name)) from None

    def close(self) -> None:
        """Close the file, for it is complete.

        Raises
        ------
        StorageError
            If that fails: some file systems notice only now that they are full.
        """
        try:
            self._file.close()
        except OSError as error:
            raise StorageError(_describe(error, self.name)) from None

    def remove(self) -> None:
        """Close and delete what is there."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def clean_name(name: object) -> str:
    """Make a name that came from a browser text of bounded length that any encoder takes."""
    text = name if isinstance(name, str) else ""
    return text.encode("utf-8", "replace").decode("utf-8")[:LONGEST_NAME] or "unnamed"


def show_name(name: str) -> str:
    """Write a name for a sentence: nothing invisible in it, and not too long."""
    shown = escape_unprintable(name)
    half = (LONGEST_NAME_SHOWN - 1) // 2
    return shown if len(shown) <= LONGEST_NAME_SHOWN else f"{shown[:half]}…{shown[-half:]}"


def format_bytes(n_bytes: float) -> str:
    """Write a size in the units of file managers.

    Examples
    --------
    >>> format_bytes(4_000_000_000), format_bytes(15_300_000), format_bytes(900)
    ('4 GB', '15.3 MB', '900 bytes')
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{n_bytes:.0f} bytes"


def _open_privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _describe(error: OSError, name: str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _say_disk_full(name, "the disk or the space allotted to you is full")
    return f"{show_name(name)} could not be stored ({error.strerror or error}); try again, or ask who runs this server."


def _say_disk_full(name: str, detail: str) -> str:
    return f"{show_name(name)} has no room on the server: {detail}; free some space or use a smaller file."
