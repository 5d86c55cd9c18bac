"""The trained network: load a model directory, give calibrated probabilities.

A model directory holds ``model.json`` (front end, instrument order, calibration, thresholds, hashes),
``network.onnx`` (what runs), ``mel.npz`` (the front end's mel matrix) and ``network.keras`` (the source of the
export). ONNX Runtime runs the export. All three small runtimes that were measured compute the network equally
fast and have wheels for Windows, Linux (x86-64 and ARM) and Apple's own processors. LiteRT starts .05 s sooner and
takes 50 MB less, but has no wheel for Intel Macs from Python 3.12 on; OpenVINO starts later and takes twice the
disk. The README gives the figures.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .arrays import FloatArray
from .config import FeatureConfig
from .errors import ModelError
from .features import LogMelExtractor
from .instruments import CODES
from .thresholds import ModelThresholds

Runtime = Literal["onnx", "tensorflow"]

FORMAT_VERSION = 2
MODEL_VARIABLE = "INSTRUNET_MODEL"
BATCH_SIZE = 32
_PACKAGE_MODELS = Path(__file__).parent / "models"
_REPOSITORY_MODELS = Path(__file__).parent.parent / "models"


@dataclass(frozen=True, eq=False)
class Calibration:
    """Monotone map from a network's outputs to calibrated probabilities, per instrument (Platt scaling).

    ``calibrated = sigmoid(slope * logit(probability) + offset)``

    Parameters
    ----------
    slope, offset : np.ndarray [shape=(n_instruments,), dtype=float32]
        Slopes are positive, so the order of two windows never changes for an instrument.

    References
    ----------
    J. Platt, "Probabilistic outputs for support vector machines", 1999.
    """

    slope: FloatArray
    offset: FloatArray

    def __call__(self, probabilities: FloatArray) -> FloatArray:
        """Calibrate probabilities of shape (n, n_instruments)."""
        p = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
        return (1 / (1 + np.exp(-(self.slope * np.log(p / (1 - p)) + self.offset)))).astype(np.float32)


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
        description = _read_description(path)
        try:
            features = FeatureConfig(**description["features"])
            thresholds = ModelThresholds.from_dict(description["thresholds"])
            calibration = Calibration(
                *(np.asarray(description["calibration"][key], dtype=np.float32) for key in ("slope", "offset"))
            )
            instruments, hashes = tuple(description["instruments"]), dict(description["sha256"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{path / 'model.json'} is damaged ({error}); copy or train the model again") from error
        if instruments != CODES:
            raise ModelError(
                f"the model {path} names the instruments {', '.join(map(str, instruments))}, "
                f"this program needs {', '.join(CODES)} in that order"
            )
        if not len(thresholds.window) == len(calibration.slope) == len(calibration.offset) == len(instruments):
            raise ModelError(f"{path / 'model.json'} does not hold one threshold and calibration per instrument")
        if not ((calibration.slope > 0).all() and np.isfinite([calibration.slope, calibration.offset]).all()):
            raise ModelError(
                f"{path / 'model.json'} holds a calibration that is not finite and increasing; "
                "copy or train the model again"
            )
        open_network = _open_onnx if runtime == "onnx" else _open_keras
        return cls(
            name=str(description.get("name") or path.name),
            path=path,
            feature_config=features,
            instruments=instruments,
            extractor=LogMelExtractor(features, _read_mel(path, hashes, features)),
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


def find_model(model: str | Path | None = None) -> Path:
    """Find the model directory to use.

    Parameters
    ----------
    model : str or Path, optional
        Looked up first; then ``INSTRUNET_MODEL``, the package, the repository.

    Raises
    ------
    ModelError
        If there is none.
    """
    chosen = model or os.environ.get(MODEL_VARIABLE)
    if chosen:
        path = Path(chosen).expanduser()
        if not path.is_dir():
            raise ModelError(f"there is no model directory at {path}; give one that holds a model.json")
        return path
    for folder in (_PACKAGE_MODELS, _REPOSITORY_MODELS):
        default = folder / "default"
        if default.is_file():
            return folder / default.read_text(encoding="utf-8").strip()
    raise ModelError(
        "the network that comes with InstruNet is missing; install the package again, "
        f"or name a model directory with --model or the environment variable {MODEL_VARIABLE}"
    )


def _read_description(path: Path) -> dict[str, Any]:
    file = path / "model.json"
    try:
        description = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{path} is not an InstruNet model: its model.json cannot be read ({error.strerror}); "
            "choose a directory made by 'instrunet train'"
        ) from error
    except ValueError as error:
        raise ModelError(f"{file} is not valid JSON ({error}); copy or train the model again") from error
    if not isinstance(description, dict) or "format_version" not in description:
        raise ModelError(f"{file} does not describe an InstruNet model; choose one made by 'instrunet train'")
    if description["format_version"] != FORMAT_VERSION:
        raise ModelError(
            f"{file} has the format version {description['format_version']}, this program reads {FORMAT_VERSION}; "
            "use the InstruNet version that made it"
        )
    return description


def _read_checked(path: Path, hashes: Mapping[str, str]) -> bytes:
    """Content of a file whose sha256 the model's description states."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"the model file {path} cannot be read ({error.strerror}); copy the whole model directory again"
        ) from error
    if hashlib.sha256(content).hexdigest() != hashes.get(path.name):
        raise ModelError(
            f"the model file {path} is damaged or belongs to another model (its sha256 is not the one in "
            "model.json); copy the whole model directory again"
        )
    return content


def _read_mel(path: Path, hashes: Mapping[str, str], features: FeatureConfig) -> FloatArray:
    import io

    content = _read_checked(path / "mel.npz", hashes)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            mel_filterbank, front_end = np.asarray(file["mel_filterbank"], dtype=np.float32), str(file["features"])
        is_own = json.loads(front_end) == asdict(features)  # some differences leave every shape as it was
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{path / 'mel.npz'} does not hold a mel matrix and its front end ({error}); it may come from an older "
            "version, so train the model again"
        ) from error
    if not is_own:
        raise ModelError(
            f"the front end in {path / 'model.json'} is not the one that the network was trained on (mel.npz states "
            f"{front_end}); copy the whole model directory again"
        )
    return mel_filterbank


def _open_onnx(path: Path, hashes: Mapping[str, str], features: FeatureConfig) -> Callable[[FloatArray], FloatArray]:
    from .onnx_runtime import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Threads that spin while they wait would take the other visitors' time on a shared machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = _read_checked(path / "network.onnx", hashes)
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common base class for its errors
        raise ModelError(f"{path / 'network.onnx'} cannot be opened: {error}") from error
    name = session.get_inputs()[0].name
    if tuple(session.get_inputs()[0].shape[1:]) != (features.n_mels, features.n_frames):
        raise ModelError(f"{path / 'network.onnx'} takes {session.get_inputs()[0].shape}, not what model.json says")
    if session.get_outputs()[0].shape[1:] != [len(CODES)]:
        raise ModelError(
            f"{path / 'network.onnx'} gives {session.get_outputs()[0].shape}, not one number an instrument"
        )
    return lambda log_mels: np.asarray(session.run(None, {name: log_mels})[0])


def _open_keras(path: Path, hashes: Mapping[str, str], features: FeatureConfig) -> Callable[[FloatArray], FloatArray]:
    try:
        import keras
    except ImportError as error:
        raise ModelError(
            "runtime='tensorflow' needs TensorFlow, which is not installed; install the extra 'training' "
            "or use the default runtime"
        ) from error
    file = path / "network.keras"
    _read_checked(file, hashes)
    network = keras.saving.load_model(file, compile=False, safe_mode=True)
    if tuple(network.input_shape[1:]) != (features.n_mels, features.n_frames):
        raise ModelError(f"{file} takes {network.input_shape}, not what model.json says")
    return lambda log_mels: np.asarray(network.predict_on_batch(log_mels))
