"""What people do with the app, in a real browser, with the shipped network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect
from running import Server
from watching import PLAY_SLOWLY, open_app, run_in_jupyterlab

from instrunet_widgets.audio import load_audio
from instrunet_widgets.examples import example_path

RATE = 16_000
N_FIGURES = 6  # waveform, spectrogram, intensity, heat map, time ranges, detail of a window
# bqplot shows the axes when the marks are in their places
ALL_CHARTS_ARE_DRAWN = """
    n => [...document.querySelectorAll(".bqplot.figure .svg-background > g > g")]
        .filter(axes => axes.style.display !== "none").length >= n
"""


@pytest.fixture(scope="session")
def piano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The piano that opens the demo piece, as a WAV of 10 s."""
    path = tmp_path_factory.mktemp("recordings") / "piano.wav"
    soundfile.write(path, load_audio(example_path(), sample_rate=RATE, duration=10.0), RATE)
    return path


@pytest.fixture(scope="session")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo piece over and over, for half an hour."""
    sound = load_audio(example_path(), sample_rate=RATE)
    path = tmp_path_factory.mktemp("recordings") / "long.flac"
    soundfile.write(path, np.tile(sound, 1_800 * RATE // len(sound)), RATE)
    return path


def choose(page: Page, *files: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([str(file) for file in files])


def analyse(page: Page, name: str = "Analyze Track") -> None:
    page.get_by_role("button", name=name).click()
    expect(page.locator(".in-heading")).to_contain_text("kHz")


def cards(page: Page) -> Locator:
    return page.locator(".in-cards:not(.in-minor) h4")


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    # What comes next may leave the tab, and bqplot complains of charts that vanish half drawn.
    if name == "Visualizations":
        page.wait_for_function(ALL_CHARTS_ARE_DRAWN, arg=N_FIGURES)


def show_results(page: Page, server: Server, recording: Path) -> None:
    open_app(page, server.url)
    choose(page, recording)
    analyse(page)


def test_chosen_file_is_analysed_and_named(voila_server: Server, page: Page, piano: Path) -> None:
    show_results(page, voila_server, piano)
    expect(cards(page).first).to_have_text("Piano")
    expect(page.locator(".in-heading h2")).to_have_text("piano.wav")
    expect(page.get_by_role("button", name="Analyze Track")).to_be_hidden()


def test_dropped_file_is_taken(voila_server: Server, page: Page, piano: Path) -> None:
    open_app(page, voila_server.url)
    transfer = page.evaluate_handle(
        """async (bytes) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.wav", { type: "audio/wav" }));
            return transfer;
        }""",
        list(piano.read_bytes()),
    )
    root = page.locator(".instrunet-app")
    for kind in ("dragenter", "dragover", "drop"):
        root.dispatch_event(kind, {"dataTransfer": transfer})
    expect(page.locator(".in-heading h2")).to_have_text("dropped.wav")
    analyse(page)
    expect(cards(page).first).to_have_text("Piano")


def test_moved_threshold_changes_cards_and_export_at_once(voila_server: Server, page: Page, piano: Path) -> None:
    show_results(page, voila_server, piano)
    expect(cards(page).first).to_have_text("Piano")
    page.get_by_label("Auto (one for each instrument)").uncheck()
    slider = page.get_by_role("slider", name="Detection threshold")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(".in-nothing")).to_contain_text("No instrument stands out")
    page.keyboard.press("Home")
    expect(cards(page)).to_have_count(11)
    open_tab(page, "Export")
    expect(page.locator(".in-preview")).to_contain_text('"threshold": 0.0')
    page.get_by_role("button", name="Reset to defaults").click()
    expect(page.locator(".in-preview")).to_contain_text('"threshold": null')


def test_saved_json_holds_the_analysis_and_opens_again(
    voila_server: Server, page: Page, new_visitor: Callable[..., Page], piano: Path, tmp_path: Path
) -> None:
    show_results(page, voila_server, piano)
    open_tab(page, "Export")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save", exact=True).click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    document = json.loads(saved.read_text(encoding="utf-8"))
    assert saved.name == "piano.json"
    assert document["audio_file"] == "piano.wav"
    assert max(document["timeline"][0]["intensity"], key=document["timeline"][0]["intensity"].get) == "pia"

    other = new_visitor()
    open_app(other, voila_server.url)
    choose(other, saved)
    expect(cards(other).first).to_have_text("Piano")
    expect(other.locator(".instrunet-player")).to_contain_text("No sound")
    choose(other, piano)
    expect(other.locator(".instrunet-player-play")).to_be_visible()
    expect(cards(other).first).to_have_text("Piano")


def test_charts_zoom_by_dragging_and_play_from_a_click(voila_server: Server, page: Page, piano: Path) -> None:
    page.add_init_script(PLAY_SLOWLY)
    show_results(page, voila_server, piano)
    open_tab(page, "Visualizations")
    visible = page.locator(".in-axis-range")
    axis = page.locator(".in-time-axis")
    axis.wait_for()
    box = page.locator(".in-axis-plot").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 40)
    page.wait_for_function("() => document.querySelector('.instrunet-player-time').textContent.startsWith('0:05')")
    expect(page.locator(".instrunet-player-play")).to_have_attribute("aria-label", "Pause")
    page.locator(".instrunet-player-play").click()
    before = visible.inner_text()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 60, steps=4)
    page.mouse.up()
    expect(visible).not_to_have_text(before)
    page.get_by_role("button", name="Whole track").click()
    expect(visible).to_have_text(before)
    page.mouse.dblclick(box["x"] + 0.5 * box["width"], box["y"] + 40)
    expect(page.locator(".instrunet-player-play")).to_have_attribute("aria-label", "Play")


def test_loop_is_the_same_in_player_and_charts(voila_server: Server, page: Page, piano: Path) -> None:
    show_results(page, voila_server, piano)
    page.locator(".instrunet-player-position").focus()
    page.keyboard.press("ArrowRight")
    open_tab(page, "Visualizations")
    expect(page.locator(".in-axis-playhead")).to_be_visible()  # though the player was moved before there were charts
    for _ in range(2):
        page.keyboard.press("+")
    visible = page.locator(".in-axis-range").inner_text()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".in-axis-range")).not_to_have_text(visible)
    loop = page.locator(".in-axis-tools").get_by_role("button", name="Loop the visible range")
    loop.click()
    expect(page.locator(".in-axis-loop")).to_be_visible()
    page.locator(".instrunet-player-loop").click()
    expect(loop).to_have_attribute("aria-pressed", "false")
    loop.click()
    expect(loop).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Try the example").click()
    page.get_by_role("button", name="piano.wav", exact=True).click()
    expect(loop).to_have_attribute("aria-pressed", "false")


def test_time_of_a_card_plays_from_there(voila_server: Server, page: Page) -> None:
    open_app(page, voila_server.url)
    page.get_by_role("button", name="Try the example").click()
    analyse(page)
    late = page.locator(".in-range[data-seek]").last
    start = float(late.get_attribute("data-seek") or "nan")
    late.click()
    page.wait_for_function(
        "([start]) => { const [m, s] = document.querySelector('.instrunet-player-time').textContent.split('/')[0]"
        ".trim().split(':'); return 60 * +m + +s >= Math.floor(start); }",
        arg=[start],
    )
    page.locator(".instrunet-player-play").click()


def test_bad_file_gives_its_sentence_and_the_app_goes_on(
    voila_server: Server, page: Page, piano: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "<img src=x onerror=alert(1)>.wav"
    bad.write_text("this is no sound")
    open_app(page, voila_server.url)
    choose(page, bad)
    page.get_by_role("button", name="Analyze Track").click()
    expect(page.get_by_role("alert").filter(has_text="is not a recording")).to_be_visible()
    expect(page.locator(".in-heading h2")).to_have_text(bad.name)
    choose(page, piano)
    expect(page.locator(".in-heading h2")).to_have_text("piano.wav")  # else the click is for the bad one, once more
    analyse(page)
    expect(cards(page).first).to_have_text("Piano")
    table = page.get_by_role("table").first
    expect(table).to_contain_text("could not be analysed")
    table.get_by_role("button", name="Remove <img").click()
    expect(table).to_be_hidden()


def test_long_analysis_shows_first_results_and_can_be_cancelled(
    voila_server: Server, page: Page, long_recording: Path
) -> None:
    open_app(page, voila_server.url)
    choose(page, long_recording)
    page.get_by_role("button", name="Analyze Track").click()
    expect(page.locator(".in-note").first).to_contain_text("still running")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert").filter(has_text="was cancelled")).to_be_visible()
    expect(page.get_by_role("button", name="Analyze Track")).to_be_visible()


def test_two_visitors_see_only_their_own(
    voila_server: Server, page: Page, new_visitor: Callable[..., Page], piano: Path, tmp_path: Path
) -> None:
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(5 * RATE), RATE)
    other = new_visitor()
    open_app(page, voila_server.url)
    open_app(other, voila_server.url)
    choose(page, piano)
    choose(other, silence)
    analyse(page)
    analyse(other)
    expect(cards(page).first).to_have_text("Piano")
    expect(other.locator(".in-nothing")).to_contain_text("silent throughout")
    assert "piano.wav" not in other.locator(".instrunet-app").inner_text()


def test_everything_can_be_done_by_keyboard(voila_server: Server, page: Page) -> None:
    open_app(page, voila_server.url)
    page.get_by_role("button", name="Try the example").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Analyze Track").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".in-heading")).to_contain_text("kHz")
    page.get_by_role("tab", name="Results").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".in-time-axis")).to_be_visible()
    page.get_by_role("button", name="Whole track").focus()
    page.locator(".instrunet-player-play").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.instrunet-player-time').textContent.startsWith('0:05')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_is_accessible(
    voila_server: Server, new_visitor: Callable[..., Page], run_axe: Callable[[Page], list[str]], scheme: str
) -> None:
    page = new_visitor(color_scheme=scheme)
    open_app(page, voila_server.url)
    page.get_by_role("button", name="Try the example").click()
    assert run_axe(page) == []
    analyse(page)
    page.get_by_role("button", name="Show all eleven probabilities").click()
    page.get_by_label("Auto (one for each instrument)").uncheck()
    for tab in ("Results", "Visualizations", "Export"):
        open_tab(page, tab)
        assert run_axe(page) == [], tab


def do_the_whole_job(page: Page, piano: Path, folder: Path) -> None:
    choose(page, piano)
    analyse(page)
    expect(cards(page).first).to_have_text("Piano")
    open_tab(page, "Visualizations")
    expect(page.locator(".in-chart").first).to_be_visible()
    open_tab(page, "Export")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save", exact=True).click()
    download.value.save_as(folder / "saved.json")
    assert json.loads((folder / "saved.json").read_text(encoding="utf-8"))["audio_file"] == "piano.wav"


def test_stock_voila_does_the_whole_job(plain_voila: Server, page: Page, piano: Path, tmp_path: Path) -> None:
    open_app(page, plain_voila.url)
    do_the_whole_job(page, piano, tmp_path)


def test_jupyterlab_does_the_whole_job(lab_server: Server, page: Page, piano: Path, tmp_path: Path) -> None:
    run_in_jupyterlab(page, lab_server.url)
    do_the_whole_job(page, piano, tmp_path)
    n_cells = page.locator(".jp-Cell").count()
    page.locator(".instrunet-player-position").focus()
    for key in "dda":  # JupyterLab would delete the cell and insert another
        page.keyboard.press(key)
    page.keyboard.press("End")
    expect(page.locator(".instrunet-player-position")).to_be_focused()
    assert page.locator(".jp-Cell").count() == n_cells
