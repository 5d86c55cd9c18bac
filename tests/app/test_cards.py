from __future__ import annotations

import re

import numpy as np
import pytest
from sample_analysis import FLUTE, PIANO, make_analysis

from instrunet_widgets.app.cards import draw_all_probabilities, draw_cards, write_as_text
from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.results import Analysis


@pytest.fixture
def analysis() -> Analysis:
    """Piano at .9 throughout but for a silent window; flute .5 and .3 in the first two of four windows."""
    return make_analysis()


def draw(analysis: Analysis, **settings: object) -> str:
    config = DecodingConfig(smoothing_windows=1, **settings)
    return draw_cards(analysis, analysis.decode(config))


def test_card_says_name_words_per_cent_and_when(analysis: Analysis) -> None:
    html = draw(analysis, threshold=0.6)
    assert re.findall(r"<h4>(.*?)</h4>", html) == ["Piano"]
    assert "very likely" in html and "90 %" in html
    # windows 0 and 1 speak for 0 to 3.75 s, window 3 for 5.25 s to the end: 5.5 of 7 s
    assert "<span>mostly</span>" in html
    assert re.findall(r"data-seek='([\d.]+)'", html) == ["0.000", "5.250"]


def test_instrument_heard_in_places_is_named_apart(analysis: Analysis) -> None:
    html = draw(analysis, threshold=0.4)  # the flute's mean over sounding windows is .27
    detected, in_parts = html.split("Heard only in parts", 1)
    assert "Piano" in detected and "Flute" not in detected and "Flute" in in_parts


def test_what_is_unlikely_and_only_in_parts_is_a_line_without_a_card(analysis: Analysis) -> None:
    html = draw(analysis, threshold=0.29)  # the flute reaches it in two windows with .5 and .3: .4 on average
    assert re.findall(r"<h4>(.*?)</h4>", html) == ["Piano", "Flute"]
    probabilities = analysis.probabilities.copy()
    probabilities[0, FLUTE] = 0.35
    html = draw(make_analysis(probabilities=probabilities), threshold=0.29)
    assert re.findall(r"<h4>(.*?)</h4>", html) == ["Piano"]
    assert "Traces, unlikely: flute 33 %" in html


def test_nothing_found_is_said_with_the_figures_that_were_missed(analysis: Analysis) -> None:
    html = draw(analysis, threshold=0.95)
    assert "No instrument stands out" in html
    assert "piano with 90 %, and 95 % would be needed" in html
    assert "in-card" not in html


def test_silence_is_called_silence() -> None:
    silent = make_analysis(probabilities=np.zeros((4, 11), dtype=np.float32), silent=np.ones(4, dtype=bool))
    assert "silent throughout" in draw(silent)


def test_table_holds_all_eleven_highest_first_with_the_threshold(analysis: Analysis) -> None:
    html = draw_all_probabilities(analysis, analysis.decode(DecodingConfig(smoothing_windows=1, threshold=0.25)))
    rows = re.findall(r"<tr><th scope='row'>.*?</tr>", html)
    assert len(rows) == 11
    assert "piano" in rows[0] and "flute" in rows[1]
    assert "left:25.0%" in rows[0] and "width:90.0%" in rows[0] and "detected" in rows[0]
    assert "detected" not in rows[2]


def test_sparkline_draws_the_probabilities_and_nothing_for_silence(analysis: Analysis) -> None:
    html = draw(analysis, threshold=0.6)
    (points,) = re.findall(r"<polyline points='(.*?)'", html)
    heights = [float(point.split(",")[1]) for point in points.split()]
    assert heights == pytest.approx([3.2, 3.2, 32.0, 3.2])


def test_text_for_the_clipboard_holds_what_the_cards_say(analysis: Analysis) -> None:
    text = write_as_text(analysis, analysis.decode(DecodingConfig(smoothing_windows=1, threshold=0.6)))
    assert text.startswith("music.wav (0:07, WAV, 44.1 kHz, stereo, 1 of 4 windows silent)\n")
    assert "piano: very likely (90 %), mostly: 0:00-0:04, 0:05-0:07\n" in text
    assert "mean aggregation, threshold 0.6" in text


def test_name_of_a_recording_cannot_bring_markup_in() -> None:
    from instrunet_widgets.app.panels import TrackHeading
    from instrunet_widgets.app.state import AppState, Recording

    state = AppState()
    heading = TrackHeading(state)
    state.recordings = (Recording("a", "<img src=x onerror=alert(1)>\u202e.wav", None),)
    state.selected = "a"
    assert "<img" not in heading.value and "&lt;img src=x" in heading.value
    assert "\u202e" not in heading.value


def test_indices_of_the_sample_are_what_these_tests_think(analysis: Analysis) -> None:
    assert analysis.instruments[FLUTE] == "flu" and analysis.instruments[PIANO] == "pia"
