"""From a recording to an `Analysis`: a stream of batches of windows, and that stream run to its end.

file -> blocks of sound -> windows -> log-mels -> probabilities. Two blocks (the next is decoded while one is
analysed), a batch of windows and the bounded `Overview` are all that is in memory; only the results (eleven numbers
a window) grow with the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..audio import AudioReader, AudioSource, open_audio
from ..config import WindowConfig
from ..errors import AudioError, Cancelled
from ..features import WindowFramer, is_silent
from ..overview import OverviewBuilder
from ..results import Analysis, BoolArray, FloatArray
from .doubts import SoundDoubts
from .progress import Progress, StageTimes, WindowBatch

if TYPE_CHECKING:
    from ..classifier import Classifier

BATCH_WINDOWS = 16


def analyze(
    source: AudioSource,
    on_progress: Callable[[Progress], object] | None = None,
    cancel: Callable[[], bool] | None = None,
    *,
    classifier: Classifier | None = None,
    window_config: WindowConfig | None = None,
    name: str | None = None,
    stage_times: StageTimes | None = None,
) -> Analysis:
    """Find out which of the eleven instruments are heard in a recording, and when.

    Parameters
    ----------
    source : str, path, bytes or binary file
        The recording: a file, or the content of one.
    on_progress : callable, optional
        Called with a `Progress` before the first and after every batch of windows.
    cancel : callable, optional
        Asked before every batch of windows; returns True to stop.
    classifier : Classifier, optional
        The network; the shipped one if none is given. Load it once to analyse many recordings.
    window_config : WindowConfig, optional
        How densely windows are cut; every 1.5 s if none is given.
    name : str, optional
        File name to show, for recordings that come without one.
    stage_times : StageTimes, optional
        Filled with the time spent per stage.

    Returns
    -------
    analysis : Analysis

    Raises
    ------
    AudioError
        If the recording cannot be read.
    ModelError
        If the network cannot be loaded.
    Cancelled
        If `cancel` asked to stop.
    ValueError
        If the hop is longer than the network's window.

    Examples
    --------
    >>> analyze("music.mp3").decode().detected  # doctest: +SKIP
    ('pia', 'vio')
    """
    report = on_progress or (lambda progress: None)
    report(Progress("opening", 0.0, None, None))
    batches = stream_windows(
        source,
        classifier=classifier,
        window_config=window_config,
        cancel=cancel,
        name=name,
        stage_times=stage_times,
    )
    for batch in batches:
        report(batch.progress)
    assert batch.analysis is not None, "the last batch carries the analysis"
    return batch.analysis


def stream_windows(
    source: AudioSource,
    *,
    classifier: Classifier | None = None,
    window_config: WindowConfig | None = None,
    cancel: Callable[[], bool] | None = None,
    name: str | None = None,
    stage_times: StageTimes | None = None,
) -> Generator[WindowBatch]:
    """Analyse a recording batch by batch; the work is done as batches are asked for.

    Leaving the loop early closes the file. In an asyncio task, ``await asyncio.sleep(0)`` between batches
    keeps everything else alive.

    Parameters
    ----------
    source, classifier, window_config, cancel, name, stage_times
        See `analyze`.

    Yields
    ------
    batch : WindowBatch
        At least one, each of 1 to `BATCH_WINDOWS` windows in order; the last one carries the `Analysis`.

    Raises
    ------
    AudioError, ModelError, Cancelled, ValueError
        See `analyze`.
    """
    times = stage_times or StageTimes()
    if classifier is None:
        from ..classifier import Classifier

        with times.measure("load"):
            classifier = Classifier.load()
    hop_seconds = (window_config or WindowConfig()).hop_seconds
    with times.measure("decode"):
        reader = open_audio(source, name=name)
    with reader:
        run = _Run(reader, classifier, hop_seconds, times)
        with closing(run.read_windows()) as batches:
            for windows, is_last in batches:
                if cancel is not None and cancel():
                    raise Cancelled(f"The analysis of {reader.name} was cancelled; nothing was saved.")
                yield run.classify(windows, is_last)


def read_ahead(blocks: Iterator[FloatArray]) -> Generator[FloatArray]:
    """Let the next block be decoded, on a thread of its own, while this one is analysed.

    Parameters
    ----------
    blocks : iterator of np.ndarray
        Only used by one thread at a time.

    Yields
    ------
    block : np.ndarray
        The same blocks in the same order; an error comes where the block would have come.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="decode") as executor:
        pending = executor.submit(next, blocks, None)
        while (block := pending.result()) is not None:
            pending = executor.submit(next, blocks, None)
            yield block


class _Run:
    """One recording on its way through the stages, and the results so far."""

    def __init__(self, reader: AudioReader, classifier: Classifier, hop_seconds: float, times: StageTimes) -> None:
        config = classifier.feature_config
        self._reader = reader
        self._classifier = classifier
        self._config = config
        self._times = times
        self._hop_seconds = round(hop_seconds * config.sample_rate) / config.sample_rate
        self._framer = WindowFramer(config, hop_seconds)
        self._overview = OverviewBuilder(config, self._hop_seconds)
        self._doubts = SoundDoubts(reader.name)
        self._probabilities: list[FloatArray] = []
        self._silent: list[BoolArray] = []
        self._n_windows = 0

    @property
    def _duration(self) -> float:
        """Seconds read so far; the length of the recording once it has been read."""
        return self._framer.n_samples / self._config.sample_rate

    def read_windows(self) -> Generator[tuple[FloatArray, bool]]:
        """Yield batches of windows, each with whether it is the last of the recording.

        Yields
        ------
        windows : np.ndarray [shape=(n, window_samples), dtype=float32]
        is_last : bool

        Raises
        ------
        AudioError
            If the recording holds no sound, or cannot be decoded.
        """
        waiting = np.zeros((0, self._config.window_samples), dtype=np.float32)
        decoded = self._times.measure_each("decode", self._reader.blocks(sample_rate=self._config.sample_rate))
        with closing(read_ahead(decoded)) as blocks:
            for block in blocks:
                with self._times.measure("overview"):
                    self._overview.add_sound(block)
                    self._doubts.add(block)
                with self._times.measure("features"):
                    waiting = np.concatenate([waiting, self._framer.push(block)])
                # One window stays back, so that the end of the sound always comes with a batch.
                while len(waiting) > BATCH_WINDOWS:
                    yield waiting[:BATCH_WINDOWS], False
                    waiting = waiting[BATCH_WINDOWS:]
        if not self._framer.n_samples:
            raise AudioError(f"{self._reader.name} holds no sound (0 samples); choose another recording.")
        waiting = np.concatenate([waiting, self._framer.finish()])
        for start in range(0, len(waiting), BATCH_WINDOWS):
            yield waiting[start : start + BATCH_WINDOWS], start + BATCH_WINDOWS >= len(waiting)

    def classify(self, windows: FloatArray, is_last: bool) -> WindowBatch:
        """Take the next windows through features and network."""
        config, times = self._config, self._times
        probabilities = np.zeros((len(windows), len(self._classifier.instruments)), dtype=np.float32)
        log_mels = np.full((len(windows), config.n_mels, config.n_frames), -config.top_db, dtype=np.float32)
        with times.measure("features"):
            silent = is_silent(windows, config.sample_rate)
            sounding = ~silent
            if sounding.any():
                log_mels[sounding] = self._classifier.extractor(windows[sounding])
        if sounding.any():
            with times.measure("network"):
                probabilities[sounding] = self._classifier.predict_proba(log_mels[sounding])
        with times.measure("overview"):
            self._overview.add_windows(windows, log_mels, silent)
        starts = self._window_starts(self._n_windows, self._n_windows + len(windows))
        self._probabilities.append(probabilities)
        self._silent.append(silent)
        self._n_windows += len(windows)
        analysis = self._finish() if is_last else None
        return WindowBatch(starts, probabilities, silent, self._measure_progress(is_last), analysis)

    def _window_starts(self, first: int, end: int) -> npt.NDArray[np.float64]:
        return np.arange(first, end, dtype=np.float64) * self._hop_seconds

    def _measure_progress(self, is_last: bool) -> Progress:
        if is_last:
            return Progress("done", self._duration, self._duration, 1.0)
        end_of_last_window = (self._n_windows - 1) * self._hop_seconds + self._config.window_seconds
        done = min(end_of_last_window, self._duration)
        if self._reader.duration is None:
            return Progress("listening", done, None, None)
        total = max(self._reader.duration, self._duration)
        return Progress("listening", done, total, done / total)

    def _finish(self) -> Analysis:
        reader, classifier = self._reader, self._classifier
        with self._times.measure("overview"):
            overview = self._overview.build()
        silent = np.concatenate(self._silent)
        return Analysis(
            probabilities=np.concatenate(self._probabilities),
            silent=silent,
            window_starts=self._window_starts(0, self._n_windows),
            window_seconds=self._config.window_seconds,
            hop_seconds=self._hop_seconds,
            duration=self._duration,
            audio_name=reader.name,
            model_name=classifier.name,
            model_hash=classifier.weights_hash,
            thresholds=classifier.model_thresholds.of_recording(silent, self._hop_seconds),
            overview=overview,
            sample_rate=reader.sample_rate,
            n_channels=reader.n_channels,
            audio_format=reader.format,
            warnings=(*reader.warnings, *self._doubts.list_sentences(self._config.sample_rate)),
            instruments=tuple(classifier.instruments),
        )
