"""Log-mel features of the IRMAS training audio, written as a feature folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..audio import load_audio
from ..config import FeatureConfig
from ..errors import AudioError, FeatureFolderError
from ..features import LogMelExtractor, make_mel_filterbank
from ..instruments import CODES
from .feature_folder import from_decibels, write_feature_folder
from .irmas import Clip, find_clips, make_index

LENGTH_TOLERANCE_SECONDS = 0.05


@dataclass(frozen=True)
class FeatureSummary:
    """What `make_features` made.

    Parameters
    ----------
    n_clips, n_groups : int
    n_duplicates : int
        Clips that repeat an earlier one exactly.
    n_label_conflict : int
        Clips whose audio also occurs under another label.
    n_other_length : int
        Clips that were not 3 s long and were cut or padded with zeros.
    clips_per_class : dict of str to int
        By code, for all eleven.
    """

    n_clips: int
    n_groups: int
    n_duplicates: int
    n_label_conflict: int
    n_other_length: int
    clips_per_class: dict[str, int]


def make_features(
    irmas: str | Path,
    out: str | Path,
    *,
    config: FeatureConfig | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> FeatureSummary:
    """Compute the log-mel features of an IRMAS training folder and write them as a feature folder.

    Parameters
    ----------
    irmas : str or Path
        ``IRMAS-TrainingData``.
    out : str or Path
        Folder to write; must not hold features yet.
    config : FeatureConfig, optional
        Front end; default the standard one.
    on_progress : callable, optional
        Called with clips done and clips in all.

    Raises
    ------
    FeatureFolderError
        If the set is not as expected, a clip cannot be read (the message names it), or `out` is in use.
    """
    config = config or FeatureConfig()
    if (Path(out) / "index.csv").exists():
        raise FeatureFolderError(f"{out} already holds features; choose another folder or remove it")
    clips = find_clips(irmas)
    extract = LogMelExtractor(config, make_mel_filterbank(config))
    log_mels = np.empty((len(clips), config.n_mels, config.n_frames), dtype=np.uint8)
    hashes, n_other_length = [], 0
    for row, clip in enumerate(clips):
        waveform = _load_clip(clip, config.sample_rate)
        hashes.append(hashlib.sha256(waveform.tobytes()).hexdigest())
        n_other_length += abs(len(waveform) / config.sample_rate - config.window_seconds) > LENGTH_TOLERANCE_SECONDS
        window = np.zeros((1, config.window_samples), dtype=np.float32)
        window[0, : len(waveform)] = waveform[: config.window_samples]
        log_mels[row] = from_decibels(extract(window)[0], config.top_db)
        if on_progress is not None:
            on_progress(row + 1, len(clips))
    rows = make_index(clips, hashes)
    write_feature_folder(out, log_mels, rows, config)
    return FeatureSummary(
        n_clips=len(clips),
        n_groups=len({row["group"] for row in rows}),
        n_duplicates=sum(row["exact_duplicate_of"] != "" for row in rows),
        n_label_conflict=sum(row["label_conflict"] == "1" for row in rows),
        n_other_length=int(n_other_length),
        clips_per_class={code: sum(clip.name.code == code for clip in clips) for code in CODES},
    )


def _load_clip(clip: Clip, sample_rate: int) -> npt.NDArray[np.float32]:
    try:
        waveform = load_audio(clip.path, sample_rate=sample_rate)
    except AudioError as error:
        raise FeatureFolderError(f"the clip {clip.path} cannot be read: {error}") from error
    if not len(waveform) or not np.isfinite(waveform).all():
        raise FeatureFolderError(
            f"the clip {clip.path} holds no usable sound (no samples, NaN or infinity); replace it"
        )
    return waveform
