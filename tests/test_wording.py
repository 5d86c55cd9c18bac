import math

import pytest

from instrunet_widgets.wording import (
    confidence_in_words,
    escape_unprintable,
    format_percent,
    format_time,
    format_time_range,
    list_time_ranges,
    presence_in_words,
)


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (1.0, "very likely"),
        (0.85, "very likely"),
        (0.8499, "likely"),
        (0.65, "likely"),
        (0.6499, "possible"),
        (0.40, "possible"),
        (0.3999, "unlikely"),
        (0.0, "unlikely"),
    ],
)
def test_confidence_words_change_at_the_stated_limits(probability, words):
    assert confidence_in_words(probability) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "throughout"),
        (0.9, "throughout"),
        (0.89, "mostly"),
        (0.5, "mostly"),
        (0.49, "in parts"),
        (0.15, "in parts"),
        (0.149, "briefly"),
        (0.0, "briefly"),
    ],
)
def test_presence_words_change_at_the_stated_limits(share, words):
    assert presence_in_words(share) == words


@pytest.mark.parametrize("value", [-0.01, 1.01, math.nan])
def test_words_are_refused_outside_zero_to_one(value):
    with pytest.raises(ValueError, match="from 0 to 1"):
        confidence_in_words(value)
    with pytest.raises(ValueError, match="from 0 to 1"):
        presence_in_words(value)


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0049, "<1 %"), (0.005, "1 %"), (0.125, "13 %"), (0.9949, "99 %"), (0.995, ">99 %"), (1.0, ">99 %")],
)
def test_percentages_are_whole_and_never_claim_certainty(probability, text):
    assert format_percent(probability) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (0.5, "0:01"),
        (59.4, "0:59"),
        (59.5, "1:00"),
        (3599.4, "59:59"),
        (3599.5, "1:00:00"),
        (36061, "10:01:01"),
    ],
)
def test_times_are_rounded_and_carry_over_to_minutes_and_hours(seconds, text):
    assert format_time(seconds) == text


def test_tenths_carry_over_too():
    assert format_time(3599.97, tenths=True) == "1:00:00.0"


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf])
def test_impossible_times_are_refused(seconds):
    with pytest.raises(ValueError, match="0 or more"):
        format_time(seconds)


def test_a_short_range_shows_tenths_so_that_it_is_not_empty():
    assert format_time_range(1.1, 1.4) == "0:01.1-0:01.4"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Café – 音楽 🎻.mp3", "Café – 音楽 🎻.mp3"),
        ("a\x1b[31mred.wav", r"a\x1b[31mred.wav"),
        ("two\nlines\r\t.wav", r"two\nlines\r\t.wav"),
        ("gpj.\u202etxt", r"gpj.\u202etxt"),
        ("latin\udce9.wav", r"latin\udce9.wav"),
    ],
)
def test_only_unprintable_characters_of_names_are_escaped(name, shown):
    assert escape_unprintable(name) == shown


def test_time_ranges_are_listed_and_those_beyond_the_limit_counted():
    ranges = [(0.0, 4.0), (60.0, 61.2), (70.0, 70.2)]
    assert list_time_ranges(ranges, 3) == "0:00-0:04, 1:00-1:01, 1:10.0-1:10.2"
    assert list_time_ranges(ranges, 1) == "0:00-0:04 and 2 more"
    assert list_time_ranges([], 3) == ""
