"""Widgets of lesson 1 about sound and frequency: waveform, tone, spectrum, single mel bands."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import numpy as np

from .chart import ACCENT, MUTED, Axis, Chart, set_line
from .panel import Panel, figures, knob, knobs, slider
from .sound import Sound, SoundBox
from .spectra import WINDOW_SECONDS, compute_spectrum, find_band, keep_band, make_tone, vary_config

FFT_SIZES = (256, 512, 1_024, 2_048, 4_096)
BAND_COUNTS = (16, 32, 64, 128)
_FLOOR_DB = -100.0
_LOG_TICKS = {50.0: "50", 200.0: "200", 1_000.0: "1k", 4_000.0: "4k"}


class WaveformExplorer(Panel):
    """The waveform, from whole seconds down to single swings.

    Parameters
    ----------
    sound : Sound
    """

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        last = max(0.01, round(sound.duration - 0.01, 2))
        self.start = slider(0.0, last, min(25.0, last), 0.01, readout_format=".2f", continuous_update=False)
        lengths = {"3 s": 3.0, "1 s": 1.0, "0.1 s": 0.1, "0.02 s": 0.02}
        self.length = widgets.Dropdown(options=lengths, value=1.0)
        self.chart = Chart("Waveform", Axis(0, 1, "Time (s)"), Axis(-1, 1, "Amplitude"))
        self._line = self.chart.add_line(width=1.2)
        self._sounds = SoundBox(lambda: self._sound.cut(self.start.value, self.length.value), "Listen to what you see")
        super().__init__(
            [self.chart, knobs(knob("Begin (s)", self.start), knob("Length", self.length)), self._sounds],
            title="Look closer",
        )
        for control in (self.start, self.length):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        begin, seconds = self.start.value, self.length.value
        part = self._sound.cut(begin, seconds)
        times = begin + np.arange(len(part.samples)) / part.sample_rate
        self.chart.set_range(begin, begin + seconds)
        set_line(self._line, times, part.samples)
        self.chart.explain(f"{len(part.samples):,} numbers, {part.sample_rate:,} a second")
        self._sounds.refresh()


class ToneExplorer(Panel):
    """A tone of one's own making beside its spectrum: pitch moves the peaks, overtones add more.

    Parameters
    ----------
    n_fft : int
        Samples that are looked at.
    """

    def __init__(self, n_fft: int = 2_048) -> None:
        self._n_fft = n_fft
        self.hertz = slider(55, 1_760, 220, 1)
        self.overtones = slider(0, 12, 0, 1)
        self.chart = Chart(
            "Spectrum", Axis(0, 4_000, "Frequency (Hz)"), Axis(-80, 5, "Level (dB)"), explanation="one peak a sine"
        )
        self._line = self.chart.add_line()
        self._box = SoundBox(self.make, "Listen to the tone")
        super().__init__(
            [
                self.chart,
                knobs(knob("Pitch (Hz)", self.hertz), knob("Overtones", self.overtones, "What makes a timbre.")),
                self._box,
            ],
            title="A tone and its spectrum",
        )
        for control in (self.hertz, self.overtones):
            control.observe(self._draw, "value")
        self._draw()

    def make(self) -> Sound:
        """The tone as the knobs are."""
        return make_tone(float(self.hertz.value), 1.0, self.overtones.value)

    def _draw(self, _: Any = None) -> None:
        spectrum = compute_spectrum(self.make(), self._n_fft)
        shown = spectrum.hertz <= 4_000
        set_line(self._line, spectrum.hertz[shown], np.maximum(spectrum.decibels[shown], -80))
        self._box.refresh()


class SpectrumExplorer(Panel):
    """The spectrum of a moment of a sound, with the FFT as long or short as the learner wants it.

    Parameters
    ----------
    sound : Sound
    """

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        last = max(0.1, round(sound.duration - 0.1, 1))
        self.time = slider(0.0, last, min(52.5, last), 0.1, readout_format=".1f", continuous_update=False)
        self.n_fft = widgets.Dropdown(options=[(f"{n:,} samples", n) for n in FFT_SIZES], value=2_048)
        self.hann = widgets.Checkbox(value=True, description="Fade the ends (Hann window)", indent=False)
        self.chart = Chart(
            "Spectrum", Axis(40, 8_000, "Frequency (Hz)", _LOG_TICKS, is_log=True), Axis(_FLOOR_DB, 0, "Level (dB)")
        )
        self._line = self.chart.add_line()
        self._numbers = widgets.HTML()
        self._box = SoundBox(lambda: sound.cut(self.time.value, self.n_fft.value / sound.sample_rate), "The moment")
        self._around = SoundBox(lambda: sound.cut(self.time.value - 0.5, 1.5), "What is round it")
        row = widgets.Box([self._box, self._around])
        row.add_class("in-sounds")
        controls = knobs(knob("Time (s)", self.time), knob("FFT", self.n_fft), knob("Ends", self.hann))
        super().__init__([self.chart, self._numbers, controls, row], title="Sharp in time or in frequency")
        for control in (self.time, self.n_fft, self.hann):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        n_fft, rate = self.n_fft.value, self._sound.sample_rate
        moment = self._sound.cut(self.time.value, n_fft / rate)
        spectrum = compute_spectrum(moment, n_fft, has_hann=self.hann.value)
        shown = spectrum.hertz >= 40
        hertz, decibels = spectrum.hertz[shown], spectrum.decibels[shown]
        is_silent = not (decibels > _FLOOR_DB).any()
        set_line(self._line, [] if is_silent else hertz, [] if is_silent else np.maximum(decibels, _FLOOR_DB))
        self.chart.explain("nothing sounds here" if is_silent else "0 dB: a sine at full scale")
        self._numbers.value = figures(
            {"Looks at": f"{1000 * n_fft / rate:.0f} ms", "One value every": f"{rate / n_fft:.1f} Hz"}
        )
        self._box.refresh()
        self._around.refresh()


class BandExplorer(Panel):
    """The mel bands as triangles; one of them to listen to.

    Parameters
    ----------
    sound : Sound
    start, seconds : float
        The stretch that is heard, s.
    """

    def __init__(self, sound: Sound, start: float = 51.8, seconds: float = WINDOW_SECONDS) -> None:
        self._part = sound.cut(start, seconds)
        self.n_mels = widgets.Dropdown(options=[(f"{n} bands", n) for n in BAND_COUNTS], value=32)
        self.band = slider(1, 32, 8, 1)
        self.chart = Chart(
            "Mel bands", Axis(0, 8_000, "Frequency (Hz)"), Axis(0, 1.05, "Weight", {0.0: "0", 1.0: "1"}), height=120
        )
        self._all = self.chart.add_line(MUTED, width=0.8)
        self._one = self.chart.add_line(ACCENT, width=3)
        self._numbers = widgets.HTML()
        self._box = SoundBox(self.hear, "This band alone")
        whole = SoundBox(lambda: self._part, "All of it")
        row = widgets.Box([self._box, whole])
        row.add_class("in-sounds")
        controls = knobs(knob("Number of bands", self.n_mels), knob("Band", self.band, "1 is the lowest."))
        super().__init__([self.chart, self._numbers, controls, row], title="Hear one band")
        self.n_mels.observe(self._count, "value")
        self.band.observe(self._draw, "value")
        self._count()

    def hear(self) -> Sound:
        """What the chosen band lets through."""
        return keep_band(self._part, find_band(vary_config(n_mels=self.n_mels.value), self.band.value - 1))

    def _count(self, _: Any = None) -> None:
        self.band.max = self.n_mels.value
        config = vary_config(n_mels=self.n_mels.value)
        step = max(1, config.n_mels // 64)  # more triangles could not be told apart
        bands = [find_band(config, k) for k in range(0, config.n_mels, step)]
        points = np.array([(x, y) for band in bands for x, y in ((band.low, 0), (band.centre, 1), (band.high, 0))])
        set_line(self._all, points[:, 0], points[:, 1])
        self.chart.explain("every second one is drawn" if step > 1 else "")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        band = find_band(vary_config(n_mels=self.n_mels.value), self.band.value - 1)
        set_line(self._one, [band.low, band.centre, band.high], [0, 1, 0])
        self._numbers.value = figures(
            {
                "From": f"{band.low:,.0f} Hz",
                "Peak": f"{band.centre:,.0f} Hz",
                "To": f"{band.high:,.0f} Hz",
                "Wide": f"{band.high - band.low:,.0f} Hz",
            }
        )
        self._box.refresh()
