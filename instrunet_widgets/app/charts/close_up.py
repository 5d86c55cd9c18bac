"""A stretch of a recording measured anew: fine bins of the waveform, single frames of the spectrogram."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...audio import open_audio
from ...config import FeatureConfig
from ...features import LogMelExtractor
from ...overview import DYNAMIC_RANGE_DB, slaney_filterbank
from ...plotting.curves import column_seconds
from ...results import Analysis
from ..state import TimeRange

FloatArray = npt.NDArray[np.float32]

MAX_COLUMNS = 2_000
_BLOCK_SECONDS = 20.0


@dataclass(frozen=True, eq=False)
class CloseUp:
    """A stretch of a recording in detail.

    Parameters
    ----------
    analysis : Analysis
        Of the recording it belongs to.
    start, end : float
        Seconds.
    envelope : np.ndarray [shape=(n_bins, 2), dtype=float32]
        Lowest and highest sample of equal stretches.
    spectrogram : np.ndarray [shape=(n_mels, n_columns), dtype=uint8] or None
        In the levels of the overview; None where the overview shows single frames already, or nothing to compare with.
    spectrogram_start, spectrogram_end : float
        Seconds that its columns cover.
    """

    analysis: Analysis
    start: float
    end: float
    envelope: FloatArray
    spectrogram: npt.NDArray[np.uint8] | None = None
    spectrogram_start: float = 0.0
    spectrogram_end: float = 0.0


def look_closely(
    path: Path, analysis: Analysis, visible: TimeRange, is_stale: Callable[[], bool] = lambda: False
) -> CloseUp | None:
    """Read a stretch, and a quarter of it on both sides, and measure it.

    Parameters
    ----------
    path : Path
    analysis : Analysis
        Of the same recording.
    visible : TimeRange
    is_stale : callable
        Asked now and then; True to stop.

    Returns
    -------
    close_up : CloseUp or None
        None if it was stopped or there is no sound.

    Raises
    ------
    AudioError
        If the file cannot be read.
    """
    config = FeatureConfig()
    margin = (visible.end - visible.start) / 4
    start, end = max(0.0, visible.start - margin), min(analysis.duration, visible.end + margin)
    # The spectrogram begins where a column of the overview begins, so that their levels can be compared.
    column = _overview_column_seconds(analysis, config)
    first = int(start / column) if column else 0
    start = first * column if column else start
    sound = _read(path, start, end + config.hop_length / config.sample_rate, is_stale)
    if sound is None or not len(sound):
        return None
    end = min(end, start + len(sound) / config.sample_rate)
    n_samples = max(1, round((end - start) * config.sample_rate))
    envelope = measure_envelope(sound[:n_samples])
    n_joined = round(column * config.sample_rate / config.hop_length) if column else 1
    if n_joined <= 1 or analysis.overview is None:
        return CloseUp(analysis, start, end, envelope)
    power = measure_power(sound, config, is_stale)
    if power is None:
        return None
    reference = match_level(power, analysis.overview.spectrogram[:, first:], n_joined)
    if reference is None:
        return CloseUp(analysis, start, end, envelope)
    joined = _join(power, -(-power.shape[1] // MAX_COLUMNS))
    seconds = -(-power.shape[1] // MAX_COLUMNS) * config.hop_length / config.sample_rate
    cells = quantise(joined, reference)
    return CloseUp(analysis, start, end, envelope, cells, start, start + cells.shape[1] * seconds)


def measure_envelope(sound: FloatArray, n_bins: int = 2 * MAX_COLUMNS) -> FloatArray:
    """Lowest and highest sample of equal stretches.

    Parameters
    ----------
    sound : np.ndarray [shape=(n_samples,)]
    n_bins : int
        At most so many.

    Returns
    -------
    envelope : np.ndarray [shape=(n_bins, 2), dtype=float32]
    """
    n_bins = min(n_bins, len(sound))
    edges = (np.arange(n_bins) * len(sound)) // n_bins
    return np.stack([np.minimum.reduceat(sound, edges), np.maximum.reduceat(sound, edges)], axis=1)


def measure_power(
    sound: FloatArray, config: FeatureConfig, is_stale: Callable[[], bool] = lambda: False
) -> FloatArray | None:
    """Mel power of every frame, one STFT over the whole stretch; frame k is centred half a hop into column k.

    Parameters
    ----------
    sound : np.ndarray [shape=(n_samples,)]
    config : FeatureConfig
    is_stale : callable
        True to stop; then None comes back.

    Returns
    -------
    power : np.ndarray [shape=(n_mels, n_columns), dtype=float32] or None
    """
    extractor = LogMelExtractor(config, slaney_filterbank(config))
    n_columns = max(1, len(sound) // config.hop_length)
    frames_at_once = 1_000
    reach = config.win_length // 2
    padded = np.pad(sound, (reach, config.win_length))
    parts = []
    for first in range(0, n_columns, frames_at_once):
        if is_stale():
            return None
        n_frames = min(frames_at_once, n_columns - first)
        begin = first * config.hop_length + config.hop_length // 2
        parts.append(extractor.measure_power(padded[begin : begin + (n_frames - 1) * config.hop_length + 2 * reach]))
    return np.concatenate(parts, axis=1)


def match_level(power: FloatArray, overview: npt.NDArray[np.uint8], n_joined: int) -> float | None:
    """Find the power that is 0 dB in an overview from cells that both show.

    Parameters
    ----------
    power : np.ndarray [shape=(n_mels, n_columns)]
        Single frames.
    overview : np.ndarray [shape=(n_mels, n), dtype=uint8]
        The overview from the same time on.
    n_joined : int
        Frames in one column of the overview.

    Returns
    -------
    reference : float or None
        None if the overview is at its floor all over, as in silence.
    """
    n_whole = min(power.shape[1] // n_joined, overview.shape[1])
    if not n_whole:
        return None
    mean = _join(power[:, : n_whole * n_joined], n_joined)
    shown = overview[:, :n_whole]
    usable = (shown > 0) & (mean > 0)
    if not usable.any():
        return None
    usable &= shown >= np.quantile(shown[usable], 0.8)  # the loudest are the least disturbed by rounding
    decibels = 10 * np.log10(mean[usable]) - (shown[usable] / 255.0 - 1) * DYNAMIC_RANGE_DB
    return float(10 ** (np.median(decibels) / 10))


def quantise(power: FloatArray, reference: float) -> npt.NDArray[np.uint8]:
    """Power as decibels below a reference, in the steps of `Overview.spectrogram`."""
    floor = 10 ** (-DYNAMIC_RANGE_DB / 10)
    decibels = 10 * np.log10(np.clip(power / reference, floor, 1.0))
    return np.rint((decibels / DYNAMIC_RANGE_DB + 1) * 255).astype(np.uint8)


def _join(power: FloatArray, n_joined: int) -> FloatArray:
    starts = np.arange(0, power.shape[1], n_joined)
    lengths = np.diff(np.append(starts, power.shape[1]))
    return np.asarray(np.add.reduceat(power, starts, axis=1) / lengths, dtype=np.float32)


def _read(path: Path, start: float, end: float, is_stale: Callable[[], bool]) -> FloatArray | None:
    config = FeatureConfig()
    n_wanted = round((end - start) * config.sample_rate)
    parts: list[FloatArray] = []
    n_read = 0
    with open_audio(path) as reader:
        for block in reader.blocks(sample_rate=config.sample_rate, start=start, block_seconds=_BLOCK_SECONDS):
            if is_stale():
                return None
            parts.append(block[: n_wanted - n_read])
            n_read += len(block)
            if n_read >= n_wanted:
                break
    return np.concatenate(parts) if parts else None


def _overview_column_seconds(analysis: Analysis, config: FeatureConfig) -> float:
    n_columns = analysis.overview.spectrogram.shape[1] if analysis.overview else 0
    return column_seconds(n_columns, config.hop_length / config.sample_rate, analysis.duration) if n_columns else 0.0
