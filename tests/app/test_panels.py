from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from app_parts import make_controller, write_tones

from instrunet_widgets.app.panels import (
    ActionPanel,
    ExamplePicker,
    MessagePanel,
    RowWriter,
    TrackHeading,
    describe_activity,
)
from instrunet_widgets.app.state import Activity
from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.examples import example_path


def add(controller, path: Path, key: str) -> None:
    controller.add_file(key, path.name, path, path.stat().st_size)


def test_analyze_is_offered_only_when_there_is_something_to_analyse(tmp_path: Path) -> None:
    controller = make_controller()
    panel = ActionPanel(controller.state, controller)
    assert panel.analyze.layout.display == "none"
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 4.0)), "a")
    assert (panel.analyze.layout.display, panel.analyze.description) == (None, "Analyze Track")
    add(controller, write_tones(tmp_path, "two.wav", ("vio", 4.0)), "b")
    assert panel.analyze.description == "Analyze 2 Tracks"
    panel.analyze.click()
    assert panel.analyze.layout.display == "none"
    assert all(recording.analysis is not None for recording in controller.state.recordings)


def test_progress_and_cancel_are_there_only_while_it_runs(tmp_path: Path) -> None:
    controller = make_controller()
    panel = ActionPanel(controller.state, controller)
    seen = []

    def watch(change) -> None:
        shown = [panel.layout.display, panel._busy.layout.display, panel.cancel.layout.display]
        seen.append((shown, panel.progress.value, panel.status.value))
        if panel.progress.value:
            panel.cancel.click()

    add(controller, write_tones(tmp_path, "long.wav", ("cel", 200.0)), "a")
    controller.state.observe(watch, "activity")
    panel.analyze.click()
    assert seen[0][0] == [None] * 3 and "Opening" in seen[0][2]
    assert 0 < seen[-2][1] < 0.5 and "Listening" in seen[-2][2]
    assert panel._busy.layout.display == "none"
    assert panel.analyze.layout.display is None  # it can be started again


def test_click_inside_a_running_kernel_returns_at_once(tmp_path: Path) -> None:
    controller = make_controller()
    panel = ActionPanel(controller.state, controller)
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 30.0)), "a")

    async def click() -> bool:
        panel.analyze.click()
        was_done = controller.state.reading is not None
        while controller._task is not None and not controller._task.done():
            await asyncio.sleep(0.01)
        return was_done

    assert asyncio.run(click()) is False
    assert controller.state.reading.timeline.detected == ("cel",)


@pytest.mark.parametrize(
    ("activity", "text"),
    [
        (Activity("Opening"), "Opening"),
        (Activity("Listening", "a", 0.61, 2.4), "Listening · 61 % · 2 s left"),
        (Activity("Listening", "a", 0.999, 0.1), "Listening · 100 %"),
        (Activity("Listening", "a", 0.1, 600.0), "Listening · 10 % · 10:00 left"),
    ],
)
def test_activity_in_words(activity: Activity, text: str) -> None:
    assert describe_activity(activity) == text


def test_messages_are_escaped_and_can_be_dismissed() -> None:
    controller = make_controller()
    panel = MessagePanel(controller.state, controller)
    assert panel.text.value == ""
    controller.report("error", "<script>alert(1)</script> is not a recording.")
    assert "&lt;script&gt;" in panel.text.value and "<script>" not in panel.text.value
    assert "role='alert'" in panel.text.value
    panel.dismiss.click()
    assert panel.text.value == "" and panel.layout.display == "none"


def test_only_the_latest_messages_are_kept() -> None:
    controller = make_controller()
    for number in range(9):
        controller.report("info", f"sentence {number}")
    assert [message.text for message in controller.state.messages] == [f"sentence {n}" for n in range(4, 9)]


def test_example_button_opens_its_recording() -> None:
    opened = []
    picker = ExamplePicker(opened.append)
    (button,) = picker.children
    assert button.description == "Try the example: Seven Postcards"
    button.click()
    assert opened == [example_path("seven-postcards")]


def test_rows_follow_analysis_settings_and_failure(tmp_path: Path) -> None:
    controller = make_controller()
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 6.0)), "a")
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"")
    add(controller, bad, "b")
    rows = RowWriter(controller.state)
    waiting = rows.write()
    assert [row["state"] for row in waiting] == ["not analysed yet"] * 2
    controller.start_analysis()
    done, failed = rows.write()
    assert (done["instruments"], done["state"], done["length"], done["duration"]) == ("cello 90 %", "done", "0:06", 6.0)
    assert failed["state"] == "could not be analysed" and failed["is_failed"] and failed["duration"] is None
    controller.state.decoding = DecodingConfig(threshold=0.99)
    assert rows.write()[0]["instruments"] == "none"


def test_heading_tells_the_facts_when_they_are_known(tmp_path: Path) -> None:
    controller = make_controller()
    heading = TrackHeading(controller.state)
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 6.0)), "a")
    assert "one.wav" in heading.value and "not analysed yet" in heading.value
    controller.start_analysis()
    assert "0:06 · WAV · 16 kHz · mono" in heading.value
