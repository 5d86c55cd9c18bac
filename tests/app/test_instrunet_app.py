from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from app_parts import write_tones
from stand_in import PitchClassifier

from instrunet_widgets.app import ExportView, InstruNetApp, ResultsView
from instrunet_widgets.app.uploader import UploadedFile
from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.errors import AudioError


def is_shown(widget) -> bool:
    return widget.layout.display != "none"


def make_app(audio: Path | None = None) -> InstruNetApp:
    app = InstruNetApp(audio)
    app.controller._load_classifier = PitchClassifier
    return app


@pytest.fixture
def app(tmp_path: Path) -> InstruNetApp:
    return make_app(write_tones(tmp_path, "one.wav", ("cel", 6.0)))


def test_first_page_asks_for_a_file_and_shows_nothing_that_cannot_be_used() -> None:
    app = make_app()
    assert is_shown(app.uploader) and not app.uploader.compact and is_shown(app.examples)
    assert not any(map(is_shown, (app.actions, app.settings, app.tabs, app.table, app.messages, app._main)))
    assert repr(app) == "InstruNetApp()"


def test_file_named_in_the_call_is_opened_at_once(app: InstruNetApp) -> None:
    assert app.state.recording.name == "one.wav"
    assert is_shown(app.actions) and is_shown(app.settings) and not is_shown(app.tabs)
    assert app.analysis is None and app.timeline is None
    assert app.player.source_key == app.state.selected


def test_missing_file_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"nothing\.mp3 was not found"):
        InstruNetApp(tmp_path / "nothing.mp3")


def test_analyze_button_fills_the_page_and_the_live_objects(app: InstruNetApp) -> None:
    app.actions.analyze.click()
    assert is_shown(app.tabs) and "Cello" in app.results.cards.value
    assert app.timeline.detected == ("cel",)
    assert app.analysis.audio_name == "one.wav"
    assert app.player.duration == pytest.approx(6.0)


def test_charts_are_built_when_they_are_first_looked_at(app: InstruNetApp) -> None:
    app.actions.analyze.click()
    assert app.visualizations.children == ()
    app.tabs.selected_index = 1
    (charts,) = app.visualizations.children
    app.tabs.selected_index = 0
    assert app.visualizations.children == ()  # bqplot cannot lay out what is hidden
    app.tabs.selected_index = 1
    assert app.visualizations.children == (charts,)


def test_settings_slider_and_assigned_decoding_move_cards_and_export_alike(app: InstruNetApp) -> None:
    app.actions.analyze.click()
    app.settings.is_auto.value = False
    app.settings.threshold.value = 0.95
    assert app.timeline.detected == () and "No instrument stands out" in app.results.cards.value
    app.decoding = DecodingConfig(threshold=0.2, smoothing_windows=1)
    assert app.settings.threshold.value == 0.2 and app.settings.smoothing.value == 1
    assert "Cello" in app.results.cards.value
    assert '"threshold": 0.2' in app.export.make_file()[2].decode()


def test_several_files_get_a_table_that_opens_and_removes(app: InstruNetApp, tmp_path: Path) -> None:
    assert not is_shown(app.table)
    app.open_file(write_tones(tmp_path, "two.wav", ("vio", 6.0)))
    assert is_shown(app.table)
    app.actions.analyze.click()
    assert [row["instruments"] for row in app.table.rows] == ["cello 90 %", "violin 90 %"]
    first, second = (row["key"] for row in app.table.rows)
    assert app.table.current == second
    app.table._receive(None, {"type": "open", "key": first}, [])
    assert app.timeline.detected == ("cel",) and app.table.current == first
    app.table._receive(None, {"type": "remove", "key": first}, [])
    assert app.timeline.detected == ("vio",) and not is_shown(app.table)


def test_two_apps_beside_each_other_share_nothing(app: InstruNetApp, tmp_path: Path) -> None:
    other = make_app(write_tones(tmp_path, "two.wav", ("vio", 6.0)))
    app.actions.analyze.click()
    assert other.analysis is None and not is_shown(other.tabs)
    other.settings.smoothing.value = 7
    assert app.decoding.smoothing_windows == 3
    assert app.folder != other.folder


def test_folder_for_uploads_is_private_and_goes_with_the_kernel() -> None:
    program = (
        "from instrunet_widgets.app import InstruNetApp; app = InstruNetApp(); "
        "(app.folder / 'upload').write_bytes(b'x'); print(oct(app.folder.stat().st_mode)[-3:], app.folder)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    mode, folder = run.stdout.split()
    assert mode == "700" and not Path(folder).exists()


def test_upload_is_deleted_when_it_is_not_needed_any_more(app: InstruNetApp, tmp_path: Path) -> None:
    def upload(name: str, source: Path) -> UploadedFile:
        shutil.copy(source, app.folder / name)
        file = UploadedFile(name, name, app.folder / name, source.stat().st_size)
        app._take(file)
        return file

    own = app.state.recording.path
    sound = upload("sound.wav", own)
    app.actions.analyze.click()
    saved = tmp_path / "saved.json"
    saved.write_text(app.analysis.to_json(), encoding="utf-8")
    assert not upload("saved", saved).path.exists()
    assert sound.path.exists()
    for recording in app.state.recordings:
        app.controller.remove(recording.key)
    assert not sound.path.exists()
    assert own.exists()  # not ours


def test_closed_app_leaves_no_files_and_stops_its_analysis(app: InstruNetApp) -> None:
    async def close_soon() -> None:
        app.actions.analyze.click()
        await asyncio.sleep(0)
        app.close()
        await app.controller._task

    asyncio.run(close_soon())
    assert app.analysis is None and app.state.activity is None
    assert not app.folder.exists()


def test_views_work_alone_on_an_analysis(app: InstruNetApp) -> None:
    app.actions.analyze.click()
    analysis = app.analysis
    cards = ResultsView(analysis).cards.value
    assert "Cello" in cards and "<button" not in cards  # nothing there would play
    assert "data-seek" in app.results.cards.value
    assert '"audio_file": "one.wav"' in ExportView(analysis).make_file()[2].decode()


def test_making_the_app_loads_none_of_what_only_results_need() -> None:
    heavy = ["bqplot", "pandas", "matplotlib", "tensorflow", "librosa", "PIL"]
    program = (
        "import sys, threading; threading.Thread.start = lambda self: None\n"
        "from instrunet_widgets.app import InstruNetApp; InstruNetApp()\n"
        f"print(*[name for name in {heavy} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
