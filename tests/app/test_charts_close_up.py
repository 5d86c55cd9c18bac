"""Zooming in reads the file again: finer, in the same levels, off the main thread, and never late."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from stand_in import SAMPLE_RATE, PitchClassifier

from instrunet_widgets.app.charts import SpectrogramView, WaveformView
from instrunet_widgets.app.charts.close_up import look_closely, measure_envelope
from instrunet_widgets.app.charts.loader import CloseUpLoader
from instrunet_widgets.app.state import AppState, Reading, Recording, TimeRange
from instrunet_widgets.pipeline import analyze
from instrunet_widgets.plotting.curves import column_seconds, thin_out
from instrunet_widgets.results import Analysis

SECONDS = 100.0  # 4,302 frames: the overview joins two in a column
FRAME = 372 / SAMPLE_RATE


def make_sound() -> np.ndarray:
    """A second of noise, a second of a quiet tone, and so on."""
    times = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(3).normal(0, 0.1, len(times))
    tone = 0.02 * np.sin(2 * np.pi * 440 * times)
    return np.where(times.astype(int) % 2 == 0, noise, tone).astype(np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "sound.wav"
    soundfile.write(path, make_sound(), SAMPLE_RATE, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def analysis(path) -> Analysis:
    return analyze(path, classifier=PitchClassifier())


@pytest.fixture
def state(path, analysis) -> AppState:
    state = AppState()
    state.recordings = (Recording("one", "sound.wav", path, 1, analysis),)
    state.selected = "one"
    state.reading = Reading(analysis, analysis.decode())
    return state


def test_close_up_has_single_frames_in_the_levels_of_the_overview(path, analysis) -> None:
    close_up = look_closely(path, analysis, TimeRange(50.0, 60.0))
    seconds = (close_up.spectrogram_end - close_up.spectrogram_start) / close_up.spectrogram.shape[1]
    assert seconds == pytest.approx(FRAME)
    column = 2 * FRAME
    first = round(close_up.spectrogram_start / column)
    assert close_up.spectrogram_start == pytest.approx(first * column)
    n = close_up.spectrogram.shape[1] // 2
    power = 10 ** ((close_up.spectrogram[:, : 2 * n] / 255 * 80 - 80) / 10)
    joined = 10 * np.log10(power.reshape(128, n, 2).mean(axis=2))
    shown = analysis.overview.spectrogram[:, first : first + n] / 255 * 80 - 80
    assert np.median(joined - shown) == pytest.approx(0, abs=0.5)  # dB; steps are 0.3 dB
    assert np.abs(joined - shown)[shown > -60].mean() < 2.5  # frames lie up to half a hop apart


def test_close_up_has_the_lowest_and_highest_sample_of_each_stretch(path, analysis) -> None:
    sound = make_sound()
    close_up = look_closely(path, analysis, TimeRange(50.0, 51.0))
    first, last = round(close_up.start * SAMPLE_RATE), round(close_up.end * SAMPLE_RATE)
    assert (close_up.start, close_up.end) == (pytest.approx(49.75, abs=0.1), pytest.approx(51.25))
    assert close_up.envelope.min() == sound[first:last].min()
    assert close_up.envelope.max() == sound[first:last].max()
    per_bin = (last - first) / len(close_up.envelope)
    assert per_bin < 10
    index = 1_000
    stretch = sound[first + int(index * per_bin) - 1 : first + int((index + 1) * per_bin) + 2]
    assert stretch.min() <= close_up.envelope[index, 0] <= close_up.envelope[index, 1] <= stretch.max()


def test_close_up_near_the_end_stays_inside(path, analysis) -> None:
    close_up = look_closely(path, analysis, TimeRange(99.0, SECONDS))
    assert close_up.end == pytest.approx(SECONDS)
    assert close_up.spectrogram_end == pytest.approx(SECONDS, abs=2 * FRAME)


def test_charts_get_finer_when_zoomed_in_and_coarse_again(state) -> None:
    waveform, spectrogram = WaveformView(state), SpectrogramView(state)
    assert not spectrogram.close_up.visible
    coarse = np.diff(waveform.outline.x[:100]).mean()
    state.view = TimeRange(50.0, 60.0)
    assert spectrogram.close_up.visible
    start, end = spectrogram.close_up.x
    assert start <= 50.0 and end >= 60.0
    inside = waveform.outline.x[(waveform.outline.x > 51) & (waveform.outline.x < 59)]
    assert np.abs(np.diff(np.unique(inside))).max() < coarse / 5
    state.view = None
    assert not spectrogram.close_up.visible


def test_close_up_is_kept_while_it_serves(state) -> None:
    loader = CloseUpLoader(state)
    state.view = TimeRange(50.0, 60.0)
    first = loader.close_up
    state.view = TimeRange(51.0, 61.0)
    assert loader.close_up is first
    state.view = TimeRange(54.0, 55.0)
    assert loader.close_up is not first


def test_nothing_is_read_for_the_whole_nor_without_the_file_nor_while_analysing(state, analysis) -> None:
    loader = CloseUpLoader(state)
    assert loader.close_up is None
    state.recordings = (Recording("one", "sound.wav", None, 1, analysis),)
    state.view = TimeRange(50.0, 51.0)
    assert loader.close_up is None
    state.recordings = (Recording("one", "sound.wav", Path("gone.wav"), 1, analysis),)
    assert loader.close_up is None
    state.recordings = ()
    state.reading = Reading(analysis, analysis.decode(), is_partial=True)
    assert loader.close_up is None


def test_late_close_ups_are_dropped_and_results_arrive_on_the_main_thread(state) -> None:
    seen = []

    async def zoom_twice() -> None:
        loader = CloseUpLoader(state)
        loader.observe(lambda change: seen.append((change.new, threading.current_thread())), "close_up")
        state.view = TimeRange(10.0, 12.0)
        await asyncio.sleep(0.02)
        state.view = TimeRange(50.0, 52.0)
        assert loader.close_up is None  # not at once: the overview stays on show
        for _ in range(200):
            await asyncio.sleep(0.05)
            if seen:
                break
        await asyncio.sleep(0.3)

    asyncio.run(zoom_twice())
    assert len(seen) == 1
    close_up, thread = seen[0]
    assert close_up.start <= 50.0 <= 52.0 <= close_up.end
    assert thread is threading.main_thread()


def test_stopped_work_gives_nothing(path, analysis) -> None:
    assert look_closely(path, analysis, TimeRange(10.0, 20.0), lambda: True) is None


def test_envelope_of_few_samples_has_a_bin_for_each() -> None:
    envelope = measure_envelope(np.array([0.5, -0.25, 0.0], dtype=np.float32))
    np.testing.assert_array_equal(envelope, [[0.5, 0.5], [-0.25, -0.25], [0, 0]])


def test_columns_of_an_overview_are_powers_of_two_frames(analysis) -> None:
    n_columns = analysis.overview.spectrogram.shape[1]
    assert n_columns == 2_151  # 4,302 frames in twos
    assert column_seconds(n_columns, FRAME, analysis.duration) == pytest.approx(2 * FRAME)


def test_thinning_keeps_extremes_and_gaps() -> None:
    heights = np.array([[1.0, 5.0, 2.0, np.nan, np.nan, np.nan, 3.0, 4.0, 0.0]])
    times, thinned = thin_out(np.arange(9.0), heights, 6)
    np.testing.assert_array_equal(times, [0, 2, 3, 5, 6, 8])
    np.testing.assert_array_equal(thinned, [[1, 5, np.nan, np.nan, 0, 4]])
