"""For the notebook `explore`: a folder of recordings to work on, their analyses and their label files.

What is wrong with one recording or one label file is said in a line, and the others go on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..classifier import Classifier
from ..errors import InstruNetError
from ..examples import LabelledRange
from ..label_files import label_path, read_labels, write_labels
from ..pipeline import analyze
from ..results import Analysis
from .material import load_classifier, load_labels, load_piece
from .notices import show_problems, stop, stop_on_error
from .recording_widgets import RecordingComparison, RecordingPlayer

__all__ = [
    "RecordingComparison",
    "RecordingPlayer",
    "analyze_recordings",
    "find_recordings",
    "load_classifier",
    "make_folder",
    "make_output_folder",
    "read_label_files",
]

_LEAST_SECONDS = 0.5  # shorter labels at the edge of a part are left out
_MOST_SECONDS_LATE = 1.0  # that a label may end after its recording: who labels by ear drags a little too far
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


def make_output_folder(folder: str | Path | None = None) -> Path:
    """A folder for what is saved.

    Parameters
    ----------
    folder : str or Path, optional
        Made if it is not there; ``~`` is the home folder. By default a new temporary one.

    Returns
    -------
    folder : Path
        A temporary one is deleted when Python ends.

    Raises
    ------
    LessonStop
        If it cannot be made.
    """
    if folder is None:
        _folders.append(tempfile.TemporaryDirectory(prefix="instrunet-", ignore_cleanup_errors=True))
        return Path(_folders[-1].name)
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        stop(f"The folder {path} cannot be made ({error.strerror or error}); name another one in the cell above.")
    return path


def find_recordings(folder: str | Path) -> list[Path]:
    """The recordings in a folder, by name; subfolders are not searched.

    Parameters
    ----------
    folder : str or Path
        ``~`` is the home folder.

    Returns
    -------
    paths : list of Path

    Raises
    ------
    LessonStop
        If the folder cannot be read, or holds no recording.
    """
    folder = Path(folder).expanduser()
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _FORMATS and path.is_file())
    except OSError as error:
        stop(f"The folder {folder} cannot be read ({error.strerror or error}); check its name in the cell above.")
    if not found:
        stop(f"{folder} holds no recording ({', '.join(sorted(_FORMATS))}); name another folder in the cell above.")
    return found


def analyze_recordings(paths: Sequence[Path], classifier: Classifier) -> dict[str, Analysis]:
    """Analyse one recording after the other; those that cannot be read are named, with the reason, and left out.

    Parameters
    ----------
    paths : sequence of Path
    classifier : Classifier

    Returns
    -------
    analyses : dict of str to Analysis
        By the name of the file.

    Raises
    ------
    LessonStop
        If none can be read.
    """
    analyses: dict[str, Analysis] = {}
    problems: list[str] = []
    for path in paths:
        try:
            analyses[path.name] = analyze(path, classifier=classifier)
        except (InstruNetError, OSError) as error:
            problems.append(str(error))
    show_problems("Left out", problems)
    if not analyses:
        stop("None of these recordings can be analysed; name another folder in the cell at the top.")
    return analyses


def read_label_files(paths: Sequence[Path], analyses: Mapping[str, Analysis]) -> dict[str, tuple[LabelledRange, ...]]:
    """The label files beside recordings; one that is faulty is named, with the reason, and left out.

    Parameters
    ----------
    paths : sequence of Path
        Recordings; those without a label file, or without an analysis, are passed over.
    analyses : dict of str to Analysis
        By the name of the file. A label that ends over a second after its recording belongs to another one.

    Returns
    -------
    labels : dict of str to tuple of LabelledRange
        By the name of the recording.
    """
    labels: dict[str, tuple[LabelledRange, ...]] = {}
    problems: list[str] = []
    for path in (path for path in paths if path.name in analyses and label_path(path).is_file()):
        try:
            found = read_labels(label_path(path))
        except InstruNetError as error:
            problems.append(str(error))
            continue
        last, duration = max((one.end for one in found), default=0.0), analyses[path.name].duration
        if last <= duration + _MOST_SECONDS_LATE:
            labels[path.name] = found
        else:
            late = f"{label_path(path)} ends at {last:.1f} s, after the recording ({duration:.1f} s)"
            problems.append(f"{late}; check that it belongs to it")
    show_problems("Label file left out", problems)
    if not labels and not problems:
        show_problems("Nothing to score", ["no recording here has a label file beside it; write one first"])
    return labels


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
