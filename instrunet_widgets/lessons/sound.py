"""Short sounds: samples with their rate, and a button that plays them."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anywidget
import numpy as np
import numpy.typing as npt
import traitlets

from ..errors import InstruNetError
from .panel import STATIC

PEAK = 0.6  # what is played is brought to this level: quiet bands can be heard, nothing is loud
_FADE_SECONDS = 0.005
_QUIETEST = 1e-5  # below this peak there is nothing to amplify


@dataclass(frozen=True, eq=False)
class Sound:
    """Mono sound.

    Parameters
    ----------
    samples : np.ndarray [shape=(n_samples,), dtype=float32]
    sample_rate : int
        Hz.
    """

    samples: npt.NDArray[np.float32]
    sample_rate: int = 16_000

    @property
    def duration(self) -> float:
        """Length, s."""
        return len(self.samples) / self.sample_rate

    def cut(self, start: float, seconds: float) -> Sound:
        """A stretch of it, filled up with silence where the sound has ended.

        Parameters
        ----------
        start, seconds : float
            Where it begins and how long it is, s.
        """
        first = max(0, round(start * self.sample_rate))
        n_samples = max(0, round(seconds * self.sample_rate))
        part = self.samples[first : first + n_samples]
        return Sound(np.pad(part, (0, n_samples - len(part))), self.sample_rate)

    def encode_wav(self) -> bytes:
        """The sound as a 16-bit WAV file, at a level that is pleasant to hear, without clicks at its ends."""
        samples = np.nan_to_num(np.asarray(self.samples, dtype=np.float64))
        peak = float(np.abs(samples).max(initial=0.0))
        if peak > _QUIETEST:
            samples = samples * (PEAK / peak)
        n_fade = min(round(_FADE_SECONDS * self.sample_rate), len(samples) // 2)
        if n_fade:
            ramp = np.linspace(0, 1, n_fade)
            samples[:n_fade] *= ramp
            samples[-n_fade:] *= ramp[::-1]
        file = io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(self.sample_rate)
            writer.writeframes(np.rint(np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
        return file.getvalue()


class SoundBox(anywidget.AnyWidget):
    """A button that plays a sound; the sound is made and sent when somebody wants to hear it.

    Parameters
    ----------
    find : callable
        Gives the `Sound` as it is to be heard now.
    label : str
        On the button.

    Attributes
    ----------
    version : int
        Grows when the sound has changed; see `refresh`.
    """

    _esm = STATIC / "sound_box.js"

    label = traitlets.Unicode("Listen").tag(sync=True)
    version = traitlets.Int(0).tag(sync=True)

    def __init__(self, find: Callable[[], Sound], label: str = "Listen") -> None:
        super().__init__(label=label)
        self._find = find
        self.on_msg(self._receive)

    def refresh(self) -> None:
        """Forget what was played: there is another sound now."""
        self.version += 1

    def _receive(self, _: object, content: Any, buffers: object) -> None:
        if not isinstance(content, dict) or content.get("type") != "sound":
            return
        try:
            sound = self._find()
            wav = sound.encode_wav()
        except InstruNetError as error:
            self.send({"type": "failed", "sentence": str(error)})
            return
        except Exception as error:  # whatever it is, the page gets a sentence
            self.send({"type": "failed", "sentence": f"No sound could be made ({type(error).__name__})."})
            return
        if not len(sound.samples):
            self.send({"type": "failed", "sentence": "There is nothing to hear."})
            return
        self.send({"type": "sound"}, [wav])
