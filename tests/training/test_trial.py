"""The training run to watch: what it tells while it goes on, that it learns, stops and fails as it should."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet_widgets.training import trial
from instrunet_widgets.training.example_notes import find_held_out, load_example_notes
from instrunet_widgets.training.trial import TrialConfig, move_notes, score_notes, train_trial

pytest.importorskip("keras")


def run_on_few(config: TrialConfig, n_train: int = 48) -> list[trial.TrialState]:
    notes = load_example_notes()
    is_held_out = find_held_out(notes)
    few = notes.subset(np.flatnonzero(~is_held_out)[:: int((~is_held_out).sum()) // n_train][:n_train])
    return list(trial._run(config, few, notes.subset(is_held_out)))


@pytest.fixture(scope="module")
def states() -> list[trial.TrialState]:
    return run_on_few(TrialConfig(epochs=2))


def test_progress_rises_step_by_step_to_the_end(states: list[trial.TrialState]) -> None:
    fractions = [state.fraction for state in states]
    assert fractions == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])  # 48 notes are 3 batches
    assert [len(state.losses) for state in states] == [0, 0, 0, 1, 1, 1, 2]
    assert all(len(state.accuracies) == len(state.held_out_losses) == len(state.losses) for state in states)


def test_scores_are_of_the_held_out_notes(states: list[trial.TrialState]) -> None:
    scores = states[-1].scores
    assert scores is not None
    assert scores.n_notes == 132
    assert scores.accuracy == states[-1].accuracies[-1] == pytest.approx(scores.by_instrument.mean())  # 12 of each


def test_same_seed_gives_the_same_run(states: list[trial.TrialState]) -> None:
    again = run_on_few(TrialConfig(epochs=2))
    assert again[-1].losses == pytest.approx(states[-1].losses, rel=1e-3)


def test_larger_kernels_have_more_parameters_and_no_normalisation_has_fewer(states: list[trial.TrialState]) -> None:
    n = states[0].n_parameters
    # The two stages hold 8 x 16, 16 x 16, 16 x 32 and 32 x 32 kernels.
    n_kernels = 8 * 16 + 16 * 16 + 16 * 32 + 32 * 32
    larger = trial._build(TrialConfig(kernel=5))
    assert larger.count_params() - n == (25 - 9) * n_kernels
    kinds = {type(layer).__name__ for layer in trial._build(TrialConfig(regularised=False)).layers}
    assert "BatchNormalization" not in kinds


@pytest.mark.parametrize(("name", "kind"), [("adamw", "AdamW"), ("sgd", "SGD"), ("rmsprop", "RMSprop")])
def test_optimiser_and_its_rate_are_those_that_were_chosen(name: str, kind: str) -> None:
    optimizer = trial._build(TrialConfig(optimizer=name, rate_factor=0.5)).optimizer
    assert type(optimizer).__name__ == kind
    assert float(optimizer.learning_rate) == pytest.approx(trial.OPTIMIZERS[name] / 2)


def test_steps_that_are_far_too_large_end_the_run_without_a_score() -> None:
    last = run_on_few(TrialConfig(optimizer="sgd", rate_factor=1e9, regularised=False, epochs=3))[-1]
    assert last.has_failed
    assert len(last.losses) < 3
    assert np.isfinite(last.losses).all()


@pytest.mark.slow
def test_a_short_run_on_all_notes_learns_to_tell_pitches_it_never_heard() -> None:
    *_, last = train_trial(TrialConfig(epochs=8))
    assert last.losses[-1] < 0.9 * last.losses[0]
    assert last.accuracies[-1] > 3 / 11  # guessing: 1 in 11


def test_closing_ends_the_run() -> None:
    states = train_trial(TrialConfig(epochs=40))
    assert next(states).fraction == 0
    states.close()
    assert list(states) == []


def test_moved_notes_keep_their_sound_unless_it_leaves_the_picture() -> None:
    pictures = np.full((50, 30, 40), -80, dtype=np.float32)
    pictures[:, 15, 20] = 0
    moved = move_notes(pictures, np.random.default_rng(0))
    assert moved.shape == pictures.shape
    places = np.argwhere(moved == 0)
    assert len(places) == 50
    rows, columns = places[:, 1] - 15, places[:, 2] - 20
    assert (rows.min(), rows.max()) == (-6, 6)
    assert -12 <= columns.min() < -8 < 8 < columns.max() <= 12


def test_score_by_hand() -> None:
    targets = np.eye(11, dtype=np.float32)[[0, 0, 1, 10]]
    probabilities = np.eye(11)[[0, 1, 1, 9]]
    scores = score_notes(probabilities, targets)
    assert (scores.accuracy, scores.n_notes) == (0.5, 4)
    assert scores.by_instrument[[0, 1, 2, 10]].tolist() == [0.5, 1, 0, 0]


def test_loss_by_hand() -> None:
    p, y = np.array([[0.5, 0.25]]), np.array([[1.0, 0.0]], dtype=np.float32)
    assert trial._cross_entropy(p, y) == pytest.approx((np.log(2) - np.log(0.75)) / 2)


@pytest.mark.parametrize(
    "wrong",
    [{"kernel": 0}, {"kernel": 8}, {"optimizer": "adam"}, {"epochs": 0}, {"rate_factor": 0}, {"rate_factor": np.inf}],
)
def test_settings_out_of_range_are_named(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TrialConfig(**wrong)
