"""The trained network: a model directory (`model_folder`) gives calibrated probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from .arrays import FloatArray, freeze_array
from .config import FeatureConfig
from .errors import ModelError
from .features import LogMelExtractor
from .instruments import CODES
from .model_folder import find_model, open_keras, open_onnx, read_description, read_mel
from .thresholds import ModelThresholds

Runtime = Literal["onnx", "tensorflow"]

FORMAT_VERSION = 2
BATCH_SIZE = 32


@dataclass(frozen=True, eq=False)
class Calibration:
    """Monotone map from a network's outputs to calibrated probabilities, per instrument (beta calibration [1]_).

    ``logit(calibrated) = a * log(probability) - b * log(1 - probability) + c``; with ``a == b`` it is Platt scaling.

    Parameters
    ----------
    a, b, c : np.ndarray [shape=(n_instruments,), dtype=float32]
        `a` and `b` are positive, so the order of two windows never changes for an instrument.

    Raises
    ------
    ValueError
        If the lengths differ, a number is not finite, or `a` or `b` is not positive.

    References
    ----------
    .. [1] M. Kull, T. Silva Filho, P. Flach, "Beta calibration", AISTATS 2017.
    """

    a: FloatArray
    b: FloatArray
    c: FloatArray

    def __post_init__(self) -> None:
        for name in ("a", "b", "c"):
            array = freeze_array(self, name, np.float32, (len(np.atleast_1d(self.a)),))
            if name != "c" and (array <= 0).any():
                raise ValueError(f"{name} of a calibration must be positive")

    def __call__(self, probabilities: FloatArray) -> FloatArray:
        """Calibrate probabilities of shape (n, n_instruments)."""
        p = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
        logit = self.a * np.log(p) - self.b * np.log1p(-p) + self.c
        return (1 / (1 + np.exp(-logit))).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A network with its front end, calibration and thresholds; make one with `Classifier.load`.

    Parameters
    ----------
    name : str
        Name of the model directory.
    path : Path
    feature_config : FeatureConfig
    instruments : tuple of str
        Codes in the order of the outputs.
    extractor : LogMelExtractor
    calibration : Calibration
    model_thresholds : ModelThresholds
        For windows and for whole recordings.
    weights_hash : str
        sha256 of the trained weights.
    run_network : callable
        (n, n_mels, n_frames) dB -> (n, 11) uncalibrated probabilities.
    """

    name: str
    path: Path
    feature_config: FeatureConfig
    instruments: tuple[str, ...]
    extractor: LogMelExtractor
    calibration: Calibration
    model_thresholds: ModelThresholds
    weights_hash: str
    run_network: Callable[[FloatArray], FloatArray]

    @classmethod
    def load(cls, model: str | Path | None = None, *, runtime: Runtime = "onnx") -> Classifier:
        """Load a model directory.

        Parameters
        ----------
        model : str or Path, optional
            A model directory. Default: the environment variable ``INSTRUNET_MODEL``, then the model that comes
            with the package.
        runtime : {"onnx", "tensorflow"}
            What runs the network; "tensorflow" needs the extra ``training``.

        Raises
        ------
        ModelError
            If the directory is missing, damaged, or made for something else; the message says what to do.
        ValueError
            If `runtime` is unknown.
        """
        if runtime not in ("onnx", "tensorflow"):
            raise ValueError(f"runtime must be 'onnx' or 'tensorflow', got {runtime!r}")
        path = find_model(model)
        description = read_description(path, FORMAT_VERSION)
        try:
            features = FeatureConfig(**description["features"])
            thresholds = ModelThresholds.from_dict(description["thresholds"])
            calibration = Calibration(*(description["calibration"][key] for key in ("a", "b", "c")))
            instruments, hashes = tuple(description["instruments"]), dict(description["sha256"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{path / 'model.json'} is damaged ({error}); copy or train the model again") from error
        if instruments != CODES:
            raise ModelError(
                f"the model {path} names the instruments {', '.join(map(str, instruments))}, "
                f"this program needs {', '.join(CODES)} in that order"
            )
        if not len(thresholds.window) == len(calibration.a) == len(instruments):
            raise ModelError(f"{path / 'model.json'} does not hold one threshold and calibration per instrument")
        open_network = open_onnx if runtime == "onnx" else open_keras
        return cls(
            name=str(description.get("name") or path.name),
            path=path,
            feature_config=features,
            instruments=instruments,
            extractor=LogMelExtractor(features, read_mel(path, hashes, features)),
            calibration=calibration,
            model_thresholds=thresholds,
            weights_hash=str(hashes.get("network.keras", "")),
            run_network=open_network(path, hashes, features),
        )

    @property
    def thresholds(self) -> FloatArray:
        """Window thresholds, shape (11,)."""
        return self.model_thresholds.window

    def predict_proba(self, log_mels: FloatArray) -> FloatArray:
        """Calibrated probability of each instrument in each window.

        Parameters
        ----------
        log_mels : np.ndarray [shape=(n_windows, n_mels, n_frames), dtype=float32]
            dB below each window's loudest cell (0 dB), floor -80, as `LogMelExtractor` gives them.

        Returns
        -------
        probabilities : np.ndarray [shape=(n_windows, 11), dtype=float32]
            In the order cel cla flu gac gel org pia sax tru vio voi. Several may be high at a time; rows do not
            sum to 1.

        Raises
        ------
        ValueError
            If `log_mels` has another shape or holds NaN.
        """
        expected = (self.feature_config.n_mels, self.feature_config.n_frames)
        log_mels = np.asarray(log_mels, dtype=np.float32)
        if log_mels.ndim != 3 or log_mels.shape[1:] != expected:
            raise ValueError(f"log_mels must have the shape (n, {expected[0]}, {expected[1]}), got {log_mels.shape}")
        if not np.isfinite(log_mels).all():
            raise ValueError("log_mels holds NaN or infinite values")
        if not len(log_mels):
            return np.zeros((0, len(self.instruments)), dtype=np.float32)
        batches = [log_mels[start : start + BATCH_SIZE] for start in range(0, len(log_mels), BATCH_SIZE)]
        return self.calibration(np.concatenate([self.run_network(batch) for batch in batches]))
