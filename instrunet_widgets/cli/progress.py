"""The progress bar of the command line."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from ..wording import escape_unprintable
from .terminal import make_console

if TYPE_CHECKING:
    import rich.progress

    from ..pipeline import Progress

DELAY_SECONDS = 1.0
_NAME_WIDTH = 32


class ProgressDisplay:
    """A bar on standard error, shown only on a terminal and only if the work takes more than a second.

    It is taken away after each recording, so that other output never runs into it.

    Parameters
    ----------
    n_recordings : int
        How many recordings there are in all.
    """

    def __init__(self, n_recordings: int) -> None:
        self._n_recordings = n_recordings
        self._began = time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        self._bar: rich.progress.Progress | None = None
        self._label = ""

    def __enter__(self) -> ProgressDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()

    def begin(self, name: str, number: int) -> None:
        """Announce the next recording.

        Parameters
        ----------
        name : str
            File name.
        number : int
            1 for the first recording.
        """
        of_many = f" ({number} of {self._n_recordings})" if self._n_recordings > 1 else ""
        shown = escape_unprintable(name)
        if len(shown) > _NAME_WIDTH:
            shown = f"{shown[: _NAME_WIDTH - 3]}..."
        self._label = shown + of_many

    def update(self, progress: Progress) -> None:
        """Show how far the recording has come."""
        if not self._is_terminal or time.monotonic() - self._began < DELAY_SECONDS:
            return
        if self._bar is None:
            self._bar = _make_bar()
            self._bar.add_task(self._label, total=None)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=progress.seconds_done, total=progress.seconds_total)

    def hide(self) -> None:
        """Take the bar away, until the next `update`."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _make_bar() -> rich.progress.Progress:
    from rich.progress import BarColumn, Progress, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class TimeLeftColumn(TimeRemainingColumn):
        def render(self, task: Task) -> Text:
            return Text() if task.time_remaining is None else super().render(task) + Text(" left")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeLeftColumn(),
        console=make_console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
