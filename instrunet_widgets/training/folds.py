"""Cross-validation: five networks, each scored on the fifth of the recordings that it never saw.

Each fold is a run of its own (`write_fold`); when all five are there, `join_folds` puts their predictions together.
Every clip is then predicted once, by a network that did not learn from its recording. Calibration and thresholds
that the scores of a fold use are fitted on the other four folds; those that ship are fitted on all five. Of further
folders only the first fold's held-out groups are scored: a folder that was made out of another one's training side
(phrases from isolated notes, say) was made for one fold.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import FeatureFolderError
from .augmentation import mix_in_power
from .calibration import fit_calibration, maximise_f1
from .feature_folder import FeatureFolder
from .metrics import score_both
from .out_of_fold import OutOfFold
from .prediction import predict
from .recipe import TrainingConfig
from .splits import N_FOLDS
from .train import TrainingResult, write_history
from .training_set import TrainingSet

PREDICTIONS = "predictions.npz"
N_MIXTURES = 1_000
_MIXTURE_RANGE_DB = 6.0


@dataclass(frozen=True, eq=False)
class Side:
    """Predictions for one set of clips.

    Parameters
    ----------
    raw : np.ndarray [shape=(n, 11), dtype=float32]
        Uncalibrated probabilities.
    labels : np.ndarray [shape=(n, 11), dtype=float32]
    """

    raw: FloatArray
    labels: FloatArray


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold's predictions.

    Parameters
    ----------
    config : TrainingConfig
    files : np.ndarray [shape=(n,), dtype=str]
        Names of the test clips.
    sides : dict of str to Side
        ``"test"``; ``"mixtures of 2"`` and ``"mixtures of 3"`` of its clips; held-out groups of further folders by
        their name.
    """

    config: TrainingConfig
    files: npt.NDArray[np.str_]
    sides: dict[str, Side]


def mix_clips(
    folder: FeatureFolder, n_clips: int, *, seed: int, n_mixtures: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Mix clips of different instruments in the power domain, each at a level of plus or minus 6 dB.

    Parameters
    ----------
    folder : FeatureFolder
    n_clips : int
        In each mixture.
    seed, n_mixtures : int

    Yields
    ------
    log_mels : np.ndarray [shape=(n, n_mels, n_frames), dtype=float32]
        Some of the mixtures, dB.
    labels : np.ndarray [shape=(n, 11), dtype=float32]
        The union of their labels.
    """
    rng = np.random.default_rng([seed, n_clips])
    classes = folder.targets.argmax(axis=1)
    present = np.unique(classes)
    for start in range(0, n_mixtures, 100):
        chosen = np.array(
            [
                [rng.choice(np.flatnonzero(classes == code)) for code in rng.choice(present, n_clips, replace=False)]
                for _ in range(min(100, n_mixtures - start))
            ]
        )
        mixture = folder.decibels(chosen[:, 0])
        for column in chosen.T[1:]:
            level = rng.uniform(-_MIXTURE_RANGE_DB, _MIXTURE_RANGE_DB, (len(column), 1, 1)).astype(np.float32)
            mixture = mix_in_power(mixture, folder.decibels(column) + level)
        mixture = np.maximum(mixture - mixture.max(axis=(1, 2), keepdims=True), -80.0)
        yield mixture, folder.targets[chosen].max(axis=1)


def write_fold(out: Path, result: TrainingResult, training_set: TrainingSet, config: TrainingConfig) -> float:
    """Write what a fold's network predicts for the clips that it never saw, and the network.

    Parameters
    ----------
    out : Path
        The new folder.
    result : TrainingResult
    training_set : TrainingSet
    config : TrainingConfig

    Returns
    -------
    accuracy : float
        Of the most probable class on the test side.
    """
    model, test = result.model, training_set.test
    sides = {"test": Side(predict(model, test), test.targets)}
    for n_clips in (2, 3):
        mixed = [
            (model.predict_on_batch(x), y)
            for x, y in mix_clips(test, n_clips, seed=config.split_seed, n_mixtures=N_MIXTURES)
        ]
        sides[f"mixtures of {n_clips}"] = Side(*(np.concatenate(part) for part in zip(*mixed, strict=True)))
    for name, folder in training_set.held_out.items():
        if not len(folder):
            continue
        sides[name] = Side(predict(model, folder), folder.targets)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        made = Path(temporary) / out.name
        made.mkdir()
        _write_files(made, sides, result, training_set, config)
        made.replace(out)
    return float((sides["test"].raw.argmax(axis=1) == test.targets.argmax(axis=1)).mean())


def _write_files(
    out: Path, sides: dict[str, Side], result: TrainingResult, training_set: TrainingSet, config: TrainingConfig
) -> None:
    arrays: dict[str, Any] = {f"{name}|raw": side.raw for name, side in sides.items()}
    arrays |= {f"{name}|labels": side.labels for name, side in sides.items()}
    np.savez_compressed(out / PREDICTIONS, files=training_set.test.files, **arrays)
    (out / "training.json").write_text(config.to_json(), encoding="utf-8")
    training_set.split.save(out / "split.json")
    write_history(out / "history.csv", result.history)
    result.model.save(out / "network.keras")


def read_fold(path: Path) -> Fold:
    """Read a fold's predictions.

    Raises
    ------
    FeatureFolderError
        If the folder is no finished fold.
    """
    try:
        config = TrainingConfig.from_json((path / "training.json").read_text(encoding="utf-8"))
        with np.load(path / PREDICTIONS, allow_pickle=False) as file:
            arrays = dict(file)
        files = arrays.pop("files")
        names = [key.removesuffix("|raw") for key in arrays if key.endswith("|raw")]
        sides = {name: Side(arrays[f"{name}|raw"], arrays[f"{name}|labels"]) for name in names}
    except Exception as error:  # numpy and zipfile raise many kinds for damaged files
        raise FeatureFolderError(
            f"{path} is no finished fold ({error}); make it with 'instrunet train --fold K'"
        ) from error
    return Fold(config, files, sides)


def join_folds(folds: Sequence[Fold]) -> OutOfFold:
    """Put five folds together and score them.

    Raises
    ------
    FeatureFolderError
        If these are not the five folds of one recipe on the same clips.
    """
    folds = sorted(folds, key=lambda fold: -1 if fold.config.fold is None else fold.config.fold)
    numbers = [fold.config.fold for fold in folds]
    if numbers != list(range(N_FOLDS)):
        raise FeatureFolderError(f"the folds 0 to {N_FOLDS - 1} are needed, each once; these are {numbers}")
    if len({dataclasses.replace(fold.config, fold=0) for fold in folds}) > 1:
        raise FeatureFolderError("the folds were trained with different settings; they cannot be scored together")
    files = np.concatenate([fold.files for fold in folds])
    if len(np.unique(files)) < len(files):
        raise FeatureFolderError("a clip is scored by two folds; they were made from different features")
    number = np.concatenate([np.full(len(fold.files), k) for k, fold in enumerate(folds)])
    raw = np.concatenate([fold.sides["test"].raw for fold in folds])
    labels = np.concatenate([fold.sides["test"].labels for fold in folds])
    own = [name for name in folds[0].sides if name == "test" or name.startswith("mixtures")]
    calibrated: dict[str, list[FloatArray]] = {name: [] for name in folds[0].sides}
    thresholds = []
    for k, fold in enumerate(folds):
        others = number != k
        calibration = fit_calibration(raw[others], labels[others])
        thresholds.append(maximise_f1(calibration(raw[others]), labels[others]))
        for name in own if k else calibrated:
            calibrated[name].append(calibration(fold.sides[name].raw))
    truth = {name: [fold.sides[name].labels for fold in folds[: len(calibrated[name])]] for name in calibrated}
    scores: dict[str, Any] = {}
    for name, parts in calibrated.items():
        # One common threshold per class would have seen every fold.
        of_rows = np.concatenate([np.tile(row, (len(p), 1)) for row, p in zip(thresholds, parts, strict=False)])
        scores[name] = score_both(np.concatenate(parts), np.concatenate(truth[name]), of_rows)
    pairs = zip(calibrated["test"], truth["test"], thresholds, strict=True)
    scores["folds"] = _summarise([score_both(p, y, threshold) for p, y, threshold in pairs])
    p = np.concatenate(calibrated["test"])
    return OutOfFold(raw, p, labels, number, files, np.stack(thresholds), scores)


def _summarise(folds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures of each fold, their means and standard deviations."""
    result: dict[str, Any] = {}
    for classes in folds[0]:
        sides = [fold[classes] for fold in folds]
        result[classes] = {key: _spread([side[key] for side in sides]) for key in _MEASURES}
        result[classes]["per_class"] = {
            code: {key: _spread([side["per_class"][code][key] for side in sides]) for key in _CLASS_MEASURES}
            for code in sides[0]["per_class"]
        }
    return result


_MEASURES = (
    "accuracy", "argmax_macro_f1", "micro_f1", "macro_f1", "roc_auc", "average_precision", "lrap", "ece",
)  # fmt: skip
_CLASS_MEASURES = ("argmax_f1", "f1", "roc_auc", "average_precision")


def _spread(values: Sequence[float]) -> dict[str, Any]:
    return {
        "mean": round(float(np.mean(values)), 4),
        "spread": round(float(np.std(values, ddof=1)), 4),
        "folds": [round(float(value), 4) for value in values],
    }
