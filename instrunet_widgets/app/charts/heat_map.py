"""All probabilities over time as one picture, a row per instrument."""

from __future__ import annotations

import bqplot
import ipywidgets as widgets

from ...instruments import INSTRUMENTS, N_INSTRUMENTS
from ...plotting.scales import rasterise
from ..state import Reading
from .chart import ChartView, shows_the_same
from .colours import css_gradient, draw_png
from .frame import TimeFrame, make_axis
from .picture import make_picture, show_png

ROW_PIXELS = 16
_SILENCE = "blank: silence"


class HeatMapView(ChartView):
    """How probable all instruments are, window by window; silent windows are left blank.

    Parameters
    ----------
    source : Analysis or AppState
    frame : TimeFrame, optional
        See `ChartView`.

    Attributes
    ----------
    picture : bqplot.Image
        The first instrument is at the top.
    """

    title = "Heat map"
    explanation = "probability of all eleven"

    def _build(self, frame: TimeFrame) -> bqplot.Figure:
        scale = bqplot.LinearScale(min=0.0, max=float(N_INSTRUMENTS), allow_padding=False)
        self.picture = make_picture(frame.scale, scale, height=N_INSTRUMENTS)
        names = {N_INSTRUMENTS - 0.5 - row: instrument.name for row, instrument in enumerate(INSTRUMENTS)}
        self._drawn: Reading | None = None
        self._key = make_colour_key("probability", "0 %", "100 %", _SILENCE)
        self._key_without_silence = make_colour_key("probability", "0 %", "100 %")
        self.head.children = (*self.head.children, self._key, self._key_without_silence)
        axis = make_axis(scale, names, grid_lines="none")
        figure = frame.make_figure([self.picture], ROW_PIXELS * N_INSTRUMENTS, axis)
        figure.add_class("in-heat-map")
        return figure

    def _draw(self, reading: Reading) -> str:
        is_blank_somewhere = bool(reading.analysis.silent.any())
        self._key.layout.display = "" if is_blank_somewhere else "none"
        self._key_without_silence.layout.display = "none" if is_blank_somewhere else ""
        # A moved threshold leaves the probabilities as they are, and the picture.
        if self._drawn is not None and shows_the_same(self._drawn, reading):
            return ""
        self._drawn = reading
        values, seconds = rasterise(reading.analysis, reading.timeline.smoothed)
        show_png(self.picture, draw_png(values[::-1], "probability"), 0.0, values.shape[1] * seconds)
        return ""


def make_colour_key(ramp: str, lowest: str, highest: str, remark: str = "") -> widgets.HTML:
    """A strip that tells what the colours of a picture mean."""
    strip = f"<i style='background:{css_gradient(ramp)}'></i>"
    key = widgets.HTML(f"<span>{lowest}</span>{strip}<span>{highest}</span><span>{remark}</span>")
    key.add_class("in-colour-key")
    return key
