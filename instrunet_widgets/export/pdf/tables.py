"""Tables of the report, and the small bars in them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, LongTable, Paragraph, Table

from ...instruments import instrument_by_code
from ...plotting.charts import LINE, MUTED, TEXT
from ...results import Segment
from ...summary import format_share
from ...wording import confidence_in_words, format_percent, format_time, presence_in_words
from ..statistics import InstrumentStatistics
from .fonts import BOLD, REGULAR
from .pages import WIDTH

BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9, leading=13.5, textColor=TEXT)
NOTE = ParagraphStyle("note", BODY, fontSize=7.5, leading=11, textColor=MUTED)
TITLE = ParagraphStyle("title", BODY, fontName=BOLD, fontSize=19, leading=25, spaceAfter=3)
LONG_TITLE = ParagraphStyle("long title", TITLE, fontSize=13, leading=18)
HEADING = ParagraphStyle("heading", BODY, fontName=BOLD, fontSize=12, leading=16, spaceBefore=12, spaceAfter=5)
CELL = ParagraphStyle("cell", BODY, fontSize=8, leading=10.5)
NUMBER = ParagraphStyle("number", CELL, alignment=TA_RIGHT)
_HEAD = ParagraphStyle("head", CELL, fontName=BOLD, fontSize=7.5, leading=9.5, textColor=MUTED)
_NUMBER_HEAD = ParagraphStyle("number-head", _HEAD, alignment=TA_RIGHT)
RANGE_WIDTHS = (4, 80, 46, 46, 33, 31)
_SHORT_SECONDS = 60
_NONE = "\u2013"
_RULES = [
    ("FONT", (0, 0), (-1, -1), REGULAR, 8, 9),
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, MUTED),
    ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("LEFTPADDING", (0, 0), (-1, -1), 2),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("TOPPADDING", (0, 0), (-1, -1), 2.6),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.6),
]


class Swatch(Flowable):
    """A small square in an instrument's colour."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.width = self.height = 7.0
        self._colour = instrument_by_code(code).colour

    def draw(self) -> None:
        """Draw it where the canvas stands."""
        self.canv.setFillColor(self._colour)
        self.canv.roundRect(0, 0, self.width, self.height, 1.5, stroke=0, fill=1)


class Bar(Flowable):
    """A score as a bar with a tick at its threshold, as on screen."""

    def __init__(self, statistics: InstrumentStatistics, width: float) -> None:
        super().__init__()
        self.width, self.height = width, 6.0
        self._statistics = statistics

    def draw(self) -> None:
        """Draw it where the canvas stands."""
        canvas, one = self.canv, self._statistics
        canvas.setFillColor(LINE)
        canvas.rect(0, 0, self.width, self.height, stroke=0, fill=1)
        canvas.setFillColor(instrument_by_code(one.code).colour)
        canvas.rect(0, 0, self.width * one.score, self.height, stroke=0, fill=1)
        canvas.setStrokeColor(TEXT)
        canvas.setLineWidth(1)
        canvas.line(self.width * one.threshold, -2, self.width * one.threshold, self.height + 2)


def make_summary(statistics: Sequence[InstrumentStatistics], duration: float) -> Table:
    """A table of what is heard: how surely, how much of the time, from when to when."""
    tenths = duration < _SHORT_SECONDS
    head = ["", "Instrument", "How sure", "", "Score", "Heard", "Share", "First", "Last", "Mean", "Highest", "Spread"]
    rows = [
        [
            Swatch(one.code),
            Paragraph(instrument_by_code(one.code).name, CELL),
            Paragraph(confidence_in_words(one.confidence), CELL),
            _percent(one.confidence),
            _percent(one.score),
            Paragraph(presence_in_words(one.presence) if one.n_ranges else _NONE, CELL),
            _number(format_share(one.presence)) if one.n_ranges else _number(_NONE),
            _time(one.first, tenths),
            _time(one.last, tenths),
            _percent(one.mean),
            _percent(one.highest),
            _number(f"\u00b1{100 * one.spread:.0f}"),
        ]
        for one in statistics
    ]
    return _make_table(head, rows, (13, 73, 48, 38, 34, 61, 35, 40, 40, 34, 42, None), n_text=(1, 2, 5))


def make_scores(statistics: Sequence[InstrumentStatistics]) -> Table:
    """A table of all instruments, heard or not."""
    head = ["", "Instrument", "", "Score", "Threshold", "Verdict", "Ranges", "Share", "Mean", "Highest", "Spread"]
    rows = [
        [
            Swatch(one.code),
            Paragraph(instrument_by_code(one.code).name, CELL),
            Bar(one, 58),
            _number(f"{one.score:.3f}"),
            _number(f"{one.threshold:.3f}"),
            Paragraph("detected" if one.is_detected else "in parts" if one.n_ranges else _NONE, CELL),
            _number(str(one.n_ranges)),
            _number(f"{one.presence:.3f}"),
            _number(f"{one.mean:.3f}"),
            _number(f"{one.highest:.3f}"),
            _number(f"{one.spread:.3f}"),
        ]
        for one in statistics
    ]
    return _make_table(head, rows, (13, 80, 64, 34, 50, 56, 40, 35, 35, 44, None), n_text=(1, 5))


def make_facts(facts: Sequence[tuple[str, str]]) -> Table:
    """Names and values below each other; values are markup."""
    rows = [[Paragraph(name, NOTE), Paragraph(value, CELL)] for name, value in facts]
    table = Table(rows, colWidths=(110, WIDTH - 110), hAlign="LEFT")
    table.setStyle([rule for rule in _RULES if rule[0] != "LINEBELOW"] + [("VALIGN", (0, 0), (-1, -1), "TOP")])
    return table


def make_ranges(segments: Sequence[Segment]) -> LongTable:
    """A table of time ranges, of any length; its head is repeated in every column of every page."""
    rows = [
        (
            "",
            instrument_by_code(segment.instrument).name,
            format_time(segment.start, tenths=True),
            format_time(segment.end, tenths=True),
            format_time(segment.duration, tenths=True),
            format_percent(segment.confidence),
        )
        for segment in segments
    ]
    head = ("", "Instrument", "From", "To", "Length", "Sure")
    table = LongTable([head, *rows], colWidths=RANGE_WIDTHS, rowHeights=13, repeatRows=1, hAlign="LEFT")
    swatches = [
        ("BACKGROUND", (0, row), (0, row), instrument_by_code(segment.instrument).colour)
        for row, segment in enumerate(segments, start=1)
    ]
    fonts = [
        ("FONT", (0, 0), (-1, 0), BOLD, 7.5, 9),
        ("TEXTCOLOR", (0, 0), (-1, 0), MUTED),
        ("TEXTCOLOR", (0, 1), (-1, -1), TEXT),
        ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
        ("LEFTPADDING", (1, 0), (1, -1), 5),
    ]
    table.setStyle([*_RULES, *fonts, *swatches])
    return table


def _make_table(
    head: Sequence[str], rows: Sequence[Sequence[Any]], widths: Sequence[float | None], *, n_text: tuple[int, ...]
) -> Table:
    """A table over the whole width; the column of width None takes what is left."""
    rest = WIDTH - sum(width for width in widths if width)
    heads = [Paragraph(text, _HEAD if k in n_text else _NUMBER_HEAD) for k, text in enumerate(head)]
    table = Table([heads, *rows], colWidths=[width or rest for width in widths], repeatRows=1, hAlign="LEFT")
    # Text beside numbers that end at its left keeps its distance.
    table.setStyle([*_RULES, *(("LEFTPADDING", (k, 0), (k, -1), 9) for k in n_text if k > 2)])
    return table


def _percent(value: float) -> Paragraph:
    return _number(format_percent(value))


def _time(seconds: float | None, tenths: bool) -> Paragraph:
    return _number(_NONE if seconds is None else format_time(seconds, tenths=tenths))


def _number(text: str) -> Paragraph:
    return Paragraph(escape(text.replace(" ", "\u00a0")), NUMBER)
