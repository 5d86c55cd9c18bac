"""Lesson 6: what a score says, and what it does not."""

from __future__ import annotations

import numpy as np

from .confusion_widgets import ConfusionExplorer
from .exercise import Exercise
from .interval_widgets import IntervalExplorer
from .judging import judge_choice, judge_function
from .material import make_opening
from .out_of_fold import read_scored_clips, show_folds
from .panel import Panel
from .published import FairComparison, show_published
from .ranking_widgets import RankingExplorer
from .score_widgets import CalibrationExplorer, F1Explorer

__all__ = [
    "CalibrationExplorer",
    "ConfusionExplorer",
    "F1Explorer",
    "FairComparison",
    "IntervalExplorer",
    "RankingExplorer",
    "area",
    "fair",
    "micro_macro",
    "read_scored_clips",
    "show_folds",
    "show_published",
    "start",
]


def start() -> Panel:
    """The lesson's first card."""
    read_scored_clips()  # if the predictions are missing, that is said here
    return make_opening(
        6, 40, "A score answers one question about one test; know which before you compare.", has_piece=False
    )


def _micro_macro(hits: np.ndarray, found: np.ndarray, labelled: np.ndarray) -> tuple[float, float]:
    known = labelled > 0
    f1 = 2 * hits[known] / (found + labelled)[known]
    return float(2 * hits.sum() / (found + labelled).sum()), float(f1.mean())


def _area(positives: np.ndarray, negatives: np.ndarray) -> float:
    above = positives[:, np.newaxis] > negatives
    equal = positives[:, np.newaxis] == negatives
    return float((above + 0.5 * equal).mean())


micro_macro = Exercise(
    judge_function(
        _micro_macro,
        [
            (np.array([90, 1]), np.array([100, 1]), np.array([100, 10])),
            (np.array([8, 4]), np.array([10, 8]), np.array([12, 4])),
            (np.array([5, 0, 3]), np.array([9, 2, 3]), np.array([6, 0, 3])),
            (np.array([0, 7]), np.array([0, 7]), np.array([20, 14])),
        ],
    ),
    hint="F1 = 2 hits / (found + labelled). Micro: add up first, then divide. Macro: divide first, then take the mean "
    "over the instruments that are labelled at all.",
    praise="Micro asks about a clip, macro about an instrument: a rare one that fails hardly moves the first.",
)
area = Exercise(
    judge_function(
        _area,
        [
            (np.array([0.9, 0.8]), np.array([0.1, 0.3, 0.2])),
            (np.array([0.9, 0.4]), np.array([0.6, 0.1])),
            (np.array([0.5, 0.7]), np.array([0.5, 0.2, 0.7])),
            (np.array([0.2]), np.array([0.3, 0.9])),
            (np.array([0.3, 0.3]), np.array([0.3])),
        ],
    ),
    hint="Compare every clip with the instrument to every clip without it: 1 if its probability is higher, 0.5 if "
    "they are equal, 0 otherwise. Return the mean.",
    praise="No threshold occurs in it, and doubling the clips without the instrument would not change it.",
)
fair = Exercise(
    judge_choice(
        "interval",
        {
            "clip": "A split by clip lets the other one recognise recordings; it may be the worse of the two.",
            "test": "Two tests, two scales: what is a good figure on one may be a poor one on the other.",
            "threshold": "The other threshold has seen the answers; part of its lead comes from that.",
            "digits": "Draw other recordings, and a difference that small may change its sign.",
        },
    ),
    hint="Ask of both figures: the same test? The same split? Thresholds from elsewhere? And how far would each move "
    "by chance?",
    praise="That says less than people would like to hear, and it is all that was measured.",
    options={"A": "clip", "B": "test", "C": "threshold", "D": "interval", "E": "digits"},
)
