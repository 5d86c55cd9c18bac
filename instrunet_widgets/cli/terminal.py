"""Writing to a terminal, a pipe or a file, whatever characters it can show."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from ..wording import escape_unprintable

if TYPE_CHECKING:
    from rich.console import Console

_PIPE_WIDTH = 100_000


def prepare_streams() -> None:
    """Let characters that the output cannot show be written as escapes instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_error(sentence: str) -> None:
    """Write one sentence to standard error, marked with the program's name."""
    sys.stdout.flush()
    print(f"instrunet: {escape_unprintable(sentence)}", file=sys.stderr)


def discard_stdout() -> None:
    """Send what is left for standard output nowhere, so that nothing complains about it at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def make_console(*, stderr: bool = False) -> Console:
    """Make a rich console that shows text as it is and lets a broken pipe through.

    Into a pipe or a file, lines are as long as they need to be: nothing is wrapped or cut.

    Parameters
    ----------
    stderr : bool
        Write to standard error instead of standard output.
    """
    from rich.console import Console

    class PlainConsole(Console):
        def on_broken_pipe(self) -> NoReturn:
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return PlainConsole(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)
