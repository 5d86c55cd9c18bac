"""Charts of the lessons in bqplot: lines, dots and pictures on two labelled axes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import bqplot
import ipywidgets as widgets
import numpy as np
import numpy.typing as npt

from ..app.charts.colours import draw_png
from ..app.charts.frame import LEFT, TOP, js_number, label_ticks, make_figure
from ..app.charts.picture import make_picture, show_png
from ..plotting.curves import thin_out

ACCENT = "var(--in-accent, #1f5fa8)"
GOOD = "var(--in-good, #1a6b3c)"
WARN = "var(--in-warn, #8a5200)"
BAD = "var(--in-bad, #b3261e)"
MUTED = "var(--in-muted, #556070)"
TEXT = "var(--in-text, #1c2430)"
_NARROW_LEFT, _RIGHT, _BOTTOM = 58, 24, 48
_MAX_POINTS = 2_000


@dataclass(frozen=True)
class Axis:
    """One axis of a chart.

    Parameters
    ----------
    low, high : float
        Its ends.
    label : str
        With the unit.
    ticks : dict of float to str
        Labels; by default a few round numbers.
    is_log : bool
        Equal distances for equal ratios.
    """

    low: float
    high: float
    label: str = ""
    ticks: dict[float, str] = field(default_factory=dict)
    is_log: bool = False

    def make_scale(self) -> bqplot.Scale:
        """The scale of this axis."""
        if self.is_log:
            return bqplot.LogScale(min=float(self.low), max=float(self.high))
        return bqplot.LinearScale(min=float(self.low), max=float(self.high), allow_padding=False)

    def make_axis(self, scale: bqplot.Scale, **settings: Any) -> bqplot.Axis:
        """The axis that is drawn, on its scale."""
        ticks = self.ticks or round_ticks(self.low, self.high)
        return bqplot.Axis(
            scale=scale,
            label=self.label,
            tick_labels={js_number(value): label for value, label in ticks.items()},
            tick_values=np.array(list(ticks), dtype=np.float64),
            **settings,
        )


def round_ticks(low: float, high: float, most: int = 6) -> dict[float, str]:
    """Round numbers inside a range with their labels, few enough for a telephone.

    Parameters
    ----------
    low, high : float
    most : int
        Most labels.

    Examples
    --------
    >>> round_ticks(12.0, 13.0)
    {12.0: '12', 12.2: '12.2', 12.4: '12.4', 12.6: '12.6', 12.8: '12.8', 13.0: '13'}
    >>> list(round_ticks(0, 8_000).values())
    ['0', '2,000', '4,000', '6,000', '8,000']
    """
    size = 10 ** np.floor(np.log10(max(high - low, 1e-9)))
    steps = (float(factor * size) for factor in (0.1, 0.2, 0.5, 1, 2, 5))
    step = next(step for step in steps if np.floor(high / step + 1e-9) - np.ceil(low / step - 1e-9) < most)
    numbers = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
    return {float(number): f"{number:,.10g}" for number in np.round(numbers, 9) + 0.0}


class Chart(widgets.VBox):
    """A heading and a figure; marks are added one by one and filled later.

    Parameters
    ----------
    title : str
    x, y : Axis
    explanation : str
        HTML beside the title.
    height : int
        Of the plot area, px.
    has_names : bool
        Leave room for names of instruments at the left.

    Attributes
    ----------
    heading : ipywidgets.HTML
    figure : bqplot.Figure
    """

    def __init__(
        self, title: str, x: Axis, y: Axis, *, explanation: str = "", height: int = 160, has_names: bool = False
    ) -> None:
        self._title = title
        self.heading = widgets.HTML()
        head = widgets.HBox([self.heading])
        head.add_class("in-chart-head")
        self.scales = {"x": x.make_scale(), "y": y.make_scale()}
        self.x_axis = x.make_axis(self.scales["x"], label_offset="34px", grid_lines="none")
        self.y_axis = y.make_axis(self.scales["y"], side="left", label_offset="44px")
        margin = {"left": LEFT if has_names else _NARROW_LEFT, "right": _RIGHT, "top": TOP, "bottom": _BOTTOM}
        self.figure = make_figure([], [self.x_axis, self.y_axis], height, margin)
        super().__init__([head, self.figure])
        self.add_class("in-chart")
        self.explain(explanation)

    def explain(self, explanation: str) -> None:
        """Write HTML beside the title."""
        self.heading.value = f"<h3>{self._title}</h3><span>{explanation}</span>"

    def add_line(self, colour: str = ACCENT, *, width: float = 1.5, **settings: Any) -> bqplot.Lines:
        """Add a line, still invisible; see `set_line`."""
        line = bqplot.Lines(
            x=[0.0, 1.0], y=[0.0, 0.0], scales=self.scales, colors=[colour], stroke_width=width, visible=False
        )
        for name, value in settings.items():
            setattr(line, name, value)
        self._add(line)
        return line

    def add_dots(self, colour: str = ACCENT, size: int = 40) -> bqplot.Scatter:
        """Add dots, none yet."""
        dots = bqplot.Scatter(x=[0.0], y=[0.0], scales=self.scales, colors=[colour], default_size=size, visible=False)
        self._add(dots)
        return dots

    def add_picture(self, *, height: float) -> bqplot.Image:
        """Add a picture that shows nothing yet; it covers the vertical axis from 0 to `height`."""
        picture = make_picture(self.scales["x"], self.scales["y"], height=height)
        self._add(picture)
        return picture

    def set_range(self, low: float, high: float, ticks: dict[float, str] | None = None) -> None:
        """Move the horizontal axis.

        Parameters
        ----------
        low, high : float
        ticks : dict of float to str, optional
            New labels; by default a few round numbers.
        """
        scale = self.scales["x"]
        with scale.hold_sync():
            scale.min, scale.max = float(low), float(high)
        label_ticks(self.x_axis, round_ticks(low, high) if ticks is None else ticks)

    def _add(self, mark: bqplot.Mark) -> None:
        self.figure.marks = [*self.figure.marks, mark]


def set_line(mark: bqplot.Lines | bqplot.Scatter, x: npt.ArrayLike, y: npt.ArrayLike) -> None:
    """Give a line, or dots, other points; thousands of them are thinned out, fewer than two are not drawn.

    Parameters
    ----------
    mark : bqplot.Lines or bqplot.Scatter
    x, y : array_like [shape=(n_points,)]
    """
    times, heights = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(times) > _MAX_POINTS:
        times, (heights,) = thin_out(times, heights[np.newaxis], _MAX_POINTS)
    if (isinstance(mark, bqplot.Lines) and len(times) < 2) or not len(times) or not np.isfinite(heights).any():
        mark.visible = False
        return
    with mark.hold_sync():
        mark.x, mark.y, mark.visible = times, heights, True


def set_steps(mark: bqplot.Lines, edges: npt.ArrayLike, heights: npt.ArrayLike) -> None:
    """Give a line level steps: one height between each two edges."""
    edges, heights = np.asarray(edges, dtype=np.float64), np.asarray(heights, dtype=np.float64)
    set_line(mark, np.repeat(edges, 2)[1:-1], np.repeat(heights, 2))


def show_levels(picture: bqplot.Image, levels: npt.ArrayLike, start: float, end: float, ramp: str = "sound") -> None:
    """Paint numbers from 0 to 1 as a picture.

    Parameters
    ----------
    picture : bqplot.Image
    levels : array_like [shape=(n_rows, n_columns)]
        The first row is drawn at the bottom. Values outside 0 to 1 are cut off.
    start, end : float
        Where it begins and ends on the horizontal axis.
    ramp : str
        Of `plotting.ramps`.
    """
    values = np.rint(np.clip(np.nan_to_num(np.asarray(levels, dtype=np.float64)), 0, 1) * 254).astype(np.uint8)
    show_png(picture, draw_png(values, ramp), float(start), float(end))
