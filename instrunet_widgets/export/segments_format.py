"""Time ranges as a CSV table, of one recording or of several.

A row per range: ``file``, ``instrument`` (IRMAS code), ``name``, ``start``, ``end`` and ``duration`` (s), and
``confidence`` (the mean smoothed probability in the range). Written like the tables of `csv_format`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..config import DecodingConfig
from ..instruments import instrument_by_code
from ..results import Analysis
from .csv_format import guard_formula, write_number, write_table

_HEADER = ("file", "instrument", "name", "start", "end", "duration", "confidence")


def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
    """The time ranges of one recording."""
    return encode_many([analysis], config)


def encode_many(analyses: Sequence[Analysis], config: DecodingConfig) -> bytes:
    """The time ranges of several recordings, one recording after the other.

    Parameters
    ----------
    analyses : sequence of Analysis
    config : DecodingConfig

    Returns
    -------
    content : bytes
        UTF-8; the header alone if nothing is heard.
    """
    rows = [
        (
            guard_formula(analysis.audio_name),
            segment.instrument,
            instrument_by_code(segment.instrument).name,
            *map(write_number, (segment.start, segment.end, segment.duration, segment.confidence)),
        )
        for analysis in analyses
        for segment in analysis.decode(config).segments
    ]
    return write_table([_HEADER, *rows])
