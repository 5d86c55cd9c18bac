"""Batches for training: clips mixed on the fly, shifted, masked, re-balanced.

Mixing adds two clips in the power domain and joins their labels, which is how the network learns several
instruments at a time from clips that name one [1]_. SpecAugment [2]_ hides bands and frames. A random tilt over
the bands, gain jitter below the floor and noise per cell keep the network from leaning on single cells: the
features it is trained on differ from those of a user's recording by about 1 dB.

References
----------
.. [1] H. Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018 (here with the union of labels).
.. [2] D. S. Park et al., "SpecAugment", Interspeech 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..config import FeatureConfig
from .feature_folder import to_decibels
from .setting_checks import check_numbers, check_switches, check_whole

_FEWEST_FRAMES = 13  # .3 s


@dataclass(frozen=True)
class AugmentationConfig:
    """How clips are varied in training; 0 switches a variation off.

    Parameters
    ----------
    mix_probability, third_probability : float in [0, 1]
        Share of clips that get a second one added, and of these that get a third.
    mix_range_db : float
        Level of what is added, drawn from plus or minus this, dB.
    max_band_shift : int
        Largest move up or down the bands, as a change of pitch.
    max_masked_bands, max_masked_frames : int
        Widest stripe that SpecAugment hides.
    max_tilt_db : float
        Largest gain at the ends of a random smooth curve over the bands, dB.
    band_noise_db, cell_noise_db : float
        Standard deviation of noise per band and per cell, dB.
    max_floor_db : float
        Highest noise floor that is filled in, drawn from -80 dB to this; -80 switches it off.
    silence_probability : float in [0, 1]
        Share of clips of which only a part of .3 s or more is left and the rest silenced.
    shift : bool
        Turn clips round in time by a random number of frames.

    Raises
    ------
    ValueError
        If a value is out of range; the message says which and what is allowed.
    """

    mix_probability: float = 0.35
    third_probability: float = 0.0
    mix_range_db: float = 6.0
    max_band_shift: int = 0
    max_masked_bands: int = 20
    max_masked_frames: int = 26
    max_tilt_db: float = 2.0
    band_noise_db: float = 0.5
    cell_noise_db: float = 0.5
    max_floor_db: float = -70.0
    silence_probability: float = 0.0
    shift: bool = True

    def __post_init__(self) -> None:
        check_numbers(self, ("mix_probability", "third_probability", "silence_probability"), 0, 1)
        check_numbers(self, ("mix_range_db", "max_tilt_db", "band_noise_db", "cell_noise_db"), 0)
        check_numbers(self, ["max_floor_db"], -80, 0)
        check_whole(self, ("max_band_shift", "max_masked_bands"), 0, FeatureConfig().n_mels)
        check_whole(self, ["max_masked_frames"], 0)
        check_switches(self, ["shift"])


@dataclass(frozen=True, eq=False)
class Batch:
    """One training step's input.

    Parameters
    ----------
    log_mels : np.ndarray [shape=(n, n_mels, n_frames), dtype=float32]
        dB below each clip's loudest cell, in [-80, 0].
    targets : np.ndarray [shape=(n, 11), dtype=float32]
        Union of the labels of what was mixed.
    """

    log_mels: FloatArray
    targets: FloatArray


def augment(
    log_mels: npt.NDArray[np.uint8],
    targets: FloatArray,
    chosen: npt.NDArray[np.intp],
    config: AugmentationConfig,
    rng: np.random.Generator,
    *,
    pool: npt.NDArray[np.intp] | None = None,
    n_frames: int | None = None,
) -> Batch:
    """Make one training batch.

    Parameters
    ----------
    log_mels : np.ndarray [shape=(n_clips, n_mels, n_frames), dtype=uint8]
        All training clips.
    targets : np.ndarray [shape=(n_clips, 11), dtype=float32]
    chosen : np.ndarray [shape=(n,), dtype=int]
        Which clips stand in the batch.
    config : AugmentationConfig
    rng : np.random.Generator
    pool : np.ndarray [dtype=int], optional
        Which clips may be mixed in; default all.
    n_frames : int, optional
        Cut out so many frames; default all.

    Returns
    -------
    batch : Batch
    """

    def vary(rows: npt.NDArray[np.intp], *, shift: bool) -> FloatArray:
        x = to_decibels(log_mels[rows])
        if config.max_band_shift:
            x = _move_bands(x, config.max_band_shift, rng)
        return _curve((_shift(x, rng) if shift else x)[:, :, :n_frames], config, rng)

    x, y = vary(chosen, shift=config.shift), targets[chosen].copy()
    pool = np.arange(len(log_mels)) if pool is None else pool
    mixed = np.arange(len(chosen))
    for share in (config.mix_probability, config.third_probability):
        if not share:
            break
        mixed = mixed[rng.random(len(mixed)) < share]
        if not len(mixed):
            break
        partners = pool[rng.integers(len(pool), size=len(mixed))]
        partner_x = vary(partners, shift=True)
        level = rng.uniform(-config.mix_range_db, config.mix_range_db, size=(len(mixed), 1, 1))
        x[mixed] = mix_in_power(x[mixed], partner_x + level.astype(np.float32))
        y[mixed] = np.maximum(y[mixed], targets[partners])
    if config.silence_probability:
        _silence(x, config.silence_probability, rng)
    if config.cell_noise_db:
        x += config.cell_noise_db * rng.standard_normal(x.shape, dtype=np.float32)
    x -= x.max(axis=(1, 2), keepdims=True)
    if config.max_floor_db > -80:
        x = np.maximum(x, rng.uniform(-80, config.max_floor_db, size=(len(x), 1, 1)).astype(np.float32))
    x = np.maximum(x, -80.0)
    return Batch(_mask(x, config, rng), y)


def mix_in_power(first: FloatArray, second: FloatArray) -> FloatArray:
    """Add two spectrograms as unrelated sounds add: their powers.

    Parameters
    ----------
    first, second : np.ndarray
        dB.

    Examples
    --------
    >>> float(mix_in_power(np.float32(0.0), np.float32(0.0)).round(2))
    3.01
    """
    louder, softer = np.maximum(first, second), np.minimum(first, second)
    return louder + (10 / np.log(10)) * np.log1p(np.exp((softer - louder) * (np.log(10) / 10)))


def _shift(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    for clip in x:
        clip[:] = np.roll(clip, rng.integers(clip.shape[-1]), axis=-1)
    return x


def _move_bands(x: FloatArray, most: int, rng: np.random.Generator) -> FloatArray:
    """Move each clip up or down the bands; what comes in at the edge is silent."""
    moved = np.full_like(x, -80.0)
    for clip, out, step in zip(x, moved, rng.integers(-most, most + 1, size=len(x)), strict=True):
        out[max(0, step) : len(out) + min(0, step)] = clip[max(0, -step) : len(clip) + min(0, -step)]
    return moved


def _curve(x: FloatArray, config: AugmentationConfig, rng: np.random.Generator) -> FloatArray:
    """Add a smooth random gain curve and noise per band; what lies at the floor stays there."""
    n_clips, n_mels, _ = x.shape
    knots = rng.uniform(-config.max_tilt_db, config.max_tilt_db, size=(n_clips, 4))
    position = np.linspace(0, 3, n_mels)
    gain = np.stack([np.interp(position, range(4), knot) for knot in knots])
    gain += config.band_noise_db * rng.standard_normal(gain.shape)
    return np.where(x > -79.9, x + gain[:, :, None].astype(np.float32), x)


def _silence(x: FloatArray, share: float, rng: np.random.Generator) -> None:
    """Leave a part of some clips, at any place, and silence the rest."""
    n_frames = x.shape[-1]
    for chosen in np.flatnonzero(rng.random(len(x)) < share):
        clip = x[chosen]
        n_kept = int(rng.integers(_FEWEST_FRAMES, n_frames + 1))
        start = int(rng.integers(n_frames - n_kept + 1))
        clip[:, :start] = -80.0
        clip[:, start + n_kept :] = -80.0


def _mask(x: FloatArray, config: AugmentationConfig, rng: np.random.Generator) -> FloatArray:
    """SpecAugment: one stripe of bands and one of frames per clip, filled with the clip's mean."""
    _, n_mels, n_frames = x.shape
    for clip in x:
        fill = clip.mean()
        n_bands = rng.integers(config.max_masked_bands + 1)
        start = rng.integers(n_mels - n_bands + 1)
        clip[start : start + n_bands] = fill
        n_masked = rng.integers(config.max_masked_frames + 1)
        start = rng.integers(n_frames - n_masked + 1)
        clip[:, start : start + n_masked] = fill
    return x
