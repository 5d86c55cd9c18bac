"""From window probabilities to detected instruments and time ranges, in NumPy alone.

Nothing here runs the network: an `Analysis` keeps the probabilities, and every setting of `DecodingConfig` is
applied to them afresh, fast enough for a slider.

Silent windows have no say. They are not averaged over, smoothing does not reach across them, they belong to
no segment, and a recording with nothing but silence detects nothing, even at threshold 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .config import AGGREGATIONS, MAX_SMOOTHING_WINDOWS, Aggregation, DecodingConfig
from .results import Analysis, BoolArray, FloatArray, Segment, Timeline, window_cells

# Less than a sample at any rate: rounding must not drop a segment of just the shortest allowed length.
_TIME_TOLERANCE_SECONDS = 1e-6


@dataclass(frozen=True, eq=False)
class AppliedThresholds:
    """The thresholds that one `DecodingConfig` means for one `Analysis`.

    Parameters
    ----------
    window, recording : np.ndarray [shape=(n_instruments,), dtype=float32]
        What a window, and what the score of the recording, must reach.
    """

    window: FloatArray
    recording: FloatArray


def decode(analysis: Analysis, config: DecodingConfig | None = None) -> Timeline:
    """Smooth, aggregate and threshold the probabilities of one recording.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig, optional
        Default: mean aggregation, smoothing over 3 windows, the model's own thresholds.

    Returns
    -------
    timeline : Timeline
    """
    config = config or DecodingConfig()
    smoothed = smooth(analysis.probabilities, analysis.silent, config.smoothing_windows)
    scores = aggregate(smoothed, analysis.silent, config.aggregation)
    thresholds = choose_thresholds(analysis, config)

    is_detected = (scores >= thresholds.recording) & (not analysis.silent.all())
    highest_first = np.argsort(-scores, kind="stable")  # stable: equal scores stay in instrument order
    return Timeline(
        config=config,
        instruments=analysis.instruments,
        duration=analysis.duration,
        smoothed=smoothed,
        scores=scores,
        thresholds=thresholds.window,
        recording_thresholds=thresholds.recording,
        detected=tuple(analysis.instruments[column] for column in highest_first if is_detected[column]),
        segments=find_segments(
            smoothed,
            analysis.silent,
            window_cells(analysis),
            thresholds.window,
            instruments=analysis.instruments,
            min_segment_seconds=config.min_segment_seconds,
        ),
    )


def smooth(probabilities: FloatArray, silent: BoolArray, n_windows: int) -> FloatArray:
    """Centred moving average of each instrument's probability over neighbouring windows.

    A window is averaged with its ``n_windows // 2`` neighbours on either side. Where `n_windows` is even, the
    outermost neighbours count half, so that the average is centred and its weights still add up to
    `n_windows`: 2 windows weigh 1/4, 1/2, 1/4. At the ends of the recording and beside silent windows the
    average is over the windows that exist, with the same weights: nothing is padded, and a constant stays
    constant. Each run of sounding windows is smoothed on its own.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, n_instruments), dtype=float32]
        In [0, 1].
    silent : np.ndarray [shape=(n,), dtype=bool]
        Windows that are neither used nor bridged.
    n_windows : int in 1..7
        Length of the average; 1 changes nothing.

    Returns
    -------
    smoothed : np.ndarray [shape=(n, n_instruments), dtype=float32]
        In [0, 1]; rows of silent windows are 0.

    Raises
    ------
    ValueError
        If `n_windows` is out of range or the shapes disagree.

    Examples
    --------
    >>> one_instrument = np.array([[0.0], [0.5], [1.0], [0.25]], dtype=np.float32)
    >>> smooth(one_instrument, np.zeros(4, dtype=bool), 3).ravel().tolist()
    [0.25, 0.5, 0.5833333134651184, 0.625]
    """
    if not 1 <= n_windows <= MAX_SMOOTHING_WINDOWS:
        raise ValueError(f"n_windows must lie in 1..{MAX_SMOOTHING_WINDOWS}, got {n_windows}")
    silent = np.asarray(silent, dtype=bool)
    if np.ndim(probabilities) != 2 or silent.shape != (len(probabilities),):
        raise ValueError(
            "probabilities must be (n, n_instruments) and silent (n,), "
            f"got {np.shape(probabilities)} and {silent.shape}"
        )
    sounding = ~silent
    values = np.where(silent[:, np.newaxis], 0.0, np.asarray(probabilities, dtype=np.float64))
    run = np.cumsum(silent)  # the sounding windows of one run share a number

    total = values.copy()
    weight = sounding.astype(np.float64)
    half_width = n_windows // 2
    for offset in range(1, min(half_width, len(values) - 1) + 1):
        in_same_run = sounding[:-offset] & sounding[offset:] & (run[:-offset] == run[offset:])
        counts_half = n_windows % 2 == 0 and offset == half_width
        share = in_same_run * (0.5 if counts_half else 1.0)
        total[:-offset] += share[:, np.newaxis] * values[offset:]
        total[offset:] += share[:, np.newaxis] * values[:-offset]
        weight[:-offset] += share
        weight[offset:] += share
    return (total / np.maximum(weight, 1.0)[:, np.newaxis]).astype(np.float32)


def aggregate(smoothed: FloatArray, silent: BoolArray, aggregation: Aggregation) -> FloatArray:
    """Join the sounding windows of a recording into one score per instrument.

    Parameters
    ----------
    smoothed : np.ndarray [shape=(n_windows, n_instruments), dtype=float32]
    silent : np.ndarray [shape=(n_windows,), dtype=bool]
        Windows that are left out.
    aggregation : {"mean", "max"}

    Returns
    -------
    scores : np.ndarray [shape=(n_instruments,), dtype=float32]
        In [0, 1]; all 0 if every window is silent.

    Raises
    ------
    ValueError
        If `aggregation` is neither of the two.
    """
    sounding = smoothed[~np.asarray(silent, dtype=bool)]
    if aggregation not in AGGREGATIONS:
        raise ValueError(f"aggregation must be 'mean' or 'max', got {aggregation!r}")
    if not len(sounding):
        return np.zeros(smoothed.shape[1], dtype=np.float32)
    if aggregation == "max":
        return np.asarray(sounding.max(axis=0), dtype=np.float32)
    return np.asarray(sounding.mean(axis=0, dtype=np.float64), dtype=np.float32)


def choose_thresholds(analysis: Analysis, config: DecodingConfig) -> AppliedThresholds:
    """Resolve ``config.threshold``: a number counts for windows and recording alike, "auto" asks the model.

    The model's thresholds for a recording depend on the aggregation: what one window in a hundred reaches by
    chance is no evidence under "max".

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig

    Returns
    -------
    thresholds : AppliedThresholds
    """
    if config.threshold == "auto":
        own = analysis.thresholds
        recording = own.recording_max if config.aggregation == "max" else own.recording_mean
        return AppliedThresholds(window=own.window, recording=recording)
    everywhere = np.full(len(analysis.instruments), config.threshold, dtype=np.float32)
    return AppliedThresholds(window=everywhere, recording=everywhere)


def find_segments(
    smoothed: FloatArray,
    silent: BoolArray,
    cells: npt.NDArray[np.float64],
    thresholds: FloatArray,
    *,
    instruments: Sequence[str],
    min_segment_seconds: float = 0.0,
) -> tuple[Segment, ...]:
    """Join neighbouring windows that reach the threshold into time ranges.

    Parameters
    ----------
    smoothed : np.ndarray [shape=(n_windows, n_instruments), dtype=float32]
    silent : np.ndarray [shape=(n_windows,), dtype=bool]
        Windows that belong to no segment.
    cells : np.ndarray [shape=(n_windows, 2), dtype=float64]
        Start and end of what each window speaks for, s; see `instrunet_widgets.results.window_cells`.
    thresholds : np.ndarray [shape=(n_instruments,), dtype=float32]
        What a window must reach (equal is enough).
    instruments : sequence of str
        Codes, in the order of the columns.
    min_segment_seconds : float >= 0
        Shorter ranges are dropped, s.

    Returns
    -------
    segments : tuple of Segment
        Ordered by start, then by the order of `instruments`.
    """
    n_windows, n_instruments = smoothed.shape
    reached = (smoothed >= thresholds) & ~silent[:, np.newaxis]
    steps = np.diff(reached.T.astype(np.int8), axis=1, prepend=0, append=0)
    column, first = np.nonzero(steps == 1)
    stop = np.nonzero(steps == -1)[1]  # one past the last window; pairs with `first`, both in row order
    start, end = cells[first, 0], cells[stop - 1, 1]

    # Running sums, of the windows that count and no others, give the mean of every range at once.
    running = np.zeros((n_instruments, n_windows + 1))
    np.cumsum(np.where(reached, smoothed, 0).T, axis=1, dtype=np.float64, out=running[:, 1:])
    confidence = np.clip((running[column, stop] - running[column, first]) / (stop - first), 0.0, 1.0)

    # A short last window can speak for no time at all; alone it is no segment.
    keep = (end > start) & (end - start >= min_segment_seconds - _TIME_TOLERANCE_SECONDS)
    order = np.lexsort((column, start))
    order = order[keep[order]]
    rows = zip(*(values[order].tolist() for values in (column, start, end, confidence)), strict=True)
    return tuple(Segment(instruments[k], begin, finish, mean) for k, begin, finish, mean in rows)
