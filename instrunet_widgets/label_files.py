"""Label files: who plays when, as people write it down. Audacity's label tracks, which `export` writes too.

One range a line: start and end in seconds and the instrument's name or IRMAS code, with tabs between::

    0.000000	22.241000	piano
    10.909000	21.900000	flu
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from .errors import ExportError
from .examples import LabelledRange
from .instruments import CODES, INSTRUMENTS

_CODE_OF = {instrument.name: instrument.code for instrument in INSTRUMENTS} | {code: code for code in CODES}
_TYPICAL_SUFFIX = ".labels.txt"


def label_path(audio: str | Path) -> Path:
    """Where the labels of a recording are kept: beside it, under its name.

    Examples
    --------
    >>> label_path("music/song.mp3").name
    'song.labels.txt'
    """
    path = Path(audio)
    return path.with_name(path.stem + _TYPICAL_SUFFIX)


def read_labels(path: str | Path) -> tuple[LabelledRange, ...]:
    """Read a label file.

    Parameters
    ----------
    path : str or Path
        UTF-8. Empty lines, and the lines that begin with a backslash (Audacity's frequency ranges), are passed over.

    Returns
    -------
    ranges : tuple of LabelledRange
        By start.

    Raises
    ------
    ExportError
        If the file cannot be read, or a line is no label; the message names the line and what is wrong with it.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ExportError(f"the label file {path} cannot be read ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        raise ExportError(f"{path} is no text in UTF-8; save it as UTF-8") from error
    ranges = [
        _read_line(line, f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("\\")
    ]
    return tuple(sorted(ranges, key=lambda found: (found.start, CODES.index(found.instrument))))


def write_labels(path: str | Path, ranges: Iterable[LabelledRange]) -> Path:
    """Write a label file that Audacity opens; an existing one is replaced.

    Parameters
    ----------
    path : str or Path
    ranges : iterable of LabelledRange

    Returns
    -------
    path : Path
    """
    names = {code: name for name, code in _CODE_OF.items() if name not in CODES}
    lines = [f"{found.start:.6f}\t{found.end:.6f}\t{names[found.instrument]}\n" for found in ranges]
    path = Path(path)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _read_line(line: str, place: str) -> LabelledRange:
    parts = [part.strip() for part in line.split("\t") if part.strip()]
    if len(parts) != 3:
        raise ExportError(f"{place}: a label is start, end and instrument with tabs between, got {line!r}")
    try:
        start, end = float(parts[0]), float(parts[1])
    except ValueError as error:
        raise ExportError(f"{place}: start and end must be seconds, got {parts[0]!r} and {parts[1]!r}") from error
    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
        raise ExportError(f"{place}: a label begins at 0 or later and ends after that, got {start:g} to {end:g}")
    code = _CODE_OF.get(parts[2].lower())
    if code is None:
        raise ExportError(f"{place}: {parts[2]!r} is none of the eleven instruments: {', '.join(_CODE_OF)}")
    return LabelledRange(code, start, end)
