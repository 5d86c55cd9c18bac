"""The small set of notes that comes with InstruNet: enough for a small network to learn from in a minute.

Single notes of all eleven instruments, rendered with three free sound fonts: ten pitches spread over each
instrument's range, on the General MIDI programs that stand for it in turn, soft and loud. Voice is choir patches, which
sing "aah" and "ooh" and are no singers. Notes of one program and pitch form a group, whatever the font and loudness, as
fonts share samples; a split by group never shows a network the pitch that it is asked for on that program.

Levels are rounded to steps of 2.5 dB, which makes the files a third of what they would be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..config import FeatureConfig
from ..errors import FeatureFolderError, InstruNetError
from ..examples import example_notes_path
from ..instruments import CODES
from .feature_folder import FeatureFolder, UInt8Array, from_decibels, read_feature_folder, write_feature_folder
from .patches import Patch, patches_of
from .rendering import RENDER_RATE, Room, find_sound_font, render_slots
from .scores import CC_EXPRESSION, CC_REVERB, CC_VIBRATO, Control, Note, Part

# MIT licence (F. Wen), MIT licence with parts in the public domain (S. C. Collins and others), public domain.
SOUND_FONTS = ("FluidR3_GM.sf2", "MuseScore_General.sf3", "sf_GMbank.sf2")
N_PITCHES = 10
VELOCITIES = (56, 100)
HELD_OUT_PITCHES = (3, 6)  # of 0 to 9; no program has all of its pitches among them
_LEVEL_STEP = 8  # of 255, that is 2.5 dB
_ROOM = Room(size=0.3, damping=0.4, level=0.4)


@dataclass(frozen=True)
class ExampleNote:
    """One note: who plays it, how high, how loud, and when within its window (s)."""

    patch: Patch
    pitch: int
    velocity: int
    start: float
    duration: float

    @property
    def group(self) -> str:
        """Name of the unit that a split keeps together."""
        return f"{self.patch.instrument}-{self.patch.program}-{self.pitch}"

    def as_part(self) -> Part:
        """The note as a part that can be rendered."""
        controls = [Control(0.0, CC_EXPRESSION, 120), Control(0.0, CC_REVERB, 40)]
        if self.patch.style in ("blown", "bowed"):
            controls.append(Control(0.0, CC_VIBRATO, 30))
        return Part(self.patch, (Note(self.start, self.duration, self.pitch, self.velocity),), tuple(controls))


def plan_notes(seed: int = 0) -> list[ExampleNote]:
    """Choose the notes of one sound font; all fonts play the same.

    Parameters
    ----------
    seed : int
        Of lengths and places in the window.

    Returns
    -------
    notes : list of ExampleNote
        By instrument, pitch and velocity.
    """
    rng = np.random.default_rng([seed, 11])
    notes = []
    for code in CODES:
        patches = patches_of(code)
        for k in range(N_PITCHES):
            patch = patches[k % len(patches)]
            pitch = round(patch.lowest + (k + 0.5) / N_PITCHES * (patch.highest - patch.lowest))
            for velocity in VELOCITIES:
                duration = float(rng.uniform(0.8, 2.4))
                notes.append(ExampleNote(patch, pitch, velocity, float(rng.uniform(0.0, 2.9 - duration)), duration))
    return notes


def write_example_notes(
    path: str | Path,
    *,
    sound_fonts: Sequence[Path] = (),
    seed: int = 0,
    on_font: Callable[[int, int], object] | None = None,
) -> int:
    """Render the notes and write them as a feature folder.

    Parameters
    ----------
    path : str or Path
        The new folder.
    sound_fonts : sequence of Path, optional
        Default `SOUND_FONTS`, wherever the machine keeps them.
    seed : int
    on_font : callable, optional
        Called with (fonts done, fonts in all).

    Returns
    -------
    n_written : int
        Notes that a font leaves silent are left out.

    Raises
    ------
    FeatureFolderError
        If the folder already holds features.
    InstruNetError
        If fluidsynth or a font is missing or fails, or nothing is heard.
    """
    if (Path(path) / "index.csv").exists():
        raise FeatureFolderError(f"{path} already holds features; choose another folder or remove it")
    fonts = list(sound_fonts) or [find_sound_font(name) for name in SOUND_FONTS]
    log_mels: list[UInt8Array] = []
    rows: list[dict[str, object]] = []
    for done, font in enumerate(fonts, start=1):
        for note, log_mel in _render_notes(plan_notes(seed), font):
            log_mels.append(log_mel)
            rows.append(_describe(note, font))
        if on_font is not None:
            on_font(done, len(fonts))
    if not rows:
        raise InstruNetError(f"nothing is heard of {', '.join(map(str, fonts))}; name another sound font")
    write_feature_folder(path, np.stack(log_mels), rows)
    return len(rows)


def load_example_notes() -> FeatureFolder:
    """Read the notes that come with InstruNet.

    Returns
    -------
    folder : FeatureFolder
        Its table has the further columns ``font``, ``program`` (General MIDI, from 0), ``pitch`` (MIDI) and
        ``velocity``.

    Raises
    ------
    FeatureFolderError
        If they are missing or damaged.
    """
    return read_feature_folder(example_notes_path())


def find_held_out(folder: FeatureFolder) -> npt.NDArray[np.bool_]:
    """Choose the notes to test on: two of each instrument's ten pitches, from inside its range.

    A network has then heard every General MIDI program, but no note of these programs at these pitches.

    Parameters
    ----------
    folder : FeatureFolder
        As `load_example_notes` gives it.

    Returns
    -------
    held_out : np.ndarray [shape=(n_clips,), dtype=bool]
        True for notes to test on; a group is never cut.
    """
    pitch = folder.frame["pitch"].astype(int)
    rank = pitch.groupby(folder.frame["class"]).rank(method="dense").astype(int) - 1
    return rank.isin(HELD_OUT_PITCHES).to_numpy()


def _render_notes(notes: Sequence[ExampleNote], font: Path) -> Iterator[tuple[ExampleNote, UInt8Array]]:
    import soxr

    from ..features import LogMelExtractor, is_silent, make_mel_filterbank

    config = FeatureConfig()
    extract = LogMelExtractor(config, make_mel_filterbank(config))
    slots = render_slots([note.as_part() for note in notes], font, slot_seconds=config.window_seconds, room=_ROOM)
    for note, slot in zip(notes, slots, strict=True):
        window = soxr.resample(slot, RENDER_RATE, config.sample_rate)[None, : config.window_samples].astype(np.float32)
        if not is_silent(window, config.sample_rate)[0]:
            levels = from_decibels(extract(window)[0], config.top_db).astype(np.float32)
            yield note, np.minimum(np.rint(levels / _LEVEL_STEP) * _LEVEL_STEP, 255).astype(np.uint8)


def _describe(note: ExampleNote, font: Path) -> dict[str, object]:
    name = f"{note.group}-{note.velocity}-{font.stem}"
    return {
        "file": f"{note.patch.instrument}/{name}",
        "class": note.patch.instrument,
        "drums": "nod",
        "recording_id": name,
        "segment": 1,
        "group": note.group,
        "label_conflict": 0,
        "font": font.stem,
        "program": note.patch.program,
        "pitch": note.pitch,
        "velocity": note.velocity,
    }
