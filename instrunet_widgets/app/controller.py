"""What the app does: take files, analyse, cancel, open, remove, read again. No widgets, so all of it runs in a test.

Decoding, features and network run on a worker thread, one batch at a time; between batches the kernel's own thread
sets the state, so the page draws first results, and *Cancel* works, while a recording is still being analysed.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import traitlets

from ..errors import InstruNetError
from ..wording import escape_unprintable
from .arrivals import is_saved_analysis, is_sound_of
from .jobs import close_when_done, describe_batch, in_worker, join_batches, run_or_schedule, say_no_memory, say_too_long
from .state import Activity, AppState, Message, Reading, Recording

if TYPE_CHECKING:
    from ..classifier import Classifier
    from ..pipeline import WindowBatch
    from ..results import Analysis

logger = logging.getLogger(__name__)

MAX_MESSAGES = 5
REDRAW_SECONDS = 0.4  # between pictures of an analysis that is still running
LARGEST_SAVED_ANALYSIS = 64_000_000  # bytes; ten hours of music are a tenth of it


class Controller:
    """The actions behind the buttons; the only writer of most of the state.

    Parameters
    ----------
    state : AppState
    load_classifier : callable, optional
        Gives the network, when the first recording is analysed; default `Classifier.load`.
    max_analysis_seconds : float
        How long one recording may take.
    """

    def __init__(
        self,
        state: AppState,
        load_classifier: Callable[[], Classifier] | None = None,
        *,
        max_analysis_seconds: float = math.inf,
    ) -> None:
        self.state = state
        self._load_classifier = load_classifier
        self._max_analysis_seconds = max_analysis_seconds
        self._classifier: Classifier | None = None
        self._cancelled = False
        self._task: asyncio.Task[None] | None = None
        state.observe(self._read_again, "decoding")

    # -- files ---------------------------------------------------------------------------------------------------

    def add_file(self, key: str, name: str, path: Path, n_bytes: int = 0) -> None:
        """Take a file that the user brought: a recording, or a saved analysis (JSON).

        Parameters
        ----------
        key : str
            New and unique.
        name : str
            As the user knows it.
        path : Path
            Where its content is.
        n_bytes : int
        """
        if is_saved_analysis(name, path):
            self._restore(key, name, path)
            return
        silent = next((old for old in self.state.recordings if _lacks_sound(old, name, path)), None)
        if silent is not None:  # sound for a result that was restored without it
            changed = replace(silent, key=key, path=path, n_bytes=n_bytes)
            self._put(tuple(changed if old is silent else old for old in self.state.recordings), key)
            return
        self._put((*self.state.recordings, Recording(key, name, path, n_bytes)), key)

    def select(self, key: str) -> None:
        """Show a recording; a key that is not there (any more) changes nothing."""
        if any(recording.key == key for recording in self.state.recordings):
            self._put(self.state.recordings, key)

    def remove(self, key: str) -> None:
        """Take a recording out of the app; its neighbour is shown, and an analysis of it stops."""
        keys = [recording.key for recording in self.state.recordings]
        if key not in keys:
            return
        place = keys.index(key)
        left = tuple(recording for recording in self.state.recordings if recording.key != key)
        shown = self.state.selected
        if shown == key:
            shown = left[min(place, len(left) - 1)].key if left else ""
        self._put(left, shown)

    # -- analysis ------------------------------------------------------------------------------------------------

    def start_analysis(self) -> None:
        """Analyse what has not been analysed yet, the recording on show first."""
        if not self.is_busy:
            self._task = run_or_schedule(self.analyze_waiting())

    @property
    def is_busy(self) -> bool:
        """Whether an analysis is running."""
        return self.state.activity is not None or (self._task is not None and not self._task.done())

    @property
    def waiting(self) -> tuple[Recording, ...]:
        """Recordings that can be analysed and have not been, or not with their sound; the one on show first.

        One that failed is tried again only while it is on show.
        """
        shown = self.state.selected
        waiting = [one for one in self.state.recordings if _is_waiting(one) and (not one.problem or one.key == shown)]
        return tuple(sorted(waiting, key=lambda one: one.key != shown))

    def cancel(self) -> None:
        """Stop after the batch that is being computed; recordings that are done stay done."""
        self._cancelled = True

    async def analyze_waiting(self) -> None:
        """Analyse all `waiting` recordings, one after another; one that fails does not stop the others."""
        self._cancelled = False
        self.state.messages = ()
        try:
            for key in [recording.key for recording in self.waiting]:
                recording = self._find(key)  # as it is by now
                if recording is not None and _is_waiting(recording) and not self._cancelled:
                    await self._analyze_or_explain(recording)
        finally:
            self.state.activity = None

    async def _analyze_or_explain(self, recording: Recording) -> None:
        try:
            await self._analyze(recording)
        except InstruNetError as error:
            self._fail(recording, str(error))
        except TimeoutError:
            self._fail(recording, say_too_long(recording.name, self._max_analysis_seconds))
        except MemoryError:
            self._fail(recording, say_no_memory(recording.name))
        except Exception as error:
            logger.exception("analysis failed")
            self._fail(
                recording,
                f"{recording.name} could not be analysed because of an unexpected error "
                f"({type(error).__name__}: {error}); please report it.",
            )

    def _is_wanted(self, key: str) -> bool:
        return not self._cancelled and self._find(key) is not None

    async def _analyze(self, recording: Recording) -> None:
        state = self.state
        state.activity = Activity("Opening", recording.name, key=recording.key)
        self._change(replace(recording, problem=""))
        if self._classifier is None:
            self._classifier = await in_worker(self._get_classifier)
        from ..pipeline import stream_windows

        classifier, began, drawn = self._classifier, time.monotonic(), time.monotonic()
        batches = stream_windows(recording.path or "", classifier=classifier, name=recording.name)
        done: list[WindowBatch] = []
        try:
            while self._is_wanted(recording.key):
                seconds_left = self._max_analysis_seconds - (time.monotonic() - began)
                batch: WindowBatch | None = await in_worker(partial(next, batches, None), seconds_left)
                if batch is None or not self._is_wanted(recording.key):
                    break
                done.append(batch)
                state.activity = describe_batch(batch, recording, time.monotonic() - began)
                if batch.analysis is not None:
                    self._succeed(recording.key, batch.analysis)
                elif state.selected == recording.key and time.monotonic() - drawn > REDRAW_SECONDS:
                    analysis = join_batches(done, classifier, recording.name)
                    state.reading = Reading(analysis, analysis.decode(state.decoding), is_partial=True)
                    drawn = time.monotonic()
        finally:
            close_when_done(batches)
        if self._cancelled and self._find(recording.key) is not None:
            self._say("info", f"The analysis of {recording.name} was cancelled.")
            self._show(state.selected)

    def _get_classifier(self) -> Classifier:
        if self._load_classifier is not None:
            return self._load_classifier()
        from ..classifier import Classifier

        return Classifier.load()

    def _succeed(self, key: str, analysis: Analysis) -> None:
        current = self._find(key)
        if current is None:
            return
        self._change(replace(current, analysis=analysis, problem=""))
        for warning in analysis.warnings:
            self._say("warning", warning)
        if key == self.state.selected:
            self._show(key)

    def _fail(self, recording: Recording, problem: str) -> None:
        current = self._find(recording.key)
        if current is not None:
            self._change(replace(current, problem=problem))
            self._say("error", problem)
            if recording.key == self.state.selected:
                self._show(recording.key)

    # -- state ---------------------------------------------------------------------------------------------------

    def report(self, kind: Literal["error", "warning", "info"], text: str) -> None:
        """Show a sentence beside those that are there."""
        self._say(kind, text)

    def dismiss_messages(self) -> None:
        """Take the sentences away."""
        self.state.messages = ()

    def _restore(self, key: str, name: str, path: Path) -> None:
        from ..results import Analysis

        try:
            if path.stat().st_size > LARGEST_SAVED_ANALYSIS:
                raise InstruNetError(f"{name} is too large for a saved analysis; choose another file.")
            analysis = Analysis.from_json(path)
        except InstruNetError as error:
            sentence = str(error).replace(str(path), name)  # where it lies is nobody's business
            self._say("error", sentence if name in sentence else f"{name} cannot be opened: {sentence}")
            return
        except (OSError, ValueError) as error:
            self._say("error", f"{name} cannot be opened as a saved analysis: {error}")
            return
        known = next((old for old in self.state.recordings if is_sound_of(analysis, old.name, old.path)), None)
        if known is not None:  # the sound is here already
            self._change(replace(known, analysis=analysis, problem=""))
            self._put(self.state.recordings, known.key)
        else:
            restored = Recording(key, analysis.audio_name, None, 0, analysis)
            self._put((*self.state.recordings, restored), key)

    def _find(self, key: str) -> Recording | None:
        return next((recording for recording in self.state.recordings if recording.key == key), None)

    def _change(self, recording: Recording) -> None:
        self.state.recordings = tuple(recording if old.key == recording.key else old for old in self.state.recordings)

    def _put(self, recordings: tuple[Recording, ...], selected: str) -> None:
        """Replace the list and what is on show of it, in one step for those who watch."""
        is_new = selected != self.state.selected or self._find(selected) not in recordings
        with self.state.hold_trait_notifications():
            self.state.recordings, self.state.selected = recordings, selected
        if is_new:
            self.state.view = self.state.cursor = None
        self._show(selected)

    def _show(self, key: str) -> None:
        recording = self._find(key)
        analysis = recording.analysis if recording else None
        self.state.reading = Reading(analysis, analysis.decode(self.state.decoding)) if analysis else None

    def _read_again(self, change: traitlets.Bunch) -> None:
        reading = self.state.reading
        if reading is not None:
            self.state.reading = Reading(reading.analysis, reading.analysis.decode(change.new), reading.is_partial)

    def _say(self, kind: Literal["error", "warning", "info"], text: str) -> None:
        message = Message(kind, escape_unprintable(text))
        self.state.messages = (*self.state.messages, message)[-MAX_MESSAGES:]


def _is_waiting(recording: Recording) -> bool:
    """Whether a recording can be analysed, and would gain by it: a saved analysis holds no picture of the sound."""
    analysis = recording.analysis
    return recording.path is not None and (analysis is None or analysis.overview is None)


def _lacks_sound(recording: Recording, name: str, path: Path) -> bool:
    analysis = recording.analysis
    return recording.path is None and analysis is not None and is_sound_of(analysis, name, path)
