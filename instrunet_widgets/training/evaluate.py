"""Score a network on a feature folder, and tell which of the clips it knows from training.

Clips of which the same audio carries two labels are left out. Clips are scored one by one with the network's
window thresholds: over the eleven instruments, and over ten with both guitars as one, as in the literature.

The report as JSON (``Evaluation.to_dict``, ``instrunet evaluate --json``); keys are only ever added:

- ``schema_version``: 1.
- ``features``: the folder. ``split``: the split file whose test part was scored, or null for all clips.
- ``model``, ``weights_sha256``: which network.
- ``n_clips``: clips in the folder; ``n_scored``: clips scored; ``n_label_conflict``: clips left out for
  carrying two labels; ``n_duplicates``: scored clips that repeat another clip of the folder; ``n_missing``:
  clips that the split file lists and the folder lacks.
- ``training_overlap``: null if the model does not say what it was trained on, else counts of the scored
  clips: ``n_trained`` (the network learnt from their recording or group), ``n_trained_clips`` (from the very
  clip), ``n_tuned`` (their group only stopped training or set thresholds), ``n_unseen`` (neither); and of
  their groups: ``n_groups``, ``n_trained_groups``.
- ``eleven_classes`` and ``ten_classes`` (class ``gui`` for both guitars), each with the fields of
  `measures.Scores`: ``n``, ``n_single_label``, ``classes``, ``without_positives``; ``accuracy``,
  ``argmax_macro_f1``; ``micro_f1``, ``micro_precision``, ``micro_recall``, ``macro_f1``, ``macro_precision``,
  ``macro_recall`` at the thresholds; ``roc_auc``, ``average_precision`` (means over classes), ``lrap``,
  ``ece``; ``per_class`` by code, each with ``n_positives``, ``n_single_label``, ``threshold``, ``argmax_f1``,
  ``f1``, ``precision``, ``recall``, ``roc_auc``, ``average_precision``; ``confusion`` (rows labels, columns
  the most probable class, in the order of ``classes``).

A measure that cannot be taken is null. `metrics` says over which clips each is taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import FeatureFolderError
from .feature_folder import FeatureFolder
from .irmas import parse_clip_name
from .measures import Scores
from .metrics import merge_guitars, score
from .splits import Split, read_split, require_test_part

SCHEMA_VERSION = 1
BATCH_SIZE = 256


class ScorableNetwork(Protocol):
    """What scoring needs of a network; `Classifier` has it."""

    @property
    def name(self) -> str:
        """Name to report."""

    @property
    def weights_hash(self) -> str:
        """sha256 of the weights."""

    @property
    def thresholds(self) -> npt.NDArray[np.float32]:
        """Window thresholds, shape (11,)."""

    def predict_proba(self, log_mels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Probabilities (n, 11) of windows (n, n_mels, n_frames) in dB."""


@dataclass(frozen=True)
class TrainingOverlap:
    """How many of the scored clips the network knows; the fields are explained at the top of the module."""

    n_trained: int
    n_trained_clips: int
    n_tuned: int
    n_unseen: int
    n_groups: int
    n_trained_groups: int


@dataclass(frozen=True)
class Evaluation:
    """Scores of one network on one set of clips; the fields are explained at the top of the module."""

    features: str
    split: str | None
    model: str
    weights_sha256: str
    n_clips: int
    n_scored: int
    n_label_conflict: int
    n_duplicates: int
    n_missing: int
    training_overlap: TrainingOverlap | None
    eleven_classes: Scores
    ten_classes: Scores

    def to_dict(self) -> dict[str, Any]:
        """The report for JSON, as described at the top of the module."""
        return {
            "schema_version": SCHEMA_VERSION,
            **asdict(self),
            "eleven_classes": self.eleven_classes.to_dict(),
            "ten_classes": self.ten_classes.to_dict(),
        }


def evaluate(
    network: ScorableNetwork,
    folder: FeatureFolder,
    *,
    test_split: Split | None = None,
    split_name: str | None = None,
    trained_on: Split | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Score a network on the clips of a feature folder.

    Parameters
    ----------
    network : Classifier
        Or anything with `name`, `weights_hash`, `thresholds` and `predict_proba`.
    folder : FeatureFolder
        In the network's front end.
    test_split : Split, optional
        Only its test part is scored; default all clips.
    split_name : str, optional
        How the report names `test_split`.
    trained_on : Split, optional
        What the network was trained on (`read_training_split`); None if not known.
    on_progress : callable, optional
        Called with clips done and clips in all.

    Raises
    ------
    FeatureFolderError
        If no clip is left to score.
    """
    wanted = np.ones(len(folder), dtype=bool)
    n_missing = 0
    if test_split is not None:
        require_test_part(test_split, split_name or "the split")
        wanted = np.isin(folder.files, test_split.test)
        n_missing = len(set(test_split.test) - set(folder.files.tolist()))
    conflict = folder.label_conflict
    chosen = np.flatnonzero(wanted & ~conflict)
    if not len(chosen):
        reason = "it is empty; make its features again"
        if wanted.any():
            reason = "all that could be scored carry two labels for the same audio; give a folder with others"
        elif test_split is not None and np.isin(folder.files, test_split.train).all():
            reason = (
                f"{split_name or 'the split'} names all of its clips as learnt from; score other clips, or look into "
                "the model's scores.json for what networks of the recipe reach on clips that they did not hear"
            )
        elif test_split is not None:
            reason = (
                f"none of the test clips of {split_name or 'the split'} is in it; "
                "check that the folder and the split belong together"
            )
        raise FeatureFolderError(f"{folder.path} holds no clip to score: {reason}")
    probabilities = _predict(network, folder, chosen, on_progress)
    targets = folder.targets[chosen]
    merged = merge_guitars(probabilities, targets, network.thresholds)
    return Evaluation(
        features=str(folder.path),
        split=split_name if test_split is not None else None,
        model=network.name,
        weights_sha256=network.weights_hash,
        n_clips=len(folder),
        n_scored=len(chosen),
        n_label_conflict=int((wanted & conflict).sum()),
        n_duplicates=int(folder.duplicates[chosen].sum()),
        n_missing=n_missing,
        training_overlap=find_training_overlap(folder, chosen, trained_on) if trained_on else None,
        eleven_classes=score(probabilities, targets, network.thresholds),
        ten_classes=score(merged.probabilities, merged.targets, merged.thresholds, classes=merged.classes),
    )


def find_training_overlap(folder: FeatureFolder, chosen: npt.NDArray[np.intp], trained_on: Split) -> TrainingOverlap:
    """Count the clips that a network knows from training, by group.

    A group counts as trained on if any of its clips in the folder, chosen or not, was trained on, or has the
    IRMAS recording of a clip that was.

    Parameters
    ----------
    folder : FeatureFolder
    chosen : np.ndarray [dtype=int]
        Rows of `folder` that are scored.
    trained_on : Split
        File names that the network trained and was tuned on.
    """
    groups = folder.groups
    trained = np.isin(groups, groups[_find_known(folder.files, trained_on.train)])
    tuned = np.isin(groups, groups[_find_known(folder.files, trained_on.stop)]) & ~trained
    return TrainingOverlap(
        n_trained=int(trained[chosen].sum()),
        n_trained_clips=int(np.isin(folder.files[chosen], trained_on.train).sum()),
        n_tuned=int(tuned[chosen].sum()),
        n_unseen=int((~trained & ~tuned)[chosen].sum()),
        n_groups=len(np.unique(groups[chosen])),
        n_trained_groups=len(np.unique(groups[chosen][trained[chosen]])),
    )


def read_training_split(model: Path) -> Split | None:
    """Read what a network was trained on from its model directory.

    Parameters
    ----------
    model : Path
        Model directory.

    Returns
    -------
    split : Split or None
        None if the directory has no ``split.json``, or another one than ``model.json`` states the hash of.
    """
    path = model / "split.json"
    if not path.is_file():
        return None
    split = read_split(path)
    description = json.loads((model / "model.json").read_text(encoding="utf-8"))
    return split if description.get("split_sha256") == split.sha256 else None


def _predict(
    network: ScorableNetwork,
    folder: FeatureFolder,
    chosen: npt.NDArray[np.intp],
    on_progress: Callable[[int, int], None] | None,
) -> npt.NDArray[np.float32]:
    batches = []
    for start in range(0, len(chosen), BATCH_SIZE):
        rows = chosen[start : start + BATCH_SIZE]
        batches.append(network.predict_proba(folder.decibels(rows)))
        if on_progress is not None:
            on_progress(start + len(rows), len(chosen))
    return np.concatenate(batches)


def _find_known(files: npt.NDArray[np.str_], listed: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Tell which files are in a list, themselves or by another clip of their IRMAS recording."""
    recordings = {_find_recording(file) for file in listed} - {None}
    return np.isin(files, listed) | np.array([_find_recording(str(file)) in recordings for file in files])


def _find_recording(file: str) -> str | None:
    try:
        return parse_clip_name(file).recording_id
    except ValueError:
        return None
