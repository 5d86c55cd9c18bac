"""The kernel's side of the time axis: what the browser writes, and what it is told."""

from __future__ import annotations

import pytest
from sample_analysis import make_analysis

from instrunet_widgets.app.charts import TimeAxis, VisualizationsTab
from instrunet_widgets.app.charts.frame import TimeFrame
from instrunet_widgets.app.state import AppState, Reading, TimeRange
from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.plotting.scales import pick_ticks


def make_axis(duration: float = 100.0) -> tuple[AppState, TimeAxis]:
    state = AppState()
    analysis = make_analysis(duration=duration)
    state.reading = Reading(analysis, analysis.decode(DecodingConfig()))
    return state, TimeAxis(state, TimeFrame(state))


def write(axis: TimeAxis, start: float, end: float) -> None:
    """As the browser does: both in one message."""
    axis.set_state({"view_start": start, "view_end": end})


def test_zoom_in_the_browser_sets_the_visible_range() -> None:
    state, axis = make_axis()
    write(axis, 10.0, 20.0)
    assert state.view == TimeRange(10.0, 20.0)
    write(axis, 0.0, 100.0)
    assert state.view is None


def test_range_is_kept_inside_the_recording() -> None:
    state, axis = make_axis()
    write(axis, -5.0, 20.0)
    assert state.view == TimeRange(0.0, 20.0)
    write(axis, 90.0, 130.0)
    assert state.view == TimeRange(90.0, 100.0)


def test_browser_is_told_what_others_make_visible() -> None:
    state, axis = make_axis()
    state.view = TimeRange(30.0, 40.0)
    assert (axis.view_start, axis.view_end) == (30.0, 40.0)
    state.view = None
    assert (axis.view_start, axis.view_end, axis.duration) == (0.0, 100.0, 100.0)


def test_growing_recording_moves_the_end() -> None:
    state, axis = make_axis(20.0)
    longer = make_analysis(duration=50.0)
    state.reading = Reading(longer, longer.decode(), True)
    assert (axis.view_start, axis.view_end, axis.duration) == (0.0, 50.0, 50.0)
    assert state.view is None


def test_range_that_another_recording_does_not_have_shows_all_of_it() -> None:
    state, axis = make_axis(100.0)
    state.view = TimeRange(80.0, 90.0)
    shorter = make_analysis(duration=50.0)
    state.reading = Reading(shorter, shorter.decode())
    assert (axis.view_start, axis.view_end) == (0.0, 50.0)


def test_pointer_moves_the_inspector() -> None:
    analysis = make_analysis()
    tab = VisualizationsTab(analysis)
    tab.time_axis.set_state({"cursor": 2.3})
    assert "Window" in tab.inspector.heading.value
    tab.time_axis.set_state({"cursor": None})
    assert "Whole recording" in tab.inspector.heading.value


def test_narrow_plots_have_fewer_labels() -> None:
    state = AppState()
    analysis = make_analysis(duration=100.0)
    state.reading = Reading(analysis, analysis.decode())
    frame = TimeFrame(state)
    axis = TimeAxis(state, frame)
    axis.set_state({"plot_width": 900})
    n_wide = len(frame.axis.tick_values)
    axis.set_state({"plot_width": 240})
    assert len(frame.axis.tick_values) <= 3 < n_wide


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0.0, 0.5, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (12.3, 14.1, [12.5, 13.0, 13.5, 14.0]),
        (0.0, 3_600.0, [0.0, 600.0, 1_200.0, 1_800.0, 2_400.0, 3_000.0, 3_600.0]),
    ],
)
def test_ticks_are_round_times_inside_the_range(start, end, expected) -> None:
    assert pick_ticks(start, end, 8).tolist() == expected
