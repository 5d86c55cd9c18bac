"""What is played: MIDI from parts, labels from notes, and music that the real instrument could play."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.instruments import CODES
from instrunet_widgets.training.corpus_plan import plan_blocks, plan_window
from instrunet_widgets.training.negatives import make_noise_scene, write_drums
from instrunet_widgets.training.patches import PATCHES, Patch, patches_of
from instrunet_widgets.training.phrases import SLOT_SECONDS, Setting, draw_setting, write_part
from instrunet_widgets.training.scores import (
    CC_EXPRESSION,
    Bend,
    Control,
    LabelRange,
    Note,
    Part,
    find_label_ranges,
    make_midi,
)

FLUTE, CELLO = patches_of("flu")[0], patches_of("cel")[0]
FONTS = (Path("one.sf2"), Path("two.sf2"))


def timed_messages(parts: list[Part], length: float) -> list[tuple[float, str]]:
    """Times (s) and kinds of what a MIDI player would do, by mido's own clock."""
    now, played = 0.0, []
    for message in make_midi(parts, length_seconds=length):
        now += message.time
        played.append((round(now, 3), message))
    return played


def test_midi_holds_notes_bends_and_controllers_at_their_times() -> None:
    part = Part(FLUTE, (Note(0.5, 1.0, 72, 80),), (Control(0.25, CC_EXPRESSION, 90),), (Bend(0.75, -100.0),), start=1.0)
    played = timed_messages([part], 4.0)
    assert [time for time, message in played if message.type == "program_change" and message.program == 73] == [1.0]
    assert [(time, m.note, m.velocity) for time, m in played if m.type == "note_on"] == [(1.5, 72, 80)]
    assert [(time, m.note) for time, m in played if m.type == "note_off"] == [(2.5, 72)]
    assert [(time, m.pitch) for time, m in played if m.type == "pitchwheel"] == [(1.75, -4096)]  # of 8192 for 200 cents
    assert (1.25, 90) in [(time, m.value) for time, m in played if m.type == "control_change" and m.control == 11]
    assert played[-1][0] == 4.0


def test_repeated_note_ends_before_it_begins_again() -> None:
    played = timed_messages([Part(FLUTE, (Note(0.0, 1.0, 60, 80), Note(1.0, 1.0, 60, 80)))], 2.0)
    assert [m.type for _, m in played if m.type.startswith("note")] == ["note_on", "note_off", "note_on", "note_off"]


def test_drums_play_on_the_drum_channel_and_the_rest_keep_off_it() -> None:
    rng = np.random.default_rng(0)
    drums = write_drums(draw_setting(rng), rng)
    assert {m.channel for _, m in timed_messages([drums], 5.0) if m.type == "note_on"} == {9}
    assert {m.channel for _, m in timed_messages([Part(CELLO, (Note(0, 1, 48, 80),))], 2.0) if m.type == "note_on"} == {
        0
    }


def test_labels_join_players_of_one_instrument_and_end_at_long_rests() -> None:
    first = Part(CELLO, (Note(0.0, 1.0, 48, 80), Note(1.4, 0.6, 50, 80)))  # rest of 0.4 s: bridged
    second = Part(CELLO, (Note(0.0, 1.0, 48, 80),), start=1.5)
    later = Part(CELLO, (Note(0.0, 1.0, 48, 80),), start=5.0)
    flute = Part(FLUTE, (Note(0.5, 1.0, 72, 80),))
    bass = Part(Patch(None, 33, 28, 55, 1.0, "bass"), (Note(0.0, 9.0, 40, 80),))
    assert find_label_ranges([later, bass, flute, first, second], release_seconds=0.0) == (
        LabelRange("cel", 0.0, 2.5),
        LabelRange("flu", 0.5, 1.5),
        LabelRange("cel", 5.0, 6.0),
    )


def test_every_instrument_has_a_program() -> None:
    assert {patch.instrument for patch in PATCHES} == set(CODES)


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: f"{patch.instrument}{patch.program}")
def test_written_music_stays_in_the_instruments_range_and_in_its_slot(patch: Patch) -> None:
    kinds = ["note", "short", "scale", "phrase", "arpeggio", *(["chords"] if patch.is_polyphonic else [])]
    for seed in range(6):
        for kind in kinds:
            rng = np.random.default_rng([seed, patch.program])
            part = write_part(patch, kind, draw_setting(rng), rng)
            assert all(patch.lowest <= note.pitch <= patch.highest for note in part.notes)
            assert all(note.start >= 0 and note.start + note.duration <= SLOT_SECONDS + 1e-9 for note in part.notes)
            assert part.notes or kind == "chords"
            if patch.style in ("blown", "bowed"):  # one breath, one bow: never two notes at once
                notes = sorted(part.notes, key=lambda note: note.start)
                assert all(a.start + a.duration <= b.start + 1e-9 for a, b in itertools.pairwise(notes))


def test_melodies_keep_to_the_key() -> None:
    setting = Setting(tonic=2, scale=(0, 2, 4, 5, 7, 9, 11), progression=((0, 4),), beat_seconds=0.5)
    d_major = {2, 4, 6, 7, 9, 11, 1}
    for seed in range(10):
        part = write_part(FLUTE, "phrase", setting, np.random.default_rng(seed))
        assert {note.pitch % 12 for note in part.notes} <= d_major


def test_chords_sound_the_progression() -> None:
    setting = Setting(tonic=0, scale=(0, 2, 4, 5, 7, 9, 11), progression=((0, 4), (9, 3)), beat_seconds=0.5)
    assert setting.chord_at(1.9) == (0, 4, 7)  # C major; a bar is 2 s
    assert setting.chord_at(2.0) == (9, 0, 4)  # A minor
    piano = patches_of("pia")[0]
    part = write_part(piano, "chords", setting, np.random.default_rng(1))
    assert {note.pitch % 12 for note in part.notes if note.start < 1.9} == {0, 4, 7}
    assert {note.pitch % 12 for note in part.notes if 2.1 < note.start < 3.9} == {9, 0, 4}


def test_plan_shares_windows_out_over_roles_and_fonts() -> None:
    blocks = plan_blocks(2_000, FONTS, seed=0)
    n_windows = Counter()
    for block in blocks:
        n_windows[block.role] += block.n_windows
    # 10 % negatives, 7.5 % mixtures, 2 % voice; ten instruments share the other 80.5 %
    assert n_windows == {code: 161 for code in CODES if code != "voi"} | {"voi": 40, "mixture": 150, "negative": 200}
    assert {block.sound_font for block in blocks if block.role == "vio"} == set(FONTS)
    assert len({block.group for block in blocks}) == len(blocks)


def test_same_seed_writes_the_same_music_and_another_seed_does_not() -> None:
    def write_all(seed: int) -> list[object]:
        blocks = plan_blocks(60, FONTS, seed=seed)
        return [plan_window(block, np.random.default_rng([block.seed, block.index])) for block in blocks]

    assert write_all(3) == write_all(3)
    assert write_all(3) != write_all(4)


def test_corpora_of_different_seeds_share_no_group() -> None:
    groups = [{block.group for block in plan_blocks(100, FONTS, seed=seed)} for seed in (1, 2)]
    assert not groups[0] & groups[1]


def test_labels_of_planned_windows_name_exactly_who_plays() -> None:
    rng = np.random.default_rng(0)
    for block in plan_blocks(400, FONTS, seed=1):
        plan = plan_window(block, rng)
        playing = {part.patch.instrument for part in plan.parts} - {None}
        assert plan.label == "+".join(code for code in CODES if code in playing)
        expected = {"negative": {0}, "mixture": {2, 3}}.get(block.role, {1})
        assert len(playing) in expected
        if block.patch is not None:
            assert plan.label == block.role


def test_noise_scenes_fill_the_scale_and_differ() -> None:
    scenes = [make_noise_scene(48_000, 16_000, np.random.default_rng(seed)) for seed in range(12)]
    assert all(np.abs(scene).max() == pytest.approx(1.0) for scene in scenes)
    assert max(abs(np.corrcoef(a, b)[0, 1]) for a, b in itertools.pairwise(scenes)) < 0.5
