"""The official IRMAS test, on a made set of tones whose right answers are counted by hand."""

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
from instrunet_widgets.training.bootstrap import N_RESAMPLES, bootstrap_songs
from instrunet_widgets.training.irmas_protocol import ProtocolReport, run_protocol
from instrunet_widgets.training.irmas_testing import find_excerpts, read_labels, song_of
from instrunet_widgets.training.protocol_rows import FLOORS, find_best_threshold, score_constant_answer


def write_excerpt(path: Path, waveform: np.ndarray, labels: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    path.with_suffix(".txt").write_text(labels, encoding="utf-8")


@pytest.fixture(scope="module")
def testing_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four excerpts of three songs: right, two one after the other, one of two missed, and wrong."""
    folder = tmp_path_factory.mktemp("IRMAS") / "IRMAS-TestingData"
    one_then_the_other = np.concatenate([make_tone("cel", 4.5), make_tone("vio", 4.5)])
    write_excerpt(folder / "Part1" / "A Song-1.wav", make_tone("cel", 6.0), "cel\t\n")
    write_excerpt(folder / "Part2" / "A Song-2.wav", one_then_the_other, "vio\t \r\n cel\t\n\n")
    write_excerpt(folder / "Part1" / "02 - Live-3.wav", make_tone("gel", 5.0), "gel\tvoi")
    write_excerpt(folder / "Part2" / "C-11.WAV", make_tone("cla", 7.0), "flu\n")
    (folder / "Part1" / "._A Song-1.wav").write_bytes(b"left behind by an archive program")
    return folder


@pytest.fixture(scope="module")
def report(testing_set: Path) -> ProtocolReport:
    return run_protocol(PitchClassifier(), testing_set)  # type: ignore[arg-type]


def test_excerpts_of_all_parts_are_found_with_labels_in_the_order_of_the_outputs(testing_set: Path) -> None:
    found = {excerpt.path.name: (excerpt.codes, excerpt.song) for excerpt in find_excerpts(testing_set)}
    assert found == {
        "A Song-1.wav": (("cel",), "A Song"),
        "A Song-2.wav": (("cel", "vio"), "A Song"),
        "02 - Live-3.wav": (("gel", "voi"), "02 - Live"),
        "C-11.WAV": (("flu",), "C"),
    }


def test_only_the_number_at_the_end_is_no_part_of_the_song() -> None:
    assert [song_of(stem) for stem in ("1-2-3-14", "no number", "take -5-", "07")] == [
        "1-2-3",
        "no number",
        "take -5-",
        "07",
    ]


def test_strict_rows_use_the_networks_thresholds_on_the_pipelines_scores(report: ProtocolReport) -> None:
    # Labels: cel; cel vio; gel voi; flu. The windows of the second excerpt average to .45 for either instrument, below
    # the threshold of .5, and reach .9 at their loudest.
    mean, loudest = report.rows["strict_mean"].scores, report.rows["strict_max"].scores
    assert mean.micro_precision == pytest.approx(2 / 3)  # heard: cel; nothing; gel; cla
    assert mean.micro_recall == pytest.approx(2 / 6)
    assert mean.micro_f1 == pytest.approx(4 / 9)
    assert mean.macro_f1 == pytest.approx((2 / 3 + 0 + 1 + 0 + 0) / 5)  # cel vio gel voi flu
    assert loudest.micro_f1 == pytest.approx(2 * 4 / (5 + 6))  # heard: cel; cel vio; gel; cla
    assert loudest.macro_f1 == pytest.approx(3 / 5)
    assert {row.code for row in mean.per_class if row.n_positives} == {"cel", "vio", "gel", "voi", "flu"}
    assert [report.rows[name].thresholds for name in ("strict_mean", "strict_max")] == ["model", "model"]
    assert report.rows["strict_max"].thresholds_from == "training data"


def test_best_threshold_rows_say_that_they_were_chosen_on_the_test_set(report: ProtocolReport) -> None:
    for name in ("mean", "max", "normalised"):
        row = report.rows[f"best_threshold_{name}"]
        assert row.scores.micro_f1 == pytest.approx(8 / 11), "below .45 the second excerpt is right under mean too"
        assert row.thresholds_from == "this test set"
    assert report.rows["best_threshold_mean"].thresholds < 0.47


def test_ranking_floors_and_ceiling_agree_with_a_count_by_hand(report: ProtocolReport) -> None:
    # Instruments that are never heard share the last rank, 11: voi behind gel gives (1 + 2/11) / 2, flu alone 1/11.
    assert report.rows["strict_mean"].scores.lrap == pytest.approx((1 + 1 + (1 + 2 / 11) / 2 + 1 / 11) / 4)
    assert report.rows["top_1"].scores.lrap is None
    assert report.rows["top_1"].scores.micro_f1 == pytest.approx(2 * 3 / (4 + 6))
    assert report.top_1_ceiling["micro_f1"] == pytest.approx(2 * 4 / (4 + 6))
    assert report.floors["voi"]["micro_f1"] == pytest.approx(2 * 1 / (4 + 6))
    assert report.floors["voi"]["macro_f1"] == pytest.approx(2 * 1 / (4 + 1) / 5)
    assert report.floors["voi+pia+gel"]["micro_f1"] == pytest.approx(2 * 2 / (12 + 6))
    assert report.floors["all"]["micro_f1"] == pytest.approx(2 * 6 / (44 + 6))
    assert (report.n_excerpts, report.n_songs, report.n_labels) == (4, 3, 6)
    assert report.seconds == pytest.approx(6 + 9 + 5 + 7)


def test_floors_of_the_published_label_counts_are_the_published_floors() -> None:
    counts = {"voi": 1044, "pia": 995, "gel": 942, "gac": 535, "org": 361, "sax": 326, "vio": 211, "tru": 167}
    counts |= {"flu": 163, "cel": 111, "cla": 62}
    # The rows are made up; a constant answer depends on the counts alone.
    targets = np.stack([np.arange(2874) < counts[code] for code in CODES], axis=1)
    floors = [score_constant_answer(codes, targets) for codes in FLOORS]
    assert [round(floor["micro_f1"], 3) for floor in floors] == [0.268, 0.382, 0.440, 0.269]
    assert [round(floor["macro_f1"], 3) for floor in floors] == [0.048, 0.095, 0.140, 0.250]


def test_best_threshold_is_the_one_with_the_most_hits() -> None:
    scores = np.array([[0.30, 0.10], [0.25, 0.20], [0.05, 0.60]])
    targets = np.array([[True, False], [True, False], [False, True]])
    assert find_best_threshold(scores, targets) == 0.21  # above .20, the highest wrong one


def test_intervals_agree_with_resampling_the_rows_of_whole_songs_by_scikit_learn() -> None:
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(3)
    songs = np.repeat(np.arange(12), rng.integers(1, 6, 12))
    targets = rng.random((len(songs), 3)) < 0.5
    targets[:, 2] |= True
    heard = targets ^ (rng.random(targets.shape) < 0.3)
    ranking = rng.random(len(songs))
    found = bootstrap_songs(heard, targets, ranking, songs.astype(str).tolist(), seed=5)

    names = np.unique(songs.astype(str))
    draws = np.random.default_rng(5).multinomial(12, np.full(12, 1 / 12), size=N_RESAMPLES)
    micro, macro, lrap = [], [], []
    for draw in draws[:400]:
        rows = np.concatenate(
            [np.tile(np.flatnonzero(songs.astype(str) == name), n) for name, n in zip(names, draw, strict=True)]
        )
        micro.append(f1_score(targets[rows], heard[rows], average="micro"))
        macro.append(f1_score(targets[rows], heard[rows], average="macro"))
        lrap.append(ranking[rows].mean())
    for interval, values in ((found.micro_f1, micro), (found.macro_f1, macro), (found.lrap, lrap)):
        low, high = np.quantile(values, [0.025, 0.975])  # of 400 resamples only, so about the same
        assert interval.low == pytest.approx(low, abs=0.02)
        assert interval.high == pytest.approx(high, abs=0.02)
    assert found.per_class_f1[2].low < found.per_class_f1[2].high


def test_two_songs_of_any_length_give_the_widest_interval_and_one_gives_none() -> None:
    targets = np.ones((100, 1), dtype=bool)
    heard = np.arange(100)[:, None] < 50
    songs = ["right"] * 50 + ["wrong"] * 50
    found = bootstrap_songs(heard, targets, np.ones(100), songs).micro_f1
    assert (found.low, found.high) == (0.0, 1.0)
    assert bootstrap_songs(heard, targets, np.ones(100), ["one"] * 100).micro_f1 is None


def test_report_is_strict_json_with_the_documented_keys(report: ProtocolReport) -> None:
    content = report.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert set(content) == {
        *("schema_version", "protocol", "folder", "model", "weights_sha256", "hop_seconds", "smoothing_windows"),
        *("n_excerpts", "n_songs", "n_labels", "labels", "seconds", "remarks", "bootstrap", "rows", "floors"),
        "top_1_ceiling",
    }
    assert list(content["rows"]) == [
        *(
            "strict_mean",
            "strict_max",
            "best_threshold_mean",
            "best_threshold_max",
            "best_threshold_normalised",
            "top_1",
        )
    ]
    row = content["rows"]["strict_mean"]
    assert set(row) == {"aggregation", "thresholds", "thresholds_from", "scores", "intervals"}
    assert set(row["intervals"]) == {"micro_f1", "macro_f1", "lrap", "per_class_f1"}
    assert row["intervals"]["per_class_f1"]["pia"] is None, "no excerpt of a piano"
    low, high = (row["intervals"]["micro_f1"][end] for end in ("low", "high"))
    assert low < row["scores"]["micro_f1"] < high
    assert content["labels"]["cel"] == 2


def test_command_prints_the_rows_and_writes_json(
    testing_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Classifier, "load", lambda model=None: PitchClassifier())
    target = tmp_path / "scores.json"
    assert main(["evaluate", "--irmas-testing", str(testing_set), "--json", str(target)]) == 0
    said = capsys.readouterr().out
    assert "Model stand-in on 4 excerpts (0 minutes) of 3 songs" in said
    rows = [" ".join(line.split()) for line in said.splitlines()]
    assert any(row.startswith("strict, mean own 0.444 ") for row in rows)
    assert any(row.startswith("best threshold, normalised sum 0.") for row in rows)
    assert "chosen on this very test set" in said
    assert "all 11 0.240 " in "\n".join(rows)
    assert json.loads(target.read_text())["rows"]["strict_max"]["scores"]["micro_f1"] == pytest.approx(8 / 11)


def test_split_is_refused_with_the_testing_set(testing_set: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "--irmas-testing", str(testing_set), "--split", "split.json"])
    assert "the testing set has no split" in capsys.readouterr().err


def test_folder_without_excerpts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureFolderError, match="holds no excerpts"):
        find_excerpts(tmp_path)
    with pytest.raises(FeatureFolderError, match="nowhere is not a folder"):
        find_excerpts(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("", r"S-1\.txt is empty"),
        (" \t\r\n", r"S-1\.txt is empty"),
        ("cel\ndru\n", r"S-1\.txt names 'dru', which is none of the eleven"),
        ("cello\n", "'cello'"),
    ],
)
def test_wrong_labels_are_named_before_any_recording_is_heard(tmp_path: Path, labels: str, said: str) -> None:
    (tmp_path / "S-1.wav").write_bytes(b"never read")
    (tmp_path / "S-1.txt").write_text(labels, encoding="utf-8")
    with pytest.raises(FeatureFolderError, match=said):
        run_protocol(PitchClassifier(), tmp_path)  # type: ignore[arg-type]


def test_missing_label_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "S-1.wav").write_bytes(b"never read")
    with pytest.raises(FeatureFolderError, match=r"S-1\.wav has no label file: S-1\.txt must lie beside it"):
        find_excerpts(tmp_path)


def test_binary_label_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "S-1.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FeatureFolderError, match=r"S-1\.txt cannot be read"):
        read_labels(path)


def test_corrupt_recording_is_named_by_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Classifier, "load", lambda model=None: PitchClassifier())
    (tmp_path / "S-1.wav").write_bytes(b"RIFF no sound here")
    (tmp_path / "S-1.txt").write_text("cel\n", encoding="utf-8")
    assert main(["evaluate", "--irmas-testing", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"the excerpt {tmp_path / 'S-1.wav'} cannot be read" in line


def test_silent_excerpt_is_heard_as_nothing(tmp_path: Path) -> None:
    write_excerpt(tmp_path / "S-1.wav", np.zeros(5 * SAMPLE_RATE, dtype=np.float32), "cel")
    write_excerpt(tmp_path / "T-1.wav", make_tone("vio", 5.0), "vio")
    report = run_protocol(PitchClassifier(), tmp_path)  # type: ignore[arg-type]
    assert report.rows["top_1"].scores.micro_precision == 1.0
    assert report.rows["top_1"].scores.micro_recall == 0.5
    assert report.rows["best_threshold_normalised"].scores.micro_f1 == pytest.approx(2 / 3)
