"""A model folder with the predictions of five folds, made up: what lesson 6 reads. It holds no network.

Written by the same code as a real one, so that a change of the files shows here.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np

from instrunet_widgets.instruments import CODES
from instrunet_widgets.training.folds import Fold, Side, join_folds
from instrunet_widgets.training.publish import fit_reading
from instrunet_widgets.training.recipe import TrainingConfig

N_RECORDINGS, N_CLIPS = 22, 3  # in a fold, and of a recording


def make_fold(number: int) -> Fold:
    """Two recordings of each instrument; on a third of them the network is wrong, about all three clips."""
    rng = np.random.default_rng(number)
    classes = np.repeat(np.arange(N_RECORDINGS) % len(CODES), N_CLIPS)
    heard = np.where(rng.random(N_RECORDINGS) < 0.66, np.arange(N_RECORDINGS), rng.integers(11, size=N_RECORDINGS))
    heard = np.repeat(heard % len(CODES), N_CLIPS)
    raw = rng.uniform(0.01, 0.4, (len(classes), len(CODES)))
    raw[np.arange(len(classes)), heard] = rng.uniform(0.3, 0.95, len(classes))
    files = [
        f"{CODES[k]}/[{CODES[k]}][pop_roc]{number * 100 + clip // N_CLIPS:04d}__{clip % N_CLIPS + 1}.wav"
        for clip, k in enumerate(classes)
    ]
    side = Side(raw.astype(np.float32), np.eye(len(CODES), dtype=np.float32)[classes])
    return Fold(dataclasses.replace(TrainingConfig(), fold=number), np.array(files), {"test": side})


def make_model(folder: Path) -> Path:
    """Write the folder.

    Parameters
    ----------
    folder : Path
        Does not exist yet.
    """
    joined = join_folds([make_fold(number) for number in range(5)])
    thresholds = fit_reading(joined.raw, joined.labels).thresholds
    folder.mkdir(parents=True)
    joined.save(folder / "oof.npz")
    (folder / "scores.json").write_text(json.dumps(joined.scores), encoding="utf-8")
    description = {"name": folder.name, "thresholds": {"window": thresholds.window.tolist()}}
    (folder / "model.json").write_text(json.dumps(description), encoding="utf-8")
    return folder
