"""Probabilities over time as lines, one per instrument, switched on and off in the legend."""

from __future__ import annotations

from typing import Any

import anywidget
import bqplot
import numpy as np
import traitlets

from ...instruments import INSTRUMENTS, instrument_by_code
from ...plotting.curves import cut_out, thin_out, trace_windows
from ...plotting.scales import DASHES, dash_of
from ..state import Reading
from ..styles import STATIC
from .chart import ChartView, shows_the_same
from .colours import line_colour
from .frame import TimeFrame, make_axis

_TICKS = {0.0: "0 %", 0.5: "50 %", 1.0: "100 %"}
MAX_POINTS = 2_000


class Legend(anywidget.AnyWidget):
    """A row of toggle buttons, one per instrument.

    Attributes
    ----------
    items : list of dict
        Code, name, colour and dash of each instrument.
    shown : list of str
        Codes of those that are switched on.
    """

    _esm = STATIC / "legend.js"
    items: traitlets.List = traitlets.List().tag(sync=True)
    shown = traitlets.List(traitlets.Unicode()).tag(sync=True)


class IntensityView(ChartView):
    """How probable each instrument is, window by window.

    Parameters
    ----------
    source : Analysis or AppState
    frame : TimeFrame, optional
        See `ChartView`.

    Attributes
    ----------
    legend : Legend
        Detected instruments are on until the user decides otherwise.
    marks : dict of str to bqplot.Lines
        By dash.
    """

    title = "Intensity"
    explanation = "probability of each instrument"

    def _build(self, frame: TimeFrame) -> bqplot.Figure:
        scale = bqplot.LinearScale(min=-0.02, max=1.03, allow_padding=False)  # room for half a line's width
        self.marks = {
            dash: bqplot.Lines(
                x=[0.0, 1.0],
                y=[0.0, 0.0],
                scales={"x": frame.scale, "y": scale},
                line_style=dash,
                stroke_width=2.0,
                visible=False,
            )
            for dash in DASHES
        }
        self.threshold = bqplot.Lines(
            x=[0.0, 1.0], y=[0.0, 0.0], scales={"x": frame.scale, "y": scale}, stroke_width=1.0, visible=False
        )
        self.threshold.colors = ["var(--in-muted, #556070)"]
        items = [
            {"code": i.code, "name": i.name, "colour": line_colour(i.code), "dash": dash_of(i.code)}
            for i in INSTRUMENTS
        ]
        self.legend = Legend(items=items)
        self.legend.add_class("in-legend")
        self.legend.observe(self._take_choice, "shown")
        self.head.children = (*self.head.children, self.legend)
        self._choices: dict[str, bool] = {}
        self._name = ""
        self._drawn: tuple[Reading, list[str]] | None = None
        figure = frame.make_figure([self.threshold, *self.marks.values()], 150, make_axis(scale, _TICKS))
        figure.add_class("in-intensity")
        return figure

    def _draw(self, reading: Reading) -> str:
        if reading.analysis.audio_name != self._name:
            self._name, self._choices = reading.analysis.audio_name, {}
        heard = (*reading.timeline.detected, *reading.timeline.heard_in_parts)
        shown = [i.code for i in INSTRUMENTS if self._choices.get(i.code, i.code in heard)]
        self._shown_by_us = shown
        self.legend.shown = shown
        is_new = self._drawn is None or self._drawn[1] != shown or not shows_the_same(self._drawn[0], reading)
        if is_new:  # a moved threshold alone leaves the lines as they are
            self._draw_lines(reading, shown)
        self._draw_threshold(reading)
        return ""

    def _draw_view(self, reading: Reading) -> None:
        if reading.analysis.n_windows > MAX_POINTS:
            self._draw_lines(reading, self.legend.shown)

    def _draw_lines(self, reading: Reading, shown: list[str]) -> None:
        self._drawn = (reading, shown)
        analysis = reading.analysis
        columns = [analysis.instruments.index(code) for code in shown]
        times, heights = trace_windows(analysis, reading.timeline.smoothed[:, columns])
        if shown and len(times) > MAX_POINTS:
            visible = self._frame.visible
            part = cut_out(times, visible.start, visible.end)
            times, heights = thin_out(times[part], heights[:, part], MAX_POINTS)
        for dash, mark in self.marks.items():
            rows = [row for row, code in enumerate(shown) if dash_of(code) == dash]
            if not rows:
                mark.visible = False
                continue
            with mark.hold_sync():
                mark.x = times
                mark.y = heights[rows].astype(np.float32)
                mark.colors = [line_colour(shown[row]) for row in rows]
                mark.labels = [instrument_by_code(shown[row]).name for row in rows]
                mark.visible = True

    def _draw_threshold(self, reading: Reading) -> None:
        """A line at the threshold, where all instruments have the same."""
        threshold = reading.timeline.config.threshold
        with self.threshold.hold_sync():
            self.threshold.visible = threshold != "auto"
            if threshold != "auto":
                self.threshold.x = [0.0, reading.analysis.duration]
                self.threshold.y = [threshold, threshold]

    def _take_choice(self, change: Any) -> None:
        if change.new == self._shown_by_us:
            return
        for code in set(change.new) ^ set(change.old):
            self._choices[code] = code in change.new
        self._shown_by_us = change.new
        if self._state.reading:
            self._draw_lines(self._state.reading, [i.code for i in INSTRUMENTS if i.code in change.new])
