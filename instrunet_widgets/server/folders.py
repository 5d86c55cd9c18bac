"""The private folder of a running server: gone when it ends, or when the next one starts after a crash."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PREFIX = "instrunet-server-"
_NEW_PREFIX = "instrunet-new-"
_LOCK_NAME = "lock"
# A folder with an open file in it cannot be renamed there.
_FINAL_PREFIX = _NEW_PREFIX if sys.platform == "win32" else PREFIX


@contextmanager
def make_folder(parent: Path | None = None) -> Iterator[str]:
    """Make a folder for a server's kernels, closed to other users, which goes at the end of the block.

    A lock in it says that its server is alive; the system releases it when the process ends, however that happens.

    Parameters
    ----------
    parent : Path, optional
        Where it is made; the folder for temporary files if not given.
    """
    parent = parent or Path(tempfile.gettempdir())
    new = Path(tempfile.mkdtemp(prefix=_NEW_PREFIX, dir=parent))
    with (new / _LOCK_NAME).open("w", encoding="ascii") as lock:
        _try_lock(lock)
        # only now can another server take it for a folder of a server, and then the lock is there
        folder = parent / new.name.replace(_NEW_PREFIX, _FINAL_PREFIX, 1)
        new.rename(folder)
        try:
            yield str(folder)
        finally:
            _remove(folder)
    shutil.rmtree(folder, ignore_errors=True)  # where a file that is open cannot be removed


def remove_stale_folders(parent: Path | None = None) -> int:
    """Remove the folders of servers that have ended without doing so.

    Only folders of this user whose lock nobody holds are touched.

    Parameters
    ----------
    parent : Path, optional
        Where servers make their folders.

    Returns
    -------
    n_removed : int
    """
    parent = parent or Path(tempfile.gettempdir())
    return sum(_remove_if_stale(folder) for folder in parent.glob(f"{_FINAL_PREFIX}*"))


def _remove_if_stale(folder: Path) -> bool:
    try:
        if folder.is_symlink() or not folder.is_dir() or not _is_ours(folder):
            return False
        with (folder / _LOCK_NAME).open("r+", encoding="ascii") as lock:
            if not _try_lock(lock):
                return False
            _remove(folder)
    except OSError:  # no lock: it is being made or removed this moment
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _is_ours(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()


def _remove(folder: Path) -> None:
    """Remove a folder, its lock last: what is left over by a crash meanwhile can be told and removed later."""
    for path in list(folder.iterdir()):
        if path.name != _LOCK_NAME:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()
    if not any(path.name != _LOCK_NAME for path in folder.iterdir()):
        shutil.rmtree(folder, ignore_errors=True)


def _try_lock(file: IO[str]) -> bool:
    """Lock a file for this process, unless another one has; the lock ends with the process."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
