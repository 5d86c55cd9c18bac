"""Out-of-fold predictions against what a listener heard: clips labelled again, with every instrument in them.

IRMAS names one instrument for a clip, though about half of its clips hold more. A table of clips that somebody has
listened to again says what several labels at a time are worth: columns ``file``, and one for each code with 1 where the
instrument is heard and 0 where not.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FeatureFolderError
from ..instruments import CODES
from .metrics import score_both
from .out_of_fold import OutOfFold
from .polyphony import score_by_number


def score_relabelled(out_of_fold: OutOfFold, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Score the clips of a table by networks that never saw their recordings, nor these labels.

    Parameters
    ----------
    out_of_fold : OutOfFold
    path : Path
        The table; clips that no fold predicts are left out.

    Returns
    -------
    scores : dict
        As `score_both`, each clip at the thresholds of its fold.
    by_number : dict
        As `score_by_number`.

    Raises
    ------
    FeatureFolderError
        If the table cannot be read, holds other values than 0 and 1, or none of the clips.
    """
    labels = _read_table(path)
    known = [k for k, file in enumerate(out_of_fold.files) if file in labels]
    if not known:
        raise FeatureFolderError(f"{path} names none of the clips that the folds predict")
    targets = np.array([labels[out_of_fold.files[k]] for k in known])
    given = out_of_fold.probabilities[known], targets, out_of_fold.thresholds[out_of_fold.fold[known]]
    return score_both(*given), score_by_number(*given)


def _read_table(path: Path) -> dict[str, list[int]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
        labels = {row["file"]: [int(row[code]) for code in CODES] for row in rows}
    except OSError as error:
        raise FeatureFolderError(f"the table {path} cannot be opened: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise FeatureFolderError(
            f"{path} is no table of labels: it needs the columns file and {', '.join(CODES)}, with 0 or 1"
        ) from error
    if any(set(row) - {0, 1} for row in labels.values()):
        raise FeatureFolderError(f"{path} holds other values than 0 and 1")
    return labels
