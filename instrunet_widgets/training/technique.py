"""How notes are played: loudness curves, vibrato, slides, detuning, pedal, and how much room is sent.

Drawn from the generator that is passed in, as in `phrases`.
"""

from __future__ import annotations

import numpy as np

from .patches import Patch
from .scores import (
    CC_CHORUS,
    CC_EXPRESSION,
    CC_REVERB,
    CC_SUSTAIN,
    CC_VIBRATO,
    CC_VOLUME,
    Bend,
    Control,
    Note,
)

_CONTROL_STEP = 0.02  # s between points of a vibrato or a swell


def draw_controls(patch: Patch, seconds: float, rng: np.random.Generator) -> tuple[Control, ...]:
    """Volume, room, chorus and, where the instrument has them, vibrato, pedal and swells.

    Parameters
    ----------
    patch : Patch
    seconds : float
        Length of the curves, s.
    rng : np.random.Generator

    Returns
    -------
    controls : tuple of Control
    """
    controls = [
        Control(0.0, CC_VOLUME, 100),
        Control(0.0, CC_REVERB, int(rng.choice([0, int(rng.integers(10, 60)), int(rng.integers(60, 127))]))),
        Control(0.0, CC_CHORUS, int(rng.choice([0, 0, int(rng.integers(10, 90))]))),
    ]
    sustained = patch.style in ("blown", "bowed", "choir") or patch.instrument == "org"
    if sustained and rng.random() < 0.4:
        controls.append(Control(0.0, CC_VIBRATO, int(rng.integers(10, 110))))
    if patch.instrument == "pia" and rng.random() < 0.5:
        controls.append(Control(0.0, CC_SUSTAIN, 127))
    if patch.style in ("blown", "bowed") and rng.random() < 0.6:
        low, period = float(rng.uniform(50, 100)), float(rng.uniform(0.8, 4.0))
        phase = float(rng.uniform(0, 2 * np.pi))
        for time in np.arange(0.0, seconds, 0.05):
            swell = 0.5 + 0.5 * np.sin(2 * np.pi * time / period + phase)
            controls.append(Control(float(time), CC_EXPRESSION, round(low + (127 - low) * swell)))
    else:
        controls.append(Control(0.0, CC_EXPRESSION, 127))
    return tuple(controls)


def draw_bends(patch: Patch, notes: tuple[Note, ...], seconds: float, rng: np.random.Generator) -> tuple[Bend, ...]:
    """Detuning, vibrato and slides into notes as one pitch curve (cents).

    Parameters
    ----------
    patch : Patch
    notes : tuple of Note
        Vibrato grows within each; a slide begins a semitone below.
    seconds : float
        Length of the curves, s.
    rng : np.random.Generator

    Returns
    -------
    bends : tuple of Bend
        One point alone if the pitch stays.
    """
    chance = {"bowed": 0.65, "blown": 0.25 if patch.instrument == "cla" else 0.5, "plucked": 0.15}.get(patch.style, 0)
    times = np.arange(0.0, seconds, _CONTROL_STEP)
    cents = np.full(len(times), float(np.clip(rng.normal(0, 9), -25, 25)))
    has_vibrato, slides = rng.random() < chance, chance > 0 and rng.random() < 0.25
    depth, rate, delay = float(rng.uniform(6, 38)), float(rng.uniform(4.3, 6.8)), float(rng.uniform(0.0, 0.5))
    if not (has_vibrato or slides):
        return (Bend(0.0, float(cents[0])),)
    for note in notes:
        inside = (times >= note.start) & (times < note.start + note.duration)
        since = times[inside] - note.start
        if has_vibrato:
            growth = np.clip((since - delay) / 0.3, 0.0, 1.0) if note.duration > 0.25 else 0.0
            cents[inside] += depth * growth * np.sin(2 * np.pi * rate * since)
        if slides and rng.random() < 0.4:
            cents[inside] -= 100.0 * np.exp(-since / 0.04)
    cents = np.clip(cents, -199.0, 199.0)
    return tuple(Bend(float(time), float(value)) for time, value in zip(times, cents, strict=True))
