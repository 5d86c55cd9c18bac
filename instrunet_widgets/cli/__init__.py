"""The command ``instrunet``: one module per subcommand.

A module of `COMMAND_MODULES` has ``add_parser(subparsers)``, which sets ``run(args) -> int`` as the parser's
default of that name. What is heavy is imported inside ``run``, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from ..errors import InstruNetError
from .terminal import discard_stdout, prepare_streams, print_error

COMMAND_MODULES = ("app", "users", "analyze", "evaluate", "experiments", "features", "render", "train")

STATUS_FAILED = 1
STATUS_INTERRUPTED = 130
STATUS_BROKEN_PIPE = 141

_DESCRIPTION = "Hears which of eleven instruments play in a recording, and when."
_EPILOG = """\
examples:
  instrunet app                        the app, in the browser
  instrunet analyze --example          the piece that comes with InstruNet
  instrunet analyze song.mp3           a recording of your own
  instrunet analyze --help             every option, with more examples
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if not given.

    Returns
    -------
    status : int
        0 if all went well, 1 if something failed, 130 after Ctrl-C, 141 if the reader of the output has gone.

    Raises
    ------
    SystemExit
        With 2 if the arguments make no sense, with 0 after ``--help`` and ``--version``.
    """
    prepare_streams()
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return STATUS_INTERRUPTED
    except BrokenPipeError:
        discard_stdout()
        return STATUS_BROKEN_PIPE
    except InstruNetError as error:
        print_error(str(error))
        return STATUS_FAILED
    except OSError as error:
        discard_stdout()
        where = f" {error.filename}" if error.filename else ""
        print_error(f"the system refused to read or write{where} ({error.strerror or error}).")
        return STATUS_FAILED


def build_parser() -> argparse.ArgumentParser:
    """Make the parser with all subcommands."""
    parser = argparse.ArgumentParser(
        prog="instrunet",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for module_name in COMMAND_MODULES:
        import_module(f".{module_name}", __name__).add_parser(subparsers)
    return parser


def _run(argv: Sequence[str] | None) -> int:
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return 0
    return int(args.run(args))


class _ShowVersion(argparse.Action):
    """``--version``, which looks the version up only when asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from .. import __version__

        print(f"{parser.prog} {__version__}")
        parser.exit()
