"""The PDF report, read by pypdf: what stands in it, how it is built, and that it stays small, fast and the same."""

from __future__ import annotations

import io
import re
import time
from datetime import date

import numpy as np
import pypdf
import pytest
from sample_analysis import make_analysis

from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.export import format_by_key
from instrunet_widgets.export.pdf import encode
from instrunet_widgets.export.statistics import measure_instruments
from instrunet_widgets.results import Overview

DAY = date(2026, 3, 9)


def read(analysis=None, config=None):
    return pypdf.PdfReader(io.BytesIO(encode(analysis or make_analysis(), config or DecodingConfig(), day=DAY)))


def read_text(document):
    """The text of all pages with every run of white space as one blank."""
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in document.pages))


def list_outline(items, level=0):
    for item in items:
        if isinstance(item, list):
            yield from list_outline(item, level + 1)
        else:
            yield level, item


def make_long(hours):
    """Something plays everywhere, with a long pause and a sound to be seen."""
    generator = np.random.default_rng(3)
    n = int(hours * 2_400) - 1
    probabilities = np.clip(generator.normal(0.35, 0.3, (n, 11)), 0, 1).astype(np.float32)
    silent = np.zeros(n, dtype=bool)
    silent[n // 3 : n // 3 + 20] = True
    probabilities[silent] = 0
    envelope = generator.uniform(0, 0.8, (4_000, 1)) * [-1, 1]
    spectrogram = generator.integers(0, 256, (128, 4_000), dtype=np.uint8)
    return make_analysis(
        probabilities=probabilities,
        silent=silent,
        window_starts=np.arange(n) * 1.5,
        duration=hours * 3_600.0,
        overview=Overview(envelope, spectrogram),
    )


# Content


def test_report_tells_file_length_kind_day_and_warnings():
    text = read_text(read())
    for part in ("music.wav", "0:07", "WAV", "44.1 kHz", "stereo", "9 March 2026", "Please note: The file is cut off."):
        assert part in text


def test_report_says_in_words_what_is_heard():
    text = read_text(read())
    assert "Piano is heard in this recording." in text
    assert (
        "Piano is very likely (90 %) where it plays: mostly, 79 % of the time, 2 times between 0:00 and 0:07." in text
    )
    assert "1 of 4 windows are silent" in text
    assert "Only these eleven instruments can be named" in text


def test_report_holds_all_settings_and_the_network_with_its_hash():
    text = read_text(read(config=DecodingConfig("max", 0.25, 1, 2.0)))
    for part in ("small", "ab" * 32, "highest window (max)", "0.25 for every instrument", "Smoothing none", "2 s"):
        assert part in text
    text = read_text(read())
    for part in ("mean of the windows (mean)", "the network's own for each instrument (auto)", "over 3 windows"):
        assert part in text


def test_numbers_in_the_report_are_those_of_the_api():
    analysis, config = make_analysis(), DecodingConfig("max", 0.25, 1)
    text = read_text(read(analysis, config))
    timeline = analysis.decode(config)
    for one in measure_instruments(analysis, timeline):
        assert f"{one.score:.3f} {one.threshold:.3f}" in text
        assert f"{one.n_ranges} {one.presence:.3f} {one.mean:.3f} {one.highest:.3f} {one.spread:.3f}" in text
    # each range with its start, end, length and confidence
    assert "flute 0:00.0 0:03.8 0:03.8 40 %" in text
    assert "piano 0:05.3 0:07.0 0:01.8 90 %" in text


def test_statistics_are_what_numpy_says():
    analysis, config = make_analysis(), DecodingConfig(smoothing_windows=1)
    (flute,) = [one for one in measure_instruments(analysis, analysis.decode(config)) if one.code == "flu"]
    values = [0.5, 0.3, 0.0]  # of the windows with sound
    np.testing.assert_allclose((flute.mean, flute.highest, flute.spread), (np.mean(values), 0.5, np.std(values)), 1e-6)
    assert (flute.first, flute.last, flute.n_ranges, flute.is_detected) == (0.0, 2.25, 1, False)
    assert (flute.confidence, flute.presence) == (pytest.approx(0.5), pytest.approx(2.25 / 7))


def test_nothing_detected_and_silence_are_said():
    text = read_text(read(config=DecodingConfig(threshold=1.0)))
    assert "No instrument stands out in the recording as a whole: the highest score is that of piano with 90 %" in text
    silent = make_analysis(probabilities=np.zeros((4, 11)), silent=np.ones(4, dtype=bool))
    text = read_text(read(silent))
    assert "The recording is silent throughout" in text
    assert "No instrument passes the threshold for time ranges." in text


def test_a_saved_result_says_why_there_is_no_picture_of_the_sound():
    assert "only results were saved, not the sound" in read_text(read())


# Names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Шестая симфония – Žluťoučký.wav", "Шестая симфония – Žluťoučký.wav"),
        ("交響曲 한국어 简体.flac", "交響曲 한국어 简体.flac"),
        ("🎻 solo.wav", "[violin] solo.wav"),
        ("a<b>&amp; c.wav", "a<b>&amp; c.wav"),
        ("x\ny\u202e.wav", "x\\ny\\u202e.wav"),
        ("caf\udce9.wav", "caf\ufffd.wav"),
    ],
)
def test_any_name_comes_out_in_embedded_letters(name, shown):
    document = read(make_analysis(audio_name=name))
    assert shown in document.pages[0].extract_text().replace("\u00a0", " ")
    for page in document.pages:
        for font in page["/Resources"]["/Font"].values():
            assert font.get_object()["/FontDescriptor"].get_object().get("/FontFile2") is not None


@pytest.mark.parametrize(
    ("name", "drawn"),
    # dal, waw and ain in the forms they take beside each other
    [("שלום.mp3", "םולש"), ("عود.mp3", "\ufea9\ufeee\ufecb")],
)
def test_letters_from_right_to_left_are_joined_and_drawn_in_that_order(name, drawn):
    text = read(make_analysis(audio_name=name)).pages[0].extract_text()
    # what is drawn at the right comes first for those who read it; a program may give it back either way
    assert f"mp3.{drawn}" in text or f"mp3.{drawn[::-1]}" in text


def test_two_reports_with_different_letters_do_not_mix_them_up():
    for name in ("交響曲.wav", "音楽.wav"):
        assert name in read(make_analysis(audio_name=name)).pages[0].extract_text()


@pytest.mark.parametrize("name", ["", "x" * 300, " ", "$_{^\\frac", "-" * 80])
def test_odd_names_give_a_report(name):
    assert len(read(make_analysis(audio_name=name)).pages) >= 3


# Document


def test_document_says_what_it_is():
    document = read(make_analysis(audio_name="交響曲 🎻.wav"))
    assert document.metadata.title == "交響曲 🎻.wav: which instruments play, and when"
    assert document.metadata.author == document.metadata.creator == "InstruNet"
    assert document.metadata.subject.startswith("Piano is heard in this recording.")
    assert document.metadata["/Keywords"] == "piano"
    assert document.metadata.creation_date.date() == DAY
    assert document.root_object["/Lang"] == "en"


def test_bookmarks_lead_to_their_pages():
    document = read()
    found = {item.title: document.get_destination_page_number(item) for _, item in list_outline(document.outline)}
    assert list(found) == ["Summary", "Charts", "All eleven instruments", "How to read this report", "Time ranges"]
    for title in list(found)[2:]:
        assert title in document.pages[found[title]].extract_text()
    assert (found["Summary"], found["Charts"]) == (0, 1)


def test_pages_are_numbered():
    document = read()
    n_pages = len(document.pages)
    for number, page in enumerate(document.pages, start=1):
        assert re.search(rf"\b{number}\b", page.extract_text())
        form = page["/Resources"]["/XObject"]["/FormXob.n-pages"] if "/XObject" in page["/Resources"] else None
        assert form is None or form.get_object().get_data()
    assert f"/ {n_pages}" in read_text(document)


def test_the_same_day_and_settings_give_the_same_file():
    analysis = make_analysis(audio_name="交響曲.wav")
    assert encode(analysis, DecodingConfig(), day=DAY) == encode(analysis, DecodingConfig(), day=DAY)
    assert format_by_key("pdf").encode(analysis, DecodingConfig()).startswith(b"%PDF")


# Long recordings


def test_a_long_table_of_ranges_breaks_over_pages_with_its_head_on_each():
    analysis = make_long(0.2)
    n_ranges = len(analysis.decode().segments)
    document = read(analysis)
    pages = [page for page in document.pages if "Length" in page.extract_text()]
    assert len(pages) == -(-n_ranges // 112) or len(pages) > 1
    assert n_ranges > 200
    text = read_text(document)
    for segment in analysis.decode().segments[:: n_ranges // 7]:
        minutes, seconds = divmod(np.floor(segment.start * 10 + 0.5) / 10, 60)
        assert f"{minutes:.0f}:{seconds:04.1f}" in text


@pytest.mark.slow
def test_a_report_of_three_hours_has_close_ups_and_stays_small():
    content = encode(make_long(3), DecodingConfig(), day=DAY)
    document = pypdf.PdfReader(io.BytesIO(content))
    titles = [item.title for level, item in list_outline(document.outline) if level == 1]
    assert titles[0] == "0:00 to 15:00"
    assert titles[-1] == "2:45:00 to 3:00:00"
    assert len(titles) == 12
    text = read_text(document)
    assert "The 1,000 longest of" in text
    assert len(document.pages) < 30
    assert len(content) < 2_000_000


def test_three_minutes_take_less_than_two_seconds_of_work_and_two_megabytes():
    analysis = make_long(0.05)
    encode(make_analysis(), DecodingConfig(), day=DAY)  # loads the libraries
    start = time.process_time()  # of this process alone: the machine may be busy
    content = encode(analysis, DecodingConfig(), day=DAY)
    assert time.process_time() - start < 2.0
    assert len(content) < 2_000_000
