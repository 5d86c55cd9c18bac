"""``instrunet features``: log-mel features of the IRMAS training audio, for training and evaluation."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..wording import escape_unprintable
from .counting import show_count
from .extras import require_libraries
from .terminal import make_console

if TYPE_CHECKING:
    from ..training.irmas_features import FeatureSummary

_DESCRIPTION = """\
Computes the log-mel spectrogram of every clip of the IRMAS training set and writes them as a feature folder:
logmel-1.npz, logmel-2.npz, ... and index.csv, which 'instrunet train' and 'instrunet evaluate' read.
Exact repetitions are marked, and clips of recordings that belong together get one group.
"""
_EPILOG = """\
example:
  instrunet features --irmas IRMAS-TrainingData --out features/irmas
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "features",
        help="make training features from the IRMAS audio",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--irmas",
        type=Path,
        required=True,
        metavar="DIR",
        help="the unpacked IRMAS-TrainingData, one folder per class",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the feature folder to make")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the features and say what was made."""
    require_libraries("instrunet features", "librosa")
    from ..training.irmas_features import make_features

    with show_count("computing features") as update:
        summary = make_features(args.irmas, args.out, on_progress=update)
    make_console().print("\n".join(describe(summary, args.out)))
    return 0


def describe(summary: FeatureSummary, out: Path) -> list[str]:
    """Put a summary into sentences."""
    where = escape_unprintable(str(out))
    lines = [
        f"{where}: features of {summary.n_clips} clips in {summary.n_groups} groups of recordings",
        "  ".join(f"{code} {n_clips}" for code, n_clips in summary.clips_per_class.items()),
    ]
    absent = [code for code, n_clips in summary.clips_per_class.items() if not n_clips]
    if absent:
        lines.append(f"No clips of {', '.join(absent)}: a network cannot be trained on this folder alone.")
    if summary.n_duplicates:
        lines.append(f"Clips that repeat another one exactly (exact_duplicate_of): {summary.n_duplicates}")
    if summary.n_label_conflict:
        lines.append(f"Clips that occur under two labels (label_conflict): {summary.n_label_conflict}")
    if summary.n_other_length:
        lines.append(f"Clips that were not 3 s long, now cut or padded with silence: {summary.n_other_length}")
    return lines
