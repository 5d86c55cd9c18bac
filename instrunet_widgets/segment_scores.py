"""How well time ranges fit labels: by seconds, and range by range. For lessons and for one's own label files.

Two views of the same thing, each instrument for itself and then all together (micro):

- *Seconds*: of the time that is claimed, how much is right (precision); of the time that is labelled, how much was
  found (recall). Long ranges count more. It is the overlap that segment-based measures count in small steps [1]_,
  taken exactly.
- *Ranges*: a found range matches a labelled one of the same instrument if it begins at most `tolerance_seconds` from it
  and ends at most that, or a fifth of the label's length, from it; every range matches one at most. It is the
  definition of transcription scores in mir_eval [2]_, with instruments in place of pitches.

References
----------
.. [1] A. Mesaros, T. Heittola, T. Virtanen, "Metrics for polyphonic sound event detection", Appl. Sci. 6(6), 2016.
.. [2] C. Raffel et al., "mir_eval: a transparent implementation of common MIR metrics", ISMIR 2014.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

OFFSET_SHARE = 0.2  # of a label's length
DEFAULT_TOLERANCE_SECONDS = 1.5  # a window of the network every 1.5 s
_DECIMALS = 4  # of distances, s


class TimeRange(Protocol):
    """What is compared: a `Segment` or a `LabelledRange`."""

    @property
    def instrument(self) -> str:
        """IRMAS code."""
        ...

    @property
    def start(self) -> float:
        """Seconds."""
        ...

    @property
    def end(self) -> float:
        """Seconds."""
        ...


@dataclass(frozen=True)
class RangeScore:
    """Precision and recall of time ranges.

    Parameters
    ----------
    right, found, labelled : float
        Seconds, or numbers of ranges: found and labelled, found at all, labelled at all.
    """

    right: float
    found: float
    labelled: float

    @property
    def precision(self) -> float:
        """Share of what was found that is right; 0 if nothing was found."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Share of what is labelled that was found; 0 if nothing is labelled."""
        return self.right / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two; 0 if nothing is right."""
        return 2 * self.right / (self.found + self.labelled) if self.right else 0.0

    def __add__(self, other: RangeScore) -> RangeScore:
        return RangeScore(self.right + other.right, self.found + other.found, self.labelled + other.labelled)


@dataclass(frozen=True)
class Comparison:
    """Found ranges compared with labels.

    Parameters
    ----------
    by_instrument : dict of str to RangeScore
        Instruments that are found or labelled, by code.
    """

    by_instrument: dict[str, RangeScore]

    @property
    def total(self) -> RangeScore:
        """All instruments together."""
        return sum(self.by_instrument.values(), RangeScore(0, 0, 0))


def compare_seconds(found: Iterable[TimeRange], labelled: Iterable[TimeRange]) -> Comparison:
    """Compare by seconds.

    Parameters
    ----------
    found, labelled : iterable of Segment or LabelledRange
        Overlapping ranges of one instrument count once.

    Returns
    -------
    comparison : Comparison
        Seconds.

    Examples
    --------
    >>> from instrunet_widgets.examples import LabelledRange
    >>> comparison = compare_seconds([LabelledRange("pia", 0, 4)], [LabelledRange("pia", 1, 9)])
    >>> comparison.total.right, comparison.total.precision, comparison.total.recall
    (3.0, 0.75, 0.375)
    """
    ours, theirs = _group(found), _group(labelled)
    scores = {}
    for code in sorted({*ours, *theirs}):
        first, second = _join(ours.get(code, [])), _join(theirs.get(code, []))
        scores[code] = RangeScore(_overlap(first, second), _length(first), _length(second))
    return Comparison(scores)


def compare_ranges(
    found: Iterable[TimeRange],
    labelled: Iterable[TimeRange],
    tolerance_seconds: float = DEFAULT_TOLERANCE_SECONDS,
) -> Comparison:
    """Compare range by range.

    Parameters
    ----------
    found, labelled : iterable of Segment or LabelledRange
    tolerance_seconds : float
        How far off a beginning may be, s; an end may be that far off, or a fifth of the label's length if that is more.

    Returns
    -------
    comparison : Comparison
        Numbers of ranges; each found range matches one labelled range at most.

    Examples
    --------
    >>> from instrunet_widgets.examples import LabelledRange
    >>> found = [LabelledRange("pia", 1, 8.2), LabelledRange("pia", 12, 14)]
    >>> compare_ranges(found, [LabelledRange("pia", 0, 10)]).total  # the end may be 2 s off
    RangeScore(right=1, found=2, labelled=1)
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    ours, theirs = _group(found), _group(labelled)
    scores = {}
    for code in sorted({*ours, *theirs}):
        first, second = _as_array(ours.get(code, [])), _as_array(theirs.get(code, []))
        off = np.round(np.abs(first[:, np.newaxis] - second[np.newaxis]), _DECIMALS)
        allowed = np.maximum(tolerance_seconds, OFFSET_SHARE * (second[:, 1] - second[:, 0]))
        fits = (off[..., 0] <= tolerance_seconds) & (off[..., 1] <= allowed)
        n_right = int((maximum_bipartite_matching(csr_array(fits)) >= 0).sum()) if fits.any() else 0
        scores[code] = RangeScore(n_right, len(first), len(second))
    return Comparison(scores)


def _group(ranges: Iterable[TimeRange]) -> dict[str, list[tuple[float, float]]]:
    grouped: dict[str, list[tuple[float, float]]] = {}
    for one in ranges:
        grouped.setdefault(one.instrument, []).append((one.start, one.end))
    return grouped


def _as_array(ranges: Sequence[tuple[float, float]]) -> npt.NDArray[np.float64]:
    return np.array(ranges, dtype=np.float64).reshape(-1, 2)


def _join(ranges: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Ranges in order, those that overlap or touch as one."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _length(ranges: Sequence[tuple[float, float]]) -> float:
    return float(sum(end - start for start, end in ranges))


def _overlap(first: Sequence[tuple[float, float]], second: Sequence[tuple[float, float]]) -> float:
    return float(
        sum(max(0.0, min(end, other_end) - max(start, other)) for start, end in first for other, other_end in second)
    )
