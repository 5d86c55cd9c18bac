"""Write a model directory: the trained network, its export, what it needs to run, and how it did."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..classifier import FORMAT_VERSION, Calibration, Classifier
from ..config import FeatureConfig
from ..errors import ModelError
from ..features import make_mel_filterbank
from ..instruments import CODES
from ..thresholds import ModelThresholds
from .calibration import fit_calibration, fit_thresholds
from .card import write_card
from .feature_folder import FeatureFolder
from .metrics import score_both
from .network import build_network
from .out_of_fold import OutOfFold
from .polyphony import score_by_number
from .prediction import predict
from .recipe import TrainingConfig
from .train import TrainingResult, write_history
from .training_set import TrainingSet

_NO_GENRE = "---"  # in names of IRMAS
_TIMED_WINDOWS, _TIMED_RUNS = 120, 5


@dataclass(frozen=True, eq=False)
class Reading:
    """How a network's outputs are read.

    Parameters
    ----------
    calibration : Calibration
    thresholds : ModelThresholds
    """

    calibration: Calibration
    thresholds: ModelThresholds


def fit_reading(raw: FloatArray, targets: FloatArray, *, seed: int = 0) -> Reading:
    """Fit calibration and thresholds on clips that the network did not learn from.

    Parameters
    ----------
    raw, targets : np.ndarray [shape=(n_clips, 11), dtype=float32]
        Uncalibrated probabilities, and labels.
    seed : int
    """
    calibration = fit_calibration(raw, targets)
    return Reading(calibration, fit_thresholds(calibration(raw), targets, seed=seed))


def score_test_sides(model: Any, training_set: TrainingSet, reading: Reading) -> dict[str, Any]:
    """Score the test side and the held-out groups of the further folders; nothing was fitted on either.

    Returns
    -------
    scores : dict
        ``{folder: {"eleven_classes": Scores.to_dict(), "ten_classes": ...}}``; ``"test"`` is the first folder's
        test side.
    """
    sides = {"test": training_set.test, **training_set.held_out}
    result = {}
    for name, side in sides.items():
        p = reading.calibration(predict(model, side))
        result[name] = score_both(p, side.targets, reading.thresholds.window)
    return result


def write_model(
    out: Path,
    result: TrainingResult,
    training_set: TrainingSet,
    config: TrainingConfig,
    out_of_fold: OutOfFold | None = None,
) -> dict[str, Any]:
    """Write a model directory.

    Parameters
    ----------
    out : Path
        A new folder; its name becomes the model's.
    result : TrainingResult
    training_set : TrainingSet
    config : TrainingConfig
    out_of_fold : OutOfFold, optional
        What the folds of the same recipe predicted: gives calibration, thresholds and scores. Without it the stop
        side gives the former, the test side the latter.

    Returns
    -------
    scores : dict
        As written to ``scores.json``.

    Raises
    ------
    ModelError
        If `out` exists, nothing was held out and no folds are given, or the network is one of those that only serve
        to compare splits and window lengths.
    """
    if config.split_by != "group" or config.window_seconds != FeatureConfig().window_seconds:
        raise ModelError("a network split by clip, or for other windows than 3 s, only serves comparison")
    if out.exists():
        raise ModelError(f"{out} exists; choose another name or remove it")
    if out_of_fold is not None:
        reading = fit_reading(out_of_fold.raw, out_of_fold.labels, seed=config.seed)
        scores = out_of_fold.scores | {"genres": score_genres(out_of_fold, training_set.train)}
        shipped = score_held_out(result.model, training_set, reading)
        scores["by_number"] = scores.get("by_number", {}) | shipped.pop("by_number")
        scores["shipped"] = shipped
    elif not len(training_set.stop) or not len(training_set.test):
        raise ModelError("nothing was held out to fit calibration and thresholds on, and to score")
    else:
        reading = fit_reading(predict(result.model, training_set.stop), training_set.stop.targets, seed=config.seed)
        scores = score_test_sides(result.model, training_set, reading)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
        folder = Path(temporary) / out.name
        folder.mkdir()
        features = FeatureConfig()
        network = build_network(config.network)  # without the optimiser's state
        network.set_weights(result.model.get_weights())
        network.save(folder / "network.keras")
        export_onnx(network, folder / "network.onnx")
        write_mel(folder / "mel.npz", features)
        write_history(folder / "history.csv", result.history)
        training_set.split.save(folder / "split.json")
        (folder / "training.json").write_text(config.to_json(), encoding="utf-8")
        if out_of_fold is not None:
            out_of_fold.save(folder / "oof.npz")
        description = describe_model(folder, features, reading, training_set, config)
        _write_json(folder / "model.json", description)
        scores["size"] = measure_size(network, folder)
        _write_json(folder / "scores.json", scores)
        write_card(folder / "README.md", description, scores, training_set, config)
        folder.replace(out)
    return scores


def score_held_out(model: Any, training_set: TrainingSet, reading: Reading) -> dict[str, Any]:
    """Score the shipped network itself, on the groups of the further folders that it did not learn from.

    Returns
    -------
    scores : dict
        By folder ``eleven_classes`` and ``ten_classes``. Under ``false_alarms`` by kind of sound, what was heard in
        windows without any of the eleven instruments: ``n_windows`` and ``per_minute``, instruments above their
        threshold in a minute of windows that do not overlap. Under ``by_number``, for folders with clips of several
        instruments, as `score_by_number`.
    """
    scores: dict[str, Any] = {}
    by_number: dict[str, Any] = {}
    alarms: dict[str, list[int]] = {}
    for name, side in training_set.held_out.items():
        if not len(side):
            continue
        p = reading.calibration(predict(model, side))
        scores[name] = score_both(p, side.targets, reading.thresholds.window)
        if (side.targets.sum(axis=1) > 1).any():
            by_number[name] = score_by_number(p, side.targets, reading.thresholds.window)
        kinds = side.frame["kind"].astype(str) if "kind" in side.frame else [name] * len(side)
        for kind, heard, target in zip(kinds, p >= reading.thresholds.window, side.targets, strict=True):
            if not target.any():
                alarms.setdefault(str(kind), []).append(int(heard.sum()))
    per_minute = 60 / FeatureConfig().window_seconds
    scores["false_alarms"] = {
        kind: {"n_windows": len(counts), "per_minute": round(per_minute * sum(counts) / len(counts), 3)}
        for kind, counts in sorted(alarms.items())
    }
    return scores | {"by_number": by_number}


def measure_size(model: Any, folder: Path) -> dict[str, float]:
    """Count the parameters, and time the exported network as the app runs it.

    Parameters
    ----------
    model : keras.Model
    folder : Path
        Model directory that holds its export.

    Returns
    -------
    size : dict
        ``n_parameters``; ``ms_per_window``, the median of some runs with 120 windows at a time; ``n_cores`` of the
        machine.
    """
    classifier = Classifier.load(folder)
    windows = np.random.default_rng(0).uniform(-80, 0, (_TIMED_WINDOWS, *model.input_shape[1:])).astype(np.float32)
    seconds = []
    for _ in range(_TIMED_RUNS):
        started = time.perf_counter()
        classifier.predict_proba(windows)
        seconds.append(time.perf_counter() - started)
    return {
        "n_parameters": model.count_params(),
        "ms_per_window": round(1_000 * statistics.median(seconds) / _TIMED_WINDOWS, 2),
        "n_cores": os.cpu_count() or 1,
    }


def score_genres(out_of_fold: OutOfFold, clips: FeatureFolder) -> dict[str, dict[str, float]]:
    """Accuracy of the most probable class by genre, most clips first.

    Returns
    -------
    genres : dict
        By genre, ``n`` and ``accuracy``; clips without a genre are left out.
    """
    genre_of = dict(zip(clips.files, clips.frame["genre"], strict=True)) if "genre" in clips.frame else {}
    is_right = out_of_fold.probabilities.argmax(axis=1) == out_of_fold.labels.argmax(axis=1)
    genres = np.array([genre_of.get(file, "") for file in out_of_fold.files])
    counted = {genre: is_right[genres == genre] for genre in set(genres) - {"", _NO_GENRE}}
    return {
        str(genre): {"n": len(right), "accuracy": round(float(right.mean()), 4)}
        for genre, right in sorted(counted.items(), key=lambda item: (-len(item[1]), item[0]))
    }


def write_mel(path: Path, features: FeatureConfig) -> None:
    """Write the mel matrix together with the front end that it belongs to, so that neither changes alone."""
    front_end = np.array(json.dumps(asdict(features), sort_keys=True))
    np.savez_compressed(path, mel_filterbank=make_mel_filterbank(features), features=front_end)


def export_onnx(model: Any, path: Path) -> None:
    """Export a Keras network for ONNX Runtime, with any number of windows at a time."""
    import keras

    signature = [keras.InputSpec(shape=(None, *model.input_shape[1:]), dtype="float32", name="log_mel_db")]
    model.export(path, format="onnx", verbose=False, input_signature=signature)


def describe_model(
    folder: Path, features: FeatureConfig, reading: Reading, training_set: TrainingSet, config: TrainingConfig
) -> dict[str, Any]:
    """Content of ``model.json``."""
    return {
        "format_version": FORMAT_VERSION,
        "name": folder.name,
        "instruments": list(CODES),
        "features": asdict(features),
        "calibration": {
            "kind": "beta",
            **{name: _as_list(getattr(reading.calibration, name)) for name in ("a", "b", "c")},
        },
        "thresholds": reading.thresholds.to_dict(),
        "seed": config.seed,
        "fold": config.fold,
        "split_sha256": training_set.split.sha256,
        "sha256": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("network.keras", "network.onnx", "mel.npz")
        },
        "made_with": {name: version(name) for name in ("instrunet-widgets", "keras", "numpy")},
    }


def _as_list(array: FloatArray) -> list[float]:
    return [round(float(value), 6) for value in array]


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
