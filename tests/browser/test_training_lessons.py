"""The lessons that need Keras, in a stock Voila: a run that is watched and stopped; one line where Keras is missing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from running import Serve, Server
from watching import CARD, ERRORS

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
LESSONS = ("03_the_network", "04_training_experiments")
TRAINING_MS = 180_000
HIDE_KERAS = """
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in ("keras", "tensorflow") else find(name, *rest)
"""


@pytest.fixture(scope="module")
def voila_training(stock_voila: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with stock_voila(NOTEBOOKS / "04_training_experiments.ipynb", tmp_path_factory.mktemp("training")) as server:
        yield server


@pytest.mark.slow
def test_page_stays_alive_while_it_trains_and_the_run_can_be_stopped(voila_training: Server, page: Page) -> None:
    page.goto(voila_training.url, timeout=TRAINING_MS)
    train, stop = page.get_by_role("button", name="Train"), page.get_by_role("button", name="Stop")
    train.wait_for(timeout=TRAINING_MS)
    assert page.locator(ERRORS).count() == 0
    card = page.locator(CARD, has_text="Train one yourself")
    card.locator(".in-knob", has_text="Epochs").get_by_role("slider").press("End")  # as many as there can be
    train.click()
    message = page.locator(".in-live")
    # one epoch, of a second or less, may go by between two looks
    expect(message).to_contain_text(re.compile(r"Epoch ([2-9]|[1-3]\d) of 40"), timeout=TRAINING_MS)

    losses = page.locator(CARD, has_text="Down into the valley").locator(".in-figures")
    before = losses.inner_text()
    page.locator(".in-knob", has_text="Steps").get_by_role("slider").first.press("ArrowLeft")
    expect(losses).not_to_have_text(before, use_inner_text=True)
    expect(message).to_contain_text("of 40")  # it still trains

    stop.click()
    expect(message).to_contain_text("Stopped after")
    expect(train).to_be_enabled()
    row = card.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("AdamW")


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_lesson_is_accessible_and_as_wide_as_a_telephone(
    name: str, stock_voila: Serve, page: Page, run_axe: Callable[[Page], list[str]], tmp_path: Path
) -> None:
    with stock_voila(NOTEBOOKS / f"{name}.ipynb", tmp_path) as server:
        page.goto(server.url, timeout=TRAINING_MS)
        page.locator(CARD).last.wait_for(state="visible", timeout=TRAINING_MS)
        expect(page.locator(ERRORS)).to_have_count(0)
        of_the_template = ("html-has-lang", "meta-viewport")
        assert [line for line in run_axe(page) if not line.startswith(of_the_template)] == []
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_function("() => document.documentElement.scrollWidth <= 390")  # the charts follow a moment later


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_missing_extra_is_said_in_one_line(name: str, stock_voila: Serve, page: Page, tmp_path: Path) -> None:
    """Keras is hidden by a start-up file of IPython."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text(HIDE_KERAS)
    env = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    with stock_voila(NOTEBOOKS / f"{name}.ipynb", tmp_path, env) as server:
        page.goto(server.url)
        expect(page.get_by_role("alert").filter(has_text="of the extra 'training'")).to_be_visible()
        expect(page.locator(ERRORS).filter(visible=True)).to_have_count(0)
        assert "Traceback" not in page.locator("body").inner_text()
