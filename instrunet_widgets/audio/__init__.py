"""Recordings in, mono sound at one sample rate out: opened from a file or from memory, read in blocks.

WAV, AIFF and their like are decoded by libsndfile, all else by FFmpeg's decoders (PyAV brings them along), so
nothing need be installed on the machine. The content of a file decides how it is read, never its name.
"""

from __future__ import annotations

from .decoder import READABLE_FORMATS
from .opening import AudioSource, load_audio, open_audio
from .reader import AudioReader

__all__ = ["READABLE_FORMATS", "AudioReader", "AudioSource", "load_audio", "open_audio"]
