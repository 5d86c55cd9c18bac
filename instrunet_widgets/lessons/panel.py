"""The card that a lesson's widgets stand in, its style sheet, and knobs with a name."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets

from ..app.styles import read_styles

STATIC = Path(__file__).parent / "static"


class LessonStyles(anywidget.AnyWidget):
    """The app's style sheets and those of the lessons; shows nothing, and gives sliders their names."""

    _esm = STATIC / "lessons.js"
    _css = read_styles() + (STATIC / "lessons.css").read_text(encoding="utf-8")


_shared: list[LessonStyles] = []


def share_styles() -> LessonStyles:
    """The style sheets; one widget for a whole notebook, so that they travel to the page once."""
    if not _shared or _shared[0].comm is None:  # the last has been closed
        _shared[:] = [LessonStyles()]
    return _shared[0]


class Panel(widgets.VBox):
    """A card of a lesson, in the colours of the app.

    Parameters
    ----------
    children : sequence of ipywidgets.Widget
    title : str
        Heading; empty for none.
    """

    def __init__(self, children: Sequence[widgets.Widget] = (), *, title: str = "") -> None:
        head = [widgets.HTML(f"<h3>{html.escape(title)}</h3>")] if title else []
        super().__init__([*head, *children, share_styles()])
        for name in ("instrunet", "in-lesson"):
            self.add_class(name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"  # that of ipywidgets writes out all that is inside


def knob(name: str, control: widgets.Widget, help_text: str = "") -> widgets.VBox:
    """A control with its name above it.

    Parameters
    ----------
    name : str
    control : ipywidgets.Widget
    help_text : str
        A few words below the name.
    """
    control.layout.width = "auto"
    more = f"<p>{html.escape(help_text)}</p>" if help_text else ""
    box = widgets.VBox([widgets.HTML(f"<h4>{html.escape(name)}</h4>{more}"), control])
    box.add_class("in-knob")
    return box


def knobs(*boxes: widgets.Widget) -> widgets.Box:
    """Knobs side by side, as many as there is room for."""
    box = widgets.Box(boxes)
    box.add_class("in-knobs")
    return box


def slider(low: float, high: float, value: float, step: float, **settings: Any) -> widgets.Widget:
    """A slider for whole numbers or others, as its step is.

    Parameters
    ----------
    low, high, value, step : float
    **settings
        More traits of the slider.
    """
    kind = widgets.IntSlider if all(isinstance(number, int) for number in (low, high, value, step)) else None
    return (kind or widgets.FloatSlider)(min=low, max=high, value=value, step=step, **settings)


def figures(pairs: dict[str, str]) -> str:
    """Numbers with their names, as HTML: the live read-out of a card.

    Parameters
    ----------
    pairs : dict of str to str
        Name and value; both are escaped.
    """
    items = (f"<span>{html.escape(name)} <b>{html.escape(value)}</b></span>" for name, value in pairs.items())
    return f'<div class="in-figures">{"".join(items)}</div>'


def swatches(colours: dict[str, str]) -> str:
    """What colours of a chart mean, as HTML.

    Parameters
    ----------
    colours : dict of str to str
        Name (escaped) and CSS colour.
    """
    items = (f'<span><i style="background:{colour}"></i>{html.escape(name)}</span>' for name, colour in colours.items())
    return f'<span class="in-swatches">{"".join(items)}</span>'
