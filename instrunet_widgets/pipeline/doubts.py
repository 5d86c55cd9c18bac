"""Why the result of a recording may mean little although it could be read: said as warnings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..arrays import FloatArray
from ..wording import format_seconds

# A struck or plucked note needs about this long to show what made it.
SHORTEST_TELLING_SECONDS = 0.2
SMALLEST_OFFSET = 1e-3


class SoundDoubts:
    """Gathers, block by block, what speaks against a recording.

    Parameters
    ----------
    name : str
        What the sentences call the recording.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._n_samples = 0
        self._sum = 0.0
        self._energy = 0.0

    def add(self, block: FloatArray) -> None:
        """Take the next samples.

        Parameters
        ----------
        block : np.ndarray [shape=(n_samples,), dtype=float32]
        """
        self._n_samples += len(block)
        self._sum += float(block.sum(dtype=np.float64))
        self._energy += float(np.dot(block, block))

    def list_sentences(self, sample_rate: int) -> Iterator[str]:
        """Say what was found.

        Parameters
        ----------
        sample_rate : int
            Of the blocks, Hz.
        """
        seconds = self._n_samples / sample_rate
        if seconds < SHORTEST_TELLING_SECONDS:
            yield (
                f"{self._name} is too short to tell instruments apart ({format_seconds(seconds)}), so the answer means "
                "little; take a longer recording."
            )
        offset = abs(self._sum) / max(1, self._n_samples)
        sound = max(0.0, self._energy / max(1, self._n_samples) - offset**2) ** 0.5
        if offset > max(sound, SMALLEST_OFFSET) and self._n_samples > 1:
            yield (
                f"{self._name} is mostly a constant offset (DC), which is no sound, so the answer means little; "
                "check how it was recorded, or remove the offset in an audio editor."
            )
