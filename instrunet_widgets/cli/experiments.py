"""``instrunet experiments``: the comparisons behind the network's design, rerun."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from typing import Any

from ..wording import escape_unprintable
from .extras import require_libraries
from .terminal import make_console

_DESCRIPTION = """\
Reruns the comparisons behind the design of the network and of the timeline, and writes their tables.
"""
_TRAIN_DESCRIPTION = """\
Trains a small network once for every variant and seed (kernel size, optimiser, batch normalisation with dropout,
window length, split by clip or by recording) on IRMAS features, and scores each on recordings never seen. Runs that
the table in --out holds already are not repeated (to do all of them anew, give another --out and --run-folder); an
interrupted one goes on from its last epoch.
"""
_TIMELINE_DESCRIPTION = """\
Scores a finished network on rendered pieces with true times: hop by smoothing, aggregation by thresholds; and what its
folds (oof.npz) said about IRMAS recordings of three clips that they never heard. Nothing is trained.
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "experiments",
        help="rerun the comparisons of designs",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=lambda _: parser.print_help() or 0)
    commands = parser.add_subparsers(title="comparisons", metavar="COMPARISON")
    _add_train(commands)
    _add_timeline(commands)


def _add_train(commands: Any) -> None:
    parser = commands.add_parser(
        "train",
        help="designs of the network, each over several seeds",
        description=_TRAIN_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--features", type=Path, required=True, metavar="DIR", help="IRMAS features")
    parser.add_argument(
        "--out", type=Path, default=Path("models"), metavar="DIR", help="folder of the tables (default: models)"
    )
    parser.add_argument(
        "--run-folder", type=Path, default=Path("runs", "experiments"), metavar="DIR", help="for checkpoints"
    )
    parser.add_argument(
        "--extra", type=Path, action="append", default=[], metavar="DIR",
        help="further features, isolated notes first (repeatable); runs that need them are left out without them",
    )  # fmt: skip
    parser.add_argument("--only", action="append", metavar="QUESTION", help="base, optimiser, kernel, ... (repeatable)")
    parser.set_defaults(run=run_training)


def _add_timeline(commands: Any) -> None:
    parser = commands.add_parser(
        "timeline",
        help="hop, smoothing, aggregation and thresholds of a finished network",
        description=_TIMELINE_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pieces", type=Path, required=True, metavar="DIR", help="made by 'instrunet render pieces'")
    parser.add_argument("--model", type=Path, metavar="DIR", help="a model directory; default the shipped one")
    parser.add_argument(
        "--out", type=Path, default=Path("models"), metavar="DIR", help="folder of the table (default: models)"
    )
    parser.set_defaults(run=run_timeline)


def run_timeline(args: argparse.Namespace) -> int:
    """Score every combination and write the table anew."""
    require_libraries("instrunet experiments", "sklearn")
    from ..classifier import Classifier
    from ..training.out_of_fold import read_out_of_fold
    from ..training.timeline_experiments import compare_on_pieces, compare_on_recordings, write_rows
    from .counting import show_count

    classifier = Classifier.load(args.model)
    rows = []
    if (classifier.path / "oof.npz").is_file():
        rows += compare_on_recordings(classifier.name, read_out_of_fold(classifier.path / "oof.npz"))
    with show_count("listening") as update:
        rows = compare_on_pieces(classifier, args.pieces, on_piece=update) + rows
    path = args.out / "timeline_experiments.csv"
    write_rows(path, rows)
    make_console().print(f"{escape_unprintable(str(path))}: {len(rows)} rows")
    return 0


def run_training(args: argparse.Namespace) -> int:
    """Do the runs that are missing."""
    require_libraries("instrunet experiments", "tensorflow", "keras", "sklearn", "librosa")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from ..errors import FeatureFolderError
    from ..training.experiment_plan import Run, list_runs
    from ..training.experiments import run_experiments

    runs = list_runs()
    questions = {run.question for run in runs}
    unknown = set(args.only or ()) - questions
    if unknown:
        raise FeatureFolderError(
            f"there is no comparison of '{sorted(unknown)[0]}'; there are {', '.join(sorted(questions))}"
        )
    chosen = [run for run in runs if not args.only or run.question in args.only]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    console = make_console()
    args.out.mkdir(parents=True, exist_ok=True)
    begun: list[Run] = []

    def announce(run: Run) -> None:
        begun.append(run)
        console.print(f"{run.question}: {run.variant}, seed {run.config.seed}")

    run_experiments(args.features, args.out, args.run_folder, chosen, extras=args.extra, on_run=announce)
    table = escape_unprintable(str(args.out / "experiments.csv"))
    held = "all runs" if args.extra else "all runs but those that need --extra"
    console.print(
        f"{table} holds {held}" + ("" if begun else " already; with another --out and --run-folder they are done anew")
    )
    return 0
