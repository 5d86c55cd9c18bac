"""The report of ``instrunet evaluate --solo`` as tables in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..instruments import CODES, instrument_by_code
from ..wording import escape_unprintable
from .evaluation_report import format_measure, make_table

if TYPE_CHECKING:
    from rich.console import Console

    from ..training.solo import SoloReport


def print_solo(report: SoloReport, console: Console) -> None:
    """Print what was heard, per class and as a confusion table."""
    of_split = f", test part of {report.split}" if report.split else ""
    console.print(
        escape_unprintable(
            f"Model {report.model} on {len(report.recordings)} solo recordings of {report.folder}{of_split}"
        )
    )
    if report.n_trained is None:
        console.print("Warning: the model does not say what it was trained on; these recordings may be among it.")
    elif report.n_trained:
        console.print(f"Warning: {report.n_trained} of them were trained on; the figures say little about new ones.")
    console.print(
        f"Right: {report.n_right} of {len(report.recordings)} ({report.accuracy:.3f}); "
        f"mean over classes {report.class_mean_accuracy:.3f}"
    )
    table = make_table("class", "n", "right", "accuracy")
    for code, row in report.per_class.items():
        if row["n"]:
            name = f"{code} {instrument_by_code(code).name}"
            table.add_row(name, str(row["n"]), str(row["n_right"]), format_measure(row["accuracy"]))
    console.print(table)
    console.print("\nRecordings by instrument (rows) and what was heard, highest mean (columns)")
    confusion = make_table("plays \\ heard", *CODES, "none")
    for code, counts in zip(CODES, report.confusion, strict=True):
        if any(counts):
            confusion.add_row(code, *(str(count) if count else "." for count in counts))
    console.print(confusion)
