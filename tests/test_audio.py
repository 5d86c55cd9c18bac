"""Every format comes out as the sound that went in, whole, mono, resampled, whatever the file is called."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soxr

from instrunet_widgets.audio import load_audio, open_audio

KINDS = {
    "wav16": "WAV",
    "wav24": "WAV",
    "wavfloat": "WAV",
    "aiff": "AIFF",
    "flac": "FLAC",
    "flac24": "FLAC",
    "ogg": "OGG",
    "opus": "Opus",
    "mp3": "MP3",
    "mp3vbr": "MP3",
    "m4a": "M4A",
    "aac": "AAC",
}
LOSSLESS = ("wav16", "wav24", "wavfloat", "aiff", "flac", "flac24")
# Left and right: frequency in Hz, amplitude. Their mean has an RMS of sqrt((.25^2 + .125^2) / 2).
STEREO = [(440.0, 0.5), (1_000.0, 0.25)]
RMS_OF_MEAN = 0.19764


@pytest.mark.parametrize(("kind", "format_name"), KINDS.items())
def test_tones_keep_frequency_level_and_length_in_every_format(kind, format_name, make_tones, write_recording) -> None:
    sample_rate = 48_000 if kind == "opus" else 44_100
    path = write_recording("tones.bin", make_tones(3.0, sample_rate, STEREO), sample_rate, kind)
    with open_audio(path) as reader:
        waveform = np.concatenate(list(reader.blocks()))
    assert (reader.format, reader.sample_rate, reader.n_channels) == (format_name, sample_rate, 2)
    assert reader.warnings == []
    # ADTS has no header to tell of the encoder's padding: 1024 samples before and up to 1024 after.
    assert len(waveform) == pytest.approx(48_000, abs=0 if kind in LOSSLESS else 1_000)
    assert reader.duration == pytest.approx(3.0, abs=0.2)  # ADTS is estimated
    middle = waveform[16_000:32_000]  # one second: bins of the spectrum are 1 Hz
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(RMS_OF_MEAN, rel=0.02)
    spectrum = np.abs(np.fft.rfft(middle)) / 8_000
    assert sorted(np.argsort(spectrum)[-2:]) == [440, 1_000]
    np.testing.assert_allclose(spectrum[[440, 1_000]], [0.25, 0.125], rtol=0.03)


def test_all_formats_are_read_where_no_program_is_on_the_path(make_tones, write_recording, tmp_path) -> None:
    for kind in KINDS:
        sample_rate = 48_000 if kind == "opus" else 44_100
        write_recording(f"{kind}.audio", make_tones(0.5, sample_rate, STEREO), sample_rate, kind)
    program = (
        "import pathlib, sys\n"
        "from instrunet_widgets.audio import load_audio\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).glob('*.audio')):\n"
        "    print(path.stem, len(load_audio(path)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PATH": ""},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    lengths = {kind: int(length) for kind, length in (line.split() for line in result.stdout.splitlines())}
    assert lengths == {kind: pytest.approx(8_000, abs=1_000) for kind in KINDS}
    assert result.stderr == ""


@pytest.mark.parametrize("kind", ["wavfloat", "flac24"])
@pytest.mark.parametrize("sample_rate", [8_000, 44_100, 96_000, 192_000])
def test_sound_equals_that_of_the_whole_file_resampled_at_once(sample_rate, kind, encode) -> None:
    noise = np.random.default_rng(sample_rate).uniform(-0.9, 0.9, (sample_rate * 3 + 17, 2)).astype(np.float32)
    expected = soxr.resample(noise.astype(np.float64).mean(axis=1), sample_rate, 16_000, quality="HQ")
    waveform = load_audio(encode(noise, sample_rate, kind))
    assert waveform.dtype == np.float32
    assert len(waveform) == round(len(noise) * 16_000 / sample_rate)
    np.testing.assert_allclose(waveform, expected, atol=1e-6)


@pytest.mark.parametrize("n_channels", [1, 6, 300])
def test_channels_are_averaged_however_many(n_channels, encode) -> None:
    ramps = np.linspace(-0.5, 0.5, 2_000 * n_channels, dtype=np.float32).reshape(2_000, n_channels)
    waveform = load_audio(encode(ramps, 16_000, "wavfloat"))
    np.testing.assert_allclose(waveform, ramps.astype(np.float64).mean(axis=1), atol=1e-6)


def test_six_channel_flac_is_averaged(encode) -> None:
    tones = np.tile([0.6, 0.0, -0.3, 0.0, 0.0, 0.3], (16_000, 1)).astype(np.float32)
    np.testing.assert_allclose(load_audio(encode(tones, 16_000, "flac")), 0.1, atol=1e-4)


@pytest.mark.parametrize("kind", ["wav16", "mp3"])
@pytest.mark.parametrize("block_seconds", [0.013, 1.0, 2.5, 60.0])
def test_length_of_blocks_does_not_change_the_sound(kind, block_seconds, encode) -> None:
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (44_100 * 7, 2)).astype(np.float32)
    recording = encode(noise, 44_100, kind)
    with open_audio(recording) as reader:
        blocks = list(reader.blocks(block_seconds=block_seconds))
    np.testing.assert_array_equal(np.concatenate(blocks), load_audio(recording))
    assert {len(block) for block in blocks[:-1]} <= {round(block_seconds * 16_000)}
    assert 0 < len(blocks[-1]) <= round(block_seconds * 16_000)


def test_stretch_is_cut_from_the_whole_recording(encode) -> None:
    noise = np.random.default_rng(4).uniform(-0.5, 0.5, 44_100 * 25).astype(np.float32)
    recording = encode(noise, 44_100, "wav16")
    whole = load_audio(recording)
    np.testing.assert_allclose(load_audio(recording, start=9.5, duration=1.25), whole[152_000:172_000], atol=1e-6)
    np.testing.assert_allclose(load_audio(recording, start=24.0, duration=5.0), whole[384_000:], atol=1e-6)
    np.testing.assert_allclose(load_audio(recording, start=24.0), whole[384_000:], atol=1e-6)
    assert len(load_audio(recording, start=30.0, duration=1.0)) == 0


@pytest.mark.parametrize("kind", ["wav16", "mp3"])
def test_memory_does_not_grow_with_the_recording(kind, encode) -> None:
    def measure_peak(recording: bytes) -> int:
        with open_audio(io.BytesIO(recording)) as reader:
            tracemalloc.start()
            n_samples = sum(len(block) for block in reader.blocks(block_seconds=1.0))
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert n_samples > 16_000 * 58
        return peak

    noise = np.random.default_rng(5).uniform(-0.5, 0.5, 44_100 * 60).astype(np.float32)
    minute = encode(noise, 44_100, kind)
    measure_peak(minute)  # imports
    long = minute * 6 if kind == "mp3" else encode(np.tile(noise, 6), 44_100, kind)
    assert measure_peak(long) < 1.2 * measure_peak(minute) + 500_000


@pytest.mark.parametrize(
    ("name", "kind", "format_name"),
    [
        ("song.wav", "mp3", "MP3"),
        ("song.RAW", "wav16", "WAV"),
        ("song.MP3", "mp3", "MP3"),
        ("song.mp3", "ogg", "OGG"),
        ("song.txt", "flac", "FLAC"),
        ("song.wav", "m4a", "M4A"),
        ("song", "aiff", "AIFF"),
        ("Lied für Elise 🎻.WaV", "wav24", "WAV"),
    ],
)
def test_content_decides_and_not_the_name(name, kind, format_name, make_tones, write_recording) -> None:
    path = write_recording(name, make_tones(1.0, 44_100, STEREO), 44_100, kind)
    with open_audio(str(path)) as reader:
        assert (reader.name, reader.format) == (name, format_name)
        assert sum(map(len, reader.blocks())) == pytest.approx(16_000, abs=1_000)


@pytest.mark.parametrize("kind", ["wav16", "mp3"])
def test_bytes_open_files_and_pipes_sound_like_the_file(kind, make_tones, write_recording, tmp_path) -> None:
    path = write_recording("song.bin", make_tones(1.0, 44_100, STEREO), 44_100, kind)
    expected = load_audio(path)
    content = path.read_bytes()
    for source in (content, bytearray(content), memoryview(content), io.BytesIO(content)):
        np.testing.assert_array_equal(load_audio(source), expected)
    with path.open("rb") as file:
        with open_audio(file) as reader:
            np.testing.assert_array_equal(np.concatenate(list(reader.blocks())), expected)
            assert reader.name == "song.bin"
        assert not file.closed
    receiver, sender = os.pipe()
    writer = threading.Thread(target=lambda: os.fdopen(sender, "wb").write(content))
    writer.start()
    with os.fdopen(receiver, "rb") as pipe:
        np.testing.assert_array_equal(load_audio(pipe), expected)
    writer.join()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("guitar.wav", "guitar.wav"),
        ("../../etc/guitar.wav", "guitar.wav"),
        ("C:\\Music\\guitar.wav", "guitar.wav"),
        ("a\x1b[2Jb\n.wav", "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}.wav"),
        ("", "The recording"),
    ],
)
def test_name_of_an_upload_is_shown_without_folders_and_control_characters(given, shown, encode) -> None:
    with open_audio(encode(np.ones(16_000), 16_000, "wav16"), name=given) as reader:
        assert reader.name == shown


def test_recording_is_read_only_once(encode) -> None:
    with open_audio(encode(np.ones(16_000), 16_000, "wav16")) as reader:
        assert sum(map(len, reader.blocks())) == 16_000
        with pytest.raises(RuntimeError, match="read already"):
            reader.blocks()


@pytest.mark.parametrize("settings", [{"sample_rate": 0}, {"block_seconds": 0.0}])
def test_senseless_block_settings_are_refused(settings, encode) -> None:
    with (
        open_audio(encode(np.ones(16_000), 16_000, "wav16")) as reader,
        pytest.raises(ValueError, match="must be positive"),
    ):
        reader.blocks(**settings)
