"""Files from the browser, in chunks: no websocket limit applies, and progress and cancelling come for free.

The browser announces a file (``start``) and sends its ``chunk``s in order, a few ahead of the acknowledgements. Each is
written at once, so that memory does not grow with the file. The name of a file is only ever text; on disk the file
goes by its key.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import anywidget
import traitlets

from ..wording import escape_unprintable
from .scripts import join_scripts

CHUNK_BYTES = 512 * 1024
MAX_OPEN_UPLOADS = 8
LONGEST_NAME_SHOWN = 80
# An upload ends after this many checks without a chunk. Checks are counted, not seconds: while the kernel is busy
# with something else, no time passes here.
TICK_SECONDS = 10.0
MAX_QUIET_TICKS = 6

FORMATS_LINE = "WAV, MP3, FLAC, OGG, Opus, AIFF, M4A; or a saved analysis (JSON)"
_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class UploadedFile:
    """A file that has arrived as a whole.

    Parameters
    ----------
    key : str
        Made by the browser, which keeps the file under it in ``globalThis.instrunetFiles``.
    name : str
        As the user's system calls it. Any text: escape it where it is shown, never use it as a path.
    path : Path
        Where it lies; yours from now on.
    n_bytes : int
    """

    key: str
    name: str
    path: Path
    n_bytes: int


@dataclass
class _Upload:
    """A file that is still arriving."""

    key: str
    name: str
    n_bytes: int
    path: Path
    file: BinaryIO
    n_received: int = field(default=0)
    n_quiet_ticks: int = field(default=0)


class Uploader(anywidget.AnyWidget):
    """Drop zone and file chooser.

    Parameters
    ----------
    folder : Path
        Where files are put; made if need be, and closed to other users.
    on_file : callable
        Gets each `UploadedFile`.
    on_problem : callable
        Gets the name of a file that did not arrive and a sentence that says why.
    max_bytes : int
        Largest file taken.
    **traits
        Traits of the widget, such as `compact`.

    Attributes
    ----------
    compact : bool
        Small, for when there is something else to see.
    uploading : bool
        Whether a file is arriving. Read only.
    """

    _esm = join_scripts("common.js", "uploader.js")

    compact = traitlets.Bool(False).tag(sync=True)
    formats = traitlets.Unicode(FORMATS_LINE).tag(sync=True)
    chunk_bytes = traitlets.Int(CHUNK_BYTES).tag(sync=True)
    uploading = traitlets.Bool(False)

    def __init__(
        self,
        folder: Path,
        *,
        on_file: Callable[[UploadedFile], None],
        on_problem: Callable[[str, str], None],
        max_bytes: int = 4_000_000_000,
        **traits: Any,
    ) -> None:
        super().__init__(**traits)
        self.folder = folder
        self.max_bytes = max_bytes
        self._on_file = on_file
        self._on_problem = on_problem
        self._uploads: dict[str, _Upload] = {}
        self._used_keys: set[str] = set()
        self.on_msg(self._receive)

    def close(self) -> None:
        """Remove what has arrived of unfinished files, and the widget from the page."""
        for upload in list(getattr(self, "_uploads", {}).values()):
            self._remove(upload)
        super().close()

    def tick(self) -> None:
        """Give up uploads from which nothing has been heard for a while; called every `TICK_SECONDS`."""
        for upload in list(self._uploads.values()):
            upload.n_quiet_ticks += 1
            if upload.n_quiet_ticks >= MAX_QUIET_TICKS:
                self._break_off(upload)

    def _receive(self, _: object, content: Any, buffers: Sequence[Any]) -> None:
        """Take a message of the browser, whatever may be wrong with it."""
        if not (isinstance(content, dict) and isinstance(content.get("key"), str)):
            return
        key, kind = content["key"], content.get("type")
        upload = self._uploads.get(key)
        if kind == "start":
            self._start(key, content.get("name"), content.get("n_bytes"))
        elif kind == "unreadable":
            self._report_unreadable(key, upload, content.get("name"))
        elif upload is None:
            return  # of an upload that has ended; the browser knows or will know
        elif kind == "chunk":
            self._take(upload, content.get("offset"), buffers)
        elif kind == "cancel":
            self._break_off(upload)

    def _start(self, key: str, name: object, n_bytes: object) -> None:
        name = _clean_name(name)
        if not _KEY.fullmatch(key) or key in self._used_keys or type(n_bytes) is not int or n_bytes < 0:
            self._refuse(key, name, f"{_show(name)} was announced wrongly by the page; reload it and try again.")
            return
        sentence = self._find_obstacle(name, n_bytes)
        if sentence:
            self._refuse(key, name, sentence)
            return
        path = self.folder / key
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            file = open(path, "xb", buffering=0, opener=_open_privately)  # noqa: SIM115 (closed with the upload)
        except OSError as error:
            self._refuse(key, name, _describe(error, name))
            return
        self._used_keys.add(key)
        upload = _Upload(key, name, n_bytes, path, file)
        self._uploads[key] = upload
        self.uploading = True
        self._schedule_tick()
        self._acknowledge(upload)

    def _find_obstacle(self, name: str, n_bytes: int) -> str:
        if n_bytes > self.max_bytes:
            return (
                f"{_show(name)} is too large ({_format_bytes(n_bytes)}); files of up to "
                f"{_format_bytes(self.max_bytes)} can be uploaded. Cut it or save it as FLAC or MP3."
            )
        if len(self._uploads) >= MAX_OPEN_UPLOADS:
            return f"{_show(name)} was not uploaded, too many others are on their way; drop it again later."
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
            if free < n_bytes:
                return _say_disk_full(name, f"it needs {_format_bytes(n_bytes)}, {_format_bytes(free)} are free")
        return ""

    def _take(self, upload: _Upload, offset: object, buffers: Sequence[Any]) -> None:
        chunk = memoryview(buffers[0]) if buffers else memoryview(b"")
        is_due = type(offset) is int and offset == upload.n_received
        if not is_due or not 0 < chunk.nbytes <= upload.n_bytes - upload.n_received:
            self._break_off(upload)
            return
        try:
            _write_all(upload.file, chunk)
        except OSError as error:
            self._break_off(upload, _describe(error, upload.name))
            return
        upload.n_received += chunk.nbytes
        upload.n_quiet_ticks = 0
        self._acknowledge(upload)

    def _acknowledge(self, upload: _Upload) -> None:
        if upload.n_received < upload.n_bytes:
            self.send({"type": "received", "key": upload.key, "n_bytes": upload.n_received})
            return
        try:
            upload.file.close()
        except OSError as error:  # some file systems notice only now that they are full
            self._break_off(upload, _describe(error, upload.name))
            return
        self._forget(upload)
        self.send({"type": "done", "key": upload.key})
        self._on_file(UploadedFile(upload.key, upload.name, upload.path, upload.n_bytes))

    def _report_unreadable(self, key: str, upload: _Upload | None, name: object) -> None:
        if upload is None and key in self._used_keys:
            return
        name = upload.name if upload else _clean_name(name)
        sentence = f"{_show(name)} could not be read: it is a folder, or was moved or changed; choose the file again."
        if upload:
            self._break_off(upload, sentence)
        else:
            self._on_problem(name, sentence)

    def _break_off(self, upload: _Upload, sentence: str = "") -> None:
        sentence = sentence or f"{_show(upload.name)} was not uploaded completely; drop it again."
        self._remove(upload)
        self._refuse(upload.key, upload.name, sentence)

    def _refuse(self, key: str, name: str, sentence: str) -> None:
        self.send({"type": "failed", "key": key})
        self._on_problem(name, sentence)

    def _remove(self, upload: _Upload) -> None:
        with contextlib.suppress(OSError):
            upload.file.close()
        with contextlib.suppress(OSError):
            upload.path.unlink(missing_ok=True)
        self._forget(upload)

    def _forget(self, upload: _Upload) -> None:
        self._uploads.pop(upload.key, None)
        self.uploading = bool(self._uploads)

    def _schedule_tick(self) -> None:
        """Call `tick` later and as long as there are uploads; without an event loop nobody does."""
        if len(self._uploads) != 1:
            return  # the first one has seen to it
        with contextlib.suppress(RuntimeError):
            loop = asyncio.get_running_loop()

            def tick_and_go_on() -> None:
                self.tick()
                if self._uploads:
                    loop.call_later(TICK_SECONDS, tick_and_go_on)

            loop.call_later(TICK_SECONDS, tick_and_go_on)


def _open_privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_all(file: BinaryIO, chunk: memoryview) -> None:
    chunk = chunk.cast("B")
    while chunk.nbytes:
        chunk = chunk[file.write(chunk) :]


def _clean_name(name: object) -> str:
    """Text that any encoder takes, of bounded length."""
    text = name if isinstance(name, str) else ""
    return text.encode("utf-8", "replace").decode("utf-8")[:1_000] or "unnamed"


def _show(name: str) -> str:
    """Name for a sentence: nothing invisible in it, and not too long."""
    shown = escape_unprintable(name)
    half = (LONGEST_NAME_SHOWN - 1) // 2
    return shown if len(shown) <= LONGEST_NAME_SHOWN else f"{shown[:half]}…{shown[-half:]}"


def _describe(error: OSError, name: str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _say_disk_full(name, "the disk or the space allotted to you is full")
    return f"{_show(name)} could not be stored ({error.strerror or error}); try again, or ask who runs this server."


def _say_disk_full(name: str, detail: str) -> str:
    return f"{_show(name)} has no room on the server: {detail}; free some space or use a smaller file."


def _format_bytes(n_bytes: float) -> str:
    """Size in the units of file managers.

    Examples
    --------
    >>> _format_bytes(4_000_000_000), _format_bytes(15_300_000), _format_bytes(900)
    ('4 GB', '15.3 MB', '900 bytes')
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{n_bytes:.0f} bytes"
