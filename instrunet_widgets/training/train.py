"""Train a network from feature folders: one function that reads from top to bottom.

What is learnt from, what ends the run and what is scored is said in `training_set`.

A run keeps a checkpoint after every epoch and goes on from it when started again with the same settings; every
batch is drawn from the seed, the epoch and the step, so an interrupted run ends like an uninterrupted one.
"""

from __future__ import annotations

import csv
import hashlib
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..config import FeatureConfig
from .augmentation import Batch, augment
from .checkpoint import BestEpoch, load_checkpoint, save_checkpoint
from .feature_folder import FeatureFolder
from .network import build_network
from .optimization import make_loss, make_optimizer
from .prediction import predict
from .recipe import TrainingConfig
from .training_set import TrainingSet

logger = logging.getLogger(__name__)

HISTORY_FIELDS = (
    "epoch",
    "loss",
    "stop_loss",
    "stop_accuracy",
    "stop_average_precision",
    "learning_rate",
    "seconds",
)


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """A trained network and how it got there.

    Parameters
    ----------
    model : keras.Model
        With the averaged weights of the best epoch.
    history : list of dict
        One entry per epoch, keys `HISTORY_FIELDS`.
    """

    model: Any
    history: list[dict[str, float]]


def train(
    training_set: TrainingSet,
    config: TrainingConfig,
    run_dir: Path,
    *,
    initial_weights: Sequence[FloatArray] | None = None,
    teacher: Teacher | None = None,
) -> TrainingResult:
    """Train the network.

    Parameters
    ----------
    training_set : TrainingSet
    config : TrainingConfig
    run_dir : Path
        Holds the checkpoint and ``history.csv``; an interrupted run of the same settings goes on here.
    initial_weights : sequence of np.ndarray, optional
        Where training begins, instead of at random.
    teacher : Teacher, optional
        What it hears becomes a part of the targets.

    Returns
    -------
    result : TrainingResult

    Raises
    ------
    FeatureFolderError
        If `run_dir` holds a run with other settings or features.
    """
    import keras

    keras.utils.set_random_seed(config.seed)
    draw = EpochDraw(training_set.n_main, len(training_set.train) - training_set.n_main, config)
    steps = draw.n_steps
    model = build_network(config.network, FeatureConfig(window_seconds=config.window_seconds))
    optimizer = make_optimizer(config, steps)
    model.compile(optimizer, make_loss(config.negative_weight), jit_compile=False)
    optimizer.build(model.trainable_variables)
    if initial_weights is not None:
        model.set_weights(initial_weights)

    run_dir.mkdir(parents=True, exist_ok=True)
    fingerprint = _make_fingerprint(training_set, config)
    variables = {"model": model.variables, "optimizer": optimizer.variables}
    checkpoint = load_checkpoint(run_dir, variables, fingerprint)
    history, best = checkpoint.history, checkpoint.best

    for epoch in range(len(history), config.epochs):
        if best is not None and config.patience and epoch - 1 - best.epoch >= config.patience:
            break
        started = time.monotonic()
        loss = _train_epoch(model, training_set.train, config, draw, epoch, teacher)
        raw = [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]
        optimizer.finalize_variable_values(model.trainable_variables)  # the averaged weights
        row = {"epoch": epoch + 1, "loss": loss, **_score_stop(model, training_set.stop)}
        row |= {"learning_rate": float(optimizer.learning_rate), "seconds": time.monotonic() - started}
        history.append(row)
        score = row["stop_average_precision"] if config.stopping == "best" else float(epoch)
        if best is None or score > best.score:
            best = BestEpoch(epoch, score, model.get_weights())
        for variable, value in zip(model.trainable_variables, raw, strict=True):
            variable.assign(value)
        save_checkpoint(run_dir, variables, fingerprint, history, best)
        write_history(run_dir / "history.csv", history)
        logger.info("%s", "  ".join(f"{key} {value:.4g}" for key, value in row.items()))
    if best is None:
        raise ValueError("epochs must be at least 1")
    model.set_weights(best.weights)
    return TrainingResult(model, history)


def _make_fingerprint(training_set: TrainingSet, config: TrainingConfig) -> str:
    """What tells this run from others: settings, names of the clips, their sound and their targets."""
    train_side = training_set.train
    digest = hashlib.sha256((config.to_json() + training_set.split.sha256).encode())
    for array in (train_side.log_mels, train_side.targets):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def write_history(path: Path, history: Sequence[dict[str, float]]) -> None:
    """Write the epochs as CSV."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, HISTORY_FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(format_history_row, history))


def format_history_row(row: dict[str, float]) -> dict[str, str]:
    """One epoch as text; what was not measured stays empty."""
    return {key: "" if math.isnan(value) else f"{value:.6g}" for key, value in row.items()}


@dataclass(frozen=True)
class EpochDraw:
    """Which clips an epoch learns from: all of the first folder, and some of the further ones, others each time.

    Parameters
    ----------
    n_main, n_extra : int
        Clips of the first folder, and of all further ones, which come after them.
    config : TrainingConfig
    """

    n_main: int
    n_extra: int
    config: TrainingConfig

    @property
    def n_drawn(self) -> int:
        """Clips in an epoch."""
        return self.n_main + min(self.n_extra, round(self.config.extra_share * self.n_main))

    @property
    def n_steps(self) -> int:
        """Batches in an epoch."""
        return max(1, self.n_drawn // self.config.batch_size)

    def __call__(self, epoch: int) -> npt.NDArray[np.intp]:
        """Clips of an epoch, shuffled."""
        rng = np.random.default_rng([self.config.seed, epoch])
        extras = self.n_main + rng.permutation(self.n_extra)[: self.n_drawn - self.n_main]
        return rng.permutation(np.concatenate([np.arange(self.n_main), extras]))


@dataclass(frozen=True)
class Teacher:
    """Another network's answers as a part of the targets.

    Parameters
    ----------
    listen : callable
        Gives probabilities of shape (n, 11) for a batch as it was augmented, dB, of shape (n, n_mels, n_frames).
    share : float in [0, 1]
        How much of the targets comes from it.
    """

    listen: Callable[[FloatArray], FloatArray]
    share: float

    def blend(self, batch: Batch) -> FloatArray:
        """Targets of a batch."""
        return (1 - self.share) * batch.targets + self.share * self.listen(batch.log_mels)


def _train_epoch(
    model: Any,
    data: FeatureFolder,
    config: TrainingConfig,
    draw: EpochDraw,
    epoch: int,
    teacher: Teacher | None = None,
) -> float:
    """One pass over the training side; gives its mean loss."""
    loss = 0.0
    for batch in _prefetch(data, config, draw, epoch):
        targets = batch.targets if teacher is None else teacher.blend(batch)
        targets = config.low_target + (config.high_target - config.low_target) * targets
        loss += float(model.train_on_batch(batch.log_mels, targets)) / draw.n_steps
    return loss


def _prefetch(data: FeatureFolder, config: TrainingConfig, draw: EpochDraw, epoch: int) -> Iterator[Batch]:
    """Batches of one epoch, each made while the network is busy with the one before."""
    order = draw(epoch)
    pool = order if draw.n_extra else None  # of the further folders only what this epoch draws
    n_frames = FeatureConfig(window_seconds=config.window_seconds).n_frames

    def make(step: int) -> Batch:
        rng = np.random.default_rng([config.seed, epoch, step])
        chosen = order[step * config.batch_size : (step + 1) * config.batch_size]
        return augment(data.log_mels, data.targets, chosen, config.augmentation, rng, pool=pool, n_frames=n_frames)

    with ThreadPoolExecutor(1) as executor:
        pending = executor.submit(make, 0)
        for step in range(draw.n_steps):
            batch = pending.result()
            if step + 1 < draw.n_steps:
                pending = executor.submit(make, step + 1)
            yield batch


def _score_stop(model: Any, stop: FeatureFolder) -> dict[str, float]:
    from sklearn.metrics import average_precision_score

    if not len(stop):
        return dict.fromkeys(("stop_loss", "stop_accuracy", "stop_average_precision"), float("nan"))
    p = predict(model, stop)
    clipped = np.clip(p, 1e-7, 1 - 1e-7)
    y = stop.targets
    return {
        "stop_loss": float(-np.mean(y * np.log(clipped) + (1 - y) * np.log1p(-clipped))),
        "stop_accuracy": float(np.mean(p.argmax(axis=1) == y.argmax(axis=1))),
        "stop_average_precision": float(average_precision_score(y, p, average="macro")),
    }
