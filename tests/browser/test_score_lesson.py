"""The lesson on scores in a stock Voila, with made-up predictions: a table to click in, one line without them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made_model import make_model
from playwright.sync_api import Page, expect
from running import Serve, Server
from watching import CARD, ERRORS, VISIBLE_MS, open_lesson

NOTEBOOK = Path(__file__).parent.parent.parent / "notebooks" / "06_how_good_is_it.ipynb"


@pytest.fixture(scope="module")
def made_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "made")


def naming(model: Path) -> dict[str, str]:
    return {**os.environ, "INSTRUNET_MODEL": str(model)}


@pytest.fixture(scope="module")
def score_lesson(stock_voila: Serve, made_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with stock_voila(NOTEBOOK, tmp_path_factory.mktemp("scores"), naming(made_model)) as server:
        yield server


def open_score_lesson(page: Page, url: str) -> None:
    open_lesson(page, url)
    page.locator(".in-confusion td").last.wait_for(state="visible", timeout=VISIBLE_MS)


def test_click_in_the_table_chooses_a_pair_and_names_choose_a_cell(score_lesson: Server, page: Page) -> None:
    open_score_lesson(page, score_lesson.url)
    expect(page.locator(ERRORS)).to_have_count(0)
    card = page.locator(CARD, has=page.locator(".in-confusion"))
    assert card.locator(".in-confusion td.is-right").count() == 11
    card.locator("tbody tr").nth(7).locator("td").nth(2).click()
    figures = card.locator(".in-figures")
    expect(figures).to_contain_text("Of those labelled saxophone")
    expect(figures).to_contain_text("Of those taken for flute")
    expect(card.get_by_label("Labelled")).to_have_value("saxophone")
    chosen = card.locator("td.is-chosen")
    expect(chosen).to_have_count(1)
    card.get_by_label("Labelled").select_option("cello")
    card.get_by_label("Taken for").select_option("cello")
    expect(card.locator("tbody tr").first.locator("td").first).to_have_class("is-right is-chosen")
    expect(card).to_contain_text("These clips of cello are recognised.")
    expect(chosen).to_have_count(1)
    before = chosen.inner_text()
    card.get_by_label("Count in").select_option("clips")
    expect(chosen).not_to_have_text(before)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lesson_is_accessible_and_as_wide_as_a_telephone(
    theme: str, score_lesson: Server, new_visitor: Callable[..., Page], run_axe: Callable[[Page], list[str]]
) -> None:
    page = new_visitor(viewport={"width": 390, "height": 844})
    open_score_lesson(page, f"{score_lesson.url}?theme={theme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    of_the_template = ("html-has-lang", "meta-viewport")
    assert [line for line in run_axe(page) if not line.startswith(of_the_template)] == []


def test_without_predictions_one_line_says_what_to_do(
    stock_voila: Serve, made_model: Path, page: Page, tmp_path: Path
) -> None:
    model = tmp_path / "without"
    shutil.copytree(made_model, model, ignore=lambda *_: ["oof.npz"])
    with stock_voila(NOTEBOOK, tmp_path, naming(model)) as server:
        page.goto(server.url)
        expect(page.get_by_role("alert").filter(has_text="has no oof.npz")).to_be_visible(timeout=VISIBLE_MS)
        expect(page.locator(ERRORS).filter(visible=True)).to_have_count(0)
        assert "Traceback" not in page.locator("body").inner_text()
