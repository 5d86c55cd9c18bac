"""Widget of lesson 6 about the order of clips: two curves and two areas, without a threshold."""

from __future__ import annotations

import math
from typing import Any

import ipywidgets as widgets
import numpy as np

from ..instruments import CODES, INSTRUMENTS
from .arrays import Floats
from .chart import ACCENT, BAD, MUTED, Axis, Chart, set_line
from .one_instrument import PER_CENT
from .out_of_fold import ScoredClips
from .panel import Panel, figures, knob, knobs, slider
from .rankings import Cuts, cut, rank_draws
from .score_measures import rank
from .score_widgets import NAMES, write_score
from .tables import write_range

_MOST_OF_BAND = 400  # thresholds at which the shaded range is drawn


class RankingExplorer(Panel):
    """One instrument's clips in the order of its probability: two curves, two areas, no threshold.

    Parameters
    ----------
    clips : ScoredClips

    Attributes
    ----------
    instrument : ipywidgets.Dropdown
    threshold, share : ipywidgets sliders
        A point on the curves; per cent of the instrument's clips that are kept, drawn several times.
    """

    def __init__(self, clips: ScoredClips) -> None:
        self._clips = clips
        self.instrument = widgets.Dropdown(options=NAMES, value=CODES.index("sax"))
        self.threshold = slider(0.0, 1.0, 0.5, 0.01, readout_format=".2f")
        self.share = slider(0, 100, 100, 5)
        recall = Axis(0, 1.02, "Found of its clips", PER_CENT)
        self.roc = Chart("ROC", Axis(-0.02, 1.02, "False alarms of the others", PER_CENT), recall, height=200)
        precision = Axis(0, 1.04, "Right of what is found", PER_CENT)
        self.precision = Chart("Precision-recall", recall, precision, height=200)
        charts = (self.roc, self.precision)
        self._bands = [
            one.add_line(ACCENT, width=0, fill="inside", fill_colors=[ACCENT], fill_opacities=[0.18]) for one in charts
        ]
        self._floors = [one.add_line(MUTED, line_style="dashed") for one in charts]
        self._curves = [one.add_line(ACCENT, width=2) for one in charts]
        self._dots = [one.add_dots(BAD, 120) for one in charts]
        self._numbers = widgets.HTML()
        box = knobs(
            knob("Instrument", self.instrument), knob("Threshold", self.threshold),
            knob("Keep of its clips (%)", self.share),
        )  # fmt: skip
        super().__init__([knobs(*charts), self._numbers, box], title="Every threshold at once")
        for control in (self.instrument, self.share):
            control.observe(self._measure, "value")
        self.threshold.observe(self._point, "value")
        self._measure()

    def _measure(self, _: Any = None) -> None:
        column = self.instrument.value
        labels, scores = self._clips.labels[:, column], self._clips.probabilities[:, column]
        self._rankings = rank_draws(labels, scores, self.share.value / 100)
        first = self._rankings[0]
        self._is_whole = first.n_positives > 0 and first.n_negatives > 0
        n_clips = first.n_positives + first.n_negatives
        self._floor = first.n_positives / max(1, n_clips)
        if self._is_whole:
            self._draw(cut(self._rankings, rank(labels, scores).scores))
        else:
            for line in (*self._bands, *self._floors, *self._curves):
                set_line(line, [], [])
        shaded = f"; shaded: {len(self._rankings)} draws" if len(self._rankings) > 1 else ""
        for chart in (self.roc, self.precision):
            chart.explain(f"dashed: by chance{shaded}")
        self._point()
        self._numbers.value = self._tell()

    def _draw(self, cuts: Cuts) -> None:
        """Draw the curves, how far the draws lie apart, and what chance gives."""
        set_line(self._floors[0], [0, 1], [0, 1])
        set_line(self._floors[1], [0, 1], [self._floor, self._floor])
        sides = ((cuts.false_share.mean, cuts.recall), (cuts.recall.mean, cuts.precision))
        for number, (x, spread) in enumerate(sides):
            known = np.isfinite(spread.mean)
            start = [0.0] if number == 0 else []  # the ROC curve begins where nothing is found; no precision there
            set_line(self._curves[number], np.append(start, x[known]), np.append(start, spread.mean[known]))
            self._shade(number, x[known], spread.low[known], spread.high[known])

    def _shade(self, number: int, x: Floats, low: Floats, high: Floats) -> None:
        if len(self._rankings) == 1:
            set_line(self._bands[number], [], [])
            return
        some = np.unique(np.linspace(0, len(x) - 1, _MOST_OF_BAND).round().astype(int))
        there_and_back = np.concatenate([x[some], x[some][::-1]])
        set_line(self._bands[number], there_and_back, np.concatenate([low[some], high[some][::-1]]))

    def _point(self, _: Any = None) -> None:
        """Put the point of the threshold on the curves."""
        at = cut(self._rankings, np.array([self.threshold.value]))
        for dot, x, y in zip(self._dots, (at.false_share, at.recall), (at.recall, at.precision), strict=True):
            is_found = self._is_whole and bool(np.isfinite(y.mean[0]))
            set_line(dot, x.mean if is_found else [], y.mean if is_found else [])

    def _tell(self) -> str:
        first, n_draws = self._rankings[0], len(self._rankings)
        areas = {
            "ROC-AUC": [one.roc_auc for one in self._rankings],
            "Average precision": [one.average_precision for one in self._rankings],
        }
        name = INSTRUMENTS[self.instrument.value].name
        shown = {title: write_score(float(np.mean(values))) for title, values in areas.items()}
        if n_draws > 1:
            shown |= {
                f"{title}, lowest to highest": write_range(min(values), max(values)) for title, values in areas.items()
            }
        shown |= {
            "Average precision by chance": write_score(self._floor if first.n_positives else math.nan),
            f"Clips with {name}": f"{first.n_positives:,}",
            "Clips without": f"{first.n_negatives:,}",
        }
        remark = f"Drawn {n_draws} times, each time other clips of {name}: the mean, and how far chance moves it."
        if not self._is_whole:
            remark = "Clips with and without the instrument are needed to put them in order."
        return figures(shown) + (f"<p>{remark}</p>" if n_draws > 1 or not self._is_whole else "")
