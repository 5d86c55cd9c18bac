"""Time ranges as a selection table for Raven, and for the many tools of bioacoustics that read its tables.

Tab-separated with a header, a row per range. ``Low Freq (Hz)`` and ``High Freq (Hz)`` span what the network
hears. The last four columns are annotations: IRMAS code, name, confidence and the recording.
"""

from __future__ import annotations

from ..config import DecodingConfig, FeatureConfig
from ..instruments import instrument_by_code
from ..results import Analysis
from ..wording import escape_unprintable
from .names import strip_folder

_COLUMNS = (
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Instrument",
    "Name",
    "Confidence",
    "Begin File",
)


def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
    """The selection table of one recording.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig

    Returns
    -------
    content : bytes
        UTF-8; the header alone if no instrument has a time range.
    """
    features = FeatureConfig()
    highest = min(features.fmax, analysis.sample_rate / 2) if analysis.sample_rate else features.fmax
    file = escape_unprintable(strip_folder(analysis.audio_name))
    rows = [
        (
            str(number),
            "Spectrogram 1",
            "1",
            f"{segment.start:.6f}",
            f"{segment.end:.6f}",
            f"{features.fmin:.1f}",
            f"{highest:.1f}",
            segment.instrument,
            instrument_by_code(segment.instrument).name,
            f"{segment.confidence:.6f}",
            file,
        )
        for number, segment in enumerate(analysis.decode(config).segments, start=1)
    ]
    return "".join("\t".join(row) + "\n" for row in (_COLUMNS, *rows)).encode("utf-8")
