"""Figures: the same marks, colours and dashes as on screen, at the size and with the title that was asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sample_analysis import FLUTE, make_analysis

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.instruments import instrument_by_code
from instrunet_widgets.plotting import CHART_KEYS, ImageConfig, plot
from instrunet_widgets.plotting.figure import CHARTS
from instrunet_widgets.plotting.lettering import Run, lay_out, spell_out
from instrunet_widgets.plotting.ramps import ramp
from instrunet_widgets.plotting.scales import dash_of, rasterise
from instrunet_widgets.results import Overview, Thresholds

RAW = DecodingConfig(smoothing_windows=1)


def with_sound(**changes):
    envelope = np.stack([-np.linspace(0, 0.4, 70), np.linspace(0, 0.4, 70)], axis=1)
    spectrogram = np.tile(np.linspace(0, 255, 302).astype(np.uint8), (128, 1))
    return make_analysis(overview=Overview(envelope, spectrogram), **changes)


def draw(chart, analysis=None, config=RAW):
    figure = plot(analysis or with_sound(), config, ImageConfig(chart))
    return figure, figure.axes[-1]


def test_all_charts_are_drawn_above_each_other_on_one_time_axis():
    figure = plot(with_sound(), RAW)
    plots = [one for one in figure.axes if one.axison]
    assert len(plots) == len(CHARTS) == 5
    assert {one.get_xlim() for one in plots} == {(0.0, 7.0)}
    bottoms = [one.get_position().y0 for one in plots]
    assert bottoms == sorted(bottoms, reverse=True)
    texts = [text.get_text() for text in figure.texts]
    assert [text for text in texts if text in [chart.title for chart in CHARTS]] == [chart.title for chart in CHARTS]


def test_intensity_lines_have_the_probabilities_colours_and_dashes_of_the_screen():
    low = make_analysis(thresholds=Thresholds(*[np.full(11, 0.2)] * 3))
    _, axes = draw("intensity", low)
    flute, piano = axes.get_lines()
    assert to_hex(flute.get_color()) == instrument_by_code("flu").colour.lower()
    assert to_hex(piano.get_color()) == instrument_by_code("pia").colour.lower()
    assert (dash_of("flu"), dash_of("pia")) == ("dash_dotted", "dash_dotted")
    # centres of the windows; the third is silent, and the fourth stands alone and shows as long as its cell
    np.testing.assert_allclose(flute.get_xdata(), [1.5, 3.0, 4.5, 5.25, 7.0])
    np.testing.assert_allclose(flute.get_ydata()[:2], [0.5, 0.3], atol=1e-6)
    assert np.isnan(flute.get_ydata()[2])


def test_one_threshold_for_all_is_a_line_and_the_networks_own_are_not():
    fixed = DecodingConfig(threshold=0.5, smoothing_windows=1)
    n_lines = [len(draw("intensity", config=config)[1].get_lines()) for config in (RAW, fixed)]
    assert n_lines == [2, 3]  # piano, and the flute that is heard in parts; then the threshold


def test_heat_map_cells_mean_what_they_mean_on_screen():
    analysis = with_sound()
    values, seconds = rasterise(analysis, analysis.decode(RAW).smoothed)
    assert seconds == 0.75
    # 7 s in steps of 0.75 s; cells end at 2.25, 3.75, 5.25 and 7 s, and the third is silent
    assert values[FLUTE].tolist() == [127] * 3 + [76] * 2 + [255] * 2 + [0] * 3
    figure, axes = draw("heat-map")
    (picture,) = axes.get_images()
    cells = np.asarray(picture.get_array())
    row = cells[::-1][FLUTE]  # the first instrument is at the top
    assert row[0].tolist() == [*ramp("probability")[127], 255]
    assert row[5, 3] == 0
    assert "blank: silence" in [text.get_text() for text in figure.texts]


def test_time_ranges_are_bars_in_the_lane_and_colour_of_their_instrument():
    _, axes = draw("ranges")
    flute, piano = axes.collections
    (bar,) = flute.get_paths()
    assert bar.get_extents().intervalx.tolist() == [0.0, 2.25]
    assert [path.get_extents().intervalx.tolist() for path in piano.get_paths()] == [[0.0, 3.75], [5.25, 7.0]]
    assert to_hex(piano.get_facecolor()[0]) == instrument_by_code("pia").colour.lower()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["flute", "piano"]


def test_waveform_and_spectrogram_show_the_overview():
    _, axes = draw("waveform")
    (outline,) = axes.patches
    assert outline.get_xy()[:, 1].max() == pytest.approx(0.4)
    assert axes.get_ylim() == (-0.5, 0.5)
    _, axes = draw("spectrogram")
    (picture,) = axes.get_images()
    assert np.asarray(picture.get_array())[0, 0].tolist() == [*ramp("sound")[0], 255]
    assert "1 kHz" in [label.get_text() for label in axes.get_yticklabels()]


def test_a_saved_result_has_no_charts_of_the_sound_and_says_why():
    assert len([one for one in plot(make_analysis(), RAW).axes if one.axison]) == 3
    figure, axes = draw("waveform", make_analysis())
    assert "Only results were saved" in axes.texts[0].get_text()
    figure.canvas.draw()


def test_silence_and_nothing_heard_are_said():
    silent = make_analysis(probabilities=np.zeros((4, 11)), silent=np.ones(4, dtype=bool))
    assert draw("intensity", silent)[1].texts[0].get_text() == "The recording is silent throughout."
    assert draw("ranges", silent)[1].texts[0].get_text() == "No instrument passes the threshold."


def test_keys_of_charts_are_those_of_the_options():
    assert ("all", *(chart.key for chart in CHARTS)) == CHART_KEYS


@pytest.mark.parametrize("size", [(200, 200), (3_000, 500), (500, 3_000)])
def test_an_image_of_any_size_can_be_drawn(size):
    for chart in CHART_KEYS:
        figure = plot(with_sound(), RAW, ImageConfig(chart, *size))
        assert tuple(np.rint(figure.get_size_inches() * figure.dpi).astype(int)) == size
    figure.canvas.draw()


def test_the_title_is_the_recordings_or_ones_own_or_none():
    def first_text(title):
        return (
            plot(make_analysis(audio_name="$a$_{b}.wav"), RAW, ImageConfig("ranges", title=title)).texts[0].get_text()
        )

    assert first_text(None) == "$a$_{b}.wav"
    assert first_text("My title") == "My title"
    assert first_text("") == "Time ranges"


@pytest.mark.parametrize("name", ["交響曲.wav", "موسيقى.mp3", "🎻.wav", "$x_{.wav", "\u202eabc\n.wav", "x" * 300])
def test_every_name_can_be_drawn_as_a_title(name):
    plot(make_analysis(audio_name=name), RAW, ImageConfig("ranges", 600, 300)).canvas.draw()


@pytest.mark.parametrize("wrong", [{"chart": "pie"}, {"width": 10}, {"height": 99_999}, {"width": 300.5}])
def test_impossible_images_are_refused_with_what_is_allowed(wrong):
    with pytest.raises(ValueError, match=r"there are all, waveform|from 200 to 10000"):
        ImageConfig(**wrong)


def test_a_figure_shows_itself_in_a_notebook():
    assert plot(make_analysis(), RAW, ImageConfig("ranges", 300, 200))._repr_png_().startswith(b"\x89PNG")


def test_importing_the_figures_loads_neither_matplotlib_nor_numpy():
    program = "import sys, instrunet_widgets.plotting; print([m for m in sys.modules if m in ('numpy', 'matplotlib')])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


# Lettering


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain.wav", "plain.wav"),
        ("Žluťoučký Шостакович Ωδή.wav", "Žluťoučký Шостакович Ωδή.wav"),
        ("e\u0301tude", "étude"),
        ("🎻 solo", "[violin] solo"),
        ("👩🏽\u200d🎤", "[woman][microphone]"),
        ("🇩🇪", "DE"),
        ("हिन्दी เพลง", "‹Devanagari› ‹Thai›"),
        ("a\nb\u202ec", "a\\nb\\u202ec"),
        ("caf\udce9", "caf\\udce9"),
    ],
)
def test_what_no_font_has_is_spelled_out(name, expected):
    assert spell_out(name) == expected


def count(run):
    return float(len(run.text))


def test_names_from_right_to_left_are_put_into_drawing_order():
    (line,) = lay_out("שלום.mp3", 100, count)
    assert "".join(run.text for run in line) == "mp3.םולש"
    (line,) = lay_out("عود", 100, count)
    assert [f"{ord(letter):04X}" for letter in line[0].text] == [
        "FEA9",
        "FEEE",
        "FECB",
    ]  # joined forms, last letter first


def test_every_run_has_a_font_that_has_it():
    (line,) = lay_out("交響曲 no. 9", 100, count)
    assert line == [Run("cjk", "交響曲"), Run("text", " no. 9")]


def test_long_names_are_broken_after_spaces_and_underscores_or_anywhere():
    def lines(name):
        return ["".join(run.text for run in line) for line in lay_out(name, 10, count)]

    assert lines("one two_three four") == ["one two_", "three four"]
    assert lines("x" * 25) == ["x" * 10, "x" * 10, "x" * 5]
    assert lines("") == [""]


def test_the_font_with_cjk_letters_may_be_missing(tmp_path):
    program = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name.startswith('noto_cjk') else find(name, *rest)\n"
        "from instrunet_widgets.plotting.lettering import spell_out; print(ascii(spell_out('\u4ea4 x')))"
    )
    path = Path(tmp_path) / "program.py"
    path.write_text(program, encoding="utf-8")
    result = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "'\\u2039Cjk\\u203a x'"
