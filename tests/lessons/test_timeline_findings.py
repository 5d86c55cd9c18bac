"""What lesson 5 says of many pieces: a table made by hand, tables that lack something, and the one that ships."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from lesson_parts import look_at, texts_of

from instrunet_widgets.lessons import windows_to_timeline as lesson
from instrunet_widgets.lessons.findings import Choice, Row, judge
from instrunet_widgets.lessons.material import model_folder
from instrunet_widgets.lessons.notices import LessonStop
from instrunet_widgets.lessons.timeline_findings import FILE
from instrunet_widgets.lessons.timeline_questions import QUESTIONS

TABLE = """\
experiment,model,n,hop_seconds,smoothing_windows,aggregation,thresholds,micro_f1,macro_f1,micro_precision,micro_recall,\
accuracy,frame_precision,frame_recall,frame_f1,segment_f1,boundary_error_seconds,n_segments,n_labelled,instrument,n_playing
timeline,net,12,0.5,1,,window,,,,,,.7,.5,.58,.1,1.5,900,200,,
timeline,net,12,0.5,3,,window,,,,,,.7,.5,.6,.2,2.5,500,200,,
timeline,net,12,1.5,1,,window,,,,,,.7,.5,.55,.1,2.0,400,200,,
timeline,net,12,1.5,3,,window,,,,,,.8,.5,.57,.3,3.0,210,200,,
timeline,net,12,1.5,3,,0.3,,,,,,.6,.7,.65,.31,2.0,300,200,,
timeline,net,12,1.5,3,,0.7,,,,,,.9,.2,.33,.05,6.0,90,200,,
instrument,net,12,1.5,3,,window,,,,,,.9,.2,.3,,,,,voi,
instrument,net,12,1.5,3,,window,,,,,,.6,.6,.6,,,,,cel,
polyphony,net,12,1.5,3,,window,,,,,,.8,.9,.85,,,,,,1
polyphony,net,12,1.5,3,,window,,,,,,.7,.3,.42,,,,,,3
aggregation,net,12,1.5,1,mean,auto,.7,.6,.5,.4,,,,,,,,,,
aggregation,net,12,1.5,1,mean,0.5,.1,.1,.5,.4,,,,,,,,,,
aggregation,net,12,1.5,3,mean,auto,.7,.6,.5,.4,,,,,,,,,,
aggregation,net,12,1.5,3,mean,0.5,.1,.1,.5,.4,,,,,,,,,,
aggregation,net,12,1.5,1,max,auto,.72,.6,.5,.4,,,,,,,,,,
aggregation,net,12,1.5,3,max,auto,.75,.6,.5,.4,,,,,,,,,,
aggregation_irmas,net,1234,,1,first clip,window,.6,.6,.6,.6,.61,,,,,,,,,
aggregation_irmas,net,1234,,1,mean,auto,.8,.6,.6,.6,.81,,,,,,,,,
aggregation_irmas,net,1234,,1,max,auto,.7,.6,.6,.6,.71,,,,,,,,,
"""
COLUMNS = TABLE.splitlines()[0].split(",")[1:]
WORDS = ("model", "aggregation", "thresholds", "instrument")
HOP, THRESHOLD, PIECES, IRMAS, POLYPHONY, INSTRUMENT = QUESTIONS


def write(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    return lesson.read_findings(write(tmp_path, TABLE))


def ask_all(rows: Sequence[Row]) -> lesson.TimelineFindings:
    """Ask every question with every measure."""
    panel = lesson.TimelineFindings(rows)
    for question in (*QUESTIONS[1:], HOP):
        panel.question.value = question
        for measure in question.measures or (None,):
            panel.measure.value = measure
            look_at(panel)
    return panel


def read_words(panel: lesson.TimelineFindings) -> str:
    return html.unescape(re.sub("<[^>]+>", " ", texts_of(panel)))


def test_lines_over_smoothing_have_one_for_each_hop_and_a_dot_at_the_default(rows: list[Row]) -> None:
    panel = lesson.TimelineFindings(rows)
    lines = [mark for mark in panel._lines if mark.visible]
    assert [(list(mark.x), list(mark.y)) for mark in lines] == [([1, 3], [0.58, 0.6]), ([1, 3], [0.55, 0.57])]
    assert (list(panel._dot.x), list(panel._dot.y), panel._dot.colors) == ([3], [0.57], lines[1].colors)
    assert "0.5 s" in panel.chart.heading.value and "1.5 s" in panel.chart.heading.value
    assert (
        "F1 by seconds is highest with hop 0.5 s and smoothing 3: 0.600; next: hop 0.5 s and smoothing 1, 0.580. "
        in (words := read_words(panel))
    )
    assert "The app's default, hop 1.5 s and smoothing 3, is at 0.570: 0.030 less." in words
    assert "F1 is 0.570 by seconds and 0.300 by ranges: most ranges begin or end elsewhere" in words
    assert "Measured on 12 rendered pieces, network net." in words


def test_range_of_the_chart_holds_all_points(rows: list[Row]) -> None:
    panel = lesson.TimelineFindings(rows)
    scale = panel.chart.scales["y"]
    assert scale.min < 0.55 and scale.max > 0.6
    assert scale.max - scale.min >= 0.1  # three hundredths do not fill the chart
    panel.measure.value = "boundary_error_seconds"
    assert scale.min == 0 and scale.max > 3.0
    assert list(panel.chart.x_axis.tick_labels.values()) == ["1", "3"]


def test_lowest_boundary_error_is_best_and_the_number_of_its_ranges_is_said(rows: list[Row]) -> None:
    panel = lesson.TimelineFindings(rows)
    panel.measure.value = "boundary_error_seconds"
    words = read_words(panel)
    assert "is lowest with hop 0.5 s and smoothing 1: 1.50; next: hop 1.5 s and smoothing 1, 2.00." in words
    assert "is at 3.00: 1.50 more." in words
    assert "900 ranges where 200 are labelled" in words


def test_fixed_thresholds_stand_beside_the_networks_own(rows: list[Row]) -> None:
    found = THRESHOLD.find(rows, "")
    assert found.rows == (
        ("own for windows (default)", "0.570", "0.800", "0.500", "0.300", "3.00"),
        ("0.3 for all", "0.650", "0.600", "0.700", "0.310", "2.00"),
        ("0.7 for all", "0.330", "0.900", "0.200", "0.050", "6.00"),
    )
    assert "is at 0.570: 0.080 less. A threshold picked on" in found.note
    without = [row for row in rows if row["thresholds"] != "0.3"]
    assert "picked" not in THRESHOLD.find(without, "").note


def test_smoothing_that_changes_nothing_is_one_column(rows: list[Row]) -> None:
    found = PIECES.find(rows, "micro_f1")
    assert found.head == ("Thresholds", "Mean", "Max 1", "Max 3")
    assert found.rows == (
        ("own for recordings", "0.700 (default)", "0.720", "0.750"),
        ("0.5 for all", "0.100", "-", "-"),
    )
    assert found.note == (
        "Micro F1 is highest with max, smoothing 3, own for recordings: 0.750; next: max, smoothing 1, own for "
        "recordings, 0.720. The app's default, mean, own for recordings, is at 0.700: 0.050 less. "
        "A number beside mean or max: windows of smoothing; where there is none, smoothing changes nothing."
    )


def test_columns_are_explained_as_they_are(rows: list[Row]) -> None:
    max_alone = [row for row in rows if row["aggregation"] != "mean"]
    assert PIECES.find(max_alone, "micro_f1").note.endswith(" A number beside mean or max: windows of smoothing.")
    mean_alone = [row for row in rows if row["aggregation"] != "max"]
    assert PIECES.find(mean_alone, "micro_f1").note.endswith(" Smoothing changes nothing.")


def test_recordings_of_irmas_show_the_default_and_how_it_was_measured(rows: list[Row]) -> None:
    panel = lesson.TimelineFindings(rows)
    panel.question.value = IRMAS
    words = read_words(panel)
    assert "<td>mean, own for recordings (default)</td><td>0.800</td>" in texts_of(panel)
    assert "The first of them is the app's default." in words
    assert (
        "Measured on 1,234 recordings of three clips, network net. Each was predicted by a network that never" in words
    )


def test_polyphony_has_a_line_for_each_measure(rows: list[Row]) -> None:
    found = POLYPHONY.find(rows, "")
    assert [(line.name, line.points) for line in found.lines] == [
        ("F1 by seconds", ((1.0, 0.85), (3.0, 0.42))),
        ("Precision by seconds", ((1.0, 0.8), (3.0, 0.7))),
        ("Recall by seconds", ((1.0, 0.9), (3.0, 0.3))),
    ]
    assert "Recall by seconds: 0.900 with 1, 0.300 with 3." in found.note


def test_instruments_are_sorted_by_f1_and_have_their_names(rows: list[Row]) -> None:
    found = INSTRUMENT.find(rows, "")
    assert found.rows == (("cello", "0.600", "0.600", "0.600"), ("voice", "0.300", "0.900", "0.200"))
    assert found.note.endswith("Lowest: voice, 0.300.")


def test_chart_is_there_only_where_there_are_lines_and_measures_where_there_is_a_choice(rows: list[Row]) -> None:
    panel = lesson.TimelineFindings(rows)
    seen = {}
    for question in (*QUESTIONS, HOP):
        panel.question.value = question
        seen[question.experiment, question.title] = (
            len(panel._stage.children),
            panel._measure_knob.layout.display != "none",
            "not been measured" in read_words(panel),
        )
    assert list(seen.values()) == [
        (1, True, False), (0, False, False), (0, True, False), (0, False, False), (1, False, False), (0, False, False)
    ]  # fmt: skip


@pytest.mark.parametrize("value, said", [(0.5004, "is at 0.500: as much."), (0.45, "is at 0.450: 0.050 less.")])
def test_default_beside_the_best(value: float, said: str) -> None:
    choices = [Choice("b", value, is_default=True), Choice("a", 0.50041)]
    assert judge(choices, "micro_f1", "Micro F1").endswith(said)


def test_single_choice_has_no_next() -> None:
    assert judge([Choice("a", 0.5)], "micro_f1", "Micro F1") == "Micro F1 is highest with a: 0.500."


@pytest.mark.parametrize("text", [None, "", TABLE.splitlines()[0] + "\n"], ids=["missing", "empty", "no-rows"])
def test_table_without_rows_is_told_in_one_line_at_each_question(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        write(tmp_path, text)
    panel = lesson.TimelineFindings(lesson.read_findings(tmp_path))
    for question in QUESTIONS:
        panel.question.value = question
        words = panel._words.value
        assert words.count("<p>") == 1 and "This has not been measured here yet" in words
        look_at(panel)


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"experiment,n\n\xff\xfe,1\n", "it is no table"),
        (b"\x89PNG,2\n1,2\n", "it is no table"),
        (b"a,b\n1,2\n", "it has no column 'experiment'"),
        (b"experiment,n\n" + b"x" * 200_000, "it is no table: field larger"),
    ],
)
def test_damaged_table_stops_with_one_line(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(LessonStop, match=f"{FILE} cannot be read \\({reason}") as stopped:
        lesson.read_findings(tmp_path)
    assert "\n" not in str(stopped.value)


def test_folder_in_place_of_the_table_stops_with_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(LessonStop, match=f"{FILE} cannot be read"):
        lesson.read_findings(tmp_path)


@pytest.mark.parametrize(
    "column, bad",
    [(column, bad) for column in COLUMNS for bad in (None, "", "<b>x</b>")]
    + [(column, bad) for column in COLUMNS if column not in WORDS for bad in ("nan", "inf")],
)
def test_column_that_is_missing_or_no_number_is_left_out(column: str, bad: str | None, rows: list[Row]) -> None:
    changed = [
        {**row, column: bad} if bad is not None else {key: row[key] for key in row if key != column} for row in rows
    ]
    panel = ask_all(changed)
    assert "<b>x</b>" not in texts_of(panel)
    if column == "frame_f1":
        panel.question.value, panel.measure.value = HOP, "frame_f1"
        assert "This has not been measured" in texts_of(panel)
        panel.measure.value = "segment_f1"
        assert "F1 by ranges is highest with hop 1.5 s and smoothing 3: 0.300" in read_words(panel)


def test_lines_that_are_cut_short_do_no_harm(tmp_path: Path) -> None:
    ask_all(lesson.read_findings(write(tmp_path, TABLE[: TABLE.index("polyphony") + 30] + ",,,,,,,,,,,,,,,,,9,9,9")))


def test_more_hops_than_colours_are_cut_and_escaped(rows: list[Row]) -> None:
    more = [{**rows[0], "hop_seconds": f"{hop}", "model": "<i>net"} for hop in range(1, 9)]
    panel = ask_all(more)
    assert sum(mark.visible for mark in panel._lines) == 0  # a single point is no line
    assert "<i>net" not in texts_of(panel)


def test_table_that_ships_answers_every_question() -> None:
    rows = lesson.read_findings()
    for question in QUESTIONS:
        for measure in question.measures or ("",):
            found = question.find(rows, measure)
            assert found.note and "None" not in found.note
            assert any(line.marked for line in found.lines) == (question is HOP)
            assert "rendered pieces" in question.tell_source(rows) or question is IRMAS
    panel = ask_all(rows)
    assert panel._dot.visible
    with (model_folder().parent / FILE).open(newline="") as stream:
        first = next(row for row in csv.DictReader(stream) if row["experiment"] == "polyphony")
    assert f"{float(first['frame_f1']):.3f}" in POLYPHONY.find(rows, "").rows[0]
