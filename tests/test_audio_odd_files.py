"""Recordings that are put together unusually but hold all their sound: all of it is heard."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from instrunet_widgets.audio import load_audio, open_audio

STEREO = [(440.0, 0.5), (1_000.0, 0.25)]


def drop_first_mpeg_frame(mp3: bytes) -> bytes:
    """An MP3 without the Info frame that says how long it is (44.1 kHz, MPEG-1 Layer III)."""
    kilobits = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320][mp3[2] >> 4]
    return mp3[144_000 * kilobits // 44_100 + (mp3[2] >> 1 & 1) :]


def test_mp3_without_a_frame_count_is_read_to_its_end(encode) -> None:
    # The quiet start has a lower bit rate than the loud rest, so a length guessed from it is wrong.
    sound = np.random.default_rng(6).uniform(-0.5, 0.5, 44_100 * 20).astype(np.float32)
    sound[: 44_100 * 10] *= 1e-4
    mp3 = drop_first_mpeg_frame(encode(sound, 44_100, "mp3vbr"))
    assert len(load_audio(mp3)) == pytest.approx(16_000 * 20, abs=1_600)


@pytest.mark.parametrize("kind", ["mp3", "ogg", "opus", "aac"])
def test_joined_recordings_are_read_to_the_end_of_the_last(kind, make_tones, encode) -> None:
    sample_rate = 48_000 if kind == "opus" else 44_100
    first, second = (
        encode(make_tones(2.0, sample_rate, [(hertz, 0.5)]), sample_rate, kind) for hertz in (500.0, 800.0)
    )
    waveform = load_audio(first + second)
    assert len(waveform) == pytest.approx(64_000, abs=3_200)
    spectra = [np.abs(np.fft.rfft(waveform[start : start + 16_000])) for start in (8_000, 40_000)]
    assert [spectrum.argmax() for spectrum in spectra] == [500, 800]


def test_joined_mp3s_of_different_rates_and_channels_keep_their_pitch(make_tones, encode) -> None:
    stereo = encode(make_tones(2.0, 44_100, [(500.0, 0.5)] * 2), 44_100, "mp3")
    mono = encode(make_tones(2.0, 32_000, [(800.0, 0.5)]), 32_000, "mp3")
    waveform = load_audio(stereo + mono)
    spectra = [np.abs(np.fft.rfft(waveform[start : start + 16_000])) for start in (8_000, 40_000)]
    assert [spectrum.argmax() for spectrum in spectra] == [500, 800]


@pytest.mark.parametrize("kind", ["mp3", "flac"])
def test_tags_in_front_are_skipped_and_may_hold_anything(kind, make_tones, encode) -> None:
    title = b"\x03" + b"\xff\xfe caf\xe9 \x80"  # says UTF-8 and is not
    frame = b"TIT2" + struct.pack(">I", len(title)) + b"\0\0" + title
    tag = b"ID3\x03\0\0" + bytes([0, 0, len(frame) >> 7, len(frame) & 127]) + frame
    recording = encode(make_tones(1.0, 44_100, STEREO), 44_100, kind)
    np.testing.assert_array_equal(load_audio(tag + recording), load_audio(recording))


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFEFDC])
def test_wav_that_was_written_to_a_pipe_or_never_finished_is_read_to_its_end(size, encode) -> None:
    ramp = np.linspace(-0.5, 0.5, 20_000, dtype=np.float32)
    wav = bytearray(encode(ramp, 16_000, "wav16"))
    wav[40:44] = struct.pack("<I", size)  # the length of the data chunk
    with open_audio(bytes(wav)) as reader:
        np.testing.assert_allclose(np.concatenate(list(reader.blocks())), ramp, atol=1e-4)
    assert reader.warnings == []


def test_flac_that_was_written_to_a_pipe_is_read_to_its_end(encode) -> None:
    ramp = np.linspace(-0.5, 0.5, 20_000, dtype=np.float32)
    flac = bytearray(encode(ramp, 16_000, "flac"))
    flac[21] &= 0xF0  # the 36 bits of the number of samples
    flac[22:26] = bytes(4)
    with open_audio(bytes(flac)) as reader:
        np.testing.assert_allclose(np.concatenate(list(reader.blocks())), ramp, atol=1e-4)
    assert reader.warnings == []


def test_silence_stays_silent(encode) -> None:
    for kind in ("wav16", "flac", "mp3"):
        waveform = load_audio(encode(np.zeros((44_100, 2)), 44_100, kind))
        assert len(waveform) == pytest.approx(16_000, abs=500)
        assert not waveform.any()


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 192_000])
@pytest.mark.parametrize("kind", ["wav16", "flac"])
def test_single_sample_is_heard(sample_rate, kind, encode) -> None:
    waveform = load_audio(encode(np.full(1, 0.5, np.float32), sample_rate, kind))
    assert 1 <= len(waveform) <= 2
    assert waveform[0] > 0.1


def test_constant_offset_is_kept(encode) -> None:
    waveform = load_audio(encode(np.full(44_100, 0.25, np.float32), 44_100, "wavfloat"))
    np.testing.assert_allclose(waveform[1_000:-1_000], 0.25, atol=1e-4)


def test_clipped_and_louder_than_full_scale_sound_is_left_as_it_is(encode) -> None:
    square = np.sign(np.sin(np.arange(16_000) / 20)).astype(np.float32)
    np.testing.assert_array_equal(load_audio(encode(3 * square, 16_000, "wavfloat")), 3 * square)
    np.testing.assert_allclose(load_audio(encode(3 * square, 16_000, "wav16")), square, atol=1e-4)


@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_samples_that_are_no_numbers_become_silence_with_a_warning(sample_rate, encode) -> None:
    sound = np.full((sample_rate, 2), 0.5, np.float32)
    odd = sound.copy()
    odd[100, 0], odd[200], odd[300, 1] = np.nan, [np.inf, -np.inf], 3e38
    sound[100, 0], sound[200], sound[300, 1] = 0, 0, 0
    with open_audio(encode(odd, sample_rate, "wavfloat"), name="bad.wav") as reader:
        waveform = np.concatenate(list(reader.blocks()))
    np.testing.assert_array_equal(waveform, load_audio(encode(sound, sample_rate, "wavfloat")))
    assert len(reader.warnings) == 1
    assert reader.warnings[0].startswith("bad.wav holds 4 sample(s) that are no usable numbers")
