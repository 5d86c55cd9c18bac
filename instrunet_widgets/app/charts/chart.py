"""What all charts on the time axis have in common."""

from __future__ import annotations

from typing import Any

import bqplot
import ipywidgets as widgets
import numpy as np

from ...results import Analysis
from ..state import AppState, Reading, as_state
from ..styles import Styles
from .frame import TimeFrame

AXIS_LABEL = "Time (min:s)"


class ChartView(widgets.VBox):
    """A heading, and below it a figure; where there is nothing to draw, a sentence says why.

    Subclasses make their marks in `_build` and fill them in `_draw`. The figure keeps its place while there is only
    nothing to draw yet, so that nothing on the page moves.

    Parameters
    ----------
    source : Analysis or AppState
        An analysis to show on its own, or the state of an app to follow.
    frame : TimeFrame, optional
        The time axis to share with other charts; without one the chart stands alone and brings its own.

    Attributes
    ----------
    figure : bqplot.Figure
    head : ipywidgets.HBox
        The line above the figure.
    heading : ipywidgets.HTML
        Title, and what is shown or why nothing is.
    """

    title = ""
    explanation = ""

    def __init__(self, source: Analysis | AppState, *, frame: TimeFrame | None = None) -> None:
        self._state = as_state(source)
        self._frame = frame or TimeFrame(self._state, label=AXIS_LABEL)
        self.heading = widgets.HTML()
        self.head = widgets.HBox([self.heading])
        self.head.add_class("in-chart-head")
        self.figure = self._build(self._frame)
        self._styles = [] if frame else [Styles()]
        super().__init__()
        self.add_class("instrunet")
        self.add_class("in-chart")
        self._state.observe(self._follow_reading, "reading")
        self._state.observe(self._follow_view, "view")
        self._follow_reading()

    def _build(self, frame: TimeFrame) -> bqplot.Figure:
        """Make the figure, still empty."""
        raise NotImplementedError

    def _draw(self, reading: Reading) -> str:
        """Fill the marks; where there is nothing to draw, empty them and return a sentence that says why."""
        raise NotImplementedError

    def _needs_place(self, reading: Reading) -> bool:
        """Whether the figure is shown although there is nothing in it."""
        return True

    def _draw_view(self, reading: Reading) -> None:
        """Follow a change of the visible range; the scale has moved already."""

    def _follow_reading(self, _: Any = None) -> None:
        reading = self._state.reading
        sentence = self._draw(reading) if reading else "Nothing has been analysed yet."
        self.heading.value = f"<h3>{self.title}</h3><span>{sentence or self.explanation}</span>"
        is_shown = reading is not None and (not sentence or self._needs_place(reading))
        # Taken out rather than hidden: bqplot complains about figures without a size.
        self.children = (self.head, *([self.figure] if is_shown else []), *self._styles)

    def _follow_view(self, _: Any = None) -> None:
        if self._state.reading:
            self._draw_view(self._state.reading)


def shows_the_same(first: Reading, second: Reading) -> bool:
    """Whether two readings have the same windows and the same smoothed probabilities."""
    return first.analysis is second.analysis and np.array_equal(first.timeline.smoothed, second.timeline.smoothed)


def explain_missing_sound(reading: Reading) -> str:
    """Why there is no picture of the sound, as a sentence."""
    if reading.is_partial:
        return "It is drawn when the whole recording has been heard."
    return "Only results were saved, not the sound: analyse the recording again to see it."
