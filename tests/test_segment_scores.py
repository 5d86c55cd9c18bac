"""Scores of time ranges: by hand, on a fine grid, and against mir_eval."""

from __future__ import annotations

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrunet_widgets.examples import LabelledRange
from instrunet_widgets.instruments import CODES
from instrunet_widgets.segment_scores import RangeScore, compare_ranges, compare_seconds

TENTHS = 300


@st.composite
def ranges(draw) -> list[LabelledRange]:
    """Ranges of two instruments on tenths of a second; those of one instrument do not overlap."""
    found = []
    for code in ("pia", "flu"):
        edges = sorted(draw(st.sets(st.integers(0, TENTHS), max_size=8)))
        found += [LabelledRange(code, a / 10, b / 10) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return found


def on_grid(found: list[LabelledRange]) -> np.ndarray:
    grid = np.zeros((len(CODES), TENTHS), dtype=bool)
    for one in found:
        grid[CODES.index(one.instrument), round(one.start * 10) : round(one.end * 10)] = True
    return grid


def test_seconds_by_hand() -> None:
    found = [LabelledRange("pia", 0, 10), LabelledRange("flu", 5, 6), LabelledRange("pia", 12, 14)]
    labelled = [LabelledRange("pia", 4, 13), LabelledRange("org", 0, 3)]
    result = compare_seconds(found, labelled)
    assert result.by_instrument == {"flu": RangeScore(0, 1, 0), "org": RangeScore(0, 0, 3), "pia": RangeScore(7, 12, 9)}
    assert result.total == RangeScore(7, 13, 12)
    assert result.total.precision == pytest.approx(7 / 13)
    assert result.total.recall == pytest.approx(7 / 12)
    assert result.total.f1 == pytest.approx(2 * (7 / 13) * (7 / 12) / (7 / 13 + 7 / 12))


def test_overlapping_ranges_of_one_instrument_count_once() -> None:
    found = [LabelledRange("pia", 0, 4), LabelledRange("pia", 2, 6), LabelledRange("pia", 6, 8)]
    assert compare_seconds(found, [LabelledRange("pia", 1, 7)]).total == RangeScore(6, 8, 6)


def test_nothing_found_or_labelled_scores_zero() -> None:
    one = [LabelledRange("pia", 0, 4)]
    for compare in (compare_seconds, compare_ranges):
        for total in (compare([], []).total, compare(one, []).total, compare([], one).total):
            assert (total.precision, total.recall, total.f1) == (0, 0, 0)


@settings(max_examples=60, deadline=None)
@given(ranges(), ranges())
def test_seconds_are_those_of_a_fine_grid(found: list[LabelledRange], labelled: list[LabelledRange]) -> None:
    ours, theirs = on_grid(found), on_grid(labelled)
    total = compare_seconds(found, labelled).total
    assert total.right == pytest.approx((ours & theirs).sum() / 10)
    assert total.found == pytest.approx(ours.sum() / 10)
    assert total.labelled == pytest.approx(theirs.sum() / 10)


@settings(max_examples=60, deadline=None)
@given(ranges(), ranges(), st.sampled_from([0.1, 0.5, 1.5]))
def test_ranges_are_matched_as_by_mir_eval(
    found: list[LabelledRange], labelled: list[LabelledRange], tolerance: float
) -> None:
    if not found or not labelled:
        return
    times = [np.array([(one.start, one.end) for one in side]) for side in (labelled, found)]
    pitches = [np.array([100.0 * 2 ** CODES.index(one.instrument) for one in side]) for side in (labelled, found)]
    precision, recall, f1, _ = mir_eval.transcription.precision_recall_f1_overlap(
        times[0], pitches[0], times[1], pitches[1], onset_tolerance=tolerance, offset_min_tolerance=tolerance
    )
    total = compare_ranges(found, labelled, tolerance).total
    assert (total.precision, total.recall, total.f1) == pytest.approx((precision, recall, f1))


def test_one_label_is_matched_once() -> None:
    twice = [LabelledRange("pia", 0, 4), LabelledRange("pia", 1, 4)]
    assert compare_ranges(twice, [LabelledRange("pia", 0, 4)]).total == RangeScore(1, 2, 1)
    assert compare_ranges([LabelledRange("flu", 0, 4)], [LabelledRange("pia", 0, 4)]).total == RangeScore(0, 1, 1)
