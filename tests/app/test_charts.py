"""What each chart draws, read from its marks; values worked out by hand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from sample_analysis import PIANO, make_analysis

from instrunet_widgets.app.charts import (
    HeatMapView,
    InspectorView,
    IntensityView,
    SpectrogramView,
    TimelineView,
    VisualizationsTab,
    WaveformView,
)
from instrunet_widgets.app.state import AppState, Reading, TimeRange
from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.instruments import CODES
from instrunet_widgets.results import Overview

NAN = np.nan
# Piano .9 but for the third of four windows, which is silent; flute .5 and .3 in the first two; 7 s.
EACH_WINDOW = DecodingConfig(smoothing_windows=1, threshold=0.6)


def make_state(config: DecodingConfig = EACH_WINDOW, is_partial: bool = False, **changes) -> AppState:
    state = AppState()
    analysis = make_analysis(**changes)
    state.decoding = config
    state.reading = Reading(analysis, analysis.decode(config), is_partial)
    return state


def read_again(state: AppState, **settings) -> None:
    """What the controller does when a slider is moved."""
    config = DecodingConfig(**({"smoothing_windows": 1} | settings))
    state.decoding = config
    state.reading = Reading(state.reading.analysis, state.reading.analysis.decode(config))


def make_overview() -> Overview:
    """Seven bins of a second with growing peaks; one loud cell in the highest of 128 bands at the start."""
    peaks = np.array([0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2], dtype=np.float32)
    spectrogram = np.zeros((128, 301), dtype=np.uint8)
    spectrogram[127, 0] = 255
    return Overview(envelope=np.stack([-peaks, peaks], axis=1), spectrogram=spectrogram)


def visible_lines(view: IntensityView) -> dict[str, tuple[list[float], list[float]]]:
    """Name -> times and heights of every line that is drawn."""
    return {
        name: (mark.x.tolist(), heights)
        for mark in view.marks.values()
        if mark.visible
        for name, heights in zip(mark.labels, np.atleast_2d(mark.y).tolist(), strict=True)
    }


def read_png(picture) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(picture.image.value)).convert("RGBA")).astype(int)


def tick_names(axis) -> list[str]:
    labels = {float(value): label for value, label in axis.tick_labels.items()}
    return [labels[value] for value in axis.tick_values]


# -- intensity ---------------------------------------------------------------------------------------------------


def test_lines_go_through_the_centres_of_windows_and_leave_silence_out() -> None:
    view = IntensityView(make_state())
    assert list(visible_lines(view)) == ["piano"]
    times, heights = visible_lines(view)["piano"]
    # windows are centred at 1.5, 3, 4.5 (silent) s; the last stands alone and is drawn over its cell, 5.25 to 7 s
    np.testing.assert_allclose(times, [1.5, 3.0, 4.5, 5.25, 7.0])
    np.testing.assert_allclose(heights, [0.9, 0.9, NAN, 0.9, 0.9])


def test_legend_switches_lines_and_keeps_the_choice_when_a_slider_moves() -> None:
    state = make_state()
    view = IntensityView(state)
    assert view.legend.shown == ["pia"]
    view.legend.shown = ["flu", "pia"]
    assert set(visible_lines(view)) == {"flute", "piano"}
    view.legend.shown = ["flu"]
    assert set(visible_lines(view)) == {"flute"}
    np.testing.assert_allclose(visible_lines(view)["flute"][1][:2], [0.5, 0.3])
    read_again(state, threshold=0.1)
    assert view.legend.shown == ["flu"]
    assert set(visible_lines(view)) == {"flute"}


def test_legend_of_another_recording_starts_with_what_is_detected() -> None:
    state = make_state()
    view = IntensityView(state)
    view.legend.shown = ["flu"]
    other = make_analysis(audio_name="other.wav")
    state.reading = Reading(other, other.decode(EACH_WINDOW))
    assert view.legend.shown == ["pia"]


def test_newly_detected_instrument_joins_the_lines() -> None:
    state = make_state()
    view = IntensityView(state)
    read_again(state, threshold=0.2)
    assert set(visible_lines(view)) == {"flute", "piano"}


def test_threshold_is_drawn_where_all_instruments_have_the_same() -> None:
    state = make_state()
    view = IntensityView(state)
    assert view.threshold.visible and view.threshold.y.tolist() == [0.6, 0.6]
    read_again(state, threshold="auto")
    assert not view.threshold.visible


def test_instruments_that_share_a_dash_have_different_colours() -> None:
    items = IntensityView(make_state()).legend.items
    assert [item["code"] for item in items] == list(CODES)
    assert len({(item["dash"], item["colour"]) for item in items}) == len(CODES)
    assert len({item["dash"] for item in items}) == 4


def test_long_recording_keeps_its_peaks_in_few_points() -> None:
    probabilities = np.zeros((10_000, 11), dtype=np.float32)
    probabilities[:, PIANO] = 0.2
    probabilities[7_777, PIANO] = 0.97
    state = make_state(
        probabilities=probabilities,
        silent=np.zeros(10_000, dtype=bool),
        window_starts=np.arange(10_000) * 1.5,
        duration=15_001.5,
    )
    view = IntensityView(state)
    view.legend.shown = ["pia"]
    _, heights = visible_lines(view)["piano"]
    assert len(heights) <= 2_000
    assert max(heights) == pytest.approx(0.97)
    state.view = TimeRange(7_777 * 1.5, 7_777 * 1.5 + 60)  # few windows are visible: each has its point
    times, _ = visible_lines(view)["piano"]
    np.testing.assert_allclose(np.diff(times), 1.5)


# -- heat map ----------------------------------------------------------------------------------------------------


def test_heat_map_has_a_row_per_instrument_and_is_blank_in_silence() -> None:
    view = HeatMapView(make_state())
    pixels = read_png(view.picture)
    # columns of 0.75 s up to 7.5 s; cells 0 to 2.25, to 3.75, to 5.25 (silent), to 7 s
    assert pixels.shape == (11, 10, 4)
    assert view.picture.x.tolist() == [0.0, 7.5]
    assert (pixels[:, :, 3] == 0).sum(axis=0).tolist() == [0, 0, 0, 0, 0, 11, 11, 0, 0, 0]
    brightness = pixels[..., :3].sum(axis=2)
    piano, flute, cello = (brightness[CODES.index(code)] for code in ("pia", "flu", "cel"))
    assert piano[0] > flute[0] > flute[3] > cello[0]  # .9, .5, .3, 0
    assert piano[0] == piano[2] == piano[4] == piano[7]
    assert tick_names(view.figure.axes[1])[0] == "cello"
    assert view.figure.axes[1].tick_values[0] == 10.5  # the top row


def test_moved_threshold_leaves_the_heat_map_alone_and_smoothing_redraws_it() -> None:
    state = make_state()
    view = HeatMapView(state)
    before = view.picture.image
    read_again(state, threshold=0.1)
    assert view.picture.image is before
    read_again(state, smoothing_windows=3)
    assert view.picture.image is not before


# -- time ranges -------------------------------------------------------------------------------------------------


def test_lanes_hold_the_time_ranges() -> None:
    state = make_state(DecodingConfig(smoothing_windows=1, threshold=0.4))
    view = TimelineView(state)
    # flute .5 only in the first cell: 0 to 2.25 s; piano 0 to 3.75 and 5.25 to 7 s
    assert view.bars.labels == ["flute", "piano"]
    np.testing.assert_allclose(view.bars.x, [[NAN, NAN, NAN, 0, 2.25], [0, 3.75, NAN, 5.25, 7]])
    assert tick_names(view.axis) == ["flute", "piano"]
    assert view.axis.tick_values.tolist() == [view.bars.y[0, -1], view.bars.y[1, -1]]


def test_time_ranges_follow_the_threshold_and_say_when_there_are_none() -> None:
    state = make_state()
    view = TimelineView(state)
    assert view.bars.labels == ["piano"]
    read_again(state, threshold=0.95)
    assert not view.bars.visible
    assert "No instrument passes the threshold" in view.heading.value
    assert view.figure in view.children  # it keeps its place
    read_again(state, threshold=0.5)
    assert view.bars.visible
    assert "No instrument" not in view.heading.value


# -- inspector ---------------------------------------------------------------------------------------------------


def test_inspector_tells_about_the_window_that_speaks_for_the_cursor() -> None:
    state = make_state(DecodingConfig(smoothing_windows=1))
    view = InspectorView(state)
    assert "Whole recording" in view.heading.value
    state.cursor = 2.3  # in the cell of the second window, 1.5 to 4.5 s
    assert "Window 0:02-0:05" in view.heading.value
    assert view.bars.x[PIANO].tolist() == [0.0, pytest.approx(0.9)]
    assert view.figures.text[PIANO] == "90 %"
    np.testing.assert_allclose(view.ticks.x[[0, 1, 3]], 0.5)  # window thresholds of the model
    state.cursor = None
    np.testing.assert_allclose(view.ticks.x[[0, 1, 3]], 0.6)  # those of a whole recording


def test_inspector_says_silence() -> None:
    state = make_state()
    view = InspectorView(state)
    state.cursor = 4.5
    assert "silence" in view.heading.value
    assert not view.bars.x.any()


def test_inspector_takes_the_nearest_window_outside_the_recording() -> None:
    state = make_state()
    view = InspectorView(state)
    state.cursor = 99.0
    assert "Window 0:05-0:07" in view.heading.value


# -- sound -------------------------------------------------------------------------------------------------------


def test_waveform_goes_along_the_peaks_and_back() -> None:
    view = WaveformView(make_state(overview=make_overview()))
    x, y = view.outline.x, view.outline.y
    assert len(x) == 14
    np.testing.assert_allclose(y[:7], [0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2])
    np.testing.assert_allclose(y[7:], -y[:7][::-1])
    np.testing.assert_allclose(x[:7], x[7:][::-1])
    assert tick_names(view.axis) == ["-0.2", "0", "0.2"]


def test_spectrogram_has_low_bands_at_the_bottom_and_hertz_on_its_axis() -> None:
    view = SpectrogramView(make_state(overview=make_overview()))
    brightness = read_png(view.picture)[..., :3].sum(axis=2)
    assert brightness.shape == (128, 301)
    assert np.unravel_index(brightness.argmax(), brightness.shape) == (0, 0)
    assert view.picture.x[1] == pytest.approx(301 * 372 / 16_000)  # single frames
    axis = view.figure.axes[1]
    assert tick_names(axis)[-1] == "8 kHz"
    # Slaney's scale: 15 mel at 1 kHz, 25.1 at 2 kHz, 45.2 at 8 kHz, over 129 steps of the bank
    places = dict(zip(tick_names(axis), axis.tick_values, strict=True))
    assert places["1 kHz"] == pytest.approx(15 / 45.245 * 129 - 0.5, abs=0.05)
    assert places["2 kHz"] == pytest.approx(25.082 / 45.245 * 129 - 0.5, abs=0.05)


@pytest.mark.parametrize("view_type", [WaveformView, SpectrogramView])
def test_restored_result_has_a_sentence_in_place_of_its_sound(view_type) -> None:
    view = view_type(make_state())
    assert "analyse the recording again" in view.heading.value
    assert view.figure not in view.children


@pytest.mark.parametrize("view_type", [WaveformView, SpectrogramView])
def test_sound_keeps_its_place_while_the_analysis_runs(view_type) -> None:
    state = make_state(is_partial=True)
    view = view_type(state)
    assert view.figure in view.children
    assert "whole recording has been heard" in view.heading.value
    done = make_analysis(overview=make_overview())
    state.reading = Reading(done, done.decode(EACH_WINDOW))
    assert "heard" not in view.heading.value
    drawn = view.outline if view_type is WaveformView else view.picture
    assert drawn.visible


# -- together ----------------------------------------------------------------------------------------------------


def test_charts_of_the_tab_share_one_axis_and_stand_exactly_above_each_other() -> None:
    tab = VisualizationsTab(make_state(overview=make_overview()))
    charts = (tab.waveform, tab.spectrogram, tab.intensity, tab.heat_map, tab.timeline)
    assert len({chart.figure.axes[0].scale.model_id for chart in charts}) == 1
    assert len({(c.figure.fig_margin["left"], c.figure.fig_margin["right"]) for c in charts}) == 1
    assert all(mark.scales["x"] is charts[0].figure.axes[0].scale for c in charts for mark in c.figure.marks)
    assert sum(len(chart.figure.marks) for chart in charts) < 15


def test_axis_follows_a_growing_recording_and_the_visible_range() -> None:
    state = make_state(is_partial=True)
    view = HeatMapView(state)
    scale, axis = view.figure.axes[0].scale, view.figure.axes[0]
    assert (scale.min, scale.max) == (0.0, 7.0)
    longer = make_analysis(duration=90.0)
    state.reading = Reading(longer, longer.decode(EACH_WINDOW), True)
    assert scale.max == 90.0
    assert tick_names(axis) == ["0:00", "0:15", "0:30", "0:45", "1:00", "1:15", "1:30"]
    state.view = TimeRange(60.0, 62.0)
    assert (scale.min, scale.max) == (60.0, 62.0)
    assert tick_names(axis)[:2] == ["1:00.0", "1:00.5"]
    state.view = None
    assert scale.max == 90.0


@pytest.mark.parametrize("view_type", [IntensityView, HeatMapView, TimelineView, WaveformView, SpectrogramView])
def test_single_view_shows_an_analysis_on_its_own(view_type) -> None:
    view = view_type(make_analysis(overview=make_overview()))
    assert view.figure.axes[0].label == "Time (min:s)"
    assert "instrunet" in view._dom_classes
    assert view.figure in view.children


def test_two_tabs_share_nothing() -> None:
    first, second = make_state(), make_state()
    tabs = VisualizationsTab(first), VisualizationsTab(second)
    first.view = TimeRange(1.0, 2.0)
    tabs[0].intensity.legend.shown = ["flu"]
    assert second.view is None
    assert tabs[1].waveform.figure.axes[0].scale.max == 7.0
    assert tabs[1].intensity.legend.shown == ["pia"]
