"""Lesson 4: what a training run does, and which of its settings matter."""

from __future__ import annotations

import numpy as np

from .exercise import Exercise
from .experiment_curves import ExperimentExplorer, read_experiments
from .judging import judge_choice, judge_function
from .live_training import LiveTraining
from .material import make_opening
from .notices import require_extra
from .optimisers import OptimiserExplorer
from .panel import Panel
from .ways_table import WaysTable

__all__ = [
    "ExperimentExplorer",
    "LiveTraining",
    "OptimiserExplorer",
    "WaysTable",
    "momentum_step",
    "normalisation",
    "read_experiments",
    "seeds",
    "start",
]


def start() -> Panel:
    """The lesson's first card."""
    require_extra("04_training_experiments", "keras", "tensorflow")
    idea = "Training is walking downhill in small steps; how the steps are chosen decides where one arrives."
    return make_opening(4, 40, idea, has_piece=False)


def _step(weight: float, velocity: float, gradient: float, rate: float, momentum: float) -> tuple[float, float]:
    velocity = momentum * velocity - rate * gradient
    return weight + velocity, velocity


def _normalise(values: np.ndarray, epsilon: float) -> np.ndarray:
    return np.asarray((values - values.mean(axis=0)) / np.sqrt(values.var(axis=0) + epsilon))


momentum_step = Exercise(
    judge_function(
        _step,
        [
            (2.0, 0.0, 1.0, 0.1, 0.0),
            (2.0, -0.5, 1.0, 0.1, 0.9),
            (0.0, 1.0, 0.0, 0.1, 0.5),
            (-1.0, 0.3, -2.0, 0.25, 0.8),
        ],
    ),
    hint="The new velocity first: momentum times the old one, minus rate times gradient. "
    "Then add it to the weight. Return both.",
    praise="Slopes that keep their direction add up; a slope that changes its sign at every step cancels out.",
)
normalisation = Exercise(
    judge_function(
        _normalise,
        [
            (np.array([[1.0], [3.0]]), 0.0),
            (np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 80.0]]), 1e-3),
            (np.array([[2.0, 2.0], [2.0, 6.0]]), 0.5),
            (np.arange(12.0).reshape(4, 3) ** 2, 1e-5),
        ],
    ),
    hint="For each column: subtract its mean over the rows (axis=0), divide by the root of its variance plus epsilon.",
    praise="Every channel now has mean 0 and spread 1, whatever the layers before it do. Two learnt numbers follow.",
)
seeds = Exercise(
    judge_choice(
        "chance",
        {
            "b": "Its mean is higher by 0.01; its own runs differ by 0.03.",
            "best": "The best of three says most about luck, and more runs would always seem better.",
            "equal": "That cannot be said either: a small difference may be there, only not seen with three runs.",
        },
    ),
    hint="Compare the difference between the means with how far the runs of one recipe lie apart.",
    praise="The ranges overlap nearly whole. More seeds, or a larger test, could tell.",
    options={
        "B is better: its mean is higher": "b",
        "B is better: it has the best run of all": "best",
        "the two are equally good": "equal",
        "the difference is no larger than what the seed alone does": "chance",
    },
)
