"""Lesson 1: from sound to the picture that the network looks at."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import numpy as np

from ..config import FeatureConfig
from ..plotting.scales import MARKED_HERTZ, mel_position
from .chart import ACCENT, GOOD, Axis, Chart, set_line, show_levels
from .exercise import Exercise
from .judging import judge_choice, judge_function
from .material import load_piece, make_opening
from .panel import Panel, figures, knob, knobs, slider, swatches
from .sound import Sound, SoundBox
from .sound_widgets import BAND_COUNTS, FFT_SIZES, BandExplorer, SpectrumExplorer, ToneExplorer, WaveformExplorer
from .spectra import OWN, WINDOW_SECONDS, compute_log_mel, find_band, keep_band, vary_config

__all__ = [
    "BandExplorer",
    "DecibelExplorer",
    "FrontEndExplorer",
    "Panel",
    "PictureOfSound",
    "SpectrumExplorer",
    "ToneExplorer",
    "WaveformExplorer",
    "decibels",
    "frames",
    "load_piece",
    "resolution",
    "start",
]

# The picture is dark in both themes.
_TIME_ON_PICTURE, _BAND_ON_PICTURE = "#7fe6ac", "#8fc4ff"


def start() -> Panel:
    """The lesson's first card."""
    return make_opening(1, 30, "The network never hears sound: it sees a picture of it, the log-mel spectrogram.")


class DecibelExplorer(Panel):
    """The same picture with and without the logarithm, and with more or less of the quiet.

    Parameters
    ----------
    sound : Sound
    start : float
        Where the 3 s begin, s.
    """

    def __init__(self, sound: Sound, start: float = 51.8) -> None:
        self._log_mel = compute_log_mel(sound.cut(start, WINDOW_SECONDS), vary_config(top_db=120.0))
        self.is_log = widgets.Checkbox(value=False, description="In decibels", indent=False)
        self.top_db = slider(10, 120, 80, 5)
        self.picture = PictureOfSound(vary_config(top_db=120.0))
        controls = knobs(
            knob("Scale", self.is_log), knob("Range (dB)", self.top_db, "What lies further below is cut off.")
        )
        super().__init__([self.picture, controls], title="Why decibels")
        for control in (self.is_log, self.top_db):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        self.top_db.disabled = not self.is_log.value
        levels = 1 + self._log_mel / self.top_db.value if self.is_log.value else 10 ** (self._log_mel / 10)
        black = float((levels <= 1 / 254).mean())
        self.picture.show(levels)
        self.picture.explain(f"{100 * black:.0f} % of the cells are black")


class PictureOfSound(Chart):
    """A mel spectrogram with a cursor.

    Parameters
    ----------
    config : FeatureConfig
    title : str
    """

    def __init__(self, config: FeatureConfig, title: str = "Mel spectrogram") -> None:
        super().__init__(title, Axis(0, 3, "Time (s)"), Axis(0, 1, "", _band_ticks(config)), height=190)
        self.picture = self.add_picture(height=1.0)
        self._time = self.add_line(_TIME_ON_PICTURE, width=2)
        self._band = self.add_line(_BAND_ON_PICTURE, width=2)

    def show(self, levels: np.ndarray, seconds: float = WINDOW_SECONDS) -> None:
        """Paint levels from 0 to 1, a row for each band."""
        self.set_range(0.0, seconds)
        show_levels(self.picture, levels, 0.0, seconds)

    def point(self, time: float, height: float, seconds: float) -> None:
        """Put the cursor at a time (s) and a height (0 to 1)."""
        set_line(self._time, [time, time], [0.0, 1.0])
        set_line(self._band, [0.0, seconds], [height, height])


class FrontEndExplorer(Panel):
    """The whole front end: choose a window and its settings, move the cursor, see and hear.

    Parameters
    ----------
    sound : Sound

    Attributes
    ----------
    start, seconds, n_fft, n_mels, top_db, time, band : ipywidgets
        The knobs.
    """

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        last = max(0.5, round(sound.duration - 0.5, 1))
        self.start = slider(0.0, last, min(51.8, last), 0.1, readout_format=".1f", continuous_update=False)
        self.seconds = widgets.Dropdown(options={"0.5 s": 0.5, "1 s": 1.0, "3 s (the network's)": 3.0}, value=3.0)
        names = {2_048: "2,048 (the network's)"}
        self.n_fft = widgets.Dropdown(options=[(names.get(n, f"{n:,}"), n) for n in FFT_SIZES], value=2_048)
        names = {128: "128 (the network's)"}
        self.n_mels = widgets.Dropdown(options=[(names.get(n, f"{n}"), n) for n in BAND_COUNTS], value=128)
        self.top_db = slider(20, 120, 80, 10)
        self.time = slider(0, 100, 40, 1)
        self.band = slider(1, 128, 60, 1)
        self.picture = PictureOfSound(OWN, "Log-mel spectrogram")
        key = swatches({"time of the cursor": GOOD, "its band": ACCENT})
        self.column = Chart("Bands at the cursor", Axis(1, 128, "Band"), Axis(-120, 0, "Level (dB)"), explanation=key)
        self._line = self.column.add_line(GOOD)
        self._mark = self.column.add_line(ACCENT, width=3)
        self._numbers = widgets.HTML()
        self._window_box = SoundBox(lambda: self._part, "The window")
        self._band_box = SoundBox(self.hear_band, "The band of the cursor")
        sounds = widgets.Box([self._window_box, self._band_box])
        sounds.add_class("in-sounds")
        super().__init__([self.picture, self._cursor_knobs(), self.column, self._numbers, sounds, self._knobs()])
        for control in (self.start, self.seconds, self.n_fft, self.n_mels, self.top_db):
            control.observe(self._measure, "value")
        for control in (self.time, self.band):
            control.observe(self._point, "value")
        self._measure()

    def hear_band(self) -> Sound:
        """What of the window lies in the band under the cursor."""
        return keep_band(self._part, find_band(self._config, self.band.value - 1))

    def _cursor_knobs(self) -> widgets.Box:
        return knobs(knob("Cursor: time (% of the window)", self.time), knob("Cursor: band", self.band))

    def _knobs(self) -> widgets.Box:
        return knobs(
            knob("Window begins (s)", self.start),
            knob("Window's length", self.seconds),
            knob("FFT (samples)", self.n_fft),
            knob("Mel bands", self.n_mels),
            knob("Range (dB)", self.top_db),
        )

    def _measure(self, _: Any = None) -> None:
        seconds = self.seconds.value
        self._config = vary_config(
            n_fft=self.n_fft.value, n_mels=self.n_mels.value, top_db=self.top_db.value, seconds=seconds
        )
        self._part = self._sound.cut(self.start.value, seconds)
        self.log_mel = compute_log_mel(self._part, self._config)
        self.band.max = self._config.n_mels
        self.picture.show(1 + self.log_mel / self._config.top_db, seconds)
        self.column.set_range(1, self._config.n_mels)
        n_missing = round(max(0.0, self.start.value + seconds - self._sound.duration), 2)
        padded = f"; the last {n_missing:g} s are silence, the sound has ended" if n_missing > 0.05 else ""
        self.picture.explain(f"{self._config.n_mels} bands, {self._config.n_frames} frames{padded}")
        self._window_box.refresh()
        self._point()

    def _point(self, _: Any = None) -> None:
        config, seconds = self._config, self.seconds.value
        n_bands, n_frames = self.log_mel.shape
        frame = min(n_frames - 1, round(self.time.value / 100 * (n_frames - 1)))
        band = min(self.band.value, n_bands)
        self.picture.point(frame / max(1, n_frames - 1) * seconds, (band - 0.5) / n_bands, seconds)
        levels = self.log_mel[:, frame]
        set_line(self._line, np.arange(1, n_bands + 1), levels)
        set_line(self._mark, [band, band], [-120.0, float(levels[band - 1])])
        triangle = find_band(config, band - 1)
        self._numbers.value = figures(
            {
                "Time": f"{self.start.value + frame * config.hop_length / config.sample_rate:.2f} s",
                "Band": f"{triangle.low:,.0f}-{triangle.high:,.0f} Hz",
                "Level": f"{levels[band - 1]:.0f} dB",
                "Numbers in the picture": f"{self.log_mel.size:,}",
            }
        )
        self._band_box.refresh()


def _band_ticks(config: FeatureConfig) -> dict[float, str]:
    """Frequencies along a vertical axis from 0 to 1."""
    return {mel_position(hertz, config) / config.n_mels: label for hertz, label in MARKED_HERTZ.items()}


def _count_frames(n_samples: int, hop_length: int) -> int:
    return 1 + n_samples // hop_length


def _to_decibels(power: np.ndarray, top_db: float) -> np.ndarray:
    decibels = 10 * np.log10(np.maximum(power, 1e-10))
    return np.maximum(decibels - decibels.max(), -top_db)


resolution = Exercise(
    judge_choice(
        1_024,
        {
            256: "Its values are 62.5 Hz apart: both notes fall into one.",
            512: "Its values are 31.25 Hz apart, still more than 26 Hz.",
            2_048: "Its values are close enough, but those of a shorter one are too.",
            4_096: "Its values are close enough, but those of a shorter one are too.",
        },
    ),
    hint="An FFT of n samples gives one value every 16,000 / n Hz.",
    praise="16,000 / 1,024 is 15.6 Hz, less than the 26 Hz between the notes. It looks at 64 ms for that. Seeing two "
    "peaks takes about twice that: a Hann window's main lobe is four bins wide.",
    options={f"{n:,}": n for n in FFT_SIZES},
)
frames = Exercise(
    judge_function(_count_frames, [(48_000, 372), (371, 372), (372, 372), (16_000, 500)]),
    hint="One frame lies on sample 0, and one more after every whole hop.",
    praise="3 s are 48,000 samples: 130 frames. Every window becomes a picture of 128 by 130.",
)
decibels = Exercise(
    judge_function(
        _to_decibels,
        [
            (np.array([1.0, 0.1, 0.01]), 80.0),
            (np.array([5.0, 50.0, 5e-9]), 80.0),
            (np.array([2.0, 0.0]), 40.0),
            (np.geomspace(1e-6, 3.0, 12).reshape(3, 4), 30.0),
        ],
        tolerance=1e-4,
    ),
    hint="10 log10 of the power, then take the largest value off, then np.maximum with -top_db; "
    "lift the power to 1e-10 at least, so that there is no logarithm of 0.",
    praise="Now 0 dB is the loudest cell, however loud the recording is, and nothing lies below -top_db.",
)
