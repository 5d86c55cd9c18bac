"""Sound for the browser: the recording itself or a preview of it."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrunet_widgets.app import preview
from instrunet_widgets.app.preview import find_sound, write_preview
from instrunet_widgets.audio import open_audio
from instrunet_widgets.errors import AudioError, Cancelled

EVERY_FORMAT = list(preview.MEDIA_TYPES)


def read_tone(file: io.BufferedIOBase) -> tuple[float, float, int]:
    """Length in seconds, strongest frequency in Hz and sample rate of a recording."""
    file.seek(0)
    samples, sample_rate = soundfile.read(file)
    middle = samples[len(samples) // 4 : len(samples) // 4 + sample_rate]
    return len(samples) / sample_rate, float(np.abs(np.fft.rfft(middle)).argmax()), sample_rate


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("wav24", "audio/wav"),
        ("flac", "audio/flac"),
        ("mp3", "audio/mpeg"),
        ("ogg", "audio/ogg"),
        ("opus", "audio/ogg"),
        ("m4a", "audio/mp4"),
    ],
)
def test_recording_that_the_browser_plays_is_given_as_it_is(
    write_recording: Callable[..., Path], make_tones: Callable[..., np.ndarray], kind: str, media_type: str
) -> None:
    path = write_recording("key", make_tones(1.0, 48_000, [(440, 0.5)]), 48_000, kind)
    sound = find_sound(path, playable_formats=EVERY_FORMAT, eager=True)
    assert sound is not None
    with sound.file:
        assert sound.media_type == media_type
        assert sound.file.read() == path.read_bytes()


@pytest.mark.parametrize(("sample_rate", "expected_rate"), [(48_000, 48_000), (44_100, 44_100), (96_000, 44_100)])
def test_other_recordings_become_an_mp3_of_the_same_sound(
    write_recording: Callable[..., Path],
    make_tones: Callable[..., np.ndarray],
    sample_rate: int,
    expected_rate: int,
) -> None:
    path = write_recording("key", make_tones(3.0, sample_rate, [(440, 0.5), (440, 0.5)]), sample_rate, "aiff")
    fractions: list[float] = []
    sound = find_sound(path, playable_formats=["WAV", "MP3"], on_progress=fractions.append)
    assert sound is not None
    with sound.file:
        assert sound.media_type == "audio/mpeg"
        seconds, frequency, rate = read_tone(sound.file)
    assert rate == expected_rate
    assert frequency == pytest.approx(440, abs=1)
    assert seconds == pytest.approx(3.0, abs=0.06)
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_long_recording_becomes_a_small_preview(
    write_recording: Callable[..., Path], make_tones: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "LONG_SECONDS", 2.0)
    path = write_recording("key", make_tones(4.0, 44_100, [(440, 0.5)]), 44_100, "aiff")
    file = io.BytesIO()
    with open_audio(path) as reader:
        write_preview(reader, file)
    assert 0 < len(file.getvalue()) < 4 * 8_000 + 2_000  # 56 kbit/s
    assert read_tone(file)[1:] == (pytest.approx(440, abs=1), 24_000)


def test_nothing_costly_is_made_or_sent_just_in_case(
    write_recording: Callable[..., Path], make_tones: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    tone = make_tones(1.0, 44_100, [(440, 0.5)])
    aiff, wav = write_recording("a", tone, 44_100, "aiff"), write_recording("b", tone, 44_100)
    assert find_sound(aiff, playable_formats=["WAV"], eager=True) is None
    monkeypatch.setattr(preview, "MAX_EAGER_BYTES", 1_000)
    assert find_sound(wav, playable_formats=["WAV"], eager=True) is None


def test_large_recording_is_sent_as_a_preview(
    write_recording: Callable[..., Path], make_tones: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "MAX_ORIGINAL_BYTES", 1_000)
    path = write_recording("key", make_tones(1.0, 44_100, [(440, 0.5)]), 44_100)
    sound = find_sound(path, playable_formats=EVERY_FORMAT)
    assert sound is not None
    with sound.file:
        assert sound.media_type == "audio/mpeg"


def test_samples_beyond_full_scale_are_clipped(
    write_recording: Callable[..., Path], make_tones: Callable[..., np.ndarray]
) -> None:
    path = write_recording("key", make_tones(3.0, 44_100, [(440, 30.0)]), 44_100, "wavfloat")
    file = io.BytesIO()
    with open_audio(path) as reader:
        write_preview(reader, file)
    file.seek(0)
    samples, _ = soundfile.read(file)
    assert 0.8 < np.abs(samples).max() < 2  # not 30; a clipped tone swings over a little
    assert read_tone(file)[1] == pytest.approx(440, abs=1)


def test_preview_stops_soon_after_it_is_cancelled(
    write_recording: Callable[..., Path], make_tones: Callable[..., np.ndarray]
) -> None:
    path = write_recording("key", make_tones(5.0, 44_100, [(440, 0.5)]), 44_100, "aiff")
    fractions: list[float] = []
    answers: Iterator[bool] = itertools.chain([False], itertools.repeat(True))
    with pytest.raises(Cancelled):
        find_sound(path, playable_formats=[], on_progress=fractions.append, is_cancelled=lambda: next(answers))
    assert fractions == [pytest.approx(0.2)]


def test_file_without_sound_is_an_error_that_does_not_name_the_key(tmp_path: Path) -> None:
    path = tmp_path / "0b6d3a52"
    path.write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"^The recording is not a recording in a format"):
        find_sound(path, playable_formats=EVERY_FORMAT)
