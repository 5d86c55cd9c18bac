"""Files from the browser, in chunks: no websocket limit applies, and progress and cancelling come for free.

The browser announces a file (``start``) and sends its ``chunk``s in order, a few ahead of the acknowledgements. Each is
written at once, so that memory does not grow with the file. The name of a file is only ever text; on disk the file
goes by its key.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from .incoming import IncomingFile, StorageError, clean_name, format_bytes, show_name
from .scripts import join_scripts

CHUNK_BYTES = 512 * 1024
MAX_OPEN_UPLOADS = 8
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
    max_bytes : float
        Largest file taken.
    max_stored_bytes : float
        As much as the folder may hold.
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
        max_bytes: float = 4e9,
        max_stored_bytes: float = math.inf,
        **traits: Any,
    ) -> None:
        super().__init__(**traits)
        self.folder = folder
        self.max_bytes = max_bytes
        self.max_stored_bytes = max_stored_bytes
        self._on_file = on_file
        self._on_problem = on_problem
        self._uploads: dict[str, IncomingFile] = {}
        self._used_keys: set[str] = set()
        self.on_msg(self._receive)

    def close(self) -> None:
        """Remove what has arrived of unfinished files, and the widget from the page."""
        for upload in list(getattr(self, "_uploads", {}).values()):
            upload.remove()
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
        name = clean_name(name)
        if not _KEY.fullmatch(key) or key in self._used_keys or type(n_bytes) is not int or n_bytes < 0:
            self._refuse(key, name, f"{show_name(name)} was announced wrongly by the page; reload it and try again.")
        elif n_bytes > self.max_bytes:
            self._refuse(
                key,
                name,
                f"{show_name(name)} is too large ({format_bytes(n_bytes)}); files of up to "
                f"{format_bytes(self.max_bytes)} can be uploaded. Cut it or save it as FLAC or MP3.",
            )
        elif self._count_stored_bytes() + n_bytes > self.max_stored_bytes:
            self._refuse(
                key,
                name,
                f"{show_name(name)} was not uploaded: all recordings of a page together may have "
                f"{format_bytes(self.max_stored_bytes)} here; remove some first.",
            )
        elif len(self._uploads) >= MAX_OPEN_UPLOADS:
            sentence = f"{show_name(name)} was not uploaded, too many others are on their way; drop it again later."
            self._refuse(key, name, sentence)
        else:
            self._open(key, name, n_bytes)

    def _count_stored_bytes(self) -> float:
        """Bytes that the folder holds, or will hold when all files have come."""
        if math.isinf(self.max_stored_bytes):
            return 0.0
        coming = {upload.path: upload.n_bytes for upload in self._uploads.values()}
        there = [path for path in self.folder.glob("*") if path not in coming]
        return sum(coming.values()) + sum(path.stat().st_size for path in there)

    def _open(self, key: str, name: str, n_bytes: int) -> None:
        try:
            upload = IncomingFile(self.folder, key, name, n_bytes)
        except StorageError as error:
            self._refuse(key, name, str(error))
            return
        self._used_keys.add(key)
        self._uploads[key] = upload
        self.uploading = True
        self._schedule_tick()
        self._go_on(upload)

    def _take(self, upload: IncomingFile, offset: object, buffers: Sequence[Any]) -> None:
        chunk = memoryview(buffers[0]) if buffers else memoryview(b"")
        is_due = type(offset) is int and offset == upload.n_received
        if not is_due or not 0 < chunk.nbytes <= upload.n_bytes - upload.n_received:
            self._break_off(upload)
            return
        try:
            upload.write(chunk)
        except StorageError as error:
            self._break_off(upload, str(error))
        else:
            self._go_on(upload)

    def _go_on(self, upload: IncomingFile) -> None:
        """Acknowledge what is here, or hand the file on if that is all of it."""
        if not upload.is_complete:
            self.send({"type": "received", "key": upload.key, "n_bytes": upload.n_received})
            return
        try:
            upload.close()
        except StorageError as error:
            self._break_off(upload, str(error))
            return
        self._forget(upload)
        self.send({"type": "done", "key": upload.key})
        self._on_file(UploadedFile(upload.key, upload.name, upload.path, upload.n_bytes))

    def _report_unreadable(self, key: str, upload: IncomingFile | None, name: object) -> None:
        if upload is None and key in self._used_keys:
            return
        name = upload.name if upload else clean_name(name)
        sentence = f"{show_name(name)} could not be read: it is a folder, was moved or was changed; choose it again."
        if upload:
            self._break_off(upload, sentence)
        else:
            self._on_problem(name, sentence)

    def _break_off(self, upload: IncomingFile, sentence: str = "") -> None:
        sentence = sentence or f"{show_name(upload.name)} was not uploaded completely; drop it again."
        upload.remove()
        self._forget(upload)
        self._refuse(upload.key, upload.name, sentence)

    def _refuse(self, key: str, name: str, sentence: str) -> None:
        self.send({"type": "failed", "key": key})
        self._on_problem(name, sentence)

    def _forget(self, upload: IncomingFile) -> None:
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
