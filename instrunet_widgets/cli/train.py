"""``instrunet train``: train a network from feature folders and write its model directory."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from typing import Any

from ..errors import FeatureFolderError, ModelError
from .extras import require_libraries
from .terminal import make_console

_DESCRIPTION = """\
Trains a network and writes a model directory: weights, inference export, calibration, thresholds, history,
scores on recordings never seen, model card. Progress is kept after every epoch in the run folder: the same
command goes on where it was interrupted.
"""
_EPILOG = """\
examples:
  instrunet train --features features/irmas --out models/mine
  instrunet train --features features/irmas --extra corpus/notes --extra corpus/rendered \\
                  --config models/mine/training.json --out models/mine-again
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "train",
        help="train a network from feature folders",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--features", type=Path, required=True, metavar="DIR", help="IRMAS features")
    parser.add_argument(
        "--extra",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a further feature folder (repeatable)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the model directory to make")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings, as in a model's training.json")
    parser.add_argument("--epochs", type=int, metavar="N", help="instead of the settings' number of epochs")
    parser.add_argument("--seed", type=int, metavar="N", help="instead of the settings' seed")
    parser.add_argument("--fold", type=int, choices=range(5), help="which fifth of the recordings is scored")
    parser.add_argument(
        "--run-folder",
        type=Path,
        metavar="DIR",
        help="folder for checkpoint and log (default: runs/ and the model's name)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train, write the model, print its scores."""
    require_libraries("instrunet train", "tensorflow", "keras", "sklearn", "librosa", "tf2onnx", "onnx")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if args.out.exists():
        raise ModelError(f"{args.out} exists; choose another name or remove it")
    from ..training.publish import write_model
    from ..training.train import train
    from ..training.training_set import gather_training_set

    config = read_config(args)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    training_set = gather_training_set(args.features, args.extra, fold=config.fold, seed=config.split_seed)
    console = make_console()
    console.print(
        f"{len(training_set.train)} clips to train, {len(training_set.stop)} to stop and tune, "
        f"{len(training_set.test)} to score"
    )
    result = train(training_set, config, args.run_folder or Path("runs") / args.out.name)
    scores = write_model(args.out, result, training_set, config)["test"]["eleven_classes"]
    console.print(
        f"{args.out}: argmax macro F1 {scores['argmax_macro_f1']:.3f}, accuracy {scores['accuracy']:.3f}, "
        f"micro F1 {scores['micro_f1']:.3f} on {scores['n']} clips of recordings never seen"
    )
    return 0


def read_config(args: argparse.Namespace) -> Any:
    """Settings from the file, if one is given, with the single options put over them.

    Raises
    ------
    FeatureFolderError
        If the file cannot be used.
    """
    import dataclasses

    from ..training.recipe import TrainingConfig

    config = TrainingConfig()
    if args.config is not None:
        try:
            config = TrainingConfig.from_json(args.config.read_text(encoding="utf-8"))
        except OSError as error:
            raise FeatureFolderError(f"the settings file {args.config} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            raise FeatureFolderError(f"the settings in {args.config} cannot be used: {error}") from error
    given = {name: getattr(args, name) for name in ("epochs", "seed", "fold")}
    try:
        return dataclasses.replace(config, **{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        raise FeatureFolderError(f"the run cannot begin: {error}") from error
