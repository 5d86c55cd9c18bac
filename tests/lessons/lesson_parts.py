"""What tests of the lessons' widgets share: made sounds and analyses, and ways to turn knobs and read what is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import bqplot
import ipywidgets as widgets
import numpy as np

from instrunet_widgets.examples import LabelledRange
from instrunet_widgets.instruments import CODES
from instrunet_widgets.lessons.panel import Panel
from instrunet_widgets.lessons.sound import Sound, SoundBox
from instrunet_widgets.results import Analysis, Thresholds

FLUTE = CODES.index("flu")
RATE = 16_000


def make_sound(seconds: float, hertz: float = 440.0) -> Sound:
    times = np.arange(round(seconds * RATE)) / RATE
    return Sound((0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32), RATE)


def make_analysis(flute: list[float], *, silent: tuple[int, ...] = ()) -> Analysis:
    probabilities = np.zeros((len(flute), 11), dtype=np.float32)
    probabilities[:, FLUTE] = flute
    return Analysis(
        probabilities=probabilities,
        silent=np.isin(np.arange(len(flute)), silent),
        window_starts=np.arange(len(flute)) * 1.5,
        window_seconds=3.0,
        hop_seconds=1.5,
        duration=1.5 * len(flute) + 1.5,
        audio_name="made.wav",
        model_name="none",
        model_hash="",
        thresholds=Thresholds(np.full(11, 0.5), np.full(11, 0.4), np.full(11, 0.6)),
    )


ANALYSIS = make_analysis([0.0, 0.9, 1.0, 0.8, 0.0, 0.0, 0.1, 0.0])
LABELS = (LabelledRange("flu", 2.25, 6.75),)


def controls_of(box: widgets.Widget) -> Iterator[widgets.Widget]:
    """Every slider, dropdown, checkbox and set of radio buttons inside."""
    for child in getattr(box, "children", ()):
        if isinstance(
            child, (widgets.IntSlider, widgets.FloatSlider, widgets.Dropdown, widgets.Checkbox, widgets.RadioButtons)
        ):
            yield child
        yield from controls_of(child)


def values_of(control: widgets.Widget) -> list[object]:
    if isinstance(control, (widgets.IntSlider, widgets.FloatSlider)):
        return [control.min, control.max]
    return [False, True] if isinstance(control, widgets.Checkbox) else [value for _, value in control._options_full]


def figures_of(panel: widgets.Widget) -> Iterator[bqplot.Figure]:
    for child in getattr(panel, "children", ()):
        if isinstance(child, bqplot.Figure):
            yield child
        yield from figures_of(child)


def texts_of(panel: widgets.Widget) -> str:
    own = panel.value if isinstance(panel, widgets.HTML) else ""
    return own + " ".join(texts_of(child) for child in getattr(panel, "children", ()))


def read_numbers(panel: Panel) -> dict[str, str]:
    """The figures of a card, by their names."""
    pairs = re.findall(r"<span>([^<]*) <b>([^<]*)</b></span>", texts_of(panel))
    return {unescape(name): value for name, value in pairs}


def sounds_of(panel: widgets.Widget) -> Iterator[SoundBox]:
    for child in getattr(panel, "children", ()):
        if isinstance(child, SoundBox):
            yield child
        yield from sounds_of(child)


def look_at(panel: Panel) -> None:
    """No mark that is shown holds a point that is not finite at its end, no text a nan; every sound can be made."""
    for figure in figures_of(panel):
        for mark in figure.marks:
            if mark.visible and isinstance(mark, (bqplot.Lines, bqplot.Scatter)):
                x, y = np.asarray(mark.x, dtype=float), np.asarray(mark.y, dtype=float)
                assert np.isfinite(x).any() and np.isfinite(y).any()
                assert np.isfinite([x.ravel()[-1], y.ravel()[-1]]).all()
    text = texts_of(panel).lower()
    assert "nan" not in text.replace("dominant", "").replace("annotated", "")
    assert "inf" not in text
    for box in sounds_of(panel):
        box._find().encode_wav()


def turn_every_knob(panel: Panel) -> None:
    """Turn each to its ends and back, looking at the panel each time."""
    look_at(panel)
    for control in list(controls_of(panel)):
        before = control.value
        for value in values_of(control):
            control.value = value
            look_at(panel)
        if before in values_of(control) or not isinstance(control, widgets.Dropdown):
            control.value = before


def turn_all_knobs(panel: Panel) -> None:
    """Turn all to their first end together, then to their last, looking at the panel each time."""
    for end in (0, -1):
        for control in list(controls_of(panel)):
            if values := values_of(control):
                control.value = values[end]
        look_at(panel)


SHORT, LONG, NONE = make_sound(0.4), make_sound(9.0), Sound(np.zeros(0, dtype=np.float32))
SILENCE = Sound(np.zeros(RATE, dtype=np.float32))
