"""Widget of lesson 6 about chance: how far a score would move with other recordings."""

from __future__ import annotations

import math
from typing import Any

import bqplot
import ipywidgets as widgets
import numpy as np

from ..training.bootstrap import Interval, find_interval
from .arrays import Floats
from .chart import ACCENT, TEXT, WARN, Axis, Chart, set_line, set_steps
from .out_of_fold import ScoredClips
from .panel import Panel, figures, knob, knobs, slider, swatches
from .score_measures import Counts, count, resample
from .score_widgets import write_score
from .tables import write_range

_N_BINS = 40
_HEIGHTS = {"recordings": 1.22, "clips": 1.12}  # of the lines that stand for the intervals; histograms reach 1
_FOLD_HEIGHT = 0.05


class IntervalExplorer(Panel):
    """Scores of tests that might have been: recordings, or clips, drawn again and again.

    Parameters
    ----------
    clips : ScoredClips

    Attributes
    ----------
    measure : ipywidgets.Dropdown
    share, seed : ipywidgets sliders
        Per cent of the recordings that were there to score on; which of them.
    intervals : dict of str to Interval
        Of the middle 95 %, by what was drawn; empty if there is nothing to draw from.
    """

    def __init__(self, clips: ScoredClips) -> None:
        self._clips = clips
        self._names = np.unique(clips.recordings)
        self.measure = widgets.Dropdown(options=[("Micro F1", "micro_f1"), ("Macro F1", "macro_f1")])
        self.share = slider(1, 100, 100, 1, continuous_update=False)
        self.seed = slider(0, 20, 0, 1, continuous_update=False)
        self.intervals: dict[str, Interval] = {}
        axes = (Axis(0, 1, "Score"), Axis(0, 1.3, "", {0.0: "0", 1.0: "most"}))
        self.chart = Chart("Tests that might have been", *axes, height=180)
        key = {"recordings drawn": ACCENT, "clips drawn": WARN, "the five folds (dots)": TEXT}
        self.chart.explain(f"{swatches(key)} bars on top: where 95 % lie")
        self._steps: dict[str, bqplot.Lines] = {}
        self._lines: dict[str, bqplot.Lines] = {}
        for unit, colour in (("clips", WARN), ("recordings", ACCENT)):
            self._steps[unit] = self.chart.add_line(
                colour, width=1.5, fill="bottom", fill_colors=[colour], fill_opacities=[0.15]
            )
            self._lines[unit] = self.chart.add_line(colour, width=5)
        self._dots = self.chart.add_dots(TEXT, 60)
        self._numbers = widgets.HTML()
        box = knobs(
            knob("Score", self.measure), knob("Recordings (%)", self.share), knob("Choose others", self.seed)
        )  # fmt: skip
        super().__init__([self.chart, self._numbers, box], title="How much of it is chance?")
        for control in (self.share, self.seed):
            control.observe(self._measure, "value")
        self.measure.observe(self._draw, "value")
        self._measure()

    def _measure(self, _: Any = None) -> None:
        """Count once for all scores: the clips themselves, each fold, and the resamples."""
        order = np.random.default_rng(self.seed.value).permutation(self._names)
        kept = order[: max(1, round(self.share.value / 100 * len(order)))]
        clips = self._clips.subset(np.isin(self._clips.recordings, kept))
        heard = clips.probabilities >= clips.thresholds
        self._counts = count(heard, clips.labels)
        sides = [clips.fold == number for number in np.unique(clips.fold)]
        self._folds = [count(heard[side], clips.labels[side]) for side in sides if clips.labels[side].any()]
        units = {"recordings": clips.recordings, "clips": np.arange(len(clips))}
        self._resamples = {
            name: resample(heard, clips.labels, unit, seed=self.seed.value)
            for name, unit in units.items()
            if len(np.unique(unit)) > 1
        }
        self._n_recordings, self._n_clips = len(kept), len(clips)
        self._draw()

    def _read(self, counts: Counts) -> Floats:
        values: Floats = np.atleast_1d(getattr(counts, self.measure.value))
        return values[np.isfinite(values)]

    def _draw(self, _: Any = None) -> None:
        drawn = {name: self._read(counts) for name, counts in self._resamples.items()}
        folds = np.concatenate([self._read(one) for one in self._folds]) if self._folds else np.zeros(0)
        found = {name: find_interval(values) for name, values in drawn.items()}
        self.intervals = {name: interval for name, interval in found.items() if interval}
        everything = np.concatenate([*drawn.values(), folds, self._read(self._counts)])
        low, high = (everything.min(), everything.max()) if len(everything) else (0.0, 1.0)
        room = 0.05 * (high - low) + 0.005
        self.chart.set_range(max(0.0, low - room), min(1.0, high + room))
        for name, line in self._lines.items():
            values = drawn.get(name, np.zeros(0))
            heights, edges = np.histogram(values, bins=_N_BINS, range=(low, max(high, low + 1e-6)))
            is_drawn = len(values) > 0
            set_steps(self._steps[name], edges if is_drawn else [], heights / max(1, heights.max()) if is_drawn else [])
            interval = self.intervals.get(name)
            set_line(line, [interval.low, interval.high] if interval else [], [_HEIGHTS[name]] * 2 if interval else [])
        set_line(self._dots, folds, np.full(len(folds), _FOLD_HEIGHT))
        spread = float(folds.std(ddof=1)) if len(folds) > 1 else math.nan
        score = self._read(self._counts)
        self._numbers.value = figures(
            {
                "Score": write_score(float(score[0]) if len(score) else math.nan),
                "95 %, recordings drawn": self._write_interval("recordings"),
                "95 %, clips drawn": self._write_interval("clips"),
                "Spread of the folds": write_score(spread),
                "Recordings": f"{self._n_recordings:,}",
                "Clips": f"{self._n_clips:,}",
            }
        ) + ("" if "recordings" in self._resamples else "<p>Of one recording nothing can be said about others.</p>")

    def _write_interval(self, name: str) -> str:
        interval = self.intervals.get(name)
        return write_range(interval.low, interval.high) if interval else "-"
