"""``instrunet render``: sound and features of our own making (corpus, isolated notes, demo piece)."""

from __future__ import annotations

import argparse
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
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "render",
        help="make rendered training features or the demo piece",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("corpus", "notes", "demo"))
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--n", type=int, default=1_200, metavar="N", help="corpus: about how many windows (1200)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="corpus, notes: seed (0)")
    parser.add_argument("--notes", type=Path, metavar="DIR", help="notes: the folder of notes")
    parser.add_argument(
        "--sound-font", type=Path, action="append", default=[], metavar="FILE",
        help="a .sf2 or .sf3 file (repeatable; default: those of the system that are known)",
    )  # fmt: skip
    parser.set_defaults(run=run, parser=parser)


def run(args: argparse.Namespace) -> int:
    """Make what was asked for."""
    if args.n < 1:
        args.parser.error("--n must be at least 1")
    if args.what == "notes":
        if args.notes is None:
            args.parser.error("'render notes' needs --notes DIR")
        require_libraries("instrunet render", "librosa")
        from ..training.notes import write_notes

        with show_count("reading notes") as update:
            n_written = write_notes(args.notes, args.out, seed=args.seed, on_file=update)
    elif args.what == "corpus":
        require_libraries("instrunet render", "librosa", "mido")
        from ..training.corpus import write_rendered_corpus
        from ..training.rendering import find_sound_fonts

        with show_count("rendering") as update:
            n_written = write_rendered_corpus(
                args.out,
                n_windows=args.n,
                sound_fonts=find_sound_fonts(args.sound_font),
                seed=args.seed,
                on_block=update,
            )
    else:
        require_libraries("instrunet render", "mido")
        from ..training.demo import SOUND_FONT, write_demo
        from ..training.rendering import find_sound_font

        path = write_demo(args.out, find_sound_font(next(iter(args.sound_font), SOUND_FONT)))
        make_console().print(f"{escape_unprintable(str(path))}: written with its labels", highlight=False)
        return 0
    make_console().print(f"{escape_unprintable(str(args.out))}: {n_written} windows", highlight=False)
    return 0
