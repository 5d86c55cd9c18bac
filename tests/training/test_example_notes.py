"""The notes that come with InstruNet: what they are, how large, and that they can be made again."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.cli import main
from instrunet_widgets.errors import FeatureFolderError, InstruNetError
from instrunet_widgets.examples import example_notes_path
from instrunet_widgets.instruments import CODES
from instrunet_widgets.training.example_notes import find_held_out, load_example_notes, plan_notes, write_example_notes
from instrunet_widgets.training.feature_folder import FeatureFolder, read_feature_folder
from instrunet_widgets.training.network import NetworkConfig, build_network
from instrunet_widgets.training.patches import patches_of
from instrunet_widgets.training.rendering import find_sound_font

LARGEST_BYTES = 2_500_000


@pytest.fixture(scope="module")
def notes() -> FeatureFolder:
    return load_example_notes()


def test_shipped_notes_are_small_and_cover_every_instrument_evenly(notes: FeatureFolder) -> None:
    assert sum(path.stat().st_size for path in example_notes_path().iterdir()) <= LARGEST_BYTES
    counts = Counter(notes.frame["class"])
    assert set(counts) == set(CODES)
    assert min(counts.values()) >= 0.9 * max(counts.values())
    assert len(notes.frame["font"].unique()) == 3
    assert len(set(notes.files)) == len(notes)


def test_a_pitch_of_a_program_is_one_group_whatever_the_font_and_loudness(notes: FeatureFolder) -> None:
    frame = notes.frame
    by_group = frame.groupby("group")[["class", "program", "pitch"]].nunique()
    assert (by_group == 1).all(axis=None)
    assert frame.groupby(["program", "pitch"])["group"].nunique().max() == 1
    assert frame["group"].nunique() >= 100


def test_held_out_notes_are_of_pitches_not_trained_on_programs_that_were(notes: FeatureFolder) -> None:
    held_out = find_held_out(notes)
    train, test = notes.frame[~held_out], notes.frame[held_out]
    assert Counter(test["class"]) == dict.fromkeys(CODES, 12)
    assert not set(train["group"]) & set(test["group"])
    assert set(test["program"]) <= set(train["program"]) == set(notes.frame["program"])


def test_shipped_spectrograms_are_loud_at_their_pitch(notes: FeatureFolder) -> None:
    librosa = pytest.importorskip("librosa")
    flutes = np.flatnonzero((notes.frame["class"] == "flu") & (notes.frame["font"] == "FluidR3_GM"))
    centres = librosa.mel_frequencies(130, fmin=0, fmax=8_000)[1:-1]
    pitches = 440 * 2 ** ((notes.frame["pitch"].to_numpy(dtype=float)[flutes] - 69) / 12)
    loudest = centres[notes.log_mels[flutes].max(axis=2).argmax(axis=1)]
    overtone = np.maximum(1, np.round(loudest / pitches))
    np.testing.assert_allclose(loudest, overtone * pitches, rtol=0.06)
    assert (overtone <= 2).mean() > 0.8
    assert (notes.log_mels.max(axis=(1, 2)) >= 248).all(), "the loudest cell is 0 dB, within a step"


def test_plan_stays_in_the_range_of_the_instruments_and_in_the_window() -> None:
    plan = plan_notes()
    assert plan == plan_notes()
    for note in plan:
        patch = next(patch for patch in patches_of(note.patch.instrument) if patch == note.patch)
        assert patch.lowest <= note.pitch <= patch.highest
        assert 0 <= note.start < note.start + note.duration < 3.0
    assert {note.patch.program for note in plan if note.patch.instrument == "org"} == {16, 17, 18, 19, 20}


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("fluidsynth") is None and os.environ.get("CI") != "true",
    reason="needs fluidsynth: sudo apt install fluidsynth",
)
def test_command_makes_the_shipped_notes_of_a_font_again(notes: FeatureFolder, tmp_path: Path) -> None:
    try:
        font = find_sound_font("sf_GMbank.sf2")
    except InstruNetError:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip("needs a sound font: sudo apt install csound-soundfont")
    assert main(["render", "example-notes", "--out", str(tmp_path / "notes"), "--sound-font", str(font)]) == 0
    again = read_feature_folder(tmp_path / "notes")
    shipped = notes.subset((notes.frame["font"] == font.stem).to_numpy())
    assert again.frame.equals(shipped.frame)
    difference = np.abs(again.log_mels.astype(int) - shipped.log_mels)
    assert (difference <= 8).mean() > 0.99, "versions of fluidsynth may differ by a step here and there"


def test_folder_in_use_is_refused_before_anything_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "index.csv").touch()
    with pytest.raises(FeatureFolderError, match="already holds features"):
        write_example_notes(tmp_path, sound_fonts=[tmp_path / "never opened.sf2"])


@pytest.mark.slow
def test_small_network_learns_pitches_it_never_heard_in_half_a_minute_of_work(notes: FeatureFolder) -> None:
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    held_out, rng = find_held_out(notes), np.random.default_rng(0)
    config = NetworkConfig(stem_channels=8, stage_channels=(12, 16, 24), dropout=0.2)
    network, train = build_network(config), np.flatnonzero(~held_out)
    n_epochs, batch = 10, 16
    schedule = keras.optimizers.schedules.CosineDecay(4e-3, n_epochs * (len(train) // batch))
    network.compile(keras.optimizers.AdamW(schedule), "binary_crossentropy")
    for _ in range(n_epochs):
        for chosen in rng.permutation(train)[: len(train) // batch * batch].reshape(-1, batch):
            network.train_on_batch(vary(notes.decibels(chosen), rng), notes.targets[chosen])
    heard = network.predict_on_batch(notes.decibels(held_out)).argmax(axis=1)
    assert (heard == notes.targets[held_out].argmax(axis=1)).mean() > 0.35, "one of eleven by chance"


def vary(log_mels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move each spectrogram by up to six bands, and round in time."""
    moved = np.full_like(log_mels, -80.0)
    for one, other in zip(log_mels, moved, strict=True):
        bands = int(rng.integers(-6, 7))
        other[max(0, bands) : len(one) + min(0, bands)] = one[max(0, -bands) : len(one) + min(0, -bands)]
        other[:] = np.roll(other, rng.integers(other.shape[1]), axis=1)
    return moved
