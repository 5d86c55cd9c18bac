"""Judges of answers: each takes whatever a learner hands in and says what is wrong with it, or nothing."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

RIGHT = ""
_MOST_NUMBERS = 6  # of an array that is written out


class NotAnswered(Exception):
    """Nothing has been handed in yet."""


Judge = Callable[[Any], str]
"""Gives `RIGHT`, or a sentence that says what is wrong; may raise anything, which counts as wrong."""


def judge_number(expected: float, *, tolerance: float = 0.0, hints: Mapping[float, str] | None = None) -> Judge:
    """Make a judge of a single number.

    Parameters
    ----------
    expected : float
    tolerance : float
        Largest difference that is right.
    hints : dict of float to str, optional
        What to say to a wrong number that is often given.
    """

    def judge(answer: Any) -> str:
        number = _read_number(answer)
        if isinstance(number, str):
            return number
        if abs(number - expected) <= tolerance:
            return RIGHT
        for wrong, hint in (hints or {}).items():
            if abs(number - wrong) <= max(tolerance, 1e-9):
                return hint
        return f"{number:g} is too {'low' if number < expected else 'high'}."

    return judge


def judge_choice(expected: Any, hints: Mapping[Any, str] | None = None) -> Judge:
    """Make a judge of one choice out of several; the type counts too.

    Parameters
    ----------
    expected : str or number
    hints : dict, optional
        What to say to each wrong choice.
    """

    def judge(answer: Any) -> str:
        if type(answer) is type(expected) and answer == expected:
            return RIGHT
        known = {key: hint for key, hint in (hints or {}).items() if type(key) is type(answer)}
        return known.get(answer, "It is another one.")

    return judge


def judge_function(
    reference: Callable[..., Any], cases: Sequence[tuple[Any, ...]], *, tolerance: float = 1e-6
) -> Judge:
    """Make a judge of a function: it must give what a reference gives, for every case.

    Parameters
    ----------
    reference : callable
        Gives numbers, arrays or tuples of numbers, all finite; or texts.
    cases : sequence of tuple
        Arguments; the learner's function gets copies.
    tolerance : float
        Largest difference that is right, relative to 1 or to the expected number, whichever is larger.
    """

    def judge(answer: Any) -> str:
        if not callable(answer):
            return "Hand in the function itself, without calling it."
        for case in cases:
            expected = reference(*copy.deepcopy(case))
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    given = answer(*copy.deepcopy(case))
            except (Exception, SystemExit) as error:
                return f"For {', '.join(map(_write_value, case))} it stopped with {tell_error(error)}"
            if _is_open(given):
                raise NotAnswered
            fault = compare(given, expected, tolerance)
            if fault:
                return f"For {', '.join(map(_write_value, case))} {fault}"
        return RIGHT

    return judge


def compare(given: Any, expected: Any, tolerance: float) -> str:
    """Say how a result differs from the right one; empty if it does not.

    Parameters
    ----------
    given : object
    expected : str, number, tuple or list of numbers, or np.ndarray
    tolerance : float
        See `judge_function`.
    """
    if isinstance(expected, str):
        if isinstance(given, str) and given == expected:
            return RIGHT
        return f"it gives {_write_value(given)}; {_write_value(expected)} is right."
    if np.ndim(expected) == 0:
        number = _read_number(given)
        if isinstance(number, str):
            return f"it gives {_write_value(given)}. {number}"
        is_close = abs(number - float(expected)) <= tolerance * max(1.0, abs(float(expected)))
        return RIGHT if is_close else f"it gives {_write_value(number)}; {_write_value(expected)} is right."
    array = _read_array(given)
    if isinstance(array, str):
        return f"it gives {_write_value(given)}. {array}"
    wanted = np.asarray(expected, dtype=np.float64)
    if array.shape != wanted.shape:
        return f"it gives the shape {array.shape}; {wanted.shape} is right."
    if not np.isfinite(array).all():
        return "it gives values that are not finite (NaN or infinity)."
    wrong = np.argwhere(np.abs(array - wanted) > tolerance * np.maximum(1.0, np.abs(wanted)))
    if not len(wrong):
        return RIGHT
    place = tuple(int(k) for k in wrong[0])
    return f"it gives {array[place]:.4g} at {list(place)}; {wanted[place]:.4g} is right."


def tell_error(error: BaseException) -> str:
    """Kind and reason of an error, in a few words with a full stop."""
    try:
        text = " ".join(str(error).split()) or "no reason given"
    except Exception:  # an exception of the learner's own that cannot even be written
        text = "no reason given"
    text = text if len(text) <= 120 else text[:117] + "..."
    return f"{type(error).__name__}: {text.rstrip('.')}."


def _is_open(given: Any) -> bool:
    """Whether a result is what an untouched exercise gives: nothing, or the dots."""
    return given is None or given is Ellipsis or (isinstance(given, tuple) and any(part is Ellipsis for part in given))


def _read_number(answer: Any) -> float | str:
    """The number, or what is wrong with it."""
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer.item()
    if isinstance(answer, (bool, np.bool_)) or not isinstance(answer, Real):
        return "A single number is wanted."
    number = float(answer)
    return number if math.isfinite(number) else "A finite number is wanted, not NaN or infinity."


def _read_array(answer: Any) -> np.ndarray | str:
    """The numbers as an array, or what is wrong with them."""
    answer = answer.to_numpy() if hasattr(answer, "to_numpy") else answer
    if not isinstance(answer, (np.ndarray, list, tuple)):
        return "Several numbers are wanted: an array, a list or a tuple."
    array = np.asarray(answer)
    if array.dtype.kind == "c":
        return "The numbers are complex; real ones are wanted."
    if array.dtype.kind not in "iuf":
        return "Numbers are wanted in it, nothing else."
    return array.astype(np.float64)


def _write_value(value: Any) -> str:
    """A value in a few characters."""
    if isinstance(value, np.ndarray):
        is_short = value.size <= _MOST_NUMBERS and value.dtype.kind in "iufb"
        return _write_numbers(value.tolist()) if is_short else f"an array of shape {value.shape}"
    if isinstance(value, float):
        return f"{value:.4g}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _write_numbers(numbers: Any) -> str:
    """Numbers, and lists of them, as they can be typed in again."""
    if isinstance(numbers, list):
        return f"[{', '.join(map(_write_numbers, numbers))}]"
    return repr(numbers) if isinstance(numbers, bool) else f"{numbers:g}"
