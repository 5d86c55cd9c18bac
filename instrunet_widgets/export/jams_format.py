"""An analysis as JAMS, the JSON format of music annotations that mir_eval, mirdata and others read.

Two annotations: whole-file tags (``tag_open``) of the detected instruments with their scores as confidence, and
time ranges (``segment_open``) of every instrument that is heard somewhere. Values are English names; the
sandbox of each annotation holds the settings, and that of the tags all eleven scores and thresholds by code.

References
----------
.. [1] E. J. Humphrey et al., "JAMS: A JSON annotated music specification for reproducible MIR research",
       ISMIR 2014.
"""

from __future__ import annotations

import json
from typing import Any

from ..config import DecodingConfig
from ..instruments import instrument_by_code
from ..results import Analysis, Timeline
from .names import replace_surrogates, strip_folder
from .versions import instrunet_version

JAMS_VERSION = "0.3.4"  # of the format; its schema has not changed since


def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
    """The JAMS file of one recording.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig

    Returns
    -------
    content : bytes
        UTF-8 JSON.
    """
    timeline = analysis.decode(config)
    document = {
        "annotations": [_write_tags(analysis, timeline), _write_segments(analysis, timeline)],
        "file_metadata": {
            "title": strip_folder(analysis.audio_name),
            "artist": "",
            "release": "",
            "duration": float(analysis.duration),
            "identifiers": {},
            "jams_version": JAMS_VERSION,
        },
        "sandbox": {},
    }
    return (json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n").encode("utf-8")


def _write_tags(analysis: Analysis, timeline: Timeline) -> dict[str, Any]:
    tags = [
        _observe(0.0, analysis.duration, instrument_by_code(code).name, timeline.score_of(code))
        for code in timeline.detected
    ]
    columns = {"scores": timeline.scores, "thresholds": timeline.recording_thresholds}
    by_code = {
        name: dict(zip(analysis.instruments, (round(float(value), 6) for value in column), strict=True))
        for name, column in columns.items()
    }
    return _annotate(analysis, timeline, "tag_open", tags, by_code)


def _write_segments(analysis: Analysis, timeline: Timeline) -> dict[str, Any]:
    ranges = [
        _observe(segment.start, segment.duration, instrument_by_code(segment.instrument).name, segment.confidence)
        for segment in timeline.segments
    ]
    thresholds = (round(float(value), 6) for value in timeline.thresholds)
    by_code = {"thresholds": dict(zip(analysis.instruments, thresholds, strict=True))}
    return _annotate(analysis, timeline, "segment_open", ranges, by_code)


def _observe(time: float, duration: float, value: str, confidence: float) -> dict[str, Any]:
    return {"time": time, "duration": duration, "value": value, "confidence": round(confidence, 6)}


def _annotate(
    analysis: Analysis,
    timeline: Timeline,
    namespace: str,
    observations: list[dict[str, Any]],
    by_code: dict[str, dict[str, float]],
) -> dict[str, Any]:
    config = timeline.config
    return {
        "annotation_metadata": {
            "curator": {"name": "", "email": ""},
            "annotator": {},
            "version": instrunet_version(),
            "corpus": "",
            "annotation_tools": f"InstruNet {instrunet_version()}, network {replace_surrogates(analysis.model_name)}",
            "annotation_rules": "Instruments whose probability reaches the threshold; see the sandbox.",
            "validation": "",
            "data_source": "program",
        },
        "namespace": namespace,
        "data": observations,
        "sandbox": {
            "model_hash": replace_surrogates(analysis.model_hash),
            "aggregation": config.aggregation,
            "threshold": config.threshold if config.threshold == "auto" else float(config.threshold),
            "smoothing_windows": int(config.smoothing_windows),
            "min_segment_seconds": float(config.min_segment_seconds),
            **by_code,
        },
        "time": 0.0,
        "duration": float(analysis.duration),
    }
