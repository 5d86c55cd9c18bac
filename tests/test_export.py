"""The registry of export formats, and CSV as other readers see it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sample_analysis import FLUTE, make_analysis

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.errors import ExportError
from instrunet_widgets.export import FORMATS, format_by_key, write_export
from instrunet_widgets.export.csv_format import encode, encode_many, guard_formula
from instrunet_widgets.instruments import CODES

# A busy machine must not fail a property.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


# The registry


def test_formats_are_found_by_key_and_an_unknown_key_names_the_known_ones():
    assert format_by_key("json").extension == ".json"
    assert format_by_key("csv").media_type == "text/csv"
    with pytest.raises(KeyError, match="json, csv"):
        format_by_key("docx")


def test_keys_and_extensions_are_unique():
    assert len({f.key for f in FORMATS}) == len({f.extension for f in FORMATS}) == len(FORMATS)


def test_importing_the_registry_loads_no_encoder_and_no_library():
    program = (
        "import sys, instrunet_widgets.export; "
        "print([m for m in sys.modules if m in ('numpy', 'pandas', 'instrunet_widgets.export.json_format')])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_write_export_writes_what_the_encoder_of_the_format_gives(tmp_path):
    analysis, config = make_analysis(), DecodingConfig(smoothing_windows=1)
    written = write_export(analysis, config, tmp_path / "a.json", "json")
    assert written == tmp_path / "a.json"
    assert json.loads(written.read_text(encoding="utf-8"))["smoothing"] == 1
    write_export([analysis, analysis], config, tmp_path / "both.csv", "csv")
    assert len(list(csv.DictReader((tmp_path / "both.csv").open(newline="")))) == 2


def test_several_recordings_in_a_format_for_one_are_refused(tmp_path):
    with pytest.raises(ExportError, match="JSON file holds one recording, not 2; name a folder"):
        write_export([make_analysis()] * 2, DecodingConfig(), tmp_path / "a.json", "json")
    assert list(tmp_path.iterdir()) == []


# CSV


def test_csv_of_one_recording_has_a_row_per_window():
    content = encode(make_analysis(), DecodingConfig()).decode()
    rows = list(csv.reader(io.StringIO(content, newline="")))
    assert rows[0] == ["file", "window_start", "window_end", "silent", *CODES, *(f"{code}_raw" for code in CODES)]
    nothing = ["0"] * 22
    assert rows[1][:4] == ["music.wav", "0", "3", "false"]
    assert rows[2][:4] == ["music.wav", "1.5", "4.5", "false"]
    assert rows[3] == ["music.wav", "3", "6", "true", *nothing]
    assert [row[4 + FLUTE] for row in rows[1:]] == ["0.4", "0.4", "0", "0"]
    assert len(rows) == 5


def test_csv_reads_in_pandas_with_numbers_and_booleans():
    frame = pd.read_csv(io.BytesIO(encode(make_analysis(), DecodingConfig(smoothing_windows=1))))
    assert frame["silent"].tolist() == [False, False, True, False]
    np.testing.assert_allclose(frame[list(CODES)], make_analysis().probabilities, atol=5e-7)


def test_csv_of_several_recordings_has_a_row_each_with_scores_and_settings():
    quiet = make_analysis(
        probabilities=np.zeros((4, 11)), silent=np.ones(4, dtype=bool), audio_name='a "quiet", one.wav'
    )
    config = DecodingConfig("max", 0.25, 1, 2.0)
    rows = list(csv.DictReader(io.StringIO(encode_many([make_analysis(), quiet], config).decode(), newline="")))
    assert [row["file"] for row in rows] == ["music.wav", 'a "quiet", one.wav']
    assert [row["detected"] for row in rows] == ["pia; flu", ""]
    assert [(row["pia"], row["flu"], row["cel"]) for row in rows] == [("0.9", "0.5", "0"), ("0", "0", "0")]
    settings_of_row = {key: rows[0][key] for key in list(rows[0])[14:]}
    assert settings_of_row == {
        "model": "small",
        "model_hash": "ab" * 32,
        "aggregation": "max",
        "threshold": "0.25",
        "smoothing": "1",
        "min_segment": "2",
    }
    assert rows[0]["duration"] == "7"


def test_csv_of_several_recordings_keeps_scores_under_their_instrument_whatever_the_order():
    turned = make_analysis(probabilities=make_analysis().probabilities[:, ::-1], instruments=tuple(reversed(CODES)))
    rows = list(csv.DictReader(io.StringIO(encode_many([make_analysis(), turned], DecodingConfig()).decode())))
    assert [row["pia"] for row in rows] == ["0.9", "0.9"]


def test_auto_threshold_is_named_in_the_table():
    (row,) = csv.DictReader(io.StringIO(encode_many([make_analysis()], DecodingConfig()).decode()))
    assert row["threshold"] == "auto"


@pytest.mark.parametrize(
    "name",
    ["=1+1.wav", "+49.wav", "-.wav", "@here.wav", "\t=x.wav", "\r=x.wav", " =x.wav", "'=x.wav", "＝x.wav"],
)
def test_names_that_a_spreadsheet_would_run_are_guarded_and_not_lost(name):
    content = encode(make_analysis(audio_name=name), DecodingConfig()).decode()
    cell = list(csv.reader(io.StringIO(content, newline="")))[1][0]
    assert cell == f"'{name}"


def test_ordinary_names_are_not_touched():
    for name in ("'Round Midnight.mp3", "a=b.wav", "1-2.wav", "Étude.flac", ""):
        assert guard_formula(name) == name


@given(st.text(st.sampled_from("'= +-@\tab\n")))
@example("''=x")
def test_guarding_can_be_undone(text):
    guarded = guard_formula(text)
    undone = guarded[1:] if re.match(r"'+\s*[=+\-@\t\r\n]", guarded) else guarded
    assert undone == text
    assert not re.match(r"[=+\-@\t\r\n]", guarded)


@unhurried
@given(st.text(st.characters(exclude_characters="\0")))
def test_any_name_survives_as_one_cell(name):
    content = encode_many([make_analysis(audio_name=name)], DecodingConfig()).decode("utf-8")
    rows = list(csv.reader(io.StringIO(content, newline="")))
    assert len(rows) == 2
    assert rows[1][0] == guard_formula(name)
