"""Checkpoints of a training run: everything that the next epoch depends on, in one file, replaced atomically."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import FeatureFolderError

FILE_NAME = "checkpoint.npz"


@dataclass(frozen=True, eq=False)
class BestEpoch:
    """Weights of the epoch that did best on the stop side.

    Parameters
    ----------
    epoch : int
        Counted from 0.
    score : float
    weights : list of np.ndarray
        As ``model.get_weights()`` gives them.
    """

    epoch: int
    score: float
    weights: list[npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What `load_checkpoint` found.

    Parameters
    ----------
    history : list of dict
        Empty if the run is new.
    best : BestEpoch or None
    """

    history: list[dict[str, float]]
    best: BestEpoch | None


def save_checkpoint(
    run_dir: Path,
    variables: Mapping[str, Sequence[Any]],
    fingerprint: str,
    history: list[dict[str, float]],
    best: BestEpoch,
) -> None:
    """Write the state after an epoch; the old state stays until the new one is whole.

    Parameters
    ----------
    run_dir : Path
    variables : mapping of str to sequences of Keras variables
    fingerprint : str
        Of settings and split.
    history : list of dict
    best : BestEpoch
    """
    import keras

    arrays = {
        f"{owner}_{k}": keras.ops.convert_to_numpy(v) for owner, group in variables.items() for k, v in enumerate(group)
    }
    arrays |= {f"best_{k}": weight for k, weight in enumerate(best.weights)}
    state = {"fingerprint": fingerprint, "history": history, "epoch": best.epoch, "score": best.score}
    partial = run_dir / (FILE_NAME + ".partial")
    with partial.open("wb") as stream:
        np.savez(stream, state=np.array(json.dumps(state)), **arrays)
    partial.replace(run_dir / FILE_NAME)


def load_checkpoint(run_dir: Path, variables: Mapping[str, Sequence[Any]], fingerprint: str) -> Checkpoint:
    """Restore the state of an interrupted run into `variables`, if there is one.

    Raises
    ------
    FeatureFolderError
        If the run in `run_dir` had other settings or features, or its checkpoint is damaged.
    """
    path = run_dir / FILE_NAME
    if not path.exists():
        return Checkpoint([], None)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        state = json.loads(str(arrays.pop("state")))
    except Exception as error:  # numpy and zipfile raise many kinds for damaged files
        raise FeatureFolderError(f"the checkpoint {path} is damaged ({error}); remove it to start anew") from error
    if state["fingerprint"] != fingerprint:
        raise FeatureFolderError(
            f"{run_dir} holds a run with other settings or features; choose another folder or remove it"
        )
    for owner, group in variables.items():
        for k, variable in enumerate(group):
            variable.assign(arrays[f"{owner}_{k}"])
    n_best = sum(key.startswith("best_") for key in arrays)
    weights = [arrays[f"best_{k}"] for k in range(n_best)]
    return Checkpoint(state["history"], BestEpoch(state["epoch"], state["score"], weights))
