"""Lesson 5: from windows to a timeline."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np

from ..config import DecodingConfig
from ..results import Analysis
from ..segment_scores import RangeScore, compare_seconds
from .exercise import Exercise
from .judging import RIGHT, judge_function
from .material import analyze_piece, load_labels, load_piece, make_opening
from .one_instrument import SmoothingExplorer, ThresholdExplorer
from .panel import Panel
from .timeline_findings import TimelineFindings, read_findings
from .timeline_widgets import (
    MeanMaxExplorer,
    PrecisionRecallExplorer,
    Tuning,
    WindowExplorer,
)

__all__ = [
    "MeanMaxExplorer",
    "PrecisionRecallExplorer",
    "SmoothingExplorer",
    "ThresholdExplorer",
    "TimelineFindings",
    "Tuning",
    "WindowExplorer",
    "analyze_piece",
    "list_settings",
    "load_labels",
    "load_piece",
    "precision_recall",
    "read_findings",
    "score",
    "smoothing",
    "start",
    "tuned",
]

_BEST_SHARE = 0.05  # of `list_settings`: what they reach is good enough


def start() -> Panel:
    """The lesson's first card."""
    analyze_piece()  # if the network is missing, that is said here
    return make_opening(
        5, 35, "The network gives numbers for single windows; a few simple rules make a timeline of them."
    )


def score(config: DecodingConfig, analysis: Analysis | None = None) -> RangeScore:
    """How well the demo piece is read with some settings: seconds, all instruments together.

    Parameters
    ----------
    config : DecodingConfig
    analysis : Analysis, optional
        Default: that of the demo piece.
    """
    return compare_seconds((analysis or analyze_piece()).decode(config).segments, load_labels()).total


def list_settings() -> list[DecodingConfig]:
    """Settings worth trying: thresholds, smoothing and shortest range on a coarse grid."""
    thresholds: list[Any] = ["auto", *(k / 20 for k in range(1, 20))]
    grid = product(thresholds, (1, 2, 3, 5, 7), (0.0, 1.5, 3.0, 4.5))
    return [
        DecodingConfig(threshold=threshold, smoothing_windows=n_windows, min_segment_seconds=shortest)
        for threshold, n_windows, shortest in grid
    ]


@cache
def find_target() -> float:
    """The F1 that the learner is to reach: that of the best twentieth of `list_settings`, in whole thousandths."""
    reached = np.quantile([score(config).f1 for config in list_settings()], 1 - _BEST_SHARE, method="lower")
    return float(np.floor(1_000 * reached) / 1_000)


def _smooth_three(values: np.ndarray) -> np.ndarray:
    return np.array([np.mean(values[max(0, k - 1) : k + 2]) for k in range(len(values))])


def _measure(found: np.ndarray, labelled: np.ndarray) -> tuple[float, float]:
    n_right = int(np.sum(found & labelled))
    return n_right / max(1, int(np.sum(found))), n_right / max(1, int(np.sum(labelled)))


def _judge_settings(answer: Any) -> str:
    if not isinstance(answer, DecodingConfig):
        return "Hand in a DecodingConfig, for example DecodingConfig(threshold=0.3, smoothing_windows=5)."
    reached = score(answer).f1
    return RIGHT if reached >= find_target() else f"F1 is {reached:.3f}; {find_target():.3f} can be reached."


def _bits(text: str) -> np.ndarray:
    return np.array([character == "1" for character in text])


smoothing = Exercise(
    judge_function(
        _smooth_three,
        [
            (np.array([0.0, 0.0, 0.9, 0.0, 0.0]),),
            (np.array([0.6, 0.0, 0.3]),),
            (np.linspace(0, 1, 9) ** 2,),
        ],
        tolerance=1e-6,
    ),
    hint="The mean of a value and its two neighbours; the first and the last have only one neighbour, so they are "
    "the mean of two.",
    praise="A single high window became three low ones: a click is no instrument.",
)
precision_recall = Exercise(
    judge_function(
        _measure,
        [
            (_bits("1100"), _bits("1010")),
            (_bits("111111"), _bits("001000")),
            (_bits("0010"), _bits("0111")),
            (_bits("0000"), _bits("0110")),
            (_bits("1001"), _bits("0000")),
        ],
    ),
    hint="Count where both are True. Precision divides that by what was found, recall by what is labelled; where "
    "there is nothing to divide by, give 0.",
    praise="Finding everything makes recall 1 and precision poor; finding nothing makes both 0.",
)
tuned = Exercise(
    _judge_settings,
    hint="Turn the knobs and watch F1: the threshold first, then smoothing, then the shortest range.",
    praise="But these settings were chosen on the piece they are scored on: on another one they will do less well.",
)
