"""PNG and SVG exports as other programs read them."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from sample_analysis import make_analysis

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.export import format_by_key, write_export
from instrunet_widgets.plotting import ImageConfig

SVG = "{http://www.w3.org/2000/svg}"


def write(key, image=None, analysis=None, config=None):
    return format_by_key(key).encode(analysis or make_analysis(), config or DecodingConfig(), image)


def test_png_has_the_chosen_size_and_shows_something():
    with Image.open(io.BytesIO(write("png", ImageConfig("heat-map", 640, 320)))) as picture:
        assert picture.size == (640, 320)
        assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > 20


def test_svg_has_the_chosen_size_and_is_well_formed_whatever_the_name():
    analysis = make_analysis(audio_name="<script>&\x00\ud83d.wav")
    root = ElementTree.fromstring(write("svg", ImageConfig("ranges", 640, 320), analysis))
    assert (root.tag, root.get("width"), root.get("height")) == (f"{SVG}svg", "640px", "320px")
    left, top, width, height = map(float, root.get("viewBox").split())
    assert (left, top) == (0, 0)
    assert width / height == pytest.approx(2, rel=1e-3)
    assert root.findall(f".//{SVG}script") == []
    assert root.findall(f".//{SVG}text") == []  # letters are outlines


@pytest.mark.parametrize("key", ["png", "svg"])
def test_the_same_settings_give_the_same_image_and_others_another(key):
    image = ImageConfig("intensity", 400, 300)
    assert write(key, image) == write(key, image)
    assert write(key, image) != write(key, image, config=DecodingConfig(smoothing_windows=1, threshold=0.2))


def test_write_export_hands_the_image_on(tmp_path):
    path = write_export(make_analysis(), DecodingConfig(), tmp_path / "a.png", image=ImageConfig("ranges", 300, 200))
    with Image.open(path) as picture:
        assert picture.size == (300, 200)
