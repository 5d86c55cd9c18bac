"""Widgets of the notebook `explore`: a recording of several to listen to, and two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from ..audio import load_audio
from ..config import AGGREGATIONS, DecodingConfig
from ..instruments import INSTRUMENTS
from ..results import Analysis
from ..wording import escape_unprintable
from .chart import MUTED, Axis
from .instrument_chart import InstrumentChart, set_bars
from .one_instrument import PER_CENT
from .panel import Panel, knob, knobs
from .sound import Sound, SoundBox

_MOST_SECONDS = 60.0  # of a recording that is listened to


class RecordingPlayer(Panel):
    """One recording of several to listen to.

    Parameters
    ----------
    paths : sequence of Path

    Attributes
    ----------
    recording : ipywidgets.Dropdown
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.recording = widgets.Dropdown(options=[(escape_unprintable(path.name), path) for path in paths])
        self._box = SoundBox(self.load, "Listen")
        found = [knobs(knob("Recording", self.recording)), self._box]
        super().__init__(found if paths else [widgets.HTML("<p>There is no recording in this folder.</p>")])
        self.recording.observe(lambda _: self._box.refresh(), "value")

    def load(self) -> Sound:
        """The first minute of the recording."""
        return Sound(load_audio(self.recording.value, duration=_MOST_SECONDS))


class RecordingComparison(Panel):
    """Scores of two recordings side by side.

    Parameters
    ----------
    analyses : dict of str to Analysis
        By name.

    Attributes
    ----------
    first, second : ipywidgets.Dropdown
    aggregation : ipywidgets.RadioButtons
    """

    def __init__(self, analyses: Mapping[str, Analysis]) -> None:
        self._analyses = dict(analyses)
        names = [(escape_unprintable(name), name) for name in self._analyses]
        self.first = widgets.Dropdown(options=names)
        self.second = widgets.Dropdown(options=names)
        if len(names) > 1:
            self.second.value = names[1][1]
        self.aggregation = widgets.RadioButtons(options=list(AGGREGATIONS))
        self.chart = InstrumentChart("Scores", Axis(0, 1, "Score", PER_CENT), 24)
        self.chart.y_axis.grid_lines = "none"
        self._bars = (self.chart.add_bars(8), self.chart.add_bars(8, MUTED))
        self._words = widgets.HTML()
        box = knobs(
            knob("Coloured (above)", self.first),
            knob("Grey (below)", self.second),
            knob("Aggregation", self.aggregation),
        )
        super().__init__([self.chart, self._words, box], title="Two recordings")
        for control in (self.first, self.second, self.aggregation):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        if not self._analyses:
            self.chart.explain("there is nothing to compare: the folder holds no recording")
            return
        config = DecodingConfig(aggregation=self.aggregation.value)
        pair = [self._analyses[control.value].decode(config) for control in (self.first, self.second)]
        for bars, timeline, above in zip(self._bars, pair, (0.2, -0.2), strict=True):
            set_bars(bars, [timeline.score_of(one.code) for one in INSTRUMENTS], above)
        gaps = {one.name: pair[0].score_of(one.code) - pair[1].score_of(one.code) for one in INSTRUMENTS}
        name = max(gaps, key=lambda key: abs(gaps[key]))
        same = self.first.value == self.second.value
        largest = f"Largest difference: {name}, {abs(gaps[name]) * 100:.0f} percentage points."
        self._words.value = f"<p>{'The same recording twice.' if same else largest}</p>"
