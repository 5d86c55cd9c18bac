"""Time ranges as WebVTT, so that a player shows who plays while the recording sounds.

Each cue lasts as long as the same instruments are heard and names all of them, so cues never overlap and
nothing jumps. Within a cue they come in the order of their confidence in that stretch. Times are rounded to
milliseconds, as the format wants it.
"""

from __future__ import annotations

from itertools import pairwise

from ..config import DecodingConfig
from ..instruments import instrument_by_code
from ..results import Analysis, Segment
from ..wording import SCOPE_SENTENCE, escape_unprintable
from .names import strip_folder


def encode(analysis: Analysis, config: DecodingConfig) -> bytes:
    """The subtitles of one recording.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig

    Returns
    -------
    content : bytes
        UTF-8; no cue at all if no instrument has a time range.
    """
    name = escape_unprintable(strip_folder(analysis.audio_name)).replace("-->", "->")
    blocks = ["WEBVTT", f"NOTE\nInstruNet: instruments heard in {name}\n{SCOPE_SENTENCE}"]
    for start, end, heard in _cut_into_stretches(analysis.decode(config).segments):
        names = ", ".join(instrument_by_code(segment.instrument).name for segment in heard)
        blocks.append(f"{_write_time(start)} --> {_write_time(end)}\n{names[0].upper()}{names[1:]}")
    return ("\n\n".join(blocks) + "\n").encode("utf-8")


def _cut_into_stretches(segments: tuple[Segment, ...]) -> list[tuple[int, int, list[Segment]]]:
    """Start and end (ms) of each stretch in which somebody plays, and who, surest first."""
    in_ms = [(round(segment.start * 1000), round(segment.end * 1000), segment) for segment in segments]
    changes = sorted({time for start, end, _ in in_ms for time in (start, end)})
    waiting, heard = in_ms[::-1], []
    stretches = []
    for start, end in pairwise(changes):
        while waiting and waiting[-1][0] <= start:
            heard.append(waiting.pop())
        heard = [one for one in heard if one[1] > start]
        if heard:
            surest_first = sorted((segment for _, _, segment in heard), key=lambda segment: -segment.confidence)
            stretches.append((start, end, surest_first))
    return stretches


def _write_time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{rest:03}"
