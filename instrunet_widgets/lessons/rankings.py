"""Rankings of a rare instrument, drawn again and again: their mean, and how far chance moves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import Bools, Floats
from .score_measures import Ranking, rank

N_DRAWS = 20


def rank_draws(labels: Bools, scores: Floats, share: float) -> tuple[Ranking, ...]:
    """Put clips in order with only some of the labelled ones, drawn at random, and all others.

    Parameters
    ----------
    labels : np.ndarray [shape=(n,), dtype=bool]
    scores : np.ndarray [shape=(n,), dtype=float64]
    share : float in [0, 1]
        How many of the labelled clips each draw keeps.

    Returns
    -------
    rankings : tuple of Ranking
        `N_DRAWS` of them; a single one where nothing is left to chance, with all or none of the labelled clips.
    """
    own = np.flatnonzero(labels)
    n_kept = round(share * len(own))
    rankings = []
    for seed in range(N_DRAWS if 0 < n_kept < len(own) else 1):
        keep = ~labels
        keep[np.random.default_rng(seed).choice(own, n_kept, replace=False)] = True
        rankings.append(rank(labels[keep], scores[keep]))
    return tuple(rankings)


@dataclass(frozen=True, eq=False)
class Spread:
    """Mean, lowest and highest of several numbers, at each of several places.

    Parameters
    ----------
    mean, low, high : np.ndarray [shape=(n_places,)]
        NaN where there is no number.
    """

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Cuts:
    """What lies above the same thresholds in several rankings.

    Parameters
    ----------
    false_share, recall, precision : Spread
        At each threshold; a ranking in which nothing lies above it has no precision.
    """

    false_share: Spread
    recall: Spread
    precision: Spread


def cut(rankings: Sequence[Ranking], thresholds: Floats) -> Cuts:
    """Cut rankings at thresholds.

    Parameters
    ----------
    rankings : sequence of Ranking
        At least one.
    thresholds : np.ndarray [shape=(n_thresholds,)]
        A clip lies above a threshold that equals its score.
    """
    columns = []
    for one in rankings:
        place = np.searchsorted(-one.scores, -thresholds, side="right")
        begun = ((0.0, one.false_share), (0.0, one.recall), (np.nan, one.precision))  # where nothing is found yet
        columns.append([np.append(start, values)[place] for start, values in begun])
    return Cuts(*(_spread(np.stack(values)) for values in zip(*columns, strict=True)))


def _spread(values: Floats) -> Spread:
    """Of the rankings, the first axis."""
    known = np.ma.masked_invalid(values)
    reduced = (known.mean(axis=0), known.min(axis=0), known.max(axis=0))
    return Spread(*(one.filled(np.nan) for one in reduced))
