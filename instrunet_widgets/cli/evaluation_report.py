"""The report of ``instrunet evaluate`` as tables in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..instruments import CODES, instrument_by_code
from ..wording import escape_unprintable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ..training.evaluate import Evaluation
    from ..training.measures import Scores

_SUMMARY_ROWS = (
    ("accuracy, most probable class", "accuracy"),
    ("macro F1, most probable class", "argmax_macro_f1"),
    ("micro F1 at the thresholds", "micro_f1"),
    ("   precision", "micro_precision"),
    ("   recall", "micro_recall"),
    ("macro F1 at the thresholds", "macro_f1"),
    ("ROC-AUC, mean over classes", "roc_auc"),
    ("average precision, mean over classes", "average_precision"),
    ("label ranking average precision", "lrap"),
    ("calibration error of the top class", "ece"),
)


def print_report(evaluation: Evaluation, console: Console) -> None:
    """Print what was scored, the warnings, and the three tables."""
    for line in (*describe_clips(evaluation), *describe_overlap(evaluation)):
        console.print(line)
    scores = evaluation.eleven_classes
    for title, table in (
        ("All clips", make_summary_table(evaluation)),
        (
            "Per class: top F1 of the most probable class, the others from the threshold on",
            make_class_table(scores),
        ),
        ("Clips by label (rows) and most probable class (columns)", make_confusion_table(scores)),
    ):
        console.print(f"\n{title}")
        console.print(table)


def describe_clips(evaluation: Evaluation) -> list[str]:
    """Say which network was scored on what, and what was left out."""
    of_split = f", test part of {evaluation.split}" if evaluation.split else ""
    lines = [
        escape_unprintable(
            f"Model {evaluation.model} on {evaluation.n_scored} of {evaluation.n_clips} clips "
            f"of {evaluation.features}{of_split}"
        )
    ]
    if evaluation.n_label_conflict:
        lines.append(f"Clips left out because the same audio carries two labels: {evaluation.n_label_conflict}")
    if evaluation.n_duplicates:
        lines.append(f"Scored clips that repeat another clip exactly: {evaluation.n_duplicates}")
    if evaluation.n_missing:
        lines.append(f"Test clips of the split that the folder lacks: {evaluation.n_missing}")
    absent = evaluation.eleven_classes.without_positives
    if absent:
        lines.append(f"No clips of {', '.join(absent)}: left out of the means over classes.")
    return lines


def describe_overlap(evaluation: Evaluation) -> list[str]:
    """Warn of scored clips that the network knows from training."""
    overlap = evaluation.training_overlap
    if overlap is None:
        return ["Warning: the model does not say what it was trained on; these clips may be among it."]
    scored = f"of {evaluation.n_scored} scored clips are from recordings that"
    lines = []
    if overlap.n_trained:
        lines.append(
            f"Warning: {overlap.n_trained} {scored} the network was trained on "
            f"({overlap.n_trained_groups} of {overlap.n_groups} groups): the figures say little about new "
            "recordings. Score unseen ones with --split and the model's split.json."
        )
    if overlap.n_tuned:
        lines.append(f"Warning: {overlap.n_tuned} {scored} stopped the training or set its thresholds.")
    return lines or ["The network was neither trained nor tuned on any recording of these clips."]


def make_summary_table(evaluation: Evaluation) -> Table:
    """One row per measure, eleven classes beside ten."""
    table = make_table("measure", "11 classes", "10 (guitars as one)")
    for title, name in _SUMMARY_ROWS:
        table.add_row(
            title,
            format_measure(getattr(evaluation.eleven_classes, name)),
            format_measure(getattr(evaluation.ten_classes, name)),
        )
    return table


def make_class_table(scores: Scores) -> Table:
    """One row per class."""
    table = make_table("class", "clips", "top F1", "from", "F1", "prec.", "recall", "AUC", "AP")
    for row in scores.per_class:
        name = instrument_by_code(row.code).name if row.code in CODES else row.code
        measures = (row.f1, row.precision, row.recall, row.roc_auc, row.average_precision)
        table.add_row(
            f"{row.code} {name}",
            str(row.n_positives),
            format_measure(row.argmax_f1),
            f"{row.threshold:.2f}",
            *map(format_measure, measures),
        )
    return table


def make_confusion_table(scores: Scores) -> Table:
    """Counts of clips: rows are labels, columns the most probable class."""
    table = make_table("label \\ heard", *scores.classes)
    for code, counts in zip(scores.classes, scores.confusion, strict=True):
        table.add_row(code, *(str(count) if count else "." for count in counts))
    return table


def make_table(first: str, *others: str) -> Table:
    """Make an empty table: the first column for names, the others for numbers."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column(first, no_wrap=True)
    for title in others:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def format_measure(value: float | None) -> str:
    """Three places, or a dash where the measure cannot be taken."""
    return "-" if value is None else f"{value:.3f}"
