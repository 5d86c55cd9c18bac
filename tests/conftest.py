"""Sounds and recordings that several test modules need, made while the tests run."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile

Sound = npt.NDArray[np.float32]
MakeTones = Callable[..., Sound]
Encode = Callable[..., bytes]
WriteRecording = Callable[..., Path]

# Kind of recording -> how soundfile is to write it.
SOUNDFILE_KINDS: dict[str, dict[str, object]] = {
    "wav16": {"format": "WAV", "subtype": "PCM_16"},
    "wav24": {"format": "WAV", "subtype": "PCM_24"},
    "wavfloat": {"format": "WAV", "subtype": "FLOAT"},
    "aiff": {"format": "AIFF", "subtype": "PCM_16"},
    "flac": {"format": "FLAC", "subtype": "PCM_16"},
    "flac24": {"format": "FLAC", "subtype": "PCM_24"},
    "ogg": {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.2},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {"format": "MP3", "subtype": "MPEG_LAYER_III"},
    "mp3vbr": {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "VARIABLE"},
}


def pytest_runtest_setup() -> None:
    """Keep TensorFlow's log handler off pytest's stream, which it would close as soon as Jupyter sets up logging."""
    absl_logging = sys.modules.get("absl.logging")
    if absl_logging is not None:
        absl_logging.get_absl_handler().python_handler.stream = sys.__stderr__


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what drives a browser last: from then on Playwright's event loop runs, and no other can be started."""
    items.sort(key=lambda item: "playwright" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def make_tones() -> MakeTones:
    """``make_tones(seconds, sample_rate, channels)``: ``(frequency, amplitude)`` each, as (n, n_channels)."""

    def make(seconds: float, sample_rate: int, channels: list[tuple[float, float]]) -> Sound:
        times = np.arange(round(seconds * sample_rate)) / sample_rate
        tones = [amplitude * np.sin(2 * np.pi * frequency * times) for frequency, amplitude in channels]
        return np.stack(tones, axis=1).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def encode() -> Encode:
    """``encode(samples, sample_rate, kind)``: bytes of a recording; a kind above, "m4a" or "aac"."""

    def encode_recording(samples: Sound, sample_rate: int, kind: str) -> bytes:
        samples = samples[:, np.newaxis] if samples.ndim == 1 else samples
        if kind in ("m4a", "aac"):
            return _encode_aac(samples, sample_rate, "mp4" if kind == "m4a" else "adts")
        file = io.BytesIO()
        with soundfile.SoundFile(file, "w", sample_rate, samples.shape[1], **SOUNDFILE_KINDS[kind]) as recording:
            for start in range(0, len(samples), 4_096):  # libsndfile overflows its stack on long Vorbis writes
                recording.write(samples[start : start + 4_096])
        return file.getvalue()

    return encode_recording


@pytest.fixture
def write_recording(tmp_path: Path, encode: Encode) -> WriteRecording:
    """``write_recording(name, samples, sample_rate, kind="wav16")``: the path of a new recording."""

    def write(name: str, samples: Sound, sample_rate: int, kind: str = "wav16") -> Path:
        path = tmp_path / name
        path.write_bytes(encode(samples, sample_rate, kind))
        return path

    return write


def _encode_aac(samples: Sound, sample_rate: int, container_format: str) -> bytes:
    layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
    file = io.BytesIO()
    with av.open(file, "w", format=container_format) as container:
        stream = container.add_stream("aac", rate=sample_rate, layout=layout)
        for start in range(0, len(samples), 1_024):
            planar = np.ascontiguousarray(samples[start : start + 1_024].T)
            frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout=layout)
            frame.sample_rate = sample_rate
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
