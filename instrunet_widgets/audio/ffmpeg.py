"""Compressed recordings (FLAC, MP3, OGG, Opus, M4A and more) through PyAV, which carries FFmpeg along."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from ..errors import AudioError
from .decoder import NamelessFile, SoundBlock, SoundInfo, UndecodableError

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

SAMPLES_PER_BLOCK = 2**16
# Vorbis time stamps are off by up to 10 ms; longer gaps, in seconds, are silence in a damaged file or a
# film, unless they are so long that the clock must have been set anew.
SHORTEST_GAP, LONGEST_GAP = 0.05, 30.0
# Decoders carry sound over from frame to frame (the bit reservoir of MP3, overlaps, Opus' 80 ms and more of
# memory); after so many seconds of it they give what they give when they come from the start.
PREROLL = 1.0

# Containers of recordings only: playlists and the like could make FFmpeg open other files or addresses.
_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,tta,voc,w64,wav,wv"
)
_LARGEST_OGG_PAGE = 65_307
_FORMAT_NAMES = {"mov": "M4A", "matroska": "Matroska", "asf": "WMA", "ape": "APE", "wv": "WavPack"}
_PROTECTED_TAGS = {"drms", "drmi", "enca", "aavd"}


class FfmpegDecoder:
    """A compressed recording, or the sound track of a film.

    Parameters
    ----------
    file : binary file
        Seekable, at its start.
    name : str
        What error messages call the recording.

    Raises
    ------
    AudioError
        If the file holds no sound track or a protected one.
    UndecodableError
        If FFmpeg does not recognise the file.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        import av

        # PyAV 19 always replaces what it cannot read in tags and no longer takes the argument.
        in_tags: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
        try:
            self._container = av.open(
                NamelessFile(file),
                mode="r",
                options={"format_whitelist": _CONTAINERS, "protocol_whitelist": ""},
                **in_tags,
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            raise UndecodableError(str(error)) from None
        try:
            self._stream = _choose_stream(self._container, name)
            self.info = _describe(self._container, self._stream, file)
            self.lacks_end = self.info.format in ("OGG", "Opus") and not _has_end_of_stream(file)
        except BaseException:
            self._container.close()
            raise
        self.n_damaged = 0

    def read_blocks(self, start: float = 0.0) -> Iterator[SoundBlock]:
        """Yield the sound from `start` (s) on in blocks of about `SAMPLES_PER_BLOCK`; damaged places are counted.

        What a damaged place held is left out or, where the file's time stamps tell how long it was, silent.
        """
        waiting: list[npt.NDArray[np.float32]] = []
        n_waiting, rate = 0, 0
        sound = self._keep_time(self._read_frames()) if start <= 0 else self._read_from(start)
        for samples, rate_of_samples in sound:
            is_different = waiting and (rate_of_samples, len(samples)) != (rate, len(waiting[0]))
            if n_waiting >= SAMPLES_PER_BLOCK or is_different:
                yield SoundBlock(np.concatenate(waiting, axis=1), rate)
                waiting, n_waiting = [], 0
            rate = rate_of_samples
            waiting.append(samples)
            n_waiting += samples.shape[1]
        if waiting:
            yield SoundBlock(np.concatenate(waiting, axis=1), rate)

    def _read_from(self, start: float) -> Iterator[tuple[npt.NDArray[np.float32], int]]:
        """Yield the samples from `start` on with their sample rate: jump to shortly before it and drop the rest.

        Time stamps tell where the jump led. Where they are missing, or it led too far, all is read.
        """
        first = next(self._read_frames(), None)
        frames = self._jump(first.time + start - PREROLL) if first and first.time is not None else None
        landed = next(frames, None) if frames else None
        reached = 0.0
        if first and first.time is not None and landed and landed.time is not None:
            reached = landed.time - first.time
        if frames and landed and 0 < reached <= start:
            frames = itertools.chain([landed], frames)
        else:
            self._container.seek(0)
            frames, reached = self._read_frames(), 0.0
        to_drop = start - reached
        for samples, rate in self._keep_time(frames):
            n_dropped = min(round(to_drop * rate), samples.shape[1])
            to_drop -= n_dropped / rate
            if n_dropped < samples.shape[1]:
                yield samples[:, n_dropped:], rate

    def _jump(self, stamp: float) -> Iterator[AudioFrame] | None:
        """Frames from a time stamp on, or from a little before; None where the file cannot be jumped in."""
        import av

        if stamp <= 0:
            return None
        try:
            self._container.seek(round(stamp * av.time_base))
        except (av.FFmpegError, OSError):
            return None
        return self._read_frames()

    def _keep_time(self, frames: Iterator[AudioFrame]) -> Iterator[tuple[npt.NDArray[np.float32], int]]:
        """Yield the samples of frames with their sample rate, and silence where time stamps leave a gap."""
        due: float | None = None  # time stamp that the next frame should have, s
        for frame in frames:
            stamp = frame.time if frame.time is not None else due
            if due is not None and stamp is not None and SHORTEST_GAP < stamp - due < LONGEST_GAP:
                self.n_damaged += 1
                n_missing = round((stamp - due) * frame.sample_rate)
                yield np.zeros((1, n_missing), dtype=np.float32), frame.sample_rate
                due = stamp
            elif due is None or stamp is None or abs(stamp - due) > SHORTEST_GAP:
                due = stamp  # the start, or the start of the next of several joined recordings
            yield _to_float(frame), frame.sample_rate
            if due is not None:
                due += frame.samples / frame.sample_rate

    def _read_frames(self) -> Iterator[AudioFrame]:
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError):
                self.n_damaged += 1
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except (av.FFmpegError, OSError):
                self.n_damaged += 1

    def close(self) -> None:
        """Close the decoder (not the file)."""
        self._container.close()


def _choose_stream(container: InputContainer, name: str) -> AudioStream:
    stream = cast("AudioStream | None", container.streams.best("audio"))
    if stream is None:
        raise AudioError(f"{name} holds no sound, only pictures or text; choose a file with a sound track.")
    context = stream.codec_context
    if context is None or not (context.sample_rate and context.layout.nb_channels):
        raise UndecodableError("no decoder for the sound track, or nothing to decode in it")
    try:
        tag = context.codec_tag
    except UnicodeDecodeError:  # tags outside ASCII, none of them a protected one
        return stream
    if tag in _PROTECTED_TAGS:
        raise AudioError(f"{name} is copy-protected (DRM) and cannot be decoded; use a copy without protection.")
    return stream


def _describe(container: InputContainer, stream: AudioStream, file: BinaryIO) -> SoundInfo:
    """Read sample rate, channels and length from what FFmpeg found at the head of the file."""
    container_name = container.format.name.partition(",")[0]
    context = stream.codec_context
    name = _FORMAT_NAMES.get(container_name, container_name.upper())
    duration = None
    if stream.duration and stream.time_base:
        duration = float(stream.duration * stream.time_base)
    elif container.duration:
        duration = container.duration / 1e6
    states_length = container_name in ("mov", "flac", "ogg") or (container_name == "mp3" and _states_frame_count(file))
    return SoundInfo(
        format="Opus" if (name, context.name) == ("OGG", "opus") else name,
        sample_rate=context.sample_rate,
        n_channels=context.layout.nb_channels,
        duration=duration,
        promised_seconds=duration if states_length else None,
    )


def _to_float(frame: AudioFrame) -> npt.NDArray[np.float32]:
    """Samples of a frame [shape=(n_channels, n_samples)], full scale 1."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype.kind == "f":
        return samples.astype(np.float32, copy=False)
    full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
    offset = full_scale if samples.dtype.kind == "u" else 0.0
    return ((samples - offset) / full_scale).astype(np.float32)


def _states_frame_count(file: BinaryIO) -> bool:
    """Whether an MP3 states its length (in a Xing, Info or VBRI frame) or leaves it to be guessed."""
    start = file.tell()
    file.seek(0)
    head = file.read(10)
    while head[:3] == b"ID3":  # its length is in four bytes of seven bits
        file.seek(sum(byte << 7 * (9 - k) for k, byte in enumerate(head[6:10], 6)), io.SEEK_CUR)
        head = file.read(10)
    head += file.read(200)
    file.seek(start)
    for tag in (b"Xing", b"Info"):
        at = head.find(tag)
        if at >= 0:
            return bool(int.from_bytes(head[at + 4 : at + 8], "big") & 1)
    return b"VBRI" in head


def _has_end_of_stream(file: BinaryIO) -> bool:
    """Whether a page near the end of an Ogg file bears the mark of a stream's last page."""
    start = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 2 * _LARGEST_OGG_PAGE))
    tail = file.read()
    file.seek(start)
    pages = (match.start() for match in re.finditer(b"OggS\0", tail))
    return any(tail[at + 5] & 4 for at in pages if at + 5 < len(tail))
