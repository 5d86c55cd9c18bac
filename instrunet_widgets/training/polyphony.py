"""How well a network hears, by how many of the eleven instruments play."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from .metrics import score


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
    p, is_labelled = np.asarray(probabilities), np.asarray(targets) > 0.5
    limits = np.broadcast_to(thresholds, p.shape)
    numbers = is_labelled.sum(axis=1)
    scores = {}
    for number in np.unique(numbers[numbers > 0]):
        chosen = numbers == number
        found = score(p[chosen], is_labelled[chosen], limits[chosen])
        top_1 = is_labelled[chosen, p[chosen].argmax(axis=1)].mean()
        shares = {
            "top_1": top_1,
            "precision": found.micro_precision,
            "recall": found.micro_recall,
            "f1": found.micro_f1,
        }
        scores[str(number)] = {"n": found.n, **{name: round(float(value), 4) for name, value in shares.items()}}
    return scores
