"""Bad input: what is there is used with a warning, or one sentence says what is wrong and what to do."""

from __future__ import annotations

import base64
import io
import os
from pathlib import Path

import av
import numpy as np
import pytest

from instrunet_widgets.audio import READABLE_FORMATS, AudioSource, load_audio, open_audio
from instrunet_widgets.errors import AudioError

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
RANDOM = np.random.default_rng(8)
NOISE = RANDOM.uniform(-0.5, 0.5, (88_200, 2)).astype(np.float32)  # 2 s at 44.1 kHz


def read_error(source: AudioSource, name: str | None = None) -> str:
    """The message with which a recording is refused, after checking that it is one sentence."""
    with pytest.raises(AudioError) as caught, open_audio(source, name=name) as reader:
        list(reader.blocks())
    message = str(caught.value)
    assert message.endswith(".")
    assert ". " not in message
    assert "\n" not in message
    return message


def make_film_without_sound() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return file.getvalue()


def make_faststart_m4a(path: Path) -> bytes:
    """An M4A whose index stands in front, as those made for the web, so that half of one can be played."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("aac", rate=44_100, layout="stereo")
        for start in range(0, len(NOISE), 1_024):
            planar = np.ascontiguousarray(NOISE[start : start + 1_024].T)
            frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout="stereo")
            frame.sample_rate = 44_100
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def test_missing_file_is_named_with_its_folder(tmp_path) -> None:
    message = read_error(tmp_path / "gone.mp3")
    assert message == f"gone.mp3 was not found in the folder {tmp_path}; check both names."


def test_folder_is_refused(tmp_path) -> None:
    (tmp_path / "album").mkdir()
    assert read_error(tmp_path / "album") == "album is a folder; name the recordings in it one by one."


def test_impossible_path_is_refused(tmp_path) -> None:
    assert "x.wav cannot be opened" in read_error(f"{tmp_path}/\0/x.wav")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission_is_refused(write_recording) -> None:
    path = write_recording("secret.wav", NOISE, 44_100)
    path.chmod(0)
    assert "secret.wav may not be read by you" in read_error(path)


def test_lack_of_permission_is_told(write_recording, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write_recording("secret.wav", NOISE, 44_100)
    monkeypatch.setattr(Path, "open", refuse)
    assert read_error(path).startswith("secret.wav may not be read by you; change its permissions")


def test_disk_that_fails_is_told() -> None:
    class FailingFile(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    assert "cannot be read (Input/output error)" in read_error(FailingFile(b"RIFF"))


def test_empty_file_is_refused(tmp_path) -> None:
    (tmp_path / "empty.wav").touch()
    assert read_error(tmp_path / "empty.wav").startswith("empty.wav is empty (0 bytes)")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"These are the lyrics of a song.\n" * 500, id="text"),
        pytest.param(b"hi", id="two bytes"),
        pytest.param(PNG, id="picture"),
        pytest.param(bytes(50_000), id="zeros"),
        pytest.param(np.random.default_rng(9).bytes(50_000), id="random bytes"),
    ],
)
def test_what_is_no_recording_is_refused_with_the_formats_that_are_read(content, tmp_path) -> None:
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    message = read_error(path)
    assert message.startswith("song.wav is not a recording in a format that can be read; convert it to ")
    assert all(name in message for name in READABLE_FORMATS)


def test_playlist_does_not_open_other_files(write_recording, tmp_path, monkeypatch) -> None:
    write_recording("private.wav", NOISE, 44_100)
    monkeypatch.chdir(tmp_path)  # FFmpeg itself would play the file that this names
    message = read_error(b"ffconcat version 1.0\nfile private.wav\n", name="upload.mp3")
    assert message.startswith("upload.mp3 is not a recording")


def test_film_without_sound_is_refused(tmp_path) -> None:
    (tmp_path / "film.mp4").write_bytes(make_film_without_sound())
    message = read_error(tmp_path / "film.mp4")
    assert message == "film.mp4 holds no sound, only pictures or text; choose a file with a sound track."


def test_protected_file_is_refused(encode, tmp_path) -> None:
    # The sample description of a file from a shop with copy protection has this tag instead of "mp4a".
    (tmp_path / "bought.m4p").write_bytes(encode(NOISE, 44_100, "m4a").replace(b"mp4a", b"drms"))
    assert "bought.m4p is copy-protected (DRM)" in read_error(tmp_path / "bought.m4p")


@pytest.mark.parametrize("kind", ["wav16", "aiff"])
def test_recording_without_samples_is_refused(kind, write_recording) -> None:
    path = write_recording("none.wav", NOISE[:0], 44_100, kind)
    assert read_error(path) == "none.wav holds no samples; fetch or export it again."


@pytest.mark.parametrize(("kind", "n_bytes"), [("flac", 60), ("mp3", 300), ("ogg", 100), ("wav16", 30)])
def test_head_without_sound_is_refused_as_damaged(kind, n_bytes, encode, tmp_path) -> None:
    (tmp_path / "head.bin").write_bytes(b"ID3\3\0\0\0\0\0\0" * (kind == "mp3") + encode(NOISE, 44_100, kind)[:n_bytes])
    message = read_error(tmp_path / "head.bin")
    assert message.startswith("head.bin starts like a recording, but nothing in it can be decoded")


def test_m4a_that_lost_its_index_is_refused_as_damaged(encode, tmp_path) -> None:
    m4a = encode(NOISE, 44_100, "m4a")
    (tmp_path / "half.m4a").write_bytes(m4a[: len(m4a) // 2])
    assert "half.m4a starts like a recording, but nothing" in read_error(tmp_path / "half.m4a")


def test_senseless_sample_rate_is_refused(write_recording) -> None:
    assert "slow.wav has a sample rate of 1 Hz" in read_error(write_recording("slow.wav", NOISE[:9], 1))


@pytest.mark.parametrize("stretch", [{"start": -1.0}, {"duration": 0.0}])
def test_senseless_stretch_is_refused(stretch, encode) -> None:
    with pytest.raises(ValueError, match="start must be 0 or more and duration positive"):
        load_audio(encode(NOISE, 44_100, "wav16"), **stretch)


@pytest.mark.parametrize("kind", ["wav16", "wav24", "aiff", "flac", "mp3", "mp3vbr", "m4a"])
def test_what_is_left_of_a_cut_off_recording_is_used_with_a_warning(kind, encode, tmp_path, capfd) -> None:
    whole = make_faststart_m4a(tmp_path / "a.m4a") if kind == "m4a" else encode(NOISE, 44_100, kind)
    with open_audio(whole[: len(whole) // 2], name="cut.bin") as reader:
        waveform = np.concatenate(list(reader.blocks()))
    seconds = len(waveform) / 16_000
    assert 0.6 < seconds < 1.2
    assert reader.warnings == [
        f"cut.bin is cut off or damaged: it should hold 2.0 s, only {seconds:.1f} s could be read and used."
    ]
    kept = round(16_000 * (seconds - 0.1))
    np.testing.assert_allclose(waveform[:kept], load_audio(whole)[:kept], atol=1e-6)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["ogg", "opus"])
def test_cut_off_ogg_is_known_by_its_missing_end_mark(kind, encode, capfd) -> None:
    sample_rate = 48_000 if kind == "opus" else 44_100
    whole = encode(np.tile(NOISE, (3, 1)), sample_rate, kind)
    with open_audio(whole[: len(whole) // 2], name="cut.ogg") as reader:
        seconds = sum(map(len, reader.blocks())) / 16_000
    assert 1.0 < seconds < 4.0
    assert reader.warnings == [
        f"cut.ogg seems to be cut off: its end mark is missing; the {seconds:.1f} s before that were used."
    ]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("kind", "n_bytes"), [("mp3", 300), ("flac", 9_000), ("ogg", 1_000)])
def test_sound_on_both_sides_of_a_damaged_place_is_used(kind, n_bytes, make_tones, encode, capfd) -> None:
    tones = np.concatenate([make_tones(3.0, 44_100, [(hertz, 0.5)]) for hertz in (500.0, 800.0)])
    recording = bytearray(encode(tones, 44_100, kind))
    middle = len(recording) // 2
    recording[middle : middle + n_bytes] = np.random.default_rng(9).bytes(n_bytes)
    with open_audio(bytes(recording), name="scratched") as reader:
        waveform = np.concatenate(list(reader.blocks()))
    assert np.abs(np.fft.rfft(waveform[8_000:24_000])).argmax() == 500
    assert np.abs(np.fft.rfft(waveform[-24_000:-8_000])).argmax() == 800
    assert reader.warnings == ["scratched is damaged or has gaps in 1 place(s); times after them may be a little off."]
    # Only MP3 has no time stamps from which the length of the gap is known.
    assert len(waveform) == pytest.approx(96_000, abs=2_400 if kind == "mp3" else 16)
    assert capfd.readouterr() == ("", "")


def test_pause_in_a_film_is_silence_and_keeps_later_times_right() -> None:
    file = io.BytesIO()
    loud = np.full((1, 960), 0.5, np.float32)
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("pcm_f32le", rate=16_000, layout="mono")
        for start in (*range(0, 16_000, 960), *range(40_000, 48_000, 960)):
            frame = av.AudioFrame.from_ndarray(loud, format="flt", layout="mono")
            frame.sample_rate = 16_000
            frame.pts = start
            container.mux(stream.encode(frame))
    waveform = load_audio(file.getvalue())
    np.testing.assert_array_equal(waveform[:16_320], 0.5)
    np.testing.assert_array_equal(waveform[16_320:40_000], 0.0)
    np.testing.assert_array_equal(waveform[40_000:], 0.5)


def test_recording_that_is_closed_here_can_be_removed(write_recording) -> None:
    path = write_recording("song.wav", NOISE, 44_100)
    with open_audio(path) as reader:
        next(reader.blocks(block_seconds=0.1))
        file = reader._file
    assert file.closed
