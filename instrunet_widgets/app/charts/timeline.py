"""When instruments are heard: a lane for each, a bar for every time range."""

from __future__ import annotations

import bqplot
import numpy as np
import numpy.typing as npt

from ...instruments import INSTRUMENTS, instrument_by_code
from ...plotting.scales import FEWEST_LANES
from ...results import Timeline
from ..state import Reading
from .chart import ChartView
from .colours import line_colour
from .frame import TimeFrame, label_ticks, make_axis

LANE_PIXELS = 20


class TimelineView(ChartView):
    """The time ranges of the instruments that are heard in the recording or in parts of it.

    Parameters
    ----------
    source : Analysis or AppState
    frame : TimeFrame, optional
        See `ChartView`.

    Attributes
    ----------
    bars : bqplot.Lines
        One thick line per lane, with gaps between its time ranges.
    """

    title = "Time ranges"
    explanation = "where each instrument is heard"

    def _build(self, frame: TimeFrame) -> bqplot.Figure:
        self._scale = bqplot.LinearScale(min=0.0, max=float(FEWEST_LANES), allow_padding=False)
        self.bars = bqplot.Lines(
            x=[0.0, 1.0],
            y=[0.0, 0.0],
            scales={"x": frame.scale, "y": self._scale},
            stroke_width=LANE_PIXELS * 0.6,
            visible=False,
        )
        self._lanes: tuple[str, ...] | None = None
        self.axis = make_axis(self._scale, {0.0: ""}, grid_lines="none")
        figure = frame.make_figure([self.bars], LANE_PIXELS * len(INSTRUMENTS), self.axis)
        figure.add_class("in-ranges")
        return figure

    def _draw(self, reading: Reading) -> str:
        timeline = reading.timeline
        heard = {*timeline.detected, *timeline.heard_in_parts}
        lanes = tuple(instrument.code for instrument in INSTRUMENTS if instrument.code in heard)
        if not lanes or not timeline.segments:
            self._label_lanes(())
            self.bars.visible = False
            return "No instrument passes the threshold."
        self._label_lanes(lanes)
        times, heights = trace_lanes(timeline, lanes)
        with self.bars.hold_sync():
            self.bars.x = times
            self.bars.y = heights
            self.bars.colors = [line_colour(code) for code in lanes]
            self.bars.labels = [instrument_by_code(code).name for code in lanes]
            self.bars.visible = True
        return ""

    def _label_lanes(self, lanes: tuple[str, ...]) -> None:
        if lanes == self._lanes:
            return
        self._lanes = lanes
        n_lanes = max(len(lanes), FEWEST_LANES)
        self._scale.max = float(n_lanes)
        names = {n_lanes - 0.5 - row: instrument_by_code(code).name for row, code in enumerate(lanes)}
        names = names or {0.0: ""}  # without any, bqplot would write numbers
        label_ticks(self.axis, names)


def trace_lanes(timeline: Timeline, lanes: tuple[str, ...]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points of one line per lane: start and end of every time range, and a gap after it.

    Parameters
    ----------
    timeline : Timeline
    lanes : tuple of str
        Instruments from the top to the bottom.

    Returns
    -------
    times, heights : np.ndarray [shape=(n_lanes, n_points)]
        Filled up with NaN, at the front, where a lane has fewer ranges than another. The last point never is NaN:
        bqplot hangs a label on it.
    """
    points: dict[str, list[float]] = {code: [] for code in lanes}
    for segment in timeline.segments:
        if segment.instrument in points:
            points[segment.instrument] += (segment.start, segment.end, np.nan)
    times = np.full((len(lanes), max(3, *map(len, points.values()))), np.nan)
    heights = np.full_like(times, np.nan)
    n_lanes = max(len(lanes), FEWEST_LANES)
    for lane, code in enumerate(lanes):
        flat = np.array(points[code] or [np.nan, 0.0, np.nan])
        times[lane, -len(flat) :] = flat
        heights[lane, -len(flat) :] = np.where(np.isnan(flat), np.nan, n_lanes - 0.5 - lane)
    return times[:, :-1], heights[:, :-1]
