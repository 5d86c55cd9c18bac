"""A stretch of a recording sounds the same whether it was reached by jumping or by reading up to it."""

from __future__ import annotations

import io

import numpy as np
import pytest

from instrunet_widgets.audio import load_audio, open_audio

RATE = 16_000
KINDS = ("wav16", "wavfloat", "aiff", "flac", "ogg", "opus", "mp3", "mp3vbr", "m4a", "aac")


def make_noise(seconds: float, sample_rate: int) -> np.ndarray:
    """Low-pass noise in two channels, different everywhere."""
    noise = np.random.default_rng(7).normal(size=(round(seconds * sample_rate), 2))
    smooth = np.cumsum(noise - noise.mean(axis=0), axis=0)
    smooth -= np.linspace(smooth[0], smooth[-1], len(smooth))
    return (0.3 * np.diff(smooth, axis=0, prepend=0) / 4 + 0.5 * smooth / np.abs(smooth).max()).astype(np.float32)


class CountingFile(io.BytesIO):
    """Counts the bytes that are read."""

    n_read = 0

    def read(self, size=-1):
        content = super().read(size)
        self.n_read += len(content)
        return content


@pytest.mark.parametrize("kind", KINDS)
def test_stretch_equals_the_same_stretch_of_the_whole(kind, encode) -> None:
    sample_rate = 48_000 if kind == "opus" else 44_100
    recording = encode(make_noise(12.0, sample_rate), sample_rate, kind)
    whole = load_audio(recording)
    for start in (0.0, 0.03, 7.0, 8.3456789, 11.5):
        first = round(start * RATE)
        stretch = load_audio(recording, start=start, duration=0.7)
        assert len(stretch) == min(round(0.7 * RATE), len(whole) - first)
        np.testing.assert_allclose(stretch, whole[first : first + len(stretch)], atol=1e-4)


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 22_050, 32_000, 96_000])
def test_any_sample_rate_keeps_its_place(sample_rate, encode) -> None:
    recording = encode(make_noise(4.0, sample_rate), sample_rate, "wavfloat")
    whole = load_audio(recording)
    stretch = load_audio(recording, start=2.0317)
    np.testing.assert_allclose(stretch, whole[round(2.0317 * RATE) :], atol=1e-4)


@pytest.mark.parametrize("kind", ["wav16", "flac", "ogg", "mp3", "m4a"])
def test_what_lies_before_is_not_decoded(kind, encode) -> None:
    recording = CountingFile(encode(make_noise(30.0, 44_100), 44_100, kind))
    with open_audio(recording) as reader:
        decoded = []
        read_blocks = reader._decoder.read_blocks
        reader._decoder.read_blocks = lambda start: _note(read_blocks(start), decoded)
        next(reader.blocks(start=25.0, block_seconds=0.5))
    assert sum(decoded) < 5.0
    if kind in ("wav16", "flac", "m4a"):  # the others look for the place packet by packet
        assert recording.n_read < len(recording.getvalue()) / 3


def _note(blocks, decoded):
    for block in blocks:
        decoded.append(block.samples.shape[1] / block.sample_rate)
        yield block


@pytest.mark.parametrize("kind", ["wav16", "flac", "ogg", "mp3", "m4a"])
def test_nothing_comes_after_the_end(kind, encode) -> None:
    recording = encode(make_noise(2.0, 44_100), 44_100, kind)
    assert len(load_audio(recording, start=60.0)) == 0


def test_file_that_cannot_be_jumped_in_is_read_from_its_start(encode, monkeypatch) -> None:
    from instrunet_widgets.audio.ffmpeg import FfmpegDecoder

    recording = encode(make_noise(10.0, 44_100), 44_100, "ogg")
    whole = load_audio(recording)
    monkeypatch.setattr(FfmpegDecoder, "_jump", lambda self, stamp: None)
    np.testing.assert_allclose(load_audio(recording, start=6.0), whole[6 * RATE :], atol=1e-4)


def test_start_before_the_recording_is_refused(encode) -> None:
    with (
        open_audio(encode(make_noise(0.5, RATE), RATE, "wav16")) as reader,
        pytest.raises(ValueError, match="start must be 0 or more"),
    ):
        reader.blocks(start=-1.0)
