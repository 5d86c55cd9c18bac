"""The arithmetic of lesson 1: spectra, front ends with other settings, single bands to listen to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..config import FeatureConfig
from ..features import LogMelExtractor
from ..overview import slaney_corners, slaney_filterbank
from .arrays import Floats
from .sound import Sound

OWN = FeatureConfig()  # the network's front end
WINDOW_SECONDS = OWN.window_seconds
_QUIETEST_DB = -120.0


@dataclass(frozen=True, eq=False)
class Spectrum:
    """How much of each frequency a stretch of sound holds.

    Parameters
    ----------
    hertz, decibels : np.ndarray [shape=(1 + n_fft // 2,)]
        0 dB is a sine at full scale; at least -120 dB.
    """

    hertz: Floats
    decibels: Floats


def compute_spectrum(sound: Sound, n_fft: int, *, has_hann: bool = True) -> Spectrum:
    """FFT of the first samples of a sound.

    Parameters
    ----------
    sound : Sound
        Its first `n_fft` samples are used; what is missing is silence.
    n_fft : int
    has_hann : bool
        Fade the stretch in and out (a Hann window) instead of cutting it out.
    """
    samples = sound.samples[:n_fft].astype(np.float64)
    samples = np.pad(samples, (0, n_fft - len(samples)))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft) if has_hann else np.ones(n_fft)
    amplitude = 2 * np.abs(np.fft.rfft(samples * window)) / window.sum()
    decibels = 20 * np.log10(np.maximum(amplitude, 10 ** (_QUIETEST_DB / 20)))
    hertz = np.fft.rfftfreq(n_fft, 1 / sound.sample_rate).astype(np.float64)
    return Spectrum(hertz, decibels.astype(np.float64))


def vary_config(
    *, n_fft: int = 2_048, n_mels: int = 128, top_db: float = 80.0, seconds: float = WINDOW_SECONDS
) -> FeatureConfig:
    """The network's front end with some settings changed; the Hann window is never longer than the FFT.

    Parameters
    ----------
    n_fft, n_mels : int
    top_db : float
    seconds : float
        Length of a window.
    """
    return replace(
        OWN,
        n_fft=n_fft,
        win_length=min(n_fft, OWN.win_length),
        n_mels=n_mels,
        top_db=float(top_db),
        window_seconds=float(seconds),
    )


@lru_cache(maxsize=16)
def make_extractor(config: FeatureConfig) -> LogMelExtractor:
    """The program's own front end with these settings."""
    return LogMelExtractor(config, slaney_filterbank(config))


def compute_log_mel(sound: Sound, config: FeatureConfig) -> npt.NDArray[np.float32]:
    """Log-mel spectrogram of the beginning of a sound; what is missing in the window is silence.

    Parameters
    ----------
    sound : Sound
    config : FeatureConfig

    Returns
    -------
    log_mel : np.ndarray [shape=(n_mels, n_frames), dtype=float32]
        dB below the loudest cell, at least ``-config.top_db``.
    """
    window = sound.samples[: config.window_samples].astype(np.float32)
    window = np.pad(window, (0, config.window_samples - len(window)))
    return make_extractor(config)(window[np.newaxis])[0]


@dataclass(frozen=True)
class Band:
    """One mel band: a triangle over frequencies.

    Parameters
    ----------
    low, centre, high : float
        Where it begins, peaks and ends, Hz.
    """

    low: float
    centre: float
    high: float


def find_band(config: FeatureConfig, band: int) -> Band:
    """The triangle of a mel band; a number that is too high gives the last.

    Parameters
    ----------
    config : FeatureConfig
    band : int
        From 0.
    """
    band = min(max(0, band), config.n_mels - 1)
    return Band(*(float(hertz) for hertz in slaney_corners(config)[band : band + 3]))


def keep_band(sound: Sound, band: Band) -> Sound:
    """What of a sound lies in a band: its power, under the triangle.

    Parameters
    ----------
    sound : Sound
    band : Band
    """
    if not len(sound.samples):
        return sound
    spectrum = np.fft.rfft(sound.samples)
    hertz = np.fft.rfftfreq(len(sound.samples), 1 / sound.sample_rate)
    weights = np.interp(hertz, [band.low, band.centre, band.high], [0.0, 1.0, 0.0], left=0.0, right=0.0)
    samples = np.fft.irfft(spectrum * np.sqrt(weights), n=len(sound.samples))
    return Sound(samples.astype(np.float32), sound.sample_rate)


def make_tone(hertz: float, seconds: float = 1.0, n_overtones: int = 0, sample_rate: int = 16_000) -> Sound:
    """A tone with overtones that grow weaker: 1, 1/2, 1/3, ...; those above half the sample rate are left out.

    Parameters
    ----------
    hertz : float
    seconds : float
    n_overtones : int
    sample_rate : int
    """
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    parts = [k for k in range(1, n_overtones + 2) if k * hertz < sample_rate / 2]
    samples = sum((np.sin(2 * np.pi * k * hertz * times) / k for k in parts), np.zeros(len(times)))
    return Sound((0.5 * samples / max(1.0, float(np.abs(samples).max(initial=0.0)))).astype(np.float32), sample_rate)
