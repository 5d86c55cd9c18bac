"""What charts measure with: ticks of time and pitch, dashes, rows of the heat map. The same on screen and on paper."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..config import FeatureConfig
from ..instruments import CODES
from ..overview import slaney_corners
from ..results import Analysis, window_cells
from .ramps import Bytes

# Instruments are told apart by colour and dash; those that share a dash have colours that are far apart.
DASHES = ("solid", "dashed", "dash_dotted", "dotted")
MARKED_HERTZ = {250: "250 Hz", 500: "500 Hz", 1_000: "1 kHz", 2_000: "2 kHz", 4_000: "4 kHz", 8_000: "8 kHz"}
FEWEST_LANES = 4  # of time ranges; fewer would make bars too high
BLANK = 255  # in the heat map: a silent window

_AMPLITUDE_LIMITS = (0.05, 0.1, 0.2, 0.5, 1.0)
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400)


def pick_ticks(start: float, end: float, max_ticks: int) -> npt.NDArray[np.float64]:
    """Round times inside a range, at most so many.

    Parameters
    ----------
    start, end : float
        Seconds.
    max_ticks : int

    Examples
    --------
    >>> pick_ticks(0.0, 81.0, 6).tolist()
    [0.0, 15.0, 30.0, 45.0, 60.0, 75.0]
    """
    step = next((step for step in _STEPS if (end - start) / step < max_ticks), _STEPS[-1])
    n_first, n_last = np.ceil(start / step - 1e-9), np.floor(end / step + 1e-9)
    return np.round(np.arange(n_first, n_last + 1) * step, 6) + 0.0  # no minus before a zero


def amplitude_limit(envelope: npt.NDArray[np.float32]) -> float:
    """Where the vertical axis of a waveform ends, so that quiet recordings can be seen too.

    Parameters
    ----------
    envelope : np.ndarray [shape=(n_bins, 2)]
        Lowest and highest samples.
    """
    peak = float(np.abs(envelope).max(initial=0.0))
    return next((limit for limit in _AMPLITUDE_LIMITS if peak <= 1.001 * limit), float(np.ceil(peak)))


def mel_position(hertz: float, config: FeatureConfig) -> float:
    """Where a frequency lies on a vertical axis that counts mel bands from 0.

    Parameters
    ----------
    hertz : float
    config : FeatureConfig

    Examples
    --------
    The band whose triangle peaks at a frequency is drawn from half a band below to half a band above.

    >>> round(mel_position(8_000.0, FeatureConfig()), 1)
    128.0
    """
    corners = slaney_corners(config)
    return float(min(np.interp(hertz, corners, np.arange(len(corners)) - 0.5), config.n_mels))


def dash_of(code: str) -> str:
    """The dash of an instrument's line.

    Parameters
    ----------
    code : str
        IRMAS code.
    """
    return DASHES[CODES.index(code) % len(DASHES)]


def rasterise(analysis: Analysis, smoothed: npt.NDArray[np.float32]) -> tuple[Bytes, float]:
    """Probabilities on an even grid of time: every window over the stretch that it speaks for.

    Parameters
    ----------
    analysis : Analysis
    smoothed : np.ndarray [shape=(n_windows, n_instruments), dtype=float32]

    Returns
    -------
    values : np.ndarray [shape=(n_instruments, n_columns), dtype=uint8]
        0 to 254, `BLANK` in silent windows.
    seconds : float
        Length of a column, s.
    """
    seconds = analysis.hop_seconds / 2  # cells begin half a hop after windows, so edges fall on the grid
    n_columns = max(1, int(np.ceil(analysis.duration / seconds)))
    centres = (np.arange(n_columns) + 0.5) * seconds
    window = np.searchsorted(window_cells(analysis)[:, 0], centres, side="right") - 1
    values = np.rint(smoothed * (BLANK - 1)).astype(np.uint8)
    values[analysis.silent] = BLANK
    return values[window].T, seconds
