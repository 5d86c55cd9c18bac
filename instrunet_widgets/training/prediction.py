"""What a Keras network says about the clips of a feature folder."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import FloatArray
from .feature_folder import FeatureFolder


def predict(model: Any, folder: FeatureFolder, batch_size: int = 64) -> FloatArray:
    """Uncalibrated probabilities of a Keras network for a whole folder.

    A network for shorter windows than the folder's clips gives the mean over windows that cover the clip.

    Returns
    -------
    probabilities : np.ndarray [shape=(n_clips, 11), dtype=float32]
    """
    starts = range(0, len(folder), batch_size)
    batches = [_predict_clips(model, folder.decibels(slice(start, start + batch_size))) for start in starts]
    return np.concatenate(batches).astype(np.float32)


def cut_windows(log_mels: FloatArray, n_frames: int) -> FloatArray:
    """Cut clips into windows that overlap by half or more, each referred to its own loudest cell.

    Parameters
    ----------
    log_mels : np.ndarray [shape=(n_clips, n_mels, n_clip_frames), dtype=float32]
        dB in [-80, 0].
    n_frames : int
        At most as many as the clips have.

    Returns
    -------
    windows : np.ndarray [shape=(n_windows, n_clips, n_mels, n_frames), dtype=float32]
        dB in [-80, 0].

    Examples
    --------
    >>> cut_windows(np.zeros((2, 128, 130), dtype=np.float32), 44).shape
    (5, 2, 128, 44)
    """
    rest = log_mels.shape[-1] - n_frames
    starts = np.linspace(0, rest, 1 + math.ceil(2 * rest / n_frames)).round().astype(int)
    windows = np.stack([log_mels[:, :, start : start + n_frames] for start in starts])
    return np.maximum(windows - windows.max(axis=(2, 3), keepdims=True), -80.0).astype(np.float32)


def _predict_clips(model: Any, log_mels: FloatArray) -> FloatArray:
    n_frames = model.input_shape[-1]
    if n_frames == log_mels.shape[-1]:
        return np.asarray(model.predict_on_batch(log_mels))
    windows = cut_windows(log_mels, n_frames)
    return np.mean([model.predict_on_batch(window) for window in windows], axis=0)
