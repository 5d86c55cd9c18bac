"""The time axis that charts share, and figures that lie exactly above each other."""

from __future__ import annotations

from typing import Any

import bqplot
import numpy as np
import traitlets

from ...plotting.scales import pick_ticks
from ...wording import format_time
from ..state import AppState, TimeRange

# Left of every plot area there is room for the longest instrument's name.
LEFT, RIGHT, TOP = 104, 14, 8
_BOTTOM, _BOTTOM_WITH_LABEL = 28, 48
# Labels of times keep clear of the lowest label of the vertical axis.
_TICK_STYLE = {"transform": "translateY(5px)"}


class TimeFrame(traitlets.HasTraits):
    """Horizontal scale and axis of one or several charts; they follow the state's `view`.

    Parameters
    ----------
    state : AppState
    label : str
        Name of the axis, shown below it.

    Attributes
    ----------
    max_ticks : int
        Most labels for which there is room.
    scale : bqplot.LinearScale
        Seconds.
    axis : bqplot.Axis
    """

    max_ticks = traitlets.Int(9, min=2)

    def __init__(self, state: AppState, *, label: str = "") -> None:
        super().__init__()
        self._state = state
        self.scale = bqplot.LinearScale(min=0.0, max=1.0, allow_padding=False)
        self.axis = bqplot.Axis(scale=self.scale, label=label, label_offset="38px", tick_style=_TICK_STYLE)
        state.observe(self._follow, ["reading", "view"])
        self.observe(self._follow, "max_ticks")
        self._follow()

    @property
    def duration(self) -> float:
        """Length of the recording on show, s."""
        reading = self._state.reading
        return reading.analysis.duration if reading else 1.0

    @property
    def visible(self) -> TimeRange:
        """What the charts show."""
        return visible_range(self._state)

    def make_figure(self, marks: list[bqplot.Mark], height: int, y_axis: bqplot.Axis) -> bqplot.Figure:
        """Make a figure on this axis: as wide as there is room, with the same margins as all others.

        Parameters
        ----------
        marks : list of bqplot.Mark
        height : int
            Of the plot area, px.
        y_axis : bqplot.Axis
        """
        bottom = _BOTTOM_WITH_LABEL if self.axis.label else _BOTTOM
        return make_figure(
            marks, [self.axis, y_axis], height, {"left": LEFT, "right": RIGHT, "top": TOP, "bottom": bottom}
        )

    def _follow(self, _: Any = None) -> None:
        visible = self.visible
        with self.scale.hold_sync():
            self.scale.min, self.scale.max = visible.start, visible.end
        ticks = pick_ticks(visible.start, visible.end, self.max_ticks)
        tenths = len(ticks) > 1 and bool(ticks[1] - ticks[0] < 1)
        label_ticks(self.axis, {float(tick): format_time(float(tick), tenths=tenths) for tick in ticks})


def visible_range(state: AppState) -> TimeRange:
    """What charts of a state show: its `view`, or the whole recording."""
    duration = state.reading.analysis.duration if state.reading else 1.0
    if state.view is None or state.view.start >= duration:
        return TimeRange(0.0, duration)
    return state.view


def js_number(number: float) -> str:
    """Write a number as the browser does; bqplot looks labels up by it.

    Examples
    --------
    >>> js_number(15.0), js_number(0.5)
    ('15', '0.5')
    """
    return repr(int(number)) if number == int(number) else repr(float(number))


def make_axis(scale: bqplot.Scale, ticks: dict[float, str], **settings: Any) -> bqplot.Axis:
    """Make a vertical axis with the given labels.

    Parameters
    ----------
    scale : bqplot.Scale
    ticks : dict of float to str
        Label of each value.
    **settings
        More traits of `bqplot.Axis`.
    """
    values = {js_number(value): label for value, label in ticks.items()}
    places = np.array(list(ticks), dtype=np.float64)
    return bqplot.Axis(scale=scale, side="left", tick_values=places, tick_labels=values, **settings)


def label_ticks(axis: bqplot.Axis, ticks: dict[float, str]) -> None:
    """Give an axis other ticks.

    bqplot writes new ticks with the labels that it has when they arrive: so labels go first, in a message of their
    own, together with the old ones, which are on show for a moment longer.

    Parameters
    ----------
    axis : bqplot.Axis
    ticks : dict of float to str
        Label of each value.
    """
    labels = {js_number(value): label for value, label in ticks.items()}
    on_show = {js_number(value) for value in axis.tick_values} if axis.tick_values is not None else set()
    kept = {value: label for value, label in (axis.tick_labels or {}).items() if value in on_show}
    axis.tick_labels = kept | labels
    axis.tick_values = np.array(list(ticks), dtype=np.float64)


def make_figure(
    marks: list[bqplot.Mark], axes: list[bqplot.Axis], height: int, margin: dict[str, int]
) -> bqplot.Figure:
    """Make a figure that fills its width, without tool bar and animation.

    Parameters
    ----------
    marks : list of bqplot.Mark
    axes : list of bqplot.Axis
    height : int
        Of the plot area, px.
    margin : dict
        Round the plot area, px.
    """
    pixels = f"{height + margin['top'] + margin['bottom']}px"
    return bqplot.Figure(
        marks=marks,
        axes=axes,
        fig_margin=margin,
        padding_x=0.0,
        padding_y=0.0,
        min_aspect_ratio=0.01,
        max_aspect_ratio=100.0,
        animation_duration=0,
        display_toolbar=False,
        layout={"width": "100%", "height": pixels, "min_height": pixels, "margin": "0"},
    )
