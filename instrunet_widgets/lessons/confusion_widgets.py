"""Widget of lesson 6 about mistakes: which instruments are taken for which."""

from __future__ import annotations

from html import escape
from typing import Any

import anywidget
import ipywidgets as widgets
import numpy as np
import traitlets

from ..instruments import CODES, INSTRUMENTS, N_INSTRUMENTS
from ..training.metrics import count_confusions
from .arrays import Floats
from .out_of_fold import ScoredClips
from .panel import STATIC, Panel, figures, knob, knobs
from .score_widgets import NAMES, write_share
from .tables import write_table

_N_WORST = 5


class ConfusionTable(anywidget.AnyWidget):
    """A table whose cells can be clicked.

    Attributes
    ----------
    texts : list of list of str
    levels : list of list of float in [0, 1]
        How deep each cell is coloured.
    chosen : list of int
        Row and column.
    """

    _esm = STATIC / "confusion.js"

    names = traitlets.List([one.name for one in INSTRUMENTS]).tag(sync=True)
    codes = traitlets.List(list(CODES)).tag(sync=True)
    texts: Any = traitlets.List().tag(sync=True)
    levels: Any = traitlets.List().tag(sync=True)
    chosen = traitlets.List([0, 0]).tag(sync=True)

    @traitlets.validate("chosen")
    def _check(self, proposal: Any) -> list[int]:
        chosen = list(proposal["value"])
        if len(chosen) != 2 or not all(isinstance(k, int) and 0 <= k < N_INSTRUMENTS for k in chosen):
            raise traitlets.TraitError("a row and a column of the table")
        return chosen


class ConfusionExplorer(Panel):
    """Which instrument is taken for which: choose a pair, in the table or by name.

    Parameters
    ----------
    clips : ScoredClips

    Attributes
    ----------
    unit, label, taken_for : ipywidgets.Dropdown
    table : ConfusionTable
    """

    def __init__(self, clips: ScoredClips) -> None:
        single = clips.subset(clips.has_one_label)
        self._label, self._chosen = single.labels.argmax(axis=1), single.probabilities.argmax(axis=1)
        self._recordings = single.recordings
        self.matrix = count_confusions(self._label, self._chosen, N_INSTRUMENTS).astype(np.float64)
        row, column = self._find_worst()[0] if self.matrix.any() else (0, 1)
        options = [("per cent of the row", "rows"), ("per cent of the column", "columns"), ("clips", "clips")]
        self.unit = widgets.Dropdown(options=options)
        self.label = widgets.Dropdown(options=NAMES, value=row)
        self.taken_for = widgets.Dropdown(options=NAMES, value=column)
        self.table = ConfusionTable(chosen=[row, column])
        self._words = widgets.HTML()
        box = knobs(knob("Labelled", self.label), knob("Taken for", self.taken_for), knob("Count in", self.unit))
        super().__init__(
            [self.table, box, self._words, widgets.HTML(self._write_worst())], title="Taken for something else"
        )
        self.unit.observe(self._fill, "value")
        self.table.observe(self._follow, "chosen")
        for control in (self.label, self.taken_for):
            control.observe(self._choose, "value")
        self._fill()
        self._choose()

    def _follow(self, _: Any) -> None:
        label, taken_for = self.label, self.taken_for
        with label.hold_trait_notifications(), taken_for.hold_trait_notifications():  # one change, not two
            label.value, taken_for.value = self.table.chosen

    def _choose(self, _: Any = None) -> None:
        row, column = self.label.value, self.taken_for.value
        self.table.chosen = [row, column]
        name, other = (escape(INSTRUMENTS[k].name) for k in (row, column))
        n_labelled, n_taken = self.matrix[row].sum(), self.matrix[:, column].sum()
        if not n_labelled:
            self._words.value = f"<p>No clip is labelled {name}.</p>"
            return
        n, n_recordings = self.matrix[row, column], self._count_recordings(row, column)
        numbers = {
            "Clips": f"{n:,.0f}",
            "From recordings": f"{n_recordings:,}",
            f"Of those labelled {INSTRUMENTS[row].name}": write_share(n, n_labelled),
            f"Of those taken for {INSTRUMENTS[column].name}": write_share(n, n_taken),
        }
        back = write_share(self.matrix[column, row], self.matrix[column].sum())
        words = (
            f"These clips of {name} are recognised."
            if row == column
            else f"{name[0].upper()}{name[1:]} taken for {other}. The other way round: {back} of the clips of {other}."
        )
        self._words.value = figures(numbers) + f"<p>{words}</p>"

    def _fill(self, _: Any = None) -> None:
        sums = {
            "rows": self.matrix.sum(axis=1, keepdims=True),
            "columns": self.matrix.sum(axis=0, keepdims=True),
            "clips": np.full((1, 1), max(1.0, float(self.matrix.max(initial=0.0)))),
        }[self.unit.value]
        levels = self.matrix / np.maximum(sums, 1)
        shown = self.matrix if self.unit.value == "clips" else 100 * levels
        with self.table.hold_sync():
            self.table.levels = np.sqrt(levels).round(3).tolist()  # rare mistakes are to be seen too
            self.table.texts = [[f"{value:.0f}" if value else "" for value in row] for row in shown]

    def _count_recordings(self, row: int, column: int) -> int:
        return len(np.unique(self._recordings[(self._label == row) & (self._chosen == column)]))

    def _find_worst(self) -> list[tuple[int, int]]:
        """Most frequent mistakes, as shares of their labels' clips."""
        share: Floats = self.matrix / np.maximum(self.matrix.sum(axis=1, keepdims=True), 1)
        np.fill_diagonal(share, 0)
        order = np.argsort(-share, axis=None, kind="stable")[:_N_WORST]
        worst = [divmod(int(k), N_INSTRUMENTS) for k in order if share.flat[k] > 0]
        return worst or [(int(self.matrix.sum(axis=1).argmax()),) * 2]

    def _write_worst(self) -> str:
        rows = [
            (
                f"{INSTRUMENTS[row].name}, taken for {INSTRUMENTS[column].name}",
                write_share(self.matrix[row, column], self.matrix[row].sum()),
                f"{self.matrix[row, column]:.0f}",
                f"{self._count_recordings(row, column)}",
            )
            for row, column in self._find_worst()
            if row != column
        ]
        if not rows:
            return "<p>There is no mistake to show.</p>"
        return write_table(("Most frequent", "Share", "Clips", "Recordings"), rows)
