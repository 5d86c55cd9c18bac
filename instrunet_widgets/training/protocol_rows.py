"""Ways to read the scores of excerpts: strict, as in the literature, and constant; `irmas_protocol` explains them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..instruments import CODES
from .bootstrap import Intervals, bootstrap_songs
from .measures import Scores
from .metrics import score

FLOORS = (("voi",), ("voi", "pia"), ("voi", "pia", "gel"), CODES)
_THRESHOLDS = np.arange(1, 100) / 100
_THRESHOLDED = ("micro_f1", "macro_f1", "micro_precision", "micro_recall", "macro_precision", "macro_recall")


@dataclass(frozen=True, eq=False)
class HeardExcerpts:
    """What the pipeline made of the excerpts.

    Parameters
    ----------
    mean, maximum : np.ndarray [shape=(n, 11), dtype=float32]
        Score of each excerpt under mean and max aggregation.
    mean_thresholds, max_thresholds : np.ndarray [shape=(n, 11), dtype=float32]
        The network's own for a recording of each excerpt's length.
    seconds : float
        Length of all excerpts together, s.
    remarks : tuple of str
        "file: sentence" of excerpts that the pipeline had something to say about.
    """

    mean: npt.NDArray[np.float32]
    maximum: npt.NDArray[np.float32]
    mean_thresholds: npt.NDArray[np.float32]
    max_thresholds: npt.NDArray[np.float32]
    seconds: float
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class ProtocolRow:
    """One way to read the scores; the fields are explained in `irmas_protocol`."""

    aggregation: str
    thresholds: str | float | None
    thresholds_from: str
    scores: Scores
    intervals: Intervals

    def to_dict(self) -> dict[str, Any]:
        """The row for JSON."""
        intervals = asdict(self.intervals)
        intervals["per_class_f1"] = dict(zip(self.scores.classes, intervals["per_class_f1"], strict=True))
        return {**asdict(self), "scores": self.scores.to_dict(), "intervals": intervals}


def make_rows(
    heard: HeardExcerpts,
    targets: npt.NDArray[np.bool_],
    songs: Sequence[str],
) -> dict[str, ProtocolRow]:
    """Read the scores in every way that `irmas_protocol` names.

    Parameters
    ----------
    heard : HeardExcerpts
    targets : np.ndarray [shape=(n, 11), dtype=bool]
    songs : sequence of str
        Song of each row.

    Returns
    -------
    rows : dict of str to ProtocolRow
    """
    mean, maximum = heard.mean.astype(np.float64), heard.maximum.astype(np.float64)
    loudest = mean.max(axis=1, keepdims=True)
    normalised = np.divide(mean, loudest, out=np.zeros_like(mean), where=loudest > 0)
    rows = {
        "strict_mean": _make_row("mean", mean, targets, songs, heard.mean_thresholds),
        "strict_max": _make_row("max", maximum, targets, songs, heard.max_thresholds),
    }
    for name, scores in (("mean", mean), ("max", maximum), ("normalised", normalised)):
        rows[f"best_threshold_{name}"] = _make_row(name, scores, targets, songs, find_best_threshold(scores, targets))
    top = np.zeros_like(mean)
    top[np.arange(len(top)), mean.argmax(axis=1)] = mean.max(axis=1) > 0
    row = _make_row("mean", top, targets, songs, 0.5)
    rows["top_1"] = replace(
        row,
        thresholds=None,
        thresholds_from="none needed",
        scores=replace(row.scores, lrap=None, roc_auc=None, average_precision=None, ece=None),
        intervals=replace(row.intervals, lrap=None),
    )
    return rows


def find_best_threshold(scores: npt.NDArray[np.float64], targets: npt.NDArray[np.bool_]) -> float:
    """The threshold, common to all instruments, with the highest micro F1 on the very rows that are scored.

    Parameters
    ----------
    scores : np.ndarray [shape=(n, n_classes)]
    targets : np.ndarray [shape=(n, n_classes), dtype=bool]

    Returns
    -------
    threshold : float
        One of .01, .02, ..., .99; the lowest of equally good ones.
    """
    f1 = []
    for threshold in _THRESHOLDS:
        heard = scores >= threshold
        f1.append(2 * (heard & targets).sum() / max(1, heard.sum() + targets.sum()))
    return float(_THRESHOLDS[int(np.argmax(f1))])


def score_constant_answer(codes: Sequence[str], targets: npt.NDArray[np.bool_]) -> dict[str, float | None]:
    """What naming the same instruments for every excerpt reaches.

    Parameters
    ----------
    codes : sequence of str
        The constant answer.
    targets : np.ndarray [shape=(n, 11), dtype=bool]

    Returns
    -------
    measures : dict of str to float
        ``micro_f1``, ``macro_f1`` and their precision and recall.
    """
    constant = np.broadcast_to([float(code in codes) for code in CODES], targets.shape)
    scores = score(constant, targets, 0.5)
    return {name: getattr(scores, name) for name in _THRESHOLDED}


def _make_row(
    aggregation: str,
    scores: npt.NDArray[np.float64],
    targets: npt.NDArray[np.bool_],
    songs: Sequence[str],
    thresholds: npt.NDArray[np.float32] | float,
) -> ProtocolRow:
    from sklearn.metrics import label_ranking_average_precision_score

    measured = score(scores, targets, thresholds)
    rankings = [
        label_ranking_average_precision_score(targets[k : k + 1], scores[k : k + 1]) for k in range(len(targets))
    ]
    is_own = not isinstance(thresholds, float)
    return ProtocolRow(
        aggregation=aggregation,
        thresholds="model" if is_own else float(thresholds),
        thresholds_from="training data" if is_own else "this test set",
        scores=measured,
        intervals=bootstrap_songs(scores >= thresholds, targets, np.asarray(rankings), songs),
    )
