"""A training run of about a minute, to watch: a small network on the notes that come with InstruNet.

The notes are those of `example_notes`; two of each instrument's ten pitches are held out. To be quick, the network is
small and gets every second frame only. Each note is moved a little in time and along the bands each time it is shown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..config import FeatureConfig
from ..instruments import CODES
from .example_notes import find_held_out, load_example_notes
from .feature_folder import FeatureFolder
from .network import NetworkConfig, build_network

OPTIMIZERS = {"adamw": 5e-3, "sgd": 0.05, "rmsprop": 3e-3}
"""Optimisers with the learning rate that is usual for each."""

_BATCH_SIZE = 16
_MOST_BANDS, _MOST_FRAMES = 6, 12  # a note is moved by at most so many
_STEM, _STAGES = 8, (16, 32)
_MOMENTUM = 0.9  # of batch normalisation: a short run has few steps


@dataclass(frozen=True)
class TrialConfig:
    """The settings of a short run.

    Parameters
    ----------
    kernel : int
        Side of the square kernels, 1 to 7.
    optimizer : {"adamw", "sgd", "rmsprop"}
    rate_factor : float > 0
        Times the optimiser's usual learning rate.
    regularised : bool
        With batch normalisation and dropout.
    epochs : int > 0
    seed : int

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    kernel: int = 3
    optimizer: str = "adamw"
    rate_factor: float = 1.0
    regularised: bool = True
    epochs: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kernel not in range(1, 8):
            raise ValueError(f"kernel must be from 1 to 7, got {self.kernel!r}")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer must be one of {', '.join(OPTIMIZERS)}, got {self.optimizer!r}")
        if not (self.epochs >= 1 and 0 < self.rate_factor < float("inf")):
            raise ValueError(f"epochs and rate_factor must be above 0, got {self.epochs!r} and {self.rate_factor!r}")


@dataclass(frozen=True, eq=False)
class TrialScores:
    """How well the held-out notes are told apart.

    Parameters
    ----------
    accuracy : float in [0, 1]
        Notes whose most probable instrument is right.
    by_instrument : np.ndarray [shape=(11,), dtype=float64]
        The same for each instrument's notes.
    n_notes : int
    """

    accuracy: float
    by_instrument: npt.NDArray[np.float64]
    n_notes: int


@dataclass(frozen=True, eq=False)
class TrialState:
    """How far a short run is.

    Parameters
    ----------
    fraction : float in [0, 1]
    seconds : float
        Since its beginning.
    n_parameters : int
    losses, held_out_losses, accuracies : tuple of float
        One value for each epoch that has ended: mean loss while it trained; loss and accuracy on the held-out notes.
    scores : TrialScores or None
        After the last epoch that has ended.
    has_failed : bool
        The loss is no number any more; the run has ended.
    """

    fraction: float = 0.0
    seconds: float = 0.0
    n_parameters: int = 0
    losses: tuple[float, ...] = ()
    held_out_losses: tuple[float, ...] = ()
    accuracies: tuple[float, ...] = ()
    scores: TrialScores | None = field(default=None)
    has_failed: bool = False


def train_trial(config: TrialConfig) -> Generator[TrialState, None, None]:
    """Train a small network and tell after every step how far it is; close the iterator to stop.

    Parameters
    ----------
    config : TrialConfig

    Yields
    ------
    state : TrialState

    Raises
    ------
    FeatureFolderError
        If the notes are missing or damaged.
    """
    notes = load_example_notes()
    is_held_out = find_held_out(notes)
    yield from _run(config, notes.subset(~is_held_out), notes.subset(is_held_out))


def _run(config: TrialConfig, train: FeatureFolder, held_out: FeatureFolder) -> Generator[TrialState, None, None]:
    started = time.monotonic()
    model = _build(config)
    inputs, targets = train.decibels()[:, :, ::2], train.targets
    rng = np.random.default_rng(config.seed)
    n_steps = max(1, len(inputs) // _BATCH_SIZE)
    state = TrialState(n_parameters=int(model.count_params()))
    for epoch in range(config.epochs):
        order, losses = rng.permutation(len(inputs)), []
        for step in range(n_steps):
            yield replace(
                state,
                fraction=(epoch + step / n_steps) / config.epochs,
                seconds=time.monotonic() - started,
            )
            chosen = order[step * _BATCH_SIZE : (step + 1) * _BATCH_SIZE]
            model.reset_metrics()  # else a mean over all batches so far comes out
            losses.append(float(model.train_on_batch(move_notes(inputs[chosen], rng), targets[chosen])))
        probabilities = np.asarray(model.predict_on_batch(held_out.decibels()[:, :, ::2]), dtype=np.float64)
        has_failed = not (np.isfinite(losses).all() and np.isfinite(probabilities).all())
        if has_failed:
            yield replace(state, fraction=1.0, seconds=time.monotonic() - started, has_failed=True)
            return
        scores = score_notes(probabilities, held_out.targets)
        state = replace(
            state,
            losses=(*state.losses, float(np.mean(losses))),
            held_out_losses=(*state.held_out_losses, _cross_entropy(probabilities, held_out.targets)),
            accuracies=(*state.accuracies, scores.accuracy),
            scores=scores,
        )
    yield replace(state, fraction=1.0, seconds=time.monotonic() - started)


def _build(config: TrialConfig) -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    keras.utils.set_random_seed(config.seed)
    network = NetworkConfig(
        stem_channels=_STEM,
        stage_channels=_STAGES,
        kernel=config.kernel,
        batch_normalisation=config.regularised,
        spatial_dropout=0.05 if config.regularised else 0.0,
        dropout=0.2 if config.regularised else 0.0,
        frequency_aware=False,
        time_pooling=2,
        summary="mean_max",
    )
    model = build_network(
        network, FeatureConfig(window_seconds=1.5)
    )  # every second frame of 3 s: as many as 1.5 s have
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = _MOMENTUM
    rate = OPTIMIZERS[config.optimizer] * config.rate_factor
    optimizer = {
        "adamw": lambda: keras.optimizers.AdamW(rate),
        "sgd": lambda: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
        "rmsprop": lambda: keras.optimizers.RMSprop(rate),
    }[config.optimizer]()
    model.compile(optimizer, "binary_crossentropy", jit_compile=False)
    return model


def move_notes(log_mels: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Move each picture a little in time and along the bands; what comes in is silence.

    Parameters
    ----------
    log_mels : np.ndarray [shape=(n, n_mels, n_frames), dtype=float32]
        dB.
    rng : numpy.random.Generator
    """
    _, n_mels, n_frames = log_mels.shape
    padded = np.pad(log_mels, ((0, 0), (_MOST_BANDS, _MOST_BANDS), (_MOST_FRAMES, _MOST_FRAMES)), constant_values=-80.0)
    rows = rng.integers(0, 2 * _MOST_BANDS + 1, len(log_mels))
    columns = rng.integers(0, 2 * _MOST_FRAMES + 1, len(log_mels))
    return np.stack(
        [one[r : r + n_mels, c : c + n_frames] for one, r, c in zip(padded, rows, columns, strict=True)]
    ).astype(np.float32)


def score_notes(probabilities: npt.NDArray[np.float64], targets: npt.NDArray[np.float32]) -> TrialScores:
    """Score single notes, each of one instrument.

    Parameters
    ----------
    probabilities, targets : np.ndarray [shape=(n_notes, 11)]
    """
    labels = targets.argmax(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    by_instrument = [is_right[labels == k].mean() if (labels == k).any() else 0.0 for k in range(len(CODES))]
    return TrialScores(float(is_right.mean()), np.array(by_instrument, dtype=np.float64), len(labels))


def _cross_entropy(probabilities: npt.NDArray[np.float64], targets: npt.NDArray[np.float32]) -> float:
    p = np.clip(probabilities, 1e-7, 1 - 1e-7)
    return float(-np.mean(targets * np.log(p) + (1 - targets) * np.log1p(-p)))
