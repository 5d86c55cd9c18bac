"""The log-mel spectrogram: what the network is shown, put together for the whole recording."""

from __future__ import annotations

from typing import Any

import bqplot
import numpy as np
import numpy.typing as npt

from ...config import FeatureConfig
from ...overview import DYNAMIC_RANGE_DB
from ...plotting.curves import column_seconds
from ...plotting.scales import MARKED_HERTZ, mel_position
from ...results import Analysis
from ..state import AppState, Reading
from .chart import ChartView, explain_missing_sound
from .colours import TRANSPARENT, draw_png
from .frame import TimeFrame, make_axis
from .heat_map import make_colour_key
from .loader import CloseUpLoader
from .picture import make_picture, show_png


class SpectrogramView(ChartView):
    """The log-mel spectrogram; where the charts are zoomed in, finer columns are computed from the file.

    Parameters
    ----------
    source : Analysis or AppState
    frame : TimeFrame, optional
        See `ChartView`.
    loader : CloseUpLoader, optional
        Where close-ups come from; charts of one app share it.

    Attributes
    ----------
    picture, close_up : bqplot.Image
        The whole recording, and on top of it the finer picture of what is visible.
    """

    title = "Spectrogram"
    explanation = "log-mel, dB below the loudest"

    def __init__(
        self, source: Analysis | AppState, *, frame: TimeFrame | None = None, loader: CloseUpLoader | None = None
    ) -> None:
        super().__init__(source, frame=frame)
        self._loader = loader or CloseUpLoader(self._state)
        self._loader.observe(self._show_close_up, "close_up")
        self._show_close_up()

    def _build(self, frame: TimeFrame) -> bqplot.Figure:
        config = FeatureConfig()
        scale = bqplot.LinearScale(min=0.0, max=float(config.n_mels), allow_padding=False)
        self.picture = make_picture(frame.scale, scale, height=config.n_mels)
        self.close_up = make_picture(frame.scale, scale, height=config.n_mels)
        self.close_up.visible = False
        self._drawn: object = None
        key = make_colour_key("sound", f"-{DYNAMIC_RANGE_DB:.0f} dB", "0 dB")
        self.head.children = (*self.head.children, key)
        ticks = {mel_position(hertz, config): label for hertz, label in MARKED_HERTZ.items()}
        figure = frame.make_figure([self.picture, self.close_up], 160, make_axis(scale, ticks, grid_lines="none"))
        figure.add_class("in-spectrogram")
        return figure

    def _draw(self, reading: Reading) -> str:
        analysis = reading.analysis
        if analysis.overview is None or not analysis.overview.spectrogram.shape[1]:
            self._drawn = None
            self.picture.visible = False
            return explain_missing_sound(reading)
        if analysis.overview is self._drawn:
            return ""
        self._drawn = analysis.overview
        cells = analysis.overview.spectrogram
        config = FeatureConfig()
        seconds = column_seconds(cells.shape[1], config.hop_length / config.sample_rate, analysis.duration)
        show_png(self.picture, draw_png(to_palette(cells), "sound"), 0.0, cells.shape[1] * seconds)
        return ""

    def _needs_place(self, reading: Reading) -> bool:
        return reading.is_partial

    def _show_close_up(self, _: Any = None) -> None:
        close_up = self._loader.close_up
        if close_up is None or close_up.spectrogram is None:
            self.close_up.visible = False
            return
        png = draw_png(to_palette(close_up.spectrogram), "sound")
        show_png(self.close_up, png, close_up.spectrogram_start, close_up.spectrogram_end)


def to_palette(cells: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Leave out the palette's transparent entry: the loudest two of the 256 steps look the same."""
    return np.minimum(cells, TRANSPARENT - 1)
