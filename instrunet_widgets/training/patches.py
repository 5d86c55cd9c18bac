"""The General MIDI programs that stand for the eleven instruments, and some that stand for none of them.

Each has the range of the real instrument: a sound font plays any note, a clarinet does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["blown", "bowed", "plucked", "keys", "choir", "drums", "bass", "synth"]


@dataclass(frozen=True)
class Patch:
    """One General MIDI program and how it is to be played.

    Parameters
    ----------
    instrument : str or None
        IRMAS code, or None for a sound that is none of the eleven.
    program : int in 0..127
        General MIDI program, counted from 0.
    lowest, highest : int
        Range of the real instrument, MIDI notes.
    weight : float
        How often it is chosen among the patches of its instrument.
    style : str
        Decides techniques: vibrato and swells for blown and bowed, chords for plucked and keys.
    """

    instrument: str | None
    program: int
    lowest: int
    highest: int
    weight: float
    style: Style

    @property
    def is_polyphonic(self) -> bool:
        """Whether one player can play chords on it."""
        return self.style in ("plucked", "keys", "choir", "synth")


PATCHES: tuple[Patch, ...] = (
    Patch("cel", 42, 36, 79, 1.0, "bowed"),
    Patch("cla", 71, 50, 91, 1.0, "blown"),
    Patch("flu", 73, 60, 96, 1.0, "blown"),
    Patch("gac", 24, 40, 83, 0.5, "plucked"),
    Patch("gac", 25, 40, 84, 0.5, "plucked"),
    Patch("gel", 26, 40, 86, 0.22, "plucked"),
    Patch("gel", 27, 40, 86, 0.22, "plucked"),
    Patch("gel", 28, 40, 81, 0.12, "plucked"),
    Patch("gel", 29, 40, 88, 0.22, "plucked"),
    Patch("gel", 30, 40, 88, 0.22, "plucked"),
    Patch("org", 16, 36, 96, 0.25, "keys"),
    Patch("org", 17, 36, 96, 0.15, "keys"),
    Patch("org", 18, 36, 96, 0.20, "keys"),
    Patch("org", 19, 36, 96, 0.25, "keys"),
    Patch("org", 20, 36, 91, 0.15, "keys"),
    Patch("pia", 0, 24, 103, 0.55, "keys"),
    Patch("pia", 1, 24, 103, 0.35, "keys"),
    Patch("pia", 2, 28, 98, 0.10, "keys"),
    Patch("sax", 64, 56, 87, 0.2, "blown"),
    Patch("sax", 65, 49, 81, 0.35, "blown"),
    Patch("sax", 66, 44, 76, 0.3, "blown"),
    Patch("sax", 67, 37, 69, 0.15, "blown"),
    Patch("tru", 56, 54, 84, 0.8, "blown"),
    Patch("tru", 59, 54, 82, 0.2, "blown"),
    Patch("vio", 40, 55, 98, 0.75, "bowed"),
    Patch("vio", 110, 55, 91, 0.13, "bowed"),
    Patch("vio", 44, 60, 91, 0.06, "bowed"),
    Patch("vio", 45, 60, 91, 0.06, "plucked"),
    Patch("voi", 52, 48, 79, 0.5, "choir"),
    Patch("voi", 53, 50, 81, 0.5, "choir"),
)

DRUM_KITS = (0, 8, 16, 24, 25, 32, 40)
UNLABELLED_PATCHES: tuple[Patch, ...] = (
    *(Patch(None, program, 28, 55, 1.0, "bass") for program in range(32, 40)),
    *(Patch(None, program, 55, 96, 1.0, "keys") for program in range(8, 15)),  # celesta to tubular bells
    # Synth leads and pads, without those made to sound like a voice (85, 91) or a guitar (84).
    *(Patch(None, program, 36, 91, 0.6, "synth") for program in range(80, 96) if program not in (84, 85, 91)),
    Patch(None, 47, 36, 57, 2.0, "keys"),  # timpani
)


def patches_of(instrument: str) -> tuple[Patch, ...]:
    """The General MIDI programs that stand for an IRMAS code.

    Examples
    --------
    >>> [patch.program for patch in patches_of("tru")]
    [56, 59]
    """
    return tuple(patch for patch in PATCHES if patch.instrument == instrument)
