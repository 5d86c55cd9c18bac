"""What an analysis returns: `Analysis`, its `Overview`, and the `Timeline` of `Segment` decoded from it.

All of them are immutable; arrays are read-only and the classes that hold arrays compare by identity.

Times are seconds from the start of the recording. A window speaks for the hop-long cell round its centre, the
first cell reaches back to 0 and the last to the end (`window_cells`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .config import DecodingConfig
from .instruments import CODES
from .wording import list_time_ranges, presence_in_words

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


def _read_only(owner: object, name: str, dtype: npt.DTypeLike, shape: tuple[int | None, ...]) -> Any:
    """Replace array field `name` of `owner` by a checked, read-only copy and return it."""
    array = np.array(getattr(owner, name), dtype=dtype)
    if array.ndim != len(shape) or any(n is not None and n != m for n, m in zip(shape, array.shape, strict=True)):
        expected = "(" + ", ".join("n" if n is None else str(n) for n in shape) + ")"
        raise ValueError(f"{name} must have the shape {expected}, got {array.shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    array.setflags(write=False)
    object.__setattr__(owner, name, array)
    return array


@dataclass(frozen=True, eq=False)
class Thresholds:
    """A model's own thresholds ("auto"), one per instrument.

    Parameters
    ----------
    window : np.ndarray [shape=(n_instruments,), dtype=float32]
        For single windows: where segments begin and end.
    recording_mean, recording_max : np.ndarray [shape=(n_instruments,), dtype=float32]
        For the score of a whole recording under mean and max aggregation.

    Raises
    ------
    ValueError
        If the lengths differ or a value is outside [0, 1].
    """

    window: FloatArray
    recording_mean: FloatArray
    recording_max: FloatArray

    def __post_init__(self) -> None:
        n_instruments = len(np.atleast_1d(self.window))
        for name in ("window", "recording_mean", "recording_max"):
            array = _read_only(self, name, np.float32, (n_instruments,))
            if ((array < 0) | (array > 1)).any():
                raise ValueError(f"{name} thresholds must lie in [0, 1]")


@dataclass(frozen=True)
class Segment:
    """One time range in which one instrument is heard.

    Parameters
    ----------
    instrument : str
        IRMAS code.
    start, end : float
        Seconds, ``start < end``.
    confidence : float in [0, 1]
        Mean smoothed probability in the range.

    Raises
    ------
    ValueError
        If the range is empty or the confidence out of range.
    """

    instrument: str
    start: float
    end: float
    confidence: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a segment needs 0 <= start < end, got {self.start} and {self.end}")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence must lie in [0, 1], got {self.confidence}")

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


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
        _read_only(self, "envelope", np.float32, (None, 2))
        _read_only(self, "spectrogram", np.uint8, (None, None))


@dataclass(frozen=True, eq=False)
class Timeline:
    """An `Analysis` read with one `DecodingConfig`.

    Parameters
    ----------
    config : DecodingConfig
        The settings used.
    instruments : tuple of str
        Codes, in the order of the columns.
    duration : float
        Length of the recording, s.
    smoothed : np.ndarray [shape=(n_windows, n_instruments), dtype=float32]
        Probabilities after the moving average; rows of silent windows are 0.
    scores : np.ndarray [shape=(n_instruments,), dtype=float32]
        One score per instrument for the whole recording (mean or max of `smoothed` over sounding windows).
    thresholds : np.ndarray [shape=(n_instruments,), dtype=float32]
        What a window must reach to belong to a segment.
    recording_thresholds : np.ndarray [shape=(n_instruments,), dtype=float32]
        What `scores` must reach for an instrument to count as detected.
    detected : tuple of str
        Codes of the detected instruments, highest score first.
    segments : tuple of Segment
        Time ranges of all instruments (also of those that are not detected in the recording as a whole),
        ordered by start, then by instrument.
    """

    config: DecodingConfig
    instruments: tuple[str, ...]
    duration: float
    smoothed: FloatArray
    scores: FloatArray
    thresholds: FloatArray
    recording_thresholds: FloatArray
    detected: tuple[str, ...]
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        n_instruments = _read_only(self, "smoothed", np.float32, (None, len(self.instruments))).shape[1]
        for name in ("scores", "thresholds", "recording_thresholds"):
            _read_only(self, name, np.float32, (n_instruments,))

    @property
    def heard_in_parts(self) -> tuple[str, ...]:
        """Instruments with time ranges that are not `detected` in the recording as a whole, longest heard first."""
        codes = {segment.instrument for segment in self.segments} - set(self.detected)
        in_order = [code for code in self.instruments if code in codes]
        return tuple(sorted(in_order, key=self.presence_of, reverse=True))

    def score_of(self, instrument: str) -> float:
        """Score of an instrument for the whole recording, in [0, 1].

        Parameters
        ----------
        instrument : str
            IRMAS code.
        """
        return float(self.scores[self.instruments.index(instrument)])

    def confidence_of(self, instrument: str) -> float:
        """How sure the network is of an instrument where it hears it.

        A score under mean aggregation is an average over the whole recording, so it says how much of it an
        instrument plays as well; this is the mean smoothed probability of its time ranges, weighted by their
        lengths.

        Parameters
        ----------
        instrument : str
            IRMAS code.

        Returns
        -------
        confidence : float in [0, 1]
            The score if the instrument has no time range.
        """
        segments = self.segments_of(instrument)
        if not segments:
            return self.score_of(instrument)
        total = sum(segment.duration for segment in segments)
        return sum(segment.confidence * segment.duration for segment in segments) / total

    def presence_of(self, instrument: str) -> float:
        """Share of the recording's duration that an instrument's time ranges cover, in [0, 1].

        Parameters
        ----------
        instrument : str
            IRMAS code.
        """
        return min(1.0, sum(segment.duration for segment in self.segments_of(instrument)) / self.duration)

    def describe_when(self, instrument: str, *, max_ranges: int = 12) -> str:
        """Say in words and times when an instrument is heard.

        Parameters
        ----------
        instrument : str
            IRMAS code.
        max_ranges : int
            Further time ranges are only counted.

        Returns
        -------
        when : str
            For example "in parts: 0:02-0:14, 1:10-1:31"; "no stretch of its own" if there is no time range.
        """
        segments = self.segments_of(instrument)
        if not segments:
            return "no stretch of its own"
        ranges = list_time_ranges([(segment.start, segment.end) for segment in segments], max_ranges)
        return f"{presence_in_words(self.presence_of(instrument))}: {ranges}"

    def segments_of(self, instrument: str) -> tuple[Segment, ...]:
        """Time ranges of one instrument, in order.

        Parameters
        ----------
        instrument : str
            IRMAS code.
        """
        return tuple(segment for segment in self.segments if segment.instrument == instrument)


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
        n_windows = _read_only(self, "probabilities", np.float32, (None, len(self.instruments))).shape[0]
        _read_only(self, "silent", np.bool_, (n_windows,))
        _read_only(self, "window_starts", np.float64, (n_windows,))
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
