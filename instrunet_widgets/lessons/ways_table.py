"""The last table of lesson 4: what else was tried, and whether it is more than chance."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from ..training.experiment_plan import WAYS
from .experiment_curves import BASE, Experiments
from .findings import Row, read_number, read_numbers
from .panel import Panel, knob, knobs
from .tables import write_table

MEASURES = {
    "accuracy": "Accuracy",
    "argmax_macro_f1": "Macro F1",
    "average_precision": "Average precision",
    "notes_accuracy": "Accuracy on single notes",
}
BY_SCORE, AS_LISTED = "by score", "as they were planned"
AROUND, BEFORE = "around today's base", "on the way to it"
_SCREENING = "screening"
_CLIPS = "Clips to train"
_QUESTIONS = {question for question, _, _ in WAYS}
_NOTHING = "Nothing has been measured here yet; 'instrunet experiments train' does it."
_TRIALS = (
    "Single trials that led to today's recipe. They began with other recipes, some with more clips or a wider network, "
    "so none of them is set against today's base. One run each: nobody can say how much of a difference is chance."
)


class WaysTable(Panel):
    """Every way to another network that was tried with one run: around today's base, or on the way to it.

    Parameters
    ----------
    experiments : Experiments

    Attributes
    ----------
    which, measure, order : ipywidgets.Dropdown
    """

    def __init__(self, experiments: Experiments) -> None:
        self._base = [row for row in experiments.runs if row["question"] == BASE]
        self._around = [row for row in experiments.runs if row["question"] in _QUESTIONS]
        self._before = [row for row in experiments.runs if row["question"] == _SCREENING]
        self.which = widgets.Dropdown(options=[AROUND, BEFORE])
        self.measure = widgets.Dropdown(options=[(name, key) for key, name in MEASURES.items()])
        self.order = widgets.Dropdown(options=[BY_SCORE, AS_LISTED])
        self._table = widgets.HTML()
        controls = knobs(knob("Which", self.which), knob("Score", self.measure), knob("Order", self.order))
        super().__init__([controls, self._table], title="What else was tried")
        for control in (self.which, self.measure, self.order):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        table, note = self._tell_around() if self.which.value == AROUND else self._tell_before()
        self._table.value = f"{table}<p>{html.escape(note)}</p>"

    def _tell_around(self) -> tuple[str, str]:
        """Table and note of the changes to today's base."""
        own, tried = self._read(self._base), self._choose(self._around)
        if not own or not tried:
            return "", _NOTHING
        mean, has_several = float(np.mean(own)), len(own) > 1
        rows = []
        for row, value in zip(tried, self._read(tried), strict=True):
            cells = (f"{row['question']}: {row['variant']}", _count_clips(row), f"{value:.3f}", sign(value - mean))
            rows.append((*cells, place(value, own)) if has_several else cells)
        head = ("Changed", _CLIPS, MEASURES[self.measure.value], "Against the base", "Beside its runs")
        return write_table(head if has_several else head[:4], rows), _judge(own, len(rows))

    def _tell_before(self) -> tuple[str, str]:
        """Table and note of the trials that led to today's base."""
        tried = self._choose(self._before)
        if not tried:
            return "", _NOTHING
        rows = [
            (row["variant"], _count_clips(row), f"{value:.3f}")
            for row, value in zip(tried, self._read(tried), strict=True)
        ]
        return write_table(("Tried", _CLIPS, MEASURES[self.measure.value]), rows), _TRIALS

    def _read(self, rows: Sequence[Row]) -> list[float]:
        return read_numbers(rows, self.measure.value)

    def _choose(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that have the score, in the order that is asked for."""
        known = [(value, row) for row in rows if (value := read_number(row, self.measure.value)) is not None]
        if self.order.value == BY_SCORE:
            known.sort(key=lambda pair: -pair[0])
        return [row for _, row in known]


def sign(difference: float) -> str:
    """Write a difference of scores with its sign; none where it is nothing.

    Parameters
    ----------
    difference : float

    Examples
    --------
    >>> sign(0.0123), sign(-0.0004)
    ('+0.012', '0.000')
    """
    return f"{difference:+.3f}" if round(difference, 3) else "0.000"


def place(value: float, runs: Sequence[float]) -> str:
    """Where a score stands beside those of several runs of the base."""
    if value > max(runs):
        return "above all"
    return "below all" if value < min(runs) else "among them"


def _count_clips(row: Row) -> str:
    n_clips = read_number(row, "n_train")
    return "-" if n_clips is None else f"{n_clips:,.0f}"


def _judge(own: Sequence[float], n_tried: int) -> str:
    """What may be said about changes that were run once, beside the runs of the base."""
    mean = float(np.mean(own))
    if len(own) == 1:
        note = f"The base reaches {mean:.3f} in its one run, and each change has one run too: nobody can say how much "
        note += "of a difference is chance."
    else:
        note = f"The base reaches {mean:.3f} in its {len(own)} runs, which differ by nothing but their seed, from "
        note += f"{min(own):.3f} to {max(own):.3f}. Each of the others is a single run."
        n_lucky = round(n_tried / (len(own) + 1))
        if n_lucky:
            note += f" Of {n_tried} changes that do nothing, about {n_lucky} would stand above all of its runs, "
            note += "and as many below."
    lacking = "" if n_tried >= len(WAYS) else f" Measured so far: {n_tried} of the {len(WAYS)} that are planned."
    return note + lacking
