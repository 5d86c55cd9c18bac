"""The five charts, each drawn into Matplotlib axes: the same marks, colours and dashes as on screen.

Every function takes the axes, an `Analysis` or a `Reading` of it, and returns a sentence instead of drawing where
there is nothing to draw. Nothing here loads Matplotlib; axes come from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import FeatureConfig
from ..instruments import INSTRUMENTS, N_INSTRUMENTS, instrument_by_code
from ..overview import DYNAMIC_RANGE_DB
from ..results import Analysis, Timeline
from .curves import column_seconds, thin_out, trace_windows
from .ramps import Bytes, ramp
from .scales import (
    BLANK,
    FEWEST_LANES,
    MARKED_HERTZ,
    amplitude_limit,
    dash_of,
    mel_position,
    rasterise,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT, MUTED, LINE, ACCENT = "#1c2430", "#556070", "#d5dae2", "#1f5fa8"
_LINE_POINTS = 1.4
_DASHES = {"solid": (), "dashed": (5, 2.2), "dash_dotted": (6, 1.8, 1.2, 1.8), "dotted": (1.2, 1.6)}
_CLOSEST_LABELS = 0.135  # inches
_MOST_COLUMNS = 1_600  # of a picture; more than a page or a screen can show
_SILENCE = "The recording is silent throughout."
NO_SOUND = "Only results were saved, not the sound: analyse the recording again to see it."


@dataclass(frozen=True, eq=False)
class Stretch:
    """What a chart shows: an analysis, how it is read, and from when to when.

    Parameters
    ----------
    analysis : Analysis
    timeline : Timeline
    start, end : float
        Seconds.
    """

    analysis: Analysis
    timeline: Timeline
    start: float
    end: float


def draw_waveform(axes: Axes, stretch: Stretch) -> str:
    """Lowest and highest sample of every stretch of time, over full scale."""
    overview = stretch.analysis.overview
    if overview is None or not len(overview.envelope):
        return NO_SOUND
    envelope = overview.envelope
    seconds = column_seconds(len(envelope), 1 / FeatureConfig().sample_rate, stretch.analysis.duration)
    times = np.minimum((np.arange(len(envelope)) + 0.5) * seconds, stretch.analysis.duration)
    shown = (times >= stretch.start - seconds) & (times <= stretch.end + seconds)
    times, heights = times[shown], envelope[shown].T.astype(np.float64)
    (times_low, low), (times_high, high) = (thin_out(times, row[np.newaxis], 2 * _MOST_COLUMNS) for row in heights)
    axes.fill(
        np.concatenate([times_high, times_low[::-1]]),
        np.concatenate([high[0], low[0, ::-1]]),
        facecolor=ACCENT,
        edgecolor=ACCENT,
        linewidth=0.4,
    )
    limit = amplitude_limit(envelope)
    axes.set_ylim(-limit, limit)
    axes.set_yticks([-limit, 0, limit], [f"{value:g}" for value in (-limit, 0, limit)])
    axes.grid(axis="y", color=LINE, linewidth=0.5)
    return ""


def draw_spectrogram(axes: Axes, stretch: Stretch) -> str:
    """The log-mel spectrogram, dB below the loudest cell of the recording."""
    overview = stretch.analysis.overview
    if overview is None or not overview.spectrogram.shape[1]:
        return NO_SOUND
    config = FeatureConfig()
    cells = overview.spectrogram
    seconds = column_seconds(cells.shape[1], config.hop_length / config.sample_rate, stretch.analysis.duration)
    first, last = int(stretch.start / seconds), int(np.ceil(stretch.end / seconds))
    cells = np.minimum(_join_columns(cells[:, first:last], np.mean), BLANK - 1)
    end = min(last, overview.spectrogram.shape[1]) * seconds
    _show_picture(axes, cells, "sound", (first * seconds, end), (0.0, float(config.n_mels)))
    places = {hertz: mel_position(hertz, config) for hertz in MARKED_HERTZ}
    inch = axes.get_window_extent().height / axes.figure.dpi / config.n_mels
    for below, hertz in ((250, 500), (500, 1_000), (1_000, 2_000)):
        if (places[hertz] - places[below]) * inch < _CLOSEST_LABELS:
            del places[below]
    axes.set_yticks(list(places.values()), [MARKED_HERTZ[hertz] for hertz in places])
    return ""


def draw_intensity(axes: Axes, stretch: Stretch) -> str:
    """Smoothed probabilities as lines, one for each of `choose_lines`; gaps are silence."""
    analysis, timeline = stretch.analysis, stretch.timeline
    if analysis.silent.all():
        return _SILENCE
    codes = choose_lines(timeline)
    columns = [analysis.instruments.index(code) for code in codes]
    times, heights = trace_windows(analysis, timeline.smoothed[:, columns])
    margin = 2 * analysis.hop_seconds
    shown = (times >= stretch.start - margin) & (times <= stretch.end + margin)
    times, heights = thin_out(times[shown], heights[:, shown])
    for code, row in zip(codes, heights, strict=True):
        axes.plot(times, row, **line_style(code), clip_on=True)
    if timeline.config.threshold != "auto":
        axes.axhline(float(timeline.config.threshold), color=MUTED, linewidth=0.8)
    axes.set_ylim(-0.02, 1.03)
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.grid(axis="y", color=LINE, linewidth=0.5)
    return ""


def draw_heat_map(axes: Axes, stretch: Stretch) -> str:
    """Smoothed probabilities of all eleven as one picture; silent windows are left blank."""
    analysis = stretch.analysis
    if analysis.silent.all():
        return _SILENCE
    values, seconds = rasterise(analysis, stretch.timeline.smoothed)
    first, last = int(stretch.start / seconds), int(np.ceil(stretch.end / seconds))
    rows = [analysis.instruments.index(instrument.code) for instrument in INSTRUMENTS]
    values = values[rows, first:last]
    end = (first + values.shape[1]) * seconds
    values = _join_columns(np.where(values == BLANK, np.nan, values), np.nanmax)
    cells = np.where(np.isnan(values), BLANK, values).astype(np.uint8)
    _show_picture(axes, cells[::-1], "probability", (first * seconds, end), (0.0, float(N_INSTRUMENTS)))
    places = [N_INSTRUMENTS - 0.5 - row for row in range(N_INSTRUMENTS)]
    axes.set_yticks(places, [instrument.name for instrument in INSTRUMENTS])
    return ""


def draw_ranges(axes: Axes, stretch: Stretch) -> str:
    """A lane for each instrument that is heard somewhere, a bar for every time range."""
    timeline = stretch.timeline
    lanes = choose_lanes(timeline)
    if not any(timeline.segments_of(code) for code in lanes):
        return "No instrument passes the threshold."
    n_lanes = max(len(lanes), FEWEST_LANES)
    for lane, code in enumerate(lanes):
        bars = [
            (segment.start, segment.duration)
            for segment in timeline.segments_of(code)
            if segment.end > stretch.start and segment.start < stretch.end
        ]
        colour = instrument_by_code(code).colour
        axes.broken_barh(bars, (n_lanes - 0.8 - lane, 0.6), facecolors=colour, linewidth=0)
    axes.set_ylim(0, n_lanes)
    places = [n_lanes - 0.5 - lane for lane in range(len(lanes))]
    axes.set_yticks(places, [instrument_by_code(code).name for code in lanes])
    return ""


def choose_lanes(timeline: Timeline) -> tuple[str, ...]:
    """Instruments with a lane of their own, in the order of the network's outputs."""
    heard = {*timeline.detected, *timeline.heard_in_parts}
    return tuple(instrument.code for instrument in INSTRUMENTS if instrument.code in heard)


def choose_lines(timeline: Timeline) -> tuple[str, ...]:
    """Instruments whose intensity is drawn: detected or heard in parts, as on the screen; else the three highest."""
    best = np.argsort(-timeline.scores, kind="stable")[:3]
    highest = [timeline.instruments[k] for k in best if timeline.scores[k] > 0]
    chosen = (*timeline.detected, *timeline.heard_in_parts) or tuple(highest)
    return tuple(instrument.code for instrument in INSTRUMENTS if instrument.code in chosen)


def line_style(code: str) -> dict[str, Any]:
    """Colour, dash and width of an instrument's line, for `matplotlib.lines.Line2D`."""
    dash = _DASHES[dash_of(code)]
    style: dict[str, Any] = {"color": instrument_by_code(code).colour, "linewidth": _LINE_POINTS}
    return style | ({"dashes": dash} if dash else {}) | {"solid_capstyle": "round", "dash_capstyle": "butt"}


def colour_steps(name: str) -> Bytes:
    """A ramp as a picture one pixel high, RGB."""
    return ramp(name)[np.newaxis]


def describe_range() -> tuple[str, str]:
    """Labels of the two ends of the spectrogram's ramp."""
    return f"-{DYNAMIC_RANGE_DB:.0f} dB", "0 dB"


def _join_columns(cells: np.ndarray, join: object) -> np.ndarray:
    """Neighbouring columns as one, until there are few enough."""
    n_joined = -(-cells.shape[1] // _MOST_COLUMNS)
    if n_joined <= 1:
        return cells
    import warnings

    padded = np.pad(cells.astype(np.float32), ((0, 0), (0, -cells.shape[1] % n_joined)), mode="edge")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns of silence alone
        return join(padded.reshape(len(cells), -1, n_joined), axis=2)  # type: ignore[operator]


def _show_picture(
    axes: Axes, cells: np.ndarray, name: str, times: tuple[float, float], heights: tuple[float, float]
) -> None:
    colours = np.vstack([np.column_stack([ramp(name), np.full(len(ramp(name)), 255)]), [[255, 255, 255, 0]]])
    picture = colours.astype(np.uint8)[cells.astype(np.uint8)]
    axes.imshow(picture, origin="lower", aspect="auto", extent=(*times, *heights), interpolation="none")
    axes.set_ylim(*heights)
