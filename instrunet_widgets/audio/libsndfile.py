"""Plain samples (WAV, AIFF, AU, CAF, W64, RF64) through soundfile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import soundfile

from .decoder import NamelessFile, SoundBlock, SoundInfo, UndecodableError

# Values of all channels together in one read (1 MiB as float32). It does not follow the caller's block
# length, so that the samples that come out never depend on it.
VALUES_PER_READ = 2**18

# libsndfile notes a data chunk that promises more than the file holds: "data : 882000 (should be 293970)".
_CUT_CHUNK = re.compile(r"^\s*(?:data|SSND|riff|Riff size|Data Size)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
# Programs that write to a pipe put a value just under one of these for "to the end".
_LENGTH_UNKNOWN = (2**31, 2**32)


class SndfileDecoder:
    """A file of plain samples.

    Parameters
    ----------
    file : binary file
        Seekable, at its start.

    Raises
    ------
    UndecodableError
        If libsndfile cannot read it or finds no samples (FFmpeg may know better).
    """

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._file = soundfile.SoundFile(NamelessFile(file))
        except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
            raise UndecodableError(str(error)) from None
        if not self._file.frames or self._file.subtype == "MPEG_LAYER_III":
            self._file.close()
            raise UndecodableError("no plain samples")
        rate, duration = self._file.samplerate, self._file.frames / self._file.samplerate
        self.info = SoundInfo(
            format="WAV" if self._file.format == "WAVEX" else self._file.format,
            sample_rate=rate,
            n_channels=self._file.channels,
            duration=duration,
            promised_seconds=max(duration, duration * _measure_promise(self._file.extra_info)),
        )
        self.n_damaged = 0
        self.lacks_end = False

    def read_blocks(self, start: float = 0.0) -> Iterator[SoundBlock]:
        """Yield the samples from `start` (s) on; stop, and count a damaged place, where the file cannot be read on."""
        n_frames = max(1, VALUES_PER_READ // self.info.n_channels)
        if start:
            self._file.seek(min(round(start * self.info.sample_rate), self._file.frames))
        while True:
            try:
                frames = self._file.read(n_frames, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                self.n_damaged += 1
                return
            if not len(frames):
                return
            yield SoundBlock(np.asarray(frames.T), self.info.sample_rate)

    def close(self) -> None:
        """Close the decoder (not the file)."""
        self._file.close()


def _measure_promise(header_log: str) -> float:
    """How many times the length that is there the header promises (1 for a whole file).

    Examples
    --------
    >>> _measure_promise("RIFF : 336 (should be 136)" + chr(10) + "data : 300 (should be 100)")
    3.0
    """
    chunks = _CUT_CHUNK.findall(header_log)
    if not chunks:
        return 1.0
    promised, there = map(int, chunks[-1])
    if not there or any(0 <= limit - promised < 2**16 for limit in _LENGTH_UNKNOWN):
        return 1.0
    return promised / there
