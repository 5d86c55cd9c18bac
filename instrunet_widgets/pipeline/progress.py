"""What a running analysis tells: how far it is, what it has found so far, where its time goes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from ..results import Analysis, BoolArray, FloatArray

Item = TypeVar("Item")


@dataclass(frozen=True)
class Progress:
    """How far an analysis has come.

    Parameters
    ----------
    stage : {"opening", "listening", "done"}
        Loading the network and opening the file; classifying windows; everything finished.
    seconds_done : float
        How much of the recording has been classified, s.
    seconds_total : float or None
        Length of the recording, s; an estimate until the stage is "done", None if the file does not tell.
    fraction : float in [0, 1] or None
        `seconds_done` of `seconds_total`; None if that is not known.
    """

    stage: Literal["opening", "listening", "done"]
    seconds_done: float
    seconds_total: float | None
    fraction: float | None


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """The results of neighbouring windows, handed out while the recording is still being read.

    Parameters
    ----------
    starts : np.ndarray [shape=(n_windows,), dtype=float64]
        Window starts, s.
    probabilities : np.ndarray [shape=(n_windows, n_instruments), dtype=float32]
        Calibrated probabilities; rows of silent windows are 0.
    silent : np.ndarray [shape=(n_windows,), dtype=bool]
    progress : Progress
        How far the analysis is after this batch.
    analysis : Analysis or None
        The whole result; only on the last batch.
    """

    starts: npt.NDArray[np.float64]
    probabilities: FloatArray
    silent: BoolArray
    progress: Progress
    analysis: Analysis | None = None


@dataclass
class StageTimes:
    """A stopwatch per stage, filled while an analysis runs.

    Attributes
    ----------
    seconds : dict of str to float
        "load" (the network), "decode" (the file; beside the others, on a thread of its own), "features", "network",
        "overview".
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time spent inside the ``with`` block to `stage`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began

    def measure_each(self, stage: str, items: Iterable[Item]) -> Iterator[Item]:
        """Iterate over `items` and add the time that they take to come to `stage`."""
        iterator = iter(items)
        while True:
            with self.measure(stage):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item
