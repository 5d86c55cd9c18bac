"""How an analysis is read: what segments and timelines refuse, and what a timeline tells."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.instruments import CODES
from instrunet_widgets.timeline import Segment, Timeline


def make_timeline(segments, *, detected=(), scores=None):
    zeros = np.zeros(11)
    scores = zeros if scores is None else scores
    return Timeline(DecodingConfig(), CODES, 10.0, np.zeros((3, 11)), scores, zeros, zeros, detected, tuple(segments))


@pytest.mark.parametrize(
    ("start", "end", "confidence"), [(1.0, 1.0, 0.5), (2.0, 1.0, 0.5), (-1.0, 1.0, 0.5), (0.0, 1.0, 1.1)]
)
def test_impossible_segments_are_refused(start, end, confidence):
    with pytest.raises(ValueError, match=r"segment|confidence"):
        Segment("pia", start, end, confidence)


def test_segment_knows_its_length():
    assert Segment("pia", 2.25, 5.25, 0.5).duration == 3.0


def test_timeline_refuses_scores_of_another_length():
    timeline = make_timeline([])
    with pytest.raises(ValueError, match="scores"):
        dataclasses.replace(timeline, scores=np.zeros(10))


def test_timeline_gives_the_segments_of_one_instrument():
    own = (Segment("pia", 0.0, 1.0, 0.5), Segment("pia", 2.0, 3.0, 0.5))
    timeline = dataclasses.replace(make_timeline([]), segments=(own[0], Segment("voi", 0.0, 3.0, 0.5), own[1]))
    assert isinstance(timeline, Timeline)
    assert timeline.segments_of("pia") == own
    assert timeline.segments_of("cel") == ()


def test_confidence_where_heard_is_weighted_by_the_length_of_the_ranges():
    timeline = make_timeline([Segment("cel", 0.0, 1.0, 0.4), Segment("cel", 2.0, 5.0, 0.8), Segment("vio", 0, 9, 0.9)])
    assert timeline.confidence_of("cel") == pytest.approx((0.4 * 1 + 0.8 * 3) / 4)


def test_confidence_of_an_instrument_without_a_range_is_its_score():
    scores = np.zeros(11)
    scores[CODES.index("pia")] = 0.25
    timeline = make_timeline([Segment("cel", 0.0, 1.0, 0.4)], scores=scores)
    assert timeline.confidence_of("pia") == timeline.score_of("pia") == 0.25
    with pytest.raises(ValueError):
        timeline.score_of("drums")


def test_presence_is_the_share_of_the_recording_that_the_ranges_cover():
    timeline = make_timeline([Segment("cel", 0.0, 1.0, 0.4), Segment("cel", 2.0, 5.0, 0.8), Segment("vio", 0, 10, 0.9)])
    assert [timeline.presence_of(code) for code in ("cel", "vio", "pia")] == pytest.approx([0.4, 1.0, 0.0])


def test_heard_in_parts_is_what_has_ranges_but_is_not_detected_longest_first():
    segments = [
        Segment("voi", 0, 2, 0.5),
        Segment("cel", 1, 8, 0.8),
        Segment("pia", 2, 9, 0.9),
        Segment("voi", 3, 5, 0.5),
    ]
    assert make_timeline(segments, detected=("pia",)).heard_in_parts == ("cel", "voi")
    assert make_timeline([]).heard_in_parts == ()


def test_when_says_how_much_of_the_recording_and_where():
    timeline = make_timeline([Segment("cel", 0.0, 1.0, 0.4), Segment("cel", 2.0, 5.0, 0.8)])
    assert timeline.describe_when("cel") == "in parts: 0:00-0:01, 0:02-0:05"
    assert timeline.describe_when("cel", max_ranges=1) == "in parts: 0:00-0:01 and 1 more"
    assert timeline.describe_when("pia") == "no range above the threshold"
