"""The results as tables for people to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ..instruments import instrument_by_code
from ..results import Analysis, Timeline
from ..summary import explain_nothing, list_facts
from ..wording import (
    SCOPE_SENTENCE,
    confidence_in_words,
    escape_unprintable,
    format_percent,
    format_time,
    list_time_ranges,
)

if TYPE_CHECKING:
    from rich.console import Console

MAX_RANGES = 12
_BAR_CELLS = 10
_NARROW = 64


@dataclass(frozen=True)
class SummaryRow:
    """One recording in the table of several.

    Parameters
    ----------
    name : str
        File name.
    duration : float or None
        Seconds; None if the recording could not be analysed.
    detected : tuple of str
        What was heard, ready to show, highest score first.
    remark : str
        What else there is to say; empty if nothing.
    """

    name: str
    duration: float | None
    detected: tuple[str, ...] = ()
    remark: str = ""


def print_report(console: Console, analysis: Analysis, timeline: Timeline) -> None:
    """Print the table of one recording, with a line for what is heard only in parts."""
    _print(console, _describe_recording(analysis))
    console.print()
    if timeline.detected:
        console.print(_make_table(console, timeline))
    else:
        _print(console, explain_nothing(analysis, timeline))
    if timeline.heard_in_parts:
        console.print()
        _print(console, "Heard only in parts:")
        console.print(_list_in_parts(console, timeline))
    console.print()
    _print(console, SCOPE_SENTENCE)


def summarise(analysis: Analysis, timeline: Timeline) -> SummaryRow:
    """Make the row that stands for one recording among several."""
    detected = tuple(_name_with_confidence(code, timeline) for code in timeline.detected)
    in_parts = ", ".join(_name_with_confidence(code, timeline) for code in timeline.heard_in_parts)
    remark = f"in parts: {in_parts}" if in_parts else ""
    if not detected and not in_parts:
        remark = "silent throughout" if analysis.silent.all() else "no instrument reaches its threshold"
    return SummaryRow(analysis.audio_name, analysis.duration, detected, remark)


def print_summary(console: Console, rows: Sequence[SummaryRow]) -> None:
    """Print one table with a row for each recording."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Recording", overflow="fold")
    table.add_column("Length", justify="right", no_wrap=True)
    table.add_column("Instruments", overflow="fold")
    for row in rows:
        length = "" if row.duration is None else format_time(row.duration)
        instruments = "; ".join(part for part in (", ".join(row.detected), row.remark) if part)
        table.add_row(Text(escape_unprintable(row.name)), length, Text(instruments))
    console.print(table)
    console.print()
    _print(console, SCOPE_SENTENCE)


def _make_table(console: Console, timeline: Timeline) -> Table:
    has_bar = console.width >= _NARROW
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Instrument", overflow="fold", no_wrap=True)
    table.add_column("Confidence", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    if has_bar:
        table.add_column("Score", no_wrap=True)
    table.add_column("When", overflow="fold")
    for code in timeline.detected:
        confidence = timeline.confidence_of(code)
        cells = [
            Text(_label(code, console)),
            Text(confidence_in_words(confidence)),
            Text(format_percent(confidence)),
            *([_draw_bar(code, timeline.score_of(code), console)] if has_bar else []),
            Text(timeline.describe_when(code, max_ranges=MAX_RANGES)),
        ]
        table.add_row(*cells)
    return table


def _list_in_parts(console: Console, timeline: Timeline) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for options in ({"no_wrap": True}, {"no_wrap": True}, {"justify": "right", "no_wrap": True}, {"overflow": "fold"}):
        table.add_column(**options)
    for code in timeline.heard_in_parts:
        confidence = timeline.confidence_of(code)
        ranges = [(segment.start, segment.end) for segment in timeline.segments_of(code)]
        cells = (_label(code, console), confidence_in_words(confidence), format_percent(confidence))
        table.add_row(*map(Text, cells), Text(list_time_ranges(ranges, MAX_RANGES)))
    return table


def _describe_recording(analysis: Analysis) -> str:
    return f"{escape_unprintable(analysis.audio_name)} ({', '.join(list_facts(analysis))})"


def _name_with_confidence(code: str, timeline: Timeline) -> str:
    confidence = timeline.confidence_of(code)
    return f"{instrument_by_code(code).name} ({confidence_in_words(confidence)}, {format_percent(confidence)})"


def _label(code: str, console: Console) -> str:
    instrument = instrument_by_code(code)
    return instrument.name if console.options.ascii_only else f"{instrument.icon} {instrument.name}"


def _draw_bar(code: str, score: float, console: Console) -> Text:
    full, empty = ("#", ".") if console.options.ascii_only else ("█", "░")
    n_full = round(score * _BAR_CELLS)
    bar = Text(full * n_full, style=instrument_by_code(code).colour)
    return bar.append(empty * (_BAR_CELLS - n_full), style="dim")


def _print(console: Console, sentence: str) -> None:
    console.print(Text(sentence, overflow="fold"))
