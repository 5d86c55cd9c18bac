"""The widgets of the lessons, driven to their ends without a browser: they always show something sensible."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from lesson_parts import (
    ANALYSIS,
    LABELS,
    LONG,
    NONE,
    RATE,
    SHORT,
    SILENCE,
    make_analysis,
    make_sound,
    texts_of,
    turn_all_knobs,
    turn_every_knob,
)

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.lessons import exploration
from instrunet_widgets.lessons import sound_to_log_mel as lesson_1
from instrunet_widgets.lessons import windows_and_labels as lesson_2
from instrunet_widgets.lessons import windows_to_timeline as lesson_5
from instrunet_widgets.lessons.sound import SoundBox
from instrunet_widgets.lessons.tables import show_table

PANELS = {
    **{
        f"{kind.__name__}-{name}": (lambda kind=kind, sound=sound: kind(sound))
        for kind in (
            lesson_1.WaveformExplorer,
            lesson_1.SpectrumExplorer,
            lesson_1.BandExplorer,
            lesson_1.DecibelExplorer,
            lesson_1.FrontEndExplorer,
        )
        for name, sound in {"long": LONG, "short": SHORT, "none": NONE, "silence": SILENCE}.items()
    },
    "ToneExplorer": lesson_1.ToneExplorer,
    "ClipCounter": lesson_2.ClipCounter,
    "LeakExplorer": lesson_2.LeakExplorer,
    "LabelExplorer": lambda: lesson_2.LabelExplorer(LONG, LABELS),
    "LabelExplorer-nothing": lambda: lesson_2.LabelExplorer(SHORT, ()),
    "WindowExplorer": lambda: lesson_5.WindowExplorer(ANALYSIS, LONG, LABELS),
    "WindowExplorer-one": lambda: lesson_5.WindowExplorer(make_analysis([0.5]), SHORT, ()),
    **{
        f"{kind.__name__}-{name}": (lambda kind=kind, analysis=analysis, labels=labels: kind(analysis, labels))
        for kind in (
            lesson_5.SmoothingExplorer,
            lesson_5.ThresholdExplorer,
            lesson_5.MeanMaxExplorer,
            lesson_5.PrecisionRecallExplorer,
            lesson_5.Tuning,
        )
        for name, analysis, labels in (
            ("made", ANALYSIS, LABELS),
            ("unlabelled", ANALYSIS, ()),
            ("one-window", make_analysis([0.5]), LABELS),
            ("silent", make_analysis([0.0, 0.0], silent=(0, 1)), LABELS),
        )
    },
    "RecordingComparison": lambda: exploration.RecordingComparison({"a": ANALYSIS, "b\n<b>": make_analysis([1.0])}),
    "RecordingComparison-one": lambda: exploration.RecordingComparison({"a": ANALYSIS}),
    "RecordingComparison-none": lambda: exploration.RecordingComparison({}),
}


@pytest.mark.parametrize("make", PANELS.values(), ids=PANELS)
def test_every_knob_at_both_ends(make) -> None:
    turn_every_knob(make())


@pytest.mark.parametrize("make", PANELS.values(), ids=PANELS)
def test_all_knobs_at_one_end_together(make) -> None:
    turn_all_knobs(make())


def test_threshold_0_finds_everything_and_1_nothing() -> None:
    explorer = lesson_5.ThresholdExplorer(ANALYSIS, LABELS)
    explorer.threshold.value = 0.0
    assert "Recall <b>1.000</b>" in explorer._numbers.value
    assert "Precision <b>0.333</b>" in explorer._numbers.value  # 4.5 of 13.5 s
    explorer.threshold.value = 1.0
    assert "Ranges <b>0</b>" in explorer._numbers.value
    assert "Precision <b>-</b>" in explorer._numbers.value
    assert not explorer._bars.visible


def test_instrument_that_does_not_play_is_said_so() -> None:
    explorer = lesson_5.ThresholdExplorer(ANALYSIS, LABELS)
    explorer.instrument.value = "org"
    assert "organ does not play in this piece" in explorer.chart.heading.value
    assert "Recall <b>-</b>" in explorer._numbers.value


def test_tuning_follows_the_apps_settings_and_remembers_the_best() -> None:
    tuning = lesson_5.Tuning(ANALYSIS, LABELS)
    tuning.settings.threshold.value = 0.5
    tuning.settings.smoothing.value = 1
    assert tuning.config == DecodingConfig(threshold=0.5, smoothing_windows=1)
    assert tuning.best == pytest.approx(1.0)  # windows 1 to 3 speak for 2.25 to 6.75 s
    tuning.settings.threshold.value = 1.0
    assert "Best F1 so far <b>1.000</b>" in tuning._numbers.value


def test_no_genre_ticked_counts_nothing_and_says_what_to_do() -> None:
    counter = lesson_2.ClipCounter()
    for control in counter.genres.values():
        control.value = False
    assert "tick at least one genre" in counter.chart.heading.value
    assert "Clips a recording <b>-</b>" in counter._numbers.value


def test_leaks_with_everything_or_nothing_in_the_test() -> None:
    explorer = lesson_2.LeakExplorer()
    assert 0.9 < explorer.n_leaks / explorer.n_test < 1
    for share in (0, 100):
        explorer.share.value = share
        assert explorer.n_leaks == 0
    explorer.share.value, explorer.by.value = 20, True
    assert explorer.n_test > 900
    assert explorer.n_leaks == 0


def test_window_longer_than_the_sound_is_filled_up_and_says_so() -> None:
    explorer = lesson_1.FrontEndExplorer(SHORT)
    assert explorer.log_mel.shape == (128, 130)
    assert "silence" in explorer.picture.heading.value
    assert (explorer.log_mel[:, 60:] == -80).all()  # 0.4 s are 18 frames


def test_an_fft_too_short_for_its_bands_leaves_bands_empty() -> None:
    explorer = lesson_1.FrontEndExplorer(make_sound(3.0))
    explorer.n_fft.value = 256
    assert (explorer.log_mel == -80).all(axis=1).sum() > 10


def test_sounds_are_sent_only_when_somebody_listens() -> None:
    sent = []
    box = SoundBox(lambda: make_sound(0.5), "Listen")
    box.send = lambda content, buffers=None: sent.append((content, buffers))
    box._receive(None, {"type": "sound"}, [])
    ((content, (wav,)),) = sent
    assert content == {"type": "sound"}
    with wave.open(io.BytesIO(wav)) as reader:
        assert (reader.getframerate(), reader.getnframes(), reader.getnchannels()) == (RATE, RATE // 2, 1)
        samples = np.frombuffer(reader.readframes(RATE), dtype="<i2")
    assert np.abs(samples).max() == pytest.approx(0.6 * 32_767, abs=2)
    assert samples[0] == samples[-1] == 0  # no click


@pytest.mark.parametrize(
    ("find", "sentence"),
    [(lambda: NONE, "nothing to hear"), (lambda: 1 / 0, "No sound could be made")],
)
def test_no_sound_is_said_in_a_sentence(find, sentence: str) -> None:
    sent = []
    box = SoundBox(find)
    box.send = lambda content, buffers=None: sent.append(content)
    box._receive(None, {"type": "sound"}, [])
    assert sent[0]["type"] == "failed"
    assert sentence in sent[0]["sentence"]


def test_messages_that_are_none_are_ignored() -> None:
    box = SoundBox(lambda: 1 / 0)
    box.send = lambda *given: pytest.fail("nothing was asked for")
    for content in ("sound", None, {}, {"type": "other"}):
        box._receive(None, content, [])


def test_names_from_files_are_escaped() -> None:
    comparison = exploration.RecordingComparison({"<img src=x>\x1b": ANALYSIS})
    assert comparison.first.options[0][0] == "<img src=x>\\x1b"  # a dropdown shows text as text
    assert "<img" not in texts_of(comparison)
    table = show_table([("<script>",)], ("<b>",), "<i>", "<u>")
    assert not {"<script>", "<b>", "<i>", "<u>"} & set(texts_of(table).replace("><", "> <").split())
    assert "&lt;script&gt;" in texts_of(table)


def test_player_of_a_folder_plays_what_is_chosen_or_says_that_there_is_nothing() -> None:
    paths = sorted(exploration.make_folder().glob("*.wav"))
    player = exploration.RecordingPlayer(paths)
    player.recording.value = paths[-1]
    assert player.load().duration == pytest.approx(81.009 - 62.727, abs=0.05)
    assert "no recording in this folder" in texts_of(exploration.RecordingPlayer([]))


def test_styles_travel_once() -> None:
    first, second = lesson_1.ToneExplorer(), lesson_1.ToneExplorer()
    assert first.children[-1] is second.children[-1]
