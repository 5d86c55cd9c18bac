"""Charts with a row for each of the eleven instruments, the first at the top."""

from __future__ import annotations

from collections.abc import Sequence

import bqplot
import numpy as np
import numpy.typing as npt

from ..app.charts.colours import line_colour
from ..instruments import CODES, INSTRUMENTS, N_INSTRUMENTS
from .chart import Axis, Chart, set_line

ROWS = N_INSTRUMENTS - 0.5 - np.arange(N_INSTRUMENTS)


class InstrumentChart(Chart):
    """A chart whose rows are instruments.

    Parameters
    ----------
    title : str
    x : Axis
    row_pixels : int
        Height of a row, px.
    explanation : str
        HTML beside the title.
    """

    def __init__(self, title: str, x: Axis, row_pixels: int, *, explanation: str = "") -> None:
        names = {float(row): one.name for row, one in zip(ROWS, INSTRUMENTS, strict=True)}
        rows = Axis(0, N_INSTRUMENTS, "", names)
        super().__init__(title, x, rows, explanation=explanation, height=row_pixels * N_INSTRUMENTS, has_names=True)

    def add_bars(self, width: float = 10, colour: str = "") -> list[bqplot.Lines]:
        """Add a bar for each instrument, still invisible, in its own colour or all in one; see `set_bars`."""
        return [self.add_line(colour or line_colour(code), width=width) for code in CODES]


def set_bars(bars: Sequence[bqplot.Lines], lengths: npt.ArrayLike, above: float = 0.0) -> None:
    """Give the bars of the instruments other lengths.

    Parameters
    ----------
    bars : sequence of bqplot.Lines
    lengths : array_like [shape=(11,)]
        From 0 on; what is 0 or NaN is not drawn.
    above : float
        How far above the middle of their rows, in rows.
    """
    for row, length, bar in zip(ROWS + above, np.asarray(lengths, dtype=np.float64), bars, strict=True):
        set_line(bar, [0, length] if length > 0 else [], [row, row] if length > 0 else [])
