"""Lesson 3: what happens inside the network."""

from __future__ import annotations

import os
from functools import cache

import numpy as np

from ..instruments import CODES
from ..training.inspection import NetworkInspector
from .class_maps import ClassMapExplorer, FeatureMapExplorer, Notes
from .exercise import Exercise
from .judging import judge_function, judge_number
from .material import load_classifier, load_piece, make_opening, model_folder
from .network_widgets import ConvolutionExplorer, FilterExplorer, LayerTable
from .notices import require_extra, stop_on_error
from .panel import Panel
from .patterns import convolve

__all__ = [
    "ClassMapExplorer",
    "ConvolutionExplorer",
    "FeatureMapExplorer",
    "FilterExplorer",
    "LayerTable",
    "attention",
    "convolution",
    "load_classifier",
    "load_notes",
    "load_piece",
    "open_network",
    "parameters",
    "start",
]

_NOTES_PER_INSTRUMENT = 6


def start() -> Panel:
    """The lesson's first card."""
    open_network()  # if the network or the extra is missing, that is said here
    return make_opening(3, 35, "The network compares the picture with small patterns, then with patterns of patterns.")


@cache
def open_network() -> NetworkInspector:
    """The network that comes with InstruNet, to look into; some seconds the first time.

    Raises
    ------
    LessonStop
        If it is missing, or Keras is not installed.
    """
    require_extra("03_the_network", "keras", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from ..training.inspection import open_network as open_folder

    with stop_on_error():
        return open_folder(model_folder())


@cache
def load_notes() -> Notes:
    """Some of the single notes that come with InstruNet, the same number of each instrument.

    Raises
    ------
    LessonStop
        If they are missing.
    """
    from ..training.example_notes import load_example_notes

    with stop_on_error():
        folder = load_example_notes()
    labels = folder.frame["class"].to_numpy(dtype=str)
    places = [np.flatnonzero(labels == code) for code in CODES]
    chosen = [
        one[np.linspace(0, len(one) - 1, min(len(one), _NOTES_PER_INSTRUMENT)).astype(int)]
        for one in places if len(one)
    ]  # fmt: skip
    rows = np.concatenate(chosen)
    return Notes(folder.decibels(rows), tuple(labels[rows].tolist()))


def _attend(logits: np.ndarray, scores: np.ndarray) -> np.ndarray:
    shares = np.exp(scores - scores.max())
    return np.asarray(shares / shares.sum() / (1 + np.exp(-logits)))


def _make_case(seed: int, n_times: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 3, n_times), rng.normal(0, 2, n_times)


convolution = Exercise(
    judge_function(
        convolve,
        [
            (np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]), np.array([[1.0, -1.0]])),
            (np.arange(12.0).reshape(3, 4) ** 2, np.array([[0.0, 1.0], [2.0, -3.0]])),
            (np.eye(4), np.ones((3, 3))),
            (np.arange(6.0).reshape(2, 3), np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 4.0]])),
        ],
    ),
    hint="At row i, column j: multiply picture[i:i+h, j:j+w] with the kernel cell by cell, add up; "
    "do not mirror. The result has h - 1 rows and w - 1 columns less.",
    praise="The network does just this, with kernels that it learnt: some 87 million multiplications for a window.",
)
parameters = Exercise(
    judge_number(
        73_728,
        hints={
            1_152: "Each of the 128 kernels reaches through all 64 input channels.",
            576: "That is one kernel; there are 128.",
            73_856: "That counts a bias for each kernel; batch normalisation takes its place here.",
            9: "That is one kernel on one channel.",
            8_192: "That is without the 9 cells of each kernel.",
            18_874_368: "That is how many multiplications it takes, not how many numbers are learnt.",
        },
    ),
    hint="Cells of a kernel, times input channels, times kernels. Without biases.",
    praise="3 x 3 x 64 x 128. A kernel of 5 x 5 would need 204,800, nearly three times as many.",
)
attention = Exercise(
    judge_function(
        _attend,
        [
            (np.array([0.0, 2.0]), np.array([1.0, 1.0])),
            (np.array([-4.0, 5.0, 0.0]), np.array([0.0, 2.0, -1.0])),
            _make_case(1, 4),
            _make_case(2, 8),
        ],
    ),
    hint="The probabilities are 1 / (1 + exp(-logits)), moment by moment. The shares are exp(scores), divided by the "
    "sum of all exp(scores), so that they add up to 1. Multiply the two.",
    praise="Added up over time, this is the network's answer itself: nothing is estimated.",
)
