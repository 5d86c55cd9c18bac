"""What the style sheets of the lessons do to parts of a card, in a real browser; no server, no kernel."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page

from instrunet_widgets.lessons.chart import ACCENT, MUTED
from instrunet_widgets.lessons.kernel_gallery import KernelGallery
from instrunet_widgets.lessons.panel import LessonStyles, swatches

# The arrow of ipywidgets, whose own sheet is not on this page: a black picture.
OF_IPYWIDGETS = ".widget-dropdown > select { appearance: none; background-image: url('black-arrow.svg'); }"
TEXT = {"light": "rgb(28, 36, 48)", "dark": "rgb(232, 236, 242)"}


def show(page: Page, body: str, theme: str = "light", width: int = 900) -> None:
    """A card with `body` in it."""
    page.set_viewport_size({"width": width, "height": 900})
    is_light = "true" if theme == "light" else "false"
    page.set_content(
        f"<style>{OF_IPYWIDGETS}{LessonStyles._css}</style>"
        f'<body data-jp-theme-light="{is_light}"><div class="instrunet in-lesson widget-box">{body}</div>'
    )


@pytest.mark.parametrize("theme", TEXT)
def test_arrow_of_a_dropdown_has_the_colour_of_the_text(theme: str, page: Page) -> None:
    show(page, '<div class="widget-dropdown in-knob"><select><option>one</select></div>', theme)
    arrow = page.locator("select").evaluate("(one) => getComputedStyle(one).backgroundImage")
    assert TEXT[theme] in arrow
    assert "url" not in arrow


@pytest.mark.parametrize("width", [390, 900])
def test_remark_beside_a_key_stands_on_a_line_of_its_own(width: int, page: Page) -> None:
    key = swatches({"found": ACCENT, "labelled": MUTED})
    show(
        page,
        f'<div class="in-chart-head"><h3>Threshold</h3><span>{key} <u>voice does not play</u></span></div>',
        width=width,
    )
    last, remark = (page.locator(one).bounding_box() for one in (".in-swatches span:last-child", "u"))
    assert remark["y"] >= last["y"] + last["height"] - 1


@pytest.mark.parametrize(("width", "fewest", "most"), [(390, 6, 9), (932, 14, 16)])
def test_kernels_are_square_and_wide_enough_to_be_read(width: int, fewest: int, most: int, page: Page) -> None:
    gallery = KernelGallery(np.random.default_rng(0).normal(size=(48, 5, 5)))
    show(page, f'<div class="in-chart">{gallery._pictures.value}</div>', width=width)
    boxes = [one.bounding_box() for one in page.locator("img").all()]
    assert len(boxes) == 48
    for box in boxes:
        assert box["width"] == pytest.approx(box["height"], abs=0.1)
        assert box["width"] > 30
    assert fewest <= sum(box["y"] == boxes[0]["y"] for box in boxes) <= most
    assert page.evaluate("document.documentElement.scrollWidth") <= width
