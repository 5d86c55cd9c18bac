"""Everything an analysis can be written as: a table of formats, and `write_export`.

A format is one module of this folder and one line of `FORMATS`. The module holds
``encode(analysis, config) -> bytes`` and, where several recordings fit in one file,
``encode_many(analyses, config) -> bytes``; images take an `ImageConfig` as a third argument. It is imported when it is
first used, so a format may need heavy libraries without slowing down anything else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ExportError
from ..wording import escape_unprintable
from .formats import ExportFormat, import_encode, import_encode_many

if TYPE_CHECKING:
    from ..config import DecodingConfig
    from ..plotting import ImageConfig
    from ..results import Analysis

__all__ = ["FORMATS", "ExportFormat", "format_by_key", "format_by_path", "write_export"]


FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat(
        key="json",
        title="JSON",
        extension=".json",
        media_type="application/json",
        description="The whole analysis with its settings; InstruNet can open it again without the audio.",
        encode=import_encode("json_format"),
    ),
    ExportFormat(
        key="csv",
        title="CSV table",
        extension=".csv",
        media_type="text/csv",
        description="One row per window; for several recordings, one row per recording.",
        encode=import_encode("csv_format"),
        encode_many=import_encode_many("csv_format"),
    ),
    ExportFormat(
        key="segments",
        title="CSV of time ranges",
        extension=".segments.csv",
        media_type="text/csv",
        description="One row per time range.",
        encode=import_encode("segments_format"),
        encode_many=import_encode_many("segments_format"),
    ),
    ExportFormat(
        key="labels",
        title="Audacity labels",
        extension=".labels.txt",
        media_type="text/plain",
        description="Time ranges as a label track for Audacity.",
        encode=import_encode("audacity_format"),
    ),
    ExportFormat(
        key="raven",
        title="Raven selection table",
        extension=".selections.txt",
        media_type="text/tab-separated-values",
        description="Time ranges as a selection table for Raven.",
        encode=import_encode("raven_format"),
    ),
    ExportFormat(
        key="vtt",
        title="WebVTT subtitles",
        extension=".vtt",
        media_type="text/vtt",
        description="Subtitles that name who plays, for players.",
        encode=import_encode("vtt_format"),
    ),
    ExportFormat(
        key="jams",
        title="JAMS",
        extension=".jams",
        media_type="application/json",
        description="Tags and time ranges as JAMS, for music research.",
        encode=import_encode("jams_format"),
    ),
    ExportFormat(
        key="pdf",
        title="PDF report",
        extension=".pdf",
        media_type="application/pdf",
        description="Report with charts and tables, to read and print.",
        encode=import_encode("pdf"),
        is_text=False,
    ),
    ExportFormat(
        key="png",
        title="PNG image",
        extension=".png",
        media_type="image/png",
        description="Charts as a PNG image.",
        encode=import_encode("png_format"),
        is_image=True,
        is_text=False,
    ),
    ExportFormat(
        key="svg",
        title="SVG image",
        extension=".svg",
        media_type="image/svg+xml",
        description="Charts as an SVG image, sharp at any size.",
        encode=import_encode("svg_format"),
        is_image=True,
        is_text=False,
    ),
    ExportFormat(
        key="npz",
        title="NumPy arrays",
        extension=".npz",
        media_type="application/zip",
        description="Everything as arrays for NumPy.",
        encode=import_encode("npz_format"),
        encode_many=import_encode_many("npz_format"),
        is_text=False,
    ),
    ExportFormat(
        key="parquet",
        title="Parquet table",
        extension=".parquet",
        media_type="application/vnd.apache.parquet",
        description="One row per window as Parquet, for large collections.",
        encode=import_encode("parquet_format"),
        encode_many=import_encode_many("parquet_format"),
        is_text=False,
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


def format_by_path(path: str | os.PathLike[str]) -> ExportFormat:
    """Choose a format by the extension of a file's name.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    ExportError
        If no format has this extension; the message names those that there are.

    Examples
    --------
    >>> format_by_path("song.segments.csv").key
    'segments'
    """
    name = os.fspath(path).casefold()
    fitting = [one for one in FORMATS if name.endswith(one.extension)]
    if not fitting:
        known = ", ".join(one.extension for one in FORMATS)
        raise ExportError(
            f"{escape_unprintable(os.fspath(path))} has none of the extensions that tell the format; "
            f"name it with one of {known}."
        )
    return max(fitting, key=lambda one: len(one.extension))


def write_export(
    analyses: Analysis | Sequence[Analysis],
    config: DecodingConfig,
    path: str | os.PathLike[str],
    key: str | None = None,
    *,
    force: bool = False,
    image: ImageConfig | None = None,
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
    key : str, optional
        Which format, see `FORMATS`. By default the extension of `path` decides.
    force : bool
        Whether to replace an existing file.
    image : ImageConfig, optional
        For images: which chart, how large, with which title.

    Returns
    -------
    path : Path
        Where the file was written.

    Raises
    ------
    ExportError
        If the file exists and `force` is not set, if it cannot be written, if the extension says nothing, or if the
        format holds one recording only and several are given.
    KeyError
        If there is no format of this key.
    """
    from .files import refuse_existing, write_file

    export_format = format_by_path(path) if key is None else format_by_key(key)
    if not force:
        refuse_existing(path)  # before the work of encoding
    return write_file(path, _encode(analyses, config, export_format, image), force=force)


def _encode(
    analyses: Analysis | Sequence[Analysis],
    config: DecodingConfig,
    export_format: ExportFormat,
    image: ImageConfig | None,
) -> bytes:
    if not isinstance(analyses, Sequence):
        return export_format.encode(analyses, config, *([image] if export_format.is_image else []))
    if export_format.encode_many is None:
        raise ExportError(
            f"A {export_format.title} file holds one recording, not {len(analyses)}; "
            "name a folder to get one file for each."
        )
    return export_format.encode_many(analyses, config)
