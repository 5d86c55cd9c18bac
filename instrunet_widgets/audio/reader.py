"""The open recording: mono blocks at the wanted sample rate, and what was odd about the file.

Channels are averaged before resampling (soxr, high quality [1]_); both are linear, so this gives the same
sound as the other way round, sooner.

References
----------
.. [1] R. Sykes, "The SoX Resampler library" (libsoxr), 2007-2018, https://sourceforge.net/p/soxr/.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from types import TracebackType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soxr

from ..errors import AudioError
from .decoder import Decoder, SoundBlock

# Float files may go far beyond full scale, but no recording goes this far; soxr would overflow.
LARGEST_SAMPLE = 1e12
# Heads round and count padding; less than this missing is not worth a warning.
MISSING_SECONDS = 0.25
# How long before a wanted start the resampler begins, s; its filters reach less far at any sample rate.
RUN_UP = 0.1


class AudioReader:
    """An open recording; made by `open_audio`, closed by ``with`` or `close`.

    Attributes
    ----------
    name : str
        File name without its folder.
    format : str
        For example ``"MP3"``, from the content.
    sample_rate : int
        Of the file, Hz.
    n_channels : int
        Of the file.
    duration : float or None
        Length by the head of the file, s; good for showing progress, but not always exact. None if not known.
    warnings : list of str
        Sentences for the user; complete when the last block has been read.
    """

    def __init__(self, decoder: Decoder, file: BinaryIO, name: str, owns_file: bool) -> None:
        self.name = name
        self.format = decoder.info.format
        self.sample_rate = decoder.info.sample_rate
        self.n_channels = decoder.info.n_channels
        self.duration = decoder.info.duration
        self.warnings: list[str] = []
        self._decoder = decoder
        self._file = file
        self._owns_file = owns_file
        self._started = False
        self._seconds_read = 0.0
        self._n_not_finite = 0

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the decoder, and the file if it was opened here."""
        self._decoder.close()
        if self._owns_file:
            self._file.close()

    def blocks(
        self, *, sample_rate: int = 16_000, block_seconds: float = 10.0, start: float = 0.0
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Read the recording, once, from the start or from a later time.

        The samples do not depend on `block_seconds`, nor does memory grow with the recording. Reading from a
        later time does not decode what comes before it. Its samples are those of the whole recording there,
        within 1e-4 of full scale (the resampler starts `RUN_UP` earlier, decoders of compressed sound 1 s
        earlier still); where a file is damaged before that time, they may be shifted.

        Parameters
        ----------
        sample_rate : int > 0
            Wanted sample rate, Hz.
        block_seconds : float > 0
            Length of every block but the last, which may be shorter, s.
        start : float >= 0
            Where to begin, s. Nothing comes where the recording ends before; nor are there warnings about its length.

        Yields
        ------
        block : np.ndarray [shape=(n_samples,), dtype=float32]
            Mean of the channels. NaN and infinity have become 0, with a warning.

        Raises
        ------
        AudioError
            If nothing can be decoded.
        ValueError
            If a parameter is out of range.
        RuntimeError
            If the recording has been read before.
        """
        if not (sample_rate >= 1 and block_seconds > 0):
            raise ValueError(f"sample_rate and block_seconds must be positive, got {sample_rate}, {block_seconds}")
        if not start >= 0:
            raise ValueError(f"start must be 0 or more, got {start}")
        if self._started:
            raise RuntimeError(f"{self.name} has been read already; open it again")
        self._started = True
        n_samples = max(1, round(sample_rate * block_seconds))
        if not start:
            return _cut(self._resample(sample_rate, 0.0), n_samples)
        # Both sample clocks tick together every 1 / gcd seconds: from there, the resampler sees what it would see.
        ticks = math.gcd(self.sample_rate, sample_rate)
        run_up_start = math.floor(max(0.0, start - RUN_UP) * ticks) / ticks
        n_too_early = round(start * sample_rate) - round(run_up_start * sample_rate)
        return _cut(_skip(self._resample(sample_rate, run_up_start), n_too_early), n_samples)

    def _resample(self, wanted_rate: int, start: float) -> Iterator[npt.NDArray[np.float32]]:
        """Resample each stretch of constant sample rate (nearly always one), then take stock."""
        n_out = 0
        last = np.zeros(0, dtype=np.float32)
        for rate, stretch in groupby(self._decoder.read_blocks(start), lambda block: block.sample_rate):
            resampler = soxr.ResampleStream(rate, wanted_rate, 1, dtype="float32", quality="HQ")
            for block in stretch:
                last = self._mix(block)
                resampled = last if rate == wanted_rate else resampler.resample_chunk(last)
                n_out += len(resampled)
                yield resampled
            if rate != wanted_rate:
                resampled = resampler.resample_chunk(last[:0], last=True)
                n_out += len(resampled)
                yield resampled
        if not n_out and len(last):  # a sample or two at a high rate round to none at a low one
            yield last[:1]
        if not start:
            self._conclude()

    def _mix(self, block: SoundBlock) -> npt.NDArray[np.float32]:
        """Mean of the channels, with all samples finite."""
        samples = block.samples
        self._seconds_read += samples.shape[1] / block.sample_rate
        weights = np.full(len(samples), 1 / len(samples), dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            mono = weights @ samples
        if not (np.abs(mono) <= LARGEST_SAMPLE).all():
            usable = np.abs(samples) <= LARGEST_SAMPLE
            self._n_not_finite += int(usable.size - np.count_nonzero(usable))
            mono = weights @ np.where(usable, samples, np.float32(0))
        return mono

    def _conclude(self) -> None:
        """Raise if nothing was read; else write the warnings."""
        if not self._seconds_read:
            damaged = self._decoder.n_damaged
            cause = "is damaged: nothing in it can be decoded" if damaged else "holds no samples"
            raise AudioError(f"{self.name} {cause}; fetch or export it again.")
        self.warnings.extend(f"{self.name} {fault}" for fault in self._list_faults())

    def _list_faults(self) -> Iterator[str]:
        decoder, seconds = self._decoder, self._seconds_read
        promised = decoder.info.promised_seconds or 0.0
        is_cut = promised - seconds > MISSING_SECONDS
        if is_cut:
            yield (
                f"is cut off or damaged: it should hold {promised:.1f} s, only {seconds:.1f} s could be read and used."
            )
        elif decoder.lacks_end:
            yield f"seems to be cut off: its end mark is missing; the {seconds:.1f} s before that were used."
        # The last packet of a file that is cut off is usually broken.
        n_inside = decoder.n_damaged - (1 if is_cut or decoder.lacks_end else 0)
        if n_inside > 0:
            yield f"is damaged or has gaps in {n_inside} place(s); times after them may be a little off."
        if self._n_not_finite:
            yield (
                f"holds {self._n_not_finite} sample(s) that are no usable numbers (NaN, infinite, enormous); "
                "they were taken as silence."
            )


def _skip(parts: Iterator[npt.NDArray[np.float32]], n_samples: int) -> Iterator[npt.NDArray[np.float32]]:
    """Leave out the first samples."""
    for part in parts:
        yield part[n_samples:]
        n_samples = max(0, n_samples - len(part))


def _cut(parts: Iterator[npt.NDArray[np.float32]], n_samples: int) -> Iterator[npt.NDArray[np.float32]]:
    """Join arrays of any length and cut them again into equal ones; the last may be shorter."""
    waiting: list[npt.NDArray[np.float32]] = []
    n_waiting = 0
    for part in parts:
        waiting.append(part)
        n_waiting += len(part)
        if n_waiting < n_samples:
            continue
        joined = np.concatenate(waiting)
        n_whole = n_waiting - n_waiting % n_samples
        yield from (joined[k : k + n_samples] for k in range(0, n_whole, n_samples))
        waiting, n_waiting = [joined[n_whole:]], n_waiting - n_whole
    if n_waiting:
        yield np.concatenate(waiting)
