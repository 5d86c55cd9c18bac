"""The comparison of `experiment_plan`, run: which design decisions pay, each against the same base.

Two tables come out, to which each run is added as it ends:

``experiments.csv``, one row per run:

- ``question``, ``variant``, ``seed``, ``fold``, ``split_by``: which run. Under ``screening`` stand single
  trials of other settings than those of the plan, which led to the recipe in use; those of full width (the shipped
  network's) uncalibrated, and without the loss of their epochs, of which only the last batch's was kept.
- ``n_train``, ``n_test``, ``n_parameters``, ``epochs``, ``seconds_per_epoch`` (median).
- ``accuracy``, ``argmax_macro_f1``, ``micro_f1``, ``macro_f1`` (thresholds and calibration of the stop side),
  ``roc_auc``, ``average_precision``, ``ece``: eleven classes, on the test side; ``ten_roc_auc``,
  ``ten_average_precision``: guitars as one.
- ``notes_accuracy``: most probable class on the held-out groups of the first further folder, isolated notes that the
  run never saw; empty if there is no such folder.

``experiments_history.csv``, one row per run and epoch: ``question``, ``variant``, ``seed`` and the columns of
`train.HISTORY_FIELDS`.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from .experiment_plan import Run

KEYS = ("question", "variant", "seed")
_SCORES = ("accuracy", "argmax_macro_f1", "micro_f1", "macro_f1", "roc_auc", "average_precision", "ece")
RUN_FIELDS = (
    *KEYS,
    "fold",
    "split_by",
    "n_train",
    "n_test",
    "n_parameters",
    "epochs",
    "seconds_per_epoch",
    *_SCORES,
    "ten_roc_auc",
    "ten_average_precision",
    "notes_accuracy",
)


def run_experiments(
    features: Path,
    out: Path,
    run_folder: Path,
    runs: Iterable[Run],
    *,
    extras: Sequence[Path] = (),
    on_run: Callable[[Run], None] = lambda run: None,
) -> None:
    """Do the runs that the tables lack, and add each to them as it ends.

    Parameters
    ----------
    features : Path
        IRMAS features.
    out : Path
        Folder of ``experiments.csv`` and ``experiments_history.csv``.
    run_folder : Path
        For checkpoints; an interrupted comparison goes on where it was.
    runs : iterable of Run
    extras : sequence of Path
        Further feature folders, isolated notes first. Without them the runs that need them are left out.
    on_run : callable
        Told of each run before it begins.

    Raises
    ------
    FeatureFolderError
        If the features cannot be used.
    """
    from .teaching import train_by
    from .train import HISTORY_FIELDS, format_history_row
    from .training_set import gather_training_set

    gather = cache(lambda by_clip: gather_training_set(features, extras, by_clip=by_clip))
    table, curves = out / "experiments.csv", out / "experiments_history.csv"
    for run in runs:
        is_done = run.key in {tuple(row[key] for key in KEYS) for row in read_rows(table)}
        if is_done or (run.config.extra_share and not extras):
            continue
        on_run(run)
        training_set = gather(run.config.split_by == "clip")
        if not run.config.extra_share:
            train_side = training_set.train.subset(np.arange(len(training_set.train)) < training_set.n_main)
            training_set = dataclasses.replace(training_set, train=train_side)
        name = "-".join(run.key).replace(" ", "_").replace(",", "")
        result = train_by(run.method, training_set, run.config, run_folder / name)
        key = dict(zip(KEYS, run.key, strict=True))
        epochs = [key | format_history_row(row) for row in result.history]
        _replace_rows(curves, (*KEYS, *HISTORY_FIELDS), epochs)
        _replace_rows(table, RUN_FIELDS, [key | _score_run(run, training_set, result)])


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of one of the tables; none if it does not exist yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _score_run(run: Run, training_set: Any, result: Any) -> dict[str, str]:
    from .prediction import predict
    from .publish import fit_reading, score_test_sides

    stop = training_set.stop
    reading = fit_reading(predict(result.model, stop), stop.targets, seed=run.config.seed)
    scores = score_test_sides(result.model, dataclasses.replace(training_set, held_out={}), reading)["test"]
    eleven, ten = scores["eleven_classes"], scores["ten_classes"]
    figures = {name: eleven[name] for name in _SCORES}
    figures |= {"ten_roc_auc": ten["roc_auc"], "ten_average_precision": ten["average_precision"]}
    notes = next(iter(training_set.held_out.values()), None)
    if notes is not None and len(notes):
        figures["notes_accuracy"] = float(np.mean(predict(result.model, notes).argmax(1) == notes.targets.argmax(1)))
    return {
        "fold": str(run.config.fold),
        "split_by": run.config.split_by,
        "n_train": str(len(training_set.train)),
        "n_test": str(len(training_set.test)),
        "n_parameters": str(result.model.count_params()),
        "epochs": str(len(result.history)),
        "seconds_per_epoch": f"{median(row['seconds'] for row in result.history):.0f}",
        **{name: f"{value:.4f}" for name, value in figures.items()},
    }


def _replace_rows(path: Path, fields: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """Add rows to a table in place of those of the same run; the old table stays until the new one is whole."""
    new = {tuple(row[key] for key in KEYS) for row in rows}
    kept = [row for row in read_rows(path) if tuple(row[key] for key in KEYS) not in new]
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fields, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows([*kept, *rows])
    partial.replace(path)
