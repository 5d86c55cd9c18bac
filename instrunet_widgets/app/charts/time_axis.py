"""The time axis as a widget: zoom, pan, hover, seek and playhead, all in the browser."""

from __future__ import annotations

from typing import Any

import anywidget
import bqplot
import ipywidgets as widgets
import traitlets

from ..scripts import join_scripts
from ..state import AppState, TimeRange
from .frame import LEFT, RIGHT, TimeFrame, visible_range

SHORTEST_VIEW_SECONDS = 0.5
_PIXELS_PER_TICK = 76


class TimeAxis(anywidget.AnyWidget):
    """A row of buttons, and a transparent layer over the charts below it.

    The layer covers the whole of the nearest element of class ``in-stack``. It moves the scale of the charts itself,
    so that they follow the pointer without the kernel; the kernel is told where it came to rest.

    Parameters
    ----------
    state : AppState
        `view` and `cursor` are written here.
    frame : TimeFrame
        Of the charts below.

    Attributes
    ----------
    duration : float
        Length of the recording, s.
    view_start, view_end : float
        What is visible, s.
    cursor : float or None
        Where the pointer is or, while nothing is pointed at, the playhead, s.
    plot_width : int
        Of the plot area, px.
    """

    _esm = join_scripts("time_view.js", "time_axis.js")
    duration = traitlets.Float(1.0).tag(sync=True)
    view_start = traitlets.Float(0.0).tag(sync=True)
    view_end = traitlets.Float(1.0).tag(sync=True)
    cursor = traitlets.Float(None, allow_none=True).tag(sync=True)
    plot_width = traitlets.Int(0).tag(sync=True)
    shortest = traitlets.Float(SHORTEST_VIEW_SECONDS).tag(sync=True)
    margin_left = traitlets.Int(LEFT).tag(sync=True)
    margin_right = traitlets.Int(RIGHT).tag(sync=True)
    scale = traitlets.Instance(bqplot.LinearScale).tag(sync=True, **widgets.widget_serialization)

    def __init__(self, state: AppState, frame: TimeFrame) -> None:
        self._state, self._frame = state, frame
        super().__init__(scale=frame.scale)
        self.add_class("in-time-axis")
        self._follow()
        state.observe(self._follow, ["reading", "view"])
        self.observe(self._take_view, ["view_start", "view_end"])
        self.observe(self._take_cursor, "cursor")
        self.observe(self._take_width, "plot_width")

    def _follow(self, _: Any = None) -> None:
        visible = visible_range(self._state)
        self._is_following = True
        try:
            with self.hold_sync():
                self.duration = self._frame.duration
                self.view_start, self.view_end = visible.start, visible.end
        finally:
            self._is_following = False

    def _take_view(self, _: Any) -> None:
        if self._is_following:
            return
        start, end = max(0.0, self.view_start), min(self.duration, self.view_end)
        if end - start > self.duration - 1e-6:
            self._state.view = None
        elif end > start:
            self._state.view = TimeRange(start, end)

    def _take_cursor(self, _: Any) -> None:
        self._state.cursor = self.cursor

    def _take_width(self, _: Any) -> None:
        if self.plot_width > 0:
            self._frame.max_ticks = max(3, self.plot_width // _PIXELS_PER_TICK)
