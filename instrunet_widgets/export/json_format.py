"""An analysis as JSON: complete, so that it can be opened again, and readable by people and programs.

The structure is described by ``schema.json`` beside this module (JSON Schema 2020-12). Times are written in
full, smoothed probabilities and scores to six decimals, raw probabilities and the model's thresholds with as
many digits as bring back exactly the same float32. There is no NaN.

A new key leaves the schema version as it is; a changed or removed one raises it.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np

from ..config import DecodingConfig
from ..instruments import instrument_by_code
from ..results import Analysis, FloatArray, Timeline
from .json_document import SCHEMA_VERSION
from .json_reader import config_from_json, from_json
from .names import replace_surrogates, strip_folder
from .versions import instrunet_version, library_versions

__all__ = ["SCHEMA_VERSION", "config_from_json", "encode", "from_json", "load_schema", "to_json"]

_DECIMALS = 6

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def to_json(analysis: Analysis, config: DecodingConfig | None = None, *, one_line: bool = False) -> str:
    """Write an analysis and its decoding as JSON text.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig, optional
        How the probabilities are read. Default: mean, smoothing over 3 windows, the model's own thresholds.
    one_line : bool
        Without line breaks, for streams of one analysis a line; by default one window a line.

    Returns
    -------
    text : str
        Can be written as UTF-8; without a line break at its end.
    """
    document = _build_document(analysis, analysis.decode(config))
    return _encoder.encode(document) if one_line else _lay_out(document)


def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
    """The content of a JSON file: UTF-8, one window a line."""
    return (to_json(analysis, config) + "\n").encode("utf-8")


def load_schema() -> dict[str, Any]:
    """The JSON Schema of what `to_json` writes."""
    schema: dict[str, Any] = json.loads((files(__package__) / "schema.json").read_text(encoding="utf-8"))
    return schema


def _build_document(analysis: Analysis, timeline: Timeline) -> dict[str, Any]:
    config = timeline.config
    codes = analysis.instruments
    scores = _round(timeline.scores)
    return {
        "audio_file": strip_folder(analysis.audio_name),
        "segment_duration_sec": float(analysis.window_seconds),
        "hop_duration_sec": float(analysis.hop_seconds),
        "aggregation": config.aggregation,
        "smoothing": int(config.smoothing_windows),
        "threshold": None if config.threshold == "auto" else float(config.threshold),
        "threshold_source": "model" if config.threshold == "auto" else "user",
        "min_segment_sec": float(config.min_segment_seconds),
        "schema_version": SCHEMA_VERSION,
        "instrunet_version": instrunet_version(),
        "library_versions": library_versions(),
        "model": {
            "name": replace_surrogates(analysis.model_name),
            "hash": replace_surrogates(analysis.model_hash),
        },
        "duration_sec": float(analysis.duration),
        "audio_format": replace_surrogates(analysis.audio_format),
        "sample_rate_hz": int(analysis.sample_rate),
        "n_channels": int(analysis.n_channels),
        "warnings": [replace_surrogates(warning) for warning in analysis.warnings],
        "classes": list(codes),
        "detected": _list_detected(timeline, codes),
        "scores": dict(zip(codes, scores, strict=True)),
        "thresholds": _describe_thresholds(analysis, timeline),
        "segments": _list_segments(timeline),
        "silent_windows": np.flatnonzero(analysis.silent).tolist(),
        "timeline": [
            {"time_sec": start, "intensity": dict(zip(codes, row, strict=True))}
            for start, row in zip(analysis.window_starts.tolist(), _round(timeline.smoothed), strict=True)
        ],
        "probabilities": _write_exactly(analysis.probabilities),
    }


def _list_detected(timeline: Timeline, codes: tuple[str, ...]) -> list[dict[str, Any]]:
    scores = dict(zip(codes, _round(timeline.scores), strict=True))
    thresholds = dict(zip(codes, _write_exactly(timeline.recording_thresholds), strict=True))
    return [
        {
            "instrument": code,
            "name": instrument_by_code(code).name,
            "score": scores[code],
            "threshold": thresholds[code],
        }
        for code in timeline.detected
    ]


def _list_segments(timeline: Timeline) -> list[dict[str, Any]]:
    return [
        {
            "instrument": segment.instrument,
            "start_sec": segment.start,
            "end_sec": segment.end,
            "confidence": round(segment.confidence, _DECIMALS),
        }
        for segment in timeline.segments
    ]


def _describe_thresholds(analysis: Analysis, timeline: Timeline) -> dict[str, dict[str, float]]:
    columns = {
        "window": analysis.thresholds.window,
        "recording_mean": analysis.thresholds.recording_mean,
        "recording_max": analysis.thresholds.recording_max,
        "applied_to_windows": timeline.thresholds,
        "applied_to_recording": timeline.recording_thresholds,
    }
    rows = zip(*(_write_exactly(column) for column in columns.values()), strict=True)
    return {code: dict(zip(columns, row, strict=True)) for code, row in zip(analysis.instruments, rows, strict=True)}


def _round(array: FloatArray) -> list[Any]:
    rounded: list[Any] = np.round(array.astype(np.float64), _DECIMALS).tolist()
    return rounded


def _write_exactly(array: FloatArray) -> list[Any]:
    """The shortest decimals that read back as exactly the same float32."""
    in_full = array.astype(np.float64)
    shortest = array.astype(str).astype(np.float64)
    exact: list[Any] = np.where(shortest.astype(np.float32) == array, shortest, in_full).tolist()
    return exact


def _lay_out(document: dict[str, Any]) -> str:
    """One line per key; lists and tables of larger things one line per thing."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], (list, dict)):
            text = _join_lines("[", [_encoder.encode(item) for item in value], "]")
        elif isinstance(value, dict) and any(isinstance(item, dict) for item in value.values()):
            items = [f"{_encoder.encode(name)}: {_encoder.encode(item)}" for name, item in value.items()]
            text = _join_lines("{", items, "}")
        else:
            text = _encoder.encode(value)
        lines.append(f"  {_encoder.encode(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _join_lines(opening: str, items: list[str], closing: str) -> str:
    return f"{opening}\n    " + ",\n    ".join(items) + f"\n  {closing}"
