"""The comparison of training recipes, as far as it has been run: curves and scores over one to three seeds."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np

from ..app.charts.frame import label_ticks
from ..training.experiment_plan import list_runs
from ..training.experiments import KEYS
from .arrays import Floats
from .chart import ACCENT, BAD, GOOD, WARN, Axis, Chart, round_ticks, set_line
from .findings import Row, read_number, read_numbers
from .material import model_folder, read_table
from .panel import Panel, knob, knobs, swatches
from .tables import write_mean, write_table

BASE = "base"
QUESTIONS = {
    "kernel": "Kernel size",
    "optimiser": "Optimiser",
    "normalisation": "Batch normalisation and dropout",
    "window": "Window length",
    "split": "Split",
}
# What the base is called in each question.
BASE_NAMES = {
    "kernel": "3x3",
    "optimiser": "AdamW",
    "normalisation": "batch normalisation alone",
    "window": "3 s",
    "split": "by recording",
}
SHORT_NAMES = {"batch normalisation and dropout": "both"}
MEASURES = {
    "stop_average_precision": "Average precision, held out",
    "stop_accuracy": "Accuracy, held out",
    "stop_loss": "Loss, held out",
    "loss": "Loss, training",
}
_SCORES = {
    "accuracy": "Accuracy",
    "argmax_macro_f1": "Macro F1",
    "average_precision": "Average precision",
    "n_parameters": "Parameters",
}
_COLOURS = (ACCENT, WARN, BAD, GOOD)
_STYLES = ("solid", "dashed", "dash_dotted", "dotted")
_MOST_LINES = len(_COLOURS)


@dataclass(frozen=True, eq=False)
class Curve:
    """One measure of one variant over the epochs: mean, lowest and highest of its seeds.

    Parameters
    ----------
    variant : str
    n_seeds : int
    epochs, means, lowest, highest : np.ndarray [shape=(n_epochs,)]
    """

    variant: str
    n_seeds: int
    epochs: Floats
    means: Floats
    lowest: Floats
    highest: Floats


@dataclass(frozen=True, eq=False)
class Experiments:
    """The two tables of the comparison.

    Parameters
    ----------
    runs, history : list of dict
        Rows of ``experiments.csv`` and ``experiments_history.csv``.
    """

    runs: list[Row]
    history: list[Row]

    def curves(self, question: str, measure: str) -> tuple[Curve, ...]:
        """Curves of the base and of each variant that has been run.

        Parameters
        ----------
        question : str
            One of `QUESTIONS`.
        measure : str
            One of `MEASURES`.
        """
        curves = []
        for variant, rows in _by_variant(self.history, question).items():
            read = [(read_number(row, "epoch"), read_number(row, measure)) for row in rows]
            points = [(epoch, value) for epoch, value in read if epoch is not None and value is not None]
            if not points:
                continue
            epochs = np.unique([epoch for epoch, _ in points])
            values = [[value for at, value in points if at == epoch] for epoch in epochs]
            columns = [[float(reduce(one)) for one in values] for reduce in (np.mean, np.min, np.max)]
            n_seeds = len({row["seed"] for row in rows})
            curves.append(Curve(variant, n_seeds, epochs, *map(np.array, columns)))
        return tuple(curves)

    def scores(self, question: str) -> list[tuple[str, ...]]:
        """Rows of a table: variant, number of runs, and each score as mean and range."""
        table = []
        for variant, rows in _by_variant(self.runs, question).items():
            cells = [_write(read_numbers(rows, name), name) for name in _SCORES]
            table.append((variant, str(len({row["seed"] for row in rows})), *cells))
        return table

    def missing(self, question: str) -> tuple[str, ...]:
        """Variants that belong to a question but have not been run."""
        planned = [run.variant for run in list_runs() if run.question == question]
        planned = list(dict.fromkeys(SHORT_NAMES.get(variant, variant) for variant in planned))
        return tuple(variant for variant in planned if variant not in _by_variant(self.history, question))


def read_experiments(folder: Path | None = None) -> Experiments:
    """Read the tables that `instrunet experiments train` writes; what is missing is empty.

    Parameters
    ----------
    folder : Path, optional
        Default: where the networks are.

    Raises
    ------
    LessonStop
        If a table cannot be read.
    """
    folder = folder or model_folder().parent
    runs = read_table(folder / "experiments.csv", KEYS)
    return Experiments(runs, read_table(folder / "experiments_history.csv", (*KEYS, "epoch")))


class ExperimentExplorer(Panel):
    """Curves and scores of one question at a time.

    Parameters
    ----------
    experiments : Experiments
    question : str
        The one that is shown first.

    Attributes
    ----------
    question, measure : ipywidgets.Dropdown
    """

    def __init__(self, experiments: Experiments, question: str = "optimiser") -> None:
        self._experiments = experiments
        self.question = widgets.Dropdown(options=[(name, key) for key, name in QUESTIONS.items()], value=question)
        self.measure = widgets.Dropdown(options=[(name, key) for key, name in MEASURES.items()])
        self.chart = Chart("Over the epochs", Axis(1, 20, "Epoch"), Axis(0, 1, ""), height=220)
        self._bands = [
            self.chart.add_line(colour, width=0, fill="inside", fill_colors=[colour], fill_opacities=[0.16])
            for colour in _COLOURS
        ]
        self._lines = [
            self.chart.add_line(colour, width=2, line_style=style)
            for colour, style in zip(_COLOURS, _STYLES, strict=True)
        ]
        self._table = widgets.HTML()
        controls = knobs(knob("Question", self.question), knob("Curve", self.measure))
        super().__init__([controls, self.chart, self._table], title="What was measured")
        for control in (self.question, self.measure):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        curves = self._experiments.curves(self.question.value, self.measure.value)[:_MOST_LINES]
        for k, (line, band) in enumerate(zip(self._lines, self._bands, strict=True)):
            curve = curves[k] if k < len(curves) else None
            set_line(line, curve.epochs if curve else [], curve.means if curve else [])
            if curve and curve.n_seeds > 1:
                round_trip = np.concatenate([curve.epochs, curve.epochs[::-1]])
                set_line(band, round_trip, np.concatenate([curve.lowest, curve.highest[::-1]]))
            else:
                set_line(band, [], [])
        self._scale(curves)
        key = swatches({curve.variant: colour for curve, colour in zip(curves, _COLOURS, strict=False)})
        spread = " (shaded: lowest to highest of the runs)" if any(curve.n_seeds > 1 for curve in curves) else ""
        self.chart.explain(key + spread if curves else "nothing has been measured here yet")
        self._table.value = self._write_table()

    def _scale(self, curves: Sequence[Curve]) -> None:
        most = max((float(curve.highest.max()) for curve in curves), default=1.0)
        last = max((float(curve.epochs.max()) for curve in curves), default=20.0)
        least = min((float(curve.lowest.min()) for curve in curves), default=0.0)
        low = 0.0 if "loss" not in self.measure.value else 0.9 * least
        high = max(1.05 * most, low + 1e-3)
        scale = self.chart.scales["y"]
        with scale.hold_sync():
            scale.min, scale.max = low, high
        label_ticks(self.chart.y_axis, round_ticks(low, high))
        self.chart.set_range(1.0, max(last, 2.0))

    def _write_table(self) -> str:
        rows = self._experiments.scores(self.question.value)
        n_runs = {int(row[1]) for row in rows}
        notes = []
        if rows and min(n_runs) == 1:
            notes.append("With a single run of a variant nobody can say how much of a difference is chance.")
        if rows and max(n_runs) > 1:
            notes.append("Mean of the runs, and from lowest to highest.")
        if lacking := self._experiments.missing(self.question.value):
            notes.append(f"Not measured yet: {'; '.join(lacking)}.")
        if not rows:
            notes.append("Without models/experiments.csv there are no scores; 'instrunet experiments train' makes it.")
        return write_table(("Variant", "Runs", *_SCORES.values()), rows) + f"<p>{html.escape(' '.join(notes))}</p>"


def _by_variant(rows: Sequence[Row], question: str) -> dict[str, list[Row]]:
    """Rows of a question by variant, the base first."""
    found: dict[str, list[Row]] = {BASE_NAMES.get(question, BASE): [row for row in rows if row["question"] == BASE]}
    for row in rows:
        if row["question"] == question:
            found.setdefault(SHORT_NAMES.get(row["variant"], row["variant"]), []).append(row)
    return {variant: of_variant for variant, of_variant in found.items() if of_variant}


def _write(values: Sequence[float], name: str) -> str:
    if not values:
        return "-"
    if name == "n_parameters":
        return f"{np.median(values):,.0f}"
    return write_mean(float(np.mean(values)), min(values), max(values), len(values))
