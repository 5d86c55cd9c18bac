"""``instrunet evaluate``: how well a network names the instruments of a feature folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .counting import show_count
from .extras import require_libraries
from .terminal import make_console

if TYPE_CHECKING:
    from ..training.evaluate import Evaluation

_DESCRIPTION = """\
Scores a network on a folder of features: F1 of the most probable class and at the network's thresholds,
ROC-AUC, average precision, ranking, calibration, and which instrument is taken for which. A second column
counts both guitars as one class, as most of the literature does.
"""
_EPILOG = """\
examples:
  instrunet evaluate --features features/irmas --split models/NAME/split.json
                       only the clips that the network never saw
  instrunet evaluate --features features/new --model models/NAME --json scores.json
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "evaluate",
        help="score a network on a folder of features",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--features", type=Path, required=True, metavar="DIR", help="a folder made by 'instrunet features'"
    )
    parser.add_argument("--split", type=Path, metavar="FILE", help="score only the test part of this split (JSON)")
    parser.add_argument("--model", type=Path, metavar="DIR", help="a model directory; default the shipped one")
    parser.add_argument("--json", metavar="FILE", help="also write all figures as JSON; - prints only these")
    parser.add_argument("--force", action="store_true", help="replace the JSON file if it exists")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score, print the report and write the JSON."""
    require_libraries("instrunet evaluate", "sklearn")
    from ..export.files import refuse_existing, write_file
    from .evaluation_report import print_report

    to_stdout = args.json == "-"
    if args.json and not to_stdout and not args.force:
        refuse_existing(args.json)
    evaluation = _evaluate(args)
    text = json.dumps(evaluation.to_dict(), indent=2, allow_nan=False) + "\n"
    if to_stdout:
        print(text, end="")
        return 0
    if args.json:
        write_file(args.json, text.encode("utf-8"), force=args.force)
    print_report(evaluation, make_console())
    return 0


def _evaluate(args: argparse.Namespace) -> Evaluation:
    from ..classifier import Classifier
    from ..training.evaluate import evaluate, read_training_split
    from ..training.feature_folder import read_feature_folder
    from ..training.splits import read_split

    classifier = Classifier.load(args.model)
    split = read_split(args.split) if args.split else None
    folder = read_feature_folder(args.features, classifier.feature_config)
    with show_count("scoring") as update:
        return evaluate(
            classifier,
            folder,
            test_split=split,
            split_name=str(args.split) if args.split else None,
            trained_on=read_training_split(classifier.path),
            on_progress=update,
        )
