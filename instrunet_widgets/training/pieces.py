"""Pieces of a minute or so in which instruments come and go, with the true times: for evaluation only.

A cast of four to six of the eleven instruments plays in one key, tempo and harmony, up to four at a time, here and
there with drums and bass, which have no label. Entries fall on beats and never on the grid of the windows that are
cut later. Each player is rendered alone, brought to an equal loudness give or take some decibels, mixed, and sent
through a made-up recording. Times come from the score: from a note's start to a short release after its end, rests of
up to a second included.

Everything is drawn from generators that no training corpus uses, so notes, tempi and rooms are new to any network; the
sound fonts are not. Voice is choir patches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..errors import FeatureFolderError
from .acoustics import record
from .piece_plan import BRIDGE_SECONDS, DEFAULT_SEED, RELEASE_SECONDS, STREAM, PiecePlan, plan_piece
from .rendering import RENDER_RATE, Room, render_slots
from .scores import LabelRange

N_PIECES = 24
_STEM_RMS, _GAIN_RANGE_DB = 0.1, 4.0


@dataclass(frozen=True)
class LabelledPiece:
    """A piece on disk: its recording, its length (s), its sound font and when each instrument plays."""

    path: Path
    duration: float
    sound_font: str
    ranges: tuple[LabelRange, ...]


def render_piece(plan: PiecePlan, *, seed: int = DEFAULT_SEED) -> FloatArray:
    """Play a piece and record it.

    Parameters
    ----------
    plan : PiecePlan
    seed : int
        Of room, levels and recording.

    Returns
    -------
    waveform : np.ndarray [shape=(n_samples,), dtype=float32]
        Mono at `RENDER_RATE`, in [-1, 1].

    Raises
    ------
    InstruNetError
        If fluidsynth or the font fails.
    """
    rng = np.random.default_rng([seed, STREAM, *plan.name.encode()])
    room = Room(*(float(value) for value in rng.uniform((0.1, 0.1, 0.2), (0.7, 0.9, 0.7))))
    # Slots begin where a part begins; the lead-in is silence in front of all of them.
    lead_in = plan.parts[0].start
    stems = render_slots(plan.parts, plan.sound_font, slot_seconds=plan.seconds - lead_in, room=room)
    gains = 10 ** (rng.uniform(-_GAIN_RANGE_DB, _GAIN_RANGE_DB, len(stems)) / 20)
    mix = np.sum([gain * _level(stem) for gain, stem in zip(gains, stems, strict=True)], axis=0)
    padded = np.pad(mix, (round(plan.seconds * RENDER_RATE) - len(mix), 0)).astype(np.float32)
    return np.clip(record(padded, RENDER_RATE, rng), -1.0, 1.0)


def write_pieces(
    path: str | Path,
    *,
    n_pieces: int = N_PIECES,
    sound_fonts: Sequence[Path],
    seed: int = DEFAULT_SEED,
    on_piece: Callable[[int, int], object] | None = None,
) -> int:
    """Render pieces and write each as ``piece-NN.flac`` with ``piece-NN.labels.json`` beside it.

    Parameters
    ----------
    path : str or Path
        Made if missing.
    n_pieces : int
    sound_fonts : sequence of Path
        Taken in turn.
    seed : int
    on_piece : callable, optional
        Called with (pieces done, pieces in all).

    Returns
    -------
    n_written : int

    Raises
    ------
    FeatureFolderError
        If the folder already holds pieces.
    InstruNetError
        If fluidsynth or a font fails.
    """
    import soundfile

    path = Path(path)
    if any(path.glob("*.labels.json")):
        raise FeatureFolderError(f"{path} already holds pieces; choose another folder or remove it")
    path.mkdir(parents=True, exist_ok=True)
    for index in range(n_pieces):
        plan = plan_piece(index, sound_fonts[index % len(sound_fonts)], seed=seed)
        soundfile.write(path / f"{plan.name}.flac", render_piece(plan, seed=seed), RENDER_RATE, subtype="PCM_16")
        labels = {
            "title": plan.name,
            "seed": seed,
            "sound_font": plan.sound_font.name,
            "duration": round(plan.seconds, 3),
            "release_seconds": RELEASE_SECONDS,
            "bridge_seconds": BRIDGE_SECONDS,
            "ranges": [asdict(found) for found in plan.ranges],
        }
        text = json.dumps(labels, indent=1) + "\n"
        (path / f"{plan.name}.labels.json").write_text(text, encoding="utf-8")
        if on_piece is not None:
            on_piece(index + 1, n_pieces)
    return n_pieces


def read_pieces(path: str | Path) -> list[LabelledPiece]:
    """Read the labels of a folder of pieces.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    pieces : list of LabelledPiece
        By name.

    Raises
    ------
    FeatureFolderError
        If there are none, or a label file is damaged or has no recording beside it.
    """
    files = sorted(Path(path).glob("*.labels.json"))
    if not files:
        raise FeatureFolderError(f"{path} holds no pieces; make some with 'instrunet render pieces --out {path}'")
    pieces = []
    for file in files:
        recording = file.with_name(file.name.removesuffix(".labels.json") + ".flac")
        if not recording.is_file():
            raise FeatureFolderError(f"{file} has no recording beside it: {recording.name} is missing")
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            ranges = tuple(LabelRange(**found) for found in content["ranges"])
            pieces.append(LabelledPiece(recording, float(content["duration"]), str(content["sound_font"]), ranges))
        except (ValueError, TypeError, KeyError) as error:
            raise FeatureFolderError(f"{file} is damaged ({error}); make the pieces again") from error
    return pieces


def _level(stem: FloatArray) -> FloatArray:
    """Bring a player to an equal RMS where it plays."""
    block = RENDER_RATE // 10
    loud = np.sqrt(np.mean(stem[: len(stem) // block * block].reshape(-1, block) ** 2, axis=1))
    sounding = loud[loud > 0.1 * loud.max()] if loud.max() > 0 else loud
    level = float(np.sqrt(np.mean(sounding**2)))
    return stem * np.float32(_STEM_RMS / level) if level > 1e-5 else stem
