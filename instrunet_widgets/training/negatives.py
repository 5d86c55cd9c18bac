"""Sound in which none of the eleven instruments plays: drums, bass, mallets, synthesizers, noise.

A network that has only ever heard the eleven answers with one of them whatever it is given.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .acoustics import make_noise
from .patches import DRUM_KITS, UNLABELLED_PATCHES, Patch
from .phrases import SLOT_SECONDS, Setting, draw_kind, write_part
from .scores import CC_REVERB, Control, Note, Part

KICK, SNARE, RIM, CLAP, CLOSED_HAT, OPEN_HAT, RIDE, CRASH = 36, 38, 37, 39, 42, 46, 51, 49
_TOMS, _HAND_DRUMS = (41, 45, 48, 50), (60, 61, 62, 63, 64, 54, 56, 69, 70, 75, 76)
# Sixteenths of a bar: one character each, x a stroke.
_GROOVES = (
    {KICK: "x.......x.......", SNARE: "....x.......x...", CLOSED_HAT: "x.x.x.x.x.x.x.x."},
    {KICK: "x..x..x...x.....", SNARE: "....x.......x..x", CLOSED_HAT: "xxxxxxxxxxxxxxxx"},
    {KICK: "x...x...x...x...", CLAP: "....x.......x...", OPEN_HAT: "..x...x...x...x."},
    {KICK: "x.........x.....", RIM: "....x..x....x...", RIDE: "x...x.x.x...x.x."},
    {
        KICK: "x.....x...x.....",
        SNARE: "........x.......",
        CLOSED_HAT: "x...x...x...x...",
        CRASH: "x...............",
    },
    {RIDE: "x...x..xx...x..x", KICK: "x...............", CLOSED_HAT: "....x.......x..."},
)


def write_drums(setting: Setting, rng: np.random.Generator) -> Part:
    """Write a drum pattern, a fill of toms, hand drums, or a few single strokes."""
    patch = Patch(None, int(rng.choice(DRUM_KITS)), 27, 87, 1.0, "drums")
    sixteenth = setting.beat_seconds / 4
    manner = str(rng.choice(["groove", "fill", "hands", "strokes"], p=[0.6, 0.12, 0.16, 0.12]))
    notes: list[Note] = []
    if manner == "groove":
        groove = _GROOVES[rng.integers(len(_GROOVES))]
        strokes = {drum for drum in groove if rng.random() < 0.85} or set(groove)
        for step in range(int(SLOT_SECONDS / sixteenth)):
            notes += [
                Note(step * sixteenth, 0.1, drum, _hit(rng))
                for drum, pattern in groove.items()
                if drum in strokes and (pattern[step % 16] == "x" or rng.random() < 0.04)
            ]
    elif manner == "strokes":
        drum = int(rng.choice([KICK, SNARE, CLAP, CRASH, RIDE, *_TOMS]))
        notes = [Note(float(time), 0.2, drum, _hit(rng)) for time in rng.uniform(0, 3.0, int(rng.integers(1, 4)))]
    else:
        drums = rng.choice(_TOMS if manner == "fill" else _HAND_DRUMS, size=3)
        for step in range(int(SLOT_SECONDS / (2 * sixteenth))):
            if rng.random() < 0.8:
                notes.append(Note(step * 2 * sixteenth, 0.1, int(rng.choice(drums)), _hit(rng)))
    return Part(patch, tuple(notes), (Control(0.0, CC_REVERB, int(rng.integers(0, 80))),))


def _hit(rng: np.random.Generator) -> int:
    return int(np.clip(rng.normal(92, 18), 30, 127))


def write_unlabelled(style: str | None, setting: Setting, rng: np.random.Generator) -> Part:
    """Write a line for bass, mallets or timpani ("keys"), synthesizer ("synth"), or any of them (None)."""
    fitting = [patch for patch in UNLABELLED_PATCHES if style in (None, patch.style)]
    weights = np.array([patch.weight for patch in fitting])
    patch = fitting[rng.choice(len(fitting), p=weights / weights.sum())]
    kind = draw_kind(patch, rng)
    return write_part(patch, "phrase" if kind == "chords" and patch.style != "synth" else kind, setting, rng)


def make_noise_scene(n_samples: int, sample_rate: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Noise without music: hiss of any colour, gusts, mains hum, clicks, a swept tone, or near-silence.

    Returns
    -------
    waveform : np.ndarray [shape=(n_samples,), dtype=float32]
        In [-1, 1].
    """
    times = np.arange(n_samples) / sample_rate
    scene: npt.NDArray[np.floating] = make_noise(n_samples, float(rng.uniform(-0.5, 2.2)), sample_rate, rng)
    manner = str(rng.choice(["hiss", "gusts", "hum", "clicks", "sweep"]))
    if manner == "gusts":
        scene = scene * (0.05 + np.abs(np.sin(np.pi * float(rng.uniform(0.2, 3)) * times + rng.uniform(0, 3))) ** 3)
    elif manner == "hum":
        mains = float(rng.choice([50.0, 60.0]))
        hum = sum(np.sin(2 * np.pi * mains * k * times) * rng.uniform(0, 1) / k for k in range(1, 9))
        scene = hum + 10 ** (float(rng.uniform(-50, -15)) / 20) * scene
    elif manner == "clicks":
        clicks = np.zeros(n_samples)
        clicks[rng.integers(0, n_samples, int(rng.integers(2, 80)))] = rng.uniform(0.2, 1)
        scene = np.convolve(clicks, np.exp(-np.arange(400) / float(rng.uniform(5, 90))), "same") + 0.003 * scene
    elif manner == "sweep":
        low, high = sorted(rng.uniform(60, 6_000, 2))
        scene = np.sin(2 * np.pi * (low * times + (high - low) / 2 * times**2 / times[-1])) + 0.01 * scene
    return (scene / np.abs(scene).max()).astype(np.float32)
