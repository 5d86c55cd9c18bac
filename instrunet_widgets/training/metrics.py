"""How well probabilities fit labels: F1, ROC-AUC, average precision, LRAP and calibration.

The arithmetic is scikit-learn's [1]_; this module says which rows and classes each measure is taken over.

Conventions
-----------
- *Argmax* measures (``accuracy``, ``argmax_*``, ``confusion``, ``ece``) ask whether the most probable class
  is the label. They are taken over rows with exactly one label; ``n_single_label`` says how many those are.
- *Thresholded* measures (``micro_*``, ``macro_*``, and ``f1``, ``precision``, ``recall`` of a class) count a
  class as heard from its threshold on (``>=``). They use all rows, those without any label too.
- *Ranking* measures (``roc_auc``, ``average_precision``, ``lrap``) need no threshold. LRAP is taken over the
  rows that have a label (scikit-learn would count the others as perfect).
- A class without positive rows has no score: its measures are None and it is left out of every macro mean;
  ``without_positives`` names it. Its false alarms still count in the micro measures. A class that is never
  predicted has precision 0.
- ``ece`` is the expected calibration error of the top-1 confidence in 15 bins of equal mass [2]_; rows of
  equal confidence stay in one bin, so that their order does not matter.

References
----------
.. [1] F. Pedregosa et al., "Scikit-learn: Machine learning in Python", JMLR 12, 2011.
.. [2] M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
       binning", AAAI 2015 (equal-width bins there; equal mass here, so that no bin is nearly empty).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..instruments import CODES
from .measures import ClassScores, Predictions, Scores

ECE_BINS = 15
GUITARS = ("gac", "gel")
GUITAR = "gui"
CODES_GUITARS_MERGED: tuple[str, ...] = tuple(
    GUITAR if code == GUITARS[0] else code for code in CODES if code != GUITARS[1]
)


def score(
    probabilities: npt.ArrayLike,
    targets: npt.ArrayLike,
    thresholds: npt.ArrayLike,
    *,
    classes: tuple[str, ...] = CODES,
) -> Scores:
    """Compare probabilities with labels.

    Parameters
    ----------
    probabilities : array_like [shape=(n, n_classes)]
        In [0, 1].
    targets : array_like [shape=(n, n_classes)]
        Multi-hot labels, 0 and 1.
    thresholds : array_like [shape=(n_classes,) or (n, n_classes)] or float
        In [0, 1].
    classes : tuple of str
        Codes, in the order of the columns.

    Returns
    -------
    scores : Scores

    Raises
    ------
    ValueError
        If there is no row, shapes disagree, or values are out of range or not finite.
    """
    given = Predictions(np.asarray(probabilities), np.asarray(targets), np.asarray(thresholds), classes)
    per_class = _score_classes(given)
    single = given.targets.sum(axis=1) == 1
    labels, chosen = given.targets[single].argmax(axis=1), given.probabilities[single].argmax(axis=1)
    return Scores(
        n=len(given.targets),
        n_single_label=int(single.sum()),
        classes=classes,
        without_positives=tuple(row.code for row in per_class if not row.n_positives),
        accuracy=float((labels == chosen).mean()) if single.any() else None,
        argmax_macro_f1=_mean([row.argmax_f1 for row in per_class]),
        **_micro_measures(given),
        macro_f1=_mean([row.f1 for row in per_class]),
        macro_precision=_mean([row.precision for row in per_class]),
        macro_recall=_mean([row.recall for row in per_class]),
        roc_auc=_mean([row.roc_auc for row in per_class]),
        average_precision=_mean([row.average_precision for row in per_class]),
        lrap=_label_ranking_average_precision(given),
        ece=expected_calibration_error(given.probabilities[single].max(axis=1), labels == chosen),
        per_class=per_class,
        confusion=tuple(map(tuple, count_confusions(labels, chosen, len(classes)).tolist())),
    )


def score_both(probabilities: npt.ArrayLike, targets: npt.ArrayLike, thresholds: npt.ArrayLike) -> dict[str, Any]:
    """Score over the eleven instruments, and over ten with both guitars as one.

    Parameters
    ----------
    probabilities, targets : array_like [shape=(n, 11)]
    thresholds : array_like [shape=(11,) or (n, 11)]

    Returns
    -------
    scores : dict
        ``Scores.to_dict()`` under ``eleven_classes`` and ``ten_classes``.
    """
    ten = merge_guitars(np.asarray(probabilities), np.asarray(targets), np.asarray(thresholds))
    return {
        "eleven_classes": score(probabilities, targets, thresholds).to_dict(),
        "ten_classes": score(ten.probabilities, ten.targets, ten.thresholds, classes=ten.classes).to_dict(),
    }


def expected_calibration_error(
    confidence: npt.ArrayLike, correct: npt.ArrayLike, n_bins: int = ECE_BINS
) -> float | None:
    """Mean gap between confidence and accuracy, over bins that hold equally many rows.

    Parameters
    ----------
    confidence : array_like [shape=(n,)]
        Probability of the chosen class, in [0, 1].
    correct : array_like [shape=(n,), dtype=bool]
        Whether the choice was right.
    n_bins : int
        Bins of equal mass; rows of equal confidence share a bin.

    Returns
    -------
    error : float or None
        In [0, 1]; None if there is no row.

    Examples
    --------
    Two bins: (.5, .7) with one right, gap .1; (.8, .9) both right, gap .15.

    >>> round(expected_calibration_error([0.5, 0.7, 0.8, 0.9], [True, False, True, True], n_bins=2), 6)
    0.125
    """
    confidence = np.asarray(confidence, dtype=np.float64)
    n = len(confidence)
    if not n:
        return None
    gaps = np.bincount(find_bins(confidence, n_bins), weights=confidence - np.asarray(correct, dtype=np.float64))
    return float(np.abs(gaps).sum() / n)


def find_bins(values: npt.NDArray[np.float64], n_bins: int) -> npt.NDArray[np.intp]:
    """Number of the bin of each value, from the lowest on; bins hold equally many, and equal values share one.

    Parameters
    ----------
    values : np.ndarray [shape=(n,)]
    n_bins : int
    """
    return np.asarray(np.searchsorted(np.sort(values), values, side="left") * n_bins // max(1, len(values)))


def count_confusions(
    labels: npt.NDArray[np.intp], chosen: npt.NDArray[np.intp], n_classes: int
) -> npt.NDArray[np.int64]:
    """Confusion matrix: rows are labels, columns what was chosen.

    Parameters
    ----------
    labels, chosen : np.ndarray [shape=(n,), dtype=int]
    n_classes : int
    """
    matrix = np.zeros((n_classes, n_classes), dtype=np.int64)
    np.add.at(matrix, (labels, chosen), 1)
    return matrix


def merge_guitars(probabilities: npt.ArrayLike, targets: npt.ArrayLike, thresholds: npt.ArrayLike) -> Predictions:
    """Join acoustic and electric guitar into one class, for comparison with the literature's ten classes.

    The joined probability is ``1 - (1 - gac)(1 - gel)``, "at least one of the two": unlike their maximum it
    grows where the network is sure of a guitar but not of which. Its threshold is the mean of the two (fixed
    without looking at any label). The label is positive if either is. The class ``"gui"`` stands where
    ``"gac"`` stood.

    Parameters
    ----------
    probabilities, targets : array_like [shape=(n, 11)]
    thresholds : array_like [shape=(11,) or (n, 11)] or float

    Returns
    -------
    predictions : Predictions
        Ten classes, `CODES_GUITARS_MERGED`.

    Raises
    ------
    ValueError
        As `score`.
    """
    given = Predictions(np.asarray(probabilities), np.asarray(targets), np.asarray(thresholds))
    gac, gel = (CODES.index(code) for code in GUITARS)
    merged_probabilities = given.probabilities.copy()
    merged_probabilities[:, gac] = 1 - (1 - merged_probabilities[:, gac]) * (1 - merged_probabilities[:, gel])
    merged_targets = given.targets.copy()
    merged_targets[:, gac] |= merged_targets[:, gel]
    merged_thresholds = given.thresholds.copy()
    merged_thresholds[:, gac] = given.thresholds[:, [gac, gel]].mean(axis=1)
    return Predictions(
        np.delete(merged_probabilities, gel, axis=1),
        np.delete(merged_targets, gel, axis=1),
        np.delete(merged_thresholds, gel, axis=1),
        CODES_GUITARS_MERGED,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """Mean of the values that exist."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _score_classes(given: Predictions) -> tuple[ClassScores, ...]:
    from sklearn.metrics import (
        average_precision_score,
        f1_score,
        precision_recall_fscore_support,
        roc_auc_score,
    )

    single = given.targets.sum(axis=1) == 1
    labels, chosen = given.targets[single].argmax(axis=1), given.probabilities[single].argmax(axis=1)
    rows = []
    for k, code in enumerate(given.classes):
        truth, probability = given.targets[:, k], given.probabilities[:, k]
        precision, recall, f1, _ = precision_recall_fscore_support(
            truth, probability >= given.thresholds[:, k], average="binary", zero_division=0
        )
        has_positives, n_single = bool(truth.any()), int((labels == k).sum())
        rows.append(
            ClassScores(
                code=code,
                n_positives=int(truth.sum()),
                n_single_label=n_single,
                threshold=float(given.thresholds[:, k].mean()),
                argmax_f1=float(f1_score(labels == k, chosen == k)) if n_single else None,
                f1=float(f1) if has_positives else None,
                precision=float(precision) if has_positives else None,
                recall=float(recall) if has_positives else None,
                roc_auc=float(roc_auc_score(truth, probability)) if has_positives and not truth.all() else None,
                average_precision=float(average_precision_score(truth, probability)) if has_positives else None,
            )
        )
    return tuple(rows)


def _micro_measures(given: Predictions) -> dict[str, float | None]:
    """Thresholded precision, recall and F1 over all cells together; None without any label."""
    from sklearn.metrics import precision_recall_fscore_support

    names = ("micro_precision", "micro_recall", "micro_f1")
    if not given.targets.any():
        return dict.fromkeys(names)
    heard = given.probabilities >= given.thresholds
    measures = precision_recall_fscore_support(given.targets.ravel(), heard.ravel(), average="binary", zero_division=0)
    return {name: float(value) for name, value in zip(names, measures[:3], strict=True)}


def _label_ranking_average_precision(given: Predictions) -> float | None:
    from sklearn.metrics import label_ranking_average_precision_score

    labelled = given.targets.any(axis=1)
    if not labelled.any():
        return None
    return float(label_ranking_average_precision_score(given.targets[labelled], given.probabilities[labelled]))
