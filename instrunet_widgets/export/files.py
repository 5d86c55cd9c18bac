"""Writing files so that a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from ..errors import ExportError
from ..wording import escape_unprintable


def write_file(path: str | os.PathLike[str], content: bytes, *, force: bool = False) -> Path:
    """Write a whole file at once, or leave everything as it was.

    The content goes to a new file in the same folder, is brought to the disk, and only then takes the name
    `path`. A replaced file keeps its permissions; a new one gets the usual ones. A link is followed.

    Parameters
    ----------
    path : str or path
        The file to write; its folder must exist.
    content : bytes
    force : bool
        Whether to replace an existing file.

    Returns
    -------
    path : Path
        `path`, as given.

    Raises
    ------
    ExportError
        If the file exists and `force` is not set, or if it cannot be written.
    """
    given = Path(path)
    if not force:
        refuse_existing(given)
    try:
        target = given.resolve()
        mode = _check_replaceable(target)
        # The name is short and its own, however long the name of the target.
        unfinished = target.parent / f".instrunet-{secrets.token_hex(8)}.part"
        try:
            _write_to_disk(unfinished, content, mode)
            _give_name(unfinished, target, force=force)
        except BaseException:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
        _bring_folder_to_disk(target.parent)
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links; ValueError: a NUL
        raise ExportError(_explain(given, error)) from error
    return given


def refuse_existing(path: str | os.PathLike[str]) -> None:
    """Make sure that nothing stands at `path` yet.

    Raises
    ------
    ExportError
        If a file or a folder of that name exists.
    """
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a folder on the way is closed)
        raise ExportError(_explain(Path(path), IsADirectoryError(errno.EISDIR, "")))
    if os.path.lexists(path):
        raise ExportError(_explain(Path(path), FileExistsError(errno.EEXIST, "")))


def _check_replaceable(target: Path) -> int | None:
    """Permission bits of the file that stands at `target`; None if there is none."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
    target.open("ab").close()  # may this file be changed? Nothing is written.
    return stat.S_IMODE(mode)


def _write_to_disk(path: Path, content: bytes, mode: int | None) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if mode is not None:
        path.chmod(mode)


def _give_name(unfinished: Path, target: Path, *, force: bool) -> None:
    if force:
        unfinished.replace(target)
        return
    # A link, unlike a rename, fails if somebody else has made the file in the meantime.
    try:
        target.hardlink_to(unfinished)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        unfinished.replace(target)
    else:
        unfinished.unlink()


def _bring_folder_to_disk(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not possible on every system, and the file is complete in any case
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _explain(path: Path, error: Exception) -> str:
    name = escape_unprintable(str(path))
    folder = escape_unprintable(str(path.parent))
    number = getattr(error, "errno", None)
    if number == errno.EEXIST:
        return f"{name} exists; use --force to replace it."
    if number == errno.EISDIR:
        return f"{name} is a folder; name a file in it."
    if number in (errno.ENOENT, errno.ENOTDIR):
        return f"{name} cannot be written because there is no folder {folder}; create it or name another."
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{name} cannot be written: permission denied; choose another folder or change its permissions."
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{name} cannot be written because the disk is full; free some space or choose another folder."
    if number == errno.ENAMETOOLONG:
        return f"{name} cannot be written because the name is too long; choose a shorter one."
    reason = getattr(error, "strerror", None) or escape_unprintable(str(error))
    return f"{name} cannot be written: {reason}; choose another name or folder."
