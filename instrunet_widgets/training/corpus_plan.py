"""What a corpus of rendered sound is made of: which windows, on which fonts and programs, playing what.

Planned in blocks of up to sixteen windows. A block belongs to one sound font, one General MIDI program and one
seed, and is the unit (`group`) that a split keeps together. Same seed and same fonts: same notes.

Rendered voice is kept rare: choir patches teach a network little about singers, and never replace them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..instruments import CODES
from .negatives import write_drums, write_unlabelled
from .patches import Patch, patches_of
from .phrases import SLOT_SECONDS, Kind, Setting, draw_kind, draw_setting, write_part
from .sampler import read_sample_bank
from .scores import Part

WINDOWS_PER_BLOCK = 16
_MAX_PLAYERS = 3
NEGATIVE_SHARE, MIXTURE_SHARE, VOICE_SHARE = 0.10, 0.075, 0.02


@dataclass(frozen=True)
class Block:
    """Windows that are rendered in one go and never split.

    Parameters
    ----------
    seed : int
        The corpus's seed; together with the block's number it decides everything that is played.
    index : int
        Number of the block in its corpus.
    role : str
        An IRMAS code, "mixture" or "negative".
    patch : Patch or None
        The program of a solo block.
    sound_font : Path
        A sound font, or a folder of samples.
    n_windows : int
    """

    seed: int
    index: int
    role: str
    patch: Patch | None
    sound_font: Path
    n_windows: int

    @property
    def group(self) -> str:
        """Name of the unit that a split keeps together; corpora of different seeds share none."""
        played = self.role if self.patch is None else f"{self.role}{self.patch.program}"
        return f"render-{self.sound_font.stem}-{played}-{self.seed}.{self.index}"


@dataclass(frozen=True)
class WindowPlan:
    """What is played in one window.

    Parameters
    ----------
    kind : str
        "note", "phrase", "duo", "drums", "noise", ...
    parts : tuple of Part
        Each is rendered alone and mixed afterwards, so that levels are known; none for noise.
    offset : float
        Where in the written music the window begins, s.
    """

    kind: str
    parts: tuple[Part, ...]
    offset: float

    @property
    def label(self) -> str:
        """IRMAS codes that sound, joined by ``+`` in the order of the network's outputs."""
        playing = {part.patch.instrument for part in self.parts}
        return "+".join(code for code in CODES if code in playing)

    @property
    def has_drums(self) -> bool:
        """Whether a drum kit plays along."""
        return any(part.patch.style == "drums" for part in self.parts)


def plan_blocks(n_windows: int, sound_fonts: Sequence[Path], *, seed: int) -> list[Block]:
    """Share a corpus out over roles, programs and fonts.

    Parameters
    ----------
    n_windows : int
        About how many windows; a tenth are negatives, 7.5 % duos and trios, 2 % rendered voice, the rest solo
        windows in equal numbers for the other ten instruments.
    sound_fonts : sequence of Path
        Sound fonts and folders of samples, taken in turn within each role by those that can play it.
    seed : int

    Returns
    -------
    blocks : list of Block
    """
    rng = np.random.default_rng([seed, 1])
    shares = {"negative": NEGATIVE_SHARE, "mixture": MIXTURE_SHARE, "voi": VOICE_SHARE}
    solo_share = (1 - sum(shares.values())) / (len(CODES) - 1)
    counts = {role: max(1, round(n_windows * shares.get(role, solo_share))) for role in (*CODES, *shares)}
    blocks: list[Block] = []
    for role, count in counts.items():
        patches = patches_of(role)
        for number, start in enumerate(range(0, count, WINDOWS_PER_BLOCK)):
            patch = None
            if patches:
                weights = np.array([patch.weight for patch in patches])
                patch = patches[rng.choice(len(patches), p=weights / weights.sum())]
            able = [font for font in sound_fonts if can_play(font, role)]
            if not able:
                break
            font = able[number % len(able)]
            blocks.append(Block(seed, len(blocks), role, patch, font, min(WINDOWS_PER_BLOCK, count - start)))
    return blocks


def can_play(font: Path, role: str) -> bool:
    """Whether a sound font (any role) or a folder of samples (its own instruments, and these mixed) can play a role."""
    if not font.is_dir():
        return True
    instruments = read_sample_bank(font).instruments
    return role in instruments or (role == "mixture" and len(instruments) >= _MAX_PLAYERS)


def plan_window(block: Block, rng: np.random.Generator) -> WindowPlan:
    """Write the music of one window of a block."""
    setting = draw_setting(rng)
    if block.patch is not None:
        kind = draw_kind(block.patch, rng)
        part = write_part(block.patch, kind, setting, rng)
        starts_late = kind == "short" or (kind == "note" and rng.random() < 0.6)
        return WindowPlan(kind, (part,), 0.0 if starts_late else float(rng.uniform(0, SLOT_SECONDS - 3.0)))
    offset = float(rng.uniform(0, SLOT_SECONDS - 3.0))
    if block.role == "mixture":
        return _plan_mixture(block.sound_font, setting, offset, rng)
    return _plan_negative(setting, offset, rng)


def _plan_mixture(font: Path, setting: Setting, offset: float, rng: np.random.Generator) -> WindowPlan:
    n_players = int(rng.choice([2, _MAX_PLAYERS], p=[0.6, 0.4]))
    is_bank = font.is_dir()
    able = read_sample_bank(font).instruments if is_bank else CODES
    codes = rng.choice([code for code in able if code != "voi"], size=n_players, replace=False)
    parts = []
    for code in codes:
        patches = patches_of(str(code))
        patch = patches[rng.integers(len(patches))]
        manners: tuple[Kind, Kind, Kind] = (
            ("chords", "arpeggio", "phrase") if patch.is_polyphonic else ("phrase", "phrase", "scale")
        )
        parts.append(write_part(patch, manners[rng.integers(3)], setting, rng))
    if rng.random() < 0.3 and not is_bank:
        parts.append(write_drums(setting, rng))
    if rng.random() < 0.2 and not is_bank:
        parts.append(write_unlabelled("bass", setting, rng))
    return WindowPlan({2: "duo", 3: "trio"}[n_players], tuple(parts), offset)


def _plan_negative(setting: Setting, offset: float, rng: np.random.Generator) -> WindowPlan:
    kinds = ("drums", "bass", "drums+bass", "mallets", "synth", "synth+drums", "noise")
    kind = str(rng.choice(kinds, p=[0.28, 0.17, 0.17, 0.10, 0.12, 0.06, 0.10]))
    styles = {"bass": "bass", "mallets": "keys", "synth": "synth"}
    parts = tuple(
        write_drums(setting, rng) if name == "drums" else write_unlabelled(styles[name], setting, rng)
        for name in kind.split("+")
        if name != "noise"
    )
    return WindowPlan(kind, parts, offset)
