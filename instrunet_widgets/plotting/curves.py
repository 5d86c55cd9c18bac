"""From windows and envelopes to the points of lines: gaps where there is nothing to hear, few points, any length."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..results import Analysis, window_cells

FloatArray = npt.NDArray[np.float64]

MAX_POINTS = 2_000


def trace_windows(analysis: Analysis, values: npt.NDArray[np.float32]) -> tuple[FloatArray, FloatArray]:
    """Points of one line per column, a window at its centre.

    Parameters
    ----------
    analysis : Analysis
    values : np.ndarray [shape=(n_windows, n_lines)]

    Returns
    -------
    times : np.ndarray [shape=(n_points,)]
        Seconds. A window between two silent ones has two points, the ends of its cell, or no line would show it.
    heights : np.ndarray [shape=(n_lines, n_points)]
        NaN in silent windows. The last point never is: bqplot hangs a label on it.
    """
    sounding = ~analysis.silent
    before = np.concatenate([[False], sounding[:-1]])
    after = np.concatenate([sounding[1:], [False]])
    is_alone = sounding & ~before & ~after
    cells = window_cells(analysis)
    centres = analysis.window_starts + analysis.window_seconds / 2
    first_points = np.where(is_alone, cells[:, 0], np.minimum(centres, analysis.duration))
    second_points = cells[is_alone, 1]
    alone = np.flatnonzero(is_alone)
    times = np.insert(first_points, alone + 1, second_points)
    heights = np.where(sounding[:, None], values, np.nan).T.astype(np.float64)
    heights = np.insert(heights, alone + 1, heights[:, alone], axis=1)
    if not sounding[-1]:
        times = np.append(times, analysis.duration)
        heights = np.append(heights, np.zeros((len(heights), 1)), axis=1)  # one point after a gap: nothing is drawn
    return times, heights


def thin_out(times: FloatArray, heights: FloatArray, n_points: int = MAX_POINTS) -> tuple[FloatArray, FloatArray]:
    """Replace neighbouring points by their lowest and highest until few enough are left.

    Parameters
    ----------
    times : np.ndarray [shape=(n,)]
    heights : np.ndarray [shape=(n_lines, n)]
    n_points : int
        Most points to keep.

    Returns
    -------
    times, heights
        As given where there are few enough.
    """
    n = len(times)
    if n <= n_points:
        return times, heights
    size = -(-n // (n_points // 2))
    starts = np.arange(0, n, size)
    ends = np.minimum(starts + size, n) - 1
    lowest = np.fmin.reduceat(heights, starts, axis=1)
    highest = np.fmax.reduceat(heights, starts, axis=1)
    thinned = np.stack([lowest, highest], axis=2).reshape(len(heights), -1)
    return np.stack([times[starts], times[ends]], axis=1).ravel(), thinned


def cut_out(times: FloatArray, start: float, end: float) -> slice:
    """Points of a time range, and a range as long as it on both sides, so that a moved view is not empty at once."""
    margin = end - start
    first, last = np.searchsorted(times, [start - margin, end + margin])
    return slice(max(0, int(first) - 1), int(last) + 1)


def column_seconds(n_columns: int, finest: float, duration: float) -> float:
    """How long one column of an `Overview` is: a power of two times the finest column.

    Parameters
    ----------
    n_columns : int
        Columns of the overview; the last one may be shorter than the others.
    finest : float
        Length of a column that has not been joined with others, s.
    duration : float
        Length of the recording, s.

    Examples
    --------
    Ten seconds in tenths, joined twice: 25 columns of 0.4 s.

    >>> column_seconds(25, 0.1, 10.0)
    0.4
    """
    seconds = finest
    while n_columns and seconds < duration:
        if round(duration / seconds) <= n_columns or -(-duration // seconds) <= n_columns:
            return seconds
        seconds *= 2
    return duration / max(1, n_columns)
