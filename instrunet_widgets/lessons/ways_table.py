"""The last table of lesson 4: what else was tried, and whether it is more than chance."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from ..training.experiment_plan import WAYS
from .experiment_curves import BASE, Experiments, Row
from .panel import Panel, knob, knobs
from .tables import write_table

MEASURES = {
    "accuracy": "Accuracy",
    "argmax_macro_f1": "Macro F1",
    "average_precision": "Average precision",
    "notes_accuracy": "Accuracy on single notes",
}
_QUESTIONS = {question for question, _, _ in WAYS}


class WaysTable(Panel):
    """Every way to another network that was tried with one run, beside the runs of the base.

    Parameters
    ----------
    experiments : Experiments

    Attributes
    ----------
    measure, order : ipywidgets.Dropdown
    """

    def __init__(self, experiments: Experiments) -> None:
        self._base = [row for row in experiments.runs if row["question"] == BASE]
        self._tried = [row for row in experiments.runs if row["question"] in _QUESTIONS]
        self.measure = widgets.Dropdown(options=[(name, key) for key, name in MEASURES.items()])
        self.order = widgets.Dropdown(options=["by score", "by question"])
        self._table = widgets.HTML()
        controls = knobs(knob("Score", self.measure), knob("Order", self.order))
        super().__init__([controls, self._table], title="What else was tried")
        for control in (self.measure, self.order):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        measure = self.measure.value
        own = _read(self._base, measure)
        tried = [row for row in self._tried if row.get(measure)]
        if not own or not tried:
            self._table.value = "<p>Nothing has been measured here yet; 'instrunet experiments train' does it.</p>"
            return
        if self.order.value == "by score":
            tried = sorted(tried, key=lambda row: -float(row[measure]))
        mean = float(np.mean(own))
        rows = [
            (f"{row['question']}: {row['variant']}", f"{value:.3f}", f"{value - mean:+.3f}", place(value, own))
            for row, value in zip(tried, _read(tried, measure), strict=True)
        ]
        spread = f", from {min(own):.3f} to {max(own):.3f}" if len(own) > 1 else ""
        runs = f"its {len(own)} runs" if len(own) > 1 else "its one run"
        note = f"The base reaches {mean:.3f} in {runs}{spread}. Each of the others is a single run."
        if len(own) > 1:
            n_lucky = len(rows) / (len(own) + 1)
            note += f" Of {len(rows)} changes that do nothing, about {n_lucky:.0f} would stand above all of its runs, "
            note += "and as many below."
        head = ("Changed", MEASURES[measure], "Against the base", "Beside its runs")
        self._table.value = write_table(head, rows) + f"<p>{html.escape(note)}</p>"


def place(value: float, runs: Sequence[float]) -> str:
    """Where a score stands beside those of several runs of the base."""
    if value > max(runs):
        return "above all"
    return "below all" if value < min(runs) else "among them"


def _read(rows: Sequence[Row], measure: str) -> list[float]:
    return [float(row[measure]) for row in rows if row.get(measure)]
