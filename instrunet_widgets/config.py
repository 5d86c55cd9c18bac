"""Settings: what the network fixes, how a recording is cut, and how probabilities are read.

`FeatureConfig` belongs to a trained network and cannot be changed by a user. `WindowConfig` says how densely
a recording is sampled. `DecodingConfig` is free: changing it never runs the network again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

Aggregation = Literal["mean", "max"]
AGGREGATIONS: tuple[Aggregation, ...] = ("mean", "max")
MAX_SMOOTHING_WINDOWS = 7


@dataclass(frozen=True)
class FeatureConfig:
    """The log-mel front end that a network was trained on.

    Parameters
    ----------
    sample_rate : int
        Hz.
    n_fft, win_length, hop_length : int
        FFT size, Hann window and step between frames, in samples.
    n_mels : int
        Number of Slaney mel bands, area-normalised.
    fmin, fmax : float
        Lower and upper edge of the mel bank, Hz.
    top_db : float
        Dynamic range below the loudest cell of a window, dB.
    window_seconds : float
        Length of one window, s.

    Raises
    ------
    ValueError
        If the values cannot describe a front end.
    """

    sample_rate: int = 16_000
    n_fft: int = 2_048
    win_length: int = 1_486
    hop_length: int = 372
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float = 8_000.0
    top_db: float = 80.0
    window_seconds: float = 3.0

    def __post_init__(self) -> None:
        if min(self.sample_rate, self.n_fft, self.win_length, self.hop_length, self.n_mels) < 1:
            raise ValueError("sample_rate, n_fft, win_length, hop_length and n_mels must be at least 1")
        if self.win_length > self.n_fft:
            raise ValueError(f"win_length ({self.win_length}) must not exceed n_fft ({self.n_fft})")
        if not 0 <= self.fmin < self.fmax <= self.sample_rate / 2:
            raise ValueError(
                f"fmin and fmax must satisfy 0 <= fmin < fmax <= {self.sample_rate / 2} Hz, "
                f"got {self.fmin} and {self.fmax}"
            )
        if not (self.top_db > 0 and self.window_seconds > 0):
            raise ValueError("top_db and window_seconds must be positive")

    @property
    def window_samples(self) -> int:
        """Samples in one window."""
        return round(self.window_seconds * self.sample_rate)

    @property
    def n_frames(self) -> int:
        """STFT frames in one window (frames are centred, so one more than whole hops fit).

        Examples
        --------
        >>> FeatureConfig().n_frames
        130
        """
        return 1 + self.window_samples // self.hop_length


@dataclass(frozen=True)
class WindowConfig:
    """How densely a recording is cut into windows.

    Parameters
    ----------
    hop_seconds : float
        Time between the starts of neighbouring windows, s.

    Raises
    ------
    ValueError
        If `hop_seconds` is not positive and finite.
    """

    hop_seconds: float = 1.5

    def __post_init__(self) -> None:
        if not (_is_real(self.hop_seconds) and self.hop_seconds > 0):
            raise ValueError(f"hop_seconds must be a positive number of seconds, got {self.hop_seconds!r}")


@dataclass(frozen=True)
class DecodingConfig:
    """How window probabilities become detected instruments and time ranges.

    Parameters
    ----------
    aggregation : {"mean", "max"}
        How the windows of a recording are joined into one score per instrument.
    threshold : float in [0, 1] or "auto"
        From which probability on an instrument counts as heard; "auto" takes the model's own thresholds.
    smoothing_windows : int in 1..7
        Length of the moving average, in windows; 1 leaves the probabilities as they are.
    min_segment_seconds : float >= 0
        Shorter time ranges are dropped, s.

    Raises
    ------
    ValueError
        If a value is out of range; the message says which and what is allowed.
    """

    aggregation: Aggregation = "mean"
    threshold: float | Literal["auto"] = "auto"
    smoothing_windows: int = 3
    min_segment_seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.aggregation not in AGGREGATIONS:
            raise ValueError(f"aggregation must be 'mean' or 'max', got {self.aggregation!r}")
        if self.threshold != "auto" and not (_is_real(self.threshold) and 0 <= self.threshold <= 1):
            raise ValueError(f"threshold must be a number from 0 to 1, or 'auto', got {self.threshold!r}")
        is_count = isinstance(self.smoothing_windows, Integral) and not isinstance(self.smoothing_windows, bool)
        if not (is_count and 1 <= self.smoothing_windows <= MAX_SMOOTHING_WINDOWS):
            raise ValueError(
                f"smoothing must be a whole number of windows from 1 to {MAX_SMOOTHING_WINDOWS}, "
                f"got {self.smoothing_windows!r}"
            )
        if not (_is_real(self.min_segment_seconds) and self.min_segment_seconds >= 0):
            raise ValueError(
                f"the shortest segment must be a number of seconds, 0 or more, got {self.min_segment_seconds!r}"
            )


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
