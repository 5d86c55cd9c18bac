"""A model's own thresholds ("auto"): those of a network, for recordings of any length, and those of one recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import BoolArray, FloatArray, freeze_array
from .config import WindowConfig

_NAMES = ("window", "recording_mean", "recording_max")


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Thresholds for one recording, one per instrument.

    Parameters
    ----------
    window : np.ndarray [shape=(n_instruments,), dtype=float32]
        For single windows: where segments begin and end.
    recording_mean, recording_max : np.ndarray [shape=(n_instruments,), dtype=float32]
        For the score of a whole recording under mean and max aggregation.

    Raises
    ------
    ValueError
        If the lengths differ or a value is outside [0, 1].
    """

    window: FloatArray
    recording_mean: FloatArray
    recording_max: FloatArray

    def __post_init__(self) -> None:
        n_instruments = len(np.atleast_1d(self.window))
        for name in _NAMES:
            _check_range(name, freeze_array(self, name, np.float32, (n_instruments,)))


@dataclass(frozen=True, eq=False)
class ModelThresholds:
    """Thresholds of a network, from which those of a recording follow.

    The longer a recording, the less of it most of its instruments play, and the more its mean evens out: what one
    window must reach, the mean over a hundred hardly ever does.

    Parameters
    ----------
    window : np.ndarray [shape=(n_instruments,), dtype=float32]
        For single windows.
    n_windows : np.ndarray [shape=(n_lengths,), dtype=float32]
        Lengths that `recording_mean` was fitted for, in windows of the usual hop; at least 1, ascending.
    recording_mean : np.ndarray [shape=(n_lengths, n_instruments), dtype=float32]
        For the mean of recordings of these lengths.
    recording_max : np.ndarray [shape=(n_instruments,), dtype=float32]
        For the loudest window of recordings of any length.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is outside [0, 1], or the lengths do not ascend from 1 or more.
    """

    window: FloatArray
    n_windows: FloatArray
    recording_mean: FloatArray
    recording_max: FloatArray

    def __post_init__(self) -> None:
        n_instruments = len(np.atleast_1d(self.window))
        lengths = freeze_array(self, "n_windows", np.float32, (None,))
        if not len(lengths) or lengths[0] < 1 or (np.diff(lengths) <= 0).any():
            raise ValueError("n_windows must ascend from 1 or more")
        shapes = {"window": (n_instruments,), "recording_max": (n_instruments,)}
        for name in _NAMES:
            _check_range(name, freeze_array(self, name, np.float32, shapes.get(name, (len(lengths), n_instruments))))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> ModelThresholds:
        """Read them as `to_dict` writes them.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing or is no number, or as for the class.
        """
        return cls(*(np.asarray(content[name], dtype=np.float32) for name in cls.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """For ``model.json``: a list for each field, with six digits after the point."""
        fields = {name: getattr(self, name).astype(float).round(6) for name in self.__dataclass_fields__}
        return {name: array.tolist() for name, array in fields.items()}

    def at(self, n_windows: float) -> Thresholds:
        """Thresholds for a recording of some length: those for the mean interpolated over its logarithm.

        Parameters
        ----------
        n_windows : float
            Sounding windows, at the usual hop. Beyond the lengths that were fitted the nearest one counts.
        """
        place = np.interp(np.log(max(n_windows, 1.0)), np.log(self.n_windows), np.arange(len(self.n_windows)))
        below, share = int(place), place - int(place)
        above = min(below + 1, len(self.n_windows) - 1)
        mean = (1 - share) * self.recording_mean[below] + share * self.recording_mean[above]
        return Thresholds(self.window, mean, self.recording_max)

    def of_recording(self, silent: BoolArray, hop_seconds: float) -> Thresholds:
        """Thresholds for a recording.

        Parameters
        ----------
        silent : np.ndarray [shape=(n_windows,), dtype=bool]
            Windows without sound, which aggregation leaves out.
        hop_seconds : float
            Time between window starts, s. Windows at a closer hop than usual do not make a recording longer.
        """
        return self.at(float((~silent).sum()) * hop_seconds / WindowConfig().hop_seconds)


def _check_range(name: str, array: FloatArray) -> None:
    if ((array < 0) | (array > 1)).any():
        raise ValueError(f"{name} thresholds must lie in [0, 1]")
