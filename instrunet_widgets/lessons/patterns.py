"""The arithmetic of lesson 3: windows as pictures, kernels moved over them, cells covered."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np
import numpy.typing as npt

from .arrays import Floats
from .panel import slider
from .sound import Sound
from .spectra import OWN, WINDOW_SECONDS, compute_log_mel


def cut_log_mel(sound: Sound, start: float) -> npt.NDArray[np.float32]:
    """The picture of a window of the sound, as the network gets it."""
    return compute_log_mel(sound.cut(start, WINDOW_SECONDS), OWN)


def window_slider(sound: Sound, start: float) -> widgets.Widget:
    """A slider for where a window begins, s."""
    last = max(0.5, round(sound.duration - 0.5, 1))
    return slider(0.0, last, min(start, last), 0.5, readout_format=".1f", continuous_update=False)


def convolve(picture: npt.ArrayLike, kernel: npt.ArrayLike) -> Floats:
    """Move a kernel over a picture, as a network does (no mirroring), where it fits in whole.

    Parameters
    ----------
    picture : array_like [shape=(n_rows, n_columns)]
    kernel : array_like [shape=(height, width)]

    Returns
    -------
    response : np.ndarray [shape=(n_rows - height + 1, n_columns - width + 1), dtype=float64]
    """
    weights = np.asarray(kernel, dtype=np.float64)
    patches = np.lib.stride_tricks.sliding_window_view(np.asarray(picture, dtype=np.float64), weights.shape)
    return np.asarray(np.einsum("ijkl,kl->ij", patches, weights))


def scale_up(values: npt.ArrayLike) -> Floats:
    """Bring what is above 0 to the range 0 to 1; the brightest hundredth is cut off."""
    positive = np.maximum(np.nan_to_num(np.asarray(values, dtype=np.float64)), 0.0)
    most = float(np.percentile(positive, 99)) or float(positive.max(initial=0.0))
    return np.minimum(positive / most, 1.0) if most > 0 else positive


def stretch(cells: npt.ArrayLike, shape: Sequence[int]) -> Floats:
    """Enlarge a coarse grid to the shape of a picture, without blurring."""
    cells = np.asarray(cells, dtype=np.float64)
    rows = np.arange(shape[0]) * cells.shape[0] // shape[0]
    columns = np.arange(shape[1]) * cells.shape[1] // shape[1]
    return np.asarray(cells[np.ix_(rows, columns)])


def cover_cells(log_mel: npt.NDArray[np.float32], chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Silence parts of a picture.

    Parameters
    ----------
    log_mel : np.ndarray [shape=(n_mels, n_frames), dtype=float32]
    chosen : np.ndarray [shape=(n_bands, n_times), dtype=bool]
        Cells of a coarser grid.
    """
    mask = stretch(chosen.astype(np.float64), log_mel.shape) > 0.5
    return np.where(mask, np.float32(-OWN.top_db), log_mel).astype(np.float32)
