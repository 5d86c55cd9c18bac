"""The small parts of the page: actions with progress, messages, examples, the heading of a recording."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import ipywidgets as widgets

from ..config import DecodingConfig
from ..examples import example_names, example_path
from ..instruments import instrument_by_code
from ..results import Analysis
from ..summary import list_facts
from ..wording import escape_unprintable, format_percent, format_size, format_time
from .controller import Controller
from .state import Activity, AppState, Recording

_SIGNS = {"error": "Problem", "warning": "Note", "info": "Note"}


class ActionPanel(widgets.VBox):
    """*Analyze Track*, and while it runs how far it is and *Cancel*.

    Parameters
    ----------
    state : AppState
    controller : Controller

    Attributes
    ----------
    analyze, cancel : ipywidgets.Button
    progress : ipywidgets.FloatProgress
    status : ipywidgets.HTML
    """

    def __init__(self, state: AppState, controller: Controller) -> None:
        self._state, self._controller = state, controller
        self.analyze = widgets.Button(description="Analyze Track", button_style="primary", layout={"width": "auto"})
        self.analyze.add_class("in-analyze")
        self.cancel = widgets.Button(description="Cancel", layout={"width": "auto"})
        self.progress = widgets.FloatProgress(min=0, max=1, layout={"width": "auto"})
        self.status = widgets.HTML()
        self.status.add_class("in-status")
        line = widgets.HBox([self.status, self.cancel])
        line.add_class("in-progress-line")
        self._busy = widgets.VBox([self.progress, line])
        super().__init__([self.analyze, self._busy])
        self.add_class("in-action-panel")
        self.analyze.on_click(lambda _: controller.start_analysis())
        self.cancel.on_click(lambda _: controller.cancel())
        state.observe(self._draw, ["activity", "recordings", "selected"])
        self._draw()

    def _draw(self, _: Any = None) -> None:
        activity, n_waiting = self._state.activity, len(self._controller.waiting)
        show(self._busy, activity is not None)
        show(self.analyze, n_waiting > 0 and activity is None)
        show(self, n_waiting > 0 or activity is not None)
        self.analyze.description = "Analyze Track" if n_waiting < 2 else f"Analyze {n_waiting} Tracks"
        if activity:
            self.progress.value = activity.fraction or 0.0
            self.status.value = f"<span role='status'>{escape(describe_activity(activity))}</span>"


class MessagePanel(widgets.VBox):
    """Sentences for the user, each with its kind, until they are dismissed or something new begins.

    Parameters
    ----------
    state : AppState
    controller : Controller
    """

    def __init__(self, state: AppState, controller: Controller) -> None:
        self._state = state
        self.text = widgets.HTML()
        self.dismiss = widgets.Button(description="Dismiss")
        self.dismiss.add_class("in-quiet")
        super().__init__([self.text, self.dismiss])
        self.add_class("in-messages")
        self.dismiss.on_click(lambda _: controller.dismiss_messages())
        state.observe(self._draw, "messages")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        messages = self._state.messages
        show(self, bool(messages))
        lines = "".join(
            f"<p class='in-message in-{message.kind}'><b>{_SIGNS[message.kind]}:</b> {escape(message.text)}</p>"
            for message in messages
        )
        self.text.value = f"<div role='alert'>{lines}</div>" if messages else ""


class ExamplePicker(widgets.HBox):
    """A button for each recording that comes with InstruNet.

    Parameters
    ----------
    open_path : callable
        Called with the path of the chosen example.
    """

    def __init__(self, open_path: Callable[[Path], None]) -> None:
        buttons = []
        for name in example_names():
            title = name.replace("-", " ").title()
            button = widgets.Button(description=f"Try the example: {title}", layout={"width": "auto"})
            button.add_class("in-quiet")
            button.on_click(lambda _, name=name: open_path(example_path(name)))
            buttons.append(button)
        super().__init__(buttons)
        self.add_class("in-examples")


class TrackHeading(widgets.HTML):
    """Name and facts of the recording on show.

    Parameters
    ----------
    state : AppState
    """

    def __init__(self, state: AppState) -> None:
        self._state = state
        super().__init__()
        self.add_class("in-heading")
        state.observe(self._draw, ["recordings", "selected", "activity"])
        self._draw()

    def _draw(self, _: Any = None) -> None:
        recording, activity = self._state.recording, self._state.activity
        if recording is None:
            self.value = ""
            return
        name = escape(escape_unprintable(recording.name))
        is_running = activity is not None and activity.key == recording.key
        facts = " · ".join(list_facts(recording.analysis) if recording.analysis else _list_file(recording, is_running))
        self.value = f"<h2 dir='auto'>{name}</h2><p>{escape(facts)}</p>"


def describe_activity(activity: Activity) -> str:
    """What the app is doing, for example "Listening: 61 %, 2 s left"."""
    parts = [activity.stage]
    if activity.fraction is not None:
        parts.append(f"{activity.fraction:.0%}".replace("%", " %"))
    if activity.seconds_left is not None and activity.seconds_left >= 1:
        left = activity.seconds_left
        parts.append(f"{left:.0f} s left" if left < 90 else f"{format_time(left)} left")
    return " · ".join(parts)


class RowWriter:
    """Writes the rows of the table of recordings; what was found is read again only when the settings change.

    Parameters
    ----------
    state : AppState
    """

    def __init__(self, state: AppState) -> None:
        self._state = state
        self._found: WeakKeyDictionary[Analysis, tuple[DecodingConfig, str]] = WeakKeyDictionary()

    def write(self) -> list[dict[str, Any]]:
        """One row for each recording; texts are plain, the table shows them as text."""
        return [self._write_row(recording) for recording in self._state.recordings]

    def _write_row(self, recording: Recording) -> dict[str, Any]:
        analysis, activity = recording.analysis, self._state.activity
        status = "not analysed yet" if analysis is None else "done"
        if recording.problem:  # the heading of the recording says why
            status = "could not be analysed"
        if activity is not None and activity.key == recording.key and not recording.problem:
            status = describe_activity(activity)
        return {
            "key": recording.key,
            "name": escape_unprintable(recording.name),
            "duration": analysis.duration if analysis else None,
            "length": format_time(analysis.duration) if analysis else "",
            "instruments": self._name_instruments(analysis) if analysis else "",
            "state": status,
            "is_failed": bool(recording.problem),
        }

    def _name_instruments(self, analysis: Analysis) -> str:
        config = self._state.decoding
        known = self._found.get(analysis)
        if known is None or known[0] != config:
            timeline = analysis.decode(config)
            named = [
                f"{instrument_by_code(code).name} {format_percent(timeline.confidence_of(code))}"
                for code in (*timeline.detected, *timeline.heard_in_parts)
            ]
            known = self._found[analysis] = (config, ", ".join(named) or "none")
        return known[1]


def _list_file(recording: Recording, is_running: bool) -> list[str]:
    size = [format_size(recording.n_bytes)] if recording.n_bytes else []
    if is_running:
        return [*size, "being analysed"]
    return [*size, recording.problem or "not analysed yet"]


def show(widget: widgets.DOMWidget, is_shown: bool) -> None:
    """Show or hide a widget."""
    widget.layout.display = None if is_shown else "none"
