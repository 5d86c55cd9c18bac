"""The mechanism of exercises: right, wrong or open, whatever is handed in."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from instrunet_widgets.lessons.exercise import Exercise
from instrunet_widgets.lessons.judging import judge_choice, judge_function, judge_number

HINT = "Look again."


def make(judge, **settings) -> Exercise:
    return Exercise(judge, hint=HINT, praise="Well done.", **settings)


NUMBER = make(judge_number(4.0, tolerance=0.1, hints={8.0: "Half of that."}))
DOUBLE = make(judge_function(lambda x: 2 * x, [(np.array([1.0, 2.0]),), (np.array([0.5]),)]))
LENGTH = make(judge_function(lambda values: len(values), [([1, 2],), ([],)]))
TEXT = make(judge_function(lambda text: text.upper(), [("a",), ("b1",)]))
CHOICE = make(judge_choice(2, {1: "One too few."}), options={"one": 1, "two": 2, "three": 3})


class Liar:
    """Claims to equal everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None


class Unwritable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def raise_unwritable(_):
    raise Unwritable


def recurse(x):
    return recurse(x)


WRONG_VALUES = [
    *(0, 3.89, 4.2, -4.0, True, False, "4", b"4", "", float("nan"), float("inf"), -float("inf"), 4j),
    *([], [4.0], (4.0,), {}, {4.0}, np.array([4.0]), np.array([]), np.array("4"), np.float64("nan"), np.bool_(True)),
    *(object(), Liar(), int, len, lambda: 4.0, Exception("4")),
]


@pytest.mark.parametrize("answer", WRONG_VALUES, ids=repr)
@pytest.mark.parametrize("exercise", [NUMBER, CHOICE], ids=["number", "choice"])
def test_wrong_value_gets_the_hint(exercise: Exercise, answer: object) -> None:
    feedback = exercise.check(answer)
    assert feedback.state == "wrong"
    assert feedback.text.endswith(HINT)


@pytest.mark.parametrize(
    ("exercise", "function"),
    [
        (DOUBLE, lambda x: x),
        (DOUBLE, lambda x: 2 * x + 0.001),
        (DOUBLE, lambda x: (2 * x)[:, np.newaxis]),
        (DOUBLE, lambda x: (2 * x).astype(complex)),
        (DOUBLE, lambda x: (2 * x).astype(str)),
        (DOUBLE, lambda x: (2 * x).astype(object)),
        (DOUBLE, lambda x: x > 0),
        (DOUBLE, lambda x: np.full(len(x), np.nan)),
        (DOUBLE, lambda x: np.full(len(x), np.inf)),
        (DOUBLE, lambda x: np.array([2.0, 4.0])),  # right for the first case only
        (DOUBLE, lambda x: (2 * value for value in x)),
        (DOUBLE, lambda x: "right"),
        (DOUBLE, lambda x: Liar()),
        (DOUBLE, lambda x: [2 * x, 2 * x][:1]),
        (DOUBLE, lambda x: [[1], [1, 2]]),
        (DOUBLE, lambda: 1),
        (DOUBLE, lambda x: 1 / 0),
        (DOUBLE, raise_unwritable),
        (DOUBLE, recurse),
        (DOUBLE, lambda x: sys.exit(0)),
        (DOUBLE, 4.0),
        (DOUBLE, float("nan")),
        (DOUBLE, np.array([2.0, 4.0])),
        (DOUBLE, "lambda x: 2 * x"),
        (LENGTH, lambda values: True if values else 0),
        (LENGTH, lambda values: str(len(values))),
        (LENGTH, lambda values: [len(values)]),
        (LENGTH, lambda values: 2),
        (TEXT, lambda text: text),
        (TEXT, lambda text: 1),
        (TEXT, lambda text: text.upper().encode()),
        (TEXT, lambda text: Liar()),
    ],
)
def test_wrong_function_gets_the_hint(exercise: Exercise, function: object) -> None:
    feedback = exercise.check(function)
    assert feedback.state == "wrong"
    assert feedback.text.endswith(HINT)
    assert "\n" not in feedback.text


@pytest.mark.parametrize("answer", [None, ..., lambda x: None, lambda x: ..., lambda x: (1.0, ...)])
def test_nothing_handed_in_is_open_and_shows_the_hint(answer: object) -> None:
    assert DOUBLE.check(answer).state == "open"
    assert DOUBLE.check(answer).text == HINT


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        *((NUMBER, right) for right in (4, 4.0, 3.95, np.float32(4), np.int64(4), np.array(4.0))),
        (DOUBLE, lambda x: 2 * x),
        (DOUBLE, lambda x: [2 * value for value in x]),
        (LENGTH, len),
        (TEXT, str.upper),
        (CHOICE, 2),
    ],
)
def test_right_answer_is_right(exercise: Exercise, answer: object) -> None:
    assert exercise.check(answer).is_right
    assert exercise.check(answer).text == "Well done."
    exercise.confirm(answer)


def test_a_function_that_changes_its_input_does_not_spoil_the_next_check() -> None:
    def spoil(x):
        x *= 2
        return x

    assert DOUBLE.check(spoil).is_right
    assert DOUBLE.check(lambda x: 2 * x).is_right


def test_a_known_mistake_gets_a_word_of_its_own() -> None:
    assert NUMBER.check(8).text == f"Half of that. {HINT}"
    assert CHOICE.check(1).text == f"One too few. {HINT}"


def test_a_solution_that_is_not_right_fails() -> None:
    for answer in (None, 5, float("nan")):
        with pytest.raises(AssertionError):
            NUMBER.confirm(answer)


def test_what_the_learner_wrote_is_escaped() -> None:
    def attack(x):
        raise ValueError("<script>alert(1)</script>")

    shown = DOUBLE.check(attack)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize(
    ("typed", "state"),
    [
        ("4", "right"),
        (" 4,0 ", "right"),
        ("4 %", "right"),
        ("", "wrong"),
        ("four", "wrong"),
        ("nan", "wrong"),
        ("9e999", "wrong"),
    ],
)
def test_number_can_be_typed_on_the_page(typed: str, state: str) -> None:
    box = NUMBER.ask()
    box.answer.value = typed
    box.button.click()
    assert box.feedback.state == state
    assert HINT in box.feedback.text or state == "right"


def test_choice_can_be_made_on_the_page() -> None:
    box = CHOICE.ask()
    box.button.click()
    assert box.feedback.text.startswith("Choose an answer first.")
    box.answer.value = 3
    box.button.click()
    assert box.feedback.state == "wrong"
    box.answer.value = 2
    box.button.click()
    assert box.feedback.is_right
    assert "is-right" in json.dumps(box._message.value)


PICTURE = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
SUMS = make(judge_function(lambda picture, mask: picture * mask, [(PICTURE, np.array([[True, False, True]]))]))
LARGE = make(judge_function(lambda values: values + 1, [(np.zeros((2, 4)),)]))


def test_hint_can_be_tried_out() -> None:
    """Arguments are written as they can be typed in, and the place as it is looked up."""
    given = "[[0, 1, 2], [3, 4, 5]], [[True, False, True]]"
    assert SUMS.check(lambda picture, mask: picture).text == f"For {given} it gives 1 at [0, 1]; 0 is right. {HINT}"
    assert SUMS.check(lambda picture, mask: 1 / 0).text == (
        f"For {given} it stopped with ZeroDivisionError: division by zero. {HINT}"
    )
    assert SUMS.check(lambda picture: picture).text.startswith(f"For {given} it stopped with TypeError: ")
    assert DOUBLE.check(lambda x: np.array([2.0, 5.0])).text == f"For [1, 2] it gives 5 at [1]; 4 is right. {HINT}"
    assert LARGE.check(lambda values: values).text == (
        f"For an array of shape (2, 4) it gives 0 at [0, 0]; 1 is right. {HINT}"
    )
