"""``instrunet experiments``: the comparisons behind the network's design, rerun."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from typing import Any

from .extras import require_libraries
from .terminal import make_console

_DESCRIPTION = """\
Reruns the comparisons behind the design of the network and of the timeline, and writes their tables.
"""
_TRAIN_DESCRIPTION = """\
Trains a small network once for every variant and seed (kernel size, optimiser, batch normalisation with dropout,
window length, split by clip or by recording) on IRMAS features, and scores each on recordings never seen. Runs that
the table in --out holds already are not repeated; an interrupted one goes on from its last epoch.
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
    parser.add_argument("--only", action="append", metavar="QUESTION", help="base, optimiser, kernel, ... (repeatable)")
    parser.set_defaults(run=run_training)


def run_training(args: argparse.Namespace) -> int:
    """Do the runs that are missing."""
    require_libraries("instrunet experiments", "tensorflow", "keras", "sklearn", "librosa")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from ..errors import FeatureFolderError
    from ..training.experiments import Run, list_runs, run_experiments

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

    def announce(run: Run) -> None:
        console.print(f"{run.question}: {run.variant}, seed {run.config.seed}")

    run_experiments(args.features, args.out, args.run_folder, chosen, on_run=announce)
    console.print(f"all {len(chosen)} runs are in {args.out / 'experiments.csv'}")
    return 0
