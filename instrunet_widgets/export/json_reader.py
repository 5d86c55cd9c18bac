"""Restoring an analysis, or its settings, from JSON; lengths and ranges are checked, not believed."""

from __future__ import annotations

import numpy as np

from ..config import AGGREGATIONS, DecodingConfig
from ..instruments import CODES
from ..results import Analysis, BoolArray, FloatArray, Thresholds
from .json_document import JsonDocument, Source, open_document
from .names import replace_surrogates, strip_folder


def from_json(source: Source) -> Analysis:
    """Restore an analysis from JSON; all but its `overview`, which is not kept in the file.

    Parameters
    ----------
    source : str, bytes or path
        JSON text (a string that begins with a brace), its bytes, or the path of a file.

    Returns
    -------
    analysis : Analysis
        With exactly the probabilities that were saved.

    Raises
    ------
    ExportError
        If the file can't be read, is not JSON, is no InstruNet analysis, comes from a newer version, or lacks
        something; the message says what.
    """
    document = open_document(source)
    instruments = _read_instruments(document)
    starts = [document.number(entry, "time_sec", "timeline") for entry in document.objects("timeline")]
    model = document.object("model")
    try:
        return Analysis(
            probabilities=_read_probabilities(document, len(starts), len(instruments)),
            silent=_read_silent(document, len(starts)),
            window_starts=np.array(starts, dtype=np.float64),
            window_seconds=document.number(document.content, "segment_duration_sec"),
            hop_seconds=document.number(document.content, "hop_duration_sec"),
            duration=document.number(document.content, "duration_sec"),
            audio_name=strip_folder(document.text(document.content, "audio_file")),
            model_name=document.text(model, "name"),
            model_hash=document.text(model, "hash"),
            thresholds=_read_thresholds(document, instruments),
            sample_rate=document.count(document.content, "sample_rate_hz"),
            n_channels=document.count(document.content, "n_channels"),
            audio_format=document.text(document.content, "audio_format"),
            warnings=_read_warnings(document),
            instruments=instruments,
        )
    except ValueError as error:
        document.refuse(str(error))


def config_from_json(source: Source) -> DecodingConfig:
    """Restore the settings that an analysis was saved with.

    Parameters
    ----------
    source : str, bytes or path
        As for `from_json`.

    Returns
    -------
    config : DecodingConfig

    Raises
    ------
    ExportError
        As for `from_json`.
    """
    document = open_document(source)
    content = document.content
    aggregation = document.value(content, "aggregation")
    if aggregation not in AGGREGATIONS:
        document.refuse("'aggregation' must be 'mean' or 'max'")
    is_auto = document.value(content, "threshold") is None
    try:
        return DecodingConfig(
            aggregation=aggregation,
            threshold="auto" if is_auto else document.number(content, "threshold"),
            smoothing_windows=document.count(content, "smoothing"),
            min_segment_seconds=document.number(content, "min_segment_sec"),
        )
    except ValueError as error:
        document.refuse(str(error))


def _read_instruments(document: JsonDocument) -> tuple[str, ...]:
    classes = document.array("classes")
    if not all(isinstance(code, str) for code in classes) or sorted(classes) != sorted(CODES):
        document.refuse(f"'classes' must name each of {', '.join(CODES)} once")
    return tuple(classes)


def _read_probabilities(document: JsonDocument, n_windows: int, n_instruments: int) -> FloatArray:
    rows = document.array("probabilities")
    if len(rows) != n_windows:
        document.refuse(f"'probabilities' has {len(rows)} rows and 'timeline' {n_windows}")
    if any(type(row) is not list or len(row) != n_instruments for row in rows):
        document.refuse(f"each row of 'probabilities' must hold {n_instruments} numbers")
    if any(type(value) not in (int, float) or not 0 <= value <= 1 for row in rows for value in row):
        document.refuse("'probabilities' must be numbers in 0..1")
    return np.array(rows, dtype=np.float64).reshape(n_windows, n_instruments).astype(np.float32)


def _read_silent(document: JsonDocument, n_windows: int) -> BoolArray:
    silent = np.zeros(n_windows, dtype=np.bool_)
    for window in document.array("silent_windows"):
        if type(window) is not int or not 0 <= window < n_windows or silent[window]:
            document.refuse(f"'silent_windows' must be different whole numbers from 0 to {n_windows - 1}")
        silent[window] = True
    return silent


def _read_thresholds(document: JsonDocument, instruments: tuple[str, ...]) -> Thresholds:
    table = document.object("thresholds")
    rows = [document.object(code, table) for code in instruments]

    def read(key: str) -> FloatArray:
        return np.array([document.number(row, key, "thresholds") for row in rows]).astype(np.float32)

    return Thresholds(read("window"), read("recording_mean"), read("recording_max"))


def _read_warnings(document: JsonDocument) -> tuple[str, ...]:
    warnings = document.array("warnings")
    if not all(isinstance(warning, str) for warning in warnings):
        document.refuse("'warnings' must be a list of sentences")
    return tuple(replace_surrogates(warning) for warning in warnings)
