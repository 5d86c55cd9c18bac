"""The widgets of lesson 4: tables with one to three seeds, the valley, the run to watch."""

from __future__ import annotations

import asyncio
import csv
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from lesson_parts import controls_of, look_at, texts_of, values_of

from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.instruments import CODES
from instrunet_widgets.lessons import live_training, notices
from instrunet_widgets.lessons import training_experiments as lesson
from instrunet_widgets.lessons.experiment_curves import BASE_NAMES, QUESTIONS, Experiments, read_experiments
from instrunet_widgets.lessons.material import model_folder
from instrunet_widgets.lessons.notices import LessonStop
from instrunet_widgets.lessons.optimisers import START, walk
from instrunet_widgets.training.experiment_plan import EXPERIMENTS, WAYS, list_runs
from instrunet_widgets.training.experiments import RUN_FIELDS
from instrunet_widgets.training.trial import TrialConfig, TrialScores, TrialState

HISTORY = ("question", "variant", "seed", "epoch", "loss", "stop_loss", "stop_accuracy", "stop_average_precision")


def make_tables(n_seeds: dict[tuple[str, str], int]) -> Experiments:
    """Two epochs of each run; accuracy .1 more in the second, and with each seed."""
    runs, history = [], []
    for (question, variant), n in n_seeds.items():
        for seed in range(n):
            key = {"question": question, "variant": variant, "seed": str(seed)}
            runs.append(dict.fromkeys(RUN_FIELDS, "0.5") | key | {"accuracy": f"{0.3 + seed / 10}"})
            for epoch in (1, 2):
                row = {"epoch": str(epoch), "loss": "0.4", "stop_loss": "0.3", "stop_average_precision": "0.2"}
                history.append(key | row | {"stop_accuracy": f"{(epoch + seed) / 10}"})
    return Experiments(runs, history)


TABLES = {
    "nothing": make_tables({}),
    "base-alone": make_tables({("base", "b"): 1}),
    "no-base": make_tables({("optimiser", "SGD"): 2}),
    "one-seed": make_tables({("base", "b"): 1, ("optimiser", "SGD, .1"): 1}),
    "three-seeds": make_tables({("base", "b"): 3, ("optimiser", "SGD"): 3, ("optimiser", "RMSProp"): 2}),
    "many-variants": make_tables({("base", "b"): 3, **{("kernel", f"<b>{k}"): 1 for k in range(6)}}),
    "no-scores": Experiments([], make_tables({("base", "b"): 1}).history),
    "gaps": Experiments([], [dict.fromkeys(HISTORY, "") | {"question": "base", "variant": "b", "epoch": "1"}]),
}


@pytest.mark.parametrize("experiments", TABLES.values(), ids=TABLES)
def test_every_question_and_curve_shows_something_sensible(experiments: Experiments) -> None:
    panel = lesson.ExperimentExplorer(experiments, "kernel")
    for question in panel.question.options:
        panel.question.value = question[1]
        for measure in panel.measure.options:
            panel.measure.value = measure[1]
            look_at(panel)
            assert "<b>0" not in texts_of(panel)


def test_means_and_spread_over_seeds_by_hand() -> None:
    base, sgd, rmsprop = TABLES["three-seeds"].curves("optimiser", "stop_accuracy")
    assert [curve.variant for curve in (base, sgd, rmsprop)] == ["AdamW", "SGD", "RMSProp"]
    assert base.epochs.tolist() == [1, 2]
    assert base.means == pytest.approx([0.2, 0.3])
    assert base.lowest == pytest.approx([0.1, 0.2])
    assert base.highest == pytest.approx([0.3, 0.4])
    assert (base.n_seeds, rmsprop.n_seeds) == (3, 2)
    assert rmsprop.means == pytest.approx([0.15, 0.25])
    assert TABLES["three-seeds"].scores("optimiser")[0][:3] == ("AdamW", "3", "0.400 (0.300-0.500)")


def test_spread_is_shaded_only_where_there_are_several_seeds() -> None:
    one = lesson.ExperimentExplorer(TABLES["one-seed"], "optimiser")
    three = lesson.ExperimentExplorer(TABLES["three-seeds"], "optimiser")
    assert [band.visible for band in one._bands[:3]] == [False] * 3
    assert [band.visible for band in three._bands[:3]] == [True] * 3
    assert "With a single run" in texts_of(one)
    assert "With a single run" not in texts_of(three)
    three.question.value = "kernel"
    assert [band.visible for band in three._bands[:3]] == [True, False, False]


def test_variant_that_was_not_run_is_named() -> None:
    panel = lesson.ExperimentExplorer(TABLES["one-seed"], "optimiser")
    assert "Not measured yet: SGD, .3; RMSProp, .001." in texts_of(panel)
    panel.question.value = "kernel"
    assert "Not measured yet: 5x5." in texts_of(panel)
    assert "3x3" in texts_of(panel)
    assert "nothing has been measured here yet" in texts_of(lesson.ExperimentExplorer(TABLES["nothing"], "kernel"))


def test_every_planned_question_has_a_name() -> None:
    assert set(QUESTIONS) == set(BASE_NAMES) == {question for question, _, _ in EXPERIMENTS} - {"base"}


def test_shipped_tables_have_curves() -> None:
    experiments = read_experiments()
    for question in ("optimiser", "normalisation"):
        assert len(experiments.curves(question, "stop_average_precision")) >= 2
    with (model_folder().parent / "experiments.csv").open(newline="") as stream:
        base = [float(row["accuracy"]) for row in csv.DictReader(stream) if row["question"] == "base"]
    mean = sum(base) / len(base)
    assert experiments.scores("optimiser")[0][2] == f"{mean:.3f} ({min(base):.3f}-{max(base):.3f})"


def test_missing_tables_are_empty(tmp_path: Path) -> None:
    found = read_experiments(tmp_path)
    assert (found.runs, found.history) == ([], [])


def test_lesson_needs_the_extra_and_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = notices.importlib.util.find_spec
    monkeypatch.setattr(
        notices.importlib.util, "find_spec", lambda name, *rest: None if name == "keras" else find_spec(name, *rest)
    )
    with pytest.raises(LessonStop, match=r"needs keras, of the extra 'training': .*/04_training_experiments.ipynb"):
        lesson.start()


def test_first_steps_by_hand() -> None:
    x, y = START
    sgd = walk("SGD", 0.1, 0.5, 10.0, 2)
    assert sgd[1] == pytest.approx([x - 0.1 * x, y - 0.1 * 10 * y])
    assert sgd[2] == pytest.approx([0.9 * x - 0.05 * x - 0.09 * x, 0.5 * (-y)])
    # Both divide the gradient by its own size at first: RMSProp by the root of a tenth of its square.
    assert walk("Adam", 0.1, 0.0, 10.0, 1)[1] == pytest.approx([x + 0.1, y - 0.1], rel=1e-5)
    assert walk("RMSProp", 0.1, 0.0, 10.0, 1)[1] == pytest.approx([x + 0.1 / np.sqrt(0.1), y - 0.1 / np.sqrt(0.1)])


@pytest.mark.parametrize("kind", ["sgd", "adam", "rmsprop"])
def test_walk_is_that_of_keras(kind: str) -> None:
    keras = pytest.importorskip("keras")
    optimizers = {
        "sgd": ("SGD", keras.optimizers.SGD(0.05, momentum=0.8)),
        "adam": ("Adam", keras.optimizers.Adam(0.05)),
        "rmsprop": ("RMSProp", keras.optimizers.RMSprop(0.05)),
    }
    name, optimizer = optimizers[kind]
    weight = keras.Variable(np.array(START, dtype=np.float32))
    for _ in range(12):
        optimizer.apply([weight * np.array([1.0, 5.0], dtype=np.float32)], [weight])
    assert walk(name, 0.05, 0.8, 5.0, 12)[-1] == pytest.approx(np.asarray(weight), rel=1e-4, abs=1e-5)


def test_valley_at_the_ends_of_its_knobs() -> None:
    panel = lesson.OptimiserExplorer()
    for control in (panel.rate, *controls_of(panel)):
        before = control.value
        ends = [10**control.min, 10**control.max] if control is panel.rate else values_of(control)
        for value in ends:
            control.value = value
            look_at(panel)
        control.value = before
    panel.rate.value, panel.steepness.value, panel.n_steps.value = 10**0.5, 50, 100
    look_at(panel)
    assert "Loss of SGD <b>flies away</b>" in texts_of(panel)
    assert "Loss of RMSProp <b>higher than at the start</b>" in texts_of(panel)  # it goes to and fro, no further


def test_valley_says_from_which_rate_on_sgd_flies_away() -> None:
    """Its steps down the sides grow if the rate is more than 2 / steepness."""
    panel = lesson.OptimiserExplorer()
    panel.steepness.value = 12
    for rate, flies in ((0.16, False), (0.2, True)):
        panel.rate.value = rate
        assert ("Loss of SGD <b>flies away</b>" in texts_of(panel)) is flies, rate


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


def test_long_name_of_a_variant_is_short_everywhere() -> None:
    variant = "batch normalisation and dropout"
    assert variant in {run.variant for run in list_runs()}
    panel = lesson.ExperimentExplorer(make_tables({("base", "b"): 1, ("normalisation", variant): 1}), "normalisation")
    assert "both" in texts_of(panel)
    assert variant not in texts_of(panel)
    assert "Not measured yet: dropout alone; neither." in texts_of(panel)


# -- what else was tried -------------------------------------------------------------------------------------------


def make_way(question: str, variant: str, seed: int, accuracy: float) -> dict[str, str]:
    return {"question": question, "variant": variant, "seed": str(seed), "accuracy": f"{accuracy}"}


def test_ways_are_told_against_the_runs_of_the_base() -> None:
    base = [make_way("base", "as it is", seed, accuracy) for seed, accuracy in enumerate((0.60, 0.64, 0.62))]
    tried = [
        {**make_way("mixing", "none", 0, 0.62), "n_train": "3460"},
        make_way("labels", "<b>soft</b>", 0, 0.66),
        make_way("length", "short", 0, 0.5),
        make_way("optimiser", "SGD", 0, 0.9),  # has a chart of its own
    ]
    panel = lesson.WaysTable(Experiments([*base, *tried], []))
    rows = [re.findall("<td>(.*?)</td>", row) for row in re.findall("<tr>(.*?)</tr>", panel._table.value)[1:]]
    assert rows == [
        ["labels: &lt;b&gt;soft&lt;/b&gt;", "-", "0.660", "+0.040", "above all"],
        ["mixing: none", "3,460", "0.620", "0.000", "among them"],
        ["length: short", "-", "0.500", "-0.120", "below all"],
    ]
    assert "The base reaches 0.620 in its 3 runs, which differ by nothing but their seed, from 0.600 to 0.640." in (
        texts_of(panel)
    )
    assert "Of 3 changes that do nothing, about 1 would stand above all of its runs" in texts_of(panel)
    panel.order.value = "as they were planned"
    assert [row[:6] for row in re.findall("<tr><td>(.*?)</td>", panel._table.value)] == ["mixing", "labels", "length"]
    panel.measure.value = "notes_accuracy"
    assert "Nothing has been measured here yet" in texts_of(panel)


def test_one_run_of_the_base_places_nothing() -> None:
    tried = [make_way("mixing", "none", 0, 0.63)]
    panel = lesson.WaysTable(Experiments([make_way("base", "as it is", 0, 0.60), *tried], []))
    assert re.findall("<th>(.*?)</th>", panel._table.value) == [
        "Changed",
        "Clips to train",
        "Accuracy",
        "Against the base",
    ]
    assert re.findall("<td>(.*?)</td>", panel._table.value) == ["mixing: none", "-", "0.630", "+0.030"]
    assert "in its one run, and each change has one run too: nobody can say" in texts_of(panel)
    assert f"Measured so far: 1 of the {len(WAYS)} that are planned." in texts_of(panel)


def test_trials_on_the_way_are_not_set_against_the_base() -> None:
    trials = [
        {**make_way("screening", "first <i>base</i>", 0, 0.51), "n_train": "3460"},
        {**make_way("screening", "full width", 0, 0.73), "n_train": "13965"},
        {**make_way("screening", "no score", 0, 0.1), "accuracy": ""},
    ]
    panel = lesson.WaysTable(Experiments([make_way("base", "as it is", 0, 0.60), *trials], []))
    assert "Nothing has been measured here yet" in texts_of(panel)
    panel.which.value = "on the way to it"
    rows = [re.findall("<td>(.*?)</td>", row) for row in re.findall("<tr>(.*?)</tr>", panel._table.value)[1:]]
    assert rows == [["full width", "13,965", "0.730"], ["first &lt;i&gt;base&lt;/i&gt;", "3,460", "0.510"]]
    assert "none of them is set against today&#x27;s base" in panel._table.value
    panel.order.value = "as they were planned"
    assert re.findall("<tr><td>(.*?)</td>", panel._table.value) == ["first &lt;i&gt;base&lt;/i&gt;", "full width"]


def test_shipped_table_tells_ways_that_were_planned() -> None:
    experiments = read_experiments()
    questions = {question for question, *_ in WAYS}
    tried = {(row["question"], row["variant"]) for row in experiments.runs if row["question"] in questions}
    assert tried
    assert tried <= {(question, variant) for question, variant, _ in WAYS}
    assert lesson.WaysTable(experiments)._table.value.count("<tr>") == len(tried) + 1
