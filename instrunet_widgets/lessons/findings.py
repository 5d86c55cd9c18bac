"""Findings of a table of experiments: what was compared, as lines or a table, and in words which choice is best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOWER_IS_BETTER = {"boundary_error_seconds"}

Row = dict[str, str]


@dataclass(frozen=True)
class Choice:
    """A setting and what it reached; `is_default` if the app begins with it."""

    name: str
    value: float
    is_default: bool = False


@dataclass(frozen=True)
class Line:
    """A line of a chart: its name, its points, and the one of them that is the app's default, if any is."""

    name: str
    points: tuple[tuple[float, float], ...]
    marked: tuple[float, float] | None = None


@dataclass(frozen=True)
class Finding:
    """The answer to a question: lines over `x_label`, or a table, and a note in words; all empty if not measured."""

    note: str = ""
    lines: tuple[Line, ...] = ()
    x_label: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def judge(choices: Sequence[Choice], measure: str, name: str) -> str:
    """Say which choice is best, which comes next, and where the app's default stands.

    Parameters
    ----------
    choices : sequence of Choice
        At least one.
    measure, name : str
        Column of the table, and what it is called.
    """
    is_low = measure in LOWER_IS_BETTER
    order = sorted(choices, key=lambda one: one.value if is_low else -one.value)
    best, default = order[0], next((one for one in order if one.is_default), None)
    text = f"{name} is {'lowest' if is_low else 'highest'} with {best.name}: {write_measure(best.value, measure)}"
    text += f"; next: {order[1].name}, {write_measure(order[1].value, measure)}." if len(order) > 1 else "."
    if default is None:
        return text
    if default is best:
        return f"{text} The first of them is the app's default."
    gap = abs(float(write_measure(default.value, measure)) - float(write_measure(best.value, measure)))
    distance = f"{write_measure(gap, measure)} {'more' if is_low else 'less'}" if gap else "as much"
    return f"{text} The app's default, {default.name}, is at {write_measure(default.value, measure)}: {distance}."


def tabulate(
    title: str, named: Sequence[tuple[str, Row, bool]], measures: Mapping[str, str]
) -> tuple[Finding, list[Choice]]:
    """A table of the measures that are there, judged by the first of them; and what was judged.

    Parameters
    ----------
    title : str
        Of the first column.
    named : sequence of (str, dict, bool)
        Name of a row, the row, and whether it is the app's default.
    measures : mapping of str to str
        Column of the file and its name.
    """
    known = [measure for measure in measures if any(read_number(row, measure) is not None for _, row, _ in named)]
    if not known:
        return Finding(), []
    first = known[0]
    choices = [
        Choice(name, value, is_default)
        for name, row, is_default in named
        if (value := read_number(row, first)) is not None
    ]
    rows = [
        (
            name + (" (default)" if is_default else ""),
            *(write_measure(read_number(row, measure), measure) for measure in known),
        )
        for name, row, is_default in named
    ]
    head = (title, *(measures[measure] for measure in known))
    return Finding(judge(choices, first, measures[first]), head=head, rows=tuple(rows)), choices


def read_number(row: Row, column: str) -> float | None:
    """A number of a row; None if it is missing, or no finite number."""
    try:
        value = float(row.get(column) or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def read_numbers(rows: Sequence[Row], column: str) -> list[float]:
    """The numbers of a column; what is missing, or no finite number, is left out."""
    return [value for row in rows if (value := read_number(row, column)) is not None]


def write_measure(value: float | None, measure: str) -> str:
    """Write a share with three digits, seconds with two."""
    if value is None:
        return "-"
    return f"{value:.2f}" if measure.endswith("_seconds") else f"{value:.3f}"
