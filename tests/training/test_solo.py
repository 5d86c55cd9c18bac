"""Solo recordings: which instrument is heard most, and what is counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from stand_in import SAMPLE_RATE, PitchClassifier, make_tone

from instrunet_widgets.classifier import Classifier
from instrunet_widgets.cli import main
from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.instruments import CODES
from instrunet_widgets.training.solo import evaluate_solo, read_solo_scores
from instrunet_widgets.training.solo_recordings import find_solo_recordings
from instrunet_widgets.training.splits import Split


def write_recording(path: Path, waveform: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, SAMPLE_RATE)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A cello twice, once with more violin than cello; a clarinet; an organ that sounds like a guitar; silence."""
    folder = tmp_path / "solo"
    mixed = np.concatenate([make_tone("cel", 4.5), make_tone("vio", 7.5)])
    write_recording(folder / "cel" / "a.flac", make_tone("cel", 4.0))
    write_recording(folder / "cel" / "b.flac", mixed)
    write_recording(folder / "cla" / "a.flac", make_tone("cla", 2.5))
    write_recording(folder / "org" / "a.wav", make_tone("gel", 3.0))
    write_recording(folder / "voi" / "a.wav", np.zeros(3 * SAMPLE_RATE, dtype=np.float32))
    return folder


def test_subfolders_name_the_instruments_and_the_highest_mean_is_heard(recordings: Path) -> None:
    found = find_solo_recordings(recordings)
    report = evaluate_solo(PitchClassifier(), found, folder=recordings)  # type: ignore[arg-type]
    heard = {recording.file: recording.heard for recording in report.recordings}
    assert heard == {
        "cel/a.flac": "cel",
        "cel/b.flac": "vio",
        "cla/a.flac": "cla",
        "org/a.wav": "gel",
        "voi/a.wav": None,
    }
    assert (report.n_right, report.accuracy) == (2, 2 / 5)
    assert report.class_mean_accuracy == pytest.approx((1 / 2 + 1 + 0 + 0) / 4)
    cel, org, voi = (report.confusion[CODES.index(code)] for code in ("cel", "org", "voi"))
    assert (cel[CODES.index("cel")], cel[CODES.index("vio")], sum(cel)) == (1, 1, 2)
    assert (org[CODES.index("gel")], voi[-1]) == (1, 1)
    assert report.n_trained is report.n_learnt is None


def test_mean_is_not_smoothed(tmp_path: Path) -> None:
    # Windows of .9, .9, .45, 0 for the first instrument; smoothing over three would give their ends less weight.
    write_recording(tmp_path / "cel" / "a.wav", np.concatenate([make_tone("cel", 4.5), make_tone("vio", 3.0)]))
    report = evaluate_solo(PitchClassifier(), find_solo_recordings(tmp_path), folder=tmp_path)  # type: ignore[arg-type]
    assert report.recordings[0].scores[CODES.index("cel")] == pytest.approx((0.9 + 0.9 + 0.45 + 0) / 4, abs=0.02)


def test_table_names_the_recordings(recordings: Path) -> None:
    labels = recordings.parent / "true.csv"
    labels.write_text("code,file,remark\ncla,cla/a.flac,\n cel , cel/a.flac ,loud\n", encoding="utf-8")
    assert [(found.file, found.code) for found in find_solo_recordings(recordings, labels)] == [
        ("cla/a.flac", "cla"),
        ("cel/a.flac", "cel"),
    ]
    (recordings / "labels.csv").write_text("file,code\norg/a.wav,org\n", encoding="utf-8")
    assert [found.file for found in find_solo_recordings(recordings)] == ["org/a.wav"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("name,code\na,cel\n", r"labels\.csv must have the columns file and code"),
        ("", "must have the columns"),
        ("file,code\n", "lists no recordings"),
        ("file,code\ncel/a.flac,cello\n", r"labels\.csv, line 2: 'cello' is none of the eleven"),
        ("file,code\ncel/a.flac,cel\ncel/c.flac,cel\n", r"line 3: there is no recording .*c\.flac"),
        ("file,code\n,cel\n", "line 2: there is no recording"),
        ("file,code\ncel/a.flac\n", "line 2: '' is none"),
    ],
)
def test_wrong_table_is_named_with_the_line(recordings: Path, table: str, said: str) -> None:
    (recordings / "labels.csv").write_text(table, encoding="utf-8")
    with pytest.raises(FeatureFolderError, match=said):
        find_solo_recordings(recordings)


def test_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureFolderError, match=r"holds no solo recordings: it needs a labels\.csv"):
        find_solo_recordings(tmp_path)
    with pytest.raises(FeatureFolderError, match="is not a folder"):
        find_solo_recordings(tmp_path / "nowhere")


def test_unreadable_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "cel").mkdir()
    (tmp_path / "cel" / "bad.mp3").write_bytes(b"no sound here")
    with pytest.raises(FeatureFolderError, match=r"cel/bad\.mp3 cannot be read"):
        evaluate_solo(PitchClassifier(), find_solo_recordings(tmp_path), folder=tmp_path)  # type: ignore[arg-type]


def test_only_the_test_part_is_heard_and_trained_recordings_are_counted(recordings: Path) -> None:
    found = find_solo_recordings(recordings)
    split = Split(0, 0, train=("cla/a.flac",), stop=(), test=("cel/a.flac", "cel/b.flac", "elsewhere.flac"))
    report = evaluate_solo(
        PitchClassifier(),
        found,
        folder=recordings,
        test_split=split,
        split_name="s.json",
        trained_on=split,  # type: ignore[arg-type]
    )
    assert ([heard.file for heard in report.recordings], report.n_trained) == (["cel/a.flac", "cel/b.flac"], 0)
    everything = evaluate_solo(PitchClassifier(), found, folder=recordings, trained_on=split)  # type: ignore[arg-type]
    assert (everything.n_trained, everything.n_learnt) == (1, 1)
    with pytest.raises(FeatureFolderError, match=r"none of the recordings .* test part of s\.json"):
        evaluate_solo(
            PitchClassifier(),
            found[3:],
            folder=recordings,
            test_split=split,
            split_name="s.json",  # type: ignore[arg-type]
        )


def test_without_recordings_or_a_test_part_it_is_said_what_is_missing(recordings: Path) -> None:
    classifier, found = PitchClassifier(), find_solo_recordings(recordings)
    with pytest.raises(FeatureFolderError, match=r"no solo recording of .*solo to hear"):
        evaluate_solo(classifier, [], folder=recordings)  # type: ignore[arg-type]
    split = Split(0, None, train=("cel/a.flac",), stop=(), test=())
    with pytest.raises(FeatureFolderError, match=r"all\.json has no test part, for its network learnt from all"):
        evaluate_solo(classifier, found, folder=recordings, test_split=split, split_name="all.json")  # type: ignore[arg-type]


def test_command_prints_counts_and_json(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier = PitchClassifier()
    classifier.path = tmp_path  # type: ignore[attr-defined]
    monkeypatch.setattr(Classifier, "load", lambda model=None: classifier)
    assert main(["evaluate", "--solo", str(recordings), "--json", str(tmp_path / "solo.json")]) == 0
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "Right: 2 of 5 (0.400); mean over classes 0.375" in said
    assert "cel cello 2 1 0.500" in said
    assert "voi . . . . . . . . . . . 1" in said
    report = json.loads((tmp_path / "solo.json").read_text())
    assert report["per_class"]["cla"] == {"n": 1, "n_right": 1, "accuracy": 1.0}
    assert report["per_class"]["pia"] == {"n": 0, "n_right": 0, "accuracy": None}
    assert report["recordings"][0]["scores"]["cel"] == pytest.approx(0.9, abs=0.01)
    assert (report["n"], report["n_right"], report["protocol"]) == (5, 2, "solo")
    figures = read_solo_scores(tmp_path / "solo.json")
    assert figures == {key: report[key] for key in figures}
    assert figures["n_right"] == 2 and "recordings" not in figures


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"protocol": "irmas"}', '{"protocol": "solo", "n": 1}'])
def test_what_is_no_report_of_solo_recordings_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "solo.json").write_text(content)
    with pytest.raises(FeatureFolderError, match=r"solo\.json holds no solo scores .*evaluate --solo"):
        read_solo_scores(tmp_path / "solo.json")
    with pytest.raises(FeatureFolderError, match=r"nowhere\.json holds no solo scores"):
        read_solo_scores(tmp_path / "nowhere.json")


def test_labels_are_refused_without_solo(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "--features", "f", "--labels", "l.csv"])
    assert "--labels goes with --solo" in capsys.readouterr().err
