"""``instrunet render``: sound and features of our own making (corpus, notes, demo piece, labelled pieces)."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..wording import escape_unprintable
from .counting import show_count
from .extras import require_libraries
from .terminal import make_console

_DESCRIPTION = """\
Makes training features besides IRMAS, and the demo piece.

  corpus   3 s windows of all eleven instruments and of others, rendered with sound fonts (needs fluidsynth)
  notes    features of a folder of isolated notes, one subfolder per IRMAS code
  demo     the piece that comes with InstruNet, with its labels (needs fluidsynth)
  example-notes
           features of single notes that come with InstruNet, to train a small network on (needs fluidsynth)
  pieces   pieces of a minute or so in which instruments come and go, with their labels per time, for
           evaluation only (needs fluidsynth)
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "render",
        help="make rendered training features or the demo piece",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=tuple(_MAKERS))
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument(
        "--n", type=int, metavar="N", help="corpus: about how many windows (1200); pieces: how many pieces (24)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="corpus, notes, example-notes (0), pieces (9001): seed")
    parser.add_argument("--notes", type=Path, metavar="DIR", help="notes: the folder of notes")
    parser.add_argument(
        "--sound-font", type=Path, action="append", default=[], metavar="FILE",
        help="a .sf2 or .sf3 file (repeatable; default: those of the system that are known)",
    )  # fmt: skip
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Make what was asked for."""
    if args.n is not None and args.n < 1:
        args.parser.error("--n must be at least 1")
    if args.seed is not None and args.seed < 0:
        args.parser.error("--seed must be 0 or more")
    made = _MAKERS[args.what](args)
    make_console().print(escape_unprintable(made), highlight=False)
    return 0


def _make_notes(args: argparse.Namespace) -> str:
    if args.notes is None:
        args.parser.error("'render notes' needs --notes DIR")
    require_libraries("instrunet render", "librosa")
    from ..training.notes import write_notes

    with show_count("reading notes") as update:
        n_written = write_notes(args.notes, args.out, seed=args.seed or 0, on_file=update)
    return f"{args.out}: {n_written} windows"


def _make_corpus(args: argparse.Namespace) -> str:
    require_libraries("instrunet render", "librosa", "mido")
    from ..training.corpus import write_rendered_corpus
    from ..training.rendering import find_sound_fonts

    with show_count("rendering") as update:
        n_written = write_rendered_corpus(
            args.out,
            n_windows=args.n or 1_200,
            sound_fonts=find_sound_fonts(args.sound_font),
            seed=args.seed or 0,
            on_block=update,
        )
    return f"{args.out}: {n_written} windows"


def _make_demo(args: argparse.Namespace) -> str:
    require_libraries("instrunet render", "mido")
    from ..training.demo import SOUND_FONT, write_demo
    from ..training.rendering import find_sound_font

    path = write_demo(args.out, find_sound_font(next(iter(args.sound_font), SOUND_FONT)))
    return f"{path}: written with its labels"


def _make_example_notes(args: argparse.Namespace) -> str:
    require_libraries("instrunet render", "librosa", "mido")
    from ..training.example_notes import write_example_notes
    from ..training.rendering import find_sound_font

    with show_count("rendering") as update:
        n_written = write_example_notes(
            args.out,
            sound_fonts=[find_sound_font(font) for font in args.sound_font],
            seed=args.seed or 0,
            on_font=update,
        )
    return f"{args.out}: {n_written} windows"


def _make_pieces(args: argparse.Namespace) -> str:
    require_libraries("instrunet render", "mido")
    from ..training.piece_plan import DEFAULT_SEED
    from ..training.pieces import N_PIECES, write_pieces
    from ..training.rendering import find_sound_fonts

    with show_count("rendering") as update:
        n_written = write_pieces(
            args.out,
            n_pieces=args.n or N_PIECES,
            sound_fonts=find_sound_fonts(args.sound_font),
            seed=DEFAULT_SEED if args.seed is None else args.seed,
            on_piece=update,
        )
    return f"{args.out}: {n_written} pieces with their labels"


_MAKERS: dict[str, Callable[[argparse.Namespace], str]] = {
    "corpus": _make_corpus,
    "notes": _make_notes,
    "demo": _make_demo,
    "example-notes": _make_example_notes,
    "pieces": _make_pieces,
}
