"""What is scored (`Predictions`) and what comes out (`Scores`, `ClassScores`); `metrics` computes them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..instruments import CODES


@dataclass(frozen=True, eq=False)
class Predictions:
    """Probabilities beside their labels and thresholds, checked.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, n_classes), dtype=float64]
        In [0, 1].
    targets : np.ndarray [shape=(n, n_classes), dtype=bool]
        Multi-hot labels; given as 0 and 1.
    thresholds : np.ndarray [shape=(n, n_classes), dtype=float64]
        In [0, 1]; given as one number, one for each class, or one for each class and row.
    classes : tuple of str
        Codes, in the order of the columns.

    Raises
    ------
    ValueError
        If there is no row, shapes disagree, or values are out of range or not finite.
    """

    probabilities: npt.NDArray[np.float64]
    targets: npt.NDArray[np.bool_]
    thresholds: npt.NDArray[np.float64]
    classes: tuple[str, ...] = CODES

    def __post_init__(self) -> None:
        probabilities = np.asarray(self.probabilities, dtype=np.float64)
        targets = np.asarray(self.targets)
        thresholds = np.asarray(self.thresholds, dtype=np.float64)
        n_classes = len(self.classes)
        if probabilities.ndim != 2 or probabilities.shape[1] != n_classes or targets.shape != probabilities.shape:
            raise ValueError(
                f"probabilities and targets must both have the shape (n, {n_classes}), "
                f"got {probabilities.shape} and {targets.shape}"
            )
        if thresholds.shape not in ((), (n_classes,), probabilities.shape):
            raise ValueError(f"thresholds must be one number or {n_classes}, got the shape {thresholds.shape}")
        if not len(probabilities):
            raise ValueError("there is nothing to score: no row")
        for name, values in (("probabilities", probabilities), ("thresholds", thresholds)):
            if not ((values >= 0) & (values <= 1)).all():  # False for NaN too
                raise ValueError(f"{name} must lie in [0, 1]")
        if not np.isin(targets, (0, 1)).all():
            raise ValueError("targets must be 0 or 1")
        object.__setattr__(self, "probabilities", probabilities)
        object.__setattr__(self, "targets", targets.astype(bool))
        object.__setattr__(self, "thresholds", np.broadcast_to(thresholds, probabilities.shape).copy())


@dataclass(frozen=True)
class ClassScores:
    """How one class fared; a measure that cannot be taken is None.

    Parameters
    ----------
    code : str
        Class.
    n_positives : int
        Rows that carry the label.
    n_single_label : int
        Rows that carry this label and no other.
    threshold : float
        From which probability on the class counts as heard; the mean, if rows have thresholds of their own.
    argmax_f1 : float or None
        F1 of "is the most probable class", over single-label rows.
    f1, precision, recall : float or None
        At `threshold`, over all rows.
    roc_auc, average_precision : float or None
        Without a threshold, over all rows.
    """

    code: str
    n_positives: int
    n_single_label: int
    threshold: float
    argmax_f1: float | None
    f1: float | None
    precision: float | None
    recall: float | None
    roc_auc: float | None
    average_precision: float | None


@dataclass(frozen=True)
class Scores:
    """All measures of one set of predictions; see the conventions of `metrics`.

    Parameters
    ----------
    n : int
        Rows scored.
    n_single_label : int
        Rows with exactly one label: what the argmax measures and `ece` are taken over.
    classes : tuple of str
        Codes, in the order of `per_class` and of the rows and columns of `confusion`.
    without_positives : tuple of str
        Classes that no row carries: left out of the macro means.
    accuracy, argmax_macro_f1 : float or None
        Of the most probable class.
    micro_f1, micro_precision, micro_recall, macro_f1, macro_precision, macro_recall : float or None
        At the thresholds. `macro_f1` is the mean of the classes' F1.
    roc_auc, average_precision : float or None
        Means over classes.
    lrap : float or None
        Label ranking average precision.
    ece : float or None
        Expected calibration error of the top-1 confidence.
    per_class : tuple of ClassScores
    confusion : tuple of tuple of int
        Rows are labels, columns the most probable class; counts of single-label rows.
    """

    n: int
    n_single_label: int
    classes: tuple[str, ...]
    without_positives: tuple[str, ...]
    accuracy: float | None
    argmax_macro_f1: float | None
    micro_f1: float | None
    micro_precision: float | None
    micro_recall: float | None
    macro_f1: float | None
    macro_precision: float | None
    macro_recall: float | None
    roc_auc: float | None
    average_precision: float | None
    lrap: float | None
    ece: float | None
    per_class: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and None under the field names; `per_class` is keyed by code. No NaN."""
        values = asdict(self)
        values["per_class"] = {row.pop("code"): row for row in values["per_class"]}
        values["classes"] = list(self.classes)
        values["without_positives"] = list(self.without_positives)
        values["confusion"] = [list(row) for row in self.confusion]
        return values
