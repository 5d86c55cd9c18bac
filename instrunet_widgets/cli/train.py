"""``instrunet train``: train a network from feature folders and write its model directory."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FeatureFolderError, ModelError
from .extras import require_libraries
from .terminal import make_console

if TYPE_CHECKING:
    from ..training.folds import OutOfFold
    from ..training.recipe import TrainingConfig

_DESCRIPTION = """\
Trains a network from feature folders. Progress is kept after every epoch in the run folder: the same command goes
on where it was interrupted.

With --fold K a fifth of the recordings is held out, and --out gets what the network predicts for it. When all five
folds are there, --folds trains on everything and writes the model directory: weights, inference export, history,
model card; calibration, thresholds and scores come from the folds.

With settings that say "stopping": "best", a single fold gives a model directory; a tenth of the recordings then sets
the epoch, calibration and thresholds.
"""
_EPILOG = """\
examples:
  instrunet train --features features/irmas --extra corpus/rendered --fold 0 --out runs/folds/0
  (the same for the folds 1 to 4)
  instrunet train --features features/irmas --extra corpus/rendered --folds runs/folds/* --out models/mine
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
        "--folds", type=Path, nargs=5, metavar="DIR", help="the five folds' folders: train on everything"
    )
    parser.add_argument(
        "--relabelled",
        type=Path,
        metavar="FILE",
        help="with --folds, score them also on clips labelled with every instrument in them: a CSV file with the "
        "columns file and cel, cla, ..., 0 or 1",
    )
    parser.add_argument(
        "--solo",
        type=Path,
        metavar="FILE",
        help="with --folds: what 'instrunet evaluate --solo DIR --json FILE' wrote about a network of this recipe that "
        "learnt from nothing of DIR; for the model card",
    )
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
    from ..training.folds import write_fold
    from ..training.publish import write_model
    from ..training.train import train
    from ..training.training_set import gather_training_set

    if args.folds and args.fold is not None:
        raise FeatureFolderError("--fold trains one of five networks, --folds joins all five; give one of the two")
    config, out_of_fold = read_config(args), None
    if args.folds:
        config = dataclasses.replace(config, fold=None)
        out_of_fold = _join(args, config)
    elif args.relabelled is not None or args.solo is not None:
        raise FeatureFolderError("--relabelled and --solo go with five folds; give them with --folds")
    elif config.fold is None:
        raise FeatureFolderError("the settings hold no fold out: give --fold K to score one, or --folds with all five")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    training_set = gather_training_set(
        args.features, args.extra,
        fold=config.fold, seed=config.split_seed, by_clip=config.split_by == "clip",
        hold_stop=config.stopping == "best",
    )  # fmt: skip
    if out_of_fold is not None and set(out_of_fold.files) != set(training_set.train.files[: training_set.n_main]):
        raise FeatureFolderError(f"the folds were made from other clips than those of {args.features}")
    console = make_console()
    console.print(
        f"{len(training_set.train)} clips to train, {len(training_set.stop)} to stop and tune, "
        f"{len(training_set.test)} to score"
    )
    result = train(training_set, config, args.run_folder or Path("runs") / args.out.name)
    if config.stopping == "last" and out_of_fold is None:
        accuracy = write_fold(args.out, result, training_set, config)
        console.print(f"{args.out}: accuracy {accuracy:.3f} on {len(training_set.test)} clips never seen")
        return 0
    scores = write_model(args.out, result, training_set, config, out_of_fold)["test"]["eleven_classes"]
    console.print(
        f"{args.out}: argmax macro F1 {scores['argmax_macro_f1']:.3f}, accuracy {scores['accuracy']:.3f}, "
        f"micro F1 {scores['micro_f1']:.3f} on {scores['n']} clips of recordings never seen"
    )
    return 0


def _join(args: argparse.Namespace, config: TrainingConfig) -> OutOfFold:
    """Join the five folds, scored also on what else is given; they must be of this run's settings."""
    from ..training.folds import join_folds, read_fold
    from ..training.relabelled import score_relabelled
    from ..training.solo import read_solo_scores

    folds = [read_fold(path) for path in args.folds]
    out_of_fold = join_folds(folds)
    if config != dataclasses.replace(folds[0].config, fold=None):
        raise FeatureFolderError(
            f"the folds were trained with other settings than this run; give --config {args.folds[0]}/training.json"
        )
    if args.relabelled is not None:
        out_of_fold.scores["relabelled"], by_number = score_relabelled(out_of_fold, args.relabelled)
        out_of_fold.scores["by_number"] = {"relabelled": by_number}
    if args.solo is not None:
        out_of_fold.scores["solo"] = solo = read_solo_scores(args.solo)
        if solo["n_trained"] != 0:
            raise FeatureFolderError(
                f"{args.solo} cannot stand in for unknown players: its network learnt from "
                f"{'some' if solo['n_trained'] is None else solo['n_trained']} of the recordings, or does not say; "
                "train one without them, --out another folder, and evaluate that"
            )
    return out_of_fold


def read_config(args: argparse.Namespace) -> TrainingConfig:
    """Settings from the file, if one is given, with the single options put over them.

    Raises
    ------
    FeatureFolderError
        If the file cannot be used.
    """
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
