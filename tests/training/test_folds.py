"""Five folds joined: each clip scored once, nothing fitted on what is scored, and a network that learns from all."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from instrunet_widgets.classifier import Calibration, Classifier
from instrunet_widgets.cli import main
from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.instruments import CODES
from instrunet_widgets.thresholds import ModelThresholds
from instrunet_widgets.training import folds as folds_module
from instrunet_widgets.training.calibration import fit_calibration, maximise_f1
from instrunet_widgets.training.feature_folder import write_feature_folder
from instrunet_widgets.training.folds import Fold, Side, join_folds, mix_clips, read_fold
from instrunet_widgets.training.network import NetworkConfig
from instrunet_widgets.training.out_of_fold import OutOfFold, read_out_of_fold
from instrunet_widgets.training.publish import Reading, score_held_out
from instrunet_widgets.training.recipe import TrainingConfig
from instrunet_widgets.training.relabelled import score_relabelled
from instrunet_widgets.training.train import EpochDraw
from instrunet_widgets.training.training_set import gather_training_set

TINY = TrainingConfig(
    epochs=1, batch_size=32, network=NetworkConfig(stem_channels=4, stage_channels=(4, 4, 4)), extra_share=0.5
)


def make_fold(number: int, *, n_clips: int = 110, config: TrainingConfig = TINY) -> Fold:
    """Predictions of a network that is right about four times in five, at odds of its own."""
    rng = np.random.default_rng(number)
    classes = np.arange(n_clips) % 11
    labels = np.eye(11, dtype=np.float32)[classes]
    heard = np.where(rng.random(n_clips) < 0.8, classes, rng.integers(11, size=n_clips))
    raw = rng.uniform(0.01, 0.3, (n_clips, 11))
    raw[np.arange(n_clips), heard] = rng.uniform(0.3, 0.6 + 0.05 * number, n_clips)
    side = Side(raw.astype(np.float32), labels)
    files = np.array([f"clip{number}_{k}" for k in range(n_clips)])
    return Fold(dataclasses.replace(config, fold=number), files, {"test": side, "notes": side})


@pytest.fixture(scope="module")
def folds() -> list[Fold]:
    return [make_fold(number) for number in range(5)]


@pytest.fixture(scope="module")
def joined(folds: list[Fold]) -> OutOfFold:
    return join_folds(folds)


def test_each_clip_is_calibrated_by_the_other_folds(folds: list[Fold], joined: OutOfFold) -> None:
    for k, fold in enumerate(folds):
        others = [other.sides["test"] for other in folds if other is not fold]
        calibration = fit_calibration(
            np.concatenate([side.raw for side in others]), np.concatenate([side.labels for side in others])
        )
        np.testing.assert_allclose(joined.probabilities[joined.fold == k], calibration(fold.sides["test"].raw))
        assert joined.files[joined.fold == k].tolist() == fold.files.tolist()


def test_scores_of_the_folds_are_those_of_scikit_learn(folds: list[Fold]) -> None:
    joined = join_folds(folds[::-1])  # in any order
    accuracies, macro_f1, auc = [], [], []
    for k in range(5):
        p, y = joined.probabilities[joined.fold == k], joined.labels[joined.fold == k]
        accuracies.append((p.argmax(axis=1) == y.argmax(axis=1)).mean())
        macro_f1.append(f1_score(y.argmax(axis=1), p.argmax(axis=1), average="macro"))
        auc.append(roc_auc_score(y, p, average="macro"))
    found = joined.scores["folds"]["eleven_classes"]
    for key, values in (("accuracy", accuracies), ("argmax_macro_f1", macro_f1), ("roc_auc", auc)):
        assert found[key]["mean"] == pytest.approx(np.mean(values), abs=1e-4)
        assert found[key]["spread"] == pytest.approx(np.std(values, ddof=1), abs=1e-4)
    assert joined.scores["test"]["eleven_classes"]["n"] == 550
    assert joined.scores["notes"]["ten_classes"]["n"] == 110  # of the first fold


def test_clips_are_read_at_the_thresholds_that_other_folds_gave(folds: list[Fold], joined: OutOfFold) -> None:
    heard = []
    for k in range(5):
        others = joined.fold != k
        calibration = fit_calibration(joined.raw[others], joined.labels[others])
        threshold = maximise_f1(calibration(joined.raw[others]), joined.labels[others])
        np.testing.assert_allclose(joined.thresholds[k], threshold)
        heard.append(joined.probabilities[joined.fold == k] >= threshold)
    found = joined.scores["test"]["eleven_classes"]
    assert found["micro_f1"] == pytest.approx(f1_score(joined.labels, np.concatenate(heard), average="micro"))
    common = joined.probabilities >= joined.thresholds.mean(axis=0)
    assert f1_score(joined.labels, common, average="micro") != pytest.approx(found["micro_f1"], abs=1e-6)


def test_saved_predictions_hold_what_was_scored(joined: OutOfFold, tmp_path: Path) -> None:
    joined.save(tmp_path / "oof.npz")
    with np.load(tmp_path / "oof.npz", allow_pickle=False) as saved:
        assert sorted(saved) == ["files", "fold", "labels", "probabilities", "raw", "thresholds"]
        np.testing.assert_array_equal(saved["probabilities"], joined.probabilities)
        np.testing.assert_array_equal(saved["labels"].sum(axis=1), 1)


def test_folds_that_do_not_belong_together_are_refused(folds: list[Fold]) -> None:
    with pytest.raises(FeatureFolderError, match=r"each once; these are \[0, 1, 2, 3\]"):
        join_folds(folds[:4])
    other = make_fold(4, config=dataclasses.replace(TINY, learning_rate=1e-4))
    with pytest.raises(FeatureFolderError, match="different settings"):
        join_folds([*folds[:4], other])
    twin = dataclasses.replace(folds[3], config=folds[4].config)
    with pytest.raises(FeatureFolderError, match="scored by two folds"):
        join_folds([*folds[:4], twin])


def test_folder_that_is_no_fold_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeatureFolderError, match="nothing-here is no finished fold"):
        read_fold(tmp_path / "nothing-here")


def test_relabelled_clips_are_scored_against_the_listener(joined: OutOfFold, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    labels = np.maximum(joined.labels[:300].astype(int), rng.random((300, 11)) < 0.15)
    rows = [",".join(["file", *CODES]), "not-there," + ",".join("0" * 11)]
    rows += [f"{file}," + ",".join(map(str, row)) for file, row in zip(joined.files, labels, strict=False)]
    table = tmp_path / "heard.csv"
    table.write_text("\n".join(rows), encoding="utf-8")
    both, by_number = score_relabelled(joined, table)
    found = both["eleven_classes"]
    assert found["n"] == 300
    chosen = joined.probabilities[:300] >= joined.thresholds[joined.fold[:300]]
    assert found["micro_f1"] == pytest.approx(f1_score(labels, chosen, average="micro"))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(labels, joined.probabilities[:300], average="macro"))
    assert sum(row["n"] for row in by_number.values()) == 300
    one = np.flatnonzero(labels.sum(axis=1) == 1)
    is_right = joined.probabilities[one].argmax(axis=1) == labels[one].argmax(axis=1)
    assert by_number["1"]["top_1"] == pytest.approx(is_right.mean(), abs=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,cel\nclip0_0,1", "is no table of labels"),
        (",".join(["file", *CODES]) + "\nclip0_0," + ",".join("2" * 11), "other values than 0 and 1"),
        (",".join(["file", *CODES]) + "\nelsewhere," + ",".join("1" * 11), "names none of the clips"),
    ],
)
def test_bad_tables_of_labels_are_named(joined: OutOfFold, tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "heard.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(FeatureFolderError, match=message):
        score_relabelled(joined, table)


def test_mixtures_hold_different_instruments_and_all_their_labels(banded_features: Path) -> None:
    folder = gather_training_set(banded_features, hold_stop=False).test
    log_mels, labels = (np.concatenate(part) for part in zip(*mix_clips(folder, 3, seed=0, n_mixtures=20), strict=True))
    assert len(log_mels) == 20
    np.testing.assert_array_equal(labels.sum(axis=1), 3)
    np.testing.assert_array_equal(log_mels.max(axis=(1, 2)), 0)
    for log_mel, label in zip(log_mels, labels, strict=True):  # the loud bands of all three are there
        loudness = [log_mel[4 + 11 * k : 12 + 11 * k].mean() for k in range(11)]
        assert set(np.argsort(loudness)[-3:]) == set(np.flatnonzero(label))


def test_fold_without_stop_side_learns_from_four_fifths(banded_features: Path) -> None:
    held = gather_training_set(banded_features, fold=2)
    whole = gather_training_set(banded_features, fold=2, hold_stop=False)
    assert set(whole.split.train) == set(held.split.train) | set(held.split.stop)
    assert whole.split.test == held.split.test
    assert len(whole.stop) == 0
    everything = gather_training_set(banded_features, fold=None)
    assert len(everything.train) == 440
    assert everything.split.test == everything.split.stop == ()


def test_epochs_draw_all_clips_and_other_extras_each_time() -> None:
    draw = EpochDraw(100, 400, TINY)
    first, second = draw(0), draw(1)
    for chosen in (first, second):
        assert len(chosen) == len(set(chosen)) == 150
        assert set(range(100)) <= set(chosen)
    assert set(first) != set(second)
    assert len(EpochDraw(100, 20, TINY)(0)) == 120  # no more than there are


def test_five_folds_become_a_model(
    banded_features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds_module, "N_MIXTURES", 20)
    settings = tmp_path / "tiny.json"
    settings.write_text(TINY.to_json(), encoding="utf-8")
    common = ["train", "--features", str(banded_features), "--config", str(settings)]
    outs = [tmp_path / f"fold{k}" for k in range(5)]
    for k, out in enumerate(outs):
        run = ["--fold", str(k), "--out", str(out), "--run-folder", str(tmp_path / f"run{k}")]
        assert main([*common, *run]) == 0
    model = tmp_path / "tiny"
    folds = ["--folds", *map(str, outs), "--out", str(model), "--run-folder", str(tmp_path / "run")]
    assert main([*common, *folds, "--epochs", "2"]) != 0
    assert "trained with other settings than this run" in " ".join(capsys.readouterr().err.split())
    counts = {"n": 4, "n_right": 1, "accuracy": 0.25}
    report = {"protocol": "solo", "class_mean_accuracy": 0.25, "n_trained": 0, "per_class": {"flu": counts}, **counts}
    for n_trained in (3, None):
        (tmp_path / "solo.json").write_text(json.dumps(report | {"n_trained": n_trained}), encoding="utf-8")
        assert main([*common, *folds, "--solo", str(tmp_path / "solo.json")]) != 0
        assert "cannot stand in for unknown players" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "solo.json").write_text(json.dumps(report), encoding="utf-8")
    assert main([*common, *folds, "--solo", str(tmp_path / "solo.json")]) == 0
    assert "on 440 clips of recordings never seen" in " ".join(capsys.readouterr().out.split())
    classifier = Classifier.load(model)
    assert classifier.predict_proba(np.full((2, 128, 130), -80, dtype=np.float32)).shape == (2, 11)
    scores = json.loads((model / "scores.json").read_text(encoding="utf-8"))
    sides = {"test", "mixtures of 2", "mixtures of 3", "folds", "genres", "shipped", "solo", "by_number", "size"}
    assert set(scores) == sides
    assert scores["size"]["n_parameters"] == keras.saving.load_model(model / "network.keras").count_params()
    card = (model / "README.md").read_text(encoding="utf-8")
    assert "Mean over the five folds" in card
    assert "What is taken for what most often" in card
    assert "1 of 4 right (.250; mean over instruments .250)" in card
    assert "| flute | 4 | .250 |" in card
    assert json.loads((model / "split.json").read_text(encoding="utf-8"))["test"] == []


def test_settings_that_hold_nothing_out_are_refused_before_training(
    banded_features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "all.json"
    settings.write_text(dataclasses.replace(TINY, fold=None).to_json(), encoding="utf-8")
    run = ["--config", str(settings), "--out", str(tmp_path / "model"), "--run-folder", str(tmp_path / "run")]
    assert main(["train", "--features", str(banded_features), *run]) != 0
    assert "give --fold K to score one, or --folds" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_shipped_network_is_scored_on_what_it_did_not_learn_from_and_its_false_alarms_by_kind(
    banded_features: Path, tmp_path: Path
) -> None:
    """The further folder has 40 clips of two kinds, half of them without any of the instruments."""
    kinds = ("phrase", "drums", "phrase", "bass")
    rows = [
        {"file": f"extra-{k}", "class": "cel" if k % 2 == 0 else "", "group": f"g{k // 2}", "kind": kinds[k % 4]}
        for k in range(40)
    ]
    folder = tmp_path / "rendered"
    write_feature_folder(folder, np.full((40, 128, 130), 100, dtype=np.uint8), rows)
    training_set = gather_training_set(banded_features, [folder], fold=None)
    held_out = training_set.held_out["rendered"]
    assert 0 < len(held_out) < 40
    assert not set(held_out.files) & set(training_set.train.files)

    class Loud:
        input_shape = (None, 128, 130)

        def predict_on_batch(self, log_mels: np.ndarray) -> np.ndarray:
            return np.tile(np.array([[0.9] * 2 + [0.1] * 9], dtype=np.float32), (len(log_mels), 1))

    same = Calibration(np.ones(11), np.ones(11), np.zeros(11))
    reading = Reading(same, ModelThresholds(np.full(11, 0.5), np.ones(1), np.full((1, 11), 0.5), np.full(11, 0.5)))
    found = score_held_out(Loud(), training_set, reading)
    assert found["rendered"]["eleven_classes"]["n"] == len(held_out)
    n_windows = {kind: row["n_windows"] for kind, row in found["false_alarms"].items()}
    silent = held_out.frame[held_out.frame["class"] == ""]
    assert n_windows == silent["kind"].value_counts().to_dict()
    assert all(row["per_minute"] == 40 for row in found["false_alarms"].values())  # two instruments in 20 windows


def test_predictions_are_read_as_they_were_saved(joined: OutOfFold, tmp_path: Path) -> None:
    joined.save(tmp_path / "oof.npz")
    again = read_out_of_fold(tmp_path / "oof.npz")
    for name in ("raw", "probabilities", "labels", "fold", "files", "thresholds"):
        np.testing.assert_array_equal(getattr(again, name), getattr(joined, name))
    assert again.labels.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("raw", np.zeros((2, 11)), "same length"),
        ("probabilities", np.nan, r"\[0, 1\]"),
        ("thresholds", np.full((5, 10), 0.5), "thresholds"),
        ("fold", 7, "thresholds"),
    ],
)
def test_predictions_that_do_not_fit_together_are_refused(
    joined: OutOfFold, tmp_path: Path, name: str, value: object, message: str
) -> None:
    joined.save(tmp_path / "oof.npz")
    with np.load(tmp_path / "oof.npz") as file:
        arrays = dict(file)
    if isinstance(value, np.ndarray):
        arrays[name] = value
    else:
        arrays[name][3] = value
    np.savez(tmp_path / "oof.npz", **arrays)
    with pytest.raises(FeatureFolderError, match=rf"oof.npz holds no predictions of folds.*{message}"):
        read_out_of_fold(tmp_path / "oof.npz")


ALONE = "--relabelled and --solo go with five folds; give them with --folds"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--fold", "0", "--folds", "a", "b", "c", "d", "e"], "--folds joins all five; give one of the two"),
        (["--fold", "0", "--solo", "solo.json"], ALONE),
        (["--fold", "0", "--relabelled", "a.csv"], ALONE),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_read(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "--features", str(tmp_path / "missing"), *options, "--out", str(tmp_path / "model")]
    assert main(command) != 0
    assert said in " ".join(capsys.readouterr().err.split())
