"""The widgets of lesson 6, driven to their ends on predictions that are made up, and what it reads."""

from __future__ import annotations

import numpy as np
import pytest
import traitlets
from lesson_parts import controls_of, read_numbers, texts_of, turn_all_knobs, turn_every_knob, values_of
from made_model import make_fold
from sklearn import metrics as sk

from instrunet_widgets.instruments import CODES
from instrunet_widgets.lessons import how_good_is_it as lesson
from instrunet_widgets.lessons.out_of_fold import ScoredClips, read_scored_clips

EXPLORERS = (
    lesson.F1Explorer,
    lesson.RankingExplorer,
    lesson.CalibrationExplorer,
    lesson.ConfusionExplorer,
    lesson.IntervalExplorer,
)


def make_clips() -> ScoredClips:
    """The folds' raw predictions; "calibrated" by a map that keeps their order."""
    folds = [make_fold(number) for number in range(5)]
    raw = np.concatenate([fold.sides["test"].raw for fold in folds]).astype(np.float64)
    labels = np.concatenate([fold.sides["test"].labels for fold in folds]) > 0
    files = np.concatenate([fold.files for fold in folds])
    return ScoredClips(
        raw=raw,
        probabilities=raw**1.5,
        labels=labels,
        fold=np.repeat(np.arange(5), len(files) // 5),
        recordings=np.array([file.split("]")[-1].split("__")[0] for file in files]),
        thresholds=np.full(11, 0.3),
    )


CLIPS = make_clips()
HAS_FLUTE = CLIPS.labels[:, CODES.index("flu")]
CLIPS_OF = {
    "all": CLIPS,
    "flutes-missing": CLIPS.subset(~HAS_FLUTE),
    "flutes-alone": CLIPS.subset(HAS_FLUTE),
    "one-clip": CLIPS.subset(np.arange(len(CLIPS)) == 0),
    "one-recording": CLIPS.subset(CLIPS.recordings == CLIPS.recordings[0]),
    "none": CLIPS.subset(np.zeros(len(CLIPS), dtype=bool)),
    "two-labels-each": ScoredClips(
        CLIPS.raw,
        CLIPS.raw,
        CLIPS.labels | np.roll(CLIPS.labels, 1, axis=1),
        CLIPS.fold,
        CLIPS.recordings,
        CLIPS.thresholds,
    ),
    "no-label": ScoredClips(CLIPS.raw, CLIPS.raw, CLIPS.labels & False, CLIPS.fold, CLIPS.recordings, CLIPS.thresholds),
    "certain": ScoredClips(
        CLIPS.labels * 1.0, CLIPS.labels * 1.0, CLIPS.labels, CLIPS.fold, CLIPS.recordings, CLIPS.thresholds
    ),
}
PANELS = {
    **{
        f"{kind.__name__}-{name}": (lambda kind=kind, clips=clips: kind(clips))
        for kind in EXPLORERS
        for name, clips in CLIPS_OF.items()
    },
    "FairComparison": lesson.FairComparison,
    "show_published": lesson.show_published,
}


@pytest.mark.parametrize("make", PANELS.values(), ids=PANELS)
def test_every_knob_at_both_ends(make) -> None:
    panel = make()
    assert all(values_of(control) for control in controls_of(panel))
    turn_every_knob(panel)
    turn_all_knobs(panel)


def test_threshold_0_finds_everything_and_1_nothing() -> None:
    explorer = lesson.F1Explorer(CLIPS)
    explorer.threshold.value = 0.0
    assert not explorer.own.value  # turning the knob takes the common threshold
    numbers = read_numbers(explorer)
    assert numbers["Micro F1"] == numbers["Macro F1"] == "0.167"  # 330 of 3,630 right: 2 * 330 / (330 + 3,630)
    assert (numbers["Labels found"], numbers["Found rightly"]) == ("100 %", "9 %")
    explorer.threshold.value = 1.0
    numbers = read_numbers(explorer)
    assert (numbers["Micro F1"], numbers["Labels found"], numbers["Found rightly"]) == ("0.000", "0 %", "-")
    assert not any(bar.visible for bar in explorer._bars)


def test_f1_at_the_networks_own_thresholds_is_that_of_scikit_learn() -> None:
    heard = CLIPS.probabilities >= 0.3
    numbers = read_numbers(lesson.F1Explorer(CLIPS))
    assert numbers["Micro F1"] == f"{sk.f1_score(CLIPS.labels, heard, average='micro'):.3f}"
    assert numbers["Macro F1"] == f"{sk.f1_score(CLIPS.labels, heard, average='macro'):.3f}"


def test_class_without_clips_has_no_f1_and_leaves_the_macro_mean() -> None:
    explorer = lesson.F1Explorer(CLIPS)
    explorer.instrument.value, explorer.share.value = CODES.index("flu"), 0
    numbers = read_numbers(explorer)
    assert (numbers["flute: F1"], numbers["flute: clips"]) == ("-", "0")
    assert "flute has no F1" in texts_of(explorer)
    rest = ~HAS_FLUTE
    f1 = sk.f1_score(CLIPS.labels[rest], CLIPS.probabilities[rest] >= 0.3, average=None, zero_division=0)
    assert numbers["Macro F1"] == f"{np.delete(f1, CODES.index('flu')).mean():.3f}"


def test_thinning_out_takes_clips_of_one_instrument_alone() -> None:
    half = CLIPS.thin_out(CODES.index("flu"), 0.5)
    taken = CLIPS.labels.sum(axis=0) - half.labels.sum(axis=0)
    assert taken.tolist() == [15 if code == "flu" else 0 for code in CODES]


def test_rare_instrument_keeps_its_roc_auc_and_loses_average_precision() -> None:
    explorer = lesson.RankingExplorer(CLIPS)
    whole = read_numbers(explorer)
    assert "lowest to highest" not in texts_of(explorer)
    assert not any(band.visible for band in explorer._bands)
    explorer.share.value = 20
    rare = read_numbers(explorer)
    assert rare["Clips with saxophone"] == "6"
    assert abs(float(rare["ROC-AUC"]) - float(whole["ROC-AUC"])) < 0.03
    assert float(rare["Average precision"]) < float(whole["Average precision"]) - 0.15
    assert all(band.visible for band in explorer._bands)
    explorer.share.value = 0
    assert read_numbers(explorer)["ROC-AUC"] == "-"
    assert "are needed to put them in order" in texts_of(explorer)
    assert not any(curve.visible for curve in (*explorer._curves, *explorer._bands))


@pytest.mark.parametrize("code", CODES)
def test_few_clips_are_drawn_often_enough_that_chance_does_not_teach(code: str) -> None:
    """A single draw of 5 % moved ROC-AUC of the shipped network's folds by up to 0.11, and either way."""
    explorer = lesson.RankingExplorer(read_scored_clips())
    explorer.instrument.value = CODES.index(code)
    whole = read_numbers(explorer)
    explorer.share.value = 5
    rare = read_numbers(explorer)
    assert abs(float(rare["ROC-AUC"]) - float(whole["ROC-AUC"])) < 0.02
    low, high = map(float, rare["ROC-AUC, lowest to highest"].split("-"))
    assert low < float(rare["ROC-AUC"]) < high
    assert float(rare["Average precision"]) < float(whole["Average precision"]) - 0.1
    assert "Drawn 20 times, each time other clips" in texts_of(explorer)


def test_point_of_the_threshold_lies_where_it_should() -> None:
    explorer = lesson.RankingExplorer(CLIPS)
    explorer.threshold.value = 0.3
    truth, heard = CLIPS.labels[:, 7], CLIPS.probabilities[:, 7] >= 0.3
    recall, precision = sk.recall_score(truth, heard), sk.precision_score(truth, heard)
    roc, other = explorer._dots
    assert [roc.x[0], roc.y[0]] == pytest.approx([heard[~truth].mean(), recall])
    assert [other.x[0], other.y[0]] == pytest.approx([recall, precision])
    explorer.threshold.value = 1.0
    assert [roc.x[0], roc.y[0]] == [0, 0]
    assert not other.visible  # nothing found: no precision


def test_exaggerating_moves_the_calibration_error_and_not_the_order() -> None:
    explorer = lesson.CalibrationExplorer(CLIPS)
    explorer.kind.value = True
    before = read_numbers(explorer)
    explorer.sharpness.value = 3.0
    after = read_numbers(explorer)
    assert after["ROC-AUC"] == before["ROC-AUC"] == f"{sk.roc_auc_score(CLIPS.labels, CLIPS.probabilities):.3f}"
    assert after["Calibration error (ECE)"] != before["Calibration error (ECE)"]


def test_calibration_before_and_after_of_one_instrument() -> None:
    explorer = lesson.CalibrationExplorer(CLIPS)
    explorer.instrument.value, explorer.n_bins.value = CODES.index("pia"), 1
    for is_calibrated, p in ((False, CLIPS.raw[:, 6]), (True, CLIPS.probabilities[:, 6])):
        explorer.kind.value = is_calibrated
        numbers = read_numbers(explorer)
        assert numbers["Calibration error (ECE)"] == f"{abs(p.mean() - 30 / 330):.3f}"  # one bin: the means' distance
        assert (numbers["Says on average"], numbers["Is right"]) == (f"{100 * p.mean():.0f} %", "9 %")


def test_confusions_are_those_of_scikit_learn_and_a_click_chooses() -> None:
    explorer = lesson.ConfusionExplorer(CLIPS)
    truth, chosen = CLIPS.labels.argmax(axis=1), CLIPS.probabilities.argmax(axis=1)
    np.testing.assert_array_equal(explorer.matrix, sk.confusion_matrix(truth, chosen))
    explorer.table.chosen = [3, 9]  # what the page sends
    assert (explorer.label.value, explorer.taken_for.value) == (3, 9)
    pair = (truth == 3) & (chosen == 9)
    numbers = read_numbers(explorer)
    assert numbers["Clips"] == str(pair.sum())
    assert numbers["From recordings"] == str(len(set(CLIPS.recordings[pair])))
    explorer.label.value = 4
    assert explorer.table.chosen == [4, 9]
    explorer.taken_for.value = 4
    assert "are recognised" in texts_of(explorer)


def test_click_is_one_change_for_the_page() -> None:
    explorer = lesson.ConfusionExplorer(CLIPS)
    seen = []
    explorer.table.observe(lambda change: seen.append(change["new"]), "chosen")
    explorer.table.chosen = [10, 2]
    assert seen == [[10, 2]]


@pytest.mark.parametrize("wrong", [[11, 0], [-1, 0], [0], [0, 0, 0], ["0", 1], [0.5, 1]])
def test_pair_that_is_not_in_the_table_is_refused(wrong: list[object]) -> None:
    explorer = lesson.ConfusionExplorer(CLIPS)
    before = explorer.table.chosen
    with pytest.raises(traitlets.TraitError):
        explorer.table.chosen = wrong
    assert explorer.table.chosen == before


def test_rows_of_the_table_add_up_to_100() -> None:
    explorer = lesson.ConfusionExplorer(CLIPS)
    for row in explorer.table.texts:
        assert sum(int(text or 0) for text in row) == pytest.approx(100, abs=3)  # rounded
    explorer.unit.value = "clips"
    assert sum(int(text or 0) for row in explorer.table.texts for text in row) == 330


def test_instrument_without_clips_is_said_so() -> None:
    explorer = lesson.ConfusionExplorer(CLIPS_OF["flutes-missing"])
    explorer.label.value = CODES.index("flu")
    assert "No clip is labelled flute" in texts_of(explorer)


def test_interval_of_recordings_is_wider_and_grows_when_the_test_shrinks() -> None:
    explorer = lesson.IntervalExplorer(CLIPS)

    def width(unit: str) -> float:
        return explorer.intervals[unit].high - explorer.intervals[unit].low

    whole = width("recordings")
    assert width("clips") < 0.8 * whole
    explorer.share.value = 25
    assert 1.4 * whole < width("recordings") < 3 * whole  # about twice
    assert read_numbers(explorer)["Recordings"] == "28"  # of 110, rounded half to even


def test_folds_are_scored_one_by_one() -> None:
    explorer = lesson.IntervalExplorer(CLIPS)
    sides = [CLIPS.subset(CLIPS.fold == k) for k in range(5)]
    scores = [sk.f1_score(side.labels, side.probabilities >= 0.3, average="micro") for side in sides]
    assert explorer._dots.x == pytest.approx(scores)
    assert read_numbers(explorer)["Spread of the folds"] == f"{np.std(scores, ddof=1):.3f}"


def test_one_recording_has_no_interval_and_says_so() -> None:
    explorer = lesson.IntervalExplorer(CLIPS_OF["one-recording"])
    assert read_numbers(explorer)["95 %, recordings drawn"] == "-"
    assert "Of one recording nothing can be said" in texts_of(explorer)
