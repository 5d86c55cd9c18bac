"""What an analysis returns: `Analysis` and its `Overview`; the `Timeline` decoded from it has its own module.

All of them are immutable; arrays are read-only and the classes that hold arrays compare by identity.

Times are seconds from the start of the recording. A window speaks for the hop-long cell round its centre, the
first cell reaches back to 0 and the last to the end (`window_cells`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .arrays import BoolArray, FloatArray, freeze_array
from .config import DecodingConfig
from .instruments import CODES
from .thresholds import Thresholds
from .timeline import Segment, Timeline

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "BoolArray", "FloatArray", "Overview", "Segment", "Thresholds", "Timeline", "window_cells"]


@dataclass(frozen=True, eq=False)
class Overview:
    """Picture-sized summary of the sound, gathered while it is analysed; bounded whatever the length.

    Parameters
    ----------
    envelope : np.ndarray [shape=(n_bins, 2), dtype=float32]
        Lowest and highest sample of each of `n_bins` equal stretches of the mono recording.
    spectrogram : np.ndarray [shape=(n_mels, n_columns), dtype=uint8]
        Log-mel spectrogram, bands from low to high. 255 is the loudest cell of the recording (0 dB), 0 is
        80 dB below it or less: ``dB = value / 255 * 80 - 80``.
    """

    envelope: FloatArray
    spectrogram: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        freeze_array(self, "envelope", np.float32, (None, 2))
        freeze_array(self, "spectrogram", np.uint8, (None, None))


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything the network said about one recording, before any threshold.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n_windows, n_instruments), dtype=float32]
        Calibrated probabilities in [0, 1]; rows of silent windows are 0.
    silent : np.ndarray [shape=(n_windows,), dtype=bool]
        Windows in which every 100 ms lie below -60 dBFS RMS.
    window_starts : np.ndarray [shape=(n_windows,), dtype=float64]
        Seconds.
    window_seconds, hop_seconds : float
        Length of a window and time between window starts, s.
    duration : float
        Length of the recording, s.
    audio_name : str
        File name without its folder. It comes from a user: escape it where it is shown.
    model_name, model_hash : str
        Which network spoke; the hash is the sha256 of its weights.
    thresholds : Thresholds
        The model's own, used by ``threshold="auto"``.
    overview : Overview or None
        Waveform envelope and spectrogram; None where only results were kept (a JSON file).
    sample_rate : int
        Of the file, Hz; 0 if not known.
    n_channels : int
        Of the file; 0 if not known.
    audio_format : str
        For example ``"MP3"``; empty if not known.
    warnings : tuple of str
        Sentences for the user, for example that the file is cut off.
    instruments : tuple of str
        Codes, in the order of the columns.

    Raises
    ------
    ValueError
        If shapes disagree, probabilities leave [0, 1], times are not positive and increasing, or an
        instrument is named twice.
    """

    probabilities: FloatArray
    silent: BoolArray
    window_starts: npt.NDArray[np.float64]
    window_seconds: float
    hop_seconds: float
    duration: float
    audio_name: str
    model_name: str
    model_hash: str
    thresholds: Thresholds
    overview: Overview | None = None
    sample_rate: int = 0
    n_channels: int = 0
    audio_format: str = ""
    warnings: tuple[str, ...] = ()
    instruments: tuple[str, ...] = field(default=CODES)

    def __post_init__(self) -> None:
        n_windows = freeze_array(self, "probabilities", np.float32, (None, len(self.instruments))).shape[0]
        freeze_array(self, "silent", np.bool_, (n_windows,))
        freeze_array(self, "window_starts", np.float64, (n_windows,))
        if n_windows < 1:
            raise ValueError("an analysis holds at least one window")
        if ((self.probabilities < 0) | (self.probabilities > 1)).any():
            raise ValueError("probabilities must lie in [0, 1]")
        if self.probabilities[self.silent].any():
            raise ValueError("silent windows must have probability 0")
        for name in ("duration", "window_seconds", "hop_seconds"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a positive number of seconds, got {getattr(self, name)!r}")
        if self.window_starts[0] < 0 or (np.diff(self.window_starts) <= 0).any():
            raise ValueError("window_starts must begin at 0 or later and increase from window to window")
        if len(set(self.instruments)) != len(self.instruments):
            raise ValueError("an instrument is named twice")
        if len(self.thresholds.window) != len(self.instruments):
            raise ValueError("thresholds and instruments differ in number")

    def __repr__(self) -> str:
        timeline = self.decode()
        heard = ", ".join(f"{code} {timeline.score_of(code):.2f}" for code in timeline.detected)
        return (
            f"Analysis({self.audio_name!r}, {self.duration:.1f} s, {self.n_windows} windows, "
            f"model {self.model_name!r}: {heard or 'no instrument detected'})"
        )

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return int(self.probabilities.shape[0])

    def decode(self, config: DecodingConfig | None = None) -> Timeline:
        """Smooth, aggregate and threshold the probabilities; the network does not run again.

        Parameters
        ----------
        config : DecodingConfig, optional
            Default: mean aggregation, smoothing over 3 windows, the model's own thresholds.
        """
        from .decoding import decode

        return decode(self, config or DecodingConfig())

    def to_frame(self, config: DecodingConfig | None = None) -> pd.DataFrame:
        """Smoothed probabilities as a table: one row per window, one column per instrument.

        Parameters
        ----------
        config : DecodingConfig, optional
            See `decode`; only its smoothing matters here.

        Returns
        -------
        frame : pandas.DataFrame
            Columns ``start``, ``end`` (s, of the window), ``silent`` and the instrument codes.
        """
        import pandas as pd

        frame = pd.DataFrame(self.decode(config).smoothed, columns=list(self.instruments))
        frame.insert(0, "start", self.window_starts)
        frame.insert(1, "end", self.window_starts + self.window_seconds)
        frame.insert(2, "silent", self.silent)
        return frame

    def to_json(self, config: DecodingConfig | None = None) -> str:
        """The analysis and its decoding as JSON text; see `instrunet_widgets.export.json_format`."""
        from .export.json_format import to_json

        return to_json(self, config or DecodingConfig())

    @classmethod
    def from_json(cls, source: str | Path) -> Analysis:
        """Restore an analysis from JSON text or from a JSON file (without its `overview`).

        Raises
        ------
        ExportError
            If the text is not an InstruNet analysis; the message says what is wrong.
        """
        from .export.json_format import from_json

        return from_json(source)


def window_cells(analysis: Analysis) -> npt.NDArray[np.float64]:
    """Start and end of the stretch of time that each window speaks for.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    cells : np.ndarray [shape=(n_windows, 2), dtype=float64]
        Seconds, never decreasing; together they cover the recording without gaps. Where windows are further
        apart than they are long, the last one may speak for no time at all (``start == end``).

    Examples
    --------
    A window of 3 s every 1.5 s speaks for the 1.5 s round its centre: the window at 1.5 s for 2.25 to 3.75 s.
    """
    margin = (analysis.window_seconds - analysis.hop_seconds) / 2
    edges = np.append(analysis.window_starts + margin, analysis.duration)
    edges[0] = 0.0
    # Where the hop is longer than the window, the last cell can begin after the end of the recording.
    edges = np.clip(edges, 0.0, analysis.duration)
    return np.stack([edges[:-1], edges[1:]], axis=1)
