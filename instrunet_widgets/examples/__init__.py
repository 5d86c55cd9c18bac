"""What comes with InstruNet to try it with: a piece of our own with its true labels, and notes to train on.

"Seven Postcards" is dedicated to the public domain (CC0). It was rendered by `instrunet_widgets.training.demo` with
the sound font MuseScore General (MIT licence, S. Christian Collins and others, after FluidR3 by Frank Wen).

The notes in ``notes/`` are features, not sound (CC0): made by `instrunet_widgets.training.example_notes` with
FluidR3 GM (MIT licence, Frank Wen), MuseScore General (as above) and sf_GMbank of Csound (public domain).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import AudioError

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class LabelledRange:
    """A time range in which an instrument plays, by the score.

    Parameters
    ----------
    instrument : str
        IRMAS code.
    start, end : float
        Seconds.
    """

    instrument: str
    start: float
    end: float


def example_names() -> tuple[str, ...]:
    """Names of the recordings.

    Examples
    --------
    >>> example_names()
    ('seven-postcards',)
    """
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.ogg")))


def example_path(name: str | None = None) -> Path:
    """Path of a recording.

    Parameters
    ----------
    name : str, optional
        One of `example_names`; default the first.

    Raises
    ------
    AudioError
        If there is no such recording.
    """
    names = example_names()
    if not names:
        raise AudioError(
            "The examples that come with InstruNet are missing; clone its repository or install the package again."
        )
    if name is not None and name not in names:
        raise AudioError(f"There is no example {name!r}; choose from: {', '.join(names)}.")
    return _FOLDER / f"{name or names[0]}.ogg"


def example_labels(name: str | None = None) -> tuple[LabelledRange, ...]:
    """True labels of a recording, from its score.

    Parameters
    ----------
    name : str, optional
        One of `example_names`; default the first.

    Returns
    -------
    ranges : tuple of LabelledRange
        By start; ranges of different instruments overlap.

    Raises
    ------
    AudioError
        If there is no such recording.
    """
    path = example_path(name).with_suffix(".labels.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    return tuple(LabelledRange(**found) for found in content["ranges"])


def example_notes_path() -> Path:
    """Folder of the features of single notes; `instrunet_widgets.training.example_notes` reads it.

    Raises
    ------
    AudioError
        If it is missing.
    """
    path = _FOLDER / "notes"
    if not (path / "index.csv").is_file():
        raise AudioError(
            "The notes that come with InstruNet are missing; clone its repository or install the package again."
        )
    return path
