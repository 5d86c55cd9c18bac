"""Analyses as a Parquet table, for collections of recordings: a row per window, read by pandas, Polars, DuckDB, Spark.

Columns: ``file``, ``window_start``, ``window_end`` (s), ``silent``, the smoothed probability of each instrument under
its code (``cel``) and the raw one (``cel_raw``), ``model`` and ``model_hash``. The settings are in the metadata of the
file under ``instrunet``, as JSON.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..config import DecodingConfig
from ..results import Analysis
from .names import replace_surrogates, strip_folder
from .versions import instrunet_version

if TYPE_CHECKING:
    import pandas as pd


def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
    """The table of one recording."""
    return encode_many([analysis], config)


def encode_many(analyses: Sequence[Analysis], config: DecodingConfig) -> bytes:
    """The table of several recordings, one after the other.

    Parameters
    ----------
    analyses : sequence of Analysis
    config : DecodingConfig
        Only its smoothing matters here, and not for the raw columns.

    Returns
    -------
    content : bytes
    """
    import fastparquet
    import pandas as pd

    settings = {
        "instrunet_version": instrunet_version(),
        "aggregation": config.aggregation,
        "threshold": config.threshold,
        "smoothing": int(config.smoothing_windows),
        "min_segment": float(config.min_segment_seconds),
    }
    frame = pd.concat([_tabulate(analysis, config) for analysis in analyses], ignore_index=True)
    file = _OpenFile()
    fastparquet.write(
        "memory",
        frame,
        compression="SNAPPY",
        write_index=False,
        object_encoding="utf8",
        stats=True,
        custom_metadata={"instrunet": json.dumps(settings)},
        open_with=lambda *_: file,
    )
    return file.getvalue()


class _OpenFile(io.BytesIO):
    """A file in memory that can still be read when its writer has closed it."""

    def close(self) -> None:
        """Stay open."""


def _tabulate(analysis: Analysis, config: DecodingConfig) -> pd.DataFrame:
    import pandas as pd

    smoothed = analysis.decode(config).smoothed
    columns: dict[str, Any] = {
        "file": replace_surrogates(strip_folder(analysis.audio_name)),
        "window_start": analysis.window_starts,
        "window_end": analysis.window_starts + analysis.window_seconds,
        "silent": analysis.silent,
        **{code: smoothed[:, column] for column, code in enumerate(analysis.instruments)},
        **{f"{code}_raw": analysis.probabilities[:, column] for column, code in enumerate(analysis.instruments)},
        "model": replace_surrogates(analysis.model_name),
        "model_hash": replace_surrogates(analysis.model_hash),
    }
    return pd.DataFrame(columns)
