"""The widgets of lesson 4: tables with one to three seeds, the valley, the run to watch."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from lesson_parts import look_at, texts_of

from instrunet_widgets.lessons import notices
from instrunet_widgets.lessons import training_experiments as lesson
from instrunet_widgets.lessons.experiment_curves import BASE_NAMES, QUESTIONS, Experiments, read_experiments
from instrunet_widgets.lessons.material import model_folder
from instrunet_widgets.lessons.notices import LessonStop
from instrunet_widgets.training.experiment_plan import EXPERIMENTS, WAYS, list_runs
from instrunet_widgets.training.experiments import RUN_FIELDS

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
