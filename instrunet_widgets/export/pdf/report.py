"""What stands in the report, from the first page to the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from html import escape

from reportlab.platypus import Flowable, KeepTogether, NextPageTemplate, PageBreak, Paragraph, Spacer

from ...config import DecodingConfig, FeatureConfig
from ...instruments import instrument_by_code
from ...plotting.charts import NO_SOUND, Stretch
from ...plotting.figure import CHARTS, Chart, choose_charts, fill_figure, make_figure, measure_height
from ...plotting.lettering import spell_out
from ...results import Analysis, Timeline
from ...summary import describe_recording, list_facts
from ...wording import SCOPE_SENTENCE, format_time
from ..names import replace_surrogates, strip_folder
from ..statistics import measure_instruments
from ..versions import instrunet_version, library_versions
from .figures import FigureFlowable
from .fonts import set_name
from .pages import HEIGHT, TWO_COLUMNS, WIDTH, Bookmark, build_document
from .tables import BODY, HEADING, LONG_TITLE, NOTE, TITLE, make_facts, make_ranges, make_scores, make_summary

HEADER = "InstruNet: which instruments play, and when"
MAX_RANGES = 1_000
# Longer recordings get close-ups after the charts, so that something can be seen in them.
_LONG_SECONDS, _CLOSE_UP_SECONDS = 20 * 60, 15 * 60
_MOST_CLOSE_UPS = 40
_SHORT_NAME = 60  # characters
_FEW_RANGES = 20  # more are set in two columns, on pages of their own
_CLOSE_UP_POINTS = HEIGHT / 2 - 2.3 * HEADING.leading  # two on a page
_CLOSE_UP_CHARTS = [chart for chart in CHARTS if chart.key in ("heat-map", "ranges")]


def write_report(analysis: Analysis, config: DecodingConfig, day: date) -> bytes:
    """Write the report of one recording.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig
    day : date
        When it was made.

    Returns
    -------
    content : bytes
    """
    timeline = analysis.decode(config)
    name = replace_surrogates(strip_folder(analysis.audio_name))
    story = [
        *_write_summary(analysis, timeline, name, day),
        *_write_charts(analysis, timeline),
        *_write_scores(analysis, timeline),
        *_explain(analysis),
        *_write_ranges(timeline),
    ]
    return build_document(
        story,
        title=f"{name}: which instruments play, and when",
        subject=" ".join(describe_recording(analysis, timeline)),
        keywords=[instrument_by_code(code).name for code in timeline.detected],
        header=HEADER,
        day=day,
    )


def _write_summary(analysis: Analysis, timeline: Timeline, name: str, day: date) -> Iterator[Flowable]:
    yield Bookmark("Summary")
    title = TITLE if len(name) <= _SHORT_NAME else LONG_TITLE
    yield Paragraph(set_name(name, title.fontSize, WIDTH, bold=True, max_lines=8), title)
    facts = " \u00b7 ".join(list_facts(analysis))
    yield Paragraph(f"{escape(spell_out(facts))} \u00b7 report of {day.day} {day:%B %Y}", NOTE)
    for warning in analysis.warnings:
        yield Paragraph(f"<b>Please note:</b> {set_name(warning, 9, WIDTH)}", BODY)
    yield Spacer(1, 8)
    for sentence in describe_recording(analysis, timeline):
        yield Paragraph(escape(sentence).replace(" %", "\u00a0%"), BODY)
    yield Paragraph(escape(SCOPE_SENTENCE), NOTE)

    statistics = {one.code: one for one in measure_instruments(analysis, timeline)}
    detected = [statistics[code] for code in timeline.detected]
    in_parts = [statistics[code] for code in timeline.heard_in_parts]
    if detected:
        yield Paragraph("Detected instruments", HEADING)
        yield make_summary(detected, analysis.duration)
    if in_parts:
        heading = Paragraph("Heard only in parts", HEADING)
        remark = "Below the threshold for the recording as a whole, but above it in places."
        yield KeepTogether([heading, Paragraph(remark, NOTE), Spacer(1, 3), make_summary(in_parts, analysis.duration)])
    if detected or in_parts:
        yield Spacer(1, 4)
        yield Paragraph(
            "How sure: mean probability where the instrument is heard. Share: of the recording's duration. First, "
            "last: start of the first and end of the last time range. Mean, highest, spread (standard deviation, in "
            "per cent): of the probability over all windows with sound.",
            NOTE,
        )
    yield KeepTogether([Paragraph("Settings and network", HEADING), make_facts(_list_settings(analysis, timeline))])


def _write_charts(analysis: Analysis, timeline: Timeline) -> Iterator[Flowable]:
    yield PageBreak()
    yield Bookmark("Charts")
    charts = choose_charts(analysis)
    if len(charts) < len(CHARTS):
        yield Paragraph(f"No waveform and no spectrogram here: {NO_SOUND[0].lower()}{NO_SOUND[1:]}", NOTE)
    yield _draw(Stretch(analysis, timeline, 0.0, analysis.duration), charts, HEIGHT - NOTE.leading)
    if analysis.duration <= _LONG_SECONDS:
        return
    seconds = _CLOSE_UP_SECONDS * max(1, -(-analysis.duration // (_CLOSE_UP_SECONDS * _MOST_CLOSE_UPS)))
    yield PageBreak()
    yield Bookmark("Close-ups")
    start = 0.0
    while start < analysis.duration:
        end = min(start + seconds, analysis.duration)
        title = f"{format_time(start)} to {format_time(end)}"
        figure = _draw(Stretch(analysis, timeline, start, start + seconds), _CLOSE_UP_CHARTS, _CLOSE_UP_POINTS)
        yield KeepTogether([Bookmark(title, level=1), Paragraph(title, HEADING), figure])
        start += seconds


def _draw(stretch: Stretch, charts: Sequence[Chart], most_points: float) -> FigureFlowable:
    height = min(measure_height(stretch, charts, WIDTH / 72), most_points / 72)
    figure = make_figure(WIDTH / 72, height, 72)
    fill_figure(figure, stretch, charts)
    return FigureFlowable(figure)


def _write_scores(analysis: Analysis, timeline: Timeline) -> Iterator[Flowable]:
    how = "the highest window" if timeline.config.aggregation == "max" else "the mean over the windows with sound"
    yield PageBreak()
    yield Bookmark("All eleven instruments")
    yield Paragraph("All eleven instruments", HEADING)
    yield Paragraph(
        f"Score: {how}, after smoothing; the tick marks the threshold for the recording as a whole. Share, mean, "
        "highest and spread: see the summary.",
        NOTE,
    )
    yield Spacer(1, 4)
    yield make_scores(measure_instruments(analysis, timeline))


def _write_ranges(timeline: Timeline) -> Iterator[Flowable]:
    segments = timeline.segments
    if len(segments) > _FEW_RANGES:
        yield NextPageTemplate(TWO_COLUMNS)
        yield PageBreak()
    yield Bookmark("Time ranges")
    yield Paragraph("Time ranges", HEADING)
    if not segments:
        yield Paragraph("No instrument passes the threshold for time ranges.", BODY)
        return
    if len(segments) > MAX_RANGES:
        longest = sorted(segments, key=lambda segment: -segment.duration)[:MAX_RANGES]
        segments = tuple(sorted(longest, key=lambda segment: segment.start))
        remark = (
            f"The {MAX_RANGES:,} longest of {len(timeline.segments):,}; the table of time ranges (CSV) has them all."
        )
        yield Paragraph(remark, NOTE)
    yield Paragraph("Ordered by start. Sure: mean smoothed probability in the range.", NOTE)
    yield Spacer(1, 4)
    yield make_ranges(segments)


def _explain(analysis: Analysis) -> Iterator[Flowable]:
    features = FeatureConfig()
    libraries = ", ".join(f"{name} {version}" for name, version in library_versions().items())
    sentences = (
        f"The recording is cut into windows of {analysis.window_seconds:g} s, one every {analysis.hop_seconds:g} s. "
        f"Of each, a log-mel spectrogram ({features.n_mels} bands up to {features.fmax / 1000:g} kHz) is shown to a "
        "neural network, which gives a probability for each of the eleven instruments.",
        "A window speaks for the time round its centre. Time ranges are runs of windows whose smoothed probability "
        "reaches the threshold of the instrument. Silent windows (below -60 dBFS throughout) have no say.",
        "Very likely means a probability from 85 % on, likely from 65 %, possible from 40 %. Throughout means from "
        "90 % of the recording on, mostly from 50 %, in parts from 15 %, briefly less.",
        f"Written by InstruNet {instrunet_version()} ({libraries}).",
    )
    parts: list[Flowable] = [Bookmark("How to read this report"), Paragraph("How to read this report", HEADING)]
    parts += [Paragraph(escape(sentence), BODY) for sentence in sentences]
    yield KeepTogether(parts)


def _list_settings(analysis: Analysis, timeline: Timeline) -> list[tuple[str, str]]:
    config = timeline.config
    width = WIDTH - 120
    if config.threshold == "auto":
        threshold = "the network's own for each instrument (auto)"
    else:
        threshold = f"{float(config.threshold):g} for every instrument"
    n = int(config.smoothing_windows)
    smoothing = "none" if n == 1 else f"moving average over {n} windows"
    aggregation = {"mean": "mean of the windows", "max": "highest window"}[config.aggregation]
    return [
        ("Network", set_name(analysis.model_name, 8, width)),
        ("sha256 of its weights", set_name(analysis.model_hash, 8, width)),
        ("Aggregation", f"{aggregation} ({config.aggregation})"),
        ("Threshold", threshold),
        ("Smoothing", smoothing),
        ("Shortest time range", f"{config.min_segment_seconds:g} s"),
        ("Windows", f"{analysis.n_windows} of {analysis.window_seconds:g} s, one every {analysis.hop_seconds:g} s"),
    ]
