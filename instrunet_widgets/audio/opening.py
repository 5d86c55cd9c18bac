"""Open a recording wherever it comes from: a path, bytes, or a file that is open already."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import AudioError
from .decoder import open_decoder
from .reader import AudioReader

AudioSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
NAMELESS = "The recording"


@dataclass(frozen=True)
class _OpenFile:
    """A seekable file, what to call it, and whether it is ours to close."""

    file: BinaryIO
    name: str
    is_ours: bool

    def close(self) -> None:
        if self.is_ours:
            self.file.close()


def open_audio(source: AudioSource, *, name: str | None = None) -> AudioReader:
    """Open a recording of any readable format; the content decides, not the name.

    Parameters
    ----------
    source : path, bytes-like or binary file
        A file given open is read from its start and not closed.
    name : str, optional
        What to call the recording, for example the name an upload came with.

    Returns
    -------
    reader : AudioReader
        Use it in a ``with`` statement.

    Raises
    ------
    AudioError
        If there is no such file or no sound in it; the message says what is wrong and what to do.
    """
    opened = _open_source(source, name)
    try:
        return AudioReader(open_decoder(opened.file, opened.name), opened.file, opened.name, opened.is_ours)
    except OSError as error:
        opened.close()
        raise AudioError(
            f"{opened.name} cannot be read ({error.strerror or error}); copy it elsewhere and try again."
        ) from error
    except BaseException:
        opened.close()
        raise


def load_audio(
    source: AudioSource, *, sample_rate: int = 16_000, start: float = 0.0, duration: float | None = None
) -> npt.NDArray[np.float32]:
    """Read a recording, or a stretch of it, into one array.

    Parameters
    ----------
    source : path, bytes-like or binary file
        See `open_audio`.
    sample_rate : int
        Wanted sample rate, Hz.
    start : float >= 0
        Where to begin, s.
    duration : float > 0, optional
        How much to read, s; default: to the end. Less comes back where the recording ends before.

    Returns
    -------
    waveform : np.ndarray [shape=(n_samples,), dtype=float32]
        Mono; the samples of the whole recording between the two times (see `AudioReader.blocks` for how
        closely). What lies before `start` is not decoded where the file can be jumped in.

    Raises
    ------
    AudioError
        See `open_audio`.
    ValueError
        If `start` or `duration` is out of range.
    """
    if start < 0 or (duration is not None and duration <= 0):
        raise ValueError(f"start must be 0 or more and duration positive, got {start} and {duration}")
    n_wanted = None if duration is None else round(duration * sample_rate)
    parts = [np.zeros(0, dtype=np.float32)]
    n_read = 0
    with open_audio(source) as reader:
        for block in reader.blocks(sample_rate=sample_rate, start=start):
            parts.append(block[: None if n_wanted is None else n_wanted - n_read])
            n_read += len(block)
            if n_wanted is not None and n_read >= n_wanted:
                break
    return np.concatenate(parts)


def _open_source(source: AudioSource, name: str | None) -> _OpenFile:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _OpenFile(io.BytesIO(source), _tidy_name(name or NAMELESS), True)
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        return _make_seekable(_OpenFile(_open_path(path), _tidy_name(name or path.name), True))
    own_name = getattr(source, "name", None)  # a number where a file was opened by its descriptor
    own_name = own_name if isinstance(own_name, str) else NAMELESS
    return _make_seekable(_OpenFile(source, _tidy_name(name or own_name), False))


def _open_path(path: Path) -> BinaryIO:
    name = _tidy_name(str(path))
    try:
        if path.is_dir():
            raise AudioError(f"{name} is a folder; name the recordings in it one by one.")
        return path.open("rb")
    except FileNotFoundError:
        raise AudioError(
            f"{name} was not found in the folder {_show(str(path.absolute().parent))}; check both names."
        ) from None
    except PermissionError:
        raise AudioError(
            f"{name} may not be read by you; change its permissions or ask its owner for a copy."
        ) from None
    except (OSError, ValueError) as error:
        raise AudioError(f"{name} cannot be opened ({_show(str(error))}); check the name and the disk.") from error


def _make_seekable(opened: _OpenFile) -> _OpenFile:
    """Read a pipe into memory; leave a file as it is."""
    if opened.file.seekable():
        return opened
    in_memory = io.BytesIO(opened.file.read())
    opened.close()
    return _OpenFile(in_memory, opened.name, True)


def _tidy_name(name: str) -> str:
    """File name without folders (of either system's kind) and without characters that cannot be shown."""
    return _show(re.split(r"[/\\]", name.rstrip("/\\"))[-1]) or NAMELESS


def _show(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
