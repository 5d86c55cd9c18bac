"""Turns scores into sound with FluidSynth and a sound font, both found on the machine.

Many short parts are laid one after the other into one MIDI file and cut apart again (`render_slots`): starting
the synthesizer and loading a font costs seconds, a slot of music a few hundredths.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..errors import InstruNetError
from .scores import Part, make_midi

RENDER_RATE = 44_100
_SOUND_FONT_FOLDERS = tuple(
    Path(folder)
    for folder in (
        "/usr/share/sounds/sf2",
        "/usr/share/sounds/sf3",
        "/usr/share/soundfonts",
        "/usr/local/share/soundfonts",
        "/opt/homebrew/share/soundfonts",
    )
)
# Free fonts with real samples for all eleven instruments; "render corpus" uses those that it finds.
KNOWN_SOUND_FONTS = ("MuseScore_General.sf3", "FluidR3_GM.sf2", "TimGM6mb.sf2", "sf_GMbank.sf2")
_FONT_ADVICE = (
    "on Debian and Ubuntu install one with 'sudo apt install musescore-general-soundfont fluid-soundfont-gm "
    "timgm6mb-soundfont csound-soundfont', or name a .sf2 or .sf3 file with --sound-font"
)
_SUBSTITUTION = re.compile(r"\[bank=(\d+) prog=(\d+)\], substituted \[bank=(\d+) prog=(\d+)\]")
_DRUM_BANK = "128"
_TAIL_SECONDS = 1.5  # between slots, for reverberation to die away


@dataclass(frozen=True)
class Room:
    """FluidSynth's reverberation and chorus for one rendering.

    Parameters
    ----------
    size, damping, level : float in [0, 1]
        Of the reverberation; level 0 turns it off.
    chorus : float >= 0
        Level of the chorus; 0 turns it off. Parts still choose how much they send to both.
    """

    size: float = 0.3
    damping: float = 0.3
    level: float = 0.5
    chorus: float = 0.0


def find_fluidsynth() -> Path:
    """Find the synthesizer.

    Raises
    ------
    InstruNetError
        If ``fluidsynth`` is not on the path.
    """
    found = shutil.which("fluidsynth")
    if found is None:
        raise InstruNetError(
            "fluidsynth is not installed, and rendering needs it: install it with 'sudo apt install fluidsynth' "
            "(Debian, Ubuntu), 'brew install fluid-synth' (macOS) or 'choco install fluidsynth' (Windows)"
        )
    return Path(found)


def find_sound_font(name: str | os.PathLike[str]) -> Path:
    """Find a sound font (or a folder of samples) by its path, or by its file name in the usual folders.

    Raises
    ------
    InstruNetError
        If there is no such file.
    """
    for candidate in (Path(name), *(folder / name for folder in _SOUND_FONT_FOLDERS)):
        if candidate.is_file() or (candidate == Path(name) and candidate.is_dir()):
            return candidate
    raise InstruNetError(f"the sound font {os.fspath(name)} was not found; {_FONT_ADVICE}")


def find_sound_fonts(names: Iterable[str | os.PathLike[str]] = ()) -> tuple[Path, ...]:
    """Find the fonts that are asked for, or else all known ones on this machine.

    Raises
    ------
    InstruNetError
        If one that was asked for is missing, or if there is none at all.
    """
    wanted = tuple(names)
    if wanted:
        return tuple(find_sound_font(name) for name in wanted)
    paths = (folder / name for name in KNOWN_SOUND_FONTS for folder in _SOUND_FONT_FOLDERS)
    found = tuple({path.name: path for path in paths if path.is_file()}.values())
    if not found:
        raise InstruNetError(f"no sound font was found on this machine; {_FONT_ADVICE}")
    return found


def render_parts(
    parts: Sequence[Part], sound_font: Path, *, length_seconds: float, room: Room | None = None
) -> FloatArray:
    """Play parts together.

    Parameters
    ----------
    parts : sequence of Part
        On channels of their own where they overlap.
    sound_font : Path
    length_seconds : float
        Length of the result, s.
    room : Room, optional

    Returns
    -------
    waveform : np.ndarray [shape=(n_samples, 2), dtype=float32]
        Stereo at 44,100 Hz, not limited to [-1, 1].

    Raises
    ------
    InstruNetError
        If fluidsynth is missing or cannot play, or if the font lacks a program.
    """
    import soundfile

    with tempfile.TemporaryDirectory(prefix="instrunet-") as folder:
        midi_path, wav_path = Path(folder, "score.mid"), Path(folder, "score.wav")
        make_midi(parts, length_seconds=length_seconds).save(midi_path)
        _run_fluidsynth(midi_path, wav_path, sound_font, room or Room())
        waveform, _ = soundfile.read(wav_path, dtype="float32", always_2d=True)
    n_samples = round(length_seconds * RENDER_RATE)
    waveform = waveform[:n_samples]
    return np.pad(waveform, ((0, n_samples - len(waveform)), (0, 0)))


def render_slots(
    parts: Sequence[Part], sound_font: Path, *, slot_seconds: float, room: Room | None = None
) -> FloatArray:
    """Play parts one after the other, each in a slot of its own.

    Parameters
    ----------
    parts : sequence of Part
        Their own start times are not used.
    sound_font : Path
    slot_seconds : float
        Length of each slot, s; a pause follows it, which is cut away.
    room : Room, optional

    Returns
    -------
    slots : np.ndarray [shape=(n_parts, slot_samples), dtype=float32]
        Mono at 44,100 Hz.

    Raises
    ------
    InstruNetError
        If fluidsynth is missing or cannot play, or if the font lacks a program.
    """
    step, n_slot = slot_seconds + _TAIL_SECONDS, round(slot_seconds * RENDER_RATE)
    if not parts:
        return np.zeros((0, n_slot), dtype=np.float32)
    placed = [part.moved_to(k * step) for k, part in enumerate(parts)]
    waveform = render_parts(placed, sound_font, length_seconds=len(parts) * step, room=room).mean(axis=1)
    begins = [round(part.start * RENDER_RATE) for part in placed]
    return np.stack([waveform[begin : begin + n_slot] for begin in begins])


def _run_fluidsynth(midi_path: Path, wav_path: Path, sound_font: Path, room: Room) -> None:
    settings = {
        "synth.dynamic-sample-loading": 1,
        "synth.reverb.active": int(room.level > 0),
        "synth.reverb.room-size": room.size,
        "synth.reverb.damp": room.damping,
        "synth.reverb.level": room.level,
        "synth.chorus.active": int(room.chorus > 0),
        "synth.chorus.level": room.chorus,
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    command = [
        *(str(find_fluidsynth()), "-ni", "-q", "-g", "0.5", "-r", str(RENDER_RATE)),
        *("-F", str(wav_path), "-T", "wav", "-O", "float"),
        *options,
        *(str(sound_font), str(midi_path)),
    ]
    outcome = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if outcome.returncode != 0 or not wav_path.is_file():
        said = (outcome.stderr.strip().splitlines() or ["no message"])[-1]
        raise InstruNetError(f"fluidsynth could not play with {sound_font} ({said}); is it a sound font?")
    _check_font_was_played(outcome.stderr, sound_font)


def _check_font_was_played(messages: str, sound_font: Path) -> None:
    """Refuse silence and wrong instruments: fluidsynth only warns of both, and its exit status is 0."""
    if "not a SoundFont" in messages or "Failed to load" in messages:
        raise InstruNetError(f"{sound_font} is not a sound font, or is damaged; name another one with --sound-font")
    for wanted_bank, wanted, _, played in _SUBSTITUTION.findall(messages):
        if wanted != played and wanted_bank != _DRUM_BANK:  # another drum kit is still drums
            raise InstruNetError(
                f"the sound font {sound_font} lacks General MIDI program {wanted}, and fluidsynth would play program "
                f"{played} under its label; name a complete General MIDI font with --sound-font"
            )
