"""Who plays when, as bars: a lane for each of the eleven instruments, labels above what was found."""

from __future__ import annotations

from collections.abc import Iterable

import bqplot
import numpy as np
import numpy.typing as npt

from ..instruments import CODES, N_INSTRUMENTS
from ..plotting.scales import pick_ticks
from ..segment_scores import TimeRange
from ..wording import format_time
from .chart import ACCENT, MUTED, Axis, set_line
from .instrument_chart import ROWS, InstrumentChart

LANE_PIXELS = 21


class LaneChart(InstrumentChart):
    """Labelled ranges (grey) on a time axis, and found ranges (coloured) below them if there are any to show.

    Parameters
    ----------
    title : str
    duration : float
        Length of the recording, s.
    explanation : str
        HTML beside the title.
    has_found : bool
        Leave room for what was found; without it the labels are level with the names.
    """

    def __init__(self, title: str, duration: float, explanation: str = "", *, has_found: bool = False) -> None:
        super().__init__(title, time_axis(duration), LANE_PIXELS, explanation=explanation)
        self.y_axis.grid_lines = "none"
        self.y_axis.label_offset = None
        self._duration, self._above = duration, 0.24 if has_found else 0.0
        self._window = self.add_line(ACCENT, width=1, fill="inside", fill_colors=[ACCENT], fill_opacities=[0.2])
        self._labelled = self.add_bars(LANE_PIXELS * 0.3, MUTED)
        self._found = self.add_bars(LANE_PIXELS * 0.3)

    def show_labelled(self, ranges: Iterable[TimeRange]) -> None:
        """Draw the labels."""
        self._fill(self._labelled, ranges, self._above)

    def show_found(self, ranges: Iterable[TimeRange]) -> None:
        """Draw what was found."""
        self._fill(self._found, ranges, -0.14)

    def show_window(self, start: float, end: float) -> None:
        """Shade a stretch of time."""
        end = max(start, min(end, self._duration))
        set_line(self._window, [start, end, end, start, start], [0, 0, N_INSTRUMENTS, N_INSTRUMENTS, 0])

    def _fill(self, bars: list[bqplot.Lines], ranges: Iterable[TimeRange], above: float) -> None:
        ranges = list(ranges)
        for row, code, bar in zip(ROWS, CODES, bars, strict=True):
            times, heights = trace_ranges([one for one in ranges if one.instrument == code])
            set_line(bar, times, heights + row + above)


def time_axis(duration: float) -> Axis:
    """A time axis for a whole recording."""
    ticks = {float(tick): format_time(float(tick)) for tick in pick_ticks(0.0, duration, 5)}
    return Axis(0, duration, "Time (min:s)", ticks)


def trace_ranges(ranges: Iterable[TimeRange]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points of one line at height 0 with gaps between the ranges; the last point is no gap.

    Parameters
    ----------
    ranges : iterable of Segment or LabelledRange

    Returns
    -------
    times, heights : np.ndarray [shape=(n_points,)]
        Empty if there are no ranges.
    """
    points = [(one.start, one.end, one.end) for one in ranges]
    times = np.array(points, dtype=np.float64).ravel()[:-1]
    heights = np.zeros(len(times))
    heights[2::3] = np.nan
    return times, heights
