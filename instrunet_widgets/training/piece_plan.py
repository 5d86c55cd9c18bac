"""What is played in the pieces that timelines are evaluated on; `pieces` says what they are and renders them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..instruments import CODES
from .negatives import write_drums, write_unlabelled
from .patches import Patch, patches_of
from .phrases import PROGRESSIONS, SCALES, SLOT_SECONDS, Kind, Setting, write_part
from .scores import Bend, Control, LabelRange, Note, Part, find_label_ranges

DEFAULT_SEED = 9_001
RELEASE_SECONDS, BRIDGE_SECONDS = 0.15, 1.0
STREAM = 3  # sets these generators apart from those of the training corpus
_BARS_PER_SLOT = (2, 3)  # slots are whole bars, so that players who enter later keep the beat: 107 or 160 a minute
_N_PLAYING = ((1, 2, 3, 4), (0.3, 0.3, 0.25, 0.15))
_STAYS = 0.6

Span = tuple[float, float]


@dataclass(frozen=True)
class PiecePlan:
    """What is played in one piece.

    Parameters
    ----------
    name : str
    sound_font : Path
    parts : tuple of Part
        One for each player, drums and bass included, with times from the start of the piece.
    seconds : float
        Length of the piece, s.
    """

    name: str
    sound_font: Path
    parts: tuple[Part, ...]
    seconds: float

    @property
    def ranges(self) -> tuple[LabelRange, ...]:
        """When each of the eleven instruments plays."""
        return find_label_ranges(self.parts, release_seconds=RELEASE_SECONDS, bridge_seconds=BRIDGE_SECONDS)


def plan_piece(index: int, sound_font: Path, *, seed: int = DEFAULT_SEED) -> PiecePlan:
    """Write the music of a piece.

    Parameters
    ----------
    index : int
        Number of the piece, from 0.
    sound_font : Path
    seed : int

    Returns
    -------
    plan : PiecePlan
        60 to 90 s long.
    """
    rng = np.random.default_rng([seed, STREAM, index])
    beat = SLOT_SECONDS / (4 * int(rng.choice(_BARS_PER_SLOT)))
    scale = SCALES[str(rng.choice(list(SCALES)[:4]))]
    setting = Setting(int(rng.integers(12)), scale, PROGRESSIONS[rng.integers(len(PROGRESSIONS))], beat)
    lead_in, seconds = float(rng.uniform(0.1, 1.4)), float(rng.uniform(60, 90))
    cast = [str(code) for code in rng.choice(CODES, size=int(rng.integers(4, 7)), replace=False)]
    sections = _draw_sections(cast, seconds - lead_in - 1.5, beat, rng)
    parts = []
    for code in cast:
        patches = patches_of(code)
        patch = patches[rng.integers(len(patches))]
        parts.append(_write_player(patch, _join_spans(code, sections), setting, rng))
    for name, chance in (("drums", 0.5), ("bass", 0.4)):
        if rng.random() < chance:
            spans = [span for span, _ in sections if rng.random() < 0.6]
            parts.append(_write_accompaniment(name, spans, setting, rng))
    return PiecePlan(
        name=f"piece-{index + 1:02}",
        sound_font=sound_font,
        parts=tuple(part.moved_to(lead_in) for part in parts if part.notes),
        seconds=seconds,
    )


def _draw_sections(
    cast: Sequence[str], seconds: float, beat: float, rng: np.random.Generator
) -> list[tuple[Span, frozenset[str]]]:
    """Who plays from when to when: sections of 5 to 14 s, most players staying on from one to the next."""
    sections: list[tuple[Span, frozenset[str]]] = []
    start, playing = 0.0, frozenset[str]()
    while start < seconds:
        end = min(seconds, start + max(1, round(float(rng.uniform(5, 14)) / beat)) * beat)
        if seconds - end < 4:
            end = seconds
        n_playing = 0 if rng.random() < 0.06 else int(rng.choice(_N_PLAYING[0], p=_N_PLAYING[1]))
        staying = [code for code in sorted(playing) if rng.random() < _STAYS]
        entering = [code for code in rng.permutation(cast) if code not in playing]
        playing = frozenset(str(code) for code in [*staying, *entering][:n_playing])
        sections.append(((start, end), playing))
        start = end
    return sections


def _join_spans(code: str, sections: Sequence[tuple[Span, frozenset[str]]]) -> list[Span]:
    """When one player plays, neighbouring sections joined."""
    spans: list[Span] = []
    for (start, end), playing in sections:
        if code in playing:
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    return spans


def _write_player(patch: Patch, spans: Sequence[Span], setting: Setting, rng: np.random.Generator) -> Part:
    kinds: tuple[Kind, ...] = ("chords", "arpeggio", "phrase") if patch.is_polyphonic else ("phrase", "phrase", "scale")
    players: list[tuple[Span, Callable[[Setting], Part]]] = []
    for span in spans:
        kind = kinds[rng.integers(len(kinds))]
        players.append((span, lambda shared, kind=kind: write_part(patch, kind, shared, rng)))  # type: ignore[misc]
    return _chain(patch, players, setting)


def _write_accompaniment(name: str, spans: Sequence[Span], setting: Setting, rng: np.random.Generator) -> Part:
    def write(shared: Setting) -> Part:
        return write_drums(shared, rng) if name == "drums" else write_unlabelled("bass", shared, rng)

    # One kit or bass for the whole piece: the first one that is drawn.
    return _chain(write(setting).patch, [(span, write) for span in spans], setting)


def _chain(patch: Patch, players: Sequence[tuple[Span, Callable[[Setting], Part]]], setting: Setting) -> Part:
    """Join music written slot by slot into one part that plays in the given spans only."""
    notes: list[Note] = []
    controls: list[Control] = []
    bends: list[Bend] = []
    bars_per_slot = round(SLOT_SECONDS / (4 * setting.beat_seconds))
    for (start, end), write in players:
        for slot in range(int(start / SLOT_SECONDS), int(np.ceil(end / SLOT_SECONDS))):
            shift = slot * SLOT_SECONDS
            turn = slot * bars_per_slot % len(setting.progression)
            progression = setting.progression[turn:] + setting.progression[:turn]
            part = write(replace(setting, progression=progression))
            for note in part.notes:
                begin = note.start + shift
                if start <= begin < end and patch.lowest <= note.pitch <= patch.highest:
                    notes.append(replace(note, start=begin, duration=min(note.duration, end - begin)))
            controls += [replace(control, time=control.time + shift) for control in part.controls]
            bends += [replace(bend, time=bend.time + shift) for bend in part.bends]
    return Part(patch, tuple(notes), tuple(controls), tuple(bends))
