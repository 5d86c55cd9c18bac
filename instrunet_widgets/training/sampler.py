"""Plays parts with recorded notes: a folder of samples in place of a sound font.

Sound fonts loop a few periods of a tone; a recorded note keeps its attack, bow or breath, and dies away as it did.
A bank is a folder with one subfolder per IRMAS code. Each file below it is one note, named by its pitch between
underscores or alone (``C4.mp3``, ``violin_As3_1_forte_arco.mp3``); what else the path says (another subfolder,
length, dynamics, articulation) tells the variants of an instrument apart. A part is played with one variant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..audio import load_audio
from ..errors import AudioError, InstruNetError
from ..instruments import CODES
from .rendering import RENDER_RATE
from .scores import Note, Part

_PITCH = re.compile(r"(?:^|_)(?P<step>[A-G])(?P<sharp>s|#)?(?P<octave>-?\d)(?=_|v\d|$)")
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_LEAST_PITCHES = 4  # in a variant
_AUDIBLE = 10 ** (-40 / 20)  # of the peak: what comes before is cut away, but for 5 ms
_LEAD_SAMPLES = RENDER_RATE // 200
_MAX_DETUNE = 0.4  # semitones
_MAX_BORROWED = 2  # semitones: a part may take its notes from samples so much higher or lower
_RELEASE_SECONDS = {"blown": 0.09, "bowed": 0.14, "plucked": 0.25, "keys": 0.2}


@dataclass(frozen=True)
class SampleBank:
    """The notes of a folder.

    Parameters
    ----------
    path : Path
    variants : mapping of str to tuple of mappings of int to Path
        By IRMAS code; each variant gives the file of a MIDI pitch.
    """

    path: Path
    variants: Mapping[str, tuple[Mapping[int, Path], ...]] = field(repr=False)

    @property
    def instruments(self) -> tuple[str, ...]:
        """Codes that it can play, in the order of the network's outputs."""
        return tuple(code for code in CODES if code in self.variants)


@lru_cache(maxsize=8)
def read_sample_bank(path: Path) -> SampleBank:
    """Find the notes of a folder.

    Raises
    ------
    InstruNetError
        If no instrument has enough notes.
    """
    found: dict[str, tuple[dict[int, Path], ...]] = {}
    for code in CODES:
        by_variant: dict[str, dict[int, Path]] = {}
        for file in sorted((path / code).rglob("*")):
            pitch = parse_pitch(file.stem)
            if pitch is not None and file.is_file():
                variant = f"{file.parent}/{_PITCH.sub('', file.stem, count=1)}"
                by_variant.setdefault(variant, {})[pitch] = file
        variants = tuple(notes for notes in by_variant.values() if len(notes) >= _LEAST_PITCHES)
        if variants:
            found[code] = variants
    if not found:
        raise InstruNetError(
            f"{path} is no folder of samples: it must have subfolders named by IRMAS codes, such as vio, with at least "
            f"{_LEAST_PITCHES} files named by their pitch, such as C4.mp3"
        )
    return SampleBank(path, found)


def parse_pitch(name: str) -> int | None:
    """MIDI pitch that a file name tells, 60 for C4; None if it tells none.

    Examples
    --------
    >>> parse_pitch("As3"), parse_pitch("violin_C4_1_forte_arco"), parse_pitch("README")
    (58, 60, None)
    """
    match = _PITCH.search(name)
    if match is None:
        return None
    return 12 * (int(match["octave"]) + 1) + _SEMITONES[match["step"]] + (1 if match["sharp"] else 0)


def play_slots(parts: Sequence[Part], bank: SampleBank, *, slot_seconds: float, rng: np.random.Generator) -> FloatArray:
    """Play parts, each alone.

    Parameters
    ----------
    parts : sequence of Part
        Of instruments that the bank has; start times, controllers and bends are not used.
    bank : SampleBank
    slot_seconds : float
        Length of the result, s.
    rng : np.random.Generator
        Chooses variants and detuning.

    Returns
    -------
    slots : np.ndarray [shape=(n_parts, slot_samples), dtype=float32]
        Mono at 44,100 Hz.

    Raises
    ------
    InstruNetError
        If a file cannot be read.
    """
    n_slot = round(slot_seconds * RENDER_RATE)
    slots = np.zeros((len(parts), n_slot), dtype=np.float32)
    for slot, part in zip(slots, parts, strict=True):
        variants = bank.variants[str(part.patch.instrument)]
        size = np.sqrt([len(notes) for notes in variants])
        variant = variants[rng.choice(len(variants), p=size / size.sum())]
        detune = float(rng.uniform(-_MAX_DETUNE, _MAX_DETUNE))
        borrowed = int(rng.integers(-_MAX_BORROWED, _MAX_BORROWED + 1))
        release = _RELEASE_SECONDS.get(part.patch.style, 0.15) * float(rng.uniform(0.7, 1.5))
        for note in part.notes:
            sound = _play_note(note, variant, detune, borrowed, release)
            begin = round(note.start * RENDER_RATE)
            sound = sound[: n_slot - begin]
            slot[begin : begin + len(sound)] += sound
    return slots


def _play_note(
    note: Note, variant: Mapping[int, Path], detune: float, borrowed: int, release_seconds: float
) -> FloatArray:
    """One note: the nearest sample, moved to the pitch, cut to the length."""
    import soxr

    low, high = min(variant), max(variant)
    pitch = note.pitch
    while pitch < low - 4 and pitch + 12 <= high + 4:
        pitch += 12
    while pitch > high + 4 and pitch - 12 >= low - 4:
        pitch -= 12
    nearest = min(variant, key=lambda known: abs(known - pitch - borrowed))
    ratio = 2 ** ((pitch + detune - nearest) / 12)
    n_kept = round((note.duration + release_seconds) * RENDER_RATE)
    sample = load_sample(variant[nearest])[: round(n_kept * ratio) + 1]
    sound = np.asarray(soxr.resample(sample, RENDER_RATE * ratio, RENDER_RATE, quality="MQ"), dtype=np.float32)
    sound = sound[:n_kept].copy()
    n_release = min(len(sound), round(release_seconds * RENDER_RATE))
    sound[len(sound) - n_release :] *= np.cos(np.linspace(0, np.pi / 2, n_release, dtype=np.float32)) ** 2
    return sound * np.float32((note.velocity / 127) ** 1.5)


@lru_cache(maxsize=1_500)
def load_sample(path: Path) -> FloatArray:
    """A recorded note without the silence before it.

    Returns
    -------
    waveform : np.ndarray [shape=(n_samples,), dtype=float32]
        Mono at 44,100 Hz, peak 1, the first 6 s; one zero for a silent file.

    Raises
    ------
    InstruNetError
        If the file cannot be read.
    """
    try:
        waveform = load_audio(path, sample_rate=RENDER_RATE)
    except AudioError as error:
        raise InstruNetError(str(error)) from error
    peak = float(np.abs(waveform).max(initial=0.0))
    if peak == 0.0:
        return np.zeros(1, dtype=np.float32)
    first = int(np.argmax(np.abs(waveform) > _AUDIBLE * peak))
    waveform = waveform[max(0, first - _LEAD_SAMPLES) :][: 6 * RENDER_RATE]
    return (waveform / peak).astype(np.float32)
