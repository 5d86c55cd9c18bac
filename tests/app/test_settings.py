from __future__ import annotations

import pytest

from instrunet_widgets.app.settings import SettingsPanel
from instrunet_widgets.app.state import AppState
from instrunet_widgets.config import DecodingConfig


@pytest.fixture
def panel() -> SettingsPanel:
    panel = SettingsPanel(AppState())
    panel.state = panel._state
    return panel


def test_controls_start_at_the_defaults_of_every_other_way_in(panel: SettingsPanel) -> None:
    assert panel.state.decoding == DecodingConfig("mean", "auto", 3, 0.0)
    assert (panel.aggregation.value, panel.is_auto.value, panel.smoothing.value) == ("mean", True, 3)


@pytest.mark.parametrize(
    ("control", "value", "expected"),
    [
        ("aggregation", "max", DecodingConfig(aggregation="max")),
        ("smoothing", 7, DecodingConfig(smoothing_windows=7)),
        ("min_segment", 2.5, DecodingConfig(min_segment_seconds=2.5)),
        ("is_auto", False, DecodingConfig(threshold=0.5)),
    ],
)
def test_each_control_writes_its_setting(
    panel: SettingsPanel, control: str, value: object, expected: DecodingConfig
) -> None:
    getattr(panel, control).value = value
    assert panel.state.decoding == expected


def test_threshold_counts_and_shows_only_where_auto_is_off(panel: SettingsPanel) -> None:
    assert panel.threshold.layout.display == "none"
    panel.threshold.value = 0.3
    assert panel.state.decoding.threshold == "auto"
    panel.is_auto.value = False
    assert panel.state.decoding.threshold == 0.3
    assert panel.threshold.layout.display != "none"


def test_controls_follow_settings_made_in_a_cell(panel: SettingsPanel) -> None:
    seen = []
    panel.state.observe(lambda change: seen.append(change.new), "decoding")
    wanted = DecodingConfig("max", 0.7, 5, 30.0)
    panel.state.decoding = wanted
    assert (panel.aggregation.value, panel.threshold.value, panel.smoothing.value) == ("max", 0.7, 5)
    assert panel.min_segment.value == 30.0 and panel.is_auto.value is False
    assert seen == [wanted]  # following writes nothing back


def test_reset_brings_everything_back(panel: SettingsPanel) -> None:
    panel.state.decoding = DecodingConfig("max", 0.7, 5, 3.0)
    panel.reset.click()
    assert panel.state.decoding == DecodingConfig()
    assert (panel.is_auto.value, panel.threshold.value, panel.min_segment.value) == (True, 0.5, 0.0)


def test_hiding_the_threshold_hides_nothing_else(panel: SettingsPanel) -> None:
    others = (panel.aggregation, panel.is_auto, panel.smoothing, panel.min_segment, panel.reset)
    assert panel.threshold.layout.display == "none"
    assert [control.layout.display for control in others] == [None] * 5
