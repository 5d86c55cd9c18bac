"""The clips that lesson 6 scores: what networks of cross-validation said about recordings that they never heard."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import FeatureFolderError
from ..instruments import INSTRUMENTS, N_INSTRUMENTS
from ..training.irmas import parse_clip_name
from ..training.out_of_fold import read_out_of_fold
from .arrays import Bools, Floats
from .material import model_folder, read_model_file
from .notices import stop, stop_on_error
from .panel import Panel
from .tables import show_table

FILE = "oof.npz"


@dataclass(frozen=True, eq=False)
class ScoredClips:
    """Predictions for clips beside their labels.

    Parameters
    ----------
    raw, probabilities : np.ndarray [shape=(n, 11), dtype=float64]
        Before and after calibration.
    labels : np.ndarray [shape=(n, 11), dtype=bool]
    fold : np.ndarray [shape=(n,), dtype=int]
        Which of the networks predicted the clip: the one that did not learn from its recording.
    recordings : np.ndarray [shape=(n,), dtype=str]
        Recording that each clip was cut from.
    thresholds : np.ndarray [shape=(11,), dtype=float64]
        The network's own, for windows.
    """

    raw: Floats
    probabilities: Floats
    labels: Bools
    fold: npt.NDArray[np.int64]
    recordings: npt.NDArray[np.str_]
    thresholds: Floats

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.labels)

    @property
    def has_one_label(self) -> Bools:
        """Which clips carry exactly one label, shape (n,)."""
        return np.asarray(self.labels.sum(axis=1) == 1)

    def subset(self, keep: npt.NDArray[np.bool_]) -> ScoredClips:
        """Some of the clips, in their order."""
        columns = {one.name: getattr(self, one.name)[keep] for one in fields(self) if one.name != "thresholds"}
        return replace(self, **columns)

    def thin_out(self, column: int, share: float) -> ScoredClips:
        """Keep only some of the clips of one instrument, from all over the list, and all others.

        Parameters
        ----------
        column : int
            Of the instrument.
        share : float in [0, 1]
            How many of its clips to keep.
        """
        own = np.flatnonzero(self.labels[:, column])
        n_kept = round(share * len(own))
        keep = np.ones(len(self), dtype=bool)
        keep[own] = False
        if n_kept:
            keep[own[np.linspace(0, len(own) - 1, n_kept).round().astype(int)]] = True
        return self.subset(keep)


@cache
def read_scored_clips() -> ScoredClips:
    """Read the predictions that come with the network.

    Raises
    ------
    LessonStop
        If the network has none, or they are damaged.
    """
    path = model_folder() / FILE
    thresholds = _read_thresholds(path.parent)
    if not path.is_file():
        stop(
            f"{path.parent} has no {FILE}, the predictions of cross-validation that this lesson is about; name a model "
            "directory that has one with the environment variable INSTRUNET_MODEL and restart the kernel, or make one "
            "with 'instrunet train --folds'."
        )
    with stop_on_error():
        try:
            heard = read_out_of_fold(path)
        except FeatureFolderError as error:
            reason = f"it holds no predictions: {type(error.__cause__).__name__}, {error.__cause__}"
            raise OSError(0, reason, str(path)) from error
    recordings = np.array([_find_recording(one) for one in heard.files])
    raw, probabilities = heard.raw.astype(np.float64), heard.probabilities.astype(np.float64)
    return ScoredClips(raw, probabilities, heard.labels > 0, heard.fold, recordings, thresholds)


def _find_recording(file: str) -> str:
    try:
        return parse_clip_name(file).recording_id
    except ValueError:  # not of IRMAS: a recording of its own
        return file


def _read_thresholds(folder: Path) -> Floats:
    content = read_model_file("model.json")
    with stop_on_error():
        try:
            thresholds = np.asarray(content["thresholds"]["window"], dtype=np.float64)
            if thresholds.shape != (N_INSTRUMENTS,) or not np.isfinite(thresholds).all():
                raise ValueError("not one threshold an instrument")
        except (KeyError, TypeError, ValueError) as error:
            raise OSError(0, f"it holds no thresholds: {error}", str(folder / "model.json")) from error
    return thresholds


def show_folds() -> Panel:
    """How many clips and recordings each network was scored on, and what was scarce."""
    clips = read_scored_clips()
    numbers = np.unique(clips.fold)
    sides = [clips.subset(clips.fold == number) for number in numbers]
    rows = [
        (f"Network {number + 1}", f"{len(side):,}", f"{len(np.unique(side.recordings)):,}")
        for number, side in zip(numbers, sides, strict=True)
    ]
    n_labelled = np.stack([side.labels.sum(axis=0) for side in sides])
    fold, column = divmod(int(n_labelled.argmin()), N_INSTRUMENTS)
    pairs = np.unique(np.stack([clips.recordings, clips.fold.astype(str)], axis=1), axis=0)
    n_shared = len(pairs) - len(np.unique(clips.recordings))
    note = (
        f"Recordings scored by more than one network: {n_shared}. Fewest clips: {n_labelled.min()} of "
        f"{INSTRUMENTS[column].name}, network {numbers[fold] + 1}."
    )
    return show_table(rows, ("Scored by", "Clips", "Recordings"), "Never heard before", note)
