import csv
import io
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import soundfile
import stand_in
from stand_in import SAMPLE_RATE, PitchClassifier, make_tone

from instrunet_widgets import export
from instrunet_widgets.classifier import Classifier
from instrunet_widgets.cli import analyze as cli_analyze
from instrunet_widgets.cli import main, outputs, progress
from instrunet_widgets.cli.analyze import expand_wildcards
from instrunet_widgets.config import AGGREGATIONS
from instrunet_widgets.errors import ExportError
from instrunet_widgets.export import FORMATS, ExportFormat
from instrunet_widgets.instruments import CODES
from instrunet_widgets.pipeline import Progress, stream
from instrunet_widgets.wording import SCOPE_SENTENCE

ESCAPE = "\x1b"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def analyze(monkeypatch, capsys, folder):
    """Run ``instrunet analyze`` with the stand-in for the network; gives status, stdout and stderr."""
    monkeypatch.setattr(Classifier, "load", lambda model=None: PitchClassifier())

    def run(*arguments):
        try:
            status = main(["analyze", *map(str, arguments)])
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


def write_sound(path, *tones):
    soundfile.write(path, np.concatenate(tones), SAMPLE_RATE, format=Path(path).suffix[1:].upper())
    return path


def run_in_process(*arguments, program=(stand_in.__file__,), **kwargs):
    kwargs = {"capture_output": True, "timeout": 300, **kwargs}
    return subprocess.run([sys.executable, *program, *map(str, arguments)], check=False, **kwargs)


# What is printed


def test_table_shows_instrument_confidence_bar_and_times(analyze):
    write_sound("song.wav", make_tone("cel", 60), make_tone("vio", 5))
    status, out, err = analyze("song.wav")
    assert (status, err) == (0, "")
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0] == "song.wav (1:05, WAV, 16 kHz, mono)"
    # 0.9 in 39 of 43 windows and .45 in one at the border: the mean is .83 (the bar); where it is heard it is .9
    # (the words). Smoothing leaves the border window at .45, under the threshold, so the cello ends with the cell of
    # window 38: 57 + 2.25 s, 91 % of 65 s.
    assert lines[2].split() == ["Instrument", "Confidence", "Score", "When"]
    assert lines[3].split() == ["🎻", "cello", "very", "likely", "90", "%", "████████░░", "throughout:", "0:00-0:59"]
    parts = lines.index("Heard only in parts:")
    # Windows 40 to 42, from 60.75 s on: .75, .8 and .75, because the last is padded by a third.
    assert lines[parts + 1].split() == ["🎻", "violin", "likely", "77", "%", "1:01-1:05"]
    assert lines[-1] == SCOPE_SENTENCE


def test_an_instrument_that_is_not_heard_is_not_shown(analyze):
    write_sound("song.wav", make_tone("cel", 10))
    _, out, _ = analyze("song.wav")
    assert "cello" in out
    assert "violin" not in out
    assert "in parts" not in out


def test_nothing_over_the_threshold_is_said_honestly(analyze):
    tones = [make_tone(code, 1.0) for code in ("cel", "cla", "gel", "vio")]
    write_sound("medley.wav", *tones * 4)
    status, out, _ = analyze("medley.wav", "--threshold", "0.8")
    assert status == 0
    assert "No instrument stands out in the recording as a whole" in out
    assert "80 % would be needed" in out
    assert SCOPE_SENTENCE in out


def test_silence_is_called_silence(analyze):
    write_sound("rest.wav", np.zeros(SAMPLE_RATE * 5, dtype=np.float32))
    status, out, _ = analyze("rest.wav")
    assert status == 0
    assert "silent throughout" in out
    assert "3 of 3 windows silent" in out


def test_settings_reach_the_decoding(analyze):
    write_sound("song.wav", make_tone("cel", 12), make_tone("vio", 12))
    # Over half of 15 windows: mean .45 each, max .9.
    by_mean = analyze("song.wav", "--smoothing", "1")[1]
    by_max = analyze("song.wav", "--aggregation", "max", "--smoothing", "1")[1]
    assert "No instrument stands out in the recording as a whole" in by_mean
    assert "Heard only in parts" in by_mean
    assert by_max.count("very likely") == 2
    _, out, _ = analyze("song.wav", "--threshold", "0.3", "--smoothing", "5", "--min-duration", "2", "--json", "-")
    document = json.loads(out)
    assert (document["threshold"], document["smoothing"], document["aggregation"]) == (0.3, 5, "mean")
    short = analyze("song.wav", "--min-duration", "30")[1]
    assert "0:" not in short.partition("\n")[2]


def test_several_files_make_one_table_with_a_row_each(analyze):
    write_sound("one.wav", make_tone("cel", 6))
    write_sound("two.flac", make_tone("vio", 64.5))
    status, out, err = analyze("one.wav", "two.flac")
    assert (status, err) == (0, "")
    rows = [line.split() for line in out.splitlines()]
    assert rows[0] == ["Recording", "Length", "Instruments"]
    assert rows[1] == ["one.wav", "0:06", "cello", "(very", "likely,", "90", "%)"]
    assert rows[2] == ["two.flac", "1:05", "violin", "(very", "likely,", "90", "%)"]
    assert out.splitlines()[-1] == SCOPE_SENTENCE


def test_table_of_several_says_how_sure_it_is_where_an_instrument_is_heard(analyze):
    write_sound("song.wav", make_tone("cel", 60), make_tone("vio", 5))
    write_sound("rest.wav", np.zeros(SAMPLE_RATE * 5, dtype=np.float32))
    _, out, _ = analyze("song.wav", "rest.wav")
    # The cello's mean over the recording is .83.
    row = next(line for line in out.splitlines() if line.startswith("song.wav"))
    assert " ".join(row.split()[2:]) == "cello (very likely, 90 %); in parts: violin (likely, 77 %)"
    assert "silent throughout" in out


def test_one_bad_file_does_not_stop_the_others(analyze):
    write_sound("good.wav", make_tone("cel", 6))
    Path("text.wav").write_text("no sound at all")
    status, out, err = analyze("missing.wav", "text.wav", "good.wav")
    assert status == 1
    assert [line.split(": ")[0] for line in err.splitlines()] == ["instrunet", "instrunet"]
    assert "missing.wav" in err.splitlines()[0]
    assert "text.wav" in err.splitlines()[1]
    assert "Traceback" not in err
    rows = [line.split() for line in out.splitlines()]
    assert rows[1:4] == [
        ["missing.wav", "failed"],
        ["text.wav", "failed"],
        ["good.wav", "0:06", "cello", "(very", "likely,", "90", "%)"],
    ]


def test_a_single_bad_file_gives_one_sentence_and_no_table(analyze):
    status, out, err = analyze("missing.wav")
    assert (status, out) == (1, "")
    assert err.startswith("instrunet: missing.wav")
    assert len(err.splitlines()) == 1


def test_a_missing_model_gives_one_sentence_before_any_work(capsys, folder):
    write_sound("song.wav", make_tone("cel", 6))
    assert main(["analyze", "song.wav", "--model", "nowhere", "--json", "out.json"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("instrunet: ")
    assert "nowhere" in err
    assert not Path("out.json").exists()


def test_warnings_about_a_recording_are_shown(analyze, monkeypatch):
    write_sound("song.wav", make_tone("cel", 6))
    content = Path("song.wav").read_bytes()
    Path("cut.wav").write_bytes(content[: len(content) // 2])
    status, out, err = analyze("cut.wav")
    assert status == 0
    assert "cello" in out
    assert err.startswith("instrunet: warning: cut.wav")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
def test_hostile_file_names_are_shown_escaped_and_as_they_are_written(analyze):
    names = [f"{ESCAPE}[31mred\nline.wav", "[bold]not markup[bold] :smile:.wav", "ﬀ 音楽.wav"]
    for name in names:
        write_sound(name, make_tone("cel", 6))
    _, out, _ = analyze(*names)
    assert ESCAPE not in out
    assert len(out.splitlines()) == 6
    assert "[bold]not markup[bold] :smile:.wav" in out
    assert "ﬀ 音楽.wav" in out
    _, _, err = analyze(f"gone{ESCAPE}[2J\n.wav")
    assert ESCAPE not in err
    assert len(err.splitlines()) == 1


def test_piped_output_is_neither_coloured_nor_cut(folder):
    name = f"{'a very long name ' * 12}.wav"
    write_sound(name, make_tone("cel", 6))
    write_sound("b.wav", *[make_tone("cel", 6), make_tone("vio", 6)] * 9)
    environment = {**os.environ, "COLUMNS": "80"}
    result = run_in_process("analyze", name, "b.wav", "--threshold", "0.3", env=environment)
    out = result.stdout.decode("utf-8")
    assert ESCAPE not in out
    assert name in out
    assert result.stderr == b""
    alone = run_in_process("analyze", "b.wav", "--threshold", "0.3", env=environment).stdout.decode("utf-8")
    (cello,) = [line for line in alone.splitlines() if "cello" in line]
    assert cello.count("-0:") + cello.count("-1:") == 9  # all nine time ranges on one line


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C", "LANG": "C"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"}],
)
def test_output_works_whatever_the_encoding(environment, folder):
    write_sound("音楽.wav", make_tone("cel", 6))
    result = run_in_process("analyze", "音楽.wav", env={**os.environ, **environment})
    assert (result.returncode, result.stderr) == (0, b"")
    shown = result.stdout.decode(environment.get("PYTHONIOENCODING", "utf-8"))
    assert "cello" in shown
    if "PYTHONIOENCODING" in environment:
        assert r"\u97f3\u697d.wav" in shown
        assert "#########." in shown


# Files


def test_json_and_csv_of_one_recording_are_files(analyze):
    write_sound("song.wav", make_tone("cel", 6))
    status, out, _ = analyze("song.wav", "--json", "a.json", "--csv", "b.csv")
    assert status == 0
    assert "cello" in out
    document = json.loads(Path("a.json").read_text(encoding="utf-8"))
    assert (document["audio_file"], document["classes"]) == ("song.wav", list(CODES))
    with Path("b.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 3  # one row per window


def test_a_folder_is_also_taken_for_one_recording(analyze):
    write_sound("song.wav", make_tone("cel", 6))
    Path("there").mkdir()
    assert analyze("song.wav", "--json", "there", "--csv", "new/")[0] == 0
    assert Path("there/song.json").is_file()
    assert Path("new/song.csv").is_file()


def test_several_recordings_go_into_a_folder_and_never_overwrite_each_other(analyze):
    Path("other").mkdir()
    names = ["a.wav", "a.flac", "B.wav", "other/b.wav", "other/a.wav"]
    codes = ["cel", "cla", "gel", "vio", "cel"]
    for name, code in zip(names, codes, strict=True):
        write_sound(name, make_tone(code, 4))
    status, _, err = analyze(*names, "--json", "results")
    assert (status, err) == (0, "")
    written = [json.loads(path.read_text(encoding="utf-8")) for path in Path("results").iterdir()]
    assert sorted(document["audio_file"] for document in written) == sorted(Path(name).name for name in names)


def test_several_recordings_make_one_csv_table_with_a_row_each(analyze):
    for name, code in (("a.wav", "cel"), ("b.wav", "vio")):
        write_sound(name, make_tone(code, 4))
    status, _, _ = analyze("a.wav", "missing.wav", "b.wav", "--csv", "all.CSV")
    assert status == 1
    with Path("all.CSV").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["detected"]) for row in rows] == [("a.wav", "cel"), ("b.wav", "vio")]


def test_json_lines_are_alone_on_standard_output(analyze):
    for name, code in (("a.wav", "cel"), ("b.wav", "vio")):
        write_sound(name, make_tone(code, 4))
    status, out, err = analyze("a.wav", "missing.wav", "b.wav", "--json", "-", "--csv", "all.csv")
    assert status == 1
    assert [json.loads(line)["audio_file"] for line in out.splitlines()] == ["a.wav", "b.wav"]
    assert err.startswith("instrunet: missing.wav")
    assert Path("all.csv").is_file()


def test_results_are_on_the_screen_although_the_table_cannot_be_written(analyze, monkeypatch):
    for name in ("a.wav", "b.wav"):
        write_sound(name, make_tone("cel", 4))

    def fail(*_, **__):
        raise ExportError("all.csv cannot be written because the disk is full.")

    monkeypatch.setattr(outputs, "write_export", fail)
    status, out, err = analyze("a.wav", "b.wav", "--csv", "all.csv")
    assert status == 1
    assert err == "instrunet: all.csv cannot be written because the disk is full.\n"
    assert out.count("cello") == 2


def test_json_on_standard_output_is_utf8_whatever_the_terminal(folder):
    write_sound("音楽.wav", make_tone("cel", 4))
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    result = run_in_process("analyze", "音楽.wav", "--json", "-", env=environment)
    assert json.loads(result.stdout.decode("utf-8"))["audio_file"] == "音楽.wav"


@pytest.fixture
def never_analysed(monkeypatch):
    def fail(*_, **__):
        raise AssertionError("a recording was analysed before its outputs were checked")

    monkeypatch.setattr(stream, "open_audio", fail)


@pytest.mark.usefixtures("never_analysed")
class TestOutputsThatAreRefusedBeforeAnyWork:
    def test_an_existing_file(self, analyze):
        write_sound("song.wav", make_tone("cel", 4))
        Path("old.json").write_text("precious")
        status, out, err = analyze("song.wav", "--json", "old.json")
        assert (status, out) == (1, "")
        assert "old.json exists" in err
        assert "--force" in err
        assert Path("old.json").read_text() == "precious"

    def test_an_existing_file_in_the_folder_of_several(self, analyze):
        for name in ("a.wav", "b.wav"):
            write_sound(name, make_tone("cel", 4))
        Path("results").mkdir()
        Path("results/b.json").write_text("precious")
        status, _, err = analyze("a.wav", "b.wav", "--json", "results")
        assert status == 1
        assert "b.json exists" in err
        assert [path.name for path in Path("results").iterdir()] == ["b.json"]

    def test_a_recording_itself_even_by_force(self, analyze):
        write_sound("song.wav", make_tone("cel", 4))
        content = Path("song.wav").read_bytes()
        status, _, err = analyze("song.wav", "--json", "./song.wav", "--force")
        assert status == 1
        assert "recording to be analysed" in err
        assert Path("song.wav").read_bytes() == content

    @pytest.mark.parametrize("other_name", ["out", "sub/../out"])
    def test_one_file_for_two_formats(self, analyze, other_name):
        write_sound("song.wav", make_tone("cel", 4))
        Path("sub").mkdir()
        status, _, err = analyze("song.wav", "--json", "out", "--csv", other_name)
        assert status == 1
        assert "two outputs" in err

    def test_a_file_where_a_folder_is_needed(self, analyze):
        for name in ("a.wav", "b.wav"):
            write_sound(name, make_tone("cel", 4))
        Path("results").write_text("a file")
        status, _, err = analyze("a.wav", "b.wav", "--json", "results")
        assert status == 1
        assert "results is not a folder" in err

    def test_a_missing_folder(self, analyze):
        write_sound("song.wav", make_tone("cel", 4))
        status, _, err = analyze("song.wav", "--json", "nowhere/out.json")
        assert status == 1
        assert "there is no folder nowhere" in err

    @pytest.mark.skipif(os.name == "nt", reason="a POSIX device")
    def test_a_device_even_by_force(self, analyze):
        write_sound("song.wav", make_tone("cel", 4))
        status, _, err = analyze("song.wav", "--json", "/dev/null", "--force")
        assert status == 1
        assert "/dev/null cannot be written" in err

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
    def test_a_folder_without_permission(self, analyze):
        write_sound("song.wav", make_tone("cel", 4))
        Path("closed").mkdir(mode=0o500)
        status, _, err = analyze("song.wav", "--json", "closed/out.json")
        assert status == 1
        assert "permission" in err


def test_force_replaces_existing_files(analyze):
    write_sound("song.wav", make_tone("cel", 4))
    Path("old.json").write_text("old")
    assert analyze("song.wav", "--json", "old.json", "--force")[0] == 0
    assert json.loads(Path("old.json").read_text(encoding="utf-8"))["audio_file"] == "song.wav"


# Arguments


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--threshold", "1.5"], "argument --threshold: must be a number from 0 to 1, or auto, not '1.5'"),
        (["--threshold", "-0.1"], "argument --threshold: must be a number from 0 to 1, or auto, not '-0.1'"),
        (["--threshold", "nan"], "argument --threshold"),
        (["--threshold", "0,5"], "argument --threshold"),
        (
            ["--smoothing", "0"],
            "argument --smoothing: must be a whole number of windows from 1 to 7, not '0'",
        ),
        (["--smoothing", "8"], "argument --smoothing"),
        (["--smoothing", "2.5"], "argument --smoothing"),
        (
            ["--min-duration", "-1"],
            "argument --min-duration: must be a number of seconds, 0 or more, not '-1'",
        ),
        (["--min-duration", "inf"], "argument --min-duration"),
        (["--aggregation", "median"], "argument --aggregation"),
        (["--csv", "-"], "argument --csv: only --json can write to standard output"),
        (["--json", ""], "argument --json: PATH is empty"),
        (["--unknown"], "--unknown"),
    ],
)
def test_bad_values_are_refused_with_a_sentence_and_status_2(arguments, part, analyze):
    status, out, err = analyze("song.wav", *arguments)
    assert (status, out) == (2, "")
    assert part in err.splitlines()[-1]


def test_wildcards_are_expanded_for_shells_that_do_not(folder):
    for name in ("b.wav", "a.wav", "c.mp3", "d[1].mp3"):
        Path(name).touch()
    assert expand_wildcards("d[1].mp3") == [Path("d[1].mp3")]
    assert [str(path) for path in expand_wildcards("*.wav")] == ["a.wav", "b.wav"]
    assert expand_wildcards("none*.ogg") == [Path("none*.ogg")]
    assert expand_wildcards("c.mp3") == [Path("c.mp3")]


def test_a_new_export_format_appears_as_an_option_by_itself(analyze, monkeypatch):
    names = ExportFormat("names", "Names", ".txt", "text/plain", "100 % of the names.", list_detected)
    for module in (export, cli_analyze):
        monkeypatch.setattr(module, "FORMATS", (*FORMATS, names))
    assert "100 % of the names" in analyze("--help")[1]
    for name, code in (("a.wav", "cel"), ("b.wav", "vio")):
        write_sound(name, make_tone(code, 4))
    assert analyze("a.wav", "b.wav", "--names", "lists")[0] == 0
    assert [Path(f"lists/{stem}.txt").read_text() for stem in "ab"] == ["cel", "vio"]


def list_detected(analysis, config):
    return " ".join(analysis.decode(config).detected).encode()


def test_no_recording_is_refused(analyze):
    status, _, err = analyze()
    assert status == 2
    assert "give at least one AUDIO file, or --example" in err


def test_without_arguments_the_help_is_shown(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: instrunet")
    assert "instrunet analyze --example" in out


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"instrunet {version('instrunet-widgets')}\n"


def test_help_names_every_option_and_fits_80_columns(analyze, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    status, out, _ = analyze("--help")
    assert status == 0
    for option in ("--aggregation", "--threshold", "--smoothing", "--min-duration", "--model", "--force"):
        assert option in out
    assert all(f"--{export_format.key} " in out for export_format in FORMATS)
    assert all(aggregation in out for aggregation in AGGREGATIONS)
    assert max(len(line) for line in out.splitlines()) <= 80


def test_help_starts_without_loading_anything_heavy():
    code = "import sys; from instrunet_widgets import cli; cli.build_parser(); print(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"numpy", "scipy", "rich", "onnxruntime", "pandas", "soundfile"}.isdisjoint(result.stdout.split())


# Interruptions


def test_ctrl_c_ends_quietly_with_status_130(analyze, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(stream, "open_audio", interrupt)
    assert analyze("song.wav") == (130, "", "")


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX pipes")
@pytest.mark.parametrize("arguments", [["analyze", "song.wav"], ["analyze", "song.wav", "--json", "-"], ["--version"]])
def test_a_reader_that_has_gone_ends_the_program_quietly(arguments, folder):
    write_sound("song.wav", make_tone("cel", 4))
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        result = run_in_process(*arguments, capture_output=False, stdout=closed, stderr=subprocess.PIPE)
    assert (result.returncode, result.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_standard_output_is_one_sentence(folder):
    write_sound("song.wav", make_tone("cel", 4))
    with Path("/dev/full").open("wb") as full:
        result = run_in_process("analyze", "song.wav", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 1
    assert result.stderr.decode().splitlines() == [
        "instrunet: the system refused to read or write (No space left on device)."
    ]


# Progress


class FakeTerminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def show_half(monkeypatch, stderr, *, delay):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "DELAY_SECONDS", delay)
    with progress.ProgressDisplay(3) as display:
        display.begin(f"[red]{ESCAPE}song.wav", 2)
        display.update(Progress("listening", 30.0, 60.0, 0.5))
    return stderr.getvalue()


def test_progress_of_long_work_names_the_recording_and_the_share_done(monkeypatch):
    shown = show_half(monkeypatch, FakeTerminal(), delay=0.0)
    assert r"[red]\x1bsong.wav (2 of 3)" in shown
    assert "50%" in shown
    assert shown.endswith(f"{ESCAPE}[2K")  # and it is wiped away


def test_quick_work_shows_no_progress(monkeypatch):
    assert show_half(monkeypatch, FakeTerminal(), delay=1e9) == ""


def test_progress_is_only_for_terminals(monkeypatch):
    assert show_half(monkeypatch, io.StringIO(), delay=0.0) == ""


# With the trained network that comes with the package


@pytest.mark.slow
class TestShippedNetwork:
    def test_the_demo_piece_is_analysed(self, folder):
        result = run_in_process("analyze", "--example", program=("-m", "instrunet_widgets"))
        assert (result.returncode, result.stderr) == (0, b"")
        out = result.stdout.decode("utf-8")
        assert "piano" in out
        assert SCOPE_SENTENCE in out

    def test_an_unknown_example_is_refused_with_the_names_there_are(self, capsys):
        from instrunet_widgets.examples import example_names

        with pytest.raises(SystemExit) as end:
            main(["analyze", "--example", "no such piece"])
        assert end.value.code == 2
        assert ", ".join(example_names()) in capsys.readouterr().err

    def test_json_lines_name_the_network_and_hold_probabilities(self, folder):
        rng = np.random.default_rng(1)
        write_sound("noise.wav", 0.1 * rng.standard_normal(10 * SAMPLE_RATE).astype(np.float32))
        result = run_in_process("analyze", "noise.wav", "--json", "-", program=("-m", "instrunet_widgets"))
        assert result.stderr == b""
        document = json.loads(result.stdout)
        assert document["model"]["name"] != "stand-in"
        values = [value for window in document["timeline"] for value in window["intensity"].values()]
        assert len(values) == 6 * 11
        assert all(0 <= value <= 1 for value in values)
