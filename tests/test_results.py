"""The result types: what they refuse, that they cannot be changed, and the cells windows speak for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from instrunet_widgets.instruments import CODES
from instrunet_widgets.results import Analysis, Overview, Thresholds, window_cells

PIANO, VOICE = CODES.index("pia"), CODES.index("voi")


def make_thresholds(window=0.5, recording_mean=0.5, recording_max=0.5):
    return Thresholds(*(np.full(11, value) for value in (window, recording_mean, recording_max)))


def make_analysis(**changes):
    """Three windows of 8.0 s: piano throughout, voice in the last, nothing else."""
    probabilities = np.zeros((3, 11), dtype=np.float32)
    probabilities[:, PIANO] = 0.75
    probabilities[2, VOICE] = 1.0
    fields = {
        "probabilities": probabilities,
        "silent": np.zeros(3, dtype=bool),
        "window_starts": np.array([0.0, 1.5, 3.0]),
        "window_seconds": 3.0,
        "hop_seconds": 1.5,
        "duration": 5.5,
        "audio_name": "song.mp3",
        "model_name": "small",
        "model_hash": "ab" * 32,
        "thresholds": make_thresholds(),
    }
    return Analysis(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"probabilities": np.zeros((3, 10))}, "probabilities must have the shape"),
        ({"probabilities": np.full((3, 11), 1.01)}, r"probabilities must lie in \[0, 1\]"),
        ({"probabilities": np.full((3, 11), -0.01)}, r"probabilities must lie in \[0, 1\]"),
        ({"probabilities": np.full((3, 11), np.nan)}, "NaN"),
        ({"silent": np.zeros(2, dtype=bool)}, "silent must have the shape"),
        ({"silent": np.array([True, False, False])}, "silent windows must have probability 0"),
        ({"window_starts": np.array([0.0, 1.5])}, "window_starts must have the shape"),
        ({"window_starts": np.array([0.0, 3.0, 1.5])}, "increase"),
        ({"window_starts": np.array([-1.0, 1.5, 3.0])}, "begin at 0"),
        ({"duration": 0.0}, "duration must be a positive"),
        ({"duration": float("inf")}, "duration must be a positive"),
        ({"window_seconds": -3.0}, "window_seconds must be a positive"),
        ({"hop_seconds": float("nan")}, "hop_seconds must be a positive"),
        ({"instruments": (*CODES[:10], "cel")}, "named twice"),
        ({"thresholds": Thresholds(np.zeros(10), np.zeros(10), np.zeros(10))}, "differ in number"),
    ],
)
def test_analysis_refuses_contradictions(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        make_analysis(**changes)


def test_analysis_without_windows_is_refused():
    with pytest.raises(ValueError, match="at least one window"):
        make_analysis(probabilities=np.zeros((0, 11)), silent=np.zeros(0, bool), window_starts=np.zeros(0))


def test_arrays_are_copied_and_cannot_be_written():
    probabilities = np.full((3, 11), 0.25, dtype=np.float32)
    analysis = make_analysis(probabilities=probabilities)
    probabilities[:] = 0.9
    assert (analysis.probabilities == np.float32(0.25)).all()
    with pytest.raises(ValueError, match="read-only"):
        analysis.probabilities[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        analysis.decode().smoothed[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        analysis.duration = 3.0


def test_overview_refuses_other_shapes():
    with pytest.raises(ValueError, match="envelope"):
        Overview(envelope=np.zeros((10, 3)), spectrogram=np.zeros((128, 10)))
    with pytest.raises(ValueError, match="spectrogram"):
        Overview(envelope=np.zeros((10, 2)), spectrogram=np.zeros(128))


def test_cells_lie_round_the_centres_and_reach_both_ends():
    np.testing.assert_array_equal(window_cells(make_analysis()), [[0.0, 2.25], [2.25, 3.75], [3.75, 5.5]])


def test_one_window_speaks_for_the_whole_recording():
    analysis = make_analysis(probabilities=np.zeros((1, 11)), silent=[False], window_starts=[0.0], duration=0.25)
    np.testing.assert_array_equal(window_cells(analysis), [[0.0, 0.25]])


def test_cells_of_a_denser_hop_are_as_long_as_the_hop():
    analysis = make_analysis(window_starts=[0.0, 0.5, 1.0], hop_seconds=0.5, duration=4.0)
    np.testing.assert_array_equal(window_cells(analysis), [[0.0, 1.75], [1.75, 2.25], [2.25, 4.0]])


def test_cells_never_leave_the_recording_however_far_apart_the_windows():
    analysis = make_analysis(window_starts=[0.0, 4.0, 8.0], hop_seconds=4.0, duration=7.2)
    np.testing.assert_array_equal(window_cells(analysis), [[0.0, 3.5], [3.5, 7.2], [7.2, 7.2]])


def test_repr_tells_file_length_model_and_what_is_heard():
    # piano: mean of 3 x 0.75; voice: smoothed 0, 1/3, 1/2, so 0.28 on average
    assert repr(make_analysis()) == ("Analysis('song.mp3', 5.5 s, 3 windows, model 'small': pia 0.75)")
    assert repr(make_analysis(thresholds=make_thresholds(recording_mean=0.9))).endswith("no instrument detected)")


def test_frame_has_one_row_per_window_with_the_smoothed_probabilities():
    frame = make_analysis(
        probabilities=np.where([[True], [False], [True]], make_analysis().probabilities, 0),
        silent=[False, True, False],
    ).to_frame()
    assert list(frame.columns) == ["start", "end", "silent", *CODES]
    assert frame["start"].tolist() == [0.0, 1.5, 3.0]
    assert frame["end"].tolist() == [3.0, 4.5, 6.0]
    assert frame["silent"].tolist() == [False, True, False]
    assert frame["pia"].tolist() == [0.75, 0.0, 0.75]
    assert frame["voi"].tolist() == [0.0, 0.0, 1.0]
