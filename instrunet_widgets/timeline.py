"""An analysis read with one set of settings: the `Timeline` and its `Segment`.

All of them are immutable; arrays are read-only. Times are seconds from the start of the recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .arrays import FloatArray, freeze_array
from .config import DecodingConfig
from .wording import list_time_ranges, presence_in_words


@dataclass(frozen=True)
class Segment:
    """One time range in which one instrument is heard.

    Parameters
    ----------
    instrument : str
        IRMAS code.
    start, end : float
        Seconds, ``start < end``.
    confidence : float in [0, 1]
        Mean smoothed probability in the range.

    Raises
    ------
    ValueError
        If the range is empty or the confidence out of range.
    """

    instrument: str
    start: float
    end: float
    confidence: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a segment needs 0 <= start < end, got {self.start} and {self.end}")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence must lie in [0, 1], got {self.confidence}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


@dataclass(frozen=True, eq=False)
class Timeline:
    """An `Analysis` read with one `DecodingConfig`.

    Parameters
    ----------
    config : DecodingConfig
        The settings used.
    instruments : tuple of str
        Codes, in the order of the columns.
    duration : float
        Length of the recording, s.
    smoothed : np.ndarray [shape=(n_windows, n_instruments), dtype=float32]
        Probabilities after the moving average; rows of silent windows are 0.
    scores : np.ndarray [shape=(n_instruments,), dtype=float32]
        One score per instrument for the whole recording (mean or max of `smoothed` over sounding windows).
    thresholds : np.ndarray [shape=(n_instruments,), dtype=float32]
        What a window must reach to belong to a segment.
    recording_thresholds : np.ndarray [shape=(n_instruments,), dtype=float32]
        What `scores` must reach for an instrument to count as detected.
    detected : tuple of str
        Codes of the detected instruments, highest score first.
    segments : tuple of Segment
        Time ranges of all instruments (also of those that are not detected in the recording as a whole),
        ordered by start, then by instrument.
    """

    config: DecodingConfig
    instruments: tuple[str, ...]
    duration: float
    smoothed: FloatArray
    scores: FloatArray
    thresholds: FloatArray
    recording_thresholds: FloatArray
    detected: tuple[str, ...]
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        n_instruments = freeze_array(self, "smoothed", np.float32, (None, len(self.instruments))).shape[1]
        for name in ("scores", "thresholds", "recording_thresholds"):
            freeze_array(self, name, np.float32, (n_instruments,))

    @property
    def heard_in_parts(self) -> tuple[str, ...]:
        """Instruments with time ranges that are not `detected` in the recording as a whole, longest heard first."""
        in_order = [code for code in self.instruments if self.segments_of(code) and code not in self.detected]
        return tuple(sorted(in_order, key=self.presence_of, reverse=True))

    def score_of(self, instrument: str) -> float:
        """Score of an instrument for the whole recording, in [0, 1].

        Parameters
        ----------
        instrument : str
            IRMAS code.
        """
        return float(self.scores[self.instruments.index(instrument)])

    def confidence_of(self, instrument: str) -> float:
        """How sure the network is of an instrument where it hears it.

        A score under mean aggregation is an average over the whole recording, so it says how much of it an
        instrument plays as well; this is the mean smoothed probability of its time ranges, weighted by their
        lengths.

        Parameters
        ----------
        instrument : str
            IRMAS code.

        Returns
        -------
        confidence : float in [0, 1]
            The score if the instrument has no time range.
        """
        segments = self.segments_of(instrument)
        if not segments:
            return self.score_of(instrument)
        total = sum(segment.duration for segment in segments)
        return sum(segment.confidence * segment.duration for segment in segments) / total

    def presence_of(self, instrument: str) -> float:
        """Share of the recording's duration that an instrument's time ranges cover, in [0, 1].

        Parameters
        ----------
        instrument : str
            IRMAS code.
        """
        return min(1.0, sum(segment.duration for segment in self.segments_of(instrument)) / self.duration)

    def describe_when(self, instrument: str, *, max_ranges: int = 12) -> str:
        """Say in words and times when an instrument is heard.

        Parameters
        ----------
        instrument : str
            IRMAS code.
        max_ranges : int
            Further time ranges are only counted.

        Returns
        -------
        when : str
            For example "in parts: 0:02-0:14, 1:10-1:31"; "no range above the threshold" if there is no time range.
        """
        segments = self.segments_of(instrument)
        if not segments:
            return "no range above the threshold"
        ranges = list_time_ranges([(segment.start, segment.end) for segment in segments], max_ranges)
        return f"{presence_in_words(self.presence_of(instrument))}: {ranges}"

    def segments_of(self, instrument: str) -> tuple[Segment, ...]:
        """Time ranges of one instrument, in order.

        Parameters
        ----------
        instrument : str
            IRMAS code.
        """
        return self._segments_by_instrument.get(instrument, ())

    @cached_property
    def _segments_by_instrument(self) -> dict[str, tuple[Segment, ...]]:
        """Sorted once: hours of music have thousands of segments, and views ask for them at every move of a slider."""
        by_instrument: dict[str, list[Segment]] = {}
        for segment in self.segments:
            by_instrument.setdefault(segment.instrument, []).append(segment)
        return {code: tuple(segments) for code, segments in by_instrument.items()}
