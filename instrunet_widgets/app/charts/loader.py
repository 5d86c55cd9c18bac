"""When what is visible is read again from the file, finer than the overview.

The work is done in a thread while the overview stays on show; what comes too late is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import traitlets

from ...config import FeatureConfig
from ...errors import AudioError
from ...plotting.curves import column_seconds
from ...results import Analysis
from ..state import AppState, TimeRange
from .close_up import CloseUp, look_closely
from .frame import visible_range

WAIT_SECONDS = 0.15  # after the last change of the visible range
MAX_SECONDS = 600.0  # longer stretches are well served by the overview, even of very long recordings
_ENOUGH_COLUMNS = 1_000  # of an overview in the visible range


class CloseUpLoader(traitlets.HasTraits):
    """Keeps the close-up that suits what is visible.

    Where an event loop runs, the work waits until the visible range has come to rest and is done in a thread;
    elsewhere it is done at once.

    Parameters
    ----------
    state : AppState

    Attributes
    ----------
    close_up : CloseUp or None
        None where the overview is fine enough.
    """

    close_up = traitlets.Instance(CloseUp, allow_none=True)

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self._state = state
        self._wanted: object = None
        self._timer: asyncio.TimerHandle | None = None
        self._pool: ThreadPoolExecutor | None = None
        state.observe(self._follow, ["reading", "view", "recordings", "selected"])
        self._follow()

    def _follow(self, _: Any = None) -> None:
        self._wanted = None
        if self._timer:
            self._timer.cancel()
            self._timer = None
        reading, recording = self._state.reading, self._state.recording
        visible = visible_range(self._state)
        if reading is None or not _is_too_coarse(reading.analysis, visible):
            self.close_up = None
            return
        if self.close_up and self.close_up.analysis is not reading.analysis:
            self.close_up = None
        path = recording.path if recording else None
        if path is None or reading.is_partial or (self.close_up and _serves(self.close_up, visible)):
            return
        self._load(path, reading.analysis, visible)

    def _load(self, path: Path, analysis: Analysis, visible: TimeRange) -> None:
        wanted = self._wanted = object()

        def work() -> CloseUp | None:
            try:
                return look_closely(path, analysis, visible, lambda: self._wanted is not wanted)
            except (AudioError, OSError):  # the file has gone; the overview stays
                return None

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._take(wanted, work())
            return
        self._timer = loop.call_later(WAIT_SECONDS, self._start, loop, wanted, work)

    def _start(self, loop: asyncio.AbstractEventLoop, wanted: object, work: Callable[[], CloseUp | None]) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="instrunet-close-up")

        def hand_over(done: Future[CloseUp | None]) -> None:
            if not done.cancelled() and not loop.is_closed():
                loop.call_soon_threadsafe(self._take, wanted, done.result())

        self._pool.submit(work).add_done_callback(hand_over)

    def _take(self, wanted: object, close_up: CloseUp | None) -> None:
        if wanted is self._wanted and close_up is not None:
            self.close_up = close_up


def _is_too_coarse(analysis: Analysis, visible: TimeRange) -> bool:
    """Whether the overview has too few columns for what is visible, and the file would have more."""
    overview, seconds = analysis.overview, visible.end - visible.start
    if overview is None or not len(overview.envelope) or seconds > MAX_SECONDS:
        return False
    bin_seconds = column_seconds(len(overview.envelope), 1 / FeatureConfig().sample_rate, analysis.duration)
    return seconds / bin_seconds < _ENOUGH_COLUMNS


def _serves(close_up: CloseUp, visible: TimeRange) -> bool:
    """Whether a close-up covers what is visible without being much too wide for it."""
    covers = close_up.start <= visible.start + 1e-6 and visible.end <= close_up.end + 1e-6
    return covers and close_up.end - close_up.start <= 3 * (visible.end - visible.start)
