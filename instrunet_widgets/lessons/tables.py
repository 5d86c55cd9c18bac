"""Tables of the lessons, as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import ipywidgets as widgets

from .panel import Panel

_BREAKS = re.compile(r"(\(\d[\d.]*-|\])(?=\w)")  # where a range of numbers, or the name of a clip, may go on below


def write_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of numbers and names; cells are escaped.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence of str
        None: no table.
    """
    escaped = [[_BREAKS.sub(r"\1<wbr>", html.escape(cell)) for cell in row] for row in (head, *rows)]
    return _render(escaped[0], escaped[1:], "in-table") if rows else ""


def write_words(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose cells wrap.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence of str
        HTML: escape what comes from elsewhere.
    """
    return _render(head, rows, "in-table in-words")


def write_mean(mean: float, lowest: float, highest: float, n_runs: int) -> str:
    """A mean of scores in three decimals, with the range where there are several runs."""
    return f"{mean:.3f}" if n_runs == 1 else f"{mean:.3f} ({write_range(lowest, highest)})"


def write_range(lowest: float, highest: float) -> str:
    """A range of scores in three decimals."""
    return f"{lowest:.3f}-{highest:.3f}"


def show_table(rows: Sequence[Sequence[str]], head: Sequence[str], title: str = "", note: str = "") -> Panel:
    """A table in a card.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells, escaped here.
    head : sequence of str
    title, note : str
        Above and below.
    """
    below = f"<p>{html.escape(note)}</p>" if note else ""
    return Panel([widgets.HTML(write_table(head, rows) + below)], title=title)


def _render(head: Sequence[str], rows: Sequence[Sequence[str]], classes: str) -> str:
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="in-table-frame" tabindex="0"><table class="{classes}">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
