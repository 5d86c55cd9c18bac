"""What networks of cross-validation say about recordings that they never heard: ``oof.npz``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import FeatureFolderError
from ..instruments import N_INSTRUMENTS


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What the five folds say together.

    Parameters
    ----------
    raw, probabilities : np.ndarray [shape=(n, 11), dtype=float32]
        Uncalibrated, and calibrated by the other folds.
    labels : np.ndarray [shape=(n, 11), dtype=float32]
    fold : np.ndarray [shape=(n,), dtype=int]
    files : np.ndarray [shape=(n,), dtype=str]
    thresholds : np.ndarray [shape=(5, 11), dtype=float32]
        For windows of each fold, fitted on the other four.
    scores : dict
        Content of ``scores.json``: by side and ``eleven_classes`` or ``ten_classes``, of all clips together, each at
        the thresholds of its fold; under ``folds`` the single folds' figures on the test side with their mean and
        spread (standard deviation).
    """

    raw: FloatArray
    probabilities: FloatArray
    labels: FloatArray
    fold: npt.NDArray[np.int64]
    files: npt.NDArray[np.str_]
    thresholds: FloatArray
    scores: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write as ``oof.npz``."""
        np.savez_compressed(
            path, raw=self.raw, probabilities=self.probabilities, labels=self.labels.astype(np.uint8),
            fold=self.fold.astype(np.uint8), files=self.files, thresholds=self.thresholds,
        )  # fmt: skip


def read_out_of_fold(path: Path) -> OutOfFold:
    """Read an ``oof.npz``; its scores are not in it.

    Raises
    ------
    FeatureFolderError
        If it cannot be read, or its arrays do not fit together.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            raw, probabilities, thresholds = (
                file[name].astype(np.float32) for name in ("raw", "probabilities", "thresholds")
            )
            labels, fold = file["labels"].astype(np.float32), file["fold"].astype(np.int64)
            files = file["files"].astype(str)
        _check(raw, probabilities, labels, fold, files, thresholds)
    except Exception as error:  # numpy and zipfile raise many kinds for damaged files
        raise FeatureFolderError(f"{path} holds no predictions of folds: {type(error).__name__}, {error}") from error
    return OutOfFold(raw, probabilities, labels, fold, files, thresholds, scores={})


def _check(
    raw: FloatArray,
    probabilities: FloatArray,
    labels: FloatArray,
    fold: npt.NDArray[np.int64],
    files: npt.NDArray[np.str_],
    thresholds: FloatArray,
) -> None:
    n = len(files)
    if not n or any(one.shape != (n, N_INSTRUMENTS) for one in (raw, probabilities, labels)) or fold.shape != (n,):
        raise ValueError("its arrays do not have the same length")
    if not all(
        ((one >= 0) & (one <= 1)).all() for one in (raw, probabilities, labels, thresholds)
    ):  # False for NaN too
        raise ValueError("probabilities, labels and thresholds must lie in [0, 1]")
    if thresholds.ndim != 2 or thresholds.shape[1] != N_INSTRUMENTS or fold.min() < 0 or fold.max() >= len(thresholds):
        raise ValueError("there must be eleven thresholds for each fold")
