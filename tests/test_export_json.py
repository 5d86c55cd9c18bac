"""JSON exports there and back, against their schema, and hostile files."""

from __future__ import annotations

import json
import os
import sys

import hypothesis.extra.numpy as hnp
import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_analysis import make_analysis

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.errors import ExportError
from instrunet_widgets.export import write_export
from instrunet_widgets.export.json_document import MAX_JSON_BYTES
from instrunet_widgets.export.json_format import config_from_json, from_json, load_schema, to_json
from instrunet_widgets.instruments import CODES
from instrunet_widgets.results import Analysis, Thresholds

# A busy machine must not fail a property.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions, signals and devices")


def assert_same(one, other):
    for name in ("probabilities", "silent", "window_starts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("window", "recording_mean", "recording_max"):
        np.testing.assert_array_equal(getattr(one.thresholds, name), getattr(other.thresholds, name))
    names = ("window_seconds", "hop_seconds", "duration", "audio_name", "model_name", "model_hash")
    for name in (*names, "sample_rate", "n_channels", "audio_format", "warnings", "instruments"):
        assert getattr(one, name) == getattr(other, name), name


def change(**keys):
    """The JSON of the analysis with keys replaced; a value of ... takes the key away."""
    document = json.loads(to_json(make_analysis()))
    for key, value in keys.items():
        if value is ...:
            del document[key]
        else:
            document[key] = value
    return json.dumps(document)


# JSON: structure


def test_json_has_the_promised_structure_and_values():
    config = DecodingConfig(aggregation="max", threshold=0.25, smoothing_windows=3)
    document = json.loads(to_json(make_analysis(), config))
    promised = {
        "audio_file": "music.wav",
        "segment_duration_sec": 3.0,
        "hop_duration_sec": 1.5,
        "aggregation": "max",
        "smoothing": 3,
        "threshold": 0.25,
        "classes": list(CODES),
    }
    assert {key: document[key] for key in promised} == promised
    assert [entry["time_sec"] for entry in document["timeline"]] == [0.0, 1.5, 3.0, 4.5]
    assert all(list(entry) == ["time_sec", "intensity"] for entry in document["timeline"])
    # flute: 0.5 and 0.3 averaged at both, nothing reaches over the silent window
    assert [entry["intensity"]["flu"] for entry in document["timeline"]] == [0.4, 0.4, 0.0, 0.0]
    assert [entry["intensity"]["pia"] for entry in document["timeline"]] == [0.9, 0.9, 0.0, 0.9]


def test_json_holds_what_was_added_to_the_structure():
    document = json.loads(to_json(make_analysis(), DecodingConfig(aggregation="max", smoothing_windows=1)))
    assert document["schema_version"] == 1
    assert document["model"] == {"name": "small", "hash": "ab" * 32}
    assert document["duration_sec"] == 7.0
    assert (document["audio_format"], document["sample_rate_hz"], document["n_channels"]) == ("WAV", 44100, 2)
    assert document["warnings"] == ["The file is cut off."]
    assert document["silent_windows"] == [2]
    assert (document["threshold"], document["threshold_source"]) == (None, "model")
    assert document["library_versions"]["numpy"] == np.__version__
    assert document["min_segment_sec"] == 0.0
    assert document["detected"] == [{"instrument": "pia", "name": "piano", "score": 0.9, "threshold": 0.7}]
    assert document["scores"]["flu"] == 0.5
    assert document["thresholds"]["cel"] == {
        "window": 0.5,
        "recording_mean": 0.6,
        "recording_max": 0.7,
        "applied_to_windows": 0.5,
        "applied_to_recording": 0.7,
    }
    assert document["segments"] == [
        {"instrument": "flu", "start_sec": 0.0, "end_sec": 2.25, "confidence": 0.5},
        {"instrument": "pia", "start_sec": 0.0, "end_sec": 3.75, "confidence": 0.9},
        {"instrument": "pia", "start_sec": 5.25, "end_sec": 7.0, "confidence": 0.9},
    ]


def test_detected_instruments_in_json_come_highest_score_first():
    analysis = make_analysis(thresholds=Thresholds(*[np.full(11, 0.2)] * 3))
    document = json.loads(to_json(analysis))
    assert [entry["instrument"] for entry in document["detected"]] == ["pia", "flu"]


def test_one_line_and_laid_out_json_say_the_same():
    one_line = to_json(make_analysis(), one_line=True)
    assert "\n" not in one_line
    laid_out = to_json(make_analysis())
    assert json.loads(one_line) == json.loads(laid_out)
    assert sum(line.lstrip().startswith('{"time_sec"') for line in laid_out.splitlines()) == 4


def test_json_is_utf8_and_keeps_every_letter(tmp_path):
    analysis = make_analysis(audio_name="Dvořák – Čtvrtý 交響曲 🎻.wav")
    path = write_export(analysis, DecodingConfig(), tmp_path / "a.json", "json")
    assert "Dvořák – Čtvrtý 交響曲 🎻.wav".encode() in path.read_bytes()
    assert from_json(path).audio_name == analysis.audio_name


def test_a_name_that_is_no_utf8_can_still_be_written(tmp_path):
    analysis = make_analysis(audio_name=os.fsdecode(b"caf\xe9.wav"))
    path = write_export(analysis, DecodingConfig(), tmp_path / "a.json", "json")
    assert from_json(path).audio_name == "caf\ufffd.wav"


def test_the_schema_is_valid_and_shipped_beside_the_module():
    jsonschema.Draft202012Validator.check_schema(load_schema())


probability = st.floats(0, 1, width=32)


@st.composite
def analyses(draw):
    n_windows = draw(st.integers(1, 8))
    hop = draw(st.sampled_from([0.1, 0.5, 1.5, 3.0]))
    silent = draw(hnp.arrays(np.bool_, n_windows))
    probabilities = draw(hnp.arrays(np.float32, (n_windows, 11), elements=probability))
    return make_analysis(
        probabilities=np.where(silent[:, np.newaxis], np.float32(0), probabilities),
        silent=silent,
        window_starts=np.arange(n_windows) * hop,
        hop_seconds=hop,
        duration=(n_windows - 1) * hop + draw(st.floats(1e-3, 3)),
        audio_name=draw(st.text(st.characters(exclude_characters="/\\", codec="utf-8"), min_size=1)),
        thresholds=Thresholds(*(draw(hnp.arrays(np.float32, 11, elements=probability)) for _ in range(3))),
        instruments=tuple(draw(st.permutations(CODES))),
    )


configs = st.builds(
    DecodingConfig,
    aggregation=st.sampled_from(["mean", "max"]),
    threshold=st.one_of(st.just("auto"), st.floats(0, 1)),
    smoothing_windows=st.integers(1, 7),
    min_segment_seconds=st.floats(0, 20),
)


@unhurried
@given(analyses(), configs, st.booleans())
def test_every_analysis_fits_the_schema_and_comes_back_exactly(analysis, config, one_line):
    text = to_json(analysis, config, one_line=one_line)
    jsonschema.validate(json.loads(text), load_schema(), cls=jsonschema.Draft202012Validator)
    restored = from_json(text)
    assert_same(restored, analysis)
    assert config_from_json(text) == config
    assert restored.decode(config).segments == analysis.decode(config).segments
    assert to_json(restored, config, one_line=one_line) == text


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.nextafter(np.float32(0), np.float32(1), dtype=np.float32), id="smallest"),
        pytest.param(np.nextafter(np.float32(1), np.float32(0), dtype=np.float32), id="just below 1"),
        pytest.param(np.random.default_rng(0).random((4, 11), dtype=np.float32), id="many digits"),
    ],
)
def test_raw_probabilities_come_back_to_the_last_bit(values):
    probabilities = np.broadcast_to(values, (4, 11))
    analysis = make_analysis(probabilities=probabilities, silent=np.zeros(4, dtype=bool))
    np.testing.assert_array_equal(from_json(to_json(analysis)).probabilities, probabilities)


@pytest.mark.parametrize(
    "spoil",
    [
        {"aggregation": "median"},
        {"threshold": "auto"},
        {"threshold": 1.5},
        {"smoothing": 0},
        {"classes": ["cel"]},
        {"timeline": []},
        {"timeline": [{"time_sec": 0.0, "intensity": {"flu": 0.1}}]},
        {"audio_file": "folder/music.wav"},
        {"probabilities": [[0.5] * 10]},
        {"silent_windows": [1, 1]},
        {"model": {"name": "small"}},
        {"schema_version": 2},
        {"detected": ...},
    ],
)
def test_the_schema_refuses_wrong_documents(spoil):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(change(**spoil)), load_schema())


# JSON: reading


def test_an_analysis_is_read_from_a_path_a_string_of_a_path_text_and_bytes(tmp_path):
    analysis = make_analysis()
    path = write_export(analysis, DecodingConfig(), tmp_path / "a.json", "json")
    content = path.read_bytes()
    sources = (path, str(path), content.decode(), content, memoryview(content), b"\xef\xbb\xbf" + content)
    for source in (*sources, " \n" + content.decode(), "\ufeff" + content.decode()):
        assert_same(from_json(source), analysis)
    assert_same(Analysis.from_json(analysis.to_json()), analysis)


def test_unknown_keys_are_ignored():
    assert_same(from_json(change(added_later={"a": [1]})), make_analysis())


def test_a_folder_in_the_name_of_the_recording_is_dropped():
    assert from_json(change(audio_file="../../etc/passwd")).audio_name == "passwd"
    assert from_json(change(audio_file="C:\\music\\song.mp3")).audio_name == "song.mp3"


N_WINDOWS_OF_ELEVEN = [[0.5] * 11] * 4


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", r"can't be read as JSON \(line 1, column 2"),
        ("[1, 2", "can't be read as JSON"),
        ("[1, 2]", "is JSON, but no InstruNet analysis"),
        ('{"a": 1}', "is JSON, but no InstruNet analysis"),
        ('{"a": NaN}', "NaN, infinity or"),
        ('{"a": -Infinity}', "NaN, infinity or"),
        ('{"a": ' + "9" * 5000 + "}", "thousands of digits"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        (
            change(schema_version=2),
            "newer InstruNet .schema version 2, .* up to 1.; update instrunet-widgets",
        ),
        (change(schema_version=0), "'schema_version' must be 1 or more"),
        (change(schema_version="1"), "'schema_version' must be a whole number"),
        (change(schema_version=...), "'schema_version' is missing"),
        (change(timeline=[], probabilities=[], silent_windows=[]), "at least one window"),
        (change(timeline=3), "'timeline' must be a list"),
        (change(timeline=[0, 1, 2, 3]), "'timeline' must be a list of objects"),
        (change(timeline=[{}] * 4), "'time_sec' is missing in 'timeline'"),
        (change(timeline=[{"time_sec": "0"}] * 4), "'time_sec' must be a number"),
        (change(timeline=[{"time_sec": 0.0}] * 4), "increase from window to window"),
        (change(probabilities=N_WINDOWS_OF_ELEVEN[:3]), "has 3 rows and 'timeline' 4"),
        (change(probabilities=[[0.5] * 10] * 4), "must hold 11 numbers"),
        (change(probabilities=["01234567890"] * 4), "must hold 11 numbers"),
        (change(probabilities=[["0.5"] * 11] * 4), "'probabilities' must be numbers"),
        (change(probabilities=[[True] * 11] * 4), "'probabilities' must be numbers"),
        (change(probabilities=[[None] * 11] * 4), "'probabilities' must be numbers"),
        (change(probabilities=[[1.1] * 11] * 4), r"'probabilities' must be numbers in 0\.\.1"),
        (change(probabilities=[[10**400] * 11] * 4), "'probabilities' must be numbers"),
        (change(probabilities=N_WINDOWS_OF_ELEVEN), "silent windows must have probability 0"),
        (change(silent_windows=[4]), "'silent_windows' must be different whole numbers from 0 to 3"),
        (change(silent_windows=[-1]), "'silent_windows' must be different"),
        (change(silent_windows=[2, 2]), "'silent_windows' must be different"),
        (change(silent_windows=[2.0]), "'silent_windows' must be different"),
        (change(classes=[*CODES[:10], "kaz"]), "'classes' must name each of cel, cla"),
        (change(classes=[*CODES[:10], "cel"]), "'classes' must name each"),
        (change(classes=list(CODES[:10])), "'classes' must name each"),
        (change(classes=[{}] * 11), "'classes' must name each"),
        (change(thresholds={}), "'cel' is missing"),
        (change(thresholds=dict.fromkeys(CODES, 0.5)), "'cel' must be an object"),
        (change(thresholds={code: {"window": 0.5} for code in CODES}), "'recording_mean' is missing"),
        (
            change(
                thresholds={code: dict.fromkeys(("window", "recording_mean", "recording_max"), 2) for code in CODES}
            ),
            r"thresholds must lie in \[0, 1\]",
        ),
        (change(duration_sec=...), "'duration_sec' is missing"),
        (change(duration_sec=0), "duration must be a positive"),
        (change(duration_sec=10**400), "'duration_sec' must be a number"),
        (change(duration_sec=None), "'duration_sec' must be a number"),
        (
            change(duration_sec=1).replace('"duration_sec": 1', '"duration_sec": 1e999'),
            "'duration_sec' must be",
        ),
        (change(hop_duration_sec=-1.5), "hop_seconds must be a positive"),
        (change(audio_file=7), "'audio_file' must be text"),
        (change(model="small"), "'model' must be an object"),
        (change(model={"name": "small"}), "'hash' is missing"),
        (change(warnings="cut off"), "'warnings' must be a list"),
        (change(warnings=[1]), "'warnings' must be a list of sentences"),
        (change(sample_rate_hz=-1), "'sample_rate_hz' must be a whole number"),
        (change(n_channels=True), "'n_channels' must be a whole number"),
    ],
)
def test_wrong_json_is_refused_in_one_sentence_that_says_why(text, complaint):
    with pytest.raises(ExportError, match=complaint) as caught:
        from_json(text)
    message = str(caught.value)
    assert message.startswith("The JSON text ")
    assert "\n" not in message
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (change(aggregation="median"), "'aggregation' must be 'mean' or 'max'"),
        (change(aggregation=[]), "'aggregation' must be"),
        (change(threshold=1.5), "threshold must be a number from 0 to 1"),
        (change(threshold="auto"), "'threshold' must be a number"),
        (change(threshold=...), "'threshold' is missing"),
        (change(smoothing=8), "from 1 to 7"),
        (change(smoothing=2.5), "'smoothing' must be a whole number"),
        (change(min_segment_sec=-1), "shortest segment"),
        (change(schema_version=9), "newer InstruNet"),
    ],
)
def test_wrong_settings_in_json_are_refused(text, complaint):
    with pytest.raises(ExportError, match=complaint):
        config_from_json(text)


def test_files_that_are_no_analysis_are_named_with_their_cause(tmp_path):
    def complaint_of(path):
        with pytest.raises(ExportError) as caught:
            from_json(path)
        return str(caught.value)

    assert complaint_of(tmp_path / "none.json") == f"{tmp_path / 'none.json'} does not exist; check the path."
    assert complaint_of(str(tmp_path)) == f"{tmp_path} is a folder; name a JSON file in it."

    latin = tmp_path / "latin.json"
    latin.write_bytes('{"audio_file": "café"}'.encode("latin-1"))
    assert complaint_of(latin).startswith(f"{latin} is not UTF-8 text;")

    empty = tmp_path / "empty.json"
    empty.write_bytes(b"")
    assert complaint_of(empty).startswith(f"{empty} can't be read as JSON (line 1, column 1")

    cut_off = tmp_path / "cut.json"
    cut_off.write_text(to_json(make_analysis())[:-100])
    assert complaint_of(cut_off).startswith(f"{cut_off} can't be read as JSON")

    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(MAX_JSON_BYTES + 1)  # a sparse file
    assert complaint_of(huge).startswith(f"{huge} is larger than 64 MB;")

    assert "does not exist" in complaint_of("no JSON at all")
    assert "can't be read" in complaint_of("nul\0byte.json")
    assert "can't be read" in complaint_of("x" * 5000)
    assert len(complaint_of("x" * 5000)) < 300


@needs_posix
def test_a_device_is_not_read():
    with pytest.raises(ExportError, match="/dev/zero is a device or a pipe"):
        from_json("/dev/zero")


def test_text_and_bytes_beyond_the_limit_are_refused():
    blanks = " " * MAX_JSON_BYTES
    with pytest.raises(ExportError, match="larger than 64 MB"):
        from_json("{" + blanks)
    with pytest.raises(ExportError, match="larger than 64 MB"):
        from_json(b"{" + blanks.encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@unhurried
@given(st.sampled_from(sorted(json.loads(to_json(make_analysis())))), json_values)
def test_any_value_under_any_key_gives_an_analysis_or_an_export_error(key, value):
    text = change(**{key: value})
    for read in (from_json, config_from_json):
        try:
            restored = read(text)
        except ExportError:
            continue
        if isinstance(restored, Analysis):  # then it can be used
            jsonschema.validate(json.loads(to_json(restored)), load_schema())
