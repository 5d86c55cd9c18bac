"""The arithmetic of lesson 6, by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn import metrics as sk

from instrunet_widgets.lessons.rankings import N_DRAWS, cut, rank_draws
from instrunet_widgets.lessons.score_measures import (
    count,
    find_reliability,
    rank,
    resample,
    to_logits,
)
from instrunet_widgets.training.bootstrap import bootstrap_songs, find_interval
from instrunet_widgets.training.metrics import count_confusions, expected_calibration_error


def draw(seed: int, n: int = 200, n_classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities with many ties; the last class has no label."""
    rng = np.random.default_rng(seed)
    labels = rng.random((n, n_classes)) < 0.25
    labels[:, -1] = False
    return labels, np.round(np.clip(0.5 * labels + rng.random((n, n_classes)), 0, 1.5) / 1.5, 2)


def test_f1_by_hand() -> None:
    labels = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=bool)
    heard = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 0], [1, 0, 0]], dtype=bool)
    counts = count(heard, labels)
    assert counts.hits.tolist() == [2, 1, 0]
    assert counts.f1[:2] == pytest.approx([4 / 6, 2 / 3])
    assert np.isnan(counts.f1[2])  # nothing is labelled: no score, though its false alarm counts in micro
    assert counts.micro_f1 == pytest.approx(6 / 10)
    assert counts.macro_f1 == pytest.approx(2 / 3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 1.0])
def test_f1_is_that_of_scikit_learn(seed: int, threshold: float) -> None:
    labels, scores = draw(seed)
    heard = scores >= threshold
    counts = count(heard, labels)
    f1 = sk.f1_score(labels, heard, average=None, zero_division=0)
    assert counts.f1[:-1] == pytest.approx(f1[:-1])
    assert counts.macro_f1 == pytest.approx(f1[:-1].mean())
    assert counts.micro_f1 == pytest.approx(sk.f1_score(labels, heard, average="micro", zero_division=0))


def test_without_any_label_there_is_no_f1() -> None:
    counts = count(np.ones((3, 2), dtype=bool), np.zeros((3, 2), dtype=bool))
    assert np.isnan([counts.micro_f1, counts.macro_f1]).all()


@pytest.mark.parametrize("seed", range(5))
def test_ranking_is_that_of_scikit_learn(seed: int) -> None:
    labels, scores = draw(seed, n=60, n_classes=2)
    found = rank(labels[:, 0], scores[:, 0])
    assert found.roc_auc == pytest.approx(sk.roc_auc_score(labels[:, 0], scores[:, 0]))
    assert found.average_precision == pytest.approx(sk.average_precision_score(labels[:, 0], scores[:, 0]))
    false_share, recall, _ = sk.roc_curve(labels[:, 0], scores[:, 0], drop_intermediate=False)
    assert found.false_share == pytest.approx(false_share[1:])
    assert found.recall == pytest.approx(recall[1:])


@pytest.mark.parametrize("labels", [[], [True], [False, False], [True, True]])
def test_ranking_of_one_kind_of_clips_has_no_area(labels: list[bool]) -> None:
    found = rank(np.array(labels, dtype=bool), np.linspace(0, 1, len(labels)))
    assert np.isnan(found.roc_auc)
    assert np.isnan(found.average_precision) == (not any(labels))


def test_ranking_of_ties_alone_is_by_lot() -> None:
    found = rank(np.array([True, False, True, False]), np.full(4, 0.5))
    assert (found.roc_auc, found.average_precision) == (0.5, 0.5)


def test_bins_by_hand() -> None:
    bins = find_reliability(np.array([0.9, 0.5, 0.7, 0.8]), np.array([True, True, False, True]), 2)
    assert bins.said == pytest.approx([0.6, 0.85])
    assert bins.right == pytest.approx([0.5, 1.0])
    assert bins.n_clips.tolist() == [2, 2]


@pytest.mark.parametrize("n_bins", [1, 2, 15, 30, 500])
def test_bins_are_those_of_the_reported_calibration_error(n_bins: int) -> None:
    rng = np.random.default_rng(n_bins)
    confidence = np.round(rng.random(211), 2)
    right = rng.random(211) < confidence**2
    bins = find_reliability(confidence, right, n_bins)
    assert bins.n_clips.sum() == 211
    error = float((bins.n_clips * np.abs(bins.said - bins.right)).sum() / 211)
    assert error == pytest.approx(expected_calibration_error(confidence, right, n_bins))


def test_no_clip_fills_no_bin() -> None:
    assert len(find_reliability(np.zeros(0), np.zeros(0, dtype=bool), 15).said) == 0


def test_logits_and_back() -> None:
    assert to_logits(np.array([0.5, 0.75])) == pytest.approx([0, np.log(3)])
    assert expit(to_logits(np.array([0.0, 0.2, 1.0]))) == pytest.approx([0, 0.2, 1], abs=1e-6)


def test_confusions_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    labels, chosen = rng.integers(4, size=50), rng.integers(4, size=50)
    np.testing.assert_array_equal(
        count_confusions(labels, chosen, 5), sk.confusion_matrix(labels, chosen, labels=range(5))
    )


def make_recordings() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """60 recordings of three clips that all fail or all succeed."""
    rng = np.random.default_rng(3)
    labels = np.repeat(np.eye(3, dtype=bool)[rng.integers(3, size=60)], 3, axis=0)
    is_right = np.repeat(rng.random(60) < 0.7, 3)
    heard = np.where(is_right[:, np.newaxis], labels, np.roll(labels, 1, axis=1))
    return heard, labels, np.repeat(np.arange(60), 3)


def test_interval_agrees_with_the_protocols_bootstrap_over_songs() -> None:
    heard, labels, recordings = make_recordings()
    other = bootstrap_songs(heard, labels, np.ones(180), recordings.astype(str).tolist(), n_resamples=4_000)
    counts = resample(heard, labels, recordings, n_resamples=4_000, seed=1)
    for values, interval in ((counts.micro_f1, other.micro_f1), (counts.macro_f1, other.macro_f1)):
        found = find_interval(values)
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=0.02)  # a recording is 0.017


def test_drawing_clips_that_fail_together_gives_an_interval_too_narrow_by_the_root_of_three() -> None:
    heard, labels, recordings = make_recordings()
    by_recording = resample(heard, labels, recordings, n_resamples=4_000).micro_f1
    by_clip = resample(heard, labels, np.arange(180), n_resamples=4_000).micro_f1
    share = (heard & labels).any(axis=1).mean()
    assert by_recording.std() == pytest.approx(np.sqrt(share * (1 - share) / 60), rel=0.06)
    assert by_recording.std() / by_clip.std() == pytest.approx(np.sqrt(3), rel=0.06)


def test_a_resample_keeps_recordings_whole_and_their_number() -> None:
    heard, labels, recordings = make_recordings()
    counts = resample(heard, labels, recordings, n_resamples=150)
    assert counts.labelled.shape == (150, 3)
    assert (counts.labelled.sum(axis=1) == 180).all()
    assert (counts.hits % 3 == 0).all()
    assert len(np.unique(counts.hits.sum(axis=1))) > 10


def test_nothing_to_draw_from_draws_nothing() -> None:
    assert len(resample(np.zeros((0, 3), bool), np.zeros((0, 3), bool), np.zeros(0)).micro_f1) == 0


def test_draws_cut_at_one_threshold_by_hand() -> None:
    """Two of the others lie above 0.5, one at it; of the labelled clips each draw keeps one of two."""
    labels = np.array([True, True, False, False, False, False])
    scores = np.array([0.9, 0.2, 0.8, 0.5, 0.4, 0.1])
    rankings = rank_draws(labels, scores, 0.5)
    assert len(rankings) == N_DRAWS
    assert {(one.n_positives, one.n_negatives) for one in rankings} == {(1, 4)}
    n_high = sum(one.scores[0] == 0.9 for one in rankings)
    assert 0 < n_high < N_DRAWS
    at = cut(rankings, np.array([0.95, 0.85, 0.5]))
    np.testing.assert_allclose(at.false_share.mean, [0, 0, 0.5])
    np.testing.assert_allclose(at.recall.mean, [0, n_high / N_DRAWS, n_high / N_DRAWS])
    assert (at.recall.low[1], at.recall.high[1]) == (0, 1)
    # Above 0.95 there is nothing; above 0.85 only draws with the first clip have a precision, and it is 1.
    np.testing.assert_allclose(at.precision.mean, [np.nan, 1, n_high / N_DRAWS / 3])
    np.testing.assert_allclose([at.precision.low[2], at.precision.high[2]], [0, 1 / 3])


@pytest.mark.parametrize("share", [0.0, 1.0, 0.2])
def test_all_or_none_of_the_clips_are_one_draw(share: float) -> None:
    (ranking,) = rank_draws(np.array([True, True, False]), np.array([0.9, 0.2, 0.5]), share)
    assert ranking.n_positives == (2 if share == 1 else 0)
