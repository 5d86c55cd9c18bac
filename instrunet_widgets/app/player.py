"""Player of a recording. What it does while it plays happens in the browser; the kernel follows.

The browser plays its own copy of an uploaded file. Only where it has none, or cannot play it, does it ask the
kernel for sound.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..errors import Cancelled, InstruNetError
from .preview import MEDIA_TYPES, find_sound
from .scripts import join_scripts
from .sending import Offer, Sender

_log = logging.getLogger(__name__)

SECONDS_BETWEEN_REPORTS = 0.25
FAILURE = "The sound cannot be played here: "


class Player(anywidget.AnyWidget):
    """Play, pause, position, volume and loop.

    Parameters
    ----------
    find_path : callable
        Gets the key of a recording and gives its path, or None if the kernel has no sound of it.
    **traits
        Traits of the widget.

    Attributes
    ----------
    source_key : str
        Key of the recording to play; empty if there is none.
    duration : float
        Of the recording, s; 0 to let the browser find out.
    position : float
        Where the player is, s; the browser keeps it up to date, about four times a second. See `seek`.
    playing : bool
        Kept up to date by the browser. See `play` and `pause`.
    loop_start, loop_end : float or None
        Stretch that is repeated, s.
    label : str
        Shown above the controls.
    hint : str
        Shown in place of the controls if there is no sound; nothing is shown if this is empty.
    """

    _esm = join_scripts("common.js", "receiving.js", "sound.js", "playback.js", "keyboard.js", "player.js")

    source_key = traitlets.Unicode("").tag(sync=True)
    duration = traitlets.Float(0.0).tag(sync=True)
    position = traitlets.Float(0.0).tag(sync=True, echo_update=False)
    playing = traitlets.Bool(False).tag(sync=True, echo_update=False)
    loop_start = traitlets.Float(None, allow_none=True).tag(sync=True)
    loop_end = traitlets.Float(None, allow_none=True).tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    hint = traitlets.Unicode("").tag(sync=True)

    def __init__(self, find_path: Callable[[str], Path | None], **traits: Any) -> None:
        super().__init__(**traits)
        self._find_path = find_path
        self._sender = Sender(lambda content, buffers=None: self.send(content, buffers))
        self._requests: dict[str, threading.Event] = {}  # set when the sound is not wanted any more
        self._tasks: set[asyncio.Task[None]] = set()
        self.observe(self._drop_requests, "source_key")
        self.on_msg(self._receive)

    def seek(self, seconds: float) -> None:
        """Go to a time.

        Parameters
        ----------
        seconds : float
            Kept inside the recording.

        Raises
        ------
        ValueError
            If `seconds` is not finite.
        """
        if not math.isfinite(seconds):
            raise ValueError(f"seconds must be finite, got {seconds}")
        self.send({"type": "seek", "time": max(0.0, float(seconds))})

    def play(self) -> None:
        """Start to play, if the browser lets pages do so (most want a click first)."""
        self.send({"type": "play"})

    def pause(self) -> None:
        """Stop playing, and stay where it is."""
        self.send({"type": "pause"})

    def close(self) -> None:
        """Stop what is in the making and remove the player from the page."""
        if hasattr(self, "_sender"):
            self._drop_requests()
        super().close()

    def _drop_requests(self, _: object = None) -> None:
        for is_dropped in self._requests.values():
            is_dropped.set()
        self._sender.withdraw_all()

    def _receive(self, _: object, content: Any, buffers: object) -> None:
        if not isinstance(content, dict):
            return
        request = content.get("id")
        if content.get("type") != "sound" or not isinstance(request, str):
            self._sender.receive(content)
        elif content.get("key") == self.source_key and request not in self._requests:
            given = content.get("formats")
            formats = [name for name in MEDIA_TYPES if name in given] if isinstance(given, list) else []
            self._requests[request] = threading.Event()
            task = asyncio.get_running_loop().create_task(
                self._answer(request, formats, eager=content.get("eager") is True)
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: str, formats: list[str], *, eager: bool) -> None:
        is_dropped = self._requests[request]
        try:
            if is_dropped.is_set():
                return
            path = self._find_path(self.source_key)
            if path is None or not path.is_file():
                self._fail(request, "there is no recording with this result; add the file to listen.")
                return
            sound = await asyncio.to_thread(
                find_sound,
                path,
                playable_formats=formats,
                eager=eager,
                on_progress=self._make_report(request),
                is_cancelled=is_dropped.is_set,
            )
            self._give(request, sound, is_dropped)
        except Cancelled:
            pass
        except InstruNetError as error:
            self._fail(request, str(error))
        except OSError as error:
            self._fail(request, f"{error.strerror or error}.")
        except Exception as error:  # of libsndfile, for example: whatever it is, the page gets a sentence
            _log.exception("A preview failed")
            self._fail(request, f"no preview could be made ({type(error).__name__}).")
        finally:
            del self._requests[request]

    def _give(self, request: str, sound: Offer | None, is_dropped: threading.Event) -> None:
        if sound is None:
            self.send({"type": "later", "id": request})
        elif is_dropped.is_set():
            sound.file.close()
        else:
            self._sender.offer(request, sound)

    def _fail(self, request: str, reason: str) -> None:
        self.send({"type": "failed", "id": request, "sentence": FAILURE + reason})

    def _make_report(self, request: str) -> Callable[[float], None]:
        """Function that a thread calls with the fraction done; the browser hears of it now and then."""
        loop = asyncio.get_running_loop()
        last = time.monotonic()

        def report(fraction: float) -> None:
            nonlocal last
            if time.monotonic() - last >= SECONDS_BETWEEN_REPORTS:
                last = time.monotonic()
                message = {"type": "progress", "id": request, "fraction": fraction}
                loop.call_soon_threadsafe(self.send, message)

        return report
