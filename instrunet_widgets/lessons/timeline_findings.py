"""What settings of the timeline did on many pieces and recordings: the widget on `timeline_questions`."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from ..app.charts.frame import label_ticks
from .chart import ACCENT, BAD, GOOD, MUTED, WARN, Axis, Chart, round_ticks, set_line
from .findings import LOWER_IS_BETTER, Line, Row
from .material import model_folder, read_table
from .panel import Panel, knob, knobs, swatches
from .tables import write_table
from .timeline_questions import QUESTIONS, Question

FILE = "timeline_experiments.csv"
_COLOURS = (GOOD, WARN, ACCENT, BAD, MUTED)
_STYLES = ("dash_dotted", "dashed", "solid", "dotted", "solid")
_LEAST_SPAN = 0.1  # of shares: what differs by less than a tenth looks as if it does


def read_findings(folder: Path | None = None) -> list[Row]:
    """Read the table; no rows if it is missing.

    Parameters
    ----------
    folder : Path, optional
        Default: where the networks are.

    Raises
    ------
    LessonStop
        If it is there and cannot be read.
    """
    return read_table((folder or model_folder().parent) / FILE, ("experiment",))


class TimelineFindings(Panel):
    """What was measured about one question at a time.

    Parameters
    ----------
    rows : sequence of dict
        Of `read_findings`.

    Attributes
    ----------
    question, measure : ipywidgets.Dropdown
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self.question = widgets.Dropdown(options=[(one.title, one) for one in QUESTIONS])
        self.measure = widgets.Dropdown()
        self.chart = Chart("On the pieces", Axis(1, 7), Axis(0, 1), height=220)
        self._lines = [
            self.chart.add_line(colour, width=2, line_style=style)
            for colour, style in zip(_COLOURS, _STYLES, strict=True)
        ]
        self._dot = self.chart.add_dots(ACCENT, 110)
        self._stage, self._words = widgets.VBox(), widgets.HTML()
        self._measure_knob = knob("Measure", self.measure)
        controls = knobs(knob("Question", self.question), self._measure_knob)
        super().__init__([controls, self._stage, self._words], title="What was measured")
        self.question.observe(self._ask, "value")
        self.measure.observe(self._draw, "value")
        self._ask()

    def _ask(self, _: Any = None) -> None:
        question: Question = self.question.value
        self.measure.options = [(name, measure) for measure, name in question.measures.items()]
        self.measure.value = next(iter(question.measures), None)  # after an empty list none is chosen
        self._measure_knob.layout.display = None if question.measures else "none"
        self._draw()

    def _draw(self, _: Any = None) -> None:
        question: Question = self.question.value
        finding = question.find(self._rows, self.measure.value or "")
        lines = finding.lines[: len(_COLOURS)]
        self._stage.children = [self.chart] if lines else []  # a hidden figure of bqplot gets sizes below 0
        if lines:
            self._show_lines(lines, finding.x_label)
        note = finding.note or "This has not been measured here yet; 'instrunet experiments timeline' does it."
        source = question.tell_source(self._rows) if finding.note else ""
        paragraphs = "".join(f"<p>{html.escape(text)}</p>" for text in (note, source) if text)
        self._words.value = write_table(finding.head, finding.rows) + paragraphs

    def _show_lines(self, lines: Sequence[Line], x_label: str) -> None:
        for mark, line in zip(self._lines, [*lines, *[Line("", ())] * (len(_COLOURS) - len(lines))], strict=True):
            set_line(mark, [x for x, _ in line.points], [y for _, y in line.points])
        marked = [(line.marked, colour) for line, colour in zip(lines, _COLOURS, strict=False) if line.marked]
        set_line(self._dot, [x for (x, _), _ in marked], [y for (_, y), _ in marked])
        self._dot.colors = [colour for _, colour in marked] or [ACCENT]
        key = swatches({line.name: colour for line, colour in zip(lines, _COLOURS, strict=False)})
        self.chart.explain(key + (" (dot: the app's default)" if marked else ""))
        self._scale([point for line in lines for point in line.points], x_label)

    def _scale(self, points: Sequence[tuple[float, float]], x_label: str) -> None:
        """Give both axes the range of the points; shares at least a tenth of it, seconds from 0."""
        values = [y for _, y in points]
        if self.measure.value in LOWER_IS_BETTER:
            low, high = 0.0, 1.05 * max(values)
        else:
            middle, half = (min(values) + max(values)) / 2, max(_LEAST_SPAN, max(values) - min(values)) * 0.55
            low = max(0.0, middle - half)
            high = max(middle + half, low + _LEAST_SPAN)
        scale = self.chart.scales["y"]
        with scale.hold_sync():
            scale.min, scale.max = low, max(high, 1e-3)
        label_ticks(self.chart.y_axis, round_ticks(low, max(high, 1e-3)))
        numbers = sorted({x for x, _ in points})
        self.chart.x_axis.label = x_label
        self.chart.set_range(numbers[0], max(numbers[-1], numbers[0] + 1), {x: f"{x:g}" for x in numbers})
