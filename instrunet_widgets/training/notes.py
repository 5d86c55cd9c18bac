"""Features of isolated notes: one window a file, the note at a random place, the rest silent but for faint noise.

Reads folders of one subfolder per IRMAS code with files named as the Philharmonia Orchestra's sample library names
them: ``instrument_pitch_length_dynamics_articulation.mp3``. Notes of one pitch form a group, as one player and room
sound alike from take to take.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..audio import load_audio
from ..config import FeatureConfig
from ..errors import AudioError, FeatureFolderError
from ..features import LogMelExtractor, make_mel_filterbank
from ..instruments import CODES
from .feature_folder import from_decibels, write_feature_folder

_NAME = re.compile(r"(?P<instrument>[a-z-]+)_(?P<pitch>[A-G]s?\d)_(?P<length>[^_]+)_(?P<dynamics>[^_]+)_(?P<how>[^_]+)")
_AUDIBLE = 1e-3  # of the peak: what comes before and after is cut away
_NOISE_DBFS = (-90.0, -55.0)


def write_notes(
    notes: str | Path, out: str | Path, *, seed: int = 0, on_file: Callable[[int, int], object] | None = None
) -> int:
    """Make a feature folder of isolated notes.

    Parameters
    ----------
    notes : str or Path
        Folder with one subfolder per IRMAS code.
    out : str or Path
        The new feature folder.
    seed : int
    on_file : callable, optional
        Called with (files done, files in all).

    Returns
    -------
    n_written : int
        Silent files are left out.

    Raises
    ------
    FeatureFolderError
        If there are no notes, a file cannot be read, or `out` already holds features.
    """
    files = sorted(path for code in CODES for path in Path(notes).glob(f"{code}/*") if path.is_file())
    if not files:
        raise FeatureFolderError(f"{notes} holds no notes: it must have subfolders named by IRMAS codes, such as cel")
    if (Path(out) / "index.csv").exists():
        raise FeatureFolderError(f"{out} already holds features; choose another folder or remove it")
    config, rng = FeatureConfig(), np.random.default_rng(seed)
    extractor = LogMelExtractor(config, make_mel_filterbank(config))
    log_mels, rows = [], []
    for done, path in enumerate(files, start=1):
        try:
            note = load_audio(path, sample_rate=config.sample_rate)
        except AudioError as error:
            raise FeatureFolderError(str(error)) from error
        if np.abs(note).max(initial=0.0) > 0:
            window = place_note(note, config.window_samples, rng)
            log_mels.append(from_decibels(extractor(window[None])[0], config.top_db))
            rows.append(_describe(path))
        if on_file is not None:
            on_file(done, len(files))
    if not rows:
        raise FeatureFolderError(f"all files of {notes} are silent")
    write_feature_folder(out, np.stack(log_mels), rows, config)
    return len(rows)


def place_note(note: FloatArray, n_samples: int, rng: np.random.Generator) -> FloatArray:
    """Put a note at a random place of a window, or cut a random window from a longer one.

    Parameters
    ----------
    note : np.ndarray [shape=(n,), dtype=float32]
        Not all zeros.
    n_samples : int
        Length of the window.
    rng : np.random.Generator

    Returns
    -------
    window : np.ndarray [shape=(n_samples,), dtype=float32]
        Peak about 1, with white noise of -90 to -55 dBFS.
    """
    audible = np.flatnonzero(np.abs(note) > _AUDIBLE * np.abs(note).max())
    note = note[audible[0] : audible[-1] + 1]
    window = np.zeros(n_samples, dtype=np.float32)
    if len(note) >= n_samples:
        start = rng.integers(len(note) - n_samples + 1)
        window[:] = note[start : start + n_samples]
    else:
        start = rng.integers(n_samples - len(note) + 1)
        window[start : start + len(note)] = note
    peak = np.abs(window).max()
    if peak > 0:
        window /= peak
    level = 10 ** (rng.uniform(*_NOISE_DBFS) / 20)
    return window + (level * rng.standard_normal(n_samples)).astype(np.float32)


def _describe(path: Path) -> dict[str, object]:
    code, match = path.parent.name, _NAME.fullmatch(path.stem)
    return {
        "file": f"{code}/{path.name}",
        "class": code,
        "recording_id": path.stem,
        "group": f"note-{code}-{match['pitch'] if match else path.stem}",
        "label_conflict": 0,
        "pitch": match["pitch"] if match else "",
        "articulation": match["how"] if match else "",
    }
