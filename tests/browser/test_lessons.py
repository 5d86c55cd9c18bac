"""A lesson in a stock Voila and a stock JupyterLab, in a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from running import Serve, Server, find_free_port, lab_command, lab_settings, run_server
from watching import CARD, ERRORS, PLAY_SLOWLY, open_lesson, run_all_cells

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
LESSON = NOTEBOOKS / "01_sound_to_log_mel.ipynb"


@pytest.fixture(scope="module")
def voila_lesson(stock_voila: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with stock_voila(LESSON, tmp_path_factory.mktemp("lesson")) as server:
        yield server


@pytest.fixture(scope="module")
def lab_lesson(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("lab-lesson")
    shutil.copy(LESSON, root)
    port = find_free_port()
    url = f"http://127.0.0.1:{port}/lab/tree/{LESSON.name}"
    with run_server(lab_command(port, root), url, r"is running at", folder=root, env=lab_settings(root)) as server:
        yield server


def test_page_shows_cards_and_text_but_no_code_and_no_solution(voila_lesson: Server, page: Page) -> None:
    open_lesson(page, voila_lesson.url)
    expect(page.locator(CARD)).to_have_count(9)
    expect(page.locator(ERRORS)).to_have_count(0)
    text = page.locator("body").inner_text()
    assert "answered in JupyterLab, where you can write code" in text
    for hidden in ("to_decibels_solution", "np.maximum", "folded cell", "import ", "run the cells"):
        assert hidden not in text
    assert page.locator(".jp-CodeMirrorEditor, .jp-InputArea-editor").count() == 0


def test_page_is_as_wide_as_a_telephone(voila_lesson: Server, new_visitor: Callable[..., Page]) -> None:
    page = new_visitor(viewport={"width": 390, "height": 844})
    open_lesson(page, voila_lesson.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


PLAYED = """
window.played = [];
const play = Audio.prototype.play;
Audio.prototype.play = function () { played.push(this.src); return play.call(this); };
"""


def test_sounds_knobs_and_answers_work_on_the_page(voila_lesson: Server, page: Page) -> None:
    page.add_init_script(PLAY_SLOWLY + PLAYED)  # the tone is a second long
    open_lesson(page, voila_lesson.url)
    button = page.get_by_role("button", name="Listen to the tone")
    button.click()
    expect(button).to_contain_text("Stop")
    expect(page.locator(".in-sound-time", has_text="of 0:01")).to_be_visible()
    assert page.evaluate("played.length") == 1
    assert page.evaluate("played[0]").startswith("blob:")

    figures = page.locator(CARD, has_text="Hear one band").locator(".in-figures")
    before = figures.inner_text()
    page.get_by_label("Number of bands").select_option("128 bands")
    expect(figures).not_to_have_text(before)

    answer, check = page.get_by_label("Your answer"), page.get_by_role("button", name="Check")
    answer.select_option("512")
    check.click()
    expect(page.locator(".in-feedback.is-wrong")).to_contain_text("31.25 Hz apart")
    answer.select_option("1,024")
    check.click()
    expect(page.locator(".in-feedback.is-right")).to_contain_text("Right.")


def test_lesson_is_accessible(voila_lesson: Server, page: Page, run_axe: Callable[[Page], list[str]]) -> None:
    open_lesson(page, voila_lesson.url)
    of_the_template = ("html-has-lang", "meta-viewport")
    assert [line for line in run_axe(page) if not line.startswith(of_the_template)] == []


@pytest.fixture(scope="module")
def voila_notebooks(stock_voila: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with stock_voila(NOTEBOOKS, tmp_path_factory.mktemp("notebooks")) as server:
        yield server


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("02_windows_and_labels", "What is in the data set"),
        ("05_from_windows_to_timeline", "Tune it"),
        ("explore", "Two recordings"),
    ],
)
def test_notebook_shows_its_widgets_and_neither_code_nor_errors(
    name: str, title: str, voila_notebooks: Server, page: Page
) -> None:
    open_lesson(page, f"{voila_notebooks.url}voila/render/{name}.ipynb")
    expect(page.locator(CARD, has_text=title).locator(".bqplot svg").first).to_be_visible()
    expect(page.locator(ERRORS)).to_have_count(0)
    assert page.locator(".jp-CodeMirrorEditor, .jp-InputArea-editor").count() == 0
    assert "import " not in page.locator("body").inner_text()


@pytest.mark.parametrize("missing", ["model", "demo"])
def test_what_is_missing_is_said_in_one_line(missing: str, stock_voila: Serve, page: Page, tmp_path: Path) -> None:
    """The lesson on timelines needs the network; the demo is taken away by a start-up file of IPython."""
    env = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    if missing == "model":
        env["INSTRUNET_MODEL"] = str(tmp_path / "nowhere")
    else:
        startup = tmp_path / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "00.py").write_text(
            f"import pathlib, instrunet_widgets.examples as e; e._FOLDER = pathlib.Path({str(tmp_path)!r})"
        )
    with stock_voila(NOTEBOOKS / "05_from_windows_to_timeline.ipynb", tmp_path, env) as server:
        page.goto(server.url)
        notice = page.get_by_role("alert").filter(has_text="model directory" if missing == "model" else "install")
        expect(notice).to_be_visible()
        expect(page.locator(ERRORS).filter(visible=True)).to_have_count(0)
        assert "Traceback" not in page.locator("body").inner_text()


def test_jupyterlab_runs_the_lesson(lab_lesson: Server, page: Page) -> None:
    run_all_cells(page, lab_lesson.url, CARD)
    expect(page.locator(CARD).first).to_be_visible()
    expect(page.locator(ERRORS)).to_have_count(0)
