"""Analyses as CSV tables: of one recording a row per window, of several a row per recording.

Comma-separated, UTF-8 without a byte order mark, a point as decimal mark, quoted as RFC 4180 says. A text
cell that a spreadsheet would take for a formula is preceded by an apostrophe (`guard_formula`).

One recording: ``file``, ``window_start``, ``window_end`` (s; the last window may reach beyond the end of the
recording), ``silent`` (true or false), then the smoothed probability of each instrument under its code
(``cel``) and the raw one that the network gave (``cel_raw``).

Several recordings: ``file``, ``duration`` (s), ``detected`` (codes, highest score first, joined by "; "), the
score of each instrument, ``model``, ``model_hash``, and the settings ``aggregation``, ``threshold`` (a number
or "auto"), ``smoothing`` (windows) and ``min_segment`` (s).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

import numpy as np

from ..config import DecodingConfig
from ..results import Analysis
from .names import replace_surrogates

# How spreadsheets recognise a formula; the wide forms count in East Asian versions.
_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠\t\r\n]")


def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
    """The table of one recording: one row per window.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig
        Only its smoothing matters here, and not for the raw columns.

    Returns
    -------
    content : bytes
    """
    matrix = np.hstack([analysis.decode(config).smoothed, analysis.probabilities]).tolist()
    header = ["file", "window_start", "window_end", "silent", *analysis.instruments]
    header += [f"{code}_raw" for code in analysis.instruments]
    name = guard_formula(analysis.audio_name)
    starts = analysis.window_starts.tolist()
    rows = (
        [
            name,
            write_number(start),
            write_number(start + analysis.window_seconds),
            "true" if is_silent else "false",
            *map(write_number, values),
        ]
        for start, is_silent, values in zip(starts, analysis.silent.tolist(), matrix, strict=True)
    )
    return write_table([header, *rows])


def encode_many(analyses: Sequence[Analysis], config: DecodingConfig) -> bytes:
    """The table of several recordings: one row each.

    Parameters
    ----------
    analyses : sequence of Analysis
    config : DecodingConfig

    Returns
    -------
    content : bytes
        Instruments are in the order of the first recording.
    """
    codes = list(dict.fromkeys(code for analysis in analyses for code in analysis.instruments))
    header = ["file", "duration", "detected", *codes, "model", "model_hash"]
    header += ["aggregation", "threshold", "smoothing", "min_segment"]
    return write_table([header, *(_summarise(analysis, config, codes) for analysis in analyses)])


def guard_formula(text: str) -> str:
    """Keep a spreadsheet from running a text cell as a formula, without losing the text.

    An apostrophe is put before text that begins with ``= + - @``, a line break or a tab, or has one of them
    behind leading apostrophes and spaces. To undo it, take one apostrophe from text that has one of them
    behind at least one apostrophe.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> guard_formula("=cmd.wav"), guard_formula("'Round Midnight.wav")
    ("'=cmd.wav", "'Round Midnight.wav")
    """
    text = replace_surrogates(text)
    return f"'{text}" if _FORMULA.match(text) else text


def _summarise(analysis: Analysis, config: DecodingConfig, codes: Sequence[str]) -> list[str]:
    timeline = analysis.decode(config)
    scores = dict(zip(analysis.instruments, map(write_number, timeline.scores.tolist()), strict=True))
    return [
        guard_formula(analysis.audio_name),
        write_number(analysis.duration),
        "; ".join(timeline.detected),
        *(scores.get(code, "") for code in codes),
        guard_formula(analysis.model_name),
        guard_formula(analysis.model_hash),
        config.aggregation,
        "auto" if config.threshold == "auto" else repr(float(config.threshold)),
        str(int(config.smoothing_windows)),
        write_number(config.min_segment_seconds),
    ]


def write_number(value: float) -> str:
    """Six decimals without zeros at the end.

    Examples
    --------
    >>> write_number(0.4), write_number(3.0)
    ('0.4', '3')
    """
    return f"{value:.6f}".rstrip("0").rstrip(".")


def write_table(rows: Iterable[Sequence[str]]) -> bytes:
    """Comma-separated UTF-8 with the line ends of RFC 4180."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8")
