"""An analysis in plain sentences: what the command line, the app and the reports all say."""

from __future__ import annotations

from .instruments import instrument_by_code
from .results import Analysis, Timeline
from .wording import format_percent, format_seconds, format_time


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
