"""The live training of lesson 4, on trainings that are made up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import numpy as np
import pytest
from lesson_parts import controls_of, look_at, texts_of, values_of

from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.instruments import CODES
from instrunet_widgets.lessons import live_training
from instrunet_widgets.lessons import training_experiments as lesson
from instrunet_widgets.training.trial import TrialConfig, TrialScores, TrialState


def make_state(n_epochs: int, n_all: int, **changes) -> TrialState:
    scores = TrialScores(0.5, np.linspace(0, 1, len(CODES)), 132) if n_epochs else None
    values = tuple(0.4 - 0.01 * k for k in range(n_epochs))
    accuracies = tuple(0.1 + 0.01 * k for k in range(n_epochs))
    return TrialState(n_epochs / n_all, 1.0 * n_epochs, 1_000, values, values, accuracies, scores, **changes)


def run_fake(config: TrialConfig) -> Iterator[TrialState]:
    yield from (make_state(k, config.epochs) for k in range(config.epochs + 1))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> lesson.LiveTraining:
    monkeypatch.setattr(live_training, "train_trial", run_fake)
    return lesson.LiveTraining()


def test_knobs_make_the_recipe(fake: lesson.LiveTraining) -> None:
    assert fake.config == TrialConfig()
    fake.kernel.value, fake.optimizer.value, fake.rate.value = 5, "sgd", 10.0
    fake.regularised.value, fake.epochs.value, fake.seed.value = False, 3, 7
    assert fake.config == TrialConfig(5, "sgd", 10.0, False, 3, 7)


def test_a_run_fills_the_curves_and_the_table(fake: lesson.LiveTraining) -> None:
    for epochs in (40, 2, 3):
        fake.epochs.value = epochs
        fake.button.click()
        look_at(fake)
        assert fake._now.x.tolist() == list(range(1, epochs + 1))
        assert "Notes <b>66 of 132</b>" in texts_of(fake)
        assert f"Done after {epochs} epochs" in texts_of(fake)
    assert len(fake.trials) == 3
    assert texts_of(fake).count("AdamW") == 3
    assert fake._before.x.tolist() == [1, 2]  # the run before
    assert not fake.button.disabled
    assert fake.stop_button.disabled


def test_every_knob_at_both_ends(fake: lesson.LiveTraining) -> None:
    for control in list(controls_of(fake)):
        for value in values_of(control):
            control.value = value
            fake.button.click()
            look_at(fake)


def test_a_run_that_flies_away_is_told_and_leaves_no_score(
    fake: lesson.LiveTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        live_training, "train_trial", lambda _: iter([make_state(0, 2), make_state(0, 2, has_failed=True)])
    )
    monkeypatch.setattr(live_training, "close_when_done", lambda _: None)
    fake.button.click()
    assert "Choose a lower learning rate" in texts_of(fake)
    assert fake.trials == []
    look_at(fake)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(FeatureFolderError("The notes are gone."), "The notes are gone."), (MemoryError(), "MemoryError")],
)
def test_an_error_is_a_sentence_and_the_button_comes_back(
    fake: lesson.LiveTraining, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(_: TrialConfig) -> Iterator[TrialState]:
        yield make_state(0, 2)
        raise error

    monkeypatch.setattr(live_training, "train_trial", fail)
    fake.button.click()
    assert sentence in texts_of(fake)
    assert not fake.button.disabled


def test_kernel_stays_alive_and_stop_stops(fake: lesson.LiveTraining, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []

    def slow(config: TrialConfig) -> Iterator[TrialState]:
        try:
            for k in range(config.epochs + 1):
                time.sleep(0.02)
                yield make_state(k, config.epochs)
        finally:
            closed.append(True)

    monkeypatch.setattr(live_training, "train_trial", slow)
    fake.epochs.value = 40

    async def use() -> None:
        fake.button.click()
        assert fake.button.disabled
        while len(fake._now.x) < 3 or not fake._now.visible:  # the event loop runs while the network trains
            await asyncio.sleep(0.01)
        fake.button.click()  # a second click starts no second run
        fake.stop_button.click()
        await fake.task

    asyncio.run(use())
    assert closed == [True]
    assert len(fake.trials) == 1
    assert 3 <= len(fake.trials[0].state.losses) < 40
    assert "Stopped after" in texts_of(fake)
    assert not fake.button.disabled


def stop_at_once(fake: lesson.LiveTraining) -> None:
    async def use() -> None:
        fake.button.click()
        fake.stop_button.click()
        await fake.task

    asyncio.run(use())


def test_stop_before_an_epoch_is_whole_leaves_no_score(fake: lesson.LiveTraining) -> None:
    stop_at_once(fake)
    assert "No epoch was whole" in texts_of(fake)
    assert fake.trials == []


def test_what_the_run_before_left_is_not_shown_as_this_run(fake: lesson.LiveTraining) -> None:
    fake.epochs.value = 5
    fake.button.click()
    assert "Notes <b>66 of 132</b>" in texts_of(fake)
    fake.epochs.value = 3

    stop_at_once(fake)
    assert "No epoch was whole" in texts_of(fake)
    assert not any(line.visible for line in (*fake._lines.values(), fake._now))
    assert fake._before.visible
    assert fake._before.y.tolist() == pytest.approx([0.1, 0.11, 0.12])
    assert "Notes <b>" not in texts_of(fake)
    assert fake.chart not in fake._results.children
    assert texts_of(fake).count("<td>AdamW</td>") == 1  # the table of all runs stays
    fake.button.click()
    assert fake._now.y.tolist() == pytest.approx([0.1, 0.11, 0.12])
    assert "Notes <b>66 of 132</b>" in texts_of(fake)
    assert fake.chart in fake._results.children
