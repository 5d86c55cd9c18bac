"""Confidence intervals by resampling songs [1]_.

Excerpts of one song resemble each other, so drawing single excerpts would make intervals too narrow: whole songs are
drawn with replacement, as many as there are, and all their excerpts come along.

References
----------
.. [1] B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993 (percentile intervals).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

N_RESAMPLES = 2_000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """Where a measure lies in `LEVEL` of the resamples."""

    low: float
    high: float


@dataclass(frozen=True)
class Intervals:
    """Confidence intervals of one set of predictions.

    Parameters
    ----------
    micro_f1, macro_f1, lrap : Interval or None
        None if there are fewer than two songs.
    per_class_f1 : tuple of Interval or None
        In the order of the columns; None also for a class that no row carries.
    """

    micro_f1: Interval | None
    macro_f1: Interval | None
    lrap: Interval | None
    per_class_f1: tuple[Interval | None, ...]


def bootstrap_songs(
    heard: npt.NDArray[np.bool_],
    targets: npt.NDArray[np.bool_],
    ranking_precision: npt.NDArray[np.float64],
    songs: Sequence[str],
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Intervals:
    """Confidence intervals of F1 and of label ranking average precision.

    Parameters
    ----------
    heard, targets : np.ndarray [shape=(n, n_classes), dtype=bool]
        What was predicted, and what is true.
    ranking_precision : np.ndarray [shape=(n,), dtype=float64]
        Label ranking average precision of each row.
    songs : sequence of str
        Song of each row.
    n_resamples, seed : int

    Returns
    -------
    intervals : Intervals
        A class that no row of a resample carries is left out of that resample's macro mean.
    """
    names, song = np.unique(np.asarray(songs, dtype=str), return_inverse=True)
    n_songs, n_classes = len(names), heard.shape[1]
    if n_songs < 2:
        return Intervals(None, None, None, (None,) * n_classes)
    hits, wrong, positives = (np.zeros((n_songs, n_classes)) for _ in range(3))
    np.add.at(hits, song, heard & targets)
    np.add.at(wrong, song, heard != targets)
    np.add.at(positives, song, targets)
    rankings = np.stack([np.bincount(song, ranking_precision), np.bincount(song)], axis=1)

    rng = np.random.default_rng(seed)
    draws = rng.multinomial(n_songs, np.full(n_songs, 1 / n_songs), size=n_resamples).astype(float)
    hits, wrong, rankings = draws @ hits, draws @ wrong, draws @ rankings
    f1 = np.where(draws @ positives > 0, _f1(hits, wrong), np.nan)
    macro = [row[np.isfinite(row)].mean() for row in f1 if np.isfinite(row).any()]
    return Intervals(
        micro_f1=find_interval(_f1(hits.sum(axis=1), wrong.sum(axis=1))),
        macro_f1=find_interval(np.asarray(macro)),
        lrap=find_interval(rankings[:, 0] / rankings[:, 1]),
        per_class_f1=tuple(find_interval(column[np.isfinite(column)]) for column in f1.T),
    )


def _f1(hits: npt.NDArray[np.float64], wrong: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(2 * hits / np.maximum(2 * hits + wrong, 1))


def find_interval(values: npt.NDArray[np.float64]) -> Interval | None:
    """Where the middle `LEVEL` of the resamples lies.

    Parameters
    ----------
    values : np.ndarray [shape=(n_resamples,), dtype=float64]
        A measure of each.

    Returns
    -------
    interval : Interval or None
        None without resamples.
    """
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
