"""The eleven probabilities of one window, the one under the cursor."""

from __future__ import annotations

from typing import Any

import bqplot
import ipywidgets as widgets
import numpy as np

from ...instruments import INSTRUMENTS, N_INSTRUMENTS
from ...results import Analysis, window_cells
from ...wording import format_percent, format_time_range
from ..state import AppState, Reading, as_state
from ..styles import Styles
from .colours import line_colour
from .frame import LEFT, make_axis, make_figure

_ROW_PIXELS = 22
_TEXT = "var(--in-text, #1c2430)"
_ROWS = np.arange(N_INSTRUMENTS - 0.5, 0, -1)  # the first instrument is at the top


class InspectorView(widgets.VBox):
    """Eleven bars with their thresholds: of the window under the cursor, or of the whole recording.

    Parameters
    ----------
    source : Analysis or AppState
        An analysis to show on its own, or the state of an app to follow.

    Attributes
    ----------
    heading : ipywidgets.HTML
        Says which window.
    bars : bqplot.Lines
        One thick line per instrument, from 0 to its probability.
    ticks : bqplot.Lines
        A short upright line at each threshold.
    figures : bqplot.Label
        The probabilities in per cent.
    """

    def __init__(self, source: Analysis | AppState) -> None:
        is_alone = not isinstance(source, AppState)
        self._state = as_state(source)
        self.heading = widgets.HTML()
        self.heading.add_class("in-chart-head")
        self.figure = self._build()
        super().__init__([self.heading, self.figure, *([Styles()] if is_alone else [])])
        for name in ("instrunet", "in-chart", "in-inspector"):
            self.add_class(name)
        self._drawn: tuple[Reading | None, int | None] = (None, None)
        self._state.observe(self._follow, ["reading", "cursor"])
        self._follow()

    def _build(self) -> bqplot.Figure:
        x_scale = bqplot.LinearScale(min=0.0, max=1.0, allow_padding=False)
        y_scale = bqplot.LinearScale(min=0.0, max=float(N_INSTRUMENTS), allow_padding=False)
        scales = {"x": x_scale, "y": y_scale}
        rows = np.stack([_ROWS, _ROWS], axis=1)
        self.bars = bqplot.Lines(
            x=np.zeros((N_INSTRUMENTS, 2)),
            y=rows,
            scales=scales,
            colors=[line_colour(instrument.code) for instrument in INSTRUMENTS],
            stroke_width=_ROW_PIXELS * 0.55,
        )
        ends = np.stack([_ROWS - 0.42, _ROWS + 0.42, np.full(N_INSTRUMENTS, np.nan)], axis=1).ravel()[:-1]
        self.ticks = bqplot.Lines(x=np.zeros(len(ends)), y=ends, scales=scales, stroke_width=2.0, colors=[_TEXT])
        self.figures = bqplot.Label(
            x=np.ones(N_INSTRUMENTS),
            y=_ROWS,
            text=[""] * N_INSTRUMENTS,
            scales=scales,
            align="start",
            x_offset=8,
            default_size=12,
            font_weight="normal",
            colors=[_TEXT],
            apply_clip=False,
        )
        names = {row: instrument.name for row, instrument in zip(_ROWS, INSTRUMENTS, strict=True)}
        x_axis = bqplot.Axis(
            scale=x_scale,
            tick_values=np.array([0.0, 0.5, 1.0]),
            tick_labels={"0": "0 %", "0.5": "50 %", "1": "100 %"},
        )
        margin = {"left": LEFT, "right": 48, "top": 8, "bottom": 24}
        axes = [x_axis, make_axis(y_scale, names, grid_lines="none")]
        figure = make_figure([self.bars, self.ticks, self.figures], axes, _ROW_PIXELS * N_INSTRUMENTS, margin)
        figure.add_class("in-inspector-figure")
        return figure

    def _follow(self, _: Any = None) -> None:
        reading, cursor = self._state.reading, self._state.cursor
        window = window_at(reading.analysis, cursor) if reading and cursor is not None else None
        if (reading, window) == self._drawn and reading is not None:
            return
        self._drawn = (reading, window)
        if reading is None:
            self.heading.value = "<h3>Window</h3><span>nothing has been analysed yet</span>"
            return
        timeline = reading.timeline
        if window is None:
            values, thresholds = timeline.scores, timeline.recording_thresholds
        else:
            values, thresholds = timeline.smoothed[window], timeline.thresholds
        self.heading.value = describe_window(reading.analysis, window)
        self._draw(values, thresholds)

    def _draw(self, values: np.ndarray, thresholds: np.ndarray) -> None:
        self.bars.x = np.stack([np.zeros(N_INSTRUMENTS), values], axis=1)
        gaps = np.full(N_INSTRUMENTS, np.nan)
        self.ticks.x = np.stack([thresholds, thresholds, gaps], axis=1).ravel()[:-1].astype(np.float64)
        self.figures.text = np.array([format_percent(float(value)) for value in values])


def window_at(analysis: Analysis, time: float) -> int:
    """Number of the window that speaks for a time, s."""
    starts = window_cells(analysis)[:, 0]
    return int(np.clip(np.searchsorted(starts, time, side="right") - 1, 0, analysis.n_windows - 1))


def describe_window(analysis: Analysis, window: int | None) -> str:
    """Which stretch of the recording the inspector tells about, as HTML.

    Parameters
    ----------
    analysis : Analysis
    window : int or None
        None for the whole recording.
    """
    if window is None:
        return "<h3>Whole recording</h3><span>score and threshold of each instrument</span>"
    start = float(analysis.window_starts[window])
    end = min(start + analysis.window_seconds, analysis.duration)
    remark = "silence" if analysis.silent[window] else "probability and threshold of each instrument"
    return f"<h3>Window {format_time_range(start, max(start, end))}</h3><span>{remark}</span>"
