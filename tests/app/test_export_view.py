from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path

import pytest
from app_parts import make_controller, write_tones
from PIL import Image
from sample_analysis import make_analysis

from instrunet_widgets.app.export_tab import ExportView
from instrunet_widgets.app.state import AppState, Reading
from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.errors import ExportError
from instrunet_widgets.export import FORMATS
from instrunet_widgets.results import Analysis


def test_every_format_of_the_registry_is_offered() -> None:
    view = ExportView(make_analysis())
    assert [key for _, key in view.format.options] == [one.key for one in FORMATS]


@pytest.mark.parametrize("key", ["json", "csv"])
def test_file_is_what_the_registry_writes_for_the_settings_of_the_moment(key: str) -> None:
    state = AppState()
    view = ExportView(state)
    analysis = make_analysis(audio_name="../odd<name>.mp3")
    state.decoding = DecodingConfig(smoothing_windows=1, threshold=0.3)
    state.reading = Reading(analysis, analysis.decode(state.decoding))
    view.format.value = key
    name, media_type, content = view.make_file()
    chosen = next(one for one in FORMATS if one.key == key)
    assert content == chosen.encode(analysis, state.decoding)
    assert media_type == chosen.media_type
    assert name.endswith(chosen.extension) and "/" not in name and "<" not in name


def test_images_are_drawn_as_chosen_and_the_choice_is_shown_for_images_only() -> None:
    view = ExportView(make_analysis())
    assert view.image.layout.display == "none"
    view.format.value = "png"
    assert view.image.layout.display is None
    view.image.chart.value, view.image.width.value, view.image.height.value = "heat-map", 640, 320
    with Image.open(io.BytesIO(view.make_file()[2])) as picture:
        assert picture.size == (640, 320)


def test_pictures_and_reports_are_drawn_when_they_are_saved_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    view = ExportView(make_analysis())
    monkeypatch.setattr(ExportView, "make_file", lambda self: pytest.fail("a file was made"))
    for one in FORMATS:
        if not one.is_text:
            view.format.value = one.key
            assert "no preview" in view.preview.value


def test_preview_waits_until_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    state, analysis = AppState(), make_analysis()
    view = ExportView(state)
    view.is_on_show = False
    with monkeypatch.context() as unseen:
        unseen.setattr(ExportView, "make_file", lambda self: pytest.fail("a file was made"))
        state.reading = Reading(analysis, analysis.decode())
    view.is_on_show = True
    assert "music.wav" in view.preview.value


def test_click_saves_what_was_on_show_while_the_kernel_goes_on() -> None:
    async def save_and_move() -> tuple[str, str, bytes]:
        state, analysis = AppState(), make_analysis()
        state.decoding = DecodingConfig(threshold=0.3)
        state.reading = Reading(analysis, analysis.decode(state.decoding))
        view = ExportView(state)
        task = asyncio.create_task(view.save._make())
        await asyncio.sleep(0)
        state.decoding = DecodingConfig(threshold=0.7)
        return await task

    name, _, content = asyncio.run(save_and_move())
    assert name == "music.json" and b'"threshold": 0.3' in content


def test_preview_is_the_beginning_of_the_file_as_text() -> None:
    view = ExportView(make_analysis(audio_name="<b>bold.wav"))
    assert "&lt;b&gt;bold.wav" in view.preview.value and "<b>" not in view.preview.value
    view.format.value = "csv"
    assert "window_start" in view.preview.value


def test_nothing_can_be_saved_before_there_is_a_finished_result() -> None:
    state = AppState()
    view = ExportView(state)
    with pytest.raises(ExportError, match="no finished result"):
        view.make_file()
    analysis = make_analysis()
    state.reading = Reading(analysis, analysis.decode(), is_partial=True)
    with pytest.raises(ExportError, match="no finished result"):
        view.make_file()
    with pytest.raises(ExportError, match="no finished result"):
        asyncio.run(ExportView(AppState()).save_all._make())


def test_zip_holds_every_recording_in_every_format_and_a_table_of_all(tmp_path: Path) -> None:
    controller = make_controller()
    view = ExportView(controller.state)
    assert view.save_all.layout.display == "none"
    for key, instrument in (("a", "cel"), ("b", "vio")):
        path = write_tones(tmp_path, "same.wav", (instrument, 4.0))
        controller.add_file(key, path.name, path)
        controller.start_analysis()
    assert view.save_all.layout.display is None
    name, media_type, content = asyncio.run(view.save_all._make())
    assert (name, media_type) == ("instrunet-results.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        assert sum(one.startswith("json/") for one in names) == 2
        restored = [Analysis.from_json(archive.read(one).decode()) for one in names if one.startswith("json/")]
        table = archive.read("all.csv").decode()
    assert {analysis.decode().detected for analysis in restored} == {("cel",), ("vio",)}
    assert table.count("same.wav") == 2
