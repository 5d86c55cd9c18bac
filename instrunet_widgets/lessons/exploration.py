"""For the notebook `explore`: a folder of recordings to work on, and two recordings side by side."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from ..audio import load_audio
from ..config import AGGREGATIONS, DecodingConfig
from ..examples import LabelledRange
from ..instruments import INSTRUMENTS
from ..label_files import label_path, write_labels
from ..results import Analysis
from ..wording import escape_unprintable, format_percent
from .chart import MUTED, Axis
from .instrument_chart import InstrumentChart, set_bars
from .material import load_classifier, load_labels, load_piece
from .notices import stop, stop_on_error
from .panel import Panel, knob, knobs
from .sound import Sound, SoundBox

__all__ = [
    "RecordingComparison",
    "RecordingPlayer",
    "cut_labels",
    "find_parts",
    "find_recordings",
    "load_classifier",
    "make_folder",
    "make_output_folder",
]

_LEAST_SECONDS = 0.5  # shorter labels at the edge of a part are left out
_MOST_SECONDS = 60.0  # of a recording that is listened to
_FORMATS = {".wav", ".mp3", ".flac", ".ogg", ".opus", ".aif", ".aiff", ".m4a", ".aac"}
_folders: list[tempfile.TemporaryDirectory[str]] = []  # each goes when Python ends


def make_folder() -> Path:
    """Cut the demo piece into its seven postcards, WAV files with a label file beside each, in a temporary folder.

    Returns
    -------
    folder : Path
        Deleted when Python ends.

    Raises
    ------
    LessonStop
        If the piece or its labels are missing, or there is no room for the files.
    """
    piece, labels = load_piece(), load_labels()
    with stop_on_error():
        folder = make_output_folder()
        for number, (start, end) in enumerate(find_parts(labels, piece.duration), start=1):
            path = folder / f"postcard-{number}.wav"
            path.write_bytes(piece.cut(start, end - start).encode_wav())
            write_labels(label_path(path), cut_labels(labels, start, end))
    return folder


def make_output_folder() -> Path:
    """A new temporary folder for what is saved.

    Returns
    -------
    folder : Path
        Deleted when Python ends.
    """
    _folders.append(tempfile.TemporaryDirectory(prefix="instrunet-", ignore_cleanup_errors=True))
    return Path(_folders[-1].name)


def find_recordings(folder: Path) -> list[Path]:
    """The recordings in a folder, by name; subfolders are not searched.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    LessonStop
        If the folder cannot be read, or holds no recording.
    """
    with stop_on_error():
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _FORMATS and path.is_file())
    if not found:
        stop(f"{folder} holds no recording ({', '.join(sorted(_FORMATS))}); name another folder in the cell above.")
    return found


def find_parts(labels: tuple[LabelledRange, ...], duration: float) -> list[tuple[float, float]]:
    """Start and end of each postcard: a new one begins where an instrument enters.

    Parameters
    ----------
    labels : tuple of LabelledRange
    duration : float
        Seconds.
    """
    starts = sorted({one.start for one in labels})
    return list(zip(starts, [*starts[1:], duration], strict=True))


def cut_labels(labels: tuple[LabelledRange, ...], start: float, end: float) -> list[LabelledRange]:
    """The labels of a stretch of time, counted from its start.

    Parameters
    ----------
    labels : tuple of LabelledRange
    start, end : float
        Seconds.
    """
    inside = [replace(one, start=max(one.start, start) - start, end=min(one.end, end) - start) for one in labels]
    return [one for one in inside if one.end - one.start >= _LEAST_SECONDS]


class RecordingPlayer(Panel):
    """One recording of several to listen to.

    Parameters
    ----------
    paths : sequence of Path

    Attributes
    ----------
    recording : ipywidgets.Dropdown
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.recording = widgets.Dropdown(options=[(escape_unprintable(path.name), path) for path in paths])
        self._box = SoundBox(self.load, "Listen")
        found = [knobs(knob("Recording", self.recording)), self._box]
        super().__init__(found if paths else [widgets.HTML("<p>There is no recording in this folder.</p>")])
        self.recording.observe(lambda _: self._box.refresh(), "value")

    def load(self) -> Sound:
        """The first minute of the recording."""
        return Sound(load_audio(self.recording.value, duration=_MOST_SECONDS))


class RecordingComparison(Panel):
    """Scores of two recordings side by side.

    Parameters
    ----------
    analyses : dict of str to Analysis
        By name.

    Attributes
    ----------
    first, second : ipywidgets.Dropdown
    aggregation : ipywidgets.RadioButtons
    """

    def __init__(self, analyses: Mapping[str, Analysis]) -> None:
        self._analyses = dict(analyses)
        names = [(escape_unprintable(name), name) for name in self._analyses]
        self.first = widgets.Dropdown(options=names)
        self.second = widgets.Dropdown(options=names)
        if len(names) > 1:
            self.second.value = names[1][1]
        self.aggregation = widgets.RadioButtons(options=list(AGGREGATIONS))
        per_cent = {0.0: "0 %", 0.5: "50 %", 1.0: "100 %"}
        self.chart = InstrumentChart("Scores", Axis(0, 1, "Score", per_cent), 24)
        self.chart.y_axis.grid_lines = "none"
        self._bars = (self.chart.add_bars(8), self.chart.add_bars(8, MUTED))
        self._words = widgets.HTML()
        box = knobs(
            knob("Coloured (above)", self.first),
            knob("Grey (below)", self.second),
            knob("Aggregation", self.aggregation),
        )
        super().__init__([self.chart, self._words, box], title="Two recordings")
        for control in (self.first, self.second, self.aggregation):
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        if not self._analyses:
            self.chart.explain("there is nothing to compare: the folder holds no recording")
            return
        config = DecodingConfig(aggregation=self.aggregation.value)
        pair = [self._analyses[control.value].decode(config) for control in (self.first, self.second)]
        for bars, timeline, above in zip(self._bars, pair, (0.2, -0.2), strict=True):
            set_bars(bars, [timeline.score_of(one.code) for one in INSTRUMENTS], above)
        gaps = {one.name: pair[0].score_of(one.code) - pair[1].score_of(one.code) for one in INSTRUMENTS}
        name = max(gaps, key=lambda key: abs(gaps[key]))
        same = self.first.value == self.second.value
        largest = f"Largest difference: {name}, {format_percent(abs(gaps[name]))}."
        self._words.value = f"<p>{'The same recording twice.' if same else largest}</p>"
