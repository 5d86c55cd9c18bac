"""Comparisons of hop, smoothing and aggregation, on tones whose answers are worked out by hand."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from stand_in import SAMPLE_RATE, PitchClassifier, make_tone

from instrunet_widgets.classifier import Classifier
from instrunet_widgets.cli import main
from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.instruments import CODES
from instrunet_widgets.results import Segment, Thresholds
from instrunet_widgets.training import timeline_experiments
from instrunet_widgets.training.calibration import fit_calibration, fit_thresholds
from instrunet_widgets.training.out_of_fold import OutOfFold
from instrunet_widgets.training.scores import LabelRange
from instrunet_widgets.training.timeline_experiments import (
    FIELDS,
    HOPS,
    compare_on_pieces,
    compare_on_recordings,
)
from instrunet_widgets.training.timeline_measures import find_boundary_distances


@pytest.fixture
def pieces(tmp_path: Path) -> Path:
    """Fifteen seconds of cello, then fifteen of violin; and a cello that is labelled as a flute as well."""
    folder = tmp_path / "pieces"
    folder.mkdir()
    both = np.concatenate([make_tone("cel", 15.0), make_tone("vio", 15.0)])
    write_piece(folder, "a", both, [("cel", 0, 15), ("vio", 15, 30)])
    write_piece(folder, "b", make_tone("cel", 12.0), [("cel", 0, 12), ("flu", 0, 12)])
    return folder


def write_piece(folder: Path, name: str, waveform: np.ndarray, ranges: list[tuple[str, float, float]]) -> None:
    soundfile.write(folder / f"{name}.flac", waveform, SAMPLE_RATE)
    labels = {
        "duration": len(waveform) / SAMPLE_RATE,
        "sound_font": "none",
        "ranges": [{"instrument": code, "start": start, "end": end} for code, start, end in ranges],
    }
    (folder / f"{name}.labels.json").write_text(json.dumps(labels), encoding="utf-8")


def find(rows: list[dict], **wanted: object) -> dict:
    (row,) = [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]
    return row


def test_timelines_and_aggregations_agree_with_a_count_by_hand(pieces: Path) -> None:
    steps: list[tuple[int, int]] = []
    rows = compare_on_pieces(PitchClassifier(), pieces, on_piece=lambda *step: steps.append(step))  # type: ignore[arg-type]
    assert steps == [(k, 8) for k in range(1, 9)]
    timelines = [row for row in rows if row["experiment"] == "timeline"]
    assert len(timelines) == len(HOPS) * 7 + 3
    # A window must be 5/9 one instrument, so cello ends and violin begins within a hop of 15 s, with no overlap.
    row = find(rows, experiment="timeline", hop_seconds=0.5, smoothing_windows=1, thresholds="window")
    assert row["n_labelled"] == 4
    assert row["n_segments"] == 3
    assert row["segment_f1"] == pytest.approx(2 * 3 / (3 + 4)), "all but the flute, which is never heard"
    assert row["frame_recall"] == pytest.approx((30 + 12) / (30 + 24), abs=0.01)
    assert row["frame_precision"] == pytest.approx(1.0, abs=0.01)
    assert row["boundary_error_seconds"] == pytest.approx(0.0, abs=0.3)
    # The first piece has one at a time, found but for a window's width; the second two, of which the flute is missed.
    alone = find(rows, experiment="polyphony", n_playing=1)
    together = find(rows, experiment="polyphony", n_playing=2)
    assert alone["frame_f1"] == pytest.approx(1.0, abs=0.05)
    assert (together["frame_precision"], together["frame_recall"]) == (1.0, pytest.approx(0.5, abs=0.01))
    assert find(rows, experiment="instrument", instrument="flu")["frame_recall"] == 0.0
    assert find(rows, experiment="instrument", instrument="cel")["frame_recall"] == pytest.approx(1.0, abs=0.06)
    # Mean over the first piece is .45 for each of its two; max .9.
    by_max = find(rows, experiment="aggregation", aggregation="max", smoothing_windows=3, thresholds="auto")
    by_mean = find(rows, experiment="aggregation", aggregation="mean", smoothing_windows=3, thresholds="auto")
    assert by_max["micro_f1"] == pytest.approx(2 * 3 / (3 + 4))
    assert by_mean["micro_f1"] == pytest.approx(2 * 1 / (1 + 4))
    low = find(rows, experiment="aggregation", aggregation="mean", smoothing_windows=3, thresholds=0.3)
    assert low["micro_f1"] == by_max["micro_f1"]


def test_boundaries_are_compared_within_an_instrument_only() -> None:
    labels = [LabelRange("cel", 2.0, 10.0), LabelRange("flu", 0.0, 1.0)]
    found = [Segment("cel", 2.5, 6.0, 0.9), Segment("cel", 7.0, 9.0, 0.9), Segment("vio", 2.0, 10.0, 0.5)]
    assert find_boundary_distances(labels, found).tolist() == [0.5, 1.0]
    assert find_boundary_distances(found, labels).tolist() == [0.5, 4.0, 3.0, 1.0]
    assert find_boundary_distances(labels, []).tolist() == []


def test_boundary_distances_are_those_of_mir_eval() -> None:
    mir_eval = pytest.importorskip("mir_eval")
    rng = np.random.default_rng(0)
    edges = [np.sort(rng.choice(np.arange(1, 300), size=n, replace=False)) / 10 for n in (8, 6)]
    labels, found = ([LabelRange("cel", a, b) for a, b in both.reshape(-1, 2)] for both in edges)
    intervals = [np.stack([both[:-1], both[1:]], axis=1) for both in edges]
    to_found, to_labels = mir_eval.segment.deviation(*intervals)
    assert np.median(find_boundary_distances(labels, found)) == pytest.approx(to_found)
    assert np.median(find_boundary_distances(found, labels)) == pytest.approx(to_labels)


OWN = Thresholds(np.full(11, 0.5), recording_mean=np.full(11, 0.25), recording_max=np.full(11, 0.75))


def make_predictions(clips: list[tuple[str, str, int, str, float]]) -> OutOfFold:
    """What is heard in clips (instrument, recording, which clip, what is heard, how surely), two recordings a fold."""
    labels, heard = np.zeros((2, len(clips), 11), dtype=np.float32)
    for row, (code, _, _, heard_code, probability) in enumerate(clips):
        labels[row, CODES.index(code)], heard[row, CODES.index(heard_code)] = 1, probability
    files = np.array([f"{code}/[{code}][pop_roc]{recording}__{segment}.wav" for code, recording, segment, *_ in clips])
    fold = np.array([int(recording) % 2 for _, recording, *_ in clips])
    return OutOfFold(heard, heard, labels, fold, files, np.full((2, 11), 0.5), {})


# A cello heard in one of three clips, a flute in two of three, and recordings of fewer clips.
CLIPS = [
    *(("cel", "0001", segment, "cel", p) for segment, p in ((3, 0.2), (1, 0.0), (2, 1.0))),
    *(("flu", "0002", segment, "flu", p) for segment, p in ((1, 0.8), (2, 0.6), (3, 0.0))),
    *(("org", "0003", segment, "pia", 1.0) for segment in (1, 2)),
    ("vio", "0004", 1, "vio", 1.0),
]


def test_recordings_of_three_clips_are_joined_by_mean_and_max(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_experiments, "_fit_without", lambda predicted, number: OWN)
    rows = compare_on_recordings("columns", make_predictions(CLIPS))
    assert {row["n"] for row in rows} == {2}
    first = find(rows, aggregation="first clip")
    # First clips: cello 0 (all are 0, so the first class, which it is), flute .8.
    assert (first["accuracy"], first["micro_f1"]) == (1.0, pytest.approx(2 / 3))
    # Means .4 and .47 pass .25, not .5; maxima 1 and .8 pass both .75 and .5.
    assert find(rows, aggregation="mean", thresholds="auto")["micro_f1"] == 1.0
    assert find(rows, aggregation="mean", thresholds="window")["micro_recall"] == 0.0
    assert find(rows, aggregation="max", thresholds="auto")["micro_f1"] == 1.0
    assert len(rows) == 5


def test_a_recording_is_read_at_thresholds_of_the_other_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = Thresholds(*(np.full(11, 0.99) for _ in range(3)))
    monkeypatch.setattr(timeline_experiments, "_fit_without", lambda predicted, number: strict if number == 1 else OWN)
    rows = compare_on_recordings("columns", make_predictions(CLIPS))
    # The cello is in fold 1: its mean of .4 is not heard at .99, its maximum of 1 is.
    assert find(rows, aggregation="mean", thresholds="auto")["micro_recall"] == 0.5
    assert find(rows, aggregation="max", thresholds="auto")["micro_recall"] == 1.0


def test_thresholds_are_fitted_without_the_fold_that_they_read() -> None:
    predicted = make_made_up_predictions()
    for number in range(2):
        others = predicted.fold != number
        calibration = fit_calibration(predicted.raw[others], predicted.labels[others])
        expected = fit_thresholds(calibration(predicted.raw[others]), predicted.labels[others])
        found = timeline_experiments._fit_without(predicted, number)
        np.testing.assert_allclose(found.window, expected.window)
        np.testing.assert_allclose(found.recording_mean, expected.at(3).recording_mean)


def make_made_up_predictions() -> OutOfFold:
    rng = np.random.default_rng(0)
    clips = [(CODES[k % 11], f"{k:04d}", 1, CODES[rng.integers(11)], 1.0) for k in range(220)]
    predicted = make_predictions(clips)
    raw = (0.3 * predicted.labels + rng.uniform(0.05, 0.6, predicted.labels.shape)).astype(np.float32)
    return dataclasses.replace(predicted, raw=raw)


def test_folds_without_a_recording_of_three_clips_are_refused() -> None:
    with pytest.raises(FeatureFolderError, match="no recording of three clips"):
        compare_on_recordings("columns", make_predictions(CLIPS[-3:]))


def test_command_writes_one_table(pieces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = PitchClassifier()
    network.path = tmp_path  # without predictions of folds
    monkeypatch.setattr(Classifier, "load", lambda model=None: network)
    assert main(["experiments", "timeline", "--pieces", str(pieces), "--out", str(tmp_path)]) == 0
    with (tmp_path / "timeline_experiments.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == FIELDS
    assert len(rows) == 7 * len(HOPS) + 3 + 2 * 3 * 5 + 11 + 4
    assert {row["hop_seconds"] for row in rows} == {"0.5", "0.75", "1.5", "3"}
    assert rows[0]["micro_f1"] == ""
