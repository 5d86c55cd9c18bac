"""Model directories: find one, read its files and open its network.

A model directory holds ``model.json`` (front end, instrument order, calibration, thresholds, hashes),
``network.onnx`` (what runs), ``mel.npz`` (the front end's mel matrix) and ``network.keras`` (the source of the
export). ONNX Runtime runs the export. All three small runtimes that were measured compute the network equally
fast and have wheels for Windows, Linux (x86-64 and ARM) and Apple's own processors. LiteRT starts .05 s sooner and
takes 50 MB less, but has no wheel for Intel Macs from Python 3.12 on; OpenVINO starts later and takes twice the
disk. The README gives the figures.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import FloatArray
from .config import FeatureConfig
from .errors import ModelError
from .instruments import CODES

MODEL_VARIABLE = "INSTRUNET_MODEL"
_PACKAGE_MODELS = Path(__file__).parent / "models"
_REPOSITORY_MODELS = Path(__file__).parent.parent / "models"


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
        "the network that comes with InstruNet is missing; clone its repository or install the package again, "
        f"or name a model directory with --model or the environment variable {MODEL_VARIABLE}"
    )


def read_description(path: Path, format_version: int) -> dict[str, Any]:
    """Read the ``model.json`` of a model directory.

    Parameters
    ----------
    path : Path
        A model directory.
    format_version : int
        The version that the caller understands.

    Raises
    ------
    ModelError
        If there is none, or it is not of that version.
    """
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
    if description["format_version"] != format_version:
        raise ModelError(
            f"{file} has the format version {description['format_version']}, this program reads {format_version}; "
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


def read_mel(path: Path, hashes: Mapping[str, str], features: FeatureConfig) -> FloatArray:
    """Read the mel matrix of a model directory.

    Parameters
    ----------
    path : Path
        A model directory.
    hashes : mapping of str to str
        sha256 of each file, as ``model.json`` states them.
    features : FeatureConfig
        As ``model.json`` states it.

    Returns
    -------
    mel_filterbank : np.ndarray [shape=(n_mels, 1 + n_fft // 2), dtype=float32]

    Raises
    ------
    ModelError
        If the file is missing, damaged, or made for another front end.
    """
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


def open_onnx(path: Path, hashes: Mapping[str, str], features: FeatureConfig) -> Callable[[FloatArray], FloatArray]:
    """Open the network of a model directory with ONNX Runtime.

    Parameters
    ----------
    path, hashes, features
        As in `read_mel`.

    Returns
    -------
    run_network : callable
        (n, n_mels, n_frames) dB -> (n, n_instruments) uncalibrated probabilities.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or takes or gives something else.
    """
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


def open_keras(path: Path, hashes: Mapping[str, str], features: FeatureConfig) -> Callable[[FloatArray], FloatArray]:
    """Open the network of a model directory with Keras, which the extra ``training`` brings.

    Parameters
    ----------
    path, hashes, features
        As in `read_mel`.

    Returns
    -------
    run_network : callable
        (n, n_mels, n_frames) dB -> (n, n_instruments) uncalibrated probabilities.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or takes something else, or if Keras is not installed.
    """
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
