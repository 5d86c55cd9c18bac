"""Audacity labels, Raven selection tables, WebVTT and the table of time ranges, read back as their programs do."""

from __future__ import annotations

import csv
import io
import itertools
import re

import numpy as np
import pandas as pd
import pytest
from sample_analysis import FLUTE, PIANO, make_analysis

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.export import format_by_key
from instrunet_widgets.results import Thresholds

RAW = DecodingConfig(smoothing_windows=1)
# Windows of the sample: flute 0.5 and 0.3 over the threshold 0.5 in the first cell only; piano 0.9 in 1, 2, 4.


def write(key, analysis=None, config=RAW):
    return format_by_key(key).encode(analysis or make_analysis(), config).decode("utf-8")


def silence():
    return make_analysis(probabilities=np.zeros((4, 11)), silent=np.ones(4, dtype=bool))


# Audacity


def test_labels_are_start_end_and_name_between_tabs():
    assert write("labels") == ("0.000000\t2.250000\tflute\n0.000000\t3.750000\tpiano\n5.250000\t7.000000\tpiano\n")


def test_labels_of_silence_are_an_empty_file():
    assert write("labels", silence()) == ""


# Raven


def test_raven_table_has_its_columns_and_a_row_per_range():
    table = pd.read_csv(io.StringIO(write("raven")), sep="\t")
    required = ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"]
    assert list(table.columns)[:7] == required
    assert table["Selection"].tolist() == [1, 2, 3]
    assert table["Begin Time (s)"].tolist() == [0.0, 0.0, 5.25]
    assert table["End Time (s)"].tolist() == [2.25, 3.75, 7.0]
    assert set(table["Low Freq (Hz)"]) == {0.0}
    assert set(table["High Freq (Hz)"]) == {8000.0}
    assert table["Instrument"].tolist() == ["flu", "pia", "pia"]
    np.testing.assert_allclose(table["Confidence"], [0.5, 0.9, 0.9], atol=1e-6)
    assert set(table["Begin File"]) == {"music.wav"}


def test_raven_boxes_stay_below_half_the_sample_rate_of_the_recording():
    table = pd.read_csv(io.StringIO(write("raven", make_analysis(sample_rate=8_000))), sep="\t")
    assert set(table["High Freq (Hz)"]) == {4000.0}


def test_raven_table_of_silence_is_its_header():
    assert write("raven", silence()).count("\n") == 1


def test_a_name_with_tabs_and_line_breaks_stays_in_its_cell():
    rows = list(csv.reader(io.StringIO(write("raven", make_analysis(audio_name="a\tb\nc\udce9.wav"))), delimiter="\t"))
    assert {len(row) for row in rows} == {11}
    assert rows[1][-1] == "a\\tb\\nc\ufffd.wav"


# WebVTT


def read_cues(text):
    """Start and end (s) and text of each cue; a reader of our own after the specification's grammar."""
    assert text.startswith("WEBVTT\n\n")
    time = r"(\d{2,}):(\d\d):(\d\d)\.(\d{3})"
    cues = []
    for block in text.split("\n\n")[1:]:
        lines = block.strip("\n").split("\n")
        if lines[0].startswith("NOTE"):
            assert "-->" not in block
            continue
        found = re.fullmatch(f"{time} --> {time}", lines[0])
        h1, m1, s1, f1, h2, m2, s2, f2 = map(int, found.groups())
        cues.append((3600 * h1 + 60 * m1 + s1 + f1 / 1000, 3600 * h2 + 60 * m2 + s2 + f2 / 1000, lines[1]))
    return cues


def test_subtitles_name_all_that_play_and_never_overlap():
    assert read_cues(write("vtt")) == [(0.0, 2.25, "Piano, flute"), (2.25, 3.75, "Piano"), (5.25, 7.0, "Piano")]


def test_subtitles_hold_exactly_the_time_ranges():
    generator = np.random.default_rng(5)
    n = 60
    analysis = make_analysis(
        probabilities=generator.random((n, 11)),
        silent=np.zeros(n, dtype=bool),
        window_starts=np.arange(n) * 1.5,
        duration=89.1234,
    )
    cues = read_cues(write("vtt", analysis))
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(cues))
    for code, name in (("pia", "piano"), ("gac", "acoustic guitar")):
        joined = []
        for start, end, text in cues:
            if name in text.lower().split(", "):
                if joined and joined[-1][1] == start:
                    joined[-1][1] = end
                else:
                    joined.append([start, end])
        expected = [[round(s.start, 3), round(s.end, 3)] for s in analysis.decode(RAW).segments_of(code)]
        assert joined == expected


def test_subtitles_of_long_recordings_count_hours():
    analysis = make_analysis(window_starts=np.arange(4) * 1.5 + 7_200, duration=7_207.0)
    assert "--> 02:00:07.000\nPiano" in write("vtt", analysis)


@pytest.mark.parametrize("name", ["a --> b.wav", "x\n\n00:00.000 --> 00:01.000\nevil", "\u2028.wav"])
def test_no_name_breaks_the_subtitles(name):
    assert len(read_cues(write("vtt", make_analysis(audio_name=name)))) == 3


def test_subtitles_of_silence_have_no_cue():
    assert read_cues(write("vtt", silence())) == []


# Table of time ranges


def test_table_of_time_ranges_has_a_row_each():
    rows = list(csv.DictReader(io.StringIO(write("segments"))))
    assert [(row["instrument"], row["name"]) for row in rows] == [("flu", "flute"), ("pia", "piano"), ("pia", "piano")]
    assert [(row["start"], row["end"], row["duration"]) for row in rows][1:] == [
        ("0", "3.75", "3.75"),
        ("5.25", "7", "1.75"),
    ]
    assert [row["confidence"] for row in rows] == ["0.5", "0.9", "0.9"]


def test_table_of_time_ranges_of_several_recordings_says_whose_they_are():
    content = format_by_key("segments").encode_many([make_analysis(), make_analysis(audio_name="=b.wav")], RAW)
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [row["file"] for row in rows] == ["music.wav"] * 3 + ["'=b.wav"] * 3


# The same numbers in every format


def test_every_format_has_the_time_ranges_of_the_api():
    analysis = make_analysis(thresholds=Thresholds(*[np.full(11, 0.2)] * 3))
    config = DecodingConfig(min_segment_seconds=2.0)
    expected = [(s.start, s.end, s.instrument) for s in analysis.decode(config).segments]
    assert expected  # piano and flute at the beginning; the second piano is too short
    codes = {"flute": "flu", "piano": "pia"}
    labels = [line.split("\t") for line in write("labels", analysis, config).splitlines()]
    assert [(float(a), float(b), codes[c]) for a, b, c in labels] == expected
    raven = pd.read_csv(io.StringIO(write("raven", analysis, config)), sep="\t")
    assert list(zip(raven["Begin Time (s)"], raven["End Time (s)"], raven["Instrument"], strict=True)) == expected
    table = pd.read_csv(io.StringIO(write("segments", analysis, config)))
    assert list(zip(table["start"], table["end"], table["instrument"], strict=True)) == expected


def test_raw_and_smoothed_columns_of_the_csv_are_those_of_the_api():
    analysis = make_analysis()
    frame = pd.read_csv(io.StringIO(write("csv", analysis, DecodingConfig())))
    np.testing.assert_allclose(frame["flu_raw"], analysis.probabilities[:, FLUTE], atol=1e-6)
    np.testing.assert_allclose(frame["pia_raw"], analysis.probabilities[:, PIANO], atol=1e-6)
    np.testing.assert_allclose(frame["flu"], [0.4, 0.4, 0, 0], atol=1e-6)
