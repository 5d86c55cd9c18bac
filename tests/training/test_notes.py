"""Isolated notes: where they land in a window, and what their names say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.training.feature_folder import read_feature_folder
from instrunet_widgets.training.notes import place_note, write_notes

RATE = 16_000


def tone(seconds: float, frequency: float = 440.0, amplitude: float = 0.2) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * frequency * times)).astype(np.float32)


def write_note(path: Path, waveform: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, RATE)


def test_short_note_lies_whole_in_its_window_at_varying_places() -> None:
    starts = []
    for seed in range(20):
        window = place_note(tone(0.5), 48_000, np.random.default_rng(seed))
        loud = np.flatnonzero(np.abs(window) > 0.1)
        assert loud[-1] - loud[0] == pytest.approx(8_000, abs=40)
        outside = np.concatenate([window[: max(0, loud[0] - 40)], window[loud[-1] + 40 :]])
        assert np.sqrt(np.mean(outside**2)) < 10 ** (-54 / 20)
        assert np.abs(window).max() == pytest.approx(1.0, abs=0.01)
        starts.append(loud[0])
    assert max(starts) - min(starts) > 16_000


def test_silence_round_a_note_in_its_file_is_cut_away() -> None:
    padded = np.concatenate([np.zeros(32_000), tone(0.5), np.zeros(80_000)]).astype(np.float32)
    window = place_note(padded, 48_000, np.random.default_rng(0))
    assert np.count_nonzero(np.abs(window) > 0.1) > 7_000


def test_long_note_fills_its_window() -> None:
    window = place_note(tone(7.0), 48_000, np.random.default_rng(0))
    assert np.sqrt(np.mean(window.reshape(30, -1) ** 2, axis=1)).min() == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_notes_are_labelled_by_folder_and_grouped_by_pitch(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    write_note(notes / "cla" / "clarinet_Fs4_15_piano_normal.flac", tone(0.5, 370))  # "piano" is a loudness here
    write_note(notes / "cla" / "clarinet_Fs4_05_forte_staccato.flac", tone(0.5, 370))
    write_note(notes / "cel" / "cello_Fs4_1_piano_arco-normal.wav", tone(0.5, 370))
    write_note(notes / "cel" / "cello_C2_1_piano_arco-normal.wav", np.zeros(4_000, dtype=np.float32))
    assert write_notes(notes, tmp_path / "out", seed=1) == 3, "the silent file is left out"
    frame = read_feature_folder(tmp_path / "out").frame.set_index("file")
    clarinet = frame.loc["cla/clarinet_Fs4_15_piano_normal.flac"]
    assert (clarinet["class"], clarinet["pitch"], clarinet["articulation"]) == ("cla", "Fs4", "normal")
    groups = frame["group"].to_dict()
    assert groups["cla/clarinet_Fs4_05_forte_staccato.flac"] == clarinet["group"]
    assert groups["cel/cello_Fs4_1_piano_arco-normal.wav"] != clarinet["group"]


def test_log_mel_of_a_note_is_loud_at_its_pitch(tmp_path: Path) -> None:
    librosa = pytest.importorskip("librosa")
    write_note(tmp_path / "notes" / "flu" / "flute_A5_1_forte_normal.wav", tone(2.5, 880))
    write_notes(tmp_path / "notes", tmp_path / "out")
    loudest = read_feature_folder(tmp_path / "out").log_mels[0].max(axis=1).argmax()
    centres = librosa.mel_frequencies(130, fmin=0, fmax=8_000)[1:-1]
    assert centres[loudest] == pytest.approx(880, rel=0.04)


def test_folder_without_notes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureFolderError, match="holds no notes"):
        write_notes(tmp_path, tmp_path / "out")


def test_folder_in_use_is_refused_before_any_note_is_read(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "sax" / "saxophone_C4_1_forte_normal.mp3"
    path.parent.mkdir(parents=True)
    path.write_text("reading this would fail", encoding="utf-8")
    (tmp_path / "index.csv").touch()
    with pytest.raises(FeatureFolderError, match="already holds features"):
        write_notes(tmp_path / "notes", tmp_path)


def test_unreadable_note_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes" / "sax" / "saxophone_C4_1_forte_normal.mp3"
    path.parent.mkdir(parents=True)
    path.write_text("no sound here", encoding="utf-8")
    with pytest.raises(FeatureFolderError, match=r"saxophone_C4_1_forte_normal\.mp3"):
        write_notes(tmp_path / "notes", tmp_path / "out")
