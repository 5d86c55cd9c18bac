"""The picture-sized summary of a recording, gathered while it streams past.

Nothing here grows with the recording. Both pictures are columns that are added at a fixed fine resolution;
when `MAX_COLUMNS` are full, neighbours are joined in pairs and every column stands for twice as much.

The log-mel spectrogram of a window is relative to that window's loudest cell. Before windows are put side by
side, each is brought back to its own level: the power of that one cell is computed again from the sound.
"""

from __future__ import annotations

import copy
import math

import numpy as np
import numpy.typing as npt

from .arrays import FloatArray
from .config import FeatureConfig
from .results import Overview

MAX_COLUMNS = 4_000
DYNAMIC_RANGE_DB = 80.0


class FoldedColumns:
    """A growing row of columns that joins neighbours in pairs rather than exceed a limit.

    Parameters
    ----------
    join : np.ufunc
        How columns become one: ``np.maximum`` or ``np.add``.
    n_values : int
        Values in one column.
    limit : int
        Most columns to keep; even.

    Attributes
    ----------
    n_joined : int
        How many added columns one kept column stands for; a power of two.
    """

    def __init__(self, join: np.ufunc, n_values: int, limit: int = MAX_COLUMNS) -> None:
        if limit < 2 or limit % 2:
            raise ValueError(f"the limit must be an even number of columns, got {limit}")
        self._join = join
        self._kept = np.zeros((n_values, limit), dtype=np.float32)
        self._n_full = 0
        self._partial = np.zeros(n_values, dtype=np.float32)
        self._n_in_partial = 0
        self.n_joined = 1

    def append(self, columns: FloatArray) -> None:
        """Add columns at the fine resolution.

        Parameters
        ----------
        columns : np.ndarray [shape=(n_values, n_columns), dtype=float32]
        """
        limit = self._kept.shape[1]
        while columns.shape[1]:
            if self._n_full == limit:
                self._halve()
            room = (limit - self._n_full) * self.n_joined - self._n_in_partial
            self._take(columns[:, :room])
            columns = columns[:, room:]

    def columns(self) -> FloatArray:
        """Return the columns so far; the last may stand for fewer added columns than the others.

        Returns
        -------
        columns : np.ndarray [shape=(n_values, n_columns), dtype=float32]
        """
        kept = self._kept[:, : self._n_full]
        return np.column_stack([kept, self._partial]) if self._n_in_partial else kept.copy()

    def n_in_columns(self) -> npt.NDArray[np.int64]:
        """Return how many added columns each of `columns` stands for."""
        counts = np.full(self._n_full, self.n_joined, dtype=np.int64)
        return np.append(counts, self._n_in_partial) if self._n_in_partial else counts

    def _take(self, columns: FloatArray) -> None:
        """Add columns for which there is room."""
        if self._n_in_partial:
            missing = self.n_joined - self._n_in_partial
            self._grow_partial(columns[:, :missing])
            columns = columns[:, missing:]
        n_new = columns.shape[1] // self.n_joined
        whole = columns[:, : n_new * self.n_joined].reshape(len(columns), n_new, self.n_joined)
        self._kept[:, self._n_full : self._n_full + n_new] = self._join.reduce(whole, axis=2)
        self._n_full += n_new
        if columns.shape[1] > n_new * self.n_joined:
            self._grow_partial(columns[:, n_new * self.n_joined :])

    def _grow_partial(self, columns: FloatArray) -> None:
        joined = self._join.reduce(columns, axis=1)
        self._partial = self._join(self._partial, joined) if self._n_in_partial else joined
        self._n_in_partial += columns.shape[1]
        if self._n_in_partial == self.n_joined:
            self._kept[:, self._n_full] = self._partial
            self._n_full += 1
            self._n_in_partial = 0

    def _halve(self) -> None:
        half = self._kept.shape[1] // 2
        self._kept[:, :half] = self._join(self._kept[:, 0::2], self._kept[:, 1::2])
        self._n_full = half
        self.n_joined *= 2


class OverviewBuilder:
    """Gathers an `Overview` from the blocks and windows of a running analysis.

    Parameters
    ----------
    config : FeatureConfig
        The front end that the log-mels come from.
    hop_seconds : float
        Time between window starts, s.
    max_columns : int
        Most bins of the envelope and most columns of the spectrogram; even.
    """

    def __init__(self, config: FeatureConfig, hop_seconds: float, *, max_columns: int = MAX_COLUMNS) -> None:
        self._config = config
        self._hop_seconds = hop_seconds
        self._column_seconds = config.hop_length / config.sample_rate
        self._hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.win_length) / config.win_length)
        self._corners = slaney_corners(config)
        self._peaks = FoldedColumns(np.maximum, 2, max_columns)
        self._power = FoldedColumns(np.add, config.n_mels, max_columns)
        self._latest: FloatArray = np.zeros((config.n_mels, 0), dtype=np.float32)
        self._n_samples = 0
        self._n_windows = 0
        self._n_columns = 0

    def add_sound(self, block: FloatArray) -> None:
        """Take the next samples of the recording, for the envelope.

        Parameters
        ----------
        block : np.ndarray [shape=(n_samples,), dtype=float32]
        """
        self._peaks.append(np.stack([-block, block]))
        self._n_samples += len(block)

    def add_windows(self, windows: FloatArray, log_mels: FloatArray, silent: npt.NDArray[np.bool_]) -> None:
        """Take the next windows, for the spectrogram: of each, the cell round its centre that it speaks for.

        Parameters
        ----------
        windows : np.ndarray [shape=(n_windows, window_samples), dtype=float32]
            The sound before any normalisation.
        log_mels : np.ndarray [shape=(n_windows, n_mels, n_frames), dtype=float32]
            dB below each window's loudest cell. Those of silent windows are not read.
        silent : np.ndarray [shape=(n_windows,), dtype=bool]
            Silent windows are drawn at the floor.
        """
        for window, log_mel, is_silent in zip(windows, log_mels, silent, strict=True):
            loudest = 0.0 if is_silent else self._measure_loudest_cell(window, log_mel)
            self._add_window(log_mel, loudest)

    def build(self) -> Overview:
        """Return the overview of everything added; call it after the last window.

        Returns
        -------
        overview : Overview
        """
        peaks = self._peaks.columns()
        envelope = np.stack([-peaks[0], peaks[1]], axis=1)
        n_columns = math.ceil(self._n_samples / self._config.sample_rate / self._column_seconds)
        power = copy.deepcopy(self._power)
        power.append(self._latest[:, : n_columns - self._n_columns])
        mean_power: FloatArray = np.divide(power.columns(), power.n_in_columns(), dtype=np.float32)
        return Overview(envelope=envelope, spectrogram=_quantise(mean_power))

    def _measure_loudest_cell(self, window: FloatArray, log_mel: FloatArray) -> float:
        """Mel power of the cell that `log_mel` is relative to, on one scale for the whole recording."""
        config = self._config
        band, frame = np.unravel_index(log_mel.argmax(), log_mel.shape)
        first = int(frame) * config.hop_length - config.n_fft // 2 + (config.n_fft - config.win_length) // 2
        before_start = max(0, -first)
        sound = window[first + before_start : first + config.win_length]
        framed = sound * self._hann[before_start : before_start + len(sound)]
        power = np.square(np.abs(np.fft.rfft(framed, config.n_fft)))
        lower, centre, upper = self._corners[band : band + 3]
        hertz = np.fft.rfftfreq(config.n_fft, 1 / config.sample_rate)
        slopes = np.minimum((hertz - lower) / (centre - lower), (upper - hertz) / (upper - centre))
        return float(power @ np.maximum(slopes, 0)) * 2 / (upper - lower)

    def _add_window(self, log_mel: FloatArray, loudest: float) -> None:
        """Keep the columns of one window from its cell on; those of the window before it are now decided."""
        start = self._n_windows * self._hop_seconds
        cell_start = start + (self._config.window_seconds - self._hop_seconds) / 2 if self._n_windows else 0.0
        first = math.ceil(cell_start / self._column_seconds - 0.5)
        self._power.append(self._latest[:, : first - self._n_columns])
        self._n_columns = first
        n_until_end = math.ceil((start + self._config.window_seconds) / self._column_seconds)
        centres = (np.arange(first, n_until_end) + 0.5) * self._column_seconds
        frames = np.rint((centres - start) / self._column_seconds).astype(int)
        columns = log_mel[:, np.clip(frames, 0, log_mel.shape[1] - 1)]
        self._latest = np.exp(columns * np.float32(math.log(10) / 10)) * np.float32(loudest)
        self._n_windows += 1


def slaney_corners(config: FeatureConfig) -> npt.NDArray[np.float64]:
    """Frequencies at which the triangles of the mel bands begin, peak and end.

    Slaney's mel scale [1]_: linear below 1 kHz, logarithmic above.

    Parameters
    ----------
    config : FeatureConfig

    Returns
    -------
    corners : np.ndarray [shape=(n_mels + 2,), dtype=float64]
        Hz; band k is the triangle over the corners k, k + 1 and k + 2.

    References
    ----------
    .. [1] M. Slaney, "Auditory Toolbox", Interval Research technical report 1998-010.
    """
    knee, hz_per_mel, step = 1_000.0, 200.0 / 3, math.log(6.4) / 27
    knee_mel = knee / hz_per_mel

    def to_mel(hertz: float) -> float:
        return hertz / hz_per_mel if hertz < knee else knee_mel + math.log(hertz / knee) / step

    mels = np.linspace(to_mel(config.fmin), to_mel(config.fmax), config.n_mels + 2)
    return np.where(mels < knee_mel, mels * hz_per_mel, knee * np.exp((mels - knee_mel) * step))


def slaney_filterbank(config: FeatureConfig) -> FloatArray:
    """Weights of the mel bands over the bins of the FFT, each band of area 1; what librosa computes.

    Parameters
    ----------
    config : FeatureConfig

    Returns
    -------
    mel_filterbank : np.ndarray [shape=(n_mels, 1 + n_fft // 2), dtype=float32]
    """
    corners = slaney_corners(config)[:, np.newaxis]
    lower, centre, upper = corners[:-2], corners[1:-1], corners[2:]
    hertz = np.fft.rfftfreq(config.n_fft, 1 / config.sample_rate)
    slopes = np.minimum((hertz - lower) / (centre - lower), (upper - hertz) / (upper - centre))
    return (np.maximum(slopes, 0) * 2 / (upper - lower)).astype(np.float32)


def _quantise(power: FloatArray) -> npt.NDArray[np.uint8]:
    """Power as decibels below the loudest cell, 0..255."""
    loudest = power.max(initial=0.0)
    if loudest <= 0:
        return np.zeros(power.shape, dtype=np.uint8)
    floor = 10 ** (-DYNAMIC_RANGE_DB / 10)
    decibels = 10 * np.log10(np.maximum(power / loudest, floor))
    return np.rint((decibels / DYNAMIC_RANGE_DB + 1) * 255).astype(np.uint8)
