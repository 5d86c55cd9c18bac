"""Seeded music for training: single notes, scales, phrases and chords, played with varied technique.

`write_part` makes the part of one player; players of one window share a `Setting` (key, tempo, harmony), so that
duos and trios sound together and not merely at once. Everything is drawn from the generator that is passed in:
the same seed gives the same notes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .patches import Patch
from .scores import Note, Part
from .technique import draw_bends, draw_controls

Kind = Literal["note", "short", "scale", "phrase", "chords", "arpeggio"]

SLOT_SECONDS = 4.5  # music that is written for one window of 3 s, so that it may begin within a note

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "blues": (0, 3, 5, 6, 7, 10),
    "chromatic": tuple(range(12)),
}
# Chord roots as semitones above the tonic, with the third of each chord.
PROGRESSIONS = (
    ((0, 4), (7, 4), (9, 3), (5, 4)),
    ((0, 4), (5, 4), (7, 4), (0, 4)),
    ((0, 3), (8, 4), (3, 4), (10, 4)),
    ((2, 3), (7, 4), (0, 4), (9, 3)),
    ((0, 3), (5, 3), (7, 4), (0, 3)),
)
RHYTHMS = (
    (1.0, 1.0, 1.0, 1.0),
    (1.0, 0.5, 0.5, 1.0, 1.0),
    (0.5,) * 8,
    (1.5, 0.5, 1.0, 1.0),
    (2.0, 1.0, 1.0),
    (0.75, 0.25, 0.75, 0.25, 1.0, 1.0),
    (1 / 3,) * 6 + (1.0, 1.0),
    (0.25,) * 8 + (0.5,) * 4,
    (2.0, 2.0),
    (3.0, 1.0),
)


@dataclass(frozen=True)
class Setting:
    """What the players of one window share.

    Parameters
    ----------
    tonic : int in 0..11
        Key note, 0 is C.
    scale : tuple of int
        Semitones above the tonic.
    progression : tuple of (int, int)
        Chords as (root above the tonic, third above the root), semitones; one per bar.
    beat_seconds : float
        Length of a beat, s.
    """

    tonic: int
    scale: tuple[int, ...]
    progression: tuple[tuple[int, int], ...]
    beat_seconds: float

    def chord_at(self, time: float) -> tuple[int, int, int]:
        """Pitch classes (root, third, fifth) of the bar that holds a time (s)."""
        bar = int(time / (4 * self.beat_seconds))
        root, third = self.progression[bar % len(self.progression)]
        return ((self.tonic + root) % 12, (self.tonic + root + third) % 12, (self.tonic + root + 7) % 12)


def draw_setting(rng: np.random.Generator) -> Setting:
    """Draw a key, a scale, a chord progression and a tempo (60 to 160 beats a minute)."""
    scale = SCALES[str(rng.choice(list(SCALES)[:5], p=[0.35, 0.2, 0.15, 0.2, 0.1]))]
    progression = PROGRESSIONS[rng.integers(len(PROGRESSIONS))]
    return Setting(int(rng.integers(12)), scale, progression, 60.0 / float(rng.uniform(60, 160)))


def draw_kind(patch: Patch, rng: np.random.Generator) -> Kind:
    """Draw what is played: one instrument alone plays every kind, chords only where it can."""
    kinds: tuple[Kind, ...]
    chances: tuple[int, ...]
    if patch.is_polyphonic:
        kinds, chances = ("note", "short", "scale", "phrase", "chords", "arpeggio"), (15, 12, 8, 25, 28, 12)
    else:
        kinds, chances = ("note", "short", "scale", "phrase", "arpeggio"), (20, 17, 13, 42, 8)
    return str(rng.choice(kinds, p=np.array(chances) / sum(chances)))  # type: ignore[return-value]


def write_part(patch: Patch, kind: Kind, setting: Setting, rng: np.random.Generator) -> Part:
    """Write what one player plays in one slot.

    Parameters
    ----------
    patch : Patch
    kind : str
        "note" fills the window, "short" lasts 0.3 to 2 s with silence round it, "scale", "phrase", "chords",
        "arpeggio".
    setting : Setting
    rng : np.random.Generator

    Returns
    -------
    part : Part
        Up to `SLOT_SECONDS` long.
    """
    notes = _WRITERS[kind](patch, setting, rng)
    fitting = tuple(
        Note(note.start, min(note.duration, SLOT_SECONDS - note.start), note.pitch, note.velocity)
        for note in notes
        if note.start < SLOT_SECONDS - 0.05 and patch.lowest <= note.pitch <= patch.highest
    )
    return Part(patch, fitting, draw_controls(patch, SLOT_SECONDS, rng), draw_bends(patch, fitting, SLOT_SECONDS, rng))


def _draw_velocity(rng: np.random.Generator) -> int:
    return int(np.clip(rng.normal(82, 22), 28, 124))


def _vary(velocity: int, rng: np.random.Generator) -> int:
    return int(np.clip(velocity + rng.normal(0, 7), 20, 127))


def _write_note(patch: Patch, setting: Setting, rng: np.random.Generator) -> list[Note]:
    pitch = int(rng.integers(patch.lowest, patch.highest + 1))
    start = float(rng.choice([0.0, rng.uniform(0, 1.0)]))
    return [Note(start, SLOT_SECONDS - start, pitch, _draw_velocity(rng))]


def _write_short(patch: Patch, setting: Setting, rng: np.random.Generator) -> list[Note]:
    pitch = int(rng.integers(patch.lowest, patch.highest + 1))
    duration = float(rng.uniform(0.3, 2.0))
    return [Note(float(rng.uniform(0.0, 3.0 - min(duration, 2.5))), duration, pitch, _draw_velocity(rng))]


def _scale_pitches(patch: Patch, setting: Setting) -> np.ndarray:
    """The pitches of the key inside the instrument's range."""
    pitches = np.arange(patch.lowest, patch.highest + 1)
    return pitches[np.isin((pitches - setting.tonic) % 12, setting.scale)]


def _draw_register(n_steps: int, span: int, rng: np.random.Generator) -> int:
    """Where in a range of `n_steps` a line of `span` steps lies; the middle more often than the ends."""
    return int(rng.beta(1.6, 1.6) * max(1, n_steps - span))


def _write_scale(patch: Patch, setting: Setting, rng: np.random.Generator) -> list[Note]:
    pitches = _scale_pitches(patch, setting)
    span = min(len(pitches), int(rng.integers(5, 15)))
    low = _draw_register(len(pitches), span, rng)
    line = pitches[low : low + span]
    line = np.concatenate([line, line[-2:0:-1]]) if rng.random() < 0.5 else np.concatenate([line[::-1], line[1:-1]])
    step = setting.beat_seconds * float(rng.choice([0.25, 0.5, 0.5, 1.0]))
    length, velocity = step * float(rng.choice([0.4, 0.8, 0.98])), _draw_velocity(rng)
    n_notes = int(SLOT_SECONDS / step)
    return [Note(k * step, length, int(line[k % len(line)]), _vary(velocity, rng)) for k in range(n_notes)]


def _write_phrase(patch: Patch, setting: Setting, rng: np.random.Generator) -> list[Note]:
    pitches = _scale_pitches(patch, setting)
    span = min(len(pitches), 10)
    low = _draw_register(len(pitches), span, rng)
    tessitura = pitches[low : low + span]
    position, time = int(rng.integers(len(tessitura))), 0.0
    articulation, velocity = float(rng.choice([0.45, 0.75, 0.95, 1.0])), _draw_velocity(rng)
    notes: list[Note] = []
    while time < SLOT_SECONDS:
        for beats in RHYTHMS[rng.integers(len(RHYTHMS))]:
            length = beats * setting.beat_seconds
            if beats >= 1.0 and rng.random() < 0.5:  # long notes like to belong to the chord
                inside = np.flatnonzero(np.isin(tessitura % 12, setting.chord_at(time)))
                if len(inside):
                    position = int(inside[np.argmin(np.abs(inside - position))])
            if time == 0.0 or rng.random() > 0.06:  # else a rest
                duration = max(0.08, length * articulation)
                notes.append(Note(time, duration, int(tessitura[position]), _vary(velocity, rng)))
            time += length
            step = int(rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3]))
            position = int(np.clip(position + step, 0, len(tessitura) - 1))
    return notes


def _voice_chord(patch: Patch, setting: Setting, time: float, floor: int, n_voices: int) -> list[int]:
    """The chord at a time as close position upwards from a floor."""
    chord = setting.chord_at(time)
    return [pitch for pitch in range(floor, patch.highest + 1) if pitch % 12 in chord][:n_voices]


def _write_chords(patch: Patch, setting: Setting, rng: np.random.Generator) -> list[Note]:
    is_plucked = patch.style == "plucked"
    floor = patch.lowest + int(rng.integers(0, 13 if is_plucked else 30))
    n_voices, power = int(rng.integers(3, 6)), patch.program in (29, 30) and rng.random() < 0.6
    strum = float(rng.uniform(0.008, 0.035)) if is_plucked else float(rng.uniform(0, 0.008))
    beats, velocity = float(rng.choice([0.5, 1.0, 2.0, 4.0])), _draw_velocity(rng)
    length, time, notes = beats * setting.beat_seconds, 0.0, []
    gate = float(rng.choice([0.5, 0.9, 1.0]))
    has_bass = patch.style == "keys" and patch.lowest <= 36 and rng.random() < 0.5
    while time < SLOT_SECONDS:
        voices = _voice_chord(patch, setting, time, floor, n_voices)
        if power and voices:
            voices = [voices[0], voices[0] + 7, voices[0] + 12]
        order = voices if rng.random() < 0.75 else voices[::-1]
        notes += [
            Note(time + k * strum, max(0.1, length * gate), pitch, _vary(velocity, rng))
            for k, pitch in enumerate(order)
        ]
        if has_bass:
            notes.append(Note(time, length, 36 + setting.chord_at(time)[0], _vary(velocity, rng)))
        time += length
    return notes


def _write_arpeggio(patch: Patch, setting: Setting, rng: np.random.Generator) -> list[Note]:
    floor = patch.lowest + _draw_register(patch.highest - patch.lowest, 19, rng)
    step = setting.beat_seconds * float(rng.choice([0.25, 0.5, 1 / 3]))
    rings = patch.style in ("plucked", "keys") and rng.random() < 0.6
    velocity, pattern = (
        _draw_velocity(rng),
        rng.permutation(5) if rng.random() < 0.5 else np.array([0, 1, 2, 3, 4]),
    )
    notes = []
    for k in range(int(SLOT_SECONDS / step)):
        voices = _voice_chord(patch, setting, k * step, floor, 5)
        if voices:
            pitch = voices[int(pattern[k % 5]) % len(voices)]
            notes.append(Note(k * step, step * (4.0 if rings else 0.9), pitch, _vary(velocity, rng)))
    return notes


_WRITERS: dict[str, Callable[[Patch, Setting, np.random.Generator], list[Note]]] = {
    "note": _write_note,
    "short": _write_short,
    "scale": _write_scale,
    "phrase": _write_phrase,
    "chords": _write_chords,
    "arpeggio": _write_arpeggio,
}
