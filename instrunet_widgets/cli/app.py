"""``instrunet app``: the app as a page in the browser."""

from __future__ import annotations

import argparse
from typing import Any

_DESCRIPTION = """\
Serves the app to this machine and opens it in the browser. Nobody else can reach it, and no recording leaves the
machine. Each page has a Python process of its own, which ends soon after the page is closed; Ctrl-C ends them all.
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "app",
        help="open the app in the browser",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=_port, metavar="N", help="port (default: 8866, or the next free one)")
    parser.add_argument("--no-browser", action="store_true", help="only serve the page")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve the app until Ctrl-C."""
    from ..server.launch import serve
    from ..server.options import ServingOptions

    serve(ServingOptions(port=args.port), open_browser=not args.no_browser, announce=_announce)
    return 0


def _announce(line: str) -> None:
    print(line, flush=True)


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: give a number from 1 to 65535")
    return port
