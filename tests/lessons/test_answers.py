"""The exercises of the lessons: answers that are often wrong get a hint. Right ones are in the notebooks."""

from __future__ import annotations

import re
from types import ModuleType

import numpy as np
import pytest
from scipy.special import expit, softmax

from instrunet_widgets import DecodingConfig
from instrunet_widgets.lessons import (
    how_good_is_it,
    sound_to_log_mel,
    the_network,
    training_experiments,
    windows_and_labels,
    windows_to_timeline,
)
from instrunet_widgets.lessons.exercise import Exercise
from instrunet_widgets.lessons.patterns import convolve

LESSONS: tuple[ModuleType, ...] = (
    sound_to_log_mel,
    windows_and_labels,
    the_network,
    training_experiments,
    windows_to_timeline,
    how_good_is_it,
)

ANYTHING = [
    *(0, -1, True, "", "text", float("nan"), float("inf"), 1j, [], {}, [None], np.array([]), np.full(3, np.nan)),
    *(lambda *given: float("nan"), lambda *given: np.nan, lambda *given: given, lambda *given: "text", lambda: 1),
    *(lambda *given: 1 / 0, lambda *given: [], lambda *given: np.full((3, 3), np.nan), object(), DecodingConfig),
]


def exercises_of(lesson: ModuleType) -> dict[str, Exercise]:
    return {name: value for name, value in vars(lesson).items() if isinstance(value, Exercise)}


ALL = [pytest.param(one, id=name) for lesson in LESSONS for name, one in exercises_of(lesson).items()]


def db(power, floor, *, factor=10, reference=np.max):
    decibels = factor * np.log10(np.maximum(power, 1e-10))
    return np.maximum(decibels - reference(decibels), -floor)


def f1_of(hits, found, labelled):
    """A class without a label counts as 0."""
    return 2 * hits / np.maximum(found + labelled, 1)


def micro_macro(hits, found, labelled):
    known = labelled > 0
    return f1_of(hits.sum(), found.sum(), labelled.sum()), f1_of(hits, found, labelled)[known].mean()


def macro_of_means(hits, found, labelled):
    """F1 of mean precision and mean recall."""
    known = labelled > 0
    precision, recall = (np.mean(hits[known] / np.maximum(one[known], 1)) for one in (found, labelled))
    return 2 * precision * recall / (precision + recall)


WRONG = {
    "resolution": [256, 512, 2_048, 4_096, 1_024.0, "1024", "1,024"],
    "frames": [
        lambda n, hop: n // hop,
        lambda n, hop: n / hop + 1,
        lambda n, hop: -(-n // hop),
        lambda n, hop: 130,
        lambda n, hop: 1 + (n - 1) // hop,
        130,
    ],
    "decibels": [
        lambda p, top: 10 * np.log10(np.maximum(p, 1e-10)),
        lambda p, top: 10 * np.log10(p / p.max()),  # no floor, minus infinity for 0
        lambda p, top: db(p, top, factor=20),
        lambda p, top: db(p, 80.0),
        lambda p, top: db(p, top, reference=np.mean),
        lambda p, top: np.clip(10 * np.log10(p + 1e-10), -top, 0),
        lambda p, top: db(p, top).ravel(),
        lambda p, top: -db(p, top),
    ],
    "recording_of": [
        lambda name: re.search(r"\d+", name).group(),  # the running number in front
        lambda name: int(name.split("]")[-1].split("__")[0]),
        lambda name: name.split("]")[-1],
        lambda name: name.split("__")[0],
        lambda name: str(int(name.split("]")[-1].split("__")[0])),
        lambda name: name,
        lambda name: name[-11:-7],  # right for most
    ],
    "leak_share": [
        lambda train, test: sum(one in train for one in test),
        lambda train, test: sum(one in test for one in train) / max(1, len(train)),
        lambda train, test: len(set(train) & set(test)) / max(1, len(set(test))),
        lambda train, test: sum(one in train for one in test) / len(test),  # an empty test
        lambda train, test: 100 * sum(one in train for one in test) / max(1, len(test)),
    ],
    "expected_leaks": [0.96, 80, 64, 4, 20, 95, 97, 100, 96.6, "96", "ninety-six"],
    "convolution": [
        lambda p, k: convolve(p, k[::-1, ::-1]),  # mirrored, as mathematicians do
        lambda p, k: convolve(np.pad(p, 1), k),
        lambda p, k: convolve(p, k) / k.size,
        lambda p, k: np.maximum(convolve(p, k), 0),
        lambda p, k: convolve(p, k).T,
        lambda p, k: p * k,
        convolve(np.eye(3), np.eye(2)),
    ],
    "parameters": [9, 576, 1_152, 8_192, 73_856, 18_874_368, 73_727, "73,728", 204_800],
    "attention": [
        lambda logits, scores: softmax(scores) * logits,
        lambda logits, scores: scores * expit(logits),
        lambda logits, scores: np.exp(scores) * expit(logits),
        lambda logits, scores: softmax(logits) * expit(scores),
        lambda logits, scores: expit(logits) / len(logits),
        lambda logits, scores: float(np.sum(softmax(scores) * expit(logits))),
    ],
    "momentum_step": [
        lambda w, v, g, rate, m: (w + v, m * v - rate * g),  # moves by the old velocity
        lambda w, v, g, rate, m: (w - rate * g, v),
        lambda w, v, g, rate, m: (m * v - rate * g, w + m * v - rate * g),
        lambda w, v, g, rate, m: (w + m * v + rate * g, m * v + rate * g),
        lambda w, v, g, rate, m: w + m * v - rate * g,
        lambda w, v, g, rate, m: (w + m * v - (1 - m) * rate * g, m * v - (1 - m) * rate * g),
    ],
    "normalisation": [
        lambda v, e: (v - v.mean()) / np.sqrt(v.var() + e),
        lambda v, e: (v - v.mean(axis=0)) / (v.std(axis=0) + e),
        lambda v, e: (v - v.mean(axis=0)) / (v.var(axis=0) + e),
        lambda v, e: (v - v.mean(axis=0)) / np.sqrt(v.var(axis=0, ddof=1) + e),
        lambda v, e: (v.T - v.mean(axis=1)).T,
        lambda v, e: v - v.mean(axis=0),
    ],
    "seeds": ["b", "best", "equal", "chances", 0.01],
    "smoothing": [
        lambda v: v,
        lambda v: np.convolve(v, np.ones(3) / 3, mode="same"),  # zeros beyond the ends
        lambda v: np.convolve(v, np.ones(3) / 3, mode="valid"),
        lambda v: np.array([np.mean(v[max(0, k - 2) : k + 1]) for k in range(len(v))]),
        lambda v: np.array([np.median(v[max(0, k - 1) : k + 2]) for k in range(len(v))]),
    ],
    "precision_recall": [
        lambda found, labelled: (found & labelled).mean(),
        lambda found, labelled: (
            (found & labelled).sum() / max(1, labelled.sum()),
            (found & labelled).sum() / max(1, found.sum()),
        ),
        lambda found, labelled: ((found == labelled).mean(), (found == labelled).mean()),
        lambda found, labelled: ((found & labelled).sum() / found.sum(), (found & labelled).sum() / labelled.sum()),
        lambda found, labelled: {"precision": 1.0, "recall": 1.0},
    ],
    "tuned": [
        DecodingConfig(),  # as the app begins
        DecodingConfig(threshold=1.0),
        DecodingConfig(threshold=0.0),
        DecodingConfig(threshold=0.7),
        0.3,
        {"threshold": 0.3},
    ],
    "micro_macro": [
        lambda hits, found, labelled: micro_macro(hits, found, labelled)[::-1],
        lambda hits, found, labelled: micro_macro(hits, found, labelled)[:1] * 2,
        lambda hits, found, labelled: (micro_macro(hits, found, labelled)[0], f1_of(hits, found, labelled).mean()),
        lambda hits, found, labelled: (micro_macro(hits, found, labelled)[0], macro_of_means(hits, found, labelled)),
        lambda hits, found, labelled: (hits.sum() / labelled.sum(), micro_macro(hits, found, labelled)[1]),
        lambda hits, found, labelled: tuple(100 * value for value in micro_macro(hits, found, labelled)),
        lambda hits, found, labelled: micro_macro(hits, found, labelled)[0],
    ],
    "area": [
        lambda positives, negatives: np.mean(positives[:, np.newaxis] > negatives),
        lambda positives, negatives: np.mean(positives[:, np.newaxis] >= negatives),
        lambda positives, negatives: positives.mean() - negatives.mean(),
        lambda positives, negatives: float(positives.mean() > negatives.mean()),
        lambda positives, negatives: np.mean(negatives[:, np.newaxis] >= positives),
        lambda positives, negatives: np.sum(positives[:, np.newaxis] > negatives),
        lambda positives, negatives: np.mean(positives > negatives.mean()),
        0.5,
    ],
    "fair": ["clip", "test", "threshold", "digits", "A", "d", 4, ("interval",)],
}


@pytest.mark.parametrize("exercise", ALL)
def test_anything_at_all_gets_a_hint(exercise: Exercise) -> None:
    for answer in ANYTHING:
        feedback = exercise.check(answer)
        assert feedback.state == "wrong", repr(answer)
        assert exercise.hint in feedback.text
    assert exercise.check(None).state == "open"


@pytest.mark.parametrize("exercise", ALL)
def test_a_likely_mistake_gets_a_hint(exercise: Exercise, request: pytest.FixtureRequest) -> None:
    wrong = WRONG[request.node.callspec.id]
    for number, answer in enumerate(wrong):
        feedback = exercise.check(answer)
        assert feedback.state == "wrong", f"answer {number}"
        assert exercise.hint in feedback.text


def test_hints_and_praise_are_short() -> None:
    for lesson in LESSONS:
        for name, exercise in exercises_of(lesson).items():
            assert 10 < len(exercise.hint) < 220, name
            assert 10 < len(exercise.praise) < 200, name


def test_every_lesson_has_two_or_three_exercises() -> None:
    assert {len(exercises_of(lesson)) for lesson in LESSONS} <= {2, 3}
