"""The front end against librosa, and the meaning of windows and silence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrunet_widgets.audio import load_audio
from instrunet_widgets.config import FeatureConfig
from instrunet_widgets.errors import ModelError
from instrunet_widgets.examples import example_path
from instrunet_widgets.features import (
    LogMelExtractor,
    WindowFramer,
    frame_windows,
    is_silent,
    make_mel_filterbank,
)

RATE = 16_000
CONFIG = FeatureConfig()


@pytest.fixture(scope="module")
def extractor() -> LogMelExtractor:
    return LogMelExtractor(CONFIG, make_mel_filterbank(CONFIG))


def librosa_log_mel(window: np.ndarray) -> np.ndarray:
    import librosa

    mel = librosa.feature.melspectrogram(
        y=window, sr=RATE, n_fft=2048, win_length=1486, hop_length=372, n_mels=128, fmin=0, fmax=8000
    )
    return librosa.power_to_db(mel, ref=np.max, top_db=80)


def test_log_mel_of_music_equals_librosa(extractor: LogMelExtractor) -> None:
    windows = frame_windows(load_audio(example_path()), sample_rate=RATE)[::4]
    assert len(windows) >= 5
    expected = np.stack([librosa_log_mel(window / np.abs(window).max()) for window in windows])
    np.testing.assert_allclose(extractor(windows), expected, atol=0.01)


def test_level_of_a_window_does_not_change_its_log_mel(extractor: LogMelExtractor) -> None:
    window = np.random.default_rng(0).standard_normal((1, CONFIG.window_samples)).astype(np.float32)
    np.testing.assert_allclose(extractor(window * 1e-5), extractor(window), atol=0.01)


def test_window_of_zeros_is_the_floor(extractor: LogMelExtractor) -> None:
    assert (extractor(np.zeros((1, CONFIG.window_samples), dtype=np.float32)) == -80).all()


def test_tone_lights_the_band_of_its_frequency(extractor: LogMelExtractor) -> None:
    import librosa

    time = np.arange(CONFIG.window_samples) / RATE
    tone = np.sin(2 * np.pi * 1000 * time).astype(np.float32)[None]
    centres = librosa.mel_frequencies(n_mels=130, fmin=0, fmax=8000)[1:-1]
    loudest = extractor(tone)[0].mean(axis=1).argmax()
    assert loudest == np.abs(centres - 1000).argmin()


def test_extractor_refuses_a_mel_matrix_of_another_front_end() -> None:
    with pytest.raises(ModelError, match=r"\(40, 1025\).*\(128, 1025\)"):
        LogMelExtractor(CONFIG, np.zeros((40, 1025), dtype=np.float32))


def test_extractor_refuses_windows_of_another_length(extractor: LogMelExtractor) -> None:
    with pytest.raises(ValueError, match="48000"):
        extractor(np.zeros((1, 44_100), dtype=np.float32))


@settings(deadline=None, max_examples=40)
@given(n_samples=st.integers(1, 400_000), cuts=st.lists(st.integers(1, 90_000), min_size=1, max_size=8))
def test_streamed_windows_equal_slices_of_the_padded_waveform(n_samples: int, cuts: list[int]) -> None:
    waveform = np.arange(1, n_samples + 1, dtype=np.float32)
    framer, parts, position = WindowFramer(CONFIG), [], 0
    while position < n_samples:
        for cut in cuts:
            parts.append(framer.push(waveform[position : position + cut]))
            position += cut
    windows = np.concatenate([*parts, framer.finish()])
    n_expected = 1 + -(-max(0, n_samples - 48_000) // 24_000)
    padded = np.pad(waveform, (0, 48_000 + 24_000 * n_expected))
    expected = np.stack([padded[24_000 * k : 24_000 * k + 48_000] for k in range(n_expected)])
    np.testing.assert_array_equal(windows, expected)
    assert windows.max() == n_samples, "the last sample is in some window"


@pytest.mark.parametrize(("duration", "expected"), [(0.01, 1), (3, 1), (3.01, 2), (4.5, 2), (4.6, 3), (180, 119)])
def test_number_of_windows(duration: float, expected: int) -> None:
    waveform = np.zeros(round(duration * RATE), dtype=np.float32)
    assert len(frame_windows(waveform, sample_rate=RATE)) == expected


def test_hop_longer_than_a_window_is_refused_because_it_would_skip_sound() -> None:
    with pytest.raises(ValueError, match="at most a window"):
        WindowFramer(CONFIG, hop_seconds=3.5)


@pytest.mark.parametrize("waveform", [np.zeros(0, dtype=np.float32), np.zeros((2, 100), dtype=np.float32)])
def test_framing_refuses_what_is_not_a_waveform(waveform: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one-dimensional"):
        frame_windows(waveform, sample_rate=RATE)


def noise(level_dbfs: float) -> np.ndarray:
    return (10 ** (level_dbfs / 20) * np.random.default_rng(1).standard_normal(48_000)).astype(np.float32)


@pytest.mark.parametrize(
    ("window", "silent"),
    [
        (np.zeros(48_000, dtype=np.float32), True),
        (noise(-120), True),
        (noise(-65), True),
        (noise(-55), False),
    ],
    ids=["zeros", "noise at 1e-6", "room noise at -65 dBFS", "quiet music"],
)
def test_what_counts_as_silent(window: np.ndarray, silent: bool) -> None:
    assert is_silent(window[None], RATE).tolist() == [silent]


def test_one_short_note_makes_a_window_sound() -> None:
    window = noise(-90)
    window[20_000:21_600] += 0.05 * np.sin(2 * np.pi * 440 * np.arange(1600) / RATE)
    assert not is_silent(window[None].astype(np.float32), RATE)[0]
