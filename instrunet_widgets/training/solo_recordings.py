"""Recordings of one instrument alone: which there are in a folder, and what plays in each."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ..errors import FeatureFolderError
from ..instruments import CODES

LABELS_NAME = "labels.csv"
_COLUMNS = ("file", "code")


@dataclass(frozen=True)
class SoloRecording:
    """A recording of one instrument: its path, its name as listed, and the IRMAS code of what plays."""

    path: Path
    file: str
    code: str


def find_solo_recordings(folder: str | Path, labels: str | Path | None = None) -> list[SoloRecording]:
    """List solo recordings with their instruments.

    Parameters
    ----------
    folder : str or Path
    labels : str or Path, optional
        CSV file with the columns ``file`` (below `folder`) and ``code``. Default: ``labels.csv`` in the folder if
        there is one; else the subfolders that are named by IRMAS codes say what plays in their files.

    Returns
    -------
    recordings : list of SoloRecording

    Raises
    ------
    FeatureFolderError
        If nothing is found, the CSV file lacks a column, names a missing file, or a code is none of the eleven.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FeatureFolderError(f"{folder} is not a folder; give a folder of solo recordings")
    if labels is not None or (folder / LABELS_NAME).is_file():
        return _read_labels(folder, Path(labels) if labels is not None else folder / LABELS_NAME)
    recordings = [
        SoloRecording(path, f"{code}/{path.name}", code)
        for code in CODES
        for path in sorted(folder.glob(f"{code}/*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    if not recordings:
        raise FeatureFolderError(
            f"{folder} holds no solo recordings: it needs a {LABELS_NAME} with the columns file and code, or "
            "subfolders named by IRMAS codes, such as cel"
        )
    return recordings


def _read_labels(folder: Path, labels: Path) -> list[SoloRecording]:
    try:
        with labels.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            rows, columns = list(reader), set(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FeatureFolderError(f"{labels} cannot be read as a table: {error}") from error
    if not set(_COLUMNS) <= columns:
        raise FeatureFolderError(f"{labels} must have the columns file and code in its first line")
    if not rows:
        raise FeatureFolderError(f"{labels} lists no recordings; write a line for each, file and code")
    recordings = []
    for number, row in enumerate(rows, start=2):
        file, code = ((row[column] or "").strip() for column in _COLUMNS)
        if code not in CODES:
            raise FeatureFolderError(
                f"{labels}, line {number}: {code!r} is none of the eleven instruments ({', '.join(CODES)})"
            )
        if not file or not (folder / file).is_file():
            raise FeatureFolderError(f"{labels}, line {number}: there is no recording {folder / file}")
        recordings.append(SoloRecording(folder / file, file, code))
    return recordings
