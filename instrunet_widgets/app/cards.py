"""The results as HTML and as plain text: pure functions, every name escaped."""

from __future__ import annotations

from html import escape

import numpy as np
import numpy.typing as npt

from ..icons import draw_icon
from ..instruments import instrument_by_code
from ..results import Analysis, Segment, Timeline
from ..summary import explain_nothing, list_facts
from ..wording import (
    CONFIDENCE_WORDS,
    SCOPE_SENTENCE,
    confidence_in_words,
    escape_unprintable,
    format_percent,
    format_time_range,
    presence_in_words,
)

MAX_RANGES = 8
# What is less sure than "possible", and heard only in parts, gets no card.
TRACE_BELOW = next(least for least, word in CONFIDENCE_WORDS if word == "possible")
_SPARK_POINTS, _SPARK_WIDTH, _SPARK_HEIGHT = 120, 160, 32


def draw_cards(analysis: Analysis, timeline: Timeline, *, is_partial: bool = False, has_player: bool = True) -> str:
    """A card per detected instrument, then the instruments heard only in parts.

    Parameters
    ----------
    analysis : Analysis
    timeline : Timeline
    is_partial : bool
        Whether the analysis is still running.
    has_player : bool
        Whether a time range can be clicked to play from there.

    Returns
    -------
    html : str
    """
    still = '<p class="in-note">First results; the analysis is still running.</p>' if is_partial else ""
    if timeline.detected:
        cards = "".join(_draw_card(analysis, timeline, code, has_player) for code in timeline.detected)
        found = f'<ul class="in-cards" aria-label="Detected instruments">{cards}</ul>'
    else:
        found = f'<p class="in-nothing">{escape(explain_nothing(analysis, timeline))}</p>'
    in_parts = timeline.heard_in_parts
    if not in_parts:
        return still + found
    sure = [code for code in in_parts if timeline.confidence_of(code) >= TRACE_BELOW]
    traces = _draw_traces(timeline, [code for code in in_parts if code not in sure], has_player)
    if not sure:
        return still + found + traces
    cards = "".join(_draw_card(analysis, timeline, code, has_player) for code in sure)
    heading = "<h3>Heard only in parts</h3>" + (
        "<p class='in-note'>Below the threshold for the recording as a whole, but above it in places.</p>"
    )
    return f'{still}{found}{heading}<ul class="in-cards in-minor" aria-label="Heard only in parts">{cards}</ul>{traces}'


def draw_all_probabilities(analysis: Analysis, timeline: Timeline) -> str:
    """All eleven scores as bars, each with its threshold as a tick, highest first.

    Returns
    -------
    html : str
    """
    rows = []
    for k in np.argsort(-timeline.scores, kind="stable"):
        code = analysis.instruments[k]
        instrument = instrument_by_code(code)
        score, threshold = float(timeline.scores[k]), float(timeline.recording_thresholds[k])
        verdict = "detected" if code in timeline.detected else ""
        rows.append(
            f"<tr><th scope='row'>{_icon(code)}{instrument.name}</th>"
            f"<td class='in-bar-cell'><span class='in-bar'>"
            f"<span class='in-fill' style='width:{100 * score:.1f}%;background:{instrument.colour}'></span>"
            f"<span class='in-tick' style='left:{100 * threshold:.1f}%'></span></span></td>"
            f"<td>{format_percent(score)}</td><td>{format_percent(threshold)}</td><td>{verdict}</td></tr>"
        )
    how = "highest window" if timeline.config.aggregation == "max" else "mean over the windows with sound"
    return (
        f"<p class='in-note'>Score of the whole recording ({how}); the tick marks the threshold.</p>"
        "<table class='in-probabilities'><thead><tr><th scope='col'>Instrument</th><th scope='col' "
        "aria-label='Score as a bar'></th><th scope='col'>Score</th><th scope='col'>Threshold</th><th scope='col' "
        f"aria-label='Verdict'></th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def write_as_text(analysis: Analysis, timeline: Timeline) -> str:
    """The results as plain text, a line per instrument.

    Returns
    -------
    text : str
    """
    lines = [f"{escape_unprintable(analysis.audio_name)} ({', '.join(list_facts(analysis))})", ""]
    lines += [_write_line(timeline, code) for code in timeline.detected] or [explain_nothing(analysis, timeline)]
    if timeline.heard_in_parts:
        lines += ["", "Heard only in parts:", *(_write_line(timeline, code) for code in timeline.heard_in_parts)]
    config = timeline.config
    lines += [
        "",
        f"Settings: {config.aggregation} aggregation, threshold {config.threshold}, smoothing over "
        f"{config.smoothing_windows} window(s), shortest range {config.min_segment_seconds:g} s; "
        f"network {analysis.model_name}.",
        SCOPE_SENTENCE,
    ]
    return "\n".join(lines) + "\n"


def _write_line(timeline: Timeline, code: str) -> str:
    confidence = timeline.confidence_of(code)
    return (
        f"{instrument_by_code(code).name}: {confidence_in_words(confidence)} ({format_percent(confidence)}), "
        f"{timeline.describe_when(code)}"
    )


def _draw_card(analysis: Analysis, timeline: Timeline, code: str, has_player: bool) -> str:
    instrument, confidence = instrument_by_code(code), timeline.confidence_of(code)
    words, column = confidence_in_words(confidence), analysis.instruments.index(code)
    level = words.replace(" ", "-")
    return (
        f"<li class='in-card in-{level}' style='--in-hue:{instrument.colour}'>"
        f"<div class='in-card-head'>{_icon(code)}<h4>{instrument.name.capitalize()}</h4>"
        f"<span class='in-word'>{words}</span><span class='in-percent'>{format_percent(confidence)}</span></div>"
        f"<div class='in-bar' aria-hidden='true'><span class='in-fill' style='width:{100 * confidence:.1f}%'></span>"
        f"</div>{_draw_sparkline(timeline.smoothed[:, column], analysis.silent)}"
        f"<p class='in-when'>{_draw_when(timeline, code, has_player)}</p></li>"
    )


def _draw_traces(timeline: Timeline, codes: list[str], has_player: bool) -> str:
    if not codes:
        return ""
    named = "; ".join(
        f"{instrument_by_code(code).name} {format_percent(timeline.confidence_of(code))} "
        f"({_draw_when(timeline, code, has_player)})"
        for code in codes
    )
    return f"<p class='in-note in-traces'>Traces, unlikely: {named}.</p>"


def _draw_when(timeline: Timeline, code: str, has_player: bool) -> str:
    segments = timeline.segments_of(code)
    if not segments:
        return "no range above the threshold"
    presence = presence_in_words(timeline.presence_of(code))
    ranges = " ".join(_draw_range(segment, has_player) for segment in segments[:MAX_RANGES])
    n_more = len(segments) - MAX_RANGES
    return f"<span>{presence}</span> {ranges}" + (f" <span>and {n_more} more</span>" if n_more > 0 else "")


def _draw_range(segment: Segment, has_player: bool) -> str:
    text = format_time_range(segment.start, segment.end).replace("-", "–")
    if not has_player:
        return f"<span class='in-range'>{text}</span>"
    return (
        f"<button type='button' class='in-range' data-seek='{segment.start:.3f}' title='Play from here'>{text}</button>"
    )


def _draw_sparkline(values: npt.NDArray[np.float32], silent: npt.NDArray[np.bool_]) -> str:
    """The intensity over time as a small picture; at most `_SPARK_POINTS` points, each the highest of its stretch."""
    shown = np.where(silent, 0.0, values)
    step = -(-len(shown) // _SPARK_POINTS)
    padded = np.pad(shown, (0, -len(shown) % step))
    heights = padded.reshape(-1, step).max(axis=1)
    xs = np.linspace(0, _SPARK_WIDTH, len(heights)) if len(heights) > 1 else np.array([0.0, _SPARK_WIDTH])
    heights = heights if len(heights) > 1 else np.repeat(heights, 2)
    points = " ".join(f"{x:.1f},{_SPARK_HEIGHT * (1 - y):.1f}" for x, y in zip(xs, heights, strict=True))
    return (
        f"<svg class='in-spark' viewBox='0 -1 {_SPARK_WIDTH} {_SPARK_HEIGHT + 2}' preserveAspectRatio='none' "
        f"aria-hidden='true'><polygon points='0,{_SPARK_HEIGHT} {points} {_SPARK_WIDTH},{_SPARK_HEIGHT}'/>"
        f"<polyline points='{points}' vector-effect='non-scaling-stroke'/></svg>"
    )


def _icon(code: str) -> str:
    return f"<span class='in-icon'>{draw_icon(code, size=22)}</span>"
