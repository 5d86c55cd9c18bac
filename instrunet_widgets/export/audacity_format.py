"""Time ranges as a label track for Audacity (*File > Import > Labels*).

A line per range: start and end in seconds with six decimals, then the instrument's name, separated by tabs;
UTF-8, without a header. Ranges are ordered by start, then by instrument.
"""

from __future__ import annotations

from ..config import DecodingConfig
from ..instruments import instrument_by_code
from ..results import Analysis


def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
    """The label track of one recording.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig

    Returns
    -------
    content : bytes
        Empty if no instrument has a time range.
    """
    lines = [
        f"{segment.start:.6f}\t{segment.end:.6f}\t{instrument_by_code(segment.instrument).name}\n"
        for segment in analysis.decode(config).segments
    ]
    return "".join(lines).encode("utf-8")
