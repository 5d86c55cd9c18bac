"""The IRMAS testing set [1]_: excerpts of 5 to 20 s, each with a text file of the instruments that are heard in it.

Beside ``NAME-1.wav`` lies ``NAME-1.txt`` with one IRMAS code a line; in the published files stray tabs and spaces
stand behind the codes. Excerpts of one song share all of the name but the number at its end, so that is how songs are
told apart. The three parts of the archive may lie side by side below one folder.

References
----------
.. [1] J. J. Bosch, J. Janer, F. Fuhrmann, P. Herrera, "A comparison of sound segregation techniques for
       predominant instrument recognition in musical audio signals", ISMIR 2012.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import FeatureFolderError
from ..instruments import CODES

_NUMBER_AT_END = re.compile(r"-\d+$")


@dataclass(frozen=True)
class Excerpt:
    """One excerpt of the testing set.

    Parameters
    ----------
    path : Path
        The recording.
    codes : tuple of str
        IRMAS codes of its labels, in the order of the network's outputs; at least one.
    song : str
        What the excerpts of one song share.
    """

    path: Path
    codes: tuple[str, ...]
    song: str


def song_of(stem: str) -> str:
    """Name of the song that an excerpt comes from.

    Parameters
    ----------
    stem : str
        File name without ``.wav``.

    Examples
    --------
    >>> song_of("02 - A Song - Live-11")
    '02 - A Song - Live'
    """
    return _NUMBER_AT_END.sub("", stem)


def find_excerpts(folder: str | Path) -> list[Excerpt]:
    """List the excerpts of a folder and of all folders below it, with their labels.

    Parameters
    ----------
    folder : str or Path
        Hidden files are passed over.

    Returns
    -------
    excerpts : list of Excerpt
        By path.

    Raises
    ------
    FeatureFolderError
        If the folder is missing or holds no excerpts, or a label file is missing, empty or names something else than
        the eleven instruments.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FeatureFolderError(f"{folder} is not a folder; give the unpacked IRMAS testing data")
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() == ".wav" and not path.name.startswith(".") and path.is_file()
    ]
    if not paths:
        raise FeatureFolderError(
            f"{folder} holds no excerpts: there is no .wav file in it or below it; give the unpacked IRMAS testing data"
        )
    return [Excerpt(path, read_labels(_labels_of(path)), song_of(path.stem)) for path in paths]


def read_labels(path: Path) -> tuple[str, ...]:
    """Read the label file of an excerpt: codes divided by line breaks, tabs or spaces.

    Parameters
    ----------
    path : Path

    Returns
    -------
    codes : tuple of str
        Each once, in the order of the network's outputs.

    Raises
    ------
    FeatureFolderError
        If the file cannot be read, is empty, or names something else than the eleven instruments.
    """
    try:
        words = path.read_text(encoding="utf-8-sig").split()
    except (OSError, UnicodeDecodeError) as error:
        raise FeatureFolderError(f"the label file {path} cannot be read ({error}); unpack the archive again") from error
    unknown = sorted(set(words) - set(CODES))
    if unknown:
        raise FeatureFolderError(
            f"the label file {path} names {', '.join(map(repr, unknown))}, which is none of the eleven instruments "
            f"({', '.join(CODES)}); correct it"
        )
    if not words:
        raise FeatureFolderError(f"the label file {path} is empty; write the excerpt's instruments into it, one a line")
    return tuple(code for code in CODES if code in words)


def _labels_of(recording: Path) -> Path:
    for suffix in (".txt", ".TXT"):
        labels = recording.with_name(recording.stem + suffix)
        if labels.is_file():
            return labels
    raise FeatureFolderError(
        f"the excerpt {recording} has no label file: {recording.stem}.txt must lie beside it; unpack the archive again"
    )
