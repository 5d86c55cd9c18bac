"""Train a network from feature folders: one function that reads from top to bottom.

The first folder (IRMAS) is split by group into train, stop and test. The stop side chooses the epoch and later
the calibration and thresholds; the test side is only scored. Further folders (isolated notes, rendered sound)
join the training side, but for their own held-out groups, which are scored apart.

A run keeps a checkpoint after every epoch and goes on from it when started again with the same settings; every
batch is drawn from the seed, the epoch and the step, so an interrupted run ends like an uninterrupted one.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import FeatureFolderError
from .augmentation import AugmentationConfig, Batch, augment
from .checkpoint import BestEpoch, load_checkpoint, save_checkpoint
from .feature_folder import FeatureFolder, join_feature_folders, read_feature_folder
from .network import NetworkConfig, build_network
from .splits import Split, split_by_group

FloatArray = npt.NDArray[np.float32]
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


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that a run depends on besides the features.

    Parameters
    ----------
    seed, fold : int
    epochs : int
    patience : int
        Stop after so many epochs without a better stop score; 0 never does.
    batch_size : int
    learning_rate : float
        Peak; one cosine down to zero after the warm-up.
    warmup_epochs : float
    weight_decay : float
        Decoupled (AdamW), kernels only.
    ema_momentum : float
        Of the running average of the weights, which is what is kept.
    low_target, high_target : float
        Smoothed labels for absent and present.
    network : NetworkConfig
    augmentation : AugmentationConfig
    """

    seed: int = 0
    fold: int = 0
    epochs: int = 24
    patience: int = 0
    batch_size: int = 32
    learning_rate: float = 3e-3
    warmup_epochs: float = 1.0
    weight_decay: float = 0.02
    ema_momentum: float = 0.995
    low_target: float = 0.02
    high_target: float = 0.97
    network: NetworkConfig = field(default_factory=NetworkConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> TrainingConfig:
        """From JSON text; settings left out keep their defaults.

        Raises
        ------
        ValueError
            If the text is no JSON object or names an unknown setting.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("a training configuration is a JSON object")
        nested = {"network": NetworkConfig, "augmentation": AugmentationConfig}
        for owner, names in ((cls, values), *((kind, values.get(key, {})) for key, kind in nested.items())):
            unknown = set(names) - {known.name for known in dataclasses.fields(owner)}
            if unknown:
                raise ValueError(f"unknown settings for {owner.__name__}: {', '.join(sorted(unknown))}")
        network = dict(values.pop("network", {}))
        if "stage_channels" in network:
            network["stage_channels"] = tuple(network["stage_channels"])
        augmentation = AugmentationConfig(**values.pop("augmentation", {}))
        return cls(**values, network=NetworkConfig(**network), augmentation=augmentation)


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What a run learns from and is judged on.

    Parameters
    ----------
    train : FeatureFolder
        Training side of all folders.
    stop, test : FeatureFolder
        Of the first folder.
    held_out : dict of str to FeatureFolder
        Held-out groups of each further folder, by its name.
    split : Split
        Of all folders together, by file name.
    """

    train: FeatureFolder
    stop: FeatureFolder
    test: FeatureFolder
    held_out: dict[str, FeatureFolder]
    split: Split


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


def gather_training_set(
    features: str | Path, extras: Sequence[str | Path] = (), *, fold: int = 0, seed: int = 0
) -> TrainingSet:
    """Read and split feature folders.

    Parameters
    ----------
    features : str or Path
        IRMAS features; clips with conflicting labels and exact repetitions are left out.
    extras : sequence of str or Path
        Further folders.
    fold, seed : int

    Raises
    ------
    FeatureFolderError
        If a folder cannot be used or IRMAS features lack a class.
    """
    main = read_feature_folder(features)
    main = main.subset(~main.label_conflict & ~main.duplicates)
    if not main.targets.any(axis=0).all():
        raise FeatureFolderError(f"{features} lacks clips of at least one of the eleven instruments")
    split = split_by_group(main, fold=fold, seed=seed)
    sides = {side: main.subset(np.isin(main.files, getattr(split, side))) for side in ("train", "stop", "test")}
    train, held_out, names = [sides["train"]], {}, {"train": list(split.train), "test": list(split.test)}
    for path in extras:
        extra = read_feature_folder(path)
        test = np.isin(extra.files, split_by_group(extra, fold=fold, seed=seed, need_all_classes=False).test)
        train.append(extra.subset(~test))
        held_out[Path(path).name] = extra.subset(test)
        names["train"] += list(train[-1].files)
        names["test"] += list(extra.files[test])
    split = Split(seed, fold, tuple(names["train"]), split.stop, tuple(names["test"]))
    return TrainingSet(join_feature_folders(train), sides["stop"], sides["test"], held_out, split)


def train(training_set: TrainingSet, config: TrainingConfig, run_dir: Path) -> TrainingResult:
    """Train the network.

    Parameters
    ----------
    training_set : TrainingSet
    config : TrainingConfig
    run_dir : Path
        Holds the checkpoint and ``history.csv``; an interrupted run of the same settings goes on here.

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
    data = training_set.train
    steps = max(1, len(data) // config.batch_size)
    model = build_network(config.network)
    optimizer = _make_optimizer(config, steps)
    model.compile(optimizer, "binary_crossentropy", jit_compile=False)
    optimizer.build(model.trainable_variables)

    run_dir.mkdir(parents=True, exist_ok=True)
    fingerprint = hashlib.sha256((config.to_json() + training_set.split.sha256).encode()).hexdigest()
    variables = {"model": model.variables, "optimizer": optimizer.variables}
    checkpoint = load_checkpoint(run_dir, variables, fingerprint)
    history, best = checkpoint.history, checkpoint.best

    for epoch in range(len(history), config.epochs):
        started, loss = time.monotonic(), 0.0
        model.reset_metrics()  # train_on_batch returns the mean since the last reset
        for batch in _prefetch(data, config, epoch, steps):
            targets = config.low_target + (config.high_target - config.low_target) * batch.targets
            loss = float(model.train_on_batch(batch.log_mels, targets))
        raw = [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]
        optimizer.finalize_variable_values(model.trainable_variables)
        stop = _score_stop(model, training_set.stop)
        history.append(
            {
                "epoch": epoch + 1,
                "loss": loss,
                **stop,
                "learning_rate": float(optimizer.learning_rate),
                "seconds": time.monotonic() - started,
            }
        )
        if best is None or stop["stop_average_precision"] > best.score:
            best = BestEpoch(epoch, stop["stop_average_precision"], model.get_weights())
        for variable, value in zip(model.trainable_variables, raw, strict=True):
            variable.assign(value)
        save_checkpoint(run_dir, variables, fingerprint, history, best)
        write_history(run_dir / "history.csv", history)
        logger.info("%s", "  ".join(f"{key} {value:.4g}" for key, value in history[-1].items()))
        if config.patience and epoch - best.epoch >= config.patience:
            break
    if best is None:
        raise ValueError("epochs must be at least 1")
    model.set_weights(best.weights)
    return TrainingResult(model, history)


def predict(model: Any, folder: FeatureFolder, batch_size: int = 64) -> FloatArray:
    """Uncalibrated probabilities of a Keras network for a whole folder.

    Returns
    -------
    probabilities : np.ndarray [shape=(n_clips, 11), dtype=float32]
    """
    starts = range(0, len(folder), batch_size)
    batches = [model.predict_on_batch(folder.decibels(slice(start, start + batch_size))) for start in starts]
    return np.concatenate(batches).astype(np.float32)


def write_history(path: Path, history: Sequence[dict[str, float]]) -> None:
    """Write the epochs as CSV."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, HISTORY_FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{value:.6g}" for key, value in row.items()} for row in history)


def _make_optimizer(config: TrainingConfig, steps: int) -> Any:
    import keras

    warmup = round(config.warmup_epochs * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=max(1, config.epochs * steps - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=config.weight_decay, use_ema=True, ema_momentum=config.ema_momentum
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _prefetch(data: FeatureFolder, config: TrainingConfig, epoch: int, steps: int) -> Iterator[Batch]:
    """Batches of one epoch, each made while the network is busy with the one before."""
    order = np.random.default_rng([config.seed, epoch]).permutation(len(data))

    def make(step: int) -> Batch:
        rng = np.random.default_rng([config.seed, epoch, step])
        chosen = order[step * config.batch_size : (step + 1) * config.batch_size]
        return augment(data.log_mels, data.targets, chosen, config.augmentation, rng)

    with ThreadPoolExecutor(1) as executor:
        pending = executor.submit(make, 0)
        for step in range(steps):
            batch = pending.result()
            if step + 1 < steps:
                pending = executor.submit(make, step + 1)
            yield batch


def _score_stop(model: Any, stop: FeatureFolder) -> dict[str, float]:
    from sklearn.metrics import average_precision_score

    p = predict(model, stop)
    clipped = np.clip(p, 1e-7, 1 - 1e-7)
    y = stop.targets
    return {
        "stop_loss": float(-np.mean(y * np.log(clipped) + (1 - y) * np.log1p(-clipped))),
        "stop_accuracy": float(np.mean(p.argmax(axis=1) == y.argmax(axis=1))),
        "stop_average_precision": float(average_precision_score(y, p, average="macro")),
    }
