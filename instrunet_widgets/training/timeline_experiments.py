"""How windows should be cut, smoothed and joined: comparisons in which nothing is trained.

On rendered pieces with labels per time (`pieces`), each analysed once per hop by the pipeline that users run:

- ``timeline``: hop of .5, .75, 1.5 and 3 s by smoothing over 1 to 7 windows, time ranges at the network's own window
  thresholds; and at the usual hop and smoothing also at fixed thresholds.
- ``aggregation``: mean or max over a piece by smoothing by thresholds, against the instruments that play anywhere in
  it.
- ``instrument`` and ``polyphony``: at the usual hop and smoothing, the seconds of each instrument, and those while one,
  two, three or four of the eleven play.

On IRMAS recordings of three clips, from what the folds predict for them (``oof.npz``):

- ``aggregation_irmas``: mean or max over the three, and the first clip alone.

Thresholds are ``auto`` (the network's own for recordings under that aggregation), ``window`` (its own for windows) or a
number. One row per combination in ``timeline_experiments.csv``:

- ``experiment``, ``model``, ``n`` (pieces or recordings), ``hop_seconds``, ``smoothing_windows``, ``aggregation``,
  ``thresholds``.
- ``micro_f1``, ``macro_f1``, ``micro_precision``, ``micro_recall``, ``accuracy`` (of the most probable instrument, only
  of ``aggregation_irmas``): whole pieces or recordings.
- ``frame_precision``, ``frame_recall``, ``frame_f1``: of the seconds that are claimed and labelled, all instruments and
  pieces together (`segment_scores.compare_seconds`, the limit of segment-based measures [1]_ for short segments).
- ``segment_f1``: time ranges found, all instruments and pieces together: beginning within 1.5 s, end within 1.5 s or a
  fifth of the labelled length, one to one (`segment_scores.compare_ranges`, as in mir_eval's transcription [2]_).
- ``boundary_error_seconds``: median time from a labelled beginning or end to the nearest one that is claimed for the
  same instrument; ``boundary_excess_seconds``: the other way round, which grows with ranges that are not there
  (mir_eval.segment.deviation [2]_, an instrument at a time). Only instruments that are both labelled and claimed in a
  piece. ``n_segments``: ranges claimed; ``n_labelled``: ranges labelled.
- ``instrument``, ``n_playing``: of the experiments of these names.

References
----------
.. [1] A. Mesaros, T. Heittola, T. Virtanen, "Metrics for polyphonic sound event detection", Appl. Sci. 6(6), 2016.
.. [2] C. Raffel et al., "mir_eval: a transparent implementation of common MIR metrics", ISMIR 2014.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from ..config import AGGREGATIONS, MAX_SMOOTHING_WINDOWS, Aggregation, DecodingConfig, WindowConfig
from ..decoding import aggregate, decode
from ..errors import FeatureFolderError
from ..instruments import CODES
from ..pipeline import analyze
from ..thresholds import Thresholds
from .irmas import parse_clip_name
from .metrics import score
from .out_of_fold import OutOfFold
from .pieces import read_pieces
from .publish import fit_reading
from .timeline_measures import HeardPiece, Row, score_by_instrument, score_by_polyphony, score_timelines

if TYPE_CHECKING:
    from ..classifier import Classifier

HOPS = (0.5, 0.75, 1.5, 3.0)
FIXED_THRESHOLDS = (0.3, 0.5, 0.7)
N_CLIPS = 3
FIELDS = (
    *("experiment", "model", "n", "hop_seconds", "smoothing_windows", "aggregation", "thresholds"),
    *("micro_f1", "macro_f1", "micro_precision", "micro_recall", "accuracy"),
    *("frame_precision", "frame_recall", "frame_f1", "segment_f1", "boundary_error_seconds", "boundary_excess_seconds"),
    *("n_segments", "n_labelled", "instrument", "n_playing"),
)
_RECORDING_FIELDS = ("micro_f1", "macro_f1", "micro_precision", "micro_recall")
_USUAL = DecodingConfig()
_USUAL_HOP = WindowConfig().hop_seconds

ThresholdName = Literal["auto", "window"]


def compare_on_pieces(
    classifier: Classifier, folder: str | Path, *, on_piece: Callable[[int, int], object] | None = None
) -> list[Row]:
    """Run the comparisons on rendered pieces.

    Parameters
    ----------
    classifier : Classifier
    folder : str or Path
        Made by ``instrunet render pieces``.
    on_piece : callable, optional
        Called with (analyses done, analyses in all).

    Returns
    -------
    rows : list of dict
        Keys of `FIELDS`.

    Raises
    ------
    FeatureFolderError
        If there are no pieces.
    AudioError
        If a recording cannot be read.
    """
    pieces, rows, done = read_pieces(folder), [], 0
    for hop in HOPS:
        heard = []
        for piece in pieces:
            analysis = analyze(piece.path, classifier=classifier, window_config=WindowConfig(hop))
            heard.append(HeardPiece(piece, analysis))
            done += 1
            if on_piece is not None:
                on_piece(done, len(pieces) * len(HOPS))
        common: Row = {"model": classifier.name, "n": len(pieces), "hop_seconds": hop}
        rows += [{**common, **row} for row in _compare_timelines(heard, hop)]
        if hop == _USUAL_HOP:
            rows += [{**common, **row} for row in _compare_aggregations(heard)]
    return rows


def compare_on_recordings(model: str, predicted: OutOfFold) -> list[Row]:
    """Compare aggregations on IRMAS recordings of three clips, each predicted by the fold that did not learn from it.

    Parameters
    ----------
    model : str
        Its name, for the rows.
    predicted : OutOfFold
        Each recording is read at thresholds that were fitted on the other folds.

    Returns
    -------
    rows : list of dict
        Keys of `FIELDS`.

    Raises
    ------
    FeatureFolderError
        If there is no recording of three clips.
    """
    clips = _find_recordings(predicted.files)
    probabilities, sounding = predicted.probabilities[clips], np.zeros(N_CLIPS, dtype=bool)
    targets, fold = predicted.labels[clips[:, 0]], predicted.fold[clips[:, 0]]
    own = [_fit_without(predicted, number) for number in range(int(predicted.fold.max()) + 1)]
    rows: list[Row] = []
    readings: list[tuple[str, npt.NDArray[np.float32]]] = [("first clip", probabilities[:, 0])]
    for aggregation in AGGREGATIONS:
        readings.append((aggregation, np.stack([aggregate(three, sounding, aggregation) for three in probabilities])))
    for name, scores in readings:
        for thresholds in ("auto", "window"):
            if name == "first clip" and thresholds == "auto":
                continue  # a clip is a window
            chosen = np.stack([np.asarray(_choose_thresholds(own[number], name, thresholds)) for number in fold])
            measured = score(scores, targets, chosen)
            row: Row = {"experiment": "aggregation_irmas", "model": model, "n": len(clips)}
            row |= {
                "smoothing_windows": 1,
                "aggregation": name,
                "thresholds": thresholds,
                "accuracy": measured.accuracy,
            }
            rows.append(row | {field: getattr(measured, field) for field in _RECORDING_FIELDS})
    return rows


def _find_recordings(files: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
    """Clips of each recording that has three, in their order [shape=(n_recordings, 3)]."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row, file in enumerate(files):
        name = parse_clip_name(str(file))
        found.setdefault((name.code, name.recording_id), []).append((name.segment, row))
    threes = [[row for _, row in sorted(clips)] for clips in found.values() if len(clips) == N_CLIPS]
    if not threes:
        raise FeatureFolderError("the folds predict no recording of three clips")
    return np.array(threes)


def _fit_without(predicted: OutOfFold, number: int) -> Thresholds:
    """Thresholds for recordings of three windows from the other folds."""
    others = predicted.fold != number
    return fit_reading(predicted.raw[others], predicted.labels[others]).thresholds.at(N_CLIPS)


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV with the columns `FIELDS`; numbers with four digits after the point."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, FIELDS, restval="", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: _format(value) for key, value in row.items()})


def _compare_timelines(heard: Sequence[HeardPiece], hop: float) -> Iterator[Row]:
    for smoothing in range(1, MAX_SMOOTHING_WINDOWS + 1):
        yield {"experiment": "timeline", **score_timelines(heard, DecodingConfig(smoothing_windows=smoothing))}
    if hop == _USUAL_HOP:
        for threshold in FIXED_THRESHOLDS:
            yield {"experiment": "timeline", **score_timelines(heard, DecodingConfig(threshold=threshold))}
        usual: Row = {"smoothing_windows": _USUAL.smoothing_windows, "thresholds": "window"}
        for row in score_by_instrument(heard, _USUAL):
            yield {"experiment": "instrument", **usual, **row}
        for row in score_by_polyphony(heard, _USUAL):
            yield {"experiment": "polyphony", **usual, **row}


def _compare_aggregations(heard: Sequence[HeardPiece]) -> Iterator[Row]:
    targets = np.array([[code in {one.instrument for one in found.piece.ranges} for code in CODES] for found in heard])
    choices: tuple[ThresholdName | float, ...] = ("auto", "window", *FIXED_THRESHOLDS)
    smoothings = (1, _USUAL.smoothing_windows, MAX_SMOOTHING_WINDOWS)
    for aggregation, smoothing, thresholds in product(AGGREGATIONS, smoothings, choices):
        config = DecodingConfig(aggregation=aggregation, smoothing_windows=smoothing)
        scores = np.stack([decode(one.analysis, config).scores for one in heard])
        chosen = [_choose_thresholds(one.analysis.thresholds, aggregation, thresholds) for one in heard]
        measured = score(scores, targets, np.stack([np.broadcast_to(row, len(CODES)) for row in chosen]))
        row: Row = {"experiment": "aggregation", "smoothing_windows": smoothing, "aggregation": aggregation}
        yield row | {"thresholds": thresholds} | {field: getattr(measured, field) for field in _RECORDING_FIELDS}


def _choose_thresholds(own: Thresholds, aggregation: str, choice: str | float) -> npt.NDArray[np.float32] | float:
    if isinstance(choice, float):
        return choice
    by_aggregation: dict[Aggregation, npt.NDArray[np.float32]] = {"mean": own.recording_mean, "max": own.recording_max}
    return own.window if choice == "window" else by_aggregation[aggregation]  # type: ignore[index]


def _format(value: str | int | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
