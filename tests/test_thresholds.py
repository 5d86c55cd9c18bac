"""A model's thresholds for recordings of any length, and those of one recording."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet_widgets.thresholds import ModelThresholds, Thresholds


def make_thresholds(window=0.5, recording_mean=0.5, recording_max=0.5):
    return Thresholds(*(np.full(11, value) for value in (window, recording_mean, recording_max)))


def make_model_thresholds(**changes):
    mean = np.repeat([[0.4], [0.2], [0.1]], 11, axis=1)
    fields = {
        "window": np.full(11, 0.3), "n_windows": [1, 10, 100], "recording_mean": mean, "recording_max": np.full(11, 0.6)
    }  # fmt: skip
    return ModelThresholds(**(fields | changes))


@pytest.mark.parametrize("name", ["window", "recording_mean", "recording_max"])
def test_thresholds_outside_zero_to_one_are_refused(name):
    with pytest.raises(ValueError, match=name):
        make_thresholds(**{name: 1.5})
    with pytest.raises(ValueError, match=name):
        make_model_thresholds(**{name: getattr(make_model_thresholds(), name) + 0.8})


def test_thresholds_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="recording_max"):
        Thresholds(np.zeros(11), np.zeros(11), np.zeros(10))
    with pytest.raises(ValueError, match="recording_mean"):
        make_model_thresholds(recording_mean=np.zeros((2, 11)))


@pytest.mark.parametrize("lengths", [[], [0.5, 10, 100], [1, 1, 100], [10, 1, 100]])
def test_lengths_that_do_not_ascend_are_refused(lengths):
    with pytest.raises(ValueError, match="n_windows"):
        make_model_thresholds(n_windows=lengths)


@pytest.mark.parametrize(
    ("n_windows", "expected"),
    # half-way between 1 and 10, and between 10 and 100, in logarithms
    [(0, 0.4), (1, 0.4), (10**0.5, 0.3), (10, 0.2), (10**1.5, 0.15), (100, 0.1), (5_000, 0.1)],
)
def test_the_mean_has_a_threshold_by_length(n_windows, expected):
    thresholds = make_model_thresholds().at(n_windows)
    np.testing.assert_allclose(thresholds.recording_mean, expected, atol=1e-6)
    np.testing.assert_allclose(thresholds.recording_max, 0.6)
    np.testing.assert_allclose(thresholds.window, 0.3)


def test_silence_and_a_closer_hop_make_no_recording_longer():
    silent = np.array([False, True] * 15)
    # 15 sounding windows, .5 s apart instead of 1.5: as long as five.
    own = make_model_thresholds()
    expected = own.at(5).recording_mean
    np.testing.assert_allclose(own.of_recording(silent, 0.5).recording_mean, expected)
    np.testing.assert_allclose(own.of_recording(silent, 1.5).recording_mean, own.at(15).recording_mean)


def test_they_come_back_from_what_is_written():
    own = make_model_thresholds()
    again = ModelThresholds.from_dict(own.to_dict())
    for name in ("window", "n_windows", "recording_mean", "recording_max"):
        np.testing.assert_allclose(getattr(again, name), getattr(own, name), atol=1e-6)
    assert own.to_dict()["window"][0] == 0.3  # not 0.30000001192092896
