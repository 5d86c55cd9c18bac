import json

import numpy as np
import pytest
import sklearn.metrics
from sklearn.calibration import calibration_curve

from instrunet_widgets.instruments import CODES, N_INSTRUMENTS
from instrunet_widgets.training.metrics import (
    CODES_GUITARS_MERGED,
    expected_calibration_error,
    merge_guitars,
    score,
)

ABC = ("a", "b", "c")

# Four clips. Chosen: a, b, a, c; labels: a, b, b, c. So b is once taken for a.
PROBABILITIES = np.array([[0.9, 0.2, 0.1], [0.1, 0.8, 0.3], [0.6, 0.5, 0.1], [0.2, 0.1, 0.4]])
TARGETS = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]])


def test_argmax_measures_agree_with_a_count_by_hand():
    scores = score(PROBABILITIES, TARGETS, 0.5, classes=ABC)
    assert scores.accuracy == 3 / 4
    # a: 1 hit of 2 chosen, 1 labelled -> 2/3; b: 1 hit of 1 chosen, 2 labelled -> 2/3; c: 1.
    assert [row.argmax_f1 for row in scores.per_class] == pytest.approx([2 / 3, 2 / 3, 1])
    assert scores.argmax_macro_f1 == pytest.approx(7 / 9)
    assert scores.confusion == ((1, 0, 0), (1, 1, 0), (0, 0, 1))


def test_thresholded_measures_agree_with_a_count_by_hand():
    scores = score(PROBABILITIES, TARGETS, [0.5, 0.5, 0.5], classes=ABC)
    # Heard: a | b | a and b | nothing: 3 hits, 1 false alarm (a in the third), 1 miss (c).
    assert scores.micro_precision == pytest.approx(3 / 4)
    assert scores.micro_recall == pytest.approx(3 / 4)
    assert scores.micro_f1 == pytest.approx(3 / 4)
    assert [row.precision for row in scores.per_class] == pytest.approx([1 / 2, 1, 0])
    assert [row.recall for row in scores.per_class] == pytest.approx([1, 1, 0])
    assert [row.f1 for row in scores.per_class] == pytest.approx([2 / 3, 1, 0])
    assert scores.macro_f1 == pytest.approx(5 / 9)


def test_each_class_is_held_to_its_own_threshold_and_reaching_it_counts():
    scores = score(PROBABILITIES, TARGETS, [0.9, 0.81, 0.4], classes=ABC)
    assert [row.recall for row in scores.per_class] == [1, 0, 1]
    assert [row.threshold for row in scores.per_class] == [0.9, 0.81, 0.4]


def test_ranking_measures_agree_with_a_count_by_hand():
    scores = score(PROBABILITIES, TARGETS, 0.5, classes=ABC)
    # Of a and c every positive stands above every negative; so does it of b (0.8, 0.5 above 0.2, 0.1).
    assert [row.roc_auc for row in scores.per_class] == [1, 1, 1]
    # The label ranks first, first, second and first.
    assert scores.lrap == pytest.approx((1 + 1 + 1 / 2 + 1) / 4)
    swapped = score(PROBABILITIES, TARGETS[[0, 2, 3, 1]], 0.5, classes=ABC)
    # Labels a, b, c, b beside b's probabilities .2, .8, .5, .1: 2 of the 4 pairs are in order.
    assert swapped.per_class[1].roc_auc == pytest.approx(2 / 4)
    # b ranked: .8 hit (1/1), .5 no, .2 no, .1 hit (2/4) -> mean 3/4.
    assert swapped.per_class[1].average_precision == pytest.approx(3 / 4)


def test_measures_on_many_multi_label_rows_equal_scikit_learn_on_the_whole_matrix():
    random = np.random.default_rng(7)
    targets = random.random((300, N_INSTRUMENTS)) < 0.15
    probabilities = np.clip(0.5 * targets + 0.6 * random.random(targets.shape), 0, 1)
    thresholds = random.uniform(0.3, 0.7, N_INSTRUMENTS)
    scores = score(probabilities, targets, thresholds)

    heard, labelled, single = probabilities >= thresholds, targets.any(axis=1), targets.sum(axis=1) == 1
    labels, chosen = targets[single].argmax(axis=1), probabilities[single].argmax(axis=1)
    assert 0 < single.sum() < labelled.sum() < 300
    for name, expected in {
        "micro_f1": sklearn.metrics.f1_score(targets, heard, average="micro"),
        "macro_f1": sklearn.metrics.f1_score(targets, heard, average="macro"),
        "macro_precision": sklearn.metrics.precision_score(targets, heard, average="macro"),
        "micro_recall": sklearn.metrics.recall_score(targets, heard, average="micro"),
        "roc_auc": sklearn.metrics.roc_auc_score(targets, probabilities, average="macro"),
        "average_precision": sklearn.metrics.average_precision_score(targets, probabilities, average="macro"),
        "lrap": sklearn.metrics.label_ranking_average_precision_score(targets[labelled], probabilities[labelled]),
        "accuracy": sklearn.metrics.accuracy_score(labels, chosen),
        "argmax_macro_f1": sklearn.metrics.f1_score(labels, chosen, average="macro"),
    }.items():
        assert getattr(scores, name) == pytest.approx(expected), name
    assert np.array_equal(scores.confusion, sklearn.metrics.confusion_matrix(labels, chosen))


def test_rows_with_several_labels_or_none_leave_the_argmax_measures_alone():
    more_probabilities = np.vstack([PROBABILITIES, [[0.1, 0.1, 0.9], [0.1, 0.1, 0.9]]])
    more_targets = np.vstack([TARGETS, [[1, 1, 0], [0, 0, 0]]])
    scores, before = (
        score(more_probabilities, more_targets, 0.5, classes=ABC),
        score(PROBABILITIES, TARGETS, 0.5, classes=ABC),
    )
    assert (scores.n, scores.n_single_label) == (6, 4)
    assert scores.confusion == before.confusion
    assert (scores.accuracy, scores.argmax_macro_f1, scores.ece) == (
        before.accuracy,
        before.argmax_macro_f1,
        before.ece,
    )
    # Two more misses (a and b) and two more false alarms (c twice) at the threshold.
    assert scores.micro_f1 == pytest.approx(2 * 3 / (2 * 3 + 3 + 3))


def test_rows_without_a_label_do_not_raise_the_label_ranking_average_precision():
    negatives = np.zeros((50, 3), dtype=int)
    scores = score(np.vstack([PROBABILITIES, np.full((50, 3), 0.2)]), np.vstack([TARGETS, negatives]), 0.5, classes=ABC)
    assert scores.lrap == pytest.approx(7 / 8)


def test_class_without_positives_has_no_score_and_is_left_out_of_the_means():
    targets = TARGETS.copy()
    targets[3] = [0, 1, 0]  # now nothing is c
    scores = score(PROBABILITIES, targets, 0.35, classes=ABC)
    c = scores.per_class[2]
    assert scores.without_positives == ("c",)
    assert (c.argmax_f1, c.f1, c.precision, c.recall, c.roc_auc, c.average_precision) == (None,) * 6
    # a: chosen 2, right 1, labelled 1 -> 2/3; b: chosen 1, right 1, labelled 3 -> 1/2.
    assert scores.argmax_macro_f1 == pytest.approx((2 / 3 + 1 / 2) / 2)
    # Heard at .35: a | b | a, b | c. Hits 3, false alarms 2 (a, and c although it has no score), misses 1.
    assert scores.micro_precision == pytest.approx(3 / 5)
    assert scores.micro_recall == pytest.approx(3 / 4)


def test_class_that_every_row_carries_has_no_roc_auc():
    scores = score([[0.9, 0.1], [0.8, 0.3]], [[1, 0], [1, 1]], 0.5, classes=("a", "b"))
    assert scores.per_class[0].roc_auc is None
    assert scores.roc_auc == scores.per_class[1].roc_auc == 1
    assert scores.per_class[0].average_precision == 1


def test_only_rows_without_labels_give_no_score_at_all_and_no_nan():
    scores = score(PROBABILITIES, np.zeros_like(TARGETS), 0.5, classes=ABC)
    assert scores.without_positives == ABC
    for name in (
        "accuracy",
        "argmax_macro_f1",
        "micro_f1",
        "macro_f1",
        "roc_auc",
        "average_precision",
        "lrap",
        "ece",
    ):
        assert getattr(scores, name) is None, name
    assert scores.confusion == ((0, 0, 0),) * 3


def test_scores_survive_strict_json_with_classes_by_code():
    values = score(PROBABILITIES, TARGETS * [1, 1, 0], 0.5, classes=ABC).to_dict()
    restored = json.loads(json.dumps(values, allow_nan=False))
    assert restored == values
    assert restored["per_class"]["c"]["f1"] is None
    assert restored["per_class"]["b"]["n_positives"] == 2
    assert restored["confusion"][1] == [1, 1, 0]


def test_calibration_error_of_fifteen_full_bins_by_hand():
    # 30 rows, two to a bin. Bin k holds confidence .5 + k / 100 twice; one of each pair is right, so the
    # bin's accuracy is .5 and its gap k / 100.
    confidence = np.repeat(0.5 + np.arange(15) / 100, 2)
    correct = np.tile([True, False], 15)
    assert expected_calibration_error(confidence, correct) == pytest.approx(np.mean(np.arange(15) / 100))


def test_calibration_error_weighs_bins_of_unequal_size():
    # Five rows in two bins: .2, .4, .6 (none right, gap .4) and .8, 1 (both right, gap .1).
    error = expected_calibration_error([0.8, 0.2, 0.6, 1.0, 0.4], [True, False, False, True, False], n_bins=2)
    assert error == pytest.approx(3 / 5 * 0.4 + 2 / 5 * 0.1)


def test_calibration_error_of_equal_confidences_does_not_depend_on_the_order_of_rows():
    # All at .7, seven of ten right: calibrated. Cutting ties into bins would report an error.
    correct = np.array([True] * 7 + [False] * 3)
    assert expected_calibration_error(np.full(10, 0.7), correct) == pytest.approx(0)
    assert expected_calibration_error(np.full(10, 0.7), correct[::-1]) == pytest.approx(0)


def test_calibration_error_agrees_with_scikit_learns_quantile_bins():
    random = np.random.default_rng(3)
    confidence = random.random(1_500)
    correct = random.random(1_500) < confidence**2
    accuracy, mean_confidence = calibration_curve(correct, confidence, n_bins=15, strategy="quantile")
    expected = np.abs(accuracy - mean_confidence).mean()  # 100 rows in each bin
    assert expected_calibration_error(confidence, correct) == pytest.approx(expected, abs=1e-9)


def test_merged_guitars_are_one_class_of_ten():
    probabilities = np.full((3, N_INSTRUMENTS), 0.01)
    targets = np.zeros((3, N_INSTRUMENTS), dtype=int)
    gac, gel, pia = (CODES.index(code) for code in ("gac", "gel", "pia"))
    probabilities[0, [gac, gel, pia]] = [0.4, 0.5, 0.6]
    targets[0, gac] = targets[1, gel] = targets[2, pia] = 1
    thresholds = np.full((3, N_INSTRUMENTS), 0.5)
    thresholds[:, [gac, gel]] = [[0.2, 0.6], [0.2, 0.6], [0.1, 0.3]]
    merged = merge_guitars(probabilities, targets, thresholds)

    assert merged.classes == CODES_GUITARS_MERGED
    assert merged.classes == ("cel", "cla", "flu", "gui", "org", "pia", "sax", "tru", "vio", "voi")
    assert merged.probabilities[0].tolist() == pytest.approx([0.01, 0.01, 0.01, 0.7, 0.01, 0.6, 0.01, 0.01, 0.01, 0.01])
    assert merged.targets.argmax(axis=1).tolist() == [3, 3, 5]
    assert merged.targets.sum() == 3
    rows = [[0.5, 0.5, 0.5, guitar] + [0.5] * 6 for guitar in (0.4, 0.4, 0.2)]
    np.testing.assert_allclose(merged.thresholds, rows)
    common = merge_guitars(probabilities, targets, thresholds[0]).thresholds
    np.testing.assert_allclose(common, [rows[0]] * 3)


def test_taking_one_guitar_for_the_other_is_no_error_among_ten_classes():
    probabilities, targets = np.zeros((2, N_INSTRUMENTS)), np.zeros((2, N_INSTRUMENTS), dtype=int)
    gac, gel = CODES.index("gac"), CODES.index("gel")
    probabilities[0, gel] = probabilities[1, gac] = 0.9
    targets[0, gac] = targets[1, gel] = 1
    merged = merge_guitars(probabilities, targets, 0.5)
    assert score(probabilities, targets, 0.5).accuracy == 0
    assert score(merged.probabilities, merged.targets, merged.thresholds, classes=merged.classes).accuracy == 1


def test_clip_with_both_guitars_keeps_a_single_label_when_merged():
    targets = np.zeros((1, N_INSTRUMENTS), dtype=int)
    targets[0, [CODES.index("gac"), CODES.index("gel")]] = 1
    merged = merge_guitars(np.full((1, N_INSTRUMENTS), 0.3), targets, 0.5)
    assert merged.targets.sum(axis=1).tolist() == [1]


@pytest.mark.parametrize(
    ("probabilities", "targets", "thresholds", "complaint"),
    [
        (PROBABILITIES[:, :2], TARGETS, 0.5, "shape"),
        (PROBABILITIES, TARGETS[:3], 0.5, "shape"),
        (PROBABILITIES[:0], TARGETS[:0], 0.5, "no row"),
        (PROBABILITIES * np.nan, TARGETS, 0.5, r"probabilities must lie in \[0, 1\]"),
        (PROBABILITIES * 2, TARGETS, 0.5, r"probabilities must lie in \[0, 1\]"),
        (PROBABILITIES, TARGETS, 1.5, r"thresholds must lie in \[0, 1\]"),
        (PROBABILITIES, TARGETS * 0.5, 0.5, "targets must be 0 or 1"),
        (PROBABILITIES, TARGETS, [0.5, 0.5], "thresholds"),
    ],
)
def test_input_that_cannot_be_scored_is_refused_by_name(probabilities, targets, thresholds, complaint):
    with pytest.raises(ValueError, match=complaint):
        score(probabilities, targets, thresholds, classes=ABC)
