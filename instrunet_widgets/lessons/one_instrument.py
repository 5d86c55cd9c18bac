"""Widgets of lesson 5 about one instrument over time: smoothing, threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from ..config import MAX_SMOOTHING_WINDOWS, DecodingConfig
from ..examples import LabelledRange
from ..instruments import INSTRUMENTS, instrument_by_code
from ..results import Analysis
from ..segment_scores import RangeScore, compare_seconds
from ..wording import format_percent
from .chart import ACCENT, BAD, MUTED, WARN, Axis, Chart, set_line
from .lanes import time_axis, trace_ranges
from .panel import Panel, figures, knob, knobs, slider, swatches

Labels = Sequence[LabelledRange]

PER_CENT = {0.0: "0 %", 0.5: "50 %", 1.0: "100 %"}


class _OneInstrument(Panel):
    """Probabilities of one instrument over time, beside its labels; the subclasses add a knob."""

    def __init__(self, analysis: Analysis, labels: Labels, title: str, control: widgets.Widget, key: str) -> None:
        self._analysis, self._labels = analysis, labels
        self.instrument = widgets.Dropdown(options=[(one.name, one.code) for one in INSTRUMENTS], value="flu")
        self.chart = Chart("", time_axis(analysis.duration), Axis(-0.14, 1.02, "Probability", PER_CENT))
        self._shade = self.chart.add_line(MUTED, width=6)
        self._bars = self.chart.add_line(ACCENT, width=6)
        self._dots = self.chart.add_dots(WARN, 18)
        self._line = self.chart.add_line(ACCENT, width=2)
        self._threshold = self.chart.add_line(BAD, width=1.5)
        self._numbers = widgets.HTML()
        self._key = key
        box = knobs(knob("Instrument", self.instrument), control)
        super().__init__([self.chart, self._numbers, box], title=title)
        self.instrument.observe(self._draw, "value")

    def _draw(self, _: Any = None) -> None:
        code = self.instrument.value
        labelled = [one for one in self._labels if one.instrument == code]
        times, heights = trace_ranges(labelled)
        set_line(self._shade, times, heights - 0.05)
        remark = "" if labelled else f" {instrument_by_code(code).name} does not play in this piece"
        self.chart.explain(self._key + remark)

    def _centres(self) -> np.ndarray:
        return np.minimum(self._analysis.window_starts + self._analysis.window_seconds / 2, self._analysis.duration)

    def _read(self, n_windows: int) -> np.ndarray:
        timeline = self._analysis.decode(DecodingConfig(smoothing_windows=n_windows))
        return timeline.smoothed[:, self._analysis.instruments.index(self.instrument.value)]


class SmoothingExplorer(_OneInstrument):
    """The moving average, longer or shorter.

    Parameters
    ----------
    analysis : Analysis
    labels : sequence of LabelledRange
    """

    def __init__(self, analysis: Analysis, labels: Labels) -> None:
        self.smoothing = slider(1, MAX_SMOOTHING_WINDOWS, 3, 1)
        key = swatches({"single windows": WARN, "smoothed": ACCENT, "labelled (below 0 %)": MUTED})
        super().__init__(analysis, labels, "Smoothing", knob("Windows in the average", self.smoothing), key)
        self.smoothing.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        super()._draw()
        raw, smoothed = self._read(1), self._read(self.smoothing.value)
        set_line(self._dots, self._centres(), raw)
        set_line(self._line, self._centres(), smoothed)
        jumps = np.abs(np.diff(smoothed)).mean() if len(smoothed) > 1 else 0.0
        seconds = self._analysis.window_seconds + (self.smoothing.value - 1) * self._analysis.hop_seconds
        self._numbers.value = figures(
            {
                "Looks at": f"{seconds:g} s",
                "Highest": format_percent(float(smoothed.max())),
                "Mean step": f"{jumps:.3f}",
            }
        )


class ThresholdExplorer(_OneInstrument):
    """From which probability on it counts, and what that does to the ranges.

    Parameters
    ----------
    analysis : Analysis
    labels : sequence of LabelledRange
    """

    def __init__(self, analysis: Analysis, labels: Labels) -> None:
        self.threshold = slider(0.0, 1.0, 0.5, 0.01, readout_format=".2f")
        key = swatches({"threshold": BAD, "found": ACCENT, "labelled": MUTED})
        super().__init__(analysis, labels, "Threshold", knob("Threshold", self.threshold), key)
        self.threshold.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        super()._draw()
        code, threshold = self.instrument.value, self.threshold.value
        timeline = self._analysis.decode(DecodingConfig(threshold=threshold))
        segments = timeline.segments_of(code)
        set_line(self._line, self._centres(), self._read(3))
        set_line(self._threshold, [0.0, self._analysis.duration], [threshold, threshold])
        times, heights = trace_ranges(segments)
        set_line(self._bars, times, heights - 0.1)
        result = compare_seconds(segments, [one for one in self._labels if one.instrument == code]).total
        self._numbers.value = figures({"Ranges": str(len(segments)), **describe(result)})


def describe(result: RangeScore) -> dict[str, str]:
    """Precision, recall and F1 as they are shown; a dash where nothing was found or nothing is labelled."""
    return {
        "Precision": f"{result.precision:.3f}" if result.found else "-",
        "Recall": f"{result.recall:.3f}" if result.labelled else "-",
        "F1": f"{result.f1:.3f}" if result.labelled else "-",
    }
