"""Training: reproducible, resumable, and what it writes can be loaded and used."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.classifier import Calibration, Classifier
from instrunet_widgets.cli import main
from instrunet_widgets.errors import FeatureFolderError, ModelError
from instrunet_widgets.training import train as train_module
from instrunet_widgets.training.augmentation import AugmentationConfig, augment, mix_in_power
from instrunet_widgets.training.calibration import fit_calibration, fit_thresholds, maximise_f1
from instrunet_widgets.training.network import NetworkConfig, build_network
from instrunet_widgets.training.prediction import predict
from instrunet_widgets.training.publish import write_model
from instrunet_widgets.training.recipe import TrainingConfig
from instrunet_widgets.training.train import EpochDraw, TrainingResult, _train_epoch, train
from instrunet_widgets.training.training_set import TrainingSet, gather_training_set

SMALL = TrainingConfig(
    epochs=5,
    stopping="best",
    batch_size=8,
    ema_momentum=0.9,
    network=NetworkConfig(stem_channels=8, stage_channels=(8, 8, 8), dropout=0.1),
)


@pytest.fixture(scope="module")
def training_set(banded_features: Path) -> TrainingSet:
    return gather_training_set(banded_features)


@pytest.fixture(scope="module")
def small_result(training_set: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return train(training_set, SMALL, tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def small_model(
    training_set: TrainingSet,
    small_result: TrainingResult,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    out = tmp_path_factory.mktemp("models") / "small"
    write_model(out, small_result, training_set, SMALL)
    return out


def losses(result: TrainingResult) -> list[float]:
    return [row["loss"] for row in result.history]


def test_loss_falls(small_result: TrainingResult) -> None:
    assert losses(small_result)[-1] < losses(small_result)[0]


def test_two_runs_of_one_epoch_have_equal_losses(training_set: TrainingSet, tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, epochs=1)
    first, second = (losses(train(training_set, config, tmp_path / name)) for name in ("a", "b"))
    np.testing.assert_allclose(first, second, rtol=1e-4)


def test_other_seed_has_another_loss(training_set: TrainingSet, tmp_path: Path) -> None:
    results = [
        train(training_set, dataclasses.replace(SMALL, epochs=1, seed=seed), tmp_path / str(seed)) for seed in (1, 2)
    ]
    assert abs(losses(results[0])[0] - losses(results[1])[0]) > 1e-4


def test_interrupted_run_goes_on_and_ends_like_an_uninterrupted_one(
    training_set: TrainingSet,
    small_result: TrainingResult,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    score_stop, calls = train_module._score_stop, []

    def interrupt_in_second_epoch(*args: object) -> dict[str, float]:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return score_stop(*args)

    monkeypatch.setattr(train_module, "_score_stop", interrupt_in_second_epoch)
    with pytest.raises(KeyboardInterrupt):
        train(training_set, SMALL, tmp_path)
    resumed = train(training_set, SMALL, tmp_path)
    assert len(calls) == 1 + SMALL.epochs, "the first epoch was kept, the others were run"
    for column in ("loss", "stop_loss", "stop_accuracy", "stop_average_precision"):
        there, here = ([row[column] for row in result.history] for result in (resumed, small_result))
        np.testing.assert_allclose(there, here, rtol=1e-3, err_msg=column)
    # The averaged weights, which are those that ship, do not show in the losses.
    for ours, theirs in zip(resumed.model.get_weights(), small_result.model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-2, atol=1e-3)


def test_run_that_patience_ended_is_over_when_started_again(
    training_set: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The score falls from the first epoch on, so patience 2 ends the run after the third.
    calls: list[object] = []

    def score_worse_and_worse(model: object, stop: object) -> dict[str, float]:
        calls.append(model)
        return {"stop_loss": 1.0, "stop_accuracy": 0.5, "stop_average_precision": 1.0 - len(calls) / 10}

    monkeypatch.setattr(train_module, "_score_stop", score_worse_and_worse)
    config = dataclasses.replace(SMALL, patience=2)
    ended, again = (train(training_set, config, tmp_path) for _ in range(2))
    assert len(calls) == len(ended.history) == len(again.history) == 3
    for first, second in zip(ended.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_run_folder_of_other_settings_is_refused(training_set: TrainingSet, tmp_path: Path) -> None:
    train(training_set, dataclasses.replace(SMALL, epochs=1), tmp_path)
    with pytest.raises(FeatureFolderError, match="other settings"):
        train(training_set, dataclasses.replace(SMALL, epochs=1, learning_rate=1e-3), tmp_path)
    # The same clips by name, made anew: another sound, or another label.
    side = training_set.train
    for changed in (
        dataclasses.replace(side, log_mels=255 - side.log_mels),
        dataclasses.replace(side, targets=np.roll(side.targets, 1, axis=1)),
    ):
        with pytest.raises(FeatureFolderError, match="other settings or features"):
            train(dataclasses.replace(training_set, train=changed), dataclasses.replace(SMALL, epochs=1), tmp_path)


def test_damaged_checkpoint_is_named(training_set: TrainingSet, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(b"half a file")
    with pytest.raises(FeatureFolderError, match=r"checkpoint\.npz is damaged"):
        train(training_set, SMALL, tmp_path)


def test_settings_survive_json_and_unknown_ones_are_refused() -> None:
    assert TrainingConfig.from_json(SMALL.to_json()) == SMALL
    with pytest.raises(ValueError, match="learning_rat"):
        TrainingConfig.from_json('{"learning_rat": 1}')


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"epochs": 0}', "epochs must be a whole number, 1 or more, got 0"),
        ('{"batch_size": 2.5}', "batch_size"),
        ('{"fold": 5}', "fold must be from 0 to 4"),
        ('{"learning_rate": "fast"}', "learning_rate must be a number"),
        ('{"ema_momentum": 1}', "ema_momentum"),
        ('{"low_target": 0.9, "high_target": 0.1}', "targets"),
        ('{"network": []}', "JSON objects"),
        ("[]", "JSON object"),
    ],
)
def test_impossible_settings_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        TrainingConfig.from_json(text)


def test_run_without_epochs_is_refused_in_one_sentence(
    banded_features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "--features", str(banded_features), "--out", str(tmp_path / "mine"), "--epochs", "0"]
    assert main(arguments) == 1
    assert capsys.readouterr().err == (
        "instrunet: the run cannot begin: epochs must be a whole number, 1 or more, got 0\n"
    )


def test_folders_of_one_name_are_refused(banded_features: Path, tmp_path: Path) -> None:
    with pytest.raises(FeatureFolderError, match="have the same name"):
        gather_training_set(banded_features, [tmp_path / "a" / banded_features.name])


def test_export_equals_the_keras_network(
    small_model: Path, small_result: TrainingResult, training_set: TrainingSet
) -> None:
    expected = predict(small_result.model, training_set.test)
    run_network = Classifier.load(small_model).run_network
    np.testing.assert_allclose(run_network(training_set.test.decibels()), expected, atol=1e-4)


def test_loaded_model_names_the_loud_band(small_model: Path, training_set: TrainingSet) -> None:
    test = training_set.test
    p = Classifier.load(small_model).predict_proba(test.decibels())
    # Five epochs of a tiny network; one in eleven would be chance.
    assert np.mean(p.argmax(axis=1) == test.targets.argmax(axis=1)) > 3 / 11


def test_model_directory_is_complete(small_model: Path) -> None:
    names = {path.name for path in small_model.iterdir()}
    assert names == {
        "network.keras", "network.onnx", "mel.npz", "model.json", "history.csv", "scores.json", "split.json",
        "training.json", "README.md",
    }  # fmt: skip
    card = (small_model / "README.md").read_text(encoding="utf-8")
    scores = json.loads((small_model / "scores.json").read_text(encoding="utf-8"))
    assert f"{scores['test']['eleven_classes']['accuracy']:.3f}".removeprefix("0") in card
    assert "non-commercial" in card


def test_existing_model_is_not_overwritten(
    small_model: Path, small_result: TrainingResult, training_set: TrainingSet
) -> None:
    before = (small_model / "model.json").read_bytes()
    with pytest.raises(ModelError, match="exists"):
        write_model(small_model, small_result, training_set, SMALL)
    assert (small_model / "model.json").read_bytes() == before


def test_command_trains_from_a_settings_file(banded_features: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(SMALL.to_json(), encoding="utf-8")
    arguments = ["train", "--features", str(banded_features), "--config", str(settings), "--epochs", "1"]
    arguments += ["--out", str(tmp_path / "mine"), "--run-folder", str(tmp_path / "run")]
    assert main(arguments) == 0
    assert Classifier.load(tmp_path / "mine").name == "mine"


def test_network_gives_eleven_probabilities() -> None:
    model = build_network(SMALL.network)
    p = model.predict_on_batch(np.zeros((2, 128, 130), dtype=np.float32))
    assert p.shape == (2, 11)
    assert ((p > 0) & (p < 1)).all()


def test_mixing_adds_powers() -> None:
    mixed = mix_in_power(np.float32([-10.0, 0.0]), np.float32([-10.0, -80.0]))
    np.testing.assert_allclose(mixed, [10 * np.log10(0.1 + 0.1), 0.0], atol=1e-5)


def test_mixed_clips_carry_both_labels_and_some_stay_unmixed() -> None:
    log_mels = np.random.default_rng(0).integers(0, 256, size=(22, 128, 130), dtype=np.uint8)
    targets = np.eye(11, dtype=np.float32)[np.arange(22) % 11]
    config = AugmentationConfig(mix_probability=0.5, third_probability=0.0)
    batch = augment(log_mels, targets, np.arange(22), config, np.random.default_rng(3))
    n_labels = batch.targets.sum(axis=1)
    assert set(n_labels.tolist()) == {1.0, 2.0}
    assert (batch.targets >= targets).all()
    assert batch.log_mels.min() >= -80
    assert batch.log_mels.max() <= 1e-3


def test_third_clip_joins_some_of_the_pairs() -> None:
    log_mels = np.random.default_rng(0).integers(0, 256, size=(220, 128, 130), dtype=np.uint8)
    targets = np.eye(11, dtype=np.float32)[np.arange(220) % 11]
    config = AugmentationConfig(mix_probability=0.6, third_probability=0.5)
    n_labels = augment(log_mels, targets, np.arange(220), config, np.random.default_rng(3)).targets.sum(axis=1)
    # a partner has the label of what it joins in one of eleven cases
    assert np.mean(n_labels == 1) == pytest.approx(0.4 + 0.6 * (0.5 / 11 + 0.5 / 121), abs=0.1)
    assert np.mean(n_labels == 3) == pytest.approx(0.6 * 0.5 * (10 / 11) * (9 / 11), abs=0.1)


def test_silenced_clips_keep_a_part_of_at_least_a_third_of_a_second() -> None:
    log_mels = np.full((60, 128, 130), 200, dtype=np.uint8)
    targets = np.eye(11, dtype=np.float32)[np.arange(60) % 11]
    config = AugmentationConfig(
        mix_probability=0.0, silence_probability=0.5, max_masked_bands=0, max_masked_frames=0, max_floor_db=-80.0,
        cell_noise_db=0.0,
    )  # fmt: skip
    batch = augment(log_mels, targets, np.arange(60), config, np.random.default_rng(3))
    sounds = (batch.log_mels > -60).all(axis=1)
    n_frames = sounds.sum(axis=1)
    assert 13 <= n_frames.min() < 40
    assert 20 <= (n_frames < 130).sum() <= 40
    assert (np.abs(np.diff(sounds.astype(int), axis=1)).sum(axis=1) <= 2).all()  # one part, not several


def test_only_clips_of_the_pool_are_mixed_in() -> None:
    log_mels = np.zeros((22, 128, 130), dtype=np.uint8)
    targets = np.eye(11, dtype=np.float32)[np.arange(22) % 11]
    config = AugmentationConfig(mix_probability=1.0)
    batch = augment(log_mels, targets, np.arange(11), config, np.random.default_rng(3), pool=np.array([4]))
    np.testing.assert_array_equal(batch.targets, np.maximum(targets[:11], targets[4]))


def test_bands_move_up_and_down_and_leave_silence() -> None:
    log_mels = np.zeros((60, 128, 130), dtype=np.uint8)
    log_mels[:, 50] = 255
    still = {"mix_probability": 0, "max_masked_bands": 0, "max_masked_frames": 0, "max_tilt_db": 0}
    still |= {"band_noise_db": 0, "cell_noise_db": 0, "max_floor_db": -80}
    config = AugmentationConfig(**still, max_band_shift=2)
    x = augment(log_mels, np.zeros((60, 11), np.float32), np.arange(60), config, np.random.default_rng(0)).log_mels
    loudest = x[:, :, 0].argmax(axis=1)
    assert set(loudest.tolist()) == {48, 49, 50, 51, 52}
    np.testing.assert_array_equal(np.sort(x[:, :, 0], axis=1)[:, :-1], -80)


def test_calibration_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, size=(4000, 1))
    truth = (rng.random((4000, 1)) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    overconfident = (1 / (1 + np.exp(-2 * logits))).astype(np.float32)
    calibration = fit_calibration(overconfident, truth)
    assert calibration.a[0] == pytest.approx(0.5, abs=0.06)
    assert calibration.b[0] == pytest.approx(0.5, abs=0.06)
    assert calibration.c[0] == pytest.approx(0.0, abs=0.12)


def test_calibration_bends_each_end_by_itself() -> None:
    # Sure answers are right less often than they say, unlikely ones as often as they say.
    rng = np.random.default_rng(0)
    p = rng.uniform(0.02, 0.98, (20_000, 1)).astype(np.float32)
    expected = Calibration([1.0], [0.4], [0.0])(p)
    truth = (rng.random(p.shape) < expected).astype(np.float32)
    found = fit_calibration(p, truth)
    assert (found.a[0], found.b[0], found.c[0]) == pytest.approx((1.0, 0.4, 0.0), abs=0.1)


def test_calibration_of_answers_that_are_upside_down_still_keeps_their_order() -> None:
    p = np.linspace(0.01, 0.99, 200, dtype=np.float32)[:, np.newaxis]
    calibrated = fit_calibration(p, 1 - p.round())(p)
    assert (np.diff(calibrated[:, 0]) > 0).all()


def test_threshold_separates_classes_that_can_be_separated() -> None:
    p = np.array([[0.1, 0.1], [0.3, 0.2], [0.5, 0.6], [0.9, 0.8]], dtype=np.float32)
    truth = np.array([[0, 0], [0, 0], [1, 1], [1, 1]], dtype=np.float32)
    thresholds = maximise_f1(p, truth)
    assert ((thresholds > 0.3) & (thresholds <= 0.5)).all()


def test_the_longer_a_recording_the_less_its_mean_must_reach() -> None:
    rng = np.random.default_rng(0)
    truth = np.eye(11, dtype=np.float32)[np.arange(220) % 11]
    p = np.clip(0.7 * truth + rng.exponential(0.06, truth.shape), 0, 0.99).astype(np.float32)
    thresholds = fit_thresholds(p, truth)
    assert thresholds.n_windows.tolist() == [1, 3, 10, 30, 120]
    means = thresholds.recording_mean.mean(axis=1)
    assert means[0] > means[2] > means[4]
    # The loudest of many windows of an absent instrument is far above the mean of a present one.
    assert thresholds.recording_max.mean() > means[2]
    np.testing.assert_array_equal(thresholds.recording_mean[0], thresholds.window)  # its only window is all there is
    np.testing.assert_array_equal(fit_thresholds(p, truth).recording_mean, thresholds.recording_mean)


def test_thresholds_do_not_hang_on_the_recordings_that_were_made_up() -> None:
    rng = np.random.default_rng(1)
    truth = np.eye(11, dtype=np.float32)[np.arange(550) % 11]
    p = np.clip(truth * rng.beta(2, 1.5, truth.shape) + rng.exponential(0.06, truth.shape), 0, 0.99).astype(np.float32)
    one, other = (fit_thresholds(p, truth, seed=seed) for seed in (1, 2))
    for ours, theirs in ((one.recording_mean, other.recording_mean), (one.recording_max, other.recording_max)):
        difference = np.abs(ours - theirs)
        assert difference.mean() < 0.02
        assert difference.max() < 0.1


def test_loss_of_an_epoch_is_the_mean_over_its_batches(training_set: TrainingSet) -> None:
    class Counting:
        n_calls = 0

        def train_on_batch(self, log_mels: np.ndarray, targets: np.ndarray) -> float:
            self.n_calls += 1
            return float(self.n_calls)

    draw = EpochDraw(training_set.n_main, 0, SMALL)
    loss = _train_epoch(Counting(), training_set.train, SMALL, draw, 0)
    assert draw.n_steps > 2
    assert loss == pytest.approx((1 + draw.n_steps) / 2)
