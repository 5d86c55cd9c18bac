import math

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_in import SAMPLE_RATE, TONE_HZ, make_extractor, make_tone

from instrunet_widgets.config import FeatureConfig
from instrunet_widgets.features import frame_windows, is_silent
from instrunet_widgets.overview import FoldedColumns, OverviewBuilder, slaney_corners, slaney_filterbank

HOP_SECONDS = 1.5


def build_overview(sound, *, block=160_000, hop_seconds=HOP_SECONDS, max_columns=4_000):
    builder = OverviewBuilder(FeatureConfig(), hop_seconds, max_columns=max_columns)
    for start in range(0, len(sound), block):
        builder.add_sound(sound[start : start + block])
    windows = frame_windows(sound, sample_rate=SAMPLE_RATE, hop_seconds=hop_seconds)
    for start in range(0, len(windows), 16):
        part = windows[start : start + 16]
        builder.add_windows(part, make_extractor()(part), is_silent(part, SAMPLE_RATE))
    return builder.build()


def to_decibels(spectrogram):
    return spectrogram / 255 * 80 - 80


def test_short_sound_keeps_every_sample_in_the_envelope():
    sound = np.array([0.5, -0.25, 0.125], dtype=np.float32)
    assert build_overview(sound).envelope.tolist() == [[0.5, 0.5], [-0.25, -0.25], [0.125, 0.125]]


def test_bins_join_in_pairs_when_the_limit_is_passed():
    sound = np.array([1, 2, 3, 4, 5, 6, 7], dtype=np.float32) / 8
    # Room for four bins: seven samples make three bins of two and one of one.
    assert (build_overview(sound, max_columns=4).envelope * 8).tolist() == [[1, 2], [3, 4], [5, 6], [7, 7]]


def test_bins_double_again_and_keep_opposite_extremes():
    sound = np.array([0, 0, -3, 2, 0, 7, 0, 0, 1], dtype=np.float32) / 8
    # Nine samples need bins of four.
    assert (build_overview(sound, max_columns=4).envelope * 8).tolist() == [[-3, 2], [0, 7], [1, 1]]


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=st.lists(st.integers(0, 300), min_size=1, max_size=8),
    limit=st.sampled_from([2, 4, 10]),
)
def test_folding_is_the_same_however_the_columns_arrive(seed, lengths, limit):
    columns = np.random.default_rng(seed).integers(-99, 99, (3, sum(lengths))).astype(np.float32)
    folded = {join: FoldedColumns(join, 3, limit) for join in (np.maximum, np.add)}
    for end, length in zip(np.cumsum(lengths), lengths, strict=True):
        for store in folded.values():
            store.append(columns[:, end - length : end])
    # The smallest power of two with which everything fits.
    n_joined = next(2**k for k in range(20) if math.ceil(columns.shape[1] / 2**k) <= limit)
    parts = [columns[:, start : start + n_joined] for start in range(0, columns.shape[1], n_joined)]
    for join, reduce in ((np.maximum, np.max), (np.add, np.sum)):
        expected = [reduce(part, axis=1).tolist() for part in parts]
        assert folded[join].columns().T.tolist() == expected
        assert folded[join].n_in_columns().tolist() == [part.shape[1] for part in parts]


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_odd_limits_are_refused(limit):
    with pytest.raises(ValueError, match="even"):
        FoldedColumns(np.add, 1, limit)


def test_band_corners_are_those_of_librosa():
    expected = librosa.mel_frequencies(130, fmin=0.0, fmax=8_000.0)
    np.testing.assert_allclose(slaney_corners(FeatureConfig()), expected, rtol=1e-6)


def test_a_quiet_passage_is_drawn_as_far_below_a_loud_one_as_it_is():
    sound = np.concatenate([make_tone("gel", 9.0, peak=0.5), make_tone("gel", 9.0, peak=0.005)])
    loudest_band = to_decibels(build_overview(sound).spectrogram).max(axis=0)
    n_columns = len(loudest_band)
    loud = loudest_band[: n_columns // 3]
    quiet = loudest_band[-n_columns // 3 :]
    assert np.median(loud) == pytest.approx(0, abs=0.5)
    assert np.median(quiet) == pytest.approx(-40, abs=0.5)


def test_filterbank_is_that_of_librosa():
    expected = librosa.filters.mel(sr=16_000, n_fft=2_048, n_mels=128, fmin=0.0, fmax=8_000.0)
    np.testing.assert_allclose(slaney_filterbank(FeatureConfig()), expected, atol=1e-7)


def test_levels_agree_with_librosas_spectrogram_of_the_whole_recording():
    rng = np.random.default_rng(5)
    n_samples = 12 * SAMPLE_RATE
    swell = np.exp(np.linspace(-5, 0, n_samples))
    noise = rng.standard_normal(n_samples) * swell * 0.1
    sound = (noise + np.concatenate([make_tone("cel", 6.0), make_tone("vio", 6.0, peak=0.05)])).astype(np.float32)
    spectrogram = to_decibels(build_overview(sound).spectrogram)

    config = FeatureConfig()
    mel = librosa.feature.melspectrogram(
        y=sound,
        sr=SAMPLE_RATE,
        n_fft=2_048,
        win_length=1_486,
        hop_length=372,
        n_mels=128,
        pad_mode="constant",
    )
    whole = librosa.power_to_db(mel, ref=np.max, top_db=80)
    column_seconds = config.hop_length / config.sample_rate
    times = (np.arange(spectrogram.shape[1]) + 0.5) * column_seconds
    nearest = whole[:, np.minimum(np.rint(times / column_seconds).astype(int), whole.shape[1] - 1)]
    # Noise differs from frame to frame; the mean of a band over three seconds does not.
    seconds_apart = [slice(start, start + 129) for start in range(0, spectrogram.shape[1] - 129, 129)]
    for part in seconds_apart:
        difference = spectrogram[:, part].mean(axis=1) - nearest[:, part].mean(axis=1)
        assert np.abs(difference).max() < 2.0
        assert abs(difference.mean()) < 0.5


@pytest.mark.parametrize("seconds", [0.01, 1.0, 3.0, 3.1, 10.0])
@pytest.mark.parametrize("hop_seconds", [0.5, 1.5, 3.0])
def test_spectrogram_covers_the_recording_and_no_more(seconds, hop_seconds):
    overview = build_overview(make_tone("cel", seconds), hop_seconds=hop_seconds)
    assert overview.spectrogram.shape == (128, math.ceil(seconds * SAMPLE_RATE / 372))


def test_a_change_of_pitch_appears_at_its_time():
    overview = build_overview(np.concatenate([make_tone("cel", 7.0), make_tone("vio", 5.0)]))
    loudest_band = overview.spectrogram.argmax(axis=0)
    changes = np.flatnonzero(np.diff((loudest_band > 60).astype(int)))
    assert len(changes) == 1
    assert (changes[0] + 1) * 372 / SAMPLE_RATE == pytest.approx(7.0, abs=0.05)


def test_long_sound_stays_within_the_limit():
    overview = build_overview(np.tile(make_tone("cla", 3.0), 10), max_columns=400)
    # 480,000 samples: bins of 2,048; 1,291 frames: columns of four.
    assert overview.envelope.shape == (235, 2)
    assert overview.spectrogram.shape == (128, 323)
    assert overview.envelope.max() == pytest.approx(0.5, abs=1e-4)


def test_silence_is_drawn_at_the_floor():
    sound = np.concatenate([make_tone("cel", 6.0), np.zeros(6 * SAMPLE_RATE, dtype=np.float32)])
    spectrogram = build_overview(sound).spectrogram
    assert not spectrogram[:, int(8 * SAMPLE_RATE / 372) :].any()
    assert spectrogram.max() == 255
    assert not build_overview(np.zeros(SAMPLE_RATE, dtype=np.float32)).spectrogram.any()


@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_levels_hold_at_the_edges_and_beside_a_constant_offset(offset):
    burst = make_tone("gel", 3.0) * np.exp(-np.arange(48_000) / 400).astype(np.float32)
    sound = np.concatenate([burst, make_tone("gel", 3.0, peak=0.05) + np.float32(offset), burst[::-1]])
    mel = librosa.feature.melspectrogram(
        y=sound,
        sr=SAMPLE_RATE,
        n_fft=2_048,
        win_length=1_486,
        hop_length=372,
        n_mels=128,
        pad_mode="constant",
    )
    whole = librosa.power_to_db(mel, ref=np.max, top_db=80)
    spectrogram = to_decibels(build_overview(sound).spectrogram)
    band = int(np.abs(librosa.mel_frequencies(130, fmin=0.0, fmax=8_000.0)[1:-1] - TONE_HZ["gel"]).argmin())
    assert np.median(spectrogram[band, 150:230]) == pytest.approx(np.median(whole[band, 150:230]), abs=0.5)
    assert spectrogram[band, 0] == pytest.approx(whole[band, 0], abs=3)
