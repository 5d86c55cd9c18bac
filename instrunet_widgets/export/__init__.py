"""Everything an analysis can be written as: a table of formats, and `write_export`.

A format is one module of this folder and one line of `FORMATS`. The module holds
``encode(analysis, config) -> bytes`` and, where several recordings fit in one file,
``encode_many(analyses, config) -> bytes``. It is imported when it is first used, so a format may need heavy
libraries without slowing down anything else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ExportError

if TYPE_CHECKING:
    from ..config import DecodingConfig
    from ..results import Analysis

    Encode = Callable[[Analysis, DecodingConfig], bytes]
    EncodeMany = Callable[[Sequence[Analysis], DecodingConfig], bytes]

__all__ = ["FORMATS", "ExportFormat", "format_by_key", "write_export"]


@dataclass(frozen=True)
class ExportFormat:
    """One kind of file that results can be written as.

    Parameters
    ----------
    key : str
        Short name, also the option of the command line: ``"json"`` for ``--json``.
    title : str
        What a user reads, for example ``"CSV table"``.
    extension : str
        With its dot, for example ``".csv"``.
    media_type : str
        For downloads, for example ``"text/csv"``.
    description : str
        One sentence on what is in the file.
    encode : callable (Analysis, DecodingConfig) -> bytes
        The content of a file for one recording.
    encode_many : callable (sequence of Analysis, DecodingConfig) -> bytes, or None
        The content of one file for several recordings; None where the format holds one recording only.
    """

    key: str
    title: str
    extension: str
    media_type: str
    description: str
    encode: Encode
    encode_many: EncodeMany | None = None


def _import_encode(module: str) -> Encode:
    def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
        content: bytes = import_module(f".{module}", __name__).encode(analysis, config)
        return content

    return encode


def _import_encode_many(module: str) -> EncodeMany:
    def encode_many(analyses: Sequence[Analysis], config: DecodingConfig) -> bytes:
        content: bytes = import_module(f".{module}", __name__).encode_many(analyses, config)
        return content

    return encode_many


FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat(
        key="json",
        title="JSON",
        extension=".json",
        media_type="application/json",
        description="The whole analysis with its settings; InstruNet can open it again without the audio.",
        encode=_import_encode("json_format"),
    ),
    ExportFormat(
        key="csv",
        title="CSV table",
        extension=".csv",
        media_type="text/csv",
        description="One row per window; for several recordings, one row per recording.",
        encode=_import_encode("csv_format"),
        encode_many=_import_encode_many("csv_format"),
    ),
    ExportFormat(
        key="segments",
        title="CSV of time ranges",
        extension=".segments.csv",
        media_type="text/csv",
        description="One row per time range.",
        encode=_import_encode("segments_format"),
        encode_many=_import_encode_many("segments_format"),
    ),
    ExportFormat(
        key="labels",
        title="Audacity labels",
        extension=".labels.txt",
        media_type="text/plain",
        description="Time ranges as a label track for Audacity.",
        encode=_import_encode("audacity_format"),
    ),
    ExportFormat(
        key="raven",
        title="Raven selection table",
        extension=".selections.txt",
        media_type="text/tab-separated-values",
        description="Time ranges as a selection table for Raven.",
        encode=_import_encode("raven_format"),
    ),
    ExportFormat(
        key="vtt",
        title="WebVTT subtitles",
        extension=".vtt",
        media_type="text/vtt",
        description="Subtitles that name who plays, for players.",
        encode=_import_encode("vtt_format"),
    ),
    ExportFormat(
        key="jams",
        title="JAMS",
        extension=".jams",
        media_type="application/json",
        description="Tags and time ranges as JAMS, for music research.",
        encode=_import_encode("jams_format"),
    ),
)


def format_by_key(key: str) -> ExportFormat:
    """Look a format up by its key.

    Raises
    ------
    KeyError
        If there is no such format.

    Examples
    --------
    >>> format_by_key("csv").extension
    '.csv'
    """
    for export_format in FORMATS:
        if export_format.key == key:
            return export_format
    known = ", ".join(export_format.key for export_format in FORMATS)
    raise KeyError(f"{key!r} is not an export format; there are {known}")


def write_export(
    analyses: Analysis | Sequence[Analysis],
    config: DecodingConfig,
    path: str | os.PathLike[str],
    key: str,
    *,
    force: bool = False,
) -> Path:
    """Write one recording, or several in one file, completely or not at all.

    Parameters
    ----------
    analyses : Analysis or sequence of Analysis
        A sequence gives the file for several recordings, also where it holds only one.
    config : DecodingConfig
        How the probabilities are read.
    path : str or path
        The file to write; its folder must exist.
    key : str
        Which format, see `FORMATS`.
    force : bool
        Whether to replace an existing file.

    Returns
    -------
    path : Path
        Where the file was written.

    Raises
    ------
    ExportError
        If the file exists and `force` is not set, if it cannot be written, or if the format holds one
        recording only and several are given.
    KeyError
        If there is no such format.
    """
    from .files import refuse_existing, write_file

    if not force:
        refuse_existing(path)  # before the work of encoding
    return write_file(path, _encode(analyses, config, format_by_key(key)), force=force)


def _encode(analyses: Analysis | Sequence[Analysis], config: DecodingConfig, export_format: ExportFormat) -> bytes:
    if not isinstance(analyses, Sequence):
        return export_format.encode(analyses, config)
    if export_format.encode_many is None:
        raise ExportError(
            f"A {export_format.title} file holds one recording, not {len(analyses)}; "
            "name a folder to get one file for each."
        )
    return export_format.encode_many(analyses, config)
