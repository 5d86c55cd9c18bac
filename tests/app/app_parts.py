"""Recordings and a network whose answers can be worked out by hand, for the tests of the app."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from stand_in import SAMPLE_RATE, PitchClassifier, make_tone

from instrunet_widgets.app.controller import Controller
from instrunet_widgets.app.state import AppState


def make_controller() -> Controller:
    return Controller(AppState(), PitchClassifier)


def write_tones(folder: Path, name: str, *tones: tuple[str, float]) -> Path:
    """A WAV of tones one after the other; the stand-in network names each by its pitch."""
    path = folder / name
    sound = np.concatenate([make_tone(instrument, seconds) for instrument, seconds in tones])
    soundfile.write(path, sound, SAMPLE_RATE, format="WAV")
    return path
