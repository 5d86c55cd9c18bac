"""The drawings of the instruments: complete, alike in style, and safe to put into a page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from instrunet_widgets.icons import ICONS, draw_icon
from instrunet_widgets.instruments import CODES

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {SVG + name for name in ("g", "path", "rect", "circle", "ellipse")}
ATTRIBUTES = {"d", "x", "y", "width", "height", "rx", "ry", "cx", "cy", "r", "transform", "fill", "stroke"}

every_instrument = pytest.mark.parametrize("code", CODES)


def test_every_instrument_has_a_drawing_in_the_order_of_the_networks() -> None:
    assert tuple(ICONS) == CODES


def test_no_two_drawings_are_alike() -> None:
    outlines = {re.sub(r"\s", "", drawing) for drawing in ICONS.values()}
    assert len(outlines) == len(CODES)


@every_instrument
def test_icon_is_well_formed_and_drawn_on_a_square_of_24(code: str) -> None:
    svg = ElementTree.fromstring(draw_icon(code))
    assert svg.tag == f"{SVG}svg"
    assert svg.get("viewBox") == "0 0 24 24"
    assert (svg.get("width"), svg.get("height")) == ("20", "20")
    assert svg.get("aria-hidden") == "true"
    assert len(svg) > 0


@every_instrument
def test_icon_holds_nothing_but_shapes_in_the_colour_of_the_text(code: str) -> None:
    for shape in ElementTree.fromstring(draw_icon(code)).iter():
        if shape.tag == f"{SVG}svg":
            continue
        assert shape.tag in SHAPES
        assert set(shape.attrib) <= ATTRIBUTES  # no link, style, script or event
        assert shape.get("fill", "none") in {"none", "currentColor"}
        assert shape.get("stroke", "none") == "none"


@every_instrument
def test_path_is_written_in_the_language_of_paths(code: str) -> None:
    for path in ElementTree.fromstring(draw_icon(code)).iter(f"{SVG}path"):
        outline = path.get("d", "")
        assert re.fullmatch(r"\s*M[MmLlHhVvCcSsQqAaZz0-9.,\s-]+", outline)


@pytest.mark.parametrize("size", [12, 48])
def test_size_sets_width_and_height_only(size: int) -> None:
    assert draw_icon("tru", size=size) == draw_icon("tru").replace(
        'width="20" height="20"', f'width="{size}" height="{size}"'
    )


def test_icon_is_one_line() -> None:
    assert all("\n" not in draw_icon(code) for code in CODES)


def test_unknown_code_is_refused() -> None:
    with pytest.raises(KeyError, match="not an IRMAS instrument code"):
        draw_icon("dru")


@pytest.mark.parametrize("size", [0, -4])
def test_size_that_shows_nothing_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="size must be positive"):
        draw_icon("pia", size=size)
