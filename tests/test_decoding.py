"""Decoding: matrices worked out by hand, properties, and a second implementation of the smoothing."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.decoding import aggregate, choose_thresholds, decode, find_segments, smooth
from instrunet_widgets.instruments import CODES
from instrunet_widgets.results import Analysis, Segment, Thresholds, Timeline, window_cells

HOP, WINDOW = 1.5, 3.0

# A busy machine must not fail a property.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def make_analysis(columns, *, silent=(), duration=None, thresholds=None):
    """An analysis in which the instruments named by `columns` have the given probabilities, all others 0."""
    n_windows = len(next(iter(columns.values())))
    probabilities = np.zeros((n_windows, len(CODES)), dtype=np.float32)
    for code, values in columns.items():
        probabilities[:, CODES.index(code)] = values
    is_silent = np.zeros(n_windows, dtype=bool)
    is_silent[list(silent)] = True
    probabilities[is_silent] = 0
    return Analysis(
        probabilities=probabilities,
        silent=is_silent,
        window_starts=np.arange(n_windows) * HOP,
        window_seconds=WINDOW,
        hop_seconds=HOP,
        duration=duration or (n_windows - 1) * HOP + WINDOW,
        audio_name="made.wav",
        model_name="none",
        model_hash="0" * 64,
        thresholds=thresholds or Thresholds(*[np.full(len(CODES), 0.5)] * 3),
    )


def read_segments(segments):
    """Plain rows to compare with values written by hand; confidences as float32 gives them."""
    return [(s.instrument, s.start, s.end, round(s.confidence, 6)) for s in segments]


@st.composite
def analyses(draw, max_windows=24):
    n_windows = draw(st.integers(1, max_windows))
    probability = st.floats(0, 1, width=32)
    probabilities = draw(hnp.arrays(np.float32, (n_windows, len(CODES)), elements=probability))
    silent = draw(hnp.arrays(np.bool_, n_windows))
    if n_windows == 1:
        duration = draw(st.floats(1e-4, WINDOW))
    else:  # the last window holds something that the one before it does not
        duration = (n_windows - 2) * HOP + WINDOW + draw(st.floats(1e-4, HOP))
    return Analysis(
        probabilities=np.where(silent[:, np.newaxis], np.float32(0), probabilities),
        silent=silent,
        window_starts=np.arange(n_windows) * HOP,
        window_seconds=WINDOW,
        hop_seconds=HOP,
        duration=duration,
        audio_name="drawn.wav",
        model_name="none",
        model_hash="0" * 64,
        thresholds=Thresholds(*(draw(hnp.arrays(np.float32, 11, elements=probability)) for _ in range(3))),
    )


configs = st.builds(
    DecodingConfig,
    aggregation=st.sampled_from(["mean", "max"]),
    threshold=st.one_of(st.just("auto"), st.floats(0, 1)),
    smoothing_windows=st.integers(1, 7),
    min_segment_seconds=st.floats(0, 20),
)


def smooth_slowly(probabilities, silent, n_windows):
    """The definition read out, one window and one neighbour after the other."""
    n, n_instruments = probabilities.shape
    half = n_windows // 2
    smoothed = np.zeros((n, n_instruments))
    for k in range(n):
        if silent[k]:
            continue
        total, weight = np.zeros(n_instruments), 0.0
        for neighbour in range(k - half, k + half + 1):
            exists = 0 <= neighbour < n
            between = range(min(k, neighbour), max(k, neighbour) + 1)
            if not exists or any(silent[j] for j in between):
                continue
            w = 0.5 if n_windows % 2 == 0 and abs(neighbour - k) == half else 1.0
            total += w * probabilities[neighbour].astype(np.float64)
            weight += w
        smoothed[k] = total / weight
    return smoothed


# Smoothing


def column(*values):
    return np.array(values, dtype=np.float32)[:, np.newaxis]


def test_smoothing_over_three_windows_averages_only_windows_that_exist_at_the_ends():
    smoothed = smooth(column(0.0, 0.3, 0.9, 0.6), np.zeros(4, dtype=bool), 3)
    np.testing.assert_allclose(smoothed[:, 0], [0.15, 0.4, 0.6, 0.75], rtol=1e-6)


def test_smoothing_over_two_windows_counts_both_neighbours_half():
    smoothed = smooth(column(0.0, 1.0, 0.0, 0.0), np.zeros(4, dtype=bool), 2)
    # ends: (1 x 0 + 1/2 x 1) / (3/2); inside: 1/4, 1/2, 1/4
    np.testing.assert_allclose(smoothed[:, 0], [1 / 3, 0.5, 0.25, 0.0], rtol=1e-6)


def test_smoothing_over_one_window_changes_nothing():
    probabilities = column(0.1, 0.9, 0.3)
    np.testing.assert_array_equal(smooth(probabilities, np.zeros(3, dtype=bool), 1), probabilities)


def test_smoothing_neither_uses_nor_bridges_a_silent_window():
    silent = np.array([False, False, True, False, False])
    smoothed = smooth(column(0.2, 0.4, 0.0, 0.8, 1.0), silent, 7)
    np.testing.assert_allclose(smoothed[:, 0], [0.3, 0.3, 0.0, 0.9, 0.9], rtol=1e-6)


def test_smoothing_longer_than_the_recording_is_its_mean():
    smoothed = smooth(column(0.0, 0.5, 1.0), np.zeros(3, dtype=bool), 7)
    np.testing.assert_allclose(smoothed[:, 0], [0.5, 0.5, 0.5])


@unhurried
@given(analyses(), st.integers(1, 7))
def test_smoothing_agrees_with_the_definition_read_out_slowly(analysis, n_windows):
    expected = smooth_slowly(analysis.probabilities, analysis.silent, n_windows)
    smoothed = smooth(analysis.probabilities, analysis.silent, n_windows)
    np.testing.assert_allclose(smoothed, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("n_windows", range(1, 8))
def test_smoothing_agrees_with_numpy_convolve_away_from_the_ends(n_windows):
    rng = np.random.default_rng(n_windows)
    probabilities = rng.random((50, 11), dtype=np.float32)
    kernel = np.ones(n_windows) if n_windows % 2 else np.r_[0.5, np.ones(n_windows - 1), 0.5]
    half = n_windows // 2
    smoothed = smooth(probabilities, np.zeros(50, dtype=bool), n_windows)
    for k in range(11):
        expected = np.convolve(probabilities[:, k], kernel / n_windows, mode="valid")
        np.testing.assert_allclose(smoothed[half : 50 - half, k], expected, rtol=1e-5)


@unhurried
@given(st.floats(0, 1, width=32), st.integers(1, 7), hnp.arrays(np.bool_, st.integers(1, 30)))
@example(value=np.float32(0.1), n_windows=3, silent=np.zeros(5, dtype=bool))
def test_constant_probabilities_stay_exactly_constant(value, n_windows, silent):
    probabilities = np.where(silent[:, np.newaxis], 0, np.full((len(silent), 2), value)).astype(np.float32)
    np.testing.assert_array_equal(smooth(probabilities, silent, n_windows), probabilities)


@unhurried
@given(analyses(), st.integers(1, 7))
def test_smoothing_stays_between_the_lowest_and_the_highest_probability(analysis, n_windows):
    smoothed = smooth(analysis.probabilities, analysis.silent, n_windows)
    assert (smoothed <= analysis.probabilities.max(axis=0)).all()
    sounding = ~analysis.silent
    if sounding.any():
        assert (smoothed[sounding] >= analysis.probabilities[sounding].min(axis=0)).all()


@unhurried
@given(analyses(), st.integers(1, 7))
def test_smoothing_a_reversed_recording_reverses_the_result(analysis, n_windows):
    forwards = smooth(analysis.probabilities, analysis.silent, n_windows)
    backwards = smooth(analysis.probabilities[::-1], analysis.silent[::-1], n_windows)
    np.testing.assert_allclose(backwards[::-1], forwards, rtol=1e-6)


@pytest.mark.parametrize("n_windows", [0, 8, -1])
def test_smoothing_refuses_lengths_outside_one_to_seven(n_windows):
    with pytest.raises(ValueError, match=r"1\.\.7"):
        smooth(column(0.5), np.zeros(1, dtype=bool), n_windows)


def test_smoothing_refuses_silence_of_another_length():
    with pytest.raises(ValueError, match="silent"):
        smooth(column(0.5, 0.5), np.zeros(3, dtype=bool), 3)


# Aggregation


def test_mean_and_max_leave_silent_windows_out():
    smoothed = np.array([[0.2, 1.0], [0.0, 0.0], [0.6, 0.5]], dtype=np.float32)
    silent = np.array([False, True, False])
    np.testing.assert_allclose(aggregate(smoothed, silent, "mean"), [0.4, 0.75])
    np.testing.assert_allclose(aggregate(smoothed, silent, "max"), [0.6, 1.0])


@pytest.mark.parametrize("aggregation", ["mean", "max"])
def test_silence_throughout_scores_zero(aggregation):
    scores = aggregate(np.zeros((3, 11), dtype=np.float32), np.ones(3, dtype=bool), aggregation)
    np.testing.assert_array_equal(scores, np.zeros(11))


def test_unknown_aggregation_is_refused():
    with pytest.raises(ValueError, match="median"):
        aggregate(np.zeros((3, 11), dtype=np.float32), np.zeros(3, dtype=bool), "median")


@unhurried
@given(analyses(), st.integers(1, 7))
def test_mean_never_exceeds_max(analysis, n_windows):
    smoothed = smooth(analysis.probabilities, analysis.silent, n_windows)
    assert (aggregate(smoothed, analysis.silent, "mean") <= aggregate(smoothed, analysis.silent, "max")).all()


# Thresholds


def test_auto_takes_the_window_thresholds_for_segments_and_the_fitting_recording_threshold_for_scores():
    own = Thresholds(np.full(11, 0.3), np.full(11, 0.4), np.full(11, 0.8))
    analysis = make_analysis({"pia": [0.2, 0.7, 0.3]}, thresholds=own)

    by_mean = decode(analysis, DecodingConfig(aggregation="mean", smoothing_windows=1))
    assert by_mean.detected == ("pia",)  # mean 0.4, as float32 just what is asked
    by_max = decode(analysis, DecodingConfig(aggregation="max", smoothing_windows=1))
    assert by_max.detected == ()  # max 0.7 < 0.8
    for timeline in (by_mean, by_max):
        np.testing.assert_allclose(timeline.thresholds, 0.3)
        assert read_segments(timeline.segments) == [("pia", 2.25, 6.0, 0.5)]
    np.testing.assert_allclose(by_max.recording_thresholds, 0.8)


def test_a_number_applies_to_windows_and_recording_alike():
    analysis = make_analysis({"voi": [0.2, 0.4]})
    thresholds = choose_thresholds(analysis, DecodingConfig(threshold=0.25))
    np.testing.assert_allclose(thresholds.window, np.full(11, 0.25))
    np.testing.assert_allclose(thresholds.recording, np.full(11, 0.25))


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 1.0])
def test_a_probability_equal_to_the_threshold_counts(threshold):
    analysis = make_analysis({"flu": [threshold] * 4})
    timeline = decode(analysis, DecodingConfig(threshold=threshold))
    assert timeline.detected == ("flu",)
    assert [(s.start, s.end) for s in timeline.segments] == [(0.0, 7.5)]


def test_threshold_zero_detects_everything_but_in_silence():
    analysis = make_analysis({"flu": [0.5, 0.5, 0.5, 0.5]}, silent=[1])
    timeline = decode(analysis, DecodingConfig(threshold=0))
    assert len(timeline.detected) == 11
    assert [(s.start, s.end) for s in timeline.segments_of("cel")] == [(0.0, 2.25), (3.75, 7.5)]


def test_a_silent_recording_detects_nothing_even_at_threshold_zero():
    for threshold in (0, 0.0, "auto"):
        no_thresholds = Thresholds(np.zeros(11), np.zeros(11), np.zeros(11))
        analysis = make_analysis({"flu": [0.0] * 3}, silent=[0, 1, 2], thresholds=no_thresholds)
        timeline = decode(analysis, DecodingConfig(threshold=threshold))
        assert timeline.detected == ()
        assert timeline.segments == ()
        np.testing.assert_array_equal(timeline.scores, np.zeros(11))


# Detection and segments


def test_detected_instruments_come_by_score_and_equal_scores_in_instrument_order():
    analysis = make_analysis({"voi": [0.9, 0.9], "cel": [0.6, 0.6], "pia": [0.6, 0.6], "gel": [0.4, 0.4]})
    assert decode(analysis, DecodingConfig(threshold=0.5)).detected == ("voi", "cel", "pia")
    # A sort that is not stable mixes these up.
    scores = [0.5, 0.9, 0.9, 0.9, 0.9, 0.7, 0.7, 0.5, 0.7, 0.9, 0.5]
    mixed = make_analysis({code: [score] for code, score in zip(CODES, scores, strict=True)})
    detected = decode(mixed, DecodingConfig(threshold=0)).detected
    assert " ".join(detected) == "cla flu gac gel vio org pia tru cel sax voi"


def test_segments_of_a_recording_worked_out_by_hand():
    # cells: 0-2.25, 2.25-3.75, 3.75-5.25, 5.25-6.75, 6.75-8.2
    analysis = make_analysis({"tru": [0.9, 0.7, 0.1, 0.0, 0.5], "vio": [0.0, 0.6, 0.6, 0.6, 0.0]}, duration=8.2)
    timeline = decode(analysis, DecodingConfig(threshold=0.5, smoothing_windows=1))
    assert read_segments(timeline.segments) == [
        ("tru", 0.0, 3.75, 0.8),
        ("vio", 2.25, 6.75, 0.6),
        ("tru", 6.75, 8.2, 0.5),
    ]


def test_segments_starting_together_come_in_instrument_order():
    analysis = make_analysis({"voi": [0.9, 0.0], "cel": [0.6, 0.6]})
    timeline = decode(analysis, DecodingConfig(threshold=0.5, smoothing_windows=1))
    assert [s.instrument for s in timeline.segments] == ["cel", "voi"]


def test_segments_use_the_smoothed_probabilities():
    analysis = make_analysis({"org": [0.9, 0.0, 0.9]})
    assert len(decode(analysis, DecodingConfig(threshold=0.4, smoothing_windows=1)).segments) == 2
    # smoothed: 0.45, 0.6, 0.45
    joined = decode(analysis, DecodingConfig(threshold=0.4, smoothing_windows=3)).segments
    assert read_segments(joined) == [("org", 0.0, 6.0, 0.5)]


def test_a_silent_window_splits_a_segment():
    analysis = make_analysis({"sax": [0.9] * 5}, silent=[2])
    segments = decode(analysis, DecodingConfig(threshold=0.5)).segments
    assert [(s.start, s.end) for s in segments] == [(0.0, 3.75), (5.25, 9.0)]


def test_segments_shorter_than_the_minimum_are_dropped_and_just_as_long_are_kept():
    analysis = make_analysis({"cla": [0.0, 0.9, 0.0, 0.9, 0.9, 0.0]})  # 1.5 s and 3 s

    def lengths(minimum):
        config = DecodingConfig(threshold=0.5, smoothing_windows=1, min_segment_seconds=minimum)
        return [segment.duration for segment in decode(analysis, config).segments]

    assert lengths(0.0) == [1.5, 3.0]
    assert lengths(1.5) == [1.5, 3.0]
    assert lengths(1.6) == [3.0]
    assert lengths(3.1) == []


def test_rounding_of_times_drops_no_segment_of_just_the_minimum():
    starts = np.arange(11) * 0.1
    cells = np.stack([starts[:-1], starts[1:]], axis=1)
    loud = np.zeros((10, 1), dtype=np.float32)
    loud[6:9] = 1
    assert cells[8, 1] - cells[6, 0] < 0.3  # 0.29999999999999993
    segments = find_segments(
        loud, np.zeros(10, dtype=bool), cells, np.array([0.5]), instruments=["pia"], min_segment_seconds=0.3
    )
    assert [(s.start, s.end) for s in segments] == [(pytest.approx(0.6), pytest.approx(0.9))]


def test_one_short_window_speaks_for_the_whole_recording():
    analysis = make_analysis({"gac": [0.8]}, duration=0.4)
    assert read_segments(decode(analysis).segments) == [("gac", 0.0, 0.4, 0.8)]


def test_a_window_that_speaks_for_no_time_makes_no_segment():
    analysis = Analysis(
        probabilities=np.eye(2, 11, dtype=np.float32),
        silent=np.zeros(2, dtype=bool),
        window_starts=[0.0, 4.0],
        window_seconds=3.0,
        hop_seconds=4.0,  # further apart than long: the second cell would begin at 3.5 s
        duration=3.2,
        audio_name="made.wav",
        model_name="none",
        model_hash="",
        thresholds=Thresholds(*[np.full(11, 0.5)] * 3),
    )
    segments = decode(analysis, DecodingConfig(smoothing_windows=1)).segments
    assert segments == (Segment("cel", 0.0, 3.2, 1.0),)


@unhurried
@given(analyses(), configs)
def test_segments_are_ordered_inside_the_recording_and_never_overlap_for_one_instrument(analysis, config):
    segments = decode(analysis, config).segments
    keys = [(segment.start, CODES.index(segment.instrument)) for segment in segments]
    assert keys == sorted(keys)
    for code in CODES:
        own = [segment for segment in segments if segment.instrument == code]
        # neighbours are apart, or they would be one segment
        assert all(one.end < following.start for one, following in pairwise(own))
    for segment in segments:
        assert 0 <= segment.start < segment.end <= analysis.duration
        assert segment.duration >= config.min_segment_seconds - 1e-6


@unhurried
@given(analyses(), configs)
def test_segments_cover_exactly_the_windows_that_reach_the_threshold(analysis, config):
    config = DecodingConfig(config.aggregation, config.threshold, config.smoothing_windows)
    timeline = decode(analysis, config)
    cells = window_cells(analysis)
    for k, code in enumerate(CODES):
        own = timeline.segments_of(code)
        for n in range(analysis.n_windows):
            reached = timeline.smoothed[n, k] >= timeline.thresholds[k] and not analysis.silent[n]
            middle = cells[n].mean()
            assert any(s.start <= middle <= s.end for s in own) == reached


@unhurried
@given(analyses(), configs)
def test_confidence_is_the_mean_smoothed_probability_in_the_segment(analysis, config):
    timeline = decode(analysis, config)
    middles = window_cells(analysis).mean(axis=1)
    for segment in timeline.segments:
        inside = (segment.start < middles) & (middles < segment.end)
        expected = timeline.smoothed[inside, CODES.index(segment.instrument)].mean(dtype=np.float64)
        assert segment.confidence == pytest.approx(expected, abs=1e-9)


@unhurried
@given(analyses(), configs, st.permutations(range(11)))
def test_permuting_the_instruments_permutes_the_result(analysis, config, order):
    order = list(order)
    own = analysis.thresholds
    permuted = Analysis(
        probabilities=analysis.probabilities[:, order],
        silent=analysis.silent,
        window_starts=analysis.window_starts,
        window_seconds=WINDOW,
        hop_seconds=HOP,
        duration=analysis.duration,
        audio_name="drawn.wav",
        model_name="none",
        model_hash="",
        thresholds=Thresholds(own.window[order], own.recording_mean[order], own.recording_max[order]),
        instruments=tuple(CODES[k] for k in order),
    )
    straight, turned = decode(analysis, config), decode(permuted, config)
    np.testing.assert_array_equal(turned.smoothed, straight.smoothed[:, order])
    np.testing.assert_allclose(turned.scores, straight.scores[order], rtol=1e-6)
    assert set(turned.segments) == set(straight.segments)


@unhurried
@given(analyses(), st.integers(1, 7))
def test_what_stands_in_silent_windows_never_influences_smoothing_and_scores(analysis, n_windows):
    disturbed = np.where(analysis.silent[:, np.newaxis], np.float32(1), analysis.probabilities)
    calm = smooth(analysis.probabilities, analysis.silent, n_windows)
    np.testing.assert_array_equal(smooth(disturbed, analysis.silent, n_windows), calm)
    loud_silence = np.where(analysis.silent[:, np.newaxis], np.float32(1), calm)
    for aggregation in ("mean", "max"):
        np.testing.assert_array_equal(
            aggregate(loud_silence, analysis.silent, aggregation),
            aggregate(calm, analysis.silent, aggregation),
        )
    cells, thresholds = window_cells(analysis), np.full(11, 0.5, dtype=np.float32)
    assert find_segments(loud_silence, analysis.silent, cells, thresholds, instruments=CODES) == find_segments(
        calm, analysis.silent, cells, thresholds, instruments=CODES
    )


@unhurried
@given(analyses(), configs, st.floats(0, 1), st.floats(0, 1))
def test_raising_the_threshold_never_finds_more(analysis, config, one, other):
    def read(threshold) -> Timeline:
        return decode(analysis, DecodingConfig(config.aggregation, threshold, config.smoothing_windows))

    low, high = read(min(one, other)), read(max(one, other))
    assert set(high.detected) <= set(low.detected)
    for segment in high.segments:
        assert any(s.start <= segment.start and segment.end <= s.end for s in low.segments_of(segment.instrument))
    total_low, total_high = (sum(s.duration for s in timeline.segments) for timeline in (low, high))
    assert total_high <= total_low + 1e-9
