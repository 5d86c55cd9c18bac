"""The numbers and words that widgets of the lessons show, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from lesson_parts import ANALYSIS, LABELS, LONG, make_analysis, make_sound, read_numbers, texts_of

from instrunet_widgets.examples import LabelledRange
from instrunet_widgets.instruments import CODES
from instrunet_widgets.lessons import exploration, label_widgets
from instrunet_widgets.lessons import how_good_is_it as lesson_6
from instrunet_widgets.lessons import sound_to_log_mel as lesson_1
from instrunet_widgets.lessons import the_network as lesson_3
from instrunet_widgets.lessons import windows_to_timeline as lesson_5
from instrunet_widgets.lessons.instrument_chart import ROWS
from instrunet_widgets.lessons.out_of_fold import ScoredClips
from instrunet_widgets.training.layer_summary import LayerSummary

FLUTE, ORGAN = CODES.index("flu"), CODES.index("org")


def test_what_is_quiet_is_black_without_decibels_and_below_their_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power falls by 10 in 10 dB; the darkest grey of the picture is 1/254, 24 dB down."""
    monkeypatch.setattr(lesson_1, "compute_log_mel", lambda *_: np.array([[0.0, -10.0], [-20.0, -40.0]]))
    explorer = lesson_1.DecibelExplorer(LONG)
    assert "25 % of the cells are black" in explorer.picture.heading.value  # 1, .1, .01, .0001
    explorer.is_log.value = True
    assert "0 % of the cells are black" in explorer.picture.heading.value  # 1, .875, .75, .5
    explorer.top_db.value = 20
    assert "50 % of the cells are black" in explorer.picture.heading.value  # 1, .5, 0 and below


PLAYED = (
    LabelledRange("flu", 0.0, 10.0),
    LabelledRange("pia", 8.0, 9.5),
    LabelledRange("pia", 10.5, 20.0),
    LabelledRange("gac", 11.95, 15.0),  # .05 s of it
    LabelledRange("cel", 12.0, 20.0),
)


def test_what_plays_in_a_window_is_counted_inside_it() -> None:
    """From 9 to 12 s: flute until 10, piano .5 and 1.5 s."""
    assert list(label_widgets.seconds_playing(PLAYED, 9.0, 12.0).items()) == [("pia", 2.0), ("flu", 1.0)]
    explorer = label_widgets.LabelExplorer(make_sound(20.0), PLAYED)
    assert read_numbers(explorer) == {"In this window": "piano 2.0 s, flute 1.0 s"}
    assert "A single label names one of them" in texts_of(explorer)
    explorer.start.value = 5.0
    assert read_numbers(explorer) == {"In this window": "flute 3.0 s"}
    assert "nothing is lost" in texts_of(explorer)


def test_clips_and_recordings_are_counted_in_the_genres_that_are_ticked(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("cel", "cla", "0001"), ("cel", "cla", "0001"), ("pia", "cla", "0002")]
    rows += [("pia", "pop_roc", "0003")] * 3
    clips = pd.DataFrame(rows, columns=["instrument", "genre", "recording"])
    monkeypatch.setattr(label_widgets, "read_clips", lambda: clips)
    counter = label_widgets.ClipCounter()
    assert read_numbers(counter) == {"Clips": "6", "Recordings": "3", "Clips a recording": "2.00"}
    counter.genres["pop_roc"].value = False
    assert read_numbers(counter) == {"Clips": "3", "Recordings": "2", "Clips a recording": "1.50"}
    shown = {code: list(bar.x) for code, bar in zip(CODES, counter._bars, strict=True) if bar.visible}
    assert shown == {"cel": [0, 2], "pia": [0, 1]}


def test_cells_see_seconds_of_the_window() -> None:
    """A frame every 372 samples, 23.25 ms; the whole window has 3 s."""
    layers = (
        LayerSummary("Conv2D", (3, 5), (1, 1), (128, 130, 64), 1_024, 43),
        LayerSummary("MaxPooling2D", (2, 2), (2, 2), (64, 65, 64), 0, 200),
        LayerSummary("Dense", (0, 0), (1, 1), (16, 11), 1_500, 0),
    )
    network = SimpleNamespace(list_layers=lambda: layers, n_parameters=2_524)
    text = texts_of(lesson_3.LayerTable(network))
    assert "<td>Convolution 3 x 5, 64 kernels</td><td>128 x 130 x 64</td><td>1,024</td><td>1.00 s</td>" in text
    assert "<td>Maximum of 2 x 2 cells</td><td>64 x 65 x 64</td><td></td><td>3.00 s</td>" in text
    assert "<td>16 x 11</td><td>1,500</td><td></td>" in text
    assert "Parameters <b>2,524</b>" in text


def test_smoothing_looks_one_hop_further_for_each_window_more() -> None:
    explorer = lesson_5.SmoothingExplorer(ANALYSIS, LABELS)
    numbers = read_numbers(explorer)
    assert (numbers["Looks at"], numbers["Highest"]) == ("6 s", "90 %")  # 3 + 2 x 1.5 s; (.9 + 1 + .8) / 3
    explorer.smoothing.value = 1
    # Steps of 0, .9, 1, .8, 0, 0, .1, 0: 2.2 in seven.
    assert read_numbers(explorer) == {"Looks at": "3 s", "Highest": "&gt;99 %", "Mean step": "0.314"}


def test_found_missed_and_found_wrongly_are_three_lists() -> None:
    """The flute's mean is .35 and its highest 1; the organ is heard throughout and does not play."""
    probabilities = ANALYSIS.probabilities.copy()
    probabilities[:, ORGAN] = 0.9
    labels = (*LABELS, LabelledRange("pia", 0.0, 5.0))
    explorer = lesson_5.MeanMaxExplorer(replace(ANALYSIS, probabilities=probabilities), labels)
    explorer.smoothing.value = 1
    assert explorer._words.value == (
        "<p>Found, and it plays: <b>none</b></p><p>Missed: <b>flute, piano</b></p>"
        "<p>Found, but it does not play: <b>organ</b></p>"
    )
    explorer.aggregation.value = "max"
    assert explorer._words.value == (
        "<p>Found, and it plays: <b>flute</b></p><p>Missed: <b>piano</b></p>"
        "<p>Found, but it does not play: <b>organ</b></p>"
    )


def test_recall_goes_to_the_right_and_precision_upwards() -> None:
    """Windows 1 to 3 are found, 4.5 s; 9 s are labelled."""
    explorer = lesson_5.PrecisionRecallExplorer(ANALYSIS, (LabelledRange("flu", 2.25, 11.25),))
    explorer.smoothing.value = 1
    assert (explorer.chart.x_axis.label, explorer.chart.y_axis.label) == ("Recall", "Precision")
    assert (list(explorer._dot.x), list(explorer._dot.y)) == ([0.5], [1.0])
    assert read_numbers(explorer) == {"Precision": "1.000", "Recall": "0.500", "F1": "0.667"}
    curve = explorer._curve
    assert (curve.x[25], curve.y[25]) == (0.5, 1.0)
    assert (curve.x[0], curve.y[0]) == (1.0, pytest.approx(9 / (11 * 13.5)))  # all eleven, throughout


def test_mistakes_are_put_in_order_of_their_share() -> None:
    """Cello: 3 of 10 taken for violin; piano: 4 of 20 for organ; what is recognised is no mistake."""
    pairs = [("cel", "cel")] * 7 + [("cel", "vio")] * 3 + [("pia", "pia")] * 16 + [("pia", "org")] * 4
    label, chosen = (np.eye(11)[[CODES.index(pair[k]) for pair in pairs]] for k in (0, 1))
    recordings = np.array([f"{k // 2}" for k in range(len(pairs))])  # clips 7, 8 and 9 are of two
    clips = ScoredClips(chosen, chosen, label > 0, np.zeros(len(pairs), dtype=np.int64), recordings, np.full(11, 0.5))
    explorer = lesson_6.ConfusionExplorer(clips)
    assert (explorer.label.label, explorer.taken_for.label) == ("cello", "violin")
    text = texts_of(explorer)
    rows = [
        "<tr><td>cello, taken for violin</td><td>30 %</td><td>3</td><td>2</td></tr>",
        "<tr><td>piano, taken for organ</td><td>20 %</td><td>4</td><td>2</td></tr>",
    ]
    assert "<tbody>" + "".join(rows) + "</tbody>" in text


def test_two_recordings_have_a_bar_each_the_first_above() -> None:
    quiet, loud = make_analysis([0.25] * 4), make_analysis([0.75])
    comparison = exploration.RecordingComparison({"quiet": quiet, "loud": loud})
    for bars, share, above in zip(comparison._bars, (0.25, 0.75), (0.2, -0.2), strict=True):
        assert [code for code, bar in zip(CODES, bars, strict=True) if bar.visible] == ["flu"]
        assert list(bars[FLUTE].x) == [0, share]
        assert list(bars[FLUTE].y) == pytest.approx([ROWS[FLUTE] + above] * 2)
    assert "Largest difference: flute, 50 percentage points." in texts_of(comparison)
    comparison.first.value = "loud"
    assert "The same recording twice." in texts_of(comparison)
