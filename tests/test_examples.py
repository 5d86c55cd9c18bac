"""The demo piece: its file, its labels, and that both fit together."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.audio import load_audio
from instrunet_widgets.errors import AudioError, InstruNetError
from instrunet_widgets.examples import example_labels, example_names, example_path
from instrunet_widgets.instruments import CODES

needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None and os.environ.get("CI") != "true",
    reason="needs fluidsynth: sudo apt install fluidsynth musescore-general-soundfont",
)


@pytest.mark.parametrize("name", example_names())
def test_example_is_small_and_labelled_with_enough_instruments(name: str) -> None:
    assert example_path(name).stat().st_size <= 1_500_000
    instruments = {found.instrument for found in example_labels(name)}
    assert len(instruments) >= 6
    assert instruments <= set(CODES)


@pytest.mark.parametrize("name", example_names())
def test_sound_and_labels_begin_and_end_together(name: str) -> None:
    waveform, labels = load_audio(example_path(name)), example_labels(name)
    loud = np.flatnonzero(np.abs(waveform) > 0.01) / 16_000
    assert min(found.start for found in labels) == pytest.approx(loud[0], abs=0.2)
    last = max(found.end for found in labels)
    assert last <= len(waveform) / 16_000
    assert loud[-1] == pytest.approx(last, abs=2.0)


@pytest.mark.parametrize("name", example_names())
def test_three_voices_sound_together_somewhere(name: str) -> None:
    labels = example_labels(name)
    times = np.arange(0, max(found.end for found in labels), 0.5)
    n_sounding = [sum(found.start <= time < found.end for found in labels) for time in times]
    assert n_sounding.count(3) * 0.5 >= 5.0
    assert 1 in n_sounding


def test_unknown_example_lists_the_known_ones() -> None:
    with pytest.raises(AudioError, match="seven-postcards"):
        example_path("no such piece")


@needs_fluidsynth
def test_shipped_piece_is_what_the_score_renders(tmp_path: Path) -> None:
    from instrunet_widgets.training.demo import NAME, SOUND_FONT, write_demo
    from instrunet_widgets.training.rendering import find_sound_font

    path = write_demo(tmp_path, find_sound_font(SOUND_FONT))
    labels = path.with_name(f"{NAME}.labels.json").read_text(encoding="utf-8")
    assert labels == example_path(NAME).with_name(f"{NAME}.labels.json").read_text(encoding="utf-8")
    rendered, shipped = load_audio(path), load_audio(example_path(NAME))
    assert len(rendered) == len(shipped)
    assert np.corrcoef(np.abs(rendered), np.abs(shipped))[0, 1] > 0.9


@needs_fluidsynth
def test_rendered_window_of_an_instrument_sounds_in_its_range() -> None:
    from instrunet_widgets.training.patches import patches_of
    from instrunet_widgets.training.rendering import RENDER_RATE, find_sound_fonts, render_slots
    from instrunet_widgets.training.scores import Note, Part

    flute = Part(patches_of("flu")[0], (Note(0.2, 1.5, 81, 90),))  # A5, 880 Hz
    slot = render_slots([flute], find_sound_fonts()[0], slot_seconds=3.0)[0]
    spectrum = np.abs(np.fft.rfft(slot[RENDER_RATE // 2 : RENDER_RATE]))
    strong = np.flatnonzero(spectrum > 0.3 * spectrum.max()) * 2.0  # Hz; half a second gives bins of 2 Hz
    harmonics = np.maximum(1, np.round(strong / 880))
    np.testing.assert_allclose(strong, 880 * harmonics, rtol=0.02)
    assert 1 in harmonics
    assert np.abs(slot[: RENDER_RATE // 10]).max() < 0.01 * np.abs(slot).max(), "nothing before the note"


def test_missing_sound_font_says_what_to_install() -> None:
    from instrunet_widgets.training.rendering import find_sound_font

    with pytest.raises(InstruNetError, match=r"nowhere\.sf2 was not found.*soundfont"):
        find_sound_font("nowhere.sf2")
