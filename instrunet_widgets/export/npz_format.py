"""Analyses as NumPy arrays: `numpy.load` gives them back without `allow_pickle`.

Per window: ``probabilities`` (raw) and ``smoothed`` [shape=(n_windows, 11)], ``silent``, ``window_starts`` and
``window_ends`` (s), and ``recording``, the number of the recording that the window belongs to.
Per recording: ``audio_names``, ``durations`` (s), ``scores`` and ``detected`` [shape=(n_recordings, 11)],
``model_names`` and ``model_hashes``.
Per time range: ``segment_recording``, ``segment_instruments`` (codes), ``segment_starts``, ``segment_ends`` (s) and
``segment_confidences``.
Of the settings: ``aggregation``, ``threshold`` (text), ``smoothing_windows``, ``min_segment_seconds``.
``instruments`` has the codes of the columns.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..config import DecodingConfig
from ..results import Analysis, Timeline
from .names import replace_surrogates, strip_folder

_SOME_DAY = (1980, 1, 1, 0, 0, 0)  # the same settings give the same file


def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
    """The arrays of one recording."""
    return encode_many([analysis], config)


def encode_many(analyses: Sequence[Analysis], config: DecodingConfig) -> bytes:
    """The arrays of several recordings, one after the other.

    Parameters
    ----------
    analyses : sequence of Analysis
        Columns of all of them are put in the order of the first.
    config : DecodingConfig

    Returns
    -------
    content : bytes
        A compressed ``.npz`` archive.
    """
    arrays = collect_arrays(analyses, config)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _SOME_DAY)
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def collect_arrays(analyses: Sequence[Analysis], config: DecodingConfig) -> dict[str, npt.ArrayLike]:
    """The arrays by name, before they are packed.

    Parameters
    ----------
    analyses : sequence of Analysis
    config : DecodingConfig
    """
    instruments = analyses[0].instruments
    orders = [[analysis.instruments.index(code) for code in instruments] for analysis in analyses]
    timelines = [analysis.decode(config) for analysis in analyses]
    pairs = list(zip(analyses, orders, strict=True))
    read = list(zip(timelines, orders, strict=True))
    return {
        "instruments": np.array(instruments),
        "probabilities": np.concatenate([one.probabilities[:, order] for one, order in pairs]),
        "smoothed": np.concatenate([one.smoothed[:, order] for one, order in read]),
        "silent": np.concatenate([one.silent for one in analyses]),
        "window_starts": np.concatenate([one.window_starts for one in analyses]),
        "window_ends": np.concatenate([one.window_starts + one.window_seconds for one in analyses]),
        "recording": np.repeat(np.arange(len(analyses)), [one.n_windows for one in analyses]),
        "audio_names": np.array([replace_surrogates(strip_folder(one.audio_name)) for one in analyses]),
        "durations": np.array([one.duration for one in analyses]),
        "scores": np.stack([one.scores[order] for one, order in read]),
        "detected": np.array([[code in one.detected for code in instruments] for one in timelines]),
        "model_names": np.array([replace_surrogates(one.model_name) for one in analyses]),
        "model_hashes": np.array([replace_surrogates(one.model_hash) for one in analyses]),
        **_collect_segments(timelines),
        "aggregation": np.array(config.aggregation),
        "threshold": np.array(str(config.threshold)),
        "smoothing_windows": np.array(int(config.smoothing_windows)),
        "min_segment_seconds": np.array(float(config.min_segment_seconds)),
    }


def _collect_segments(timelines: Sequence[Timeline]) -> dict[str, npt.ArrayLike]:
    segments = [(number, segment) for number, one in enumerate(timelines) for segment in one.segments]
    return {
        "segment_recording": np.array([number for number, _ in segments], dtype=np.int64),
        "segment_instruments": np.array([segment.instrument for _, segment in segments], dtype="<U3"),
        "segment_starts": np.array([segment.start for _, segment in segments], dtype=np.float64),
        "segment_ends": np.array([segment.end for _, segment in segments], dtype=np.float64),
        "segment_confidences": np.array([segment.confidence for _, segment in segments], dtype=np.float64),
    }
