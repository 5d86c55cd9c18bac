"""Widgets of lesson 5: windows, mean and max, precision and recall, tuning."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

from ..app.charts import InspectorView
from ..app.settings import SettingsPanel
from ..app.state import AppState, Reading
from ..config import MAX_SMOOTHING_WINDOWS, DecodingConfig
from ..instruments import INSTRUMENTS
from ..results import Analysis
from ..segment_scores import RangeScore, compare_ranges, compare_seconds
from .chart import ACCENT, BAD, MUTED, Axis, Chart, set_line
from .lanes import LaneChart
from .one_instrument import PER_CENT, Labels, describe
from .panel import Panel, figures, knob, knobs, slider, swatches
from .sound import Sound, SoundBox

_TWO_KINDS = swatches({"labelled (above)": MUTED, "found, each instrument in its colour": ACCENT})


class WindowExplorer(Panel):
    """One window after the other: where it is, how it sounds, what the network says.

    Parameters
    ----------
    analysis : Analysis
    sound : Sound
    labels : sequence of LabelledRange
    """

    def __init__(self, analysis: Analysis, sound: Sound, labels: Labels) -> None:
        self._analysis, self._sound = analysis, sound
        self._state = AppState()
        raw = analysis.decode(DecodingConfig(smoothing_windows=1))
        self._state.reading = Reading(analysis, raw)
        n_last = analysis.n_windows - 1
        self.window = slider(0, n_last, min(9, n_last), 1)
        self.lanes = LaneChart("Who plays", analysis.duration, "labels from the score; shaded: the window")
        self.lanes.show_labelled(labels)
        self._box = SoundBox(self.cut, "Listen to the window")
        inspector = InspectorView(self._state)
        super().__init__([self.lanes, knobs(knob("Window", self.window)), self._box, inspector], title="One window")
        self.window.observe(self._draw, "value")
        self._draw()

    def cut(self) -> Sound:
        """The sound of the window."""
        start = float(self._analysis.window_starts[self.window.value])
        return self._sound.cut(start, self._analysis.window_seconds)

    def _draw(self, _: Any = None) -> None:
        start = float(self._analysis.window_starts[self.window.value])
        self.lanes.show_window(start, start + self._analysis.window_seconds)
        middle = start + self._analysis.window_seconds / 2
        self._state.cursor = min(middle, self._analysis.duration)
        self._box.refresh()


class MeanMaxExplorer(Panel):
    """One number for the whole recording: the mean of its windows, or their maximum.

    Parameters
    ----------
    analysis : Analysis
    labels : sequence of LabelledRange
    """

    def __init__(self, analysis: Analysis, labels: Labels) -> None:
        self._analysis = analysis
        self._playing = {one.instrument for one in labels}
        self._state = AppState()
        self.aggregation = widgets.RadioButtons(options=[("Mean: typical", "mean"), ("Max: anywhere", "max")])
        self.smoothing = slider(1, MAX_SMOOTHING_WINDOWS, 3, 1)
        self._words = widgets.HTML()
        self._draw()
        box = knobs(knob("Aggregation", self.aggregation), knob("Smoothing (windows)", self.smoothing))
        super().__init__([InspectorView(self._state), self._words, box], title="Mean or max")
        for control in (self.aggregation, self.smoothing):
            control.observe(self._draw, "value")

    def _draw(self, _: Any = None) -> None:
        config = DecodingConfig(aggregation=self.aggregation.value, smoothing_windows=self.smoothing.value)
        timeline = self._analysis.decode(config)
        self._state.reading = Reading(self._analysis, timeline)
        found = set(timeline.detected)
        self._words.value = "".join(
            f"<p>{what}: {_list_names(codes)}</p>"
            for what, codes in (
                ("Found, and it plays", found & self._playing),
                ("Missed", self._playing - found),
                ("Found, but it does not play", found - self._playing),
            )
        )


class PrecisionRecallExplorer(Panel):
    """Precision and recall for every threshold at once.

    Parameters
    ----------
    analysis : Analysis
    labels : sequence of LabelledRange
    """

    def __init__(self, analysis: Analysis, labels: Labels) -> None:
        self._analysis, self._labels = analysis, labels
        self.threshold = slider(0.0, 1.0, 0.5, 0.02, readout_format=".2f")
        self.smoothing = slider(1, MAX_SMOOTHING_WINDOWS, 3, 1, continuous_update=False)
        axes = (Axis(0, 1.02, "Recall", PER_CENT), Axis(0, 1.04, "Precision", PER_CENT))
        self.chart = Chart("Precision and recall", *axes, explanation="all instruments, by seconds", height=240)
        self._curve = self.chart.add_line(ACCENT, width=2)
        self._dot = self.chart.add_dots(BAD, 120)
        self._numbers = widgets.HTML()
        box = knobs(knob("Threshold", self.threshold), knob("Smoothing (windows)", self.smoothing))
        super().__init__([self.chart, self._numbers, box], title="Every threshold at once")
        self.smoothing.observe(self._measure, "value")
        self.threshold.observe(self._point, "value")
        self._measure()

    def _score(self, threshold: float) -> RangeScore:
        config = DecodingConfig(threshold=threshold, smoothing_windows=self.smoothing.value)
        return compare_seconds(self._analysis.decode(config).segments, self._labels).total

    def _measure(self, _: Any = None) -> None:
        results = [self._score(k / 50) for k in range(51)]
        shown = [result for result in results if result.found]  # without anything found there is no precision
        set_line(self._curve, [result.recall for result in shown], [result.precision for result in shown])
        self._point()

    def _point(self, _: Any = None) -> None:
        result = self._score(self.threshold.value)
        set_line(self._dot, [result.recall], [result.precision])
        self._dot.visible = bool(result.found)
        self._numbers.value = figures(describe(result))


class Tuning(Panel):
    """All settings of the app against the labels, with a live score.

    Parameters
    ----------
    analysis : Analysis
    labels : sequence of LabelledRange

    Attributes
    ----------
    settings : SettingsPanel
        The app's own.
    best : float
        Highest F1 so far.
    """

    def __init__(self, analysis: Analysis, labels: Labels) -> None:
        self._analysis, self._labels = analysis, labels
        self._state = AppState()
        self._state.decoding = DecodingConfig(threshold=0.7, smoothing_windows=7)  # there is something to gain
        self.settings = SettingsPanel(self._state)
        self.lanes = LaneChart("Labelled and found", analysis.duration, _TWO_KINDS, has_found=True)
        self.lanes.show_labelled(labels)
        self._numbers = widgets.HTML()
        self.best = 0.0
        super().__init__([self._numbers, self.lanes, self.settings], title="Tune it")
        self._state.observe(self._draw, "decoding")
        self._draw()

    @property
    def config(self) -> DecodingConfig:
        """The settings as they are."""
        return self._state.decoding

    def _draw(self, _: Any = None) -> None:
        segments = self._analysis.decode(self.config).segments
        self.lanes.show_found(segments)
        seconds = compare_seconds(segments, self._labels).total
        ranges = compare_ranges(segments, self._labels).total
        self.best = max(self.best, seconds.f1)
        self._numbers.value = figures(
            {
                **describe(seconds),
                "Best F1 so far": f"{self.best:.3f}",
                "Ranges matched": f"{ranges.right:.0f} of {ranges.labelled:.0f}",
            }
        )


def _list_names(codes: set[str]) -> str:
    names = [one.name for one in INSTRUMENTS if one.code in codes]
    return f"<b>{escape(', '.join(names) or 'none')}</b>"
