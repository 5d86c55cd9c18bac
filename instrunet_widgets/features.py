"""Windows of sound and their log-mel spectrograms: the one front end of training and inference.

Front end (`FeatureConfig`): every 3 s window is divided by its own peak; frames are centred with zero padding,
a Hann window of 1,486 samples in an FFT of 2,048, hop 372 samples, so 130 frames; power; 128 Slaney mel bands,
area-normalised, 0-8,000 Hz; decibels below the window's loudest cell, floored at -80 dB. These are librosa's
``melspectrogram`` and ``power_to_db(ref=np.max, top_db=80)`` [1]_, computed by a SciPy FFT and a mel matrix kept
with the model, so that a visitor does not wait for librosa's first call.

Each window has a spectrogram of its own: 24,000 samples are no multiple of the hop, so slices of one
spectrogram of the whole recording would differ by several dB.

References
----------
.. [1] B. McFee et al., "librosa: Audio and music signal analysis in Python", SciPy 2015.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from .arrays import FloatArray
from .config import FeatureConfig
from .errors import ModelError

SILENCE_DBFS = -60.0
SILENCE_BLOCK_SECONDS = 0.1
_AMIN = 1e-10


def make_mel_filterbank(config: FeatureConfig) -> FloatArray:
    """Compute the mel matrix of a front end with librosa (kept with the model, not needed at run time).

    Parameters
    ----------
    config : FeatureConfig

    Returns
    -------
    mel_filterbank : np.ndarray [shape=(n_mels, 1 + n_fft // 2), dtype=float32]
    """
    import librosa

    return librosa.filters.mel(
        sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.n_mels, fmin=config.fmin, fmax=config.fmax
    ).astype(np.float32)


class LogMelExtractor:
    """Turns windows of sound into log-mel spectrograms.

    Parameters
    ----------
    config : FeatureConfig
    mel_filterbank : np.ndarray [shape=(n_mels, 1 + n_fft // 2), dtype=float32]
        See `make_mel_filterbank`.

    Raises
    ------
    ModelError
        If the matrix does not fit the configuration.
    """

    def __init__(self, config: FeatureConfig, mel_filterbank: FloatArray) -> None:
        expected = (config.n_mels, 1 + config.n_fft // 2)
        if mel_filterbank.shape != expected:
            raise ModelError(f"the mel matrix has the shape {mel_filterbank.shape}, the front end needs {expected}")
        from scipy.fft import rfft  # a quarter of a second, spent while the model is loaded

        self._rfft = rfft
        self.config = config
        self._mel = np.ascontiguousarray(mel_filterbank.T, dtype=np.float32)
        # A periodic Hann window; scipy.signal would give the same and cost half a second to import.
        turn = 2 * np.pi * np.arange(config.win_length) / config.win_length
        self._hann = (0.5 - 0.5 * np.cos(turn)).astype(np.float32)

    def __call__(self, windows: FloatArray) -> FloatArray:
        """Compute the log-mel spectrogram of each window.

        Parameters
        ----------
        windows : np.ndarray [shape=(n_windows, window_samples), dtype=float32]
            Mono sound at the front end's sample rate, any level.

        Returns
        -------
        log_mels : np.ndarray [shape=(n_windows, n_mels, n_frames), dtype=float32]
            dB, 0 at the loudest cell of each window, at least ``-top_db``. A window of zeros is ``-top_db``
            everywhere.

        Raises
        ------
        ValueError
            If `windows` has another shape.
        """
        config = self.config
        if windows.ndim != 2 or windows.shape[1] != config.window_samples:
            raise ValueError(f"windows must have the shape (n, {config.window_samples}), got {windows.shape}")
        log_mels = np.full((len(windows), config.n_mels, config.n_frames), -config.top_db, dtype=np.float32)
        for row, window in enumerate(windows):
            peak = np.abs(window).max()
            if peak > 0:
                log_mels[row] = self._log_mel(window / peak)
        return log_mels

    def measure_power(self, sound: FloatArray) -> FloatArray:
        """Mel power of sound of any length, without normalisation.

        Parameters
        ----------
        sound : np.ndarray [shape=(n_samples,), dtype=float32]

        Returns
        -------
        power : np.ndarray [shape=(n_mels, n_frames), dtype=float32]
            One frame every `hop_length` samples, the first over the first `win_length` samples.
        """
        config = self.config
        frames = sliding_window_view(sound, config.win_length)[:: config.hop_length]
        spectrum = self._rfft(frames * self._hann, n=config.n_fft, axis=-1)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        return (power @ self._mel).T

    def _log_mel(self, window: FloatArray) -> FloatArray:
        """Log-mel spectrogram of one peak-normalised window that is not all zeros."""
        config = self.config
        # Only the win_length samples under the Hann window count; where they lie in the FFT is a matter of phase.
        reach = config.n_fft // 2 - (config.n_fft - config.win_length) // 2
        padded = np.pad(window, (reach, config.win_length))
        mel = self.measure_power(padded[: (config.n_frames - 1) * config.hop_length + config.win_length])
        decibels = 10.0 * np.log10(np.maximum(mel, _AMIN))
        return np.maximum(decibels - decibels.max(), -config.top_db)


def is_silent(windows: FloatArray, sample_rate: int) -> npt.NDArray[np.bool_]:
    """Tell which windows hold nothing to hear.

    A window is silent if every 100 ms of it lie below -60 dBFS RMS (0 dBFS is a square wave at full scale).
    Decided before any normalisation.

    Parameters
    ----------
    windows : np.ndarray [shape=(n_windows, window_samples), dtype=float32]
    sample_rate : int
        Hz.

    Returns
    -------
    silent : np.ndarray [shape=(n_windows,), dtype=bool]

    Examples
    --------
    >>> is_silent(np.full((1, 48_000), 0.0009, dtype=np.float32), 16_000).tolist()
    [True]
    """
    n_windows, n_samples = windows.shape
    block = min(round(SILENCE_BLOCK_SECONDS * sample_rate), n_samples)
    starts = np.arange(0, n_samples, block)
    lengths = np.diff(np.append(starts, n_samples))
    energy = np.add.reduceat(np.square(windows, dtype=np.float64), starts, axis=1)
    loudest = np.sqrt(energy / lengths).max(axis=1) if n_windows else np.zeros(0)
    return np.asarray(loudest < 10 ** (SILENCE_DBFS / 20))


class WindowFramer:
    """Cuts a stream of blocks into overlapping windows; holds no more than one window of past sound.

    Parameters
    ----------
    config : FeatureConfig
        Gives the sample rate and the window's length.
    hop_seconds : float
        Time between window starts, s; at most the window's length, so that no sample is passed over.

    Raises
    ------
    ValueError
        If the hop is longer than a window or shorter than a sample.

    Attributes
    ----------
    n_samples : int
        Samples pushed so far.
    """

    def __init__(self, config: FeatureConfig, hop_seconds: float = 1.5) -> None:
        self._window = config.window_samples
        self._hop = round(hop_seconds * config.sample_rate)
        if not 1 <= self._hop <= self._window:
            raise ValueError(
                f"the hop must be longer than 0 and at most a window ({config.window_seconds} s), got {hop_seconds} s"
            )
        self._kept = np.zeros(0, dtype=np.float32)
        self._n_windows = 0
        self.n_samples = 0

    def push(self, block: FloatArray) -> FloatArray:
        """Take the next samples and return the windows that they complete.

        Parameters
        ----------
        block : np.ndarray [shape=(n_samples,), dtype=float32]

        Returns
        -------
        windows : np.ndarray [shape=(n_windows, window_samples), dtype=float32]
            Possibly none.
        """
        self.n_samples += len(block)
        sound = np.concatenate([self._kept, block.astype(np.float32, copy=False)])
        n_complete = max(0, (len(sound) - self._window) // self._hop + 1)
        if not n_complete:
            self._kept = sound
            return np.zeros((0, self._window), dtype=np.float32)
        windows = sliding_window_view(sound, self._window)[:: self._hop][:n_complete]
        self._kept = sound[n_complete * self._hop :].copy()
        self._n_windows += n_complete
        return np.ascontiguousarray(windows)

    def finish(self) -> FloatArray:
        """Return the zero-padded last window, if samples are left that no window has held.

        Returns
        -------
        windows : np.ndarray [shape=(0 or 1, window_samples), dtype=float32]
        """
        held_until = (self._n_windows - 1) * self._hop + self._window if self._n_windows else 0
        if self.n_samples <= held_until:
            return np.zeros((0, self._window), dtype=np.float32)
        windows = np.zeros((1, self._window), dtype=np.float32)
        windows[0, : len(self._kept)] = self._kept
        return windows


def frame_windows(
    waveform: FloatArray, *, sample_rate: int, window_seconds: float = 3.0, hop_seconds: float = 1.5
) -> FloatArray:
    """Cut a waveform into overlapping windows of equal length.

    The end is zero-padded so that every sample falls in at least one window.

    Parameters
    ----------
    waveform : np.ndarray [shape=(n_samples,), dtype=float32]
        Mono waveform in [-1, 1].
    sample_rate : int
        Sample rate of `waveform`, in Hz.
    window_seconds, hop_seconds : float > 0
        Window length and time between window starts, in seconds.

    Returns
    -------
    windows : np.ndarray [shape=(n_windows, window_samples), dtype=float32]

    Raises
    ------
    ValueError
        If `waveform` is empty or not one-dimensional.
    """
    if waveform.ndim != 1 or not len(waveform):
        raise ValueError(f"waveform must be one-dimensional and hold samples, got the shape {waveform.shape}")
    config = FeatureConfig(sample_rate=sample_rate, window_seconds=window_seconds, fmax=sample_rate / 2)
    framer = WindowFramer(config, hop_seconds)
    return np.concatenate([framer.push(waveform), framer.finish()])
