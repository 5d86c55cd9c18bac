"""Sound for the browser: the recording itself if it can play that and it is small, or an MP3 made of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from ..audio import AudioReader, open_audio
from ..errors import Cancelled
from .sending import Offer

MAX_ORIGINAL_BYTES = 15_000_000
# What is sent without being asked for as soon as a recording is opened: quick to send, and nothing to encode.
MAX_EAGER_BYTES = 5_000_000
# Encoding runs at some 35 times real time on one core; for long recordings, at twice that with half the rate.
LONG_SECONDS = 600.0
LONG_SAMPLE_RATE = 24_000
PREVIEW_SAMPLE_RATES = (44_100, 48_000)
# libsndfile's scale from 0 (largest) to 1: 112 kbit/s, and 56 kbit/s at the low rate, which is plenty for mono.
COMPRESSION_LEVEL = 0.7
SAMPLES_PER_WRITE = 4_096  # libsndfile's encoders overflow their stack on long writes

MEDIA_TYPES = {
    "WAV": "audio/wav",
    "AIFF": "audio/aiff",
    "FLAC": "audio/flac",
    "MP3": "audio/mpeg",
    "OGG": "audio/ogg",
    "Opus": "audio/ogg",
    "M4A": "audio/mp4",
}


def find_sound(
    path: Path,
    *,
    playable_formats: Collection[str],
    eager: bool = False,
    on_progress: Callable[[float], None] = lambda fraction: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Offer | None:
    """Choose what to give a browser that has no copy of a recording of its own.

    Parameters
    ----------
    path : Path
        The recording.
    playable_formats : collection of str
        Formats that the browser plays, named as in `MEDIA_TYPES`.
    eager : bool
        Whether this is only in case somebody will listen.
    on_progress : callable
        Gets the fraction done, if something has to be made.
    is_cancelled : callable
        Asked again and again.

    Returns
    -------
    sound : Offer or None
        None if `eager` and it would cost too much.

    Raises
    ------
    AudioError
        If the recording cannot be decoded.
    Cancelled
        If `is_cancelled`.
    OSError
        If there is no room for a preview.
    """
    with open_audio(path, name="The recording") as reader:  # on disk it goes by a key
        n_bytes = path.stat().st_size
        plays_itself = reader.format in playable_formats and n_bytes <= MAX_ORIGINAL_BYTES
        if eager and not (plays_itself and n_bytes <= MAX_EAGER_BYTES):
            return None
        if plays_itself and reader.format in MEDIA_TYPES:
            return Offer(path.open("rb"), MEDIA_TYPES[reader.format])
        # Without a name on disk: nothing is left of it even if the kernel is killed.
        file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 (handed on)
        try:
            write_preview(reader, file, on_progress=on_progress, is_cancelled=is_cancelled)
        except BaseException:
            file.close()
            raise
        return Offer(file, "audio/mpeg")


def write_preview(
    reader: AudioReader,
    file: BinaryIO,
    *,
    on_progress: Callable[[float], None] = lambda fraction: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write a recording as a mono MP3, in blocks: memory does not grow with its length.

    Parameters
    ----------
    reader : AudioReader
        Not read yet.
    file : binary file
        Seekable.
    on_progress, is_cancelled : callable
        See `find_sound`.

    Raises
    ------
    AudioError
        If nothing can be decoded.
    Cancelled
        If `is_cancelled`.
    """
    import soundfile

    sample_rate = _choose_rate(reader)
    n_written = 0
    with soundfile.SoundFile(
        file,
        "w",
        sample_rate,
        1,
        format="MP3",
        subtype="MPEG_LAYER_III",
        compression_level=COMPRESSION_LEVEL,
        bitrate_mode="CONSTANT",  # so that browsers find any second at once
    ) as preview:
        for block in reader.blocks(sample_rate=sample_rate, block_seconds=1.0):
            if is_cancelled():
                raise Cancelled(f"The preview of {reader.name} is not needed any more.")
            for start in range(0, len(block), SAMPLES_PER_WRITE):
                preview.write(np.clip(block[start : start + SAMPLES_PER_WRITE], -1.0, 1.0))
            n_written += len(block)
            if reader.duration:
                on_progress(min(1.0, n_written / sample_rate / reader.duration))


def _choose_rate(reader: AudioReader) -> int:
    if reader.duration is None or reader.duration > LONG_SECONDS:
        return LONG_SAMPLE_RATE
    return reader.sample_rate if reader.sample_rate in PREVIEW_SAMPLE_RATES else PREVIEW_SAMPLE_RATES[0]
