"""Training with teachers: who hears what, and what the student learns from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.training import teaching
from instrunet_widgets.training.augmentation import Batch
from instrunet_widgets.training.experiment_plan import BASE
from instrunet_widgets.training.feature_folder import write_feature_folder
from instrunet_widgets.training.network import NetworkConfig, build_network
from instrunet_widgets.training.recipe import METHODS
from instrunet_widgets.training.teaching import TEACHER_SHARE, blend_labels, halve_recordings, train_by
from instrunet_widgets.training.train import Teacher, train
from instrunet_widgets.training.training_set import TrainingSet, gather_training_set

TINY = dataclasses.replace(BASE, epochs=1, network=NetworkConfig(stem_channels=4, stage_channels=(4, 4, 4)))


@pytest.fixture(scope="module")
def training_set(banded_features: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Banded clips, and notes of two instruments."""
    rng = np.random.default_rng(1)
    rows = [{"file": f"{code}/{k}", "class": code, "group": f"{code}{k}"} for code in ("cel", "flu") for k in range(20)]
    notes = tmp_path_factory.mktemp("further") / "notes"
    write_feature_folder(notes, rng.integers(0, 255, (40, 128, 130)).astype(np.uint8), rows)
    return gather_training_set(banded_features, [notes])


class Recorder:
    """Stands for `train`: keeps what it was given, and gives a network that was not trained."""

    def __init__(self) -> None:
        self.calls: list[tuple[TrainingSet, Path, dict]] = []

    def __call__(self, training_set, config, run_dir, **kwargs):
        self.calls.append((training_set, run_dir, kwargs))
        model = build_network(config.network)
        model.set_weights([np.full_like(weights, len(self.calls)) for weights in model.get_weights()])
        return teaching.TrainingResult(model, [])


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(teaching, "train", recorder)
    return recorder


def test_halves_cut_no_recording() -> None:
    groups = np.array([f"r{k // 3}" for k in range(60)])
    first = halve_recordings(groups, 0)
    assert first.sum() == 30
    assert not set(groups[first]) & set(groups[~first])
    assert (first != halve_recordings(groups, 1)).any()


def test_each_half_is_heard_by_the_network_that_did_not_learn_from_it(
    training_set: TrainingSet, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heard = []
    monkeypatch.setattr(
        teaching, "predict", lambda model, folder: heard.append(folder) or np.full((len(folder), 11), len(heard) / 10)
    )
    train_by("self-training", training_set, TINY, tmp_path / "run")
    (first, *_), (second, *_), (student, run_dir, _) = recorder.calls
    for taught, asked in zip((first, second), heard, strict=True):
        assert not set(taught.train.groups) & set(asked.groups)
        assert len(taught.train) + len(asked) == training_set.n_main == taught.n_main + len(asked)
        assert set(taught.train.files) <= set(training_set.train.files)
    assert run_dir == tmp_path / "run"
    # An absent instrument: nothing from the label, .3 of what was heard (.1 or .2).
    absent = student.train.targets[: training_set.n_main][training_set.train.targets[: training_set.n_main] == 0]
    assert set(np.round(absent, 5)) == {np.float32(0.03), np.float32(0.06)}
    np.testing.assert_array_equal(
        student.train.targets[training_set.n_main :], training_set.train.targets[training_set.n_main :]
    )


def test_labels_are_blended_for_the_first_folder_alone(training_set: TrainingSet) -> None:
    n_main = training_set.n_main
    taught = blend_labels(training_set, np.full((n_main, 11), 0.5, dtype=np.float32))
    present = training_set.train.targets[:n_main] == 1
    np.testing.assert_allclose(taught.train.targets[:n_main][present], 1 - TEACHER_SHARE / 2)
    np.testing.assert_allclose(taught.train.targets[:n_main][~present], TEACHER_SHARE / 2)
    assert training_set.train.targets.max() == 1  # the old ones are as they were


def test_pre_training_begins_with_the_further_folders(
    training_set: TrainingSet, recorder: Recorder, tmp_path: Path
) -> None:
    train_by("pre-training", training_set, TINY, tmp_path / "run")
    (before, before_dir, _), (after, _, given) = recorder.calls
    assert set(before.train.files) == set(training_set.train.files[training_set.n_main :])
    assert before.n_main == len(before.train)
    assert before_dir != tmp_path / "run"
    assert after is training_set
    assert all((weights == 1).all() for weights in given["initial_weights"])


def test_pre_training_without_further_folders_is_refused(banded_features: Path, tmp_path: Path) -> None:
    with pytest.raises(FeatureFolderError, match="further feature folders"):
        train_by("pre-training", gather_training_set(banded_features), TINY, tmp_path / "run")


def test_distillation_asks_three_networks(training_set: TrainingSet, recorder: Recorder, tmp_path: Path) -> None:
    train_by("distillation", training_set, TINY, tmp_path / "run")
    *teachers, (_, _, given) = recorder.calls
    assert len(teachers) == 3
    silence = np.full((2, 128, 130), -80, dtype=np.float32)
    answers = []
    for k in range(1, 4):
        model = build_network(TINY.network)
        model.set_weights([np.full_like(weights, k) for weights in model.get_weights()])
        answers.append(np.asarray(model.predict_on_batch(silence)))
    np.testing.assert_allclose(given["teacher"].listen(silence), np.mean(answers, axis=0), rtol=1e-5)
    assert given["teacher"].share == TEACHER_SHARE


def test_a_teacher_hears_the_batch_as_it_was_augmented() -> None:
    batch = Batch(np.full((2, 128, 130), -7, dtype=np.float32), np.eye(2, 11, dtype=np.float32))
    targets = Teacher(lambda log_mels: np.full((len(log_mels), 11), -log_mels[0, 0, 0] / 10), 0.5).blend(batch)
    # by hand: half of 1 or 0, and half of .7
    np.testing.assert_allclose(targets[0, :2], [0.85, 0.35], rtol=1e-6)


def test_training_begins_at_given_weights(training_set: TrainingSet, tmp_path: Path) -> None:
    still = dataclasses.replace(TINY, learning_rate=1e-12, weight_decay=0.0, warmup_epochs=0, ema_momentum=0.0)
    weights = [np.full_like(one, 0.125) for one in build_network(TINY.network).get_weights()]
    result = train(training_set, still, tmp_path / "run", initial_weights=weights)
    kernel = next(one for one in result.model.trainable_variables if one.path.endswith("kernel"))
    np.testing.assert_allclose(np.asarray(kernel), 0.125, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_every_way_trains(method: str, training_set: TrainingSet, tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, extra_share=0.1)
    result = train_by(method, training_set, config, tmp_path / "run")
    assert len(result.history) == 1
    assert np.isfinite(result.history[0]["loss"])


def test_unknown_ways_are_named(training_set: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one of plain, pre-training, self-training, distillation, got 'magic'"):
        train_by("magic", training_set, TINY, tmp_path / "run")
