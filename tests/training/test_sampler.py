"""Playing with recorded notes: the right pitch, length and loudness, and a corpus of what a folder holds."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrunet_widgets.errors import InstruNetError
from instrunet_widgets.training.corpus import write_rendered_corpus
from instrunet_widgets.training.corpus_plan import can_play, plan_blocks
from instrunet_widgets.training.patches import patches_of
from instrunet_widgets.training.rendering import RENDER_RATE
from instrunet_widgets.training.sampler import load_sample, parse_pitch, play_slots, read_sample_bank
from instrunet_widgets.training.scores import Note, Part

SAMPLE_RATE = 22_050
PITCHES = {"A2": 110.0, "A3": 220.0, "A4": 440.0, "Ds5": 622.254}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sines of 2 s after 0.25 s of silence, for cello and clarinet."""
    folder = tmp_path_factory.mktemp("samples")
    times = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    for code in ("cel", "cla"):
        (folder / code / "soft").mkdir(parents=True)
        for name, frequency in PITCHES.items():
            sine = np.concatenate([np.zeros(SAMPLE_RATE // 4), 0.5 * np.sin(2 * np.pi * frequency * times)])
            soundfile.write(folder / code / "soft" / f"{name}.wav", sine, SAMPLE_RATE)
    (folder / "cel" / "README.txt").write_text("no note")
    return folder


def play(samples: Path, *notes: Note, seed: int = 0) -> np.ndarray:
    part = Part(patches_of("cel")[0], notes)
    bank = read_sample_bank(samples)
    return play_slots([part], bank, slot_seconds=3.0, rng=np.random.default_rng(seed))[0]


def find_frequency(waveform: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return float(spectrum.argmax() * RENDER_RATE / len(waveform))


@pytest.mark.parametrize(
    ("name", "pitch"),
    [("C4", 60), ("As3", 58), ("F#2v8", 42), ("cello_A2_05_forte_arco-normal", 45), ("C-1", 0), ("Cello", None),
     ("a4", None), ("organ", None)],
)  # fmt: skip
def test_pitch_is_read_from_the_name(name: str, pitch: int | None) -> None:
    assert parse_pitch(name) == pitch


@pytest.mark.parametrize(("pitch", "frequency"), [(57, 220.0), (60, 261.63), (76, 659.26)])
def test_note_sounds_at_its_pitch(samples: Path, pitch: int, frequency: float) -> None:
    heard = find_frequency(play(samples, Note(0.0, 1.0, pitch, 100))[: RENDER_RATE // 2])
    assert abs(12 * np.log2(heard / frequency)) < 0.5  # semitones: detuning, and the spectrum's resolution


def test_note_begins_where_it_is_written_and_ends_with_its_release(samples: Path) -> None:
    waveform = play(samples, Note(0.5, 0.6, 57, 127))
    sounding = np.flatnonzero(np.abs(waveform) > 0.05) / RENDER_RATE
    assert 0.5 <= sounding[0] < 0.52  # the silence before the recorded note is gone
    assert 1.1 < sounding[-1] < 1.1 + 0.14 * 1.5  # bowed: 0.14 s, varied by up to a half


def test_velocity_is_heard(samples: Path) -> None:
    loud, soft = (np.abs(play(samples, Note(0.0, 1.0, 57, velocity))).max() for velocity in (127, 32))
    assert soft / loud == pytest.approx((32 / 127) ** 1.5, rel=0.02)


def test_pitch_outside_the_samples_is_played_in_the_next_octave(samples: Path) -> None:
    heard = find_frequency(play(samples, Note(0.0, 1.0, 36, 100))[: RENDER_RATE // 2])
    assert abs(12 * np.log2(heard / 130.81)) < 0.5  # C2 as C3


def test_equal_seeds_play_equally(samples: Path) -> None:
    first, again, other = (play(samples, Note(0.0, 1.0, 60, 100), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_corpus_of_samples_has_their_instruments_only(samples: Path, tmp_path: Path) -> None:
    n_written = write_rendered_corpus(tmp_path / "corpus", n_windows=40, sound_fonts=[samples], seed=1)
    with (tmp_path / "corpus" / "index.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == n_written > 0
    assert {row["class"] for row in rows} == {"cel", "cla"}
    assert {row["font"] for row in rows} == {samples.stem}


def test_fonts_take_over_what_samples_lack(samples: Path) -> None:
    font = Path("some.sf2")
    assert can_play(samples, "cel")
    assert not can_play(samples, "negative")
    blocks = plan_blocks(400, [samples, font], seed=0)
    assert {block.sound_font for block in blocks if block.role in ("vio", "negative", "mixture")} == {font}
    assert {block.sound_font for block in blocks if block.role == "cel"} == {samples, font}


def test_folder_without_notes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstruNetError, match="is no folder of samples"):
        read_sample_bank(tmp_path)


def test_broken_sample_is_named(tmp_path: Path) -> None:
    path = tmp_path / "C4.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(InstruNetError, match=r"C4\.wav"):
        load_sample(path)
