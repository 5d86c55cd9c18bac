"""An analysis in plain sentences: what the command line, the app and the reports all say."""

from __future__ import annotations

from .instruments import instrument_by_code
from .results import Analysis, Timeline
from .wording import (
    confidence_in_words,
    format_percent,
    format_seconds,
    format_time,
    format_time_range,
    presence_in_words,
)


def list_facts(analysis: Analysis) -> tuple[str, ...]:
    """Length and kind of a recording, as far as they are known.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    facts : tuple of str
        For example ``("3:12", "MP3", "44.1 kHz", "stereo", "2 of 127 windows silent")``.
    """
    facts = [format_time(analysis.duration) if analysis.duration >= 1 else format_seconds(analysis.duration)]
    if analysis.audio_format:
        facts.append(analysis.audio_format)
    if analysis.sample_rate:
        facts.append(f"{analysis.sample_rate / 1000:g} kHz")
    if analysis.n_channels:
        facts.append({1: "mono", 2: "stereo"}.get(analysis.n_channels, f"{analysis.n_channels} channels"))
    if n_silent := int(analysis.silent.sum()):
        facts.append(f"{n_silent} of {analysis.n_windows} windows silent")
    return tuple(facts)


def explain_nothing(analysis: Analysis, timeline: Timeline) -> str:
    """Say why no instrument is named for a recording as a whole, with the figures that were missed.

    Parameters
    ----------
    analysis : Analysis
    timeline : Timeline
        One that detected nothing.
    """
    if analysis.silent.all():
        return "The recording is silent throughout, so there is no instrument to name."
    best = int(timeline.scores.argmax())
    score, threshold = float(timeline.scores[best]), float(timeline.recording_thresholds[best])
    return (
        "No instrument stands out in the recording as a whole: the highest score is that of "
        f"{instrument_by_code(analysis.instruments[best]).name} with {format_percent(score)}, and "
        f"{format_percent(threshold)} would be needed."
    )


def describe_recording(analysis: Analysis, timeline: Timeline) -> tuple[str, ...]:
    """Say in a few sentences which instruments are heard, how surely and when.

    Parameters
    ----------
    analysis : Analysis
    timeline : Timeline
        Read from the analysis.

    Returns
    -------
    sentences : tuple of str
        At least one.
    """
    if not timeline.detected:
        sentences = [explain_nothing(analysis, timeline)]
    else:
        names = [instrument_by_code(code).name for code in timeline.detected]
        how = "are heard" if len(names) > 1 else "is heard"
        sentences = [f"{_join_names(names).capitalize()} {how} in this recording."]
        sentences += [_describe_instrument(timeline, code) for code in timeline.detected]
    if timeline.heard_in_parts:
        names = [instrument_by_code(code).name for code in timeline.heard_in_parts]
        sentences.append(
            f"{_join_names(names).capitalize()} {'reach' if len(names) > 1 else 'reaches'} the threshold only in parts."
        )
    n_silent = int(analysis.silent.sum())
    if n_silent and not analysis.silent.all():
        sentences.append(f"{n_silent} of {analysis.n_windows} windows are silent and have no say.")
    return tuple(sentences)


def format_share(share: float) -> str:
    """Write a share of a recording's duration in whole per cent; unlike a probability it may well be all of it.

    Parameters
    ----------
    share : float in [0, 1]

    Examples
    --------
    >>> format_share(0.004), format_share(0.403), format_share(1.0)
    ('<1 %', '40 %', '100 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.005 else "<1 %"


def _describe_instrument(timeline: Timeline, code: str) -> str:
    name, confidence = instrument_by_code(code).name.capitalize(), timeline.confidence_of(code)
    sure = f"{confidence_in_words(confidence)} ({format_percent(confidence)})"
    segments = timeline.segments_of(code)
    if not segments:
        return f"{name} is {sure}, but nowhere strong enough for a time range of its own."
    presence = timeline.presence_of(code)
    start, end = format_time_range(segments[0].start, segments[-1].end).split("-")
    span = f"from {start} to {end}" if len(segments) == 1 else f"{len(segments)} times between {start} and {end}"
    share = f"{presence_in_words(presence)}, {format_share(presence)} of the time"
    return f"{name} is {sure} where it plays: {share}, {span}."


def _join_names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
