"""Time ranges of pieces against their labels; `timeline_experiments` explains the measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..config import DecodingConfig
from ..decoding import decode
from ..instruments import CODES
from ..results import Analysis, Segment
from ..segment_scores import RangeScore, compare_ranges, compare_seconds
from .pieces import LabelledPiece
from .scores import LabelRange

STEP_SECONDS = 0.05

Row = dict[str, str | int | float | None]


@dataclass(frozen=True, eq=False)
class HeardPiece:
    """A piece with its labels and what the network said about it."""

    piece: LabelledPiece
    analysis: Analysis


def score_timelines(heard: Sequence[HeardPiece], config: DecodingConfig) -> Row:
    """Compare the time ranges of pieces with their labels.

    Parameters
    ----------
    heard : sequence of HeardPiece
    config : DecodingConfig

    Returns
    -------
    row : dict
        ``smoothing_windows``, ``thresholds``, ``frame_*``, ``segment_f1``, ``boundary_*``, ``n_segments`` and
        ``n_labelled``, as explained in `timeline_experiments`.
    """
    seconds, ranges = RangeScore(0, 0, 0), RangeScore(0, 0, 0)
    misses, excesses = [], []
    for one in heard:
        found, labelled = decode(one.analysis, config).segments, one.piece.ranges
        seconds += compare_seconds(found, labelled).total
        ranges += compare_ranges(found, labelled).total
        misses.append(find_boundary_distances(labelled, found))
        excesses.append(find_boundary_distances(found, labelled))
    return {
        "smoothing_windows": config.smoothing_windows,
        "thresholds": "window" if config.threshold == "auto" else config.threshold,
        **_describe_seconds(seconds),
        "segment_f1": ranges.f1,
        "boundary_error_seconds": _median(misses),
        "boundary_excess_seconds": _median(excesses),
        "n_segments": int(ranges.found),
        "n_labelled": int(ranges.labelled),
    }


def score_by_instrument(heard: Sequence[HeardPiece], config: DecodingConfig) -> list[Row]:
    """Right seconds of each instrument, all pieces together.

    Returns
    -------
    rows : list of dict
        ``instrument`` and ``frame_*``.
    """
    totals = {code: RangeScore(0, 0, 0) for code in CODES}
    for one in heard:
        for code, found in compare_seconds(
            decode(one.analysis, config).segments, one.piece.ranges
        ).by_instrument.items():
            totals[code] += found
    return [{"instrument": code, **_describe_seconds(total)} for code, total in totals.items()]


def score_by_polyphony(heard: Sequence[HeardPiece], config: DecodingConfig, *, most: int = 4) -> list[Row]:
    """Right seconds while one, two, ... of the eleven instruments play.

    Returns
    -------
    rows : list of dict
        ``n_playing`` and ``frame_*``, counted in steps of 50 ms.
    """
    totals = {n: RangeScore(0, 0, 0) for n in range(1, most + 1)}
    for one in heard:
        times = np.arange(0.0, one.piece.duration, STEP_SECONDS)
        labelled = _mark_times(one.piece.ranges, times)
        found = _mark_times(decode(one.analysis, config).segments, times)
        for n in totals:
            now = labelled.sum(axis=0) == n
            counts = ((labelled & found)[:, now].sum(), found[:, now].sum(), labelled[:, now].sum())
            totals[n] += RangeScore(*(float(count) * STEP_SECONDS for count in counts))
    return [{"n_playing": n, **_describe_seconds(total)} for n, total in totals.items()]


def find_boundary_distances(
    of: Sequence[Segment | LabelRange], to: Sequence[Segment | LabelRange]
) -> npt.NDArray[np.float64]:
    """Time from every beginning and end to the nearest one of the same instrument on the other side.

    Parameters
    ----------
    of, to : sequence of Segment or LabelRange

    Returns
    -------
    distances : np.ndarray [shape=(n,), dtype=float64]
        Seconds, of instruments that occur on both sides.

    Examples
    --------
    >>> flute = [LabelRange("flu", 1.0, 8.0)]
    >>> find_boundary_distances(flute, [LabelRange("flu", 0.5, 5.0), LabelRange("pia", 1.0, 2.0)]).tolist()
    [0.5, 3.0]
    """
    theirs = _boundaries_by_instrument(to)
    distances = [
        float(np.abs(theirs[code] - time).min())
        for code, times in _boundaries_by_instrument(of).items()
        if code in theirs
        for time in times
    ]
    return np.asarray(distances, dtype=np.float64)


def _describe_seconds(seconds: RangeScore) -> Row:
    return {"frame_precision": seconds.precision, "frame_recall": seconds.recall, "frame_f1": seconds.f1}


def _mark_times(ranges: Sequence[Segment | LabelRange], times: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which of the eleven (rows) have a range at which of the times (columns)."""
    marked = np.zeros((len(CODES), len(times)), dtype=bool)
    for one in ranges:
        marked[CODES.index(one.instrument)] |= (times >= one.start) & (times < one.end)
    return marked


def _boundaries_by_instrument(ranges: Sequence[Segment | LabelRange]) -> dict[str, npt.NDArray[np.float64]]:
    times: dict[str, list[float]] = {}
    for one in ranges:
        times.setdefault(one.instrument, []).extend((one.start, one.end))
    return {code: np.asarray(both) for code, both in times.items()}


def _median(distances: Sequence[npt.NDArray[np.float64]]) -> float | None:
    joined = np.concatenate(distances)
    return float(np.median(joined)) if len(joined) else None
