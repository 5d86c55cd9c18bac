"""A progress bar over clips, for the commands that work on data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .terminal import make_console


@contextmanager
def show_count(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error while the block runs, if that is a terminal.

    Parameters
    ----------
    title : str
        What is being done.

    Yields
    ------
    update : callable
        To be called with clips done and clips in all.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = make_console(stderr=True)
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        task = bar.add_task(title, total=None)
        yield lambda n_done, n_clips: bar.update(task, completed=n_done, total=n_clips)
