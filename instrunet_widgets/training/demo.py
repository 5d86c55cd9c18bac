"""The demo piece: a short score of our own, rendered with a free sound font, with its true labels.

"Seven Postcards" (CC0): seven players in D major, alone, in twos and, once, in three voices. Every label comes
from the score: a range lasts from the first note's start to the last note's end and a short release.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from .patches import patches_of
from .rendering import RENDER_RATE, Room, render_parts
from .scores import CC_EXPRESSION, CC_REVERB, CC_VIBRATO, Control, Note, Part, find_label_ranges

NAME = "seven-postcards"
TITLE = "Seven Postcards"
SOUND_FONT = "MuseScore_General.sf3"
_BEAT = 60 / 88
_BAR = 4 * _BEAT
_MAX_PEAK = 0.7
_OGG_QUALITY = 0.55

# Chords as MIDI notes: root position round D3, one per bar.
_CHORDS = {"D": (50, 57, 62, 66), "A": (45, 57, 61, 64), "Bm": (47, 59, 62, 66), "G": (43, 55, 59, 62)}
_CHORDS |= {"Em": (52, 55, 59, 64), "F#m": (42, 54, 57, 61)}

# Melodies as (MIDI note or 0 for a rest, length in beats).
_Melody = tuple[tuple[int, float], ...]
_PIANO: _Melody = (
    (78, 1), (76, 0.5), (74, 0.5), (81, 2), (76, 1), (73, 1), (69, 2),
    (74, 1), (78, 0.5), (83, 0.5), (81, 1), (78, 1), (79, 1.5), (76, 0.5), (74, 2),
)  # fmt: skip
_FLUTE: _Melody = (
    (86, 1.5), (85, 0.5), (83, 1), (81, 1), (79, 1), (78, 1), (76, 2),
    (78, 0.5), (79, 0.5), (81, 1), (83, 1), (86, 1), (85, 2), (81, 2),
)  # fmt: skip
_CLARINET: _Melody = (
    (66, 1), (69, 1), (71, 1.5), (69, 0.5), (67, 2), (64, 1), (66, 1),
    (62, 1), (66, 1), (69, 1), (74, 1), (73, 2), (69, 2),
)  # fmt: skip
_CELLO: _Melody = ((50, 2), (57, 2), (59, 1.5), (57, 0.5), (54, 2), (55, 2), (52, 1), (50, 1))
_TRIO_FLUTE: _Melody = (
    (81, 2), (83, 1), (85, 1), (86, 3), (83, 1), (81, 2), (79, 1), (78, 1), (76, 2), (78, 2),
)  # fmt: skip
_TRIO_CELLO: _Melody = (
    (50, 1), (54, 1), (57, 2), (55, 1), (59, 1), (62, 2), (54, 1), (57, 1), (54, 2), (45, 2), (50, 2),
)  # fmt: skip
_TRUMPET: _Melody = (
    (69, 0.75), (69, 0.25), (74, 2), (78, 1), (76, 1.5), (74, 0.5), (73, 2),
    (71, 0.75), (71, 0.25), (74, 1), (79, 1), (78, 1), (76, 1), (73, 1), (74, 3),
)  # fmt: skip


def write_score() -> list[Part]:
    """The piece as parts, one per player and appearance.

    Returns
    -------
    parts : list of Part
        Times in seconds; each on a channel of its own.
    """
    verse = ("D", "A", "Bm", "G")
    turn = ("D", "G", "A", "D")
    piano, guitar, organ = ("pia", 0), ("gac", 2), ("org", 6)
    return [
        _melody(piano, _PIANO, bar=0, velocity=82),
        _arpeggio(piano, verse, bar=0, velocity=58),
        _melody(("flu", 1), _FLUTE, bar=4, velocity=92),
        _arpeggio(piano, verse, bar=4, velocity=62),
        _arpeggio(guitar, ("D", "G", "Em", "A"), bar=8, velocity=92),
        _melody(("cla", 3), _CLARINET, bar=12, velocity=92),
        _arpeggio(guitar, ("D", "Em", "F#m", "A"), bar=12, velocity=80),
        _melody(("cel", 4), _CELLO, bar=16, velocity=98),
        _melody(("flu", 1), _TRIO_FLUTE, bar=19, velocity=86),
        _melody(("cel", 4), _TRIO_CELLO, bar=19, velocity=98),
        _arpeggio(piano, ("D", "G", "D", "A"), bar=19, velocity=66),
        _melody(("tru", 5), _TRUMPET, bar=23, velocity=88),
        _held_chords(organ, turn, bar=23, velocity=70),
        _held_chords(organ, ("G", "D"), bar=27, velocity=76),
    ]


def render_demo(sound_font: Path) -> FloatArray:
    """Play the piece.

    Parameters
    ----------
    sound_font : Path

    Returns
    -------
    waveform : np.ndarray [shape=(n_samples, 2), dtype=float32]
        Stereo at `RENDER_RATE`, peak 0.7.
    """
    parts = write_score()
    room = Room(size=0.45, damping=0.4, level=0.5)
    waveform = render_parts(parts, sound_font, length_seconds=max(part.end for part in parts) + 2.0, room=room)
    return (waveform * (_MAX_PEAK / np.abs(waveform).max())).astype(np.float32)


def write_demo(folder: Path, sound_font: Path) -> Path:
    """Render the piece and write it with its labels.

    Parameters
    ----------
    folder : Path
        Made if missing.
    sound_font : Path

    Returns
    -------
    path : Path
        The OGG file; the labels stand beside it as ``NAME.labels.json``.
    """
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    waveform, path = render_demo(sound_font), folder / f"{NAME}.ogg"
    with soundfile.SoundFile(
        path, "w", RENDER_RATE, 2, format="OGG", subtype="VORBIS", compression_level=1 - _OGG_QUALITY
    ) as file:
        for start in range(0, len(waveform), RENDER_RATE):  # libsndfile's encoder overruns its stack on long writes
            file.write(waveform[start : start + RENDER_RATE])
    labels = {
        "title": TITLE,
        "licence": "CC0-1.0",
        "sound_font": sound_font.name,
        "duration": round(len(waveform) / RENDER_RATE, 3),
        "ranges": [asdict(found) for found in find_label_ranges(write_score())],
    }
    (folder / f"{NAME}.labels.json").write_text(json.dumps(labels, indent=1) + "\n", encoding="utf-8")
    return path


def _melody(player: tuple[str, int], melody: _Melody, *, bar: int, velocity: int) -> Part:
    notes, beat = [], 0.0
    for pitch, length in melody:
        if pitch:
            accent = 6 if beat % 4 == 0 else 0
            notes.append(Note(beat * _BEAT, 0.95 * length * _BEAT, pitch, velocity + accent))
        beat += length
    return _part(player, notes, bar)


def _arpeggio(player: tuple[str, int], chords: tuple[str, ...], *, bar: int, velocity: int) -> Part:
    notes = []
    for number, name in enumerate(chords):
        root, *upper = _CHORDS[name]
        order = (root, *upper, upper[1], upper[0], upper[1], upper[2])
        for step, pitch in enumerate(order[:8]):
            start = number * _BAR + step * _BEAT / 2
            notes.append(Note(start, (2.0 if step == 0 else 0.9) * _BEAT, pitch, velocity - 6 * (step % 2)))
    return _part(player, notes, bar)


def _held_chords(player: tuple[str, int], chords: tuple[str, ...], *, bar: int, velocity: int) -> Part:
    notes = [
        Note(number * _BAR, 0.97 * _BAR, pitch, velocity)
        for number, name in enumerate(chords)
        for pitch in _CHORDS[name]
    ]
    return _part(player, notes, bar)


def _part(player: tuple[str, int], notes: list[Note], bar: int) -> Part:
    code, channel = player
    patch = {"gac": 1, "org": 3}.get(code, 0)  # steel strings; church organ
    vibrato = 30 if code in ("cel", "flu") else 0
    controls = (
        Control(0.0, CC_EXPRESSION, 112),
        Control(0.0, CC_REVERB, 45),
        Control(0.0, CC_VIBRATO, vibrato),
    )
    return Part(patches_of(code)[patch], tuple(notes), controls, start=bar * _BAR, channel=channel)
