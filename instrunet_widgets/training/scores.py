"""Scores: what is played, on which General MIDI program, and when.

A `Part` is one player's line with its controllers and pitch bends, on a clock in seconds. `make_midi` turns parts
into a MIDI file; `find_label_ranges` tells when each instrument sounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .patches import Patch

if TYPE_CHECKING:
    import mido

TICKS_PER_BEAT = 480
_TICKS_PER_SECOND = 960  # at MIDI's default tempo of 120 beats a minute
DRUM_CHANNEL = 9
BEND_RANGE_CENTS = 200.0

CC_VIBRATO, CC_VOLUME, CC_EXPRESSION, CC_SUSTAIN, CC_REVERB, CC_CHORUS = 1, 7, 11, 64, 91, 93
_CC_ALL_SOUND_OFF, _CC_RESET = 120, 121


@dataclass(frozen=True)
class Note:
    """One note.

    Parameters
    ----------
    start, duration : float
        Seconds from the beginning of its part.
    pitch : int
        MIDI note, 60 is middle C; a drum on a drum part.
    velocity : int in 1..127
    """

    start: float
    duration: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Control:
    """A MIDI controller set to a value at a time (s)."""

    time: float
    number: int
    value: int


@dataclass(frozen=True)
class Bend:
    """The channel's pitch moved by so many cents from a time (s) on."""

    time: float
    cents: float


@dataclass(frozen=True)
class Part:
    """What one player plays.

    Parameters
    ----------
    patch : Patch
    notes : tuple of Note
    controls : tuple of Control
    bends : tuple of Bend
    start : float
        When the part begins, s; times inside it count from here.
    channel : int in 0..15
        MIDI channel; drums are always on channel 9.
    """

    patch: Patch
    notes: tuple[Note, ...]
    controls: tuple[Control, ...] = ()
    bends: tuple[Bend, ...] = ()
    start: float = 0.0
    channel: int = 0

    @property
    def end(self) -> float:
        """When the last note is let go, s."""
        return self.start + max((note.start + note.duration for note in self.notes), default=0.0)

    def moved_to(self, start: float) -> Part:
        """The same part beginning at another time."""
        return replace(self, start=start)


@dataclass(frozen=True)
class LabelRange:
    """An instrument that sounds from `start` to `end`, s."""

    instrument: str
    start: float
    end: float


def find_label_ranges(
    parts: Iterable[Part], *, release_seconds: float = 0.15, bridge_seconds: float = 0.5
) -> tuple[LabelRange, ...]:
    """Tell when each of the eleven instruments sounds, by the score.

    Parameters
    ----------
    parts : iterable of Part
    release_seconds : float
        How long a note still sounds after it is let go, s.
    bridge_seconds : float
        Rests up to this length do not end a range, s.

    Returns
    -------
    ranges : tuple of LabelRange
        By start, then by instrument; ranges of one instrument do not touch.

    Examples
    --------
    >>> from instrunet_widgets.training.patches import patches_of
    >>> flute = Part(patches_of("flu")[0], (Note(0.0, 1.0, 72, 80), Note(1.5, 1.0, 74, 80), Note(9.0, 1.0, 72, 80)))
    >>> [(r.instrument, r.start, r.end) for r in find_label_ranges([flute])]
    [('flu', 0.0, 2.65), ('flu', 9.0, 10.15)]
    """
    ranges: list[LabelRange] = []
    sounding: dict[str, list[tuple[float, float]]] = {}
    for part in parts:
        if part.patch.instrument is not None:
            times = sounding.setdefault(part.patch.instrument, [])
            times += [
                (part.start + note.start, part.start + note.start + note.duration + release_seconds)
                for note in part.notes
            ]
    for instrument, times in sounding.items():
        open_start, open_end = None, 0.0
        for start, end in sorted(times):
            if open_start is None:
                open_start = start
            elif start - open_end > bridge_seconds:
                ranges.append(LabelRange(instrument, round(open_start, 3), round(open_end, 3)))
                open_start = start
            open_end = max(open_end, end)
        if open_start is not None:
            ranges.append(LabelRange(instrument, round(open_start, 3), round(open_end, 3)))
    return tuple(sorted(ranges, key=lambda found: (found.start, found.instrument)))


def make_midi(parts: Sequence[Part], *, length_seconds: float) -> mido.MidiFile:
    """Write parts as a MIDI file of one track.

    Each part begins with its channel silenced and reset, so that parts may follow each other on one channel.

    Parameters
    ----------
    parts : sequence of Part
    length_seconds : float
        Length of the file, s.

    Returns
    -------
    midi : mido.MidiFile
    """
    import mido

    timed: list[tuple[int, int, mido.Message]] = []  # (tick, order within the tick, message)
    for part in parts:
        timed += _messages_of(part)
    timed.sort(key=lambda event: event[:2])
    track, now = mido.MidiTrack(), 0
    for tick, _, message in timed:
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, _to_ticks(length_seconds) - now)))
    return mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track])


def _messages_of(part: Part) -> list[tuple[int, int, mido.Message]]:
    import mido

    channel = DRUM_CHANNEL if part.patch.style == "drums" else part.channel
    begin = _to_ticks(part.start)
    # Setting up takes a few ticks of its own, before the first note can begin.
    messages = [
        (begin, 0, mido.Message("control_change", channel=channel, control=_CC_ALL_SOUND_OFF, value=0)),
        (begin, 1, mido.Message("control_change", channel=channel, control=_CC_RESET, value=0)),
        (begin, 2, mido.Message("program_change", channel=channel, program=part.patch.program)),
    ]
    for control in part.controls:
        change = mido.Message("control_change", channel=channel, control=control.number, value=control.value)
        messages.append((_to_ticks(part.start + control.time), 3, change))
    for bend in part.bends:
        pitch = max(-8192, min(8191, round(bend.cents / BEND_RANGE_CENTS * 8192)))
        wheel = mido.Message("pitchwheel", channel=channel, pitch=pitch)
        messages.append((_to_ticks(part.start + bend.time), 3, wheel))
    for note in part.notes:
        on = mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)
        off = mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)
        start = _to_ticks(part.start + note.start)
        messages.append((start, 5, on))
        messages.append((max(start + 1, _to_ticks(part.start + note.start + note.duration)), 4, off))
    return messages


def _to_ticks(seconds: float) -> int:
    return round(seconds * _TICKS_PER_SECOND)
