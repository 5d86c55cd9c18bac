"""What lessons are about: the piece that comes with InstruNet, its labels, its analysis, the network's papers."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from ..audio import load_audio
from ..classifier import Classifier
from ..examples import LabelledRange, example_labels, example_path
from ..model_folder import find_model
from ..pipeline import analyze
from ..results import Analysis
from ..training.experiments import read_rows
from .notices import stop_on_error
from .panel import Panel
from .sound import Sound, SoundBox

SAMPLE_RATE = 16_000


@cache
def load_piece() -> Sound:
    """The demo piece "Seven Postcards", mono at 16 kHz.

    Raises
    ------
    LessonStop
        If it is missing.
    """
    with stop_on_error():
        return Sound(load_audio(example_path(), sample_rate=SAMPLE_RATE), SAMPLE_RATE)


@cache
def load_labels() -> tuple[LabelledRange, ...]:
    """What plays in the piece and when, from its score.

    Raises
    ------
    LessonStop
        If the labels are missing.
    """
    with stop_on_error():
        return example_labels()


@cache
def load_classifier() -> Classifier:
    """The network that comes with InstruNet, as the app runs it, with its calibration.

    Raises
    ------
    LessonStop
        If it is missing or damaged.
    """
    with stop_on_error():
        return Classifier.load()


@cache
def analyze_piece() -> Analysis:
    """What the network says about the piece; a second or two the first time.

    Raises
    ------
    LessonStop
        If the piece or the network is missing.
    """
    with stop_on_error():
        return analyze(example_path())


def model_folder() -> Path:
    """Folder of the network that comes with InstruNet.

    Raises
    ------
    LessonStop
        If there is none.
    """
    with stop_on_error():
        return find_model(None)


def read_model_file(name: str) -> Any:
    """Content of one of the network's JSON files, such as ``"scores.json"``.

    Raises
    ------
    LessonStop
        If it is missing or damaged.
    """
    path = model_folder() / name
    with stop_on_error():
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise OSError(0, f"it is no JSON: {error}", str(path)) from error


def find_part(content: Any, *keys: str) -> dict[str, Any]:
    """What stands under keys in the content of a JSON file, one inside the other.

    Parameters
    ----------
    content : any
        Of `read_model_file`.
    *keys : str

    Returns
    -------
    part : dict of str to any
        Empty if there is none.
    """
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content if isinstance(content, dict) else {}


def read_table(path: Path, columns: Sequence[str] = ()) -> list[dict[str, str]]:
    """Rows of a table of `instrunet experiments`; none if it does not exist.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        Those it must have. A cell that a row lacks is empty.

    Raises
    ------
    LessonStop
        If it is there and cannot be read, or has rows and lacks a column.
    """
    with stop_on_error():
        try:
            rows = read_rows(path)
        except (ValueError, csv.Error) as error:
            raise OSError(0, f"it is no table: {error}", str(path)) from error
        for column in columns:
            if rows and column not in rows[0]:
                raise OSError(0, f"it has no column '{column}'", str(path))
    return [{column: row[column] or "" for column in row if column} for row in rows]


def make_opening(number: int, minutes: int, idea: str, *, has_piece: bool = True) -> Panel:
    """The first card of a lesson.

    Parameters
    ----------
    number : int
        Of the lesson.
    minutes : int
        How long it takes.
    idea : str
        The one idea, in a sentence.
    has_piece : bool
        Offer the demo piece to listen to.
    """
    if has_piece:
        load_piece()  # if it is missing, that is said here
    text = widgets.HTML(f"<h3>Lesson {number} of 6</h3><p>{idea} About {minutes} minutes.</p>")
    return Panel([text, *([SoundBox(load_piece, "Listen to the piece: Seven Postcards")] if has_piece else [])])
