"""JAMS exports, read and validated by the jams package."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from sample_analysis import make_analysis

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.export import format_by_key

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # mir_eval's
    import jams


def load(analysis, config):
    content = format_by_key("jams").encode(analysis, config).decode("utf-8")
    document = jams.load(io.StringIO(content), validate=True, strict=True)
    document.validate(strict=True)
    return document


def test_jams_is_valid_and_holds_tags_and_ranges():
    document = load(make_analysis(), DecodingConfig("max", 0.25, 1))
    (tags,) = document.search(namespace="tag_open")
    assert [(o.time, o.duration, o.value) for o in tags.data] == [(0.0, 7.0, "piano"), (0.0, 7.0, "flute")]
    np.testing.assert_allclose([o.confidence for o in tags.data], [0.9, 0.5], atol=1e-6)
    (ranges,) = document.search(namespace="segment_open")
    assert [(o.time, o.duration, o.value) for o in ranges.data] == [
        (0.0, 3.75, "flute"),
        (0.0, 3.75, "piano"),
        (5.25, 1.75, "piano"),
    ]
    np.testing.assert_allclose([o.confidence for o in ranges.data], [0.4, 0.9, 0.9], atol=1e-6)


def test_jams_says_which_file_which_tool_and_which_settings():
    document = load(make_analysis(), DecodingConfig())
    assert document.file_metadata.duration == 7.0
    assert document.file_metadata.title == "music.wav"
    (tags,) = document.search(namespace="tag_open")
    assert tags.annotation_metadata.annotation_tools.startswith("InstruNet ")
    assert tags.annotation_metadata.annotation_tools.endswith("network small")
    assert tags.annotation_metadata.version
    assert tags.annotation_metadata.data_source == "program"
    assert tags.sandbox.model_hash == "ab" * 32
    assert (tags.sandbox.aggregation, tags.sandbox.threshold, tags.sandbox.smoothing_windows) == ("mean", "auto", 3)
    assert len(tags.sandbox.scores) == len(tags.sandbox.thresholds) == 11


@pytest.mark.parametrize("name", ["交響曲 – Žluť 🎻.wav", "a\nb\u202e.wav", "caf\udce9.wav"])
def test_jams_of_nothing_is_valid_whatever_the_name(name):
    silent = make_analysis(probabilities=np.zeros((4, 11)), silent=np.ones(4, dtype=bool), audio_name=name)
    document = load(silent, DecodingConfig())
    assert [len(annotation.data) for annotation in document.annotations] == [0, 0]
    assert document.file_metadata.title == name.replace("\udce9", "\ufffd")
