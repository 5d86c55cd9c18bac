"""The comparison: which design decisions pay, each against the same base, over several seeds.

The questions are those of the system that this project follows (kernel size, optimiser, batch normalisation with
dropout, window length) and what a split by clip does to the scores. All runs use a network of about a third of the
shipped one's width, IRMAS alone, 20 epochs and one fold, so that the whole comparison takes a few hours on one core;
the base takes part in every question. Two tables come out, to which each run is added as it ends:

``experiments.csv``, one row per run:

- ``question``, ``variant``, ``seed``, ``fold``, ``split_by``: which run.
- ``n_train``, ``n_test``, ``n_parameters``, ``epochs``, ``seconds_per_epoch`` (median).
- ``accuracy``, ``argmax_macro_f1``, ``micro_f1``, ``macro_f1`` (thresholds and calibration of the stop side),
  ``roc_auc``, ``average_precision``, ``ece``: eleven classes, on the test side; ``ten_roc_auc``,
  ``ten_average_precision``: guitars as one.

``experiments_history.csv``, one row per run and epoch: ``question``, ``variant``, ``seed`` and the columns of
`train.HISTORY_FIELDS`.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from .network import NetworkConfig
from .recipe import TrainingConfig

N_SEEDS = 3
_SMALL = NetworkConfig(stem_channels=16, stage_channels=(24, 48, 72), frequency_aware=True, time_pooling=4)
BASE = TrainingConfig(epochs=20, stopping="best", network=_SMALL)
_KEYS = ("question", "variant", "seed")
_SCORES = ("accuracy", "argmax_macro_f1", "micro_f1", "macro_f1", "roc_auc", "average_precision", "ece")
RUN_FIELDS = (
    *_KEYS,
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
)


@dataclass(frozen=True)
class Run:
    """One training run of the comparison.

    Parameters
    ----------
    question : str
        What is varied; ``base`` for the run that belongs to every question.
    variant : str
    config : TrainingConfig
    """

    question: str
    variant: str
    config: TrainingConfig

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the others, as in the tables."""
        return self.question, self.variant, str(self.config.seed)


def list_runs() -> tuple[Run, ...]:
    """All runs of the comparison; every variant once before any is repeated with another seed."""
    # Equal decay per step: Keras multiplies the weight decay by the learning rate.
    neither = dataclasses.replace(_SMALL, batch_normalisation=False, spatial_dropout=0.0, dropout=0.0)
    variants: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("base", "3x3, AdamW, normalised, 3 s, by recording", {}),
        ("optimiser", "SGD", {"optimizer": "sgd", "learning_rate": 0.05, "weight_decay": 0.0012}),
        ("optimiser", "RMSProp", {"optimizer": "rmsprop", "learning_rate": 1e-3, "weight_decay": 0.06}),
        (
            "normalisation",
            "without batch normalisation and dropout",
            {"network": neither, "learning_rate": 1e-3, "weight_decay": 0.06},
        ),
        ("kernel", "5x5", {"network": dataclasses.replace(_SMALL, kernel=5)}),
        ("split", "by clip", {"split_by": "clip"}),
        ("window", "1 s", {"window_seconds": 1.0}),
        ("window", "1.5 s", {"window_seconds": 1.5}),
    )
    return tuple(
        Run(question, variant, dataclasses.replace(BASE, seed=seed, **changes))
        for seed in range(N_SEEDS)
        for question, variant, changes in variants
    )


def run_experiments(
    features: Path,
    out: Path,
    run_folder: Path,
    runs: Iterable[Run],
    *,
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
    on_run : callable
        Told of each run before it begins.

    Raises
    ------
    FeatureFolderError
        If the features cannot be used.
    """
    from .train import HISTORY_FIELDS, format_history_row, train
    from .training_set import gather_training_set

    gather = cache(lambda by_clip: gather_training_set(features, by_clip=by_clip))
    table, curves = out / "experiments.csv", out / "experiments_history.csv"
    for run in runs:
        if run.key in {tuple(row[key] for key in _KEYS) for row in read_rows(table)}:
            continue
        on_run(run)
        training_set = gather(run.config.split_by == "clip")
        name = "-".join(run.key).replace(" ", "_").replace(",", "")
        result = train(training_set, run.config, run_folder / name)
        key = dict(zip(_KEYS, run.key, strict=True))
        epochs = [key | format_history_row(row) for row in result.history]
        _replace_rows(curves, (*_KEYS, *HISTORY_FIELDS), epochs)
        _replace_rows(table, RUN_FIELDS, [key | _score_run(run, training_set, result)])


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of one of the tables; none if it does not exist yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _score_run(run: Run, training_set: Any, result: Any) -> dict[str, str]:
    from .publish import fit_reading, score_test_sides
    from .train import predict

    stop = training_set.stop
    reading = fit_reading(predict(result.model, stop), stop.targets, seed=run.config.seed)
    scores = score_test_sides(result.model, training_set, reading)["test"]
    eleven, ten = scores["eleven_classes"], scores["ten_classes"]
    figures = {name: eleven[name] for name in _SCORES}
    figures |= {"ten_roc_auc": ten["roc_auc"], "ten_average_precision": ten["average_precision"]}
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
    new = {tuple(row[key] for key in _KEYS) for row in rows}
    kept = [row for row in read_rows(path) if tuple(row[key] for key in _KEYS) not in new]
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fields, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows([*kept, *rows])
    partial.replace(path)
