"""Sound from scores: FluidSynth and sound fonts found or asked for, and a corpus that can be made again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.cli import main
from instrunet_widgets.config import FeatureConfig
from instrunet_widgets.errors import FeatureFolderError, InstruNetError
from instrunet_widgets.training import rendering
from instrunet_widgets.training.corpus import render_block, write_rendered_corpus
from instrunet_widgets.training.corpus_plan import plan_blocks
from instrunet_widgets.training.feature_folder import read_feature_folder
from instrunet_widgets.training.patches import patches_of
from instrunet_widgets.training.rendering import RENDER_RATE, find_sound_font, find_sound_fonts, render_parts
from instrunet_widgets.training.scores import Note, Part

needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None and os.environ.get("CI") != "true",
    reason="needs fluidsynth: sudo apt install fluidsynth fluid-soundfont-gm",
)
A4 = Part(patches_of("cla")[0], (Note(0.5, 1.0, 69, 90),))


@pytest.fixture(scope="module")
def sound_font() -> Path:
    return min(find_sound_fonts(), key=lambda path: path.suffix == ".sf3")  # compressed fonts load slowly


@needs_fluidsynth
def test_note_sounds_at_its_time_and_pitch(sound_font: Path) -> None:
    waveform = render_parts([A4], sound_font, length_seconds=4.0)
    assert waveform.shape == (4 * RENDER_RATE, 2)
    loud = np.flatnonzero(np.abs(waveform).max(axis=1) > 0.1 * np.abs(waveform).max()) / RENDER_RATE
    assert loud[0] == pytest.approx(0.5, abs=0.1)
    assert loud[-1] == pytest.approx(1.5, abs=0.25)
    spectrum = np.abs(np.fft.rfft(waveform[round(0.7 * RENDER_RATE) : round(1.4 * RENDER_RATE), 0] * 1.0))
    frequencies = np.fft.rfftfreq(round(1.4 * RENDER_RATE) - round(0.7 * RENDER_RATE), 1 / RENDER_RATE)
    strongest = frequencies[spectrum.argmax()]
    assert strongest == pytest.approx(440 * max(1, round(strongest / 440)), abs=5)


@needs_fluidsynth
def test_slots_hold_their_own_part_only(sound_font: Path) -> None:
    low, high = (
        Part(patches_of("cel")[0], (Note(0.0, 1.0, 45, 100),)),
        Part(patches_of("flu")[0], (Note(0, 1, 93, 90),)),
    )
    slots = rendering.render_slots([low, high], sound_font, slot_seconds=1.5)
    shares = []  # of the power above 1 kHz: all of a flute's A6, little of a cello's A2
    for slot in slots:
        power = np.abs(np.fft.rfft(slot[:RENDER_RATE])) ** 2
        shares.append(power[1_000:].sum() / power.sum())
    assert shares[0] < 0.3
    assert shares[1] > 0.95


@needs_fluidsynth
def test_block_renders_to_the_same_windows_again(sound_font: Path) -> None:
    block = next(block for block in plan_blocks(40, [sound_font], seed=5) if block.role == "mixture")
    first, second = (list(render_block(block)) for _ in range(2))
    assert len(first) == block.n_windows
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.waveform, other.waveform)
        assert one.row == other.row
        assert one.waveform.shape == (FeatureConfig().window_samples,)


@needs_fluidsynth
@pytest.mark.slow
def test_corpus_has_every_instrument_mixtures_and_negatives(sound_font: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    n_written = write_rendered_corpus(
        tmp_path, n_windows=26, sound_fonts=[sound_font], seed=2, on_block=lambda *step: steps.append(step)
    )
    folder = read_feature_folder(tmp_path)
    assert n_written == len(folder) == 26
    assert steps == [(k, 13) for k in range(1, 14)]  # eleven instruments, mixtures, negatives
    assert folder.targets.any(axis=0).all()
    n_instruments = folder.targets.sum(axis=1)
    assert [(n_instruments == 0).sum(), (n_instruments == 1).sum(), (n_instruments >= 2).sum()] == [3, 21, 2]
    assert set(folder.frame["font"]) == {sound_font.stem}
    assert len(set(folder.files)) == 26
    loud = folder.log_mels.reshape(26, -1)
    assert (loud.max(axis=1) == 255).all()  # 0 dB is each window's loudest cell
    assert (loud.std(axis=1) > 5).all()


@needs_fluidsynth
def test_file_that_is_no_sound_font_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fake.sf2"
    path.write_text("not a font", encoding="utf-8")
    with pytest.raises(InstruNetError, match=r"fake\.sf2 is not a sound font"):
        render_parts([A4], path, length_seconds=1.0)


@pytest.mark.parametrize(
    ("bank", "wanted", "played", "refused"), [(0, 71, 0, True), (5, 71, 71, False), (128, 17, 0, False)]
)
def test_font_that_would_play_another_instrument_is_refused(
    bank: int, wanted: int, played: int, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        f"fluidsynth: warning: Instrument not found on channel 0 [bank={bank} prog={wanted}], "
        f"substituted [bank={bank % 5} prog={played}]\n"
    )

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        import soundfile

        soundfile.write(command[command.index("-F") + 1], np.zeros((100, 2)), RENDER_RATE)
        return subprocess.CompletedProcess(command, 0, "", said)

    monkeypatch.setattr(rendering.shutil, "which", lambda name: name)
    monkeypatch.setattr(rendering.subprocess, "run", run)
    if refused:
        with pytest.raises(InstruNetError, match=r"few\.sf2 lacks General MIDI program 71"):
            render_parts([A4], Path("few.sf2"), length_seconds=1.0)
    else:
        assert not render_parts([A4], Path("few.sf2"), length_seconds=1.0).any()


def test_folder_in_use_is_refused_before_anything_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "index.csv").touch()
    with pytest.raises(FeatureFolderError, match="already holds features"):
        write_rendered_corpus(tmp_path, n_windows=20, sound_fonts=[tmp_path / "never opened.sf2"])


def test_missing_fluidsynth_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    font = tmp_path / "any.sf2"
    font.touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["render", "corpus", "--out", str(tmp_path / "out"), "--n", "20", "--sound-font", str(font)]) == 1
    printed = capsys.readouterr()
    assert "apt install fluidsynth" in " ".join((printed.out + printed.err).split())
    assert not (tmp_path / "out").exists()


def test_machine_without_sound_fonts_is_told_where_they_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_SOUND_FONT_FOLDERS", ())
    with pytest.raises(InstruNetError, match=r"no sound font.*apt install.*--sound-font"):
        find_sound_fonts()


def test_sound_font_is_found_by_path_or_by_name_in_the_usual_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    font = tmp_path / "TimGM6mb.sf2"
    font.touch()
    monkeypatch.setattr(rendering, "_SOUND_FONT_FOLDERS", (tmp_path,))
    assert find_sound_font(font) == font
    assert find_sound_font("TimGM6mb.sf2") == font
    assert find_sound_fonts() == (font,)
    assert find_sound_fonts([font]) == (font,)
