"""Figures about each instrument of a recording, worked out from an analysis and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..results import Analysis, Timeline


@dataclass(frozen=True)
class InstrumentStatistics:
    """What can be said in numbers about one instrument.

    Parameters
    ----------
    code : str
        IRMAS code.
    score, threshold : float in [0, 1]
        For the recording as a whole, and what the score had to reach.
    is_detected : bool
    confidence : float in [0, 1]
        Mean smoothed probability where it is heard; the score if it is heard nowhere.
    presence : float in [0, 1]
        Share of the recording's duration that its time ranges cover.
    n_ranges : int
        Number of its time ranges.
    first, last : float or None
        Start of the first and end of the last time range, s; None if there is none.
    mean, highest, spread : float
        Mean, maximum and standard deviation of the smoothed probabilities of all windows with sound; 0 if there are
        none.
    """

    code: str
    score: float
    threshold: float
    is_detected: bool
    confidence: float
    presence: float
    n_ranges: int
    first: float | None
    last: float | None
    mean: float
    highest: float
    spread: float


def measure_instruments(analysis: Analysis, timeline: Timeline) -> tuple[InstrumentStatistics, ...]:
    """Statistics of all instruments, highest score first.

    Parameters
    ----------
    analysis : Analysis
    timeline : Timeline
        Read from the analysis.

    Returns
    -------
    statistics : tuple of InstrumentStatistics
        One per instrument; equal scores stay in the order of the network's outputs.
    """
    order = np.argsort(-timeline.scores, kind="stable")
    return tuple(_measure(analysis, timeline, int(column)) for column in order)


def _measure(analysis: Analysis, timeline: Timeline, column: int) -> InstrumentStatistics:
    code = analysis.instruments[column]
    segments = timeline.segments_of(code)
    heard = timeline.smoothed[~analysis.silent, column].astype(np.float64)
    return InstrumentStatistics(
        code=code,
        score=float(timeline.scores[column]),
        threshold=float(timeline.recording_thresholds[column]),
        is_detected=code in timeline.detected,
        confidence=timeline.confidence_of(code),
        presence=timeline.presence_of(code),
        n_ranges=len(segments),
        first=segments[0].start if segments else None,
        last=segments[-1].end if segments else None,
        mean=float(heard.mean()) if len(heard) else 0.0,
        highest=float(heard.max()) if len(heard) else 0.0,
        spread=float(heard.std()) if len(heard) else 0.0,
    )
