"""What a decoder gives, and the choice between the two of them by the content of the file.

libsndfile is quick with plain samples (WAV, AIFF, AU, CAF, W64, RF64). Everything compressed goes to FFmpeg's
decoders. libsndfile 1.2 guesses the length of an MP3 without a frame count from its first frames and stops
there (it read 44 % of one), stops at the end of the first of several joined Ogg streams, loses what surrounds
a damaged place in a FLAC file, and prints to the terminal; FFmpeg does none of this and is no slower.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import AudioError

READABLE_FORMATS = ("WAV", "AIFF", "FLAC", "MP3", "OGG", "Opus", "M4A")
LOWEST_SAMPLE_RATE = 1_000

_PLAIN_SAMPLES = (b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b"caff", b".snd")
_COMPRESSED = (b"fLaC", b"OggS", b"ID3", b"\x1aE\xdf\xa3", b"0&\xb2u")  # the last two: Matroska, ASF (WMA)


class UndecodableError(Exception):
    """A decoder cannot make anything of a file; another one might."""


@dataclass(frozen=True, eq=False)
class SoundBlock:
    """Decoded samples of all channels.

    Parameters
    ----------
    samples : np.ndarray [shape=(n_channels, n_samples), dtype=float32]
        Full scale is 1; float files may go beyond it and may hold NaN or infinity.
    sample_rate : int
        Hz; it may change inside a file that was joined from several.
    """

    samples: npt.NDArray[np.float32]
    sample_rate: int


@dataclass(frozen=True)
class SoundInfo:
    """What the head of a file says about its sound.

    Parameters
    ----------
    format : str
        For example ``"MP3"``.
    sample_rate : int
        Hz.
    n_channels : int
    duration : float or None
        Length, s: exact or an estimate; None if the head does not tell.
    promised_seconds : float or None
        Length that a whole file would have, s; None unless the file states it outright.
    """

    format: str
    sample_rate: int
    n_channels: int
    duration: float | None
    promised_seconds: float | None


class Decoder(Protocol):
    """An open file that gives its sound in blocks, once."""

    info: SoundInfo
    n_damaged: int  # places that could not be decoded or are missing, so far
    lacks_end: bool  # the file has no end mark where its format wants one

    def read_blocks(self, start: float = 0.0) -> Iterator[SoundBlock]:
        """Decode from `start` (s) to the end; damaged places are counted, and left out or silent."""

    def close(self) -> None:
        """Let go of what the decoder holds (not of the file)."""


class NamelessFile:
    """The reading side of a file, without the name that libraries would judge the recording by."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


def open_decoder(file: BinaryIO, name: str) -> Decoder:
    """Open a recording with the decoder that suits its content.

    Parameters
    ----------
    file : binary file
        Seekable.
    name : str
        What error messages call the recording.

    Raises
    ------
    AudioError
        If the file is empty, protected, damaged from the start, or no recording.
    """
    if file.seek(0, io.SEEK_END) == 0:
        raise AudioError(
            f"{name} is empty (0 bytes), perhaps because a copy or download was broken off; fetch it again."
        )
    file.seek(0)
    head = file.read(16)
    decoder = (_try_libsndfile(file) if head.startswith(_PLAIN_SAMPLES) else None) or _open_ffmpeg(file, name, head)
    if decoder.info.sample_rate < LOWEST_SAMPLE_RATE:
        decoder.close()
        raise AudioError(
            f"{name} has a sample rate of {decoder.info.sample_rate} Hz, too low for music; "
            f"export it again with {LOWEST_SAMPLE_RATE} Hz or more."
        )
    return decoder


def _try_libsndfile(file: BinaryIO) -> Decoder | None:
    from .libsndfile import SndfileDecoder

    file.seek(0)
    try:
        return SndfileDecoder(file)
    except UndecodableError:
        return None


def _open_ffmpeg(file: BinaryIO, name: str, head: bytes) -> Decoder:
    from .ffmpeg import FfmpegDecoder

    file.seek(0)
    try:
        return FfmpegDecoder(file, name)
    except UndecodableError:
        _raise_unreadable(name, head)


def _raise_unreadable(name: str, head: bytes) -> NoReturn:
    """Tell a recording that is broken from a file that never was one."""
    if head.startswith(_PLAIN_SAMPLES + _COMPRESSED) or head[4:8] == b"ftyp":
        raise AudioError(
            f"{name} starts like a recording, but nothing in it can be decoded (it is damaged, cut off or "
            "without sound); fetch or export it again."
        ) from None
    *first, last = READABLE_FORMATS
    raise AudioError(
        f"{name} is not a recording in a format that can be read; convert it to {', '.join(first)} or {last}."
    ) from None
