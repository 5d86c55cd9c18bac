"""Open and decode recordings: mono, resampled, in blocks, whatever the container.

libsndfile (through soundfile) reads WAV, FLAC, OGG, Opus, AIFF and MP3; PyAV, which brings its codecs along,
reads M4A/AAC and what else libsndfile refuses. No ffmpeg is needed on the machine. Content decides what a file
is, never its name. Memory does not grow with the length of a recording.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from .errors import AudioError

FloatArray = npt.NDArray[np.float32]
AudioSource = str | os.PathLike[str] | bytes | BinaryIO

FORMATS_READ = "WAV, MP3, FLAC, OGG, Opus, AIFF and M4A/AAC"
_MAX_VALUES_PER_READ = 4_000_000
_TRUNCATION_TOLERANCE_SECONDS = 0.1
_FORMAT_NAMES = {"MPEG": "MP3", "WAVEX": "WAV", "W64": "WAV", "RF64": "WAV"}


class _Decoder(Protocol):
    """One library's view of an open file."""

    sample_rate: int
    n_channels: int
    format: str
    n_frames: int | None
    n_frames_promised: int | None

    def seek(self, frame: int) -> None: ...

    def read(self, n_frames: int) -> FloatArray:
        """Next frames, shape (n, n_channels); fewer only at the end."""
        ...

    def close(self) -> None: ...


class AudioReader:
    """An open recording; a context manager made by `open_audio`.

    Attributes
    ----------
    name : str
        File name without its folder.
    sample_rate : int
        Of the file, Hz.
    n_channels : int
    format : str
        For example ``"MP3"``.
    duration : float or None
        Seconds, as the file states it; None if it does not.
    warnings : list of str
        Sentences for the user; complete once all blocks are read.
    """

    def __init__(self, decoder: _Decoder, name: str) -> None:
        self._decoder = decoder
        self.name = name
        self.sample_rate = decoder.sample_rate
        self.n_channels = decoder.n_channels
        self.format = decoder.format
        self.duration = None if decoder.n_frames is None else decoder.n_frames / decoder.sample_rate
        self.warnings: list[str] = []

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

    def blocks(
        self,
        *,
        sample_rate: int = 16_000,
        block_seconds: float = 10.0,
        start: float = 0.0,
        duration: float | None = None,
    ) -> Iterator[FloatArray]:
        """Decode, mix to mono (mean of the channels) and resample, block by block.

        Parameters
        ----------
        sample_rate : int
            Wanted rate, Hz.
        block_seconds : float
            About how much is decoded at a time, s; it does not change the samples.
        start : float
            Where to begin, s.
        duration : float, optional
            How much to read, s; default everything.

        Yields
        ------
        block : np.ndarray [shape=(n_samples,), dtype=float32]
            Samples that are not finite are replaced by 0, with a warning.

        Raises
        ------
        AudioError
            If nothing can be decoded.
        """
        import soxr

        resample = None
        if sample_rate != self.sample_rate:
            resample = soxr.ResampleStream(self.sample_rate, sample_rate, 1, dtype="float32", quality="HQ")
        for mono in self._read_mono(block_seconds, start, duration):
            block = mono if resample is None else resample.resample_chunk(mono)
            if len(block):
                yield block
        if resample is not None:
            rest = resample.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
            if len(rest):
                yield rest

    def _read_mono(self, block_seconds: float, start: float, duration: float | None) -> Iterator[FloatArray]:
        """Mono blocks at the file's own rate; ends with a warning where the file does."""
        decoder = self._decoder
        first = round(start * self.sample_rate)
        decoder.seek(first)
        wanted = None if duration is None else round(duration * self.sample_rate)
        size = max(1, min(round(block_seconds * self.sample_rate), _MAX_VALUES_PER_READ // self.n_channels))
        n_read, n_bad, failure = 0, 0, ""
        while wanted is None or n_read < wanted:
            n_asked = size if wanted is None else min(size, wanted - n_read)
            try:
                frames = decoder.read(n_asked)
            except Exception as error:  # each library has its own; what was read so far stays useful
                failure = _in_short(error)
                break
            if not len(frames):
                break
            n_read += len(frames)
            finite = np.isfinite(frames)
            if not finite.all():
                n_bad += int(frames.size - np.count_nonzero(finite))
                frames = np.where(finite, frames, np.float32(0))
            yield frames[:, 0] if self.n_channels == 1 else frames.mean(axis=1, dtype=np.float32)
        if failure and not n_read:
            raise AudioError(f"{self.name} cannot be decoded ({failure}); save it again in one of {FORMATS_READ}.")
        if n_bad:
            self.warnings.append(f"{self.name} holds {n_bad} samples that are not numbers; they were taken as silence.")
        if wanted is None:
            self._warn_if_cut_off(first + n_read, failure)

    def _warn_if_cut_off(self, n_read: int, failure: str) -> None:
        promised = max(self._decoder.n_frames or 0, self._decoder.n_frames_promised or 0)
        missing = (promised - n_read) / self.sample_rate
        if failure or missing > _TRUNCATION_TOLERANCE_SECONDS:
            expected = f" of {promised / self.sample_rate:.1f} s" if missing > _TRUNCATION_TOLERANCE_SECONDS else ""
            self.warnings.append(
                f"{self.name} is cut off or damaged: {n_read / self.sample_rate:.1f} s{expected} could be read and "
                "are analysed."
            )


def open_audio(source: AudioSource, *, name: str | None = None) -> AudioReader:
    """Open a recording.

    Parameters
    ----------
    source : str, path, bytes or binary file
        A file or the content of one.
    name : str, optional
        File name to show, for recordings that come without one.

    Raises
    ------
    AudioError
        If there is no such file, or it is no recording; the message says what to do.
    """
    if isinstance(source, bytes):
        stream: BinaryIO = io.BytesIO(source)
        shown = name or "the recording"
    elif isinstance(source, str | os.PathLike):
        path = Path(source).expanduser()
        shown = name or path.name or str(path)
        stream = _open_file(path, shown)
    else:
        stream = source
        shown = name or Path(str(getattr(source, "name", "") or "the recording")).name
    owned = stream is not source
    try:
        return AudioReader(_open_decoder(stream, shown, owned), shown)
    except BaseException:
        if owned:
            stream.close()
        raise


def load_audio(
    source: AudioSource, *, sample_rate: int = 16_000, start: float = 0.0, duration: float | None = None
) -> FloatArray:
    """Decode a whole recording, or a range of it, into memory.

    Parameters
    ----------
    source : str, path, bytes or binary file
    sample_rate : int
        Wanted rate, Hz.
    start : float
        Where to begin, s.
    duration : float, optional
        How much to read, s; default to the end.

    Returns
    -------
    waveform : np.ndarray [shape=(n_samples,), dtype=float32]
        Mono; empty if the range lies behind the end.

    Raises
    ------
    AudioError
        See `open_audio`.
    """
    with open_audio(source) as reader:
        blocks = list(reader.blocks(sample_rate=sample_rate, start=start, duration=duration))
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)


def _open_file(path: Path, shown: str) -> BinaryIO:
    if path.is_dir():
        raise AudioError(f"{shown} is a folder; choose a recording in it.")
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise AudioError(f"There is no file {path}; check the name and the folder.") from None
    except OSError as error:
        raise AudioError(f"{shown} cannot be opened ({error.strerror}); check that you may read it.") from error


def _open_decoder(stream: BinaryIO, shown: str, owned: bool) -> _Decoder:
    n_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if not n_bytes:
        raise AudioError(f"{shown} is empty (0 bytes); choose another file or copy it again.")
    decoder: _Decoder | None = None
    for kind in (_SoundFileDecoder, _AvDecoder):
        stream.seek(0)
        try:
            decoder = kind(stream, owned)
            break
        except Exception:  # not this library's format, or no audio in it
            continue
    if decoder is None:
        raise AudioError(f"{shown} is not a recording that can be read; choose a file in one of {FORMATS_READ}.")
    if decoder.n_frames == 0 and not decoder.n_frames_promised:
        decoder.close()
        raise AudioError(f"{shown} holds no sound (0 samples); choose another recording.")
    return decoder


class _Nameless(io.RawIOBase):
    """A binary stream without a name, so that no library looks at the extension."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readinto(self, buffer: Any) -> int:
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


class _SoundFileDecoder:
    """libsndfile."""

    def __init__(self, stream: BinaryIO, owned: bool) -> None:
        import soundfile

        self._file = soundfile.SoundFile(_Nameless(stream))
        self._stream = stream if owned else None
        self.sample_rate: int = self._file.samplerate
        self.n_channels: int = self._file.channels
        subtype = self._file.subtype
        self.format = "Opus" if subtype == "OPUS" else _FORMAT_NAMES.get(self._file.format, self._file.format)
        self.n_frames: int | None = self._file.frames
        self.n_frames_promised = self._read_promise()

    def _read_promise(self) -> int | None:
        """Frames that a WAV or AIFF header promises where the file is shorter than that."""
        if self.format not in ("WAV", "AIFF"):
            return None
        # libsndfile's log reads, for a file that was cut: "data : 1764000 (should be 882000)".
        match = re.search(r"(?:data|SSND)\s*:\s*(\d+) \(should be (\d+)\)", self._file.extra_info)
        if not match or not self.n_frames or int(match[2]) == 0:
            return None
        return round(self.n_frames * int(match[1]) / int(match[2]))

    def seek(self, frame: int) -> None:
        if frame:
            self._file.seek(min(frame, self._file.frames))

    def read(self, n_frames: int) -> FloatArray:
        return np.asarray(self._file.read(n_frames, dtype="float32", always_2d=True))

    def close(self) -> None:
        self._file.close()
        if self._stream is not None:
            self._stream.close()


class _AvDecoder:
    """PyAV, with the codecs that it brings along."""

    def __init__(self, stream: BinaryIO, owned: bool) -> None:
        import av

        self._container = av.open(_Nameless(stream), mode="r")
        self._stream = stream if owned else None
        if not self._container.streams.audio:
            self._container.close()
            raise ValueError("no audio stream")
        audio = self._container.streams.audio[0]
        self.sample_rate = int(audio.codec_context.sample_rate)
        self.n_channels = int(audio.codec_context.channels)
        if self.sample_rate < 1 or self.n_channels < 1:
            raise ValueError("no decodable audio")
        container, codec = self._container.format.name, audio.codec_context.name
        self.format = "M4A" if "mp4" in container or "m4a" in container else codec.upper()
        self.n_frames = None
        if audio.duration is not None and audio.time_base is not None:
            self.n_frames = round(float(audio.duration * audio.time_base) * self.sample_rate)
        self.n_frames_promised = None
        self._skip = 0
        self._waiting = np.zeros((0, self.n_channels), dtype=np.float32)
        self._frames = self._decode(av.AudioResampler(format="fltp"))

    def _decode(self, converter: Any) -> Iterator[FloatArray]:
        for frame in self._container.decode(audio=0):
            for converted in converter.resample(frame):
                yield converted.to_ndarray().T
        for converted in converter.resample(None):
            yield converted.to_ndarray().T

    def seek(self, frame: int) -> None:
        self._skip = frame

    def read(self, n_frames: int) -> FloatArray:
        parts, n_held = [self._waiting], len(self._waiting)
        while n_held < n_frames:
            try:
                frames = next(self._frames, None)
            except Exception:
                if not n_held:
                    raise
                break  # hand out what came before the damage; the next read meets it again
            if frames is None:
                break
            skipped = min(self._skip, len(frames))
            self._skip -= skipped
            parts.append(frames[skipped:])
            n_held += len(frames) - skipped
        held = np.concatenate(parts)
        self._waiting = held[n_frames:]
        return np.ascontiguousarray(held[:n_frames], dtype=np.float32)

    def close(self) -> None:
        self._container.close()
        if self._stream is not None:
            self._stream.close()


def _in_short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(". ")[:120]
