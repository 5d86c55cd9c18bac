"""``instrunet evaluate``: how well a network names instruments, on features or on recordings with known answers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .counting import show_count
from .extras import require_libraries
from .terminal import make_console

if TYPE_CHECKING:
    from ..classifier import Classifier
    from ..training.evaluate import Evaluation
    from ..training.irmas_protocol import ProtocolReport
    from ..training.solo import SoloReport

_DESCRIPTION = """\
Scores a network, in one of three ways.

  --features       3 s clips of a feature folder: F1 of the most probable class and at the network's
                   thresholds, ROC-AUC, average precision, ranking, calibration, and which instrument is
                   taken for which. A second column counts both guitars as one class, as most of the
                   literature does.
  --irmas-testing  the official IRMAS test: excerpts of 5-20 s (.wav) with their labels (.txt) beside them
  --solo           recordings of one instrument alone: which is heard most, and what it is taken for
"""
_EPILOG = """\
examples:
  instrunet evaluate --features features/irmas --split models/NAME/split.json
                       only the clips that the network never saw
  instrunet evaluate --features features/new --model models/NAME --json scores.json
  instrunet evaluate --irmas-testing IRMAS-TestingData
                       all three parts of the testing set, in folders below this one
  instrunet evaluate --solo recordings --labels recordings/labels.csv
                       a table with the columns file and code; or one subfolder per code, without a table
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "evaluate",
        help="score a network on features or recordings with known answers",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--features", type=Path, metavar="DIR", help="a folder made by 'instrunet features'")
    what.add_argument("--irmas-testing", type=Path, metavar="DIR", help="the unpacked IRMAS testing data")
    what.add_argument("--solo", type=Path, metavar="DIR", help="a folder of solo recordings")
    parser.add_argument(
        "--split", type=Path, metavar="FILE", help="features, solo: score only the test part of this split (JSON)"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE", help="solo: a CSV file with the columns file and code")
    parser.add_argument("--model", type=Path, metavar="DIR", help="a model directory; default the shipped one")
    parser.add_argument("--json", metavar="FILE", help="also write all figures as JSON; - prints only these")
    parser.add_argument("--force", action="store_true", help="replace the JSON file if it exists")
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Score, print the report and write the JSON."""
    _refuse_options_of_another_way(args)
    require_libraries("instrunet evaluate", "sklearn")
    from ..export.files import refuse_existing, write_file
    from .evaluation_report import print_report
    from .protocol_report import print_protocol
    from .solo_report import print_solo

    to_stdout = args.json == "-"
    if args.json and not to_stdout and not args.force:
        refuse_existing(args.json)
    if args.irmas_testing:
        protocol = _run_protocol(args)
        report, show = protocol.to_dict(), lambda console: print_protocol(protocol, console)
    elif args.solo:
        solo = _evaluate_solo(args)
        report, show = solo.to_dict(), lambda console: print_solo(solo, console)
    else:
        evaluation = _evaluate(args)
        report, show = evaluation.to_dict(), lambda console: print_report(evaluation, console)
    text = json.dumps(report, indent=2, allow_nan=False) + "\n"
    if to_stdout:
        print(text, end="")
        return 0
    if args.json:
        write_file(args.json, text.encode("utf-8"), force=args.force)
    show(make_console())
    return 0


def _refuse_options_of_another_way(args: argparse.Namespace) -> None:
    if args.split and args.irmas_testing:
        args.parser.error("--split goes with --features or --solo; the testing set has no split")
    if args.labels and not args.solo:
        args.parser.error("--labels goes with --solo")


def _evaluate(args: argparse.Namespace) -> Evaluation:
    from ..classifier import Classifier
    from ..training.evaluate import evaluate
    from ..training.feature_folder import read_feature_folder

    classifier = Classifier.load(args.model)
    splits = _read_splits(args, classifier)
    folder = read_feature_folder(args.features, classifier.feature_config)
    with show_count("scoring") as update:
        return evaluate(classifier, folder, **splits, on_progress=update)


def _run_protocol(args: argparse.Namespace) -> ProtocolReport:
    from ..classifier import Classifier
    from ..training.irmas_protocol import run_protocol

    with show_count("listening") as update:
        return run_protocol(Classifier.load(args.model), args.irmas_testing, on_progress=update)


def _evaluate_solo(args: argparse.Namespace) -> SoloReport:
    from ..classifier import Classifier
    from ..training.solo import evaluate_solo
    from ..training.solo_recordings import find_solo_recordings

    classifier = Classifier.load(args.model)
    splits = _read_splits(args, classifier)
    recordings = find_solo_recordings(args.solo, args.labels)
    with show_count("listening") as update:
        return evaluate_solo(classifier, recordings, folder=args.solo, **splits, on_progress=update)


def _read_splits(args: argparse.Namespace, classifier: Classifier) -> dict[str, Any]:
    """The split to score the test part of, its name, and the one that the network was trained on."""
    from ..training.evaluate import read_training_split
    from ..training.splits import read_split

    return {
        "test_split": read_split(args.split) if args.split else None,
        "split_name": str(args.split) if args.split else None,
        "trained_on": read_training_split(classifier.path),
    }
