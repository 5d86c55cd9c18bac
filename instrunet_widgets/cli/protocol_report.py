"""The report of ``instrunet evaluate --irmas-testing`` as tables in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..instruments import CODES, instrument_by_code
from ..wording import escape_unprintable
from .evaluation_report import format_measure, make_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ..training.bootstrap import Interval
    from ..training.irmas_protocol import ProtocolReport

_TITLES = {
    "strict_mean": "strict, mean",
    "strict_max": "strict, max",
    "best_threshold_mean": "best threshold, mean",
    "best_threshold_max": "best threshold, max",
    "best_threshold_normalised": "best threshold, normalised sum",
    "top_1": "most probable instrument only",
}
_MOST_REMARKS = 5


def print_protocol(report: ProtocolReport, console: Console) -> None:
    """Print what was scored and the three tables."""
    for line in describe_protocol(report):
        console.print(line)
    console.print("\nAll excerpts, with 95% intervals over songs")
    console.print(make_rows_table(report))
    console.print(
        "strict: the network's own thresholds, fitted on training data. best threshold: one number for all\n"
        "instruments, chosen on this very test set, as in most of the literature; compare it with nothing else."
    )
    console.print("\nPer class, strict under mean")
    console.print(make_class_table(report))
    console.print("\nConstant answers")
    console.print(make_floor_table(report))
    console.print(f"A perfect answer of one instrument an excerpt: micro F1 {report.top_1_ceiling['micro_f1']:.3f}")


def describe_protocol(report: ProtocolReport) -> list[str]:
    """Say which network was scored on what, and what was odd."""
    lines = [
        escape_unprintable(
            f"Model {report.model} on {report.n_excerpts} excerpts ({report.seconds / 60:.0f} minutes) of "
            f"{report.n_songs} songs in {report.folder}, {report.n_labels / report.n_excerpts:.2f} labels each"
        )
    ]
    absent = [code for code, n in report.labels.items() if not n]
    if absent:
        lines.append(f"No excerpts of {', '.join(absent)}: left out of the means over classes.")
    lines += [f"Note: {escape_unprintable(remark)}" for remark in report.remarks[:_MOST_REMARKS]]
    if len(report.remarks) > _MOST_REMARKS:
        lines.append(f"... and {len(report.remarks) - _MOST_REMARKS} more notes, all of them in the JSON.")
    return lines


def make_rows_table(report: ProtocolReport) -> Table:
    """One row for each way to read the scores."""
    table = make_table("reading", "from", "micro F1", "interval", "prec.", "recall", "macro F1", "interval", "LRAP")
    for name, row in report.rows.items():
        scores = row.scores
        table.add_row(
            _TITLES[name],
            "own" if row.thresholds == "model" else "-" if row.thresholds is None else f"{row.thresholds:.2f}",
            format_measure(scores.micro_f1),
            _format_interval(row.intervals.micro_f1),
            format_measure(scores.micro_precision),
            format_measure(scores.micro_recall),
            format_measure(scores.macro_f1),
            _format_interval(row.intervals.macro_f1),
            format_measure(scores.lrap),
        )
    return table


def make_class_table(report: ProtocolReport) -> Table:
    """One row per instrument."""
    row = report.rows["strict_mean"]
    table = make_table("class", "excerpts", "from", "F1", "interval", "prec.", "recall", "AUC", "AP")
    for found, interval in zip(row.scores.per_class, row.intervals.per_class_f1, strict=True):
        measures = (found.precision, found.recall, found.roc_auc, found.average_precision)
        table.add_row(
            f"{found.code} {instrument_by_code(found.code).name}",
            str(found.n_positives),
            f"{found.threshold:.2f}",
            format_measure(found.f1),
            _format_interval(interval),
            *map(format_measure, measures),
        )
    return table


def make_floor_table(report: ProtocolReport) -> Table:
    """One row per constant answer."""
    table = make_table("always", "micro F1", "macro F1")
    for name, measures in report.floors.items():
        said = f"all {len(CODES)}" if name == "all" else name.replace("+", ", ")
        table.add_row(said, format_measure(measures["micro_f1"]), format_measure(measures["macro_f1"]))
    return table


def _format_interval(interval: Interval | None) -> str:
    return "-" if interval is None else f"{interval.low:.3f}-{interval.high:.3f}"
