"""The same numbers in every format, the same files from everywhere, and nothing half written."""

from __future__ import annotations

import csv
import errno
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import stand_in
from sample_analysis import make_analysis
from stand_in import SAMPLE_RATE, PitchClassifier, make_tone

from instrunet_widgets import analyze
from instrunet_widgets.app.export_tab import ExportView
from instrunet_widgets.app.state import AppState, Reading
from instrunet_widgets.classifier import Classifier
from instrunet_widgets.cli import main
from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.errors import ExportError
from instrunet_widgets.export import FORMATS, files, format_by_key, format_by_path, write_export
from instrunet_widgets.export.json_format import from_json
from instrunet_widgets.instruments import CODES, INSTRUMENTS

CONFIG = DecodingConfig("max", 0.3, 5, 1.0)
OPTIONS = ("--aggregation", "max", "--threshold", "0.3", "--smoothing", "5", "--min-duration", "1")
KEYS = [one.key for one in FORMATS]
CODE_BY_NAME = {instrument.name: instrument.code for instrument in INSTRUMENTS}


@pytest.fixture
def sound(tmp_path, monkeypatch):
    """A recording of three instruments with a pause, and the stand-in for the network."""
    monkeypatch.setattr(Classifier, "load", lambda model=None: PitchClassifier())
    path = tmp_path / "song.wav"
    parts = [make_tone("cel", 7), make_tone("vio", 5), np.zeros(6 * SAMPLE_RATE, dtype=np.float32), make_tone("gel", 4)]
    soundfile.write(path, np.concatenate(parts), SAMPLE_RATE)
    return path


@pytest.fixture
def written(sound):
    """Folder of the files that the command line writes."""
    outputs = [part for one in FORMATS for part in (f"--{one.key}", str(sound.parent / f"out{one.extension}"))]
    assert main(["analyze", str(sound), *OPTIONS, *outputs]) == 0
    return sound.parent


def test_command_line_app_and_python_write_the_same_files(written, sound):
    analysis = analyze(sound, classifier=PitchClassifier())
    state = AppState(decoding=CONFIG)
    state.reading = Reading(analysis, analysis.decode(CONFIG))
    view = ExportView(state)
    for one in FORMATS:
        of_command_line = (written / f"out{one.extension}").read_bytes()
        of_python = write_export(analysis, CONFIG, written / f"python{one.extension}").read_bytes()
        view.format.value = one.key
        name, media_type, of_app = view.make_file()
        assert of_command_line == of_python == of_app, one.key
        assert (name, media_type) == (f"song{one.extension}", one.media_type)


def test_every_format_holds_the_numbers_of_the_api(written, sound):
    analysis = analyze(sound, classifier=PitchClassifier())
    timeline = analysis.decode(CONFIG)
    ranges = [(one.instrument, one.start, one.end) for one in timeline.segments]
    assert len({code for code, _, _ in ranges}) == 3

    document = json.loads((written / "out.json").read_bytes())
    assert [(one["instrument"], one["start_sec"], one["end_sec"]) for one in document["segments"]] == ranges
    np.testing.assert_array_equal(from_json(written / "out.json").probabilities, analysis.probabilities)
    np.testing.assert_allclose([document["scores"][code] for code in CODES], timeline.scores, atol=1e-6)

    table = pd.read_csv(written / "out.csv")
    np.testing.assert_allclose(table[list(CODES)], timeline.smoothed, atol=1e-6)
    np.testing.assert_allclose(table[[f"{code}_raw" for code in CODES]], analysis.probabilities, atol=1e-6)

    of_segments = pd.read_csv(written / "out.segments.csv")
    assert list(of_segments[["instrument", "start", "end"]].itertuples(index=False, name=None)) == ranges
    confidences = [one.confidence for one in timeline.segments]
    np.testing.assert_allclose(of_segments["confidence"], confidences, atol=1e-6)

    labels = [line.split("\t") for line in (written / "out.labels.txt").read_text(encoding="utf-8").splitlines()]
    assert [(CODE_BY_NAME[name], float(start), float(end)) for start, end, name in labels] == ranges

    raven = pd.read_csv(written / "out.selections.txt", sep="\t")
    columns = ["Instrument", "Begin Time (s)", "End Time (s)"]
    assert list(raven[columns].itertuples(index=False, name=None)) == ranges
    np.testing.assert_allclose(raven["Confidence"], confidences, atol=1e-6)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jams

        annotations = jams.load(str(written / "out.jams")).annotations
    tags, segments = annotations.search(namespace="tag_open")[0], annotations.search(namespace="segment_open")[0]
    assert [CODE_BY_NAME[one.value] for one in tags.data] == list(timeline.detected)
    found = [(CODE_BY_NAME[one.value], one.time, one.time + one.duration) for one in segments.data]
    assert sorted(found) == sorted(ranges)

    arrays = np.load(written / "out.npz")
    np.testing.assert_array_equal(arrays["smoothed"], timeline.smoothed)
    frame = pd.read_parquet(written / "out.parquet", engine="pyarrow")
    np.testing.assert_array_equal(frame[list(CODES)], timeline.smoothed)


def test_several_recordings_become_one_file_where_the_format_has_room_for_them(written, sound):
    twin = sound.with_name("twin.wav")
    twin.write_bytes(sound.read_bytes())
    outputs = ("--segments", written / "all.csv", "--npz", written / "all.npz", "--parquet", written / "all.parquet")
    assert main(["analyze", str(sound), str(twin), *map(str, outputs)]) == 0
    with (written / "all.csv").open(newline="", encoding="utf-8") as file:
        assert {row["file"] for row in csv.DictReader(file)} == {"song.wav", "twin.wav"}
    assert np.load(written / "all.npz")["audio_names"].tolist() == ["song.wav", "twin.wav"]
    assert set(pd.read_parquet(written / "all.parquet", engine="pyarrow")["file"]) == {"song.wav", "twin.wav"}


def test_images_are_drawn_as_the_command_line_asks(sound, capsys):
    output = sound.with_name("chart.svg")
    arguments = ("--svg", str(output), "--chart", "intensity", "--size", "640x320", "--title", "My title")
    assert main(["analyze", str(sound), *arguments]) == 0
    assert b'width="640px" height="320px"' in output.read_bytes()
    for wrong in ("640", "x", "640x320x3", "0x500", "1e3x500", "99999x500"):
        with pytest.raises(SystemExit) as end:
            main(["analyze", str(sound), "--svg", "x.svg", "--size", wrong])
        assert end.value.code == 2
        assert "must be a width and a height from 200 to 10000 pixels" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["analyze", str(sound), "--chart", "ranges"])
    assert "argument --chart: only goes with --png or --svg" in capsys.readouterr().err


# What is refused


@pytest.mark.parametrize("one", FORMATS, ids=KEYS)
def test_the_extension_tells_the_format(one):
    assert format_by_path(f"Song{one.extension.upper()}").key == one.key


def test_an_unknown_extension_is_refused_with_those_that_are_known(tmp_path):
    with pytest.raises(ExportError, match=r"song\.docx has none of the extensions .* \.json, \.csv"):
        write_export(make_analysis(), DecodingConfig(), tmp_path / "song.docx")
    assert list(tmp_path.iterdir()) == []


def test_an_extension_of_something_else_is_refused_before_any_work(sound, capsys, monkeypatch):
    monkeypatch.setattr("instrunet_widgets.pipeline.analyze", None)
    assert main(["analyze", str(sound), "--pdf", str(sound.with_name("report.docx"))]) == 1
    assert "report.docx: PDF report files end in .pdf; use this extension or none." in capsys.readouterr().err
    assert main(["analyze", str(sound), str(sound), "--pdf", str(sound.with_name("all.pdf"))]) == 1
    assert "all.pdf: PDF report files hold one recording each; name a folder" in capsys.readouterr().err
    assert list(sound.parent.iterdir()) == [sound]


@pytest.mark.parametrize("key", KEYS)
def test_an_existing_file_is_refused_before_it_is_encoded_and_replaced_by_force(key, tmp_path, monkeypatch):
    path = tmp_path / f"a{format_by_key(key).extension}"
    path.write_bytes(b"old")
    with pytest.raises(ExportError, match="exists; use --force"):
        write_export(make_analysis(), DecodingConfig(), path, key)
    assert path.read_bytes() == b"old"
    write_export(make_analysis(), DecodingConfig(), path, key, force=True)
    assert path.read_bytes() != b"old"
    assert list(tmp_path.iterdir()) == [path]


# Faults while writing


@pytest.mark.parametrize("key", ["pdf", "png", "npz", "jams"])
@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_fault_in_the_middle_of_writing_leaves_the_old_file(key, fault, tmp_path, monkeypatch):
    path = tmp_path / f"a{format_by_key(key).extension}"
    path.write_bytes(b"old")

    def write_half(unfinished, content, mode):
        unfinished.write_bytes(content[: len(content) // 2])
        raise fault

    monkeypatch.setattr(files, "_write_to_disk", write_half)
    with pytest.raises(ExportError if isinstance(fault, OSError) else KeyboardInterrupt):
        write_export(make_analysis(), DecodingConfig(), path, key, force=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 kB, where the system lets us make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        made = subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        made = False
    if not made:
        pytest.skip("no right to mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_one_sentence_with_status_1_and_keeps_the_old_file(small_disk, sound, capsys):
    report = small_disk / "report.png"
    report.write_bytes(b"old")
    (small_disk / "ballast").write_bytes(bytes(40_000))
    assert main(["analyze", str(sound), "--png", str(report), "--force"]) == 1
    complaint = capsys.readouterr().err
    assert complaint == (
        f"instrunet: {report} cannot be written because the disk is full; free some space or choose another folder.\n"
    )
    assert report.read_bytes() == b"old"
    assert sorted(path.name for path in small_disk.iterdir()) == ["ballast", "report.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_process_killed_while_it_draws_leaves_the_old_file(sound):
    report = sound.with_name("report.pdf")
    report.write_bytes(b"old")
    program = (
        "import os, signal, sys; sys.path.insert(0, sys.argv.pop(1)); import stand_in\n"
        "from instrunet_widgets.export import files\n"
        "files._give_name = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "stand_in.main()"
    )
    arguments = [str(Path(stand_in.__file__).parent), "analyze", str(sound), "--pdf", str(report), "--force"]
    result = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, timeout=300)
    assert result.returncode == -9
    assert report.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_has_gone_loses_no_file(sound):
    reading, writing = os.pipe()
    os.close(reading)
    output = sound.with_name("out.jams")
    command = [sys.executable, stand_in.__file__, "analyze", str(sound), "--jams", str(output)]
    with os.fdopen(writing, "wb") as closed:
        result = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, timeout=300)
    assert (result.returncode, result.stderr) == (141, b"")
    assert json.loads(output.read_bytes())["file_metadata"]["duration"] == 22.0


def test_formats_that_are_text_can_be_read_as_text():
    assert {one.key for one in FORMATS if not one.is_text} == {"pdf", "png", "svg", "npz", "parquet"}
    for one in FORMATS:
        if one.is_text:
            assert "\0" not in one.encode(make_analysis(), DecodingConfig()).decode("utf-8")
