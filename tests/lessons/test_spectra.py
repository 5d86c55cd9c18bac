"""The arithmetic of lesson 1."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet_widgets.classifier import Classifier
from instrunet_widgets.config import FeatureConfig
from instrunet_widgets.lessons.material import load_piece
from instrunet_widgets.lessons.sound import Sound
from instrunet_widgets.lessons.sound_widgets import SpectrumExplorer, WaveformExplorer
from instrunet_widgets.lessons.spectra import (
    Band,
    compute_log_mel,
    compute_spectrum,
    find_band,
    keep_band,
    make_tone,
    vary_config,
)

RATE = 16_000


def sine(hertz: float, seconds: float = 1.0, amplitude: float = 1.0) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize(("amplitude", "decibels"), [(1.0, 0.0), (0.1, -20.0)])
def test_sine_on_a_bin_shows_its_level(amplitude: float, decibels: float) -> None:
    spectrum = compute_spectrum(Sound(sine(1_000.0, amplitude=amplitude)), 1_024)  # bin 64
    assert spectrum.hertz[64] == 1_000.0
    assert spectrum.decibels.argmax() == 64
    assert spectrum.decibels[64] == pytest.approx(decibels, abs=0.01)


def test_cutting_out_leaks_more_than_fading() -> None:
    sound = Sound(sine(1_007.0))
    far = slice(300, 400)  # 4.7 kHz and more
    faded, cut = (compute_spectrum(sound, 1_024, has_hann=hann).decibels[far].max() for hann in (True, False))
    assert faded < -90 < -65 < cut


def test_spectrum_of_nothing_is_the_floor() -> None:
    spectrum = compute_spectrum(Sound(np.zeros(0, dtype=np.float32)), 256)
    assert spectrum.decibels.tolist() == [-120.0] * 129


def test_log_mel_of_the_lesson_is_what_the_network_is_given() -> None:
    part = load_piece().cut(51.8, 3.0)
    wanted = Classifier.load().extractor(part.samples[np.newaxis])[0]
    np.testing.assert_allclose(compute_log_mel(part, FeatureConfig()), wanted, atol=0.01)
    assert vary_config() == FeatureConfig()


def test_a_band_keeps_what_lies_under_it() -> None:
    both = Sound(sine(500.0) + sine(3_000.0))
    kept = keep_band(both, Band(400.0, 500.0, 600.0))
    np.testing.assert_allclose(kept.samples, sine(500.0), atol=1e-3)
    halfway = keep_band(both, Band(400.0, 550.0, 600.0))  # 100 of 150 Hz up the slope: 2/3 of the power
    np.testing.assert_allclose(halfway.samples, np.sqrt(2 / 3) * sine(500.0), atol=1e-3)


def test_band_numbers_beyond_the_last_give_the_last() -> None:
    config = vary_config(n_mels=16)
    assert find_band(config, 99) == find_band(config, 15)
    assert find_band(config, 15).high == pytest.approx(8_000.0)
    assert find_band(config, 0).low == 0.0


def test_overtones_above_half_the_sample_rate_are_left_out() -> None:
    spectrum = compute_spectrum(make_tone(1_750.0, n_overtones=12), 16_000)
    peaks = np.flatnonzero(spectrum.decibels > -40)
    assert set(np.round(spectrum.hertz[peaks] / 1_750, 2)) >= {1.0, 2.0, 3.0, 4.0}
    assert np.abs(make_tone(1_750.0, n_overtones=12).samples).max() <= 0.5 + 1e-6


def test_overtones_grow_weaker_as_a_half_and_a_third() -> None:
    decibels = compute_spectrum(make_tone(1_000.0, n_overtones=2), 16_000).decibels  # a value every Hz
    assert decibels[[2_000, 3_000]] - decibels[1_000] == pytest.approx([-6.02, -9.54], abs=0.01)


def test_a_cut_beyond_the_end_is_silence_of_the_wanted_length() -> None:
    sound = Sound(np.ones(RATE, dtype=np.float32))
    assert sound.cut(0.5, 1.0).samples.tolist() == [1.0] * 8_000 + [0.0] * 8_000
    assert sound.cut(5.0, 0.25).samples.tolist() == [0.0] * 4_000
    assert len(sound.cut(0.0, 0.0).samples) == 0
    assert sound.cut(-1.0, 1.0).samples.tolist() == [1.0] * RATE


def test_waveform_begins_where_its_swings_can_be_counted() -> None:
    """A guitar string of about 195 Hz: four swings in 0.02 s, one after the other of much the same shape."""
    explorer = WaveformExplorer(load_piece())
    assert explorer.start.value == 25.0
    explorer.length.value = 0.02
    samples = np.asarray(explorer._line.y)
    assert ((samples[1:] > 0) & (samples[:-1] <= 0)).sum() == 4
    period = round(RATE / 195)
    assert np.corrcoef(samples[:-period], samples[period:])[0, 1] > 0.9
    spectrum = compute_spectrum(load_piece().cut(25.0, 4_096 / RATE), 4_096)
    assert spectrum.hertz[spectrum.decibels.argmax()] == pytest.approx(195, abs=4)


def test_what_is_quieter_than_the_chart_reaches_is_called_silence() -> None:
    explorer = SpectrumExplorer(Sound(np.concatenate([sine(1_000.0), sine(1_000.0, amplitude=0.9e-5)])))
    seen = {}
    for time in (0.5, 1.5):  # full scale, and 1 dB below -100 dB
        explorer.time.value = time
        seen[time] = (explorer._line.visible, "nothing sounds here" in explorer.chart.heading.value)
    assert seen == {0.5: (True, False), 1.5: (False, True)}
