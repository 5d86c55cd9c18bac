"""The PDF report of one recording: summary, charts, all figures and the settings they hold for.

This package is imported when a report is written, so its modules load reportlab and Matplotlib at once.
"""

from __future__ import annotations

from datetime import date

from ...config import DecodingConfig
from ...results import Analysis


def encode(analysis: Analysis, config: DecodingConfig, *, day: date | None = None) -> bytes:
    """The report of one recording.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig
    day : date, optional
        Of the report; default: today.

    Returns
    -------
    content : bytes
        The same for the same day and settings.
    """
    from .fonts import register_fonts

    register_fonts()
    from .report import write_report

    return write_report(analysis, config, day or date.today())
