"""Pieces with labels per time: what is planned, and that sound and labels agree."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.instruments import CODES
from instrunet_widgets.training.piece_plan import PiecePlan, plan_piece
from instrunet_widgets.training.pieces import read_pieces, write_pieces
from instrunet_widgets.training.rendering import RENDER_RATE, find_sound_fonts

FONT = Path("any.sf2")


@pytest.fixture(scope="module")
def plans() -> list[PiecePlan]:
    return [plan_piece(index, FONT) for index in range(24)]


def count_playing(plan: PiecePlan) -> np.ndarray:
    times = np.arange(0.0, plan.seconds, 0.05)
    return np.sum([(times >= one.start) & (times < one.end) for one in plan.ranges], axis=0)


def test_instruments_come_and_go_up_to_four_at_a_time(plans: list[PiecePlan]) -> None:
    playing = np.concatenate([count_playing(plan) for plan in plans])
    assert all(60 <= plan.seconds <= 90 for plan in plans)
    assert (playing <= 4).mean() > 0.99, "a fifth only while the release of one that stops lasts"
    assert all((playing == n).mean() > 0.05 for n in (0, 1, 2, 3, 4))
    assert {one.instrument for plan in plans for one in plan.ranges} == set(CODES)
    assert all(len(plan.ranges) >= 4 for plan in plans)
    assert all(0 <= one.start < one.end <= plan.seconds for plan in plans for one in plan.ranges)


def test_drums_and_bass_play_now_and_then_without_a_label(plans: list[PiecePlan]) -> None:
    accompanied = [plan for plan in plans if any(part.patch.instrument is None for part in plan.parts)]
    assert 6 <= len(accompanied) < 24
    for plan in accompanied:
        assert {one.instrument for one in plan.ranges} <= set(CODES)


def test_entries_do_not_fall_on_the_grid_of_the_windows(plans: list[PiecePlan]) -> None:
    starts = np.array([one.start for plan in plans for one in plan.ranges])
    places, _ = np.histogram(starts % 1.5, bins=5, range=(0, 1.5))
    assert (places > 0.08 * len(starts)).all()


def test_labels_hold_every_note_of_their_instrument(plans: list[PiecePlan]) -> None:
    for plan in plans[:6]:
        for part in plan.parts:
            mine = [one for one in plan.ranges if one.instrument == part.patch.instrument]
            for note in part.notes if part.patch.instrument else ():
                begin = part.start + note.start
                assert any(one.start <= begin + 1e-3 and begin + note.duration <= one.end for one in mine)


def test_same_seed_gives_the_same_piece_and_another_seed_another() -> None:
    assert plan_piece(3, FONT, seed=1) == plan_piece(3, FONT, seed=1)
    assert plan_piece(3, FONT, seed=1).parts != plan_piece(3, FONT, seed=2).parts
    assert plan_piece(3, FONT, seed=1).parts != plan_piece(4, FONT, seed=1).parts


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("fluidsynth") is None and os.environ.get("CI") != "true",
    reason="needs fluidsynth: sudo apt install fluidsynth",
)
def test_sound_begins_where_the_labels_say(tmp_path: Path) -> None:
    import soundfile

    font = min(find_sound_fonts(), key=lambda path: (path.suffix == ".sf3", path.stat().st_size))
    assert write_pieces(tmp_path, n_pieces=1, sound_fonts=[font], seed=4) == 1
    (piece,) = read_pieces(tmp_path)
    waveform, rate = soundfile.read(piece.path)
    assert rate == RENDER_RATE
    assert len(waveform) / rate == pytest.approx(piece.duration, abs=0.01)
    assert json.loads((tmp_path / "piece-01.labels.json").read_text())["seed"] == 4
    first = min(one.start for one in piece.ranges)
    loud = np.abs(waveform) > 0.1 * np.abs(waveform).max()
    assert np.flatnonzero(loud)[0] / rate == pytest.approx(first, abs=0.4)
    with pytest.raises(FeatureFolderError, match="already holds pieces"):
        write_pieces(tmp_path, n_pieces=1, sound_fonts=[font])


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (None, "holds no pieces; make some with 'instrunet render pieces"),
        ("{", r"a\.labels\.json is damaged"),
        ('{"duration": 3, "sound_font": "f"}', r"a\.labels\.json is damaged \('ranges'\)"),
        ('{"duration": 3, "sound_font": "f", "ranges": [{"start": 1}]}', r"a\.labels\.json is damaged"),
    ],
)
def test_faulty_folder_is_named(tmp_path: Path, labels: str | None, said: str) -> None:
    if labels is not None:
        (tmp_path / "a.labels.json").write_text(labels, encoding="utf-8")
        (tmp_path / "a.flac").touch()
    with pytest.raises(FeatureFolderError, match=said):
        read_pieces(tmp_path)


def test_labels_without_a_recording_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.labels.json").write_text('{"duration": 3, "sound_font": "f", "ranges": []}', encoding="utf-8")
    with pytest.raises(FeatureFolderError, match=r"a\.flac is missing"):
        read_pieces(tmp_path)
