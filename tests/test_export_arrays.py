"""NumPy and Parquet exports, read by NumPy and by pyarrow."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow.parquet
import pytest
from sample_analysis import make_analysis

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.export import format_by_key
from instrunet_widgets.instruments import CODES

CONFIG = DecodingConfig("max", 0.25, 3, 1.0)


def load_arrays(content):
    return np.load(io.BytesIO(content), allow_pickle=False)


def test_arrays_of_one_recording_are_those_of_the_api():
    analysis = make_analysis()
    timeline = analysis.decode(CONFIG)
    arrays = load_arrays(format_by_key("npz").encode(analysis, CONFIG))
    assert arrays["instruments"].tolist() == list(CODES)
    np.testing.assert_array_equal(arrays["probabilities"], analysis.probabilities)
    np.testing.assert_array_equal(arrays["smoothed"], timeline.smoothed)
    np.testing.assert_array_equal(arrays["silent"], analysis.silent)
    np.testing.assert_array_equal(arrays["window_starts"], [0, 1.5, 3, 4.5])
    np.testing.assert_array_equal(arrays["window_ends"], [3, 4.5, 6, 7.5])
    np.testing.assert_array_equal(arrays["scores"][0], timeline.scores)
    assert [CODES[k] for k in np.flatnonzero(arrays["detected"][0])] == sorted(timeline.detected)
    assert arrays["segment_instruments"].tolist() == [s.instrument for s in timeline.segments]
    np.testing.assert_array_equal(arrays["segment_starts"], [s.start for s in timeline.segments])
    np.testing.assert_array_equal(arrays["segment_ends"], [s.end for s in timeline.segments])
    np.testing.assert_array_equal(arrays["segment_confidences"], [s.confidence for s in timeline.segments])
    assert (str(arrays["aggregation"]), str(arrays["threshold"]), int(arrays["smoothing_windows"])) == (
        "max",
        "0.25",
        3,
    )


def test_arrays_of_several_recordings_say_which_window_belongs_to_which():
    turned = make_analysis(
        probabilities=make_analysis().probabilities[:, ::-1], instruments=tuple(reversed(CODES)), audio_name="b.wav"
    )
    arrays = load_arrays(format_by_key("npz").encode_many([make_analysis(), turned], CONFIG))
    assert arrays["recording"].tolist() == [0] * 4 + [1] * 4
    assert arrays["audio_names"].tolist() == ["music.wav", "b.wav"]
    np.testing.assert_array_equal(arrays["probabilities"][:4], arrays["probabilities"][4:])
    np.testing.assert_array_equal(arrays["scores"][0], arrays["scores"][1])


def test_arrays_without_a_time_range_are_empty_and_typed():
    silent = make_analysis(probabilities=np.zeros((4, 11)), silent=np.ones(4, dtype=bool))
    arrays = load_arrays(format_by_key("npz").encode(silent, CONFIG))
    assert arrays["segment_starts"].shape == arrays["segment_instruments"].shape == (0,)
    assert arrays["segment_starts"].dtype == np.float64


def test_parquet_has_a_row_per_window_with_raw_and_smoothed_probabilities():
    analysis = make_analysis(audio_name="Čtvrtý 交響曲.wav")
    table = pyarrow.parquet.read_table(io.BytesIO(format_by_key("parquet").encode(analysis, CONFIG)))
    frame = table.to_pandas()
    assert set(frame["file"]) == {"Čtvrtý 交響曲.wav"}
    assert frame["window_start"].tolist() == [0, 1.5, 3, 4.5]
    assert frame["window_end"].tolist() == [3, 4.5, 6, 7.5]
    assert frame["silent"].tolist() == [False, False, True, False]
    np.testing.assert_array_equal(frame[list(CODES)], analysis.decode(CONFIG).smoothed)
    np.testing.assert_array_equal(frame[[f"{code}_raw" for code in CODES]], analysis.probabilities)
    assert set(frame["model_hash"]) == {"ab" * 32}
    settings = json.loads(table.schema.metadata[b"instrunet"])
    assert (settings["aggregation"], settings["threshold"], settings["smoothing"]) == ("max", 0.25, 3)


def test_parquet_of_several_recordings_is_one_table():
    content = format_by_key("parquet").encode_many([make_analysis(), make_analysis(audio_name="b.wav")], CONFIG)
    files = pyarrow.parquet.read_table(io.BytesIO(content)).column("file").to_pylist()
    assert files == ["music.wav"] * 4 + ["b.wav"] * 4


@pytest.mark.parametrize("key", ["npz", "parquet"])
def test_the_same_settings_give_the_same_bytes(key):
    assert format_by_key(key).encode(make_analysis(), CONFIG) == format_by_key(key).encode(make_analysis(), CONFIG)
