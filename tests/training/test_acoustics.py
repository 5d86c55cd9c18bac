"""Rooms, equalisers, noise and codecs, measured on tones and clicks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import welch

from instrunet_widgets.training.acoustics import (
    add_breath,
    make_noise,
    put_in_room,
    re_encode,
    record,
    saturate,
    shape_spectrum,
)

RATE = 44_100
Sound = npt.NDArray[np.float32]


def tone(frequency: float, seconds: float = 1.0) -> Sound:
    times = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def level_db(waveform: Sound) -> float:
    middle = waveform[len(waveform) // 4 : -len(waveform) // 4]  # away from the ends, where filters ring
    return float(10 * np.log10(np.mean(middle.astype(float) ** 2)))


@pytest.mark.parametrize(("slope", "fall"), [(0, 0.0), (1, 9.0), (2, 18.0)])  # 3 dB an octave, three octaves
def test_noise_falls_by_its_slope(slope: float, fall: float) -> None:
    noise = make_noise(20 * RATE, slope, RATE, np.random.default_rng(0))
    frequencies, power = welch(noise, RATE, nperseg=8_192)
    density = [
        10 * np.log10(np.interp(f, frequencies, np.convolve(power, np.ones(9) / 9, "same"))) for f in (400, 3_200)
    ]
    assert density[0] - density[1] == pytest.approx(fall, abs=0.8)
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("frequency", "settings", "gain"),
    [
        (4_000, {"tilt_db": 2.0}, 4.0),
        (500, {"tilt_db": 2.0}, -2.0),
        (1_000, {"centre": 1_000.0, "gain_db": 6.0}, 6.0),
        (2_000, {"centre": 1_000.0, "gain_db": 6.0}, 6.0 * np.exp(-0.5)),
        (100, {"low_cut": 200.0}, -12.0),
        (8_000, {"high_cut": 4_000.0}, -12.0),
        (1_000, {"low_cut": 200.0, "high_cut": 4_000.0}, 0.0),
    ],
)
def test_equaliser_changes_levels_by_what_is_set(frequency: float, settings: dict[str, float], gain: float) -> None:
    sound = tone(frequency)
    assert level_db(shape_spectrum(sound, RATE, **settings)) - level_db(sound) == pytest.approx(gain, abs=0.15)


def test_breath_is_heard_only_with_the_tone() -> None:
    sound = np.concatenate([tone(440), np.zeros(RATE, dtype=np.float32)])
    breath = add_breath(sound, RATE, np.random.default_rng(1)) - sound
    assert -60 < level_db(breath[:RATE]) - level_db(sound[:RATE]) < -10
    assert np.abs(breath[RATE + RATE // 10 :]).max() < 1e-6


def test_room_answers_a_click_afterwards_and_dies_away() -> None:
    click = np.zeros(3 * RATE, dtype=np.float32)
    click[RATE] = 1.0
    for seed in range(5):
        answer = put_in_room(click, RATE, np.random.default_rng(seed))
        assert np.abs(answer[:RATE]).max() < 1e-6
        early, late = (np.sum(answer[RATE + a : RATE + b] ** 2) for a, b in ((1, 6_000), (60_000, 66_000)))
        assert early > 1e-4
        assert late < 1e-3 * early
        assert answer[RATE] == pytest.approx(1.0, abs=1e-5)


def test_saturation_adds_odd_harmonics_and_keeps_the_peak() -> None:
    driven = saturate(tone(1_000), 12.0)
    spectrum = np.abs(np.fft.rfft(driven))  # one second: a bin is 1 Hz
    assert np.abs(driven).max() == pytest.approx(0.5, abs=1e-3)
    assert spectrum[3_000] > 0.1 * spectrum[1_000]
    assert spectrum[2_000] < 1e-3 * spectrum[1_000]


@pytest.mark.parametrize("codec", ["MP3", "OGG"])
def test_codec_loses_something_but_not_the_tone(codec: str) -> None:
    sound = tone(440, 3.0)
    decoded = re_encode(sound, RATE, codec=codec, quality=0.3)
    assert decoded.shape == sound.shape
    assert np.abs(decoded - sound).max() > 0
    spectrum = np.abs(np.fft.rfft(decoded * np.hanning(len(decoded))))
    assert abs(np.argmax(spectrum) / 3.0 - 440) < 1.0
    assert level_db(decoded) == pytest.approx(level_db(sound), abs=0.5)


def test_recordings_of_one_seed_are_equal_and_have_sound_levels() -> None:
    sound = tone(440, 3.0)
    peaks = [float(np.abs(record(sound, RATE, np.random.default_rng(seed))).max()) for seed in range(15)]
    assert all(10 ** (-20.5 / 20) < peak < 1.1 for peak in peaks)
    assert np.std(peaks) > 0.05
    again = [record(sound, RATE, np.random.default_rng(4)) for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_recording_of_silence_is_silence() -> None:
    for seed in range(5):
        assert not record(np.zeros(RATE, dtype=np.float32), RATE, np.random.default_rng(seed)).any()
