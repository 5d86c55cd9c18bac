"""How well a network hears, by how many of the eleven instruments play."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray


def score_by_number(
    probabilities: FloatArray, targets: FloatArray, thresholds: npt.NDArray[np.floating]
) -> dict[str, dict[str, float]]:
    """Score clips apart by the number of instruments that are labelled in them.

    Parameters
    ----------
    probabilities, targets : np.ndarray [shape=(n, 11)]
        Calibrated, and labels, 0 and 1.
    thresholds : np.ndarray [shape=(11,) or (n, 11)]

    Returns
    -------
    scores : dict
        By number (``"1"``, ``"2"``, ...; clips without any are left out): ``n``, clips; ``top_1``, share of them whose
        most probable instrument is labelled; ``precision``, ``recall`` and ``f1`` of all instruments together at the
        thresholds.

    Examples
    --------
    >>> two = np.eye(2, 11), np.ones((2, 11))
    >>> score_by_number(two[0], two[1], np.full(11, 0.5))["11"]["precision"]
    1.0
    """
    is_labelled = np.asarray(targets) > 0.5
    over = np.asarray(probabilities) >= np.asarray(thresholds)
    top = is_labelled[np.arange(len(is_labelled)), np.asarray(probabilities).argmax(axis=1)]
    numbers = is_labelled.sum(axis=1)
    return {
        str(number): _score(over[numbers == number], is_labelled[numbers == number], top[numbers == number])
        for number in np.unique(numbers[numbers > 0])
    }


def _score(over: npt.NDArray[np.bool_], is_labelled: npt.NDArray[np.bool_], top: npt.NDArray[np.bool_]) -> Any:
    hits = int((over & is_labelled).sum())
    shares = {
        "top_1": top.mean(),
        "precision": hits / max(1, over.sum()),
        "recall": hits / is_labelled.sum(),
        "f1": 2 * hits / (over.sum() + is_labelled.sum()),
    }
    return {"n": len(top), **{name: round(float(value), 4) for name, value in shares.items()}}
