from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from app_parts import make_controller, write_tones
from stand_in import PitchClassifier

from instrunet_widgets.app.controller import Controller
from instrunet_widgets.app.state import AppState
from instrunet_widgets.config import DecodingConfig


@pytest.fixture
def controller() -> Controller:
    return make_controller()


def add(controller: Controller, path: Path, key: str = "a") -> None:
    controller.add_file(key, path.name, path, path.stat().st_size)


def test_new_file_is_shown_and_waits_for_its_analysis(controller: Controller, tmp_path: Path) -> None:
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 4.0)))
    assert controller.state.recording.name == "one.wav"
    assert controller.state.reading is None
    assert [recording.key for recording in controller.waiting] == ["a"]


def test_analysis_names_the_instrument_and_leaves_nothing_waiting(controller: Controller, tmp_path: Path) -> None:
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 4.0)))
    controller.start_analysis()
    assert controller.state.reading.timeline.detected == ("cel",)
    assert not controller.state.reading.is_partial
    assert controller.waiting == ()
    assert controller.state.activity is None


def test_new_file_clears_the_old_results_but_keeps_them_in_the_list(controller: Controller, tmp_path: Path) -> None:
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 4.0)))
    controller.start_analysis()
    add(controller, write_tones(tmp_path, "two.wav", ("vio", 4.0)), "b")
    assert controller.state.reading is None
    controller.select("a")
    assert controller.state.reading.timeline.detected == ("cel",)


def test_settings_are_applied_without_running_the_network_again(tmp_path: Path) -> None:
    classifier = PitchClassifier()
    controller = Controller(AppState(), lambda: classifier)
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 6.0), ("vio", 3.0)))
    controller.start_analysis()
    n_batches = len(classifier.batch_sizes)
    controller.state.decoding = DecodingConfig(threshold=0.95)
    assert controller.state.reading.timeline.detected == ()
    controller.state.decoding = DecodingConfig(threshold=0.1, aggregation="max", smoothing_windows=1)
    assert set(controller.state.reading.timeline.detected) == {"cel", "vio"}
    assert len(classifier.batch_sizes) == n_batches


def test_bad_file_gives_a_sentence_and_the_others_go_on(controller: Controller, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("this is no sound")
    add(controller, bad, "bad")
    add(controller, write_tones(tmp_path, "good.wav", ("vio", 4.0)), "good")
    controller.select("bad")
    controller.start_analysis()
    problem = next(recording.problem for recording in controller.state.recordings if recording.key == "bad")
    assert "bad.wav is not a recording" in problem
    assert [(message.kind, message.text) for message in controller.state.messages] == [("error", problem)]
    controller.select("good")
    assert controller.state.reading.timeline.detected == ("vio",)


def test_what_failed_is_tried_again_only_while_it_is_on_show(controller: Controller, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("this is no sound")
    add(controller, bad, "bad")
    controller.start_analysis()
    assert [recording.key for recording in controller.waiting] == ["bad"]
    add(controller, write_tones(tmp_path, "good.wav", ("vio", 4.0)), "good")
    assert [recording.key for recording in controller.waiting] == ["good"]


def test_unexpected_error_is_a_sentence_too(tmp_path: Path) -> None:
    def fail() -> PitchClassifier:
        raise RuntimeError("boom")

    controller = Controller(AppState(), fail)
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 4.0)))
    controller.start_analysis()
    (message,) = controller.state.messages
    assert "one.wav could not be analysed because of an unexpected error (RuntimeError: boom)" in message.text
    assert controller.state.activity is None


def test_first_results_are_shown_while_the_analysis_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instrunet_widgets.app.controller.REDRAW_SECONDS", 0.0)
    controller = make_controller()
    seen = []
    controller.state.observe(lambda change: seen.append(change.new), "reading")
    add(controller, write_tones(tmp_path, "long.wav", ("cel", 90.0)))
    controller.start_analysis()
    partial = [reading for reading in seen if reading is not None and reading.is_partial]
    lengths = [reading.analysis.n_windows for reading in partial]
    assert len(lengths) >= 2 and lengths == sorted(lengths)
    assert all(reading.timeline.detected == ("cel",) for reading in partial)
    assert not seen[-1].is_partial and seen[-1].analysis.n_windows > lengths[-1]


def test_cancel_keeps_what_is_done_and_drops_the_rest(tmp_path: Path) -> None:
    controller = make_controller()
    add(controller, write_tones(tmp_path, "done.wav", ("vio", 4.0)), "done")
    controller.start_analysis()
    add(controller, write_tones(tmp_path, "long.wav", ("cel", 300.0)), "long")
    add(controller, write_tones(tmp_path, "later.wav", ("cel", 4.0)), "later")
    controller.select("long")
    fractions = []

    def cancel_soon(change) -> None:
        if change.new is not None and change.new.fraction:
            fractions.append(change.new.fraction)
            controller.cancel()

    controller.state.observe(cancel_soon, "activity")
    controller.start_analysis()
    assert len(fractions) == 1 and fractions[0] < 0.5
    analysed = {recording.key for recording in controller.state.recordings if recording.analysis is not None}
    assert analysed == {"done"}
    assert controller.state.reading is None
    assert "long.wav was cancelled" in controller.state.messages[-1].text
    assert controller.state.activity is None


def test_kernel_stays_responsive_between_batches(tmp_path: Path) -> None:
    controller = make_controller()
    add(controller, write_tones(tmp_path, "long.wav", ("cel", 120.0)))
    ticks = []

    async def tick() -> None:
        while controller.is_busy or not ticks:
            ticks.append(controller.state.activity)
            await asyncio.sleep(0)

    async def both() -> None:
        controller.start_analysis()
        await asyncio.sleep(0)
        await tick()

    asyncio.run(both())
    assert len({activity.fraction for activity in ticks if activity}) >= 3


def test_removed_recording_is_gone_and_its_neighbour_shown(controller: Controller, tmp_path: Path) -> None:
    for key, instrument in (("a", "cel"), ("b", "vio"), ("c", "cla")):
        add(controller, write_tones(tmp_path, f"{key}.wav", (instrument, 4.0)), key)
    controller.start_analysis()
    controller.select("b")
    controller.remove("b")
    assert [recording.key for recording in controller.state.recordings] == ["a", "c"]
    assert controller.state.selected == "c"
    assert controller.state.reading.timeline.detected == ("cla",)
    controller.remove("c")
    controller.remove("a")
    assert (controller.state.selected, controller.state.reading) == ("", None)


def test_saved_analysis_is_restored_and_gets_its_sound_back(controller: Controller, tmp_path: Path) -> None:
    recording = write_tones(tmp_path, "one.wav", ("cel", 4.0))
    add(controller, recording)
    controller.start_analysis()
    saved = tmp_path / "saved.json"
    saved.write_text(controller.state.reading.analysis.to_json(), encoding="utf-8")

    other = make_controller()
    add(other, saved, "json")
    assert other.state.recording.path is None
    assert other.state.reading.timeline.detected == ("cel",)
    assert other.waiting == ()
    add(other, recording, "sound")
    assert other.state.recording.path == recording
    assert other.state.reading.timeline.detected == ("cel",)
    assert len(other.state.recordings) == 1


def test_restored_analysis_can_be_made_anew_once_it_has_its_sound(controller: Controller, tmp_path: Path) -> None:
    recording = write_tones(tmp_path, "one.wav", ("cel", 4.0))
    add(controller, recording)
    controller.start_analysis()
    saved = tmp_path / "saved.json"
    saved.write_text(controller.state.reading.analysis.to_json(), encoding="utf-8")
    other = make_controller()
    add(other, saved, "json")
    add(other, recording, "sound")
    assert [found.key for found in other.waiting] == ["sound"]
    other.start_analysis()
    assert other.state.reading.analysis.overview is not None
    assert other.waiting == ()


def test_other_recording_of_the_same_name_does_not_get_the_restored_results(
    controller: Controller, tmp_path: Path
) -> None:
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 4.0)))
    controller.start_analysis()
    saved = tmp_path / "saved.json"
    saved.write_text(controller.state.reading.analysis.to_json(), encoding="utf-8")
    other = make_controller()
    add(other, saved, "json")
    add(other, write_tones(tmp_path, "one.wav", ("vio", 20.0)), "other")
    assert [found.analysis is None for found in other.state.recordings] == [False, True]
    assert other.state.reading is None


def test_removing_the_recording_that_is_analysed_lets_the_others_go_on(controller: Controller, tmp_path: Path) -> None:
    add(controller, write_tones(tmp_path, "next.wav", ("vio", 4.0)), "next")
    add(controller, write_tones(tmp_path, "long.wav", ("cel", 300.0)), "long")
    fractions = []

    def remove_soon(change) -> None:
        if change.new is not None and change.new.key == "long" and change.new.fraction:
            fractions.append(change.new.fraction)
            controller.remove("long")

    controller.state.observe(remove_soon, "activity")
    controller.start_analysis()
    assert len(fractions) == 1
    assert [(found.key, found.analysis is not None) for found in controller.state.recordings] == [("next", True)]
    assert controller.state.reading.timeline.detected == ("vio",)
    assert controller.state.messages == ()


def test_second_click_before_the_first_has_begun_starts_nothing(tmp_path: Path) -> None:
    classifier = PitchClassifier()
    controller = Controller(AppState(), lambda: classifier)
    add(controller, write_tones(tmp_path, "one.wav", ("cel", 4.0)))

    async def click_twice() -> None:
        controller.start_analysis()
        task = controller._task
        controller.start_analysis()
        assert controller._task is task
        await task

    asyncio.run(click_twice())
    assert len(classifier.batch_sizes) == 1


@pytest.mark.parametrize("content", ['{"no": "analysis"}', "[1, 2]", "{broken"])
def test_json_that_is_no_analysis_gives_a_sentence(controller: Controller, tmp_path: Path, content: str) -> None:
    path = tmp_path / "5f0c"  # on disk it goes by a key
    path.write_text(content)
    controller.add_file("5f0c", "odd.json", path)
    (message,) = controller.state.messages
    assert message.kind == "error" and "odd.json" in message.text
    assert str(tmp_path) not in message.text
    assert controller.state.recordings == ()


def test_names_from_outside_become_visible_text(controller: Controller, tmp_path: Path) -> None:
    path = write_tones(tmp_path, "plain.wav", ("cel", 4.0))
    path.write_bytes(b"")
    controller.add_file("a", "<b>\u202egnp.wav", path)
    controller.start_analysis()
    (message,) = controller.state.messages
    assert "\u202e" not in message.text


def test_two_apps_share_nothing(tmp_path: Path) -> None:
    first, second = make_controller(), make_controller()
    add(first, write_tones(tmp_path, "one.wav", ("cel", 4.0)))
    first.state.decoding = DecodingConfig(threshold=0.3)
    assert second.state.recordings == ()
    assert second.state.decoding == DecodingConfig()
