"""The sound itself: lowest and highest sample of every stretch of time."""

from __future__ import annotations

import bqplot
import numpy as np
import numpy.typing as npt

from ...plotting.curves import column_seconds, cut_out
from ...plotting.scales import amplitude_limit
from ...results import Analysis
from ..state import AppState, Reading
from .chart import ChartView, explain_missing_sound
from .close_up import CloseUp
from .frame import TimeFrame, label_ticks, make_axis
from .loader import CloseUpLoader

SAMPLE_RATE = 16_000
MAX_BINS = 3_000
_COLOUR = "var(--in-accent, #1f5fa8)"


class WaveformView(ChartView):
    """The waveform; where the charts are zoomed in, its finer shape is read from the file.

    Parameters
    ----------
    source : Analysis or AppState
    frame : TimeFrame, optional
        See `ChartView`.
    loader : CloseUpLoader, optional
        Where close-ups come from; charts of one app share it.

    Attributes
    ----------
    outline : bqplot.Lines
        Along the highest samples and back along the lowest.
    """

    title = "Waveform"
    explanation = "amplitude, full scale is 1"

    def __init__(
        self, source: Analysis | AppState, *, frame: TimeFrame | None = None, loader: CloseUpLoader | None = None
    ) -> None:
        self._loader: CloseUpLoader | None = None
        super().__init__(source, frame=frame)
        self._loader = loader or CloseUpLoader(self._state)
        self._loader.observe(self._follow_view, "close_up")

    def _build(self, frame: TimeFrame) -> bqplot.Figure:
        self._scale = bqplot.LinearScale(min=-1.0, max=1.0, allow_padding=False)
        self.outline = bqplot.Lines(
            x=[0.0, 1.0],
            y=[0.0, 0.0],
            scales={"x": frame.scale, "y": self._scale},
            fill="inside",
            fill_colors=[_COLOUR],
            colors=[_COLOUR],
            close_path=True,
            stroke_width=1.0,
        )
        self.axis = make_axis(self._scale, {-1.0: "-1", 0.0: "0", 1.0: "1"})
        figure = frame.make_figure([self.outline], 80, self.axis)
        figure.add_class("in-waveform")
        return figure

    def _draw(self, reading: Reading) -> str:
        overview = reading.analysis.overview
        if overview is None or not len(overview.envelope):
            self.outline.visible = False
            return explain_missing_sound(reading)
        self.outline.visible = True
        limit = amplitude_limit(overview.envelope)
        if limit != self._scale.max:
            self._scale.min, self._scale.max = -limit, limit
            label_ticks(self.axis, {value: f"{value:g}" for value in (-limit, 0.0, limit)})
        self._draw_view(reading)
        return ""

    def _needs_place(self, reading: Reading) -> bool:
        return reading.is_partial

    def _draw_view(self, reading: Reading) -> None:
        overview = reading.analysis.overview
        if overview is None or not len(overview.envelope):
            return
        close_up = self._loader.close_up if self._loader else None
        visible = self._frame.visible
        times, envelope = join_close_up(reading.analysis, overview.envelope, close_up)
        part = cut_out(times, visible.start, visible.end)
        times, envelope = join_bins(times[part], envelope[part])
        with self.outline.hold_sync():
            self.outline.x = np.concatenate([times, times[::-1]])
            self.outline.y = np.concatenate([envelope[:, 1], envelope[::-1, 0]])


def join_bins(
    times: npt.NDArray[np.float64], envelope: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Join neighbouring bins until at most `MAX_BINS` are left."""
    size = -(-len(times) // MAX_BINS)
    if size <= 1:
        return times, envelope
    starts = np.arange(0, len(times), size)
    ends = np.minimum(starts + size, len(times)) - 1
    lowest = np.minimum.reduceat(envelope[:, 0], starts)
    highest = np.maximum.reduceat(envelope[:, 1], starts)
    return (times[starts] + times[ends]) / 2, np.stack([lowest, highest], axis=1)


def join_close_up(
    analysis: Analysis, envelope: npt.NDArray[np.float32], close_up: CloseUp | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """The envelope with its time, finer where there is a close-up.

    Parameters
    ----------
    analysis : Analysis
    envelope : np.ndarray [shape=(n_bins, 2)]
        Of the overview.
    close_up : CloseUp or None

    Returns
    -------
    times : np.ndarray [shape=(n,)]
        Middle of each bin, s.
    envelope : np.ndarray [shape=(n, 2)]
    """
    seconds = column_seconds(len(envelope), 1 / SAMPLE_RATE, analysis.duration)
    times = np.minimum((np.arange(len(envelope)) + 0.5) * seconds, analysis.duration)
    if close_up is None or close_up.analysis is not analysis:
        return times, envelope
    fine = close_up.envelope
    fine_times = close_up.start + (np.arange(len(fine)) + 0.5) * (close_up.end - close_up.start) / len(fine)
    before, after = times < close_up.start, times > close_up.end
    return (
        np.concatenate([times[before], fine_times, times[after]]),
        np.concatenate([envelope[before], fine, envelope[after]]),
    )
