"""The arithmetic of lesson 3: windows as pictures, kernels moved over them, cells covered."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np
import numpy.typing as npt

from ..app.charts.colours import TRANSPARENT
from ..config import FeatureConfig
from .panel import slider
from .sound import Sound
from .spectra import compute_log_mel

Array = npt.NDArray[np.float64]

WINDOW_SECONDS = 3.0
OWN = FeatureConfig()
KERNELS_PER_ROW = 12


def cut_log_mel(sound: Sound, start: float) -> npt.NDArray[np.float32]:
    """The picture of a window of the sound, as the network gets it."""
    return compute_log_mel(sound.cut(start, WINDOW_SECONDS), OWN)


def window_slider(sound: Sound, start: float) -> widgets.Widget:
    """A slider for where a window begins, s."""
    last = max(0.5, round(sound.duration - 0.5, 1))
    return slider(0.0, last, min(start, last), 0.5, readout_format=".1f", continuous_update=False)


def convolve(picture: npt.ArrayLike, kernel: npt.ArrayLike) -> Array:
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


def scale_up(values: npt.ArrayLike) -> Array:
    """Bring what is above 0 to the range 0 to 1; the brightest hundredth is cut off."""
    positive = np.maximum(np.nan_to_num(np.asarray(values, dtype=np.float64)), 0.0)
    most = float(np.percentile(positive, 99)) or float(positive.max(initial=0.0))
    return np.minimum(positive / most, 1.0) if most > 0 else positive


def stretch(cells: npt.ArrayLike, shape: Sequence[int]) -> Array:
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


def draw_gallery(kernels: Array) -> npt.NDArray[np.uint8]:
    """Kernels side by side as values for `draw_png`: the middle colour is 0, gaps are transparent.

    Parameters
    ----------
    kernels : np.ndarray [shape=(n, side, side)]
        Each is drawn in its own scale.

    Returns
    -------
    values : np.ndarray [shape=(n_rows * cell, 12 * cell), dtype=uint8]
        The last row of kernels first: pictures are drawn from below.
    """
    n, side = len(kernels), kernels.shape[1]
    n_rows, cell = -(-n // KERNELS_PER_ROW), side * 4 + 4
    values = np.full((n_rows * cell, KERNELS_PER_ROW * cell), TRANSPARENT, dtype=np.uint8)
    for k, kernel in enumerate(kernels):
        most = float(np.abs(kernel).max()) or 1.0
        levels = np.rint((kernel / most + 1) / 2 * 254).astype(np.uint8)
        low, left = (n_rows - 1 - k // KERNELS_PER_ROW) * cell + 2, (k % KERNELS_PER_ROW) * cell + 2
        values[low : low + side * 4, left : left + side * 4] = np.kron(levels, np.ones((4, 4), dtype=np.uint8))
    return values
