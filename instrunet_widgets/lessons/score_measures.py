"""The scores of lesson 6 in plain NumPy: F1, ranking, calibration, confusion, resampling.

The reports take theirs from scikit-learn (`training.metrics`), which a lesson does not need. Conventions are the same:
a class counts as heard from its threshold on, and a class without labelled clips has no score (here NaN).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from ..training.metrics import find_bins
from .arrays import Bools, Floats

_LEAST = 1e-7  # probabilities are kept this far from 0 and 1 before their logit is taken
_AT_ONCE = 100  # resamples


@dataclass(frozen=True, eq=False)
class Counts:
    """What F1 is made of, for each class; leading axes are resamples.

    Parameters
    ----------
    hits, found, labelled : np.ndarray [shape=(..., n_classes), dtype=float64]
        Clips found and labelled, found, labelled.
    """

    hits: Floats
    found: Floats
    labelled: Floats

    @property
    def f1(self) -> Floats:
        """F1 of each class, shape (..., n_classes); NaN where nothing is labelled."""
        return np.where(self.labelled > 0, _divide(2 * self.hits, self.found + self.labelled), np.nan)

    @property
    def micro_f1(self) -> Floats:
        """F1 of all classes' clips together, shape (...); NaN without a label."""
        return _divide(2 * self.hits.sum(axis=-1), (self.found + self.labelled).sum(axis=-1)) + self._missing

    @property
    def macro_f1(self) -> Floats:
        """Mean of the classes' F1, shape (...); NaN without a label."""
        return _divide(np.nansum(self.f1, axis=-1), (self.labelled > 0).sum(axis=-1)) + self._missing

    @property
    def _missing(self) -> Floats:
        return np.where(self.labelled.sum(axis=-1) > 0, 0.0, np.nan)


def _divide(above: Floats, below: npt.NDArray[np.generic]) -> Floats:
    """0 where there is nothing to divide by."""
    return np.asarray(above / np.maximum(below, 1e-12))


def count(heard: Bools, labels: Bools) -> Counts:
    """Count clips.

    Parameters
    ----------
    heard, labels : np.ndarray [shape=(n, n_classes), dtype=bool]
    """
    return Counts(*(one.sum(axis=0).astype(np.float64) for one in (heard & labels, heard, labels)))


def resample(
    heard: Bools, labels: Bools, units: npt.NDArray[np.generic], *, n_resamples: int = 1_000, seed: int = 0
) -> Counts:
    """Draw as many units as there are, with replacement, again and again, and count their clips.

    Parameters
    ----------
    heard, labels : np.ndarray [shape=(n, n_classes), dtype=bool]
    units : np.ndarray [shape=(n,)]
        What is drawn: the recording of each clip, or its own number.
    n_resamples, seed : int

    Returns
    -------
    counts : Counts
        Arrays of shape (n_resamples, n_classes).
    """
    names, unit = np.unique(units, return_inverse=True)
    n = len(names)
    table = np.zeros((n, 3 * labels.shape[1]))
    np.add.at(table, unit, np.concatenate([heard & labels, heard, labels], axis=1))
    rng = np.random.default_rng(seed)
    parts = []
    for start in range(0, n_resamples if n else 0, _AT_ONCE):
        drawn = rng.integers(n, size=(min(_AT_ONCE, n_resamples - start), n))
        parts.append(np.stack([np.bincount(row, minlength=n) for row in drawn]) @ table)
    sums = np.concatenate(parts) if parts else np.zeros((0, table.shape[1]))
    return Counts(*np.split(sums, 3, axis=1))


@dataclass(frozen=True, eq=False)
class Ranking:
    """Clips in the order of their scores, cut after each different score from the highest on.

    Parameters
    ----------
    scores : np.ndarray [shape=(n_cuts,)]
        Lowest score above each cut.
    hits, false_alarms : np.ndarray [shape=(n_cuts,)]
        Clips above it with and without the label.
    """

    scores: Floats
    hits: Floats
    false_alarms: Floats

    @property
    def n_positives(self) -> int:
        """Clips with the label."""
        return int(self.hits[-1]) if len(self.hits) else 0

    @property
    def n_negatives(self) -> int:
        """Clips without it."""
        return int(self.false_alarms[-1]) if len(self.hits) else 0

    @property
    def recall(self) -> Floats:
        """Share of the labelled clips above each cut."""
        return _divide(self.hits, np.array(self.n_positives))

    @property
    def false_share(self) -> Floats:
        """Share of the other clips above each cut."""
        return _divide(self.false_alarms, np.array(self.n_negatives))

    @property
    def precision(self) -> Floats:
        """Share of what is above each cut that is labelled."""
        return _divide(self.hits, self.hits + self.false_alarms)

    @property
    def roc_auc(self) -> float:
        """Area below `recall` over `false_share`; NaN if one of the two kinds of clips is missing."""
        if not self.n_positives or not self.n_negatives:
            return float("nan")
        return float(np.trapezoid(np.append(0.0, self.recall), np.append(0.0, self.false_share)))

    @property
    def average_precision(self) -> float:
        """Mean of the precision at each labelled clip; NaN without one."""
        return float((np.diff(self.recall, prepend=0.0) * self.precision).sum()) if self.n_positives else float("nan")


def rank(labels: Bools, scores: Floats) -> Ranking:
    """Put clips in order.

    Parameters
    ----------
    labels : np.ndarray [shape=(n,), dtype=bool]
    scores : np.ndarray [shape=(n,), dtype=float64]
    """
    order = np.argsort(-scores, kind="stable")
    labels, scores = labels[order], scores[order]
    cuts = np.flatnonzero(np.append(np.diff(scores) != 0, True)) if len(scores) else np.zeros(0, dtype=int)
    return Ranking(scores[cuts], np.cumsum(labels)[cuts] * 1.0, np.cumsum(~labels)[cuts] * 1.0)


@dataclass(frozen=True, eq=False)
class Reliability:
    """How sure, and how often right, in bins of equally many clips.

    Parameters
    ----------
    said, right : np.ndarray [shape=(n_bins,)]
        Mean probability, and share that was right.
    n_clips : np.ndarray [shape=(n_bins,)]
    """

    said: Floats
    right: Floats
    n_clips: Floats


def find_reliability(confidence: Floats, correct: Bools, n_bins: int) -> Reliability:
    """Sort clips into bins as `training.metrics.expected_calibration_error` does; equal ones share a bin.

    Parameters
    ----------
    confidence : np.ndarray [shape=(n,)]
    correct : np.ndarray [shape=(n,), dtype=bool]
    n_bins : int
    """
    number = find_bins(confidence, n_bins)
    n_clips = np.bincount(number, minlength=n_bins)
    used = n_clips > 0
    sums = (np.bincount(number, weights=one, minlength=n_bins) for one in (confidence, correct.astype(np.float64)))
    said, right = (one[used] / n_clips[used] for one in sums)
    return Reliability(said, right, n_clips[used].astype(np.float64))


def to_logits(probabilities: Floats) -> Floats:
    """Logarithm of the odds; the sigmoid's inverse."""
    return np.asarray(logit(np.clip(probabilities, _LEAST, 1 - _LEAST)))
