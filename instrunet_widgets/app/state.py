"""The app's state: one object, no widgets. Views observe what they draw; each trait has one writer.

Related values travel together as one frozen dataclass and are replaced as a whole, never changed in place: traitlets
does not see changes inside, and two traits set one after the other would show observers a pair that does not belong
together. State is set on the kernel's own thread only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import traitlets

from ..config import DecodingConfig
from ..results import Analysis, Timeline


@dataclass(frozen=True, eq=False)
class Recording:
    """One file that the user brought, analysed or not.

    Parameters
    ----------
    key : str
        Unique in the app; never shown.
    name : str
        File name. It comes from a user: escape it where it is shown.
    path : Path or None
        Where the kernel has the sound; None for a result restored from JSON.
    n_bytes : int
        Size of the file.
    analysis : Analysis or None
        None until it has been analysed.
    problem : str
        Why it could not be analysed, as a sentence; empty if there was none.
    """

    key: str
    name: str
    path: Path | None
    n_bytes: int = 0
    analysis: Analysis | None = None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Reading:
    """The analysis on show and how it is read; the two are replaced together.

    Parameters
    ----------
    analysis : Analysis
    timeline : Timeline
        ``analysis.decode(state.decoding)``.
    is_partial : bool
        True while the analysis is still running: later windows are missing.
    """

    analysis: Analysis
    timeline: Timeline
    is_partial: bool = False


@dataclass(frozen=True)
class TimeRange:
    """The stretch of time that the charts show.

    Parameters
    ----------
    start, end : float
        Seconds, ``0 <= start < end``.
    """

    start: float
    end: float


@dataclass(frozen=True)
class Activity:
    """What the app is busy with.

    Parameters
    ----------
    stage : str
        Ready to show, for example "Listening".
    name : str
        Of the recording.
    fraction : float in [0, 1] or None
        None if it cannot be told.
    seconds_left : float or None
    key : str
        Of the recording; others may have the same name.
    """

    stage: str
    name: str = ""
    fraction: float | None = None
    seconds_left: float | None = None
    key: str = ""


@dataclass(frozen=True)
class Message:
    """A sentence for the user.

    Parameters
    ----------
    kind : {"error", "warning", "info"}
    text : str
        Plain text; may hold names from outside, so escape it where it is shown.
    """

    kind: Literal["error", "warning", "info"]
    text: str


class AppState(traitlets.HasTraits):
    """Everything that the app's views show.

    Attributes
    ----------
    recordings : tuple of Recording
        In the order in which they came. Written by the controller.
    selected : str
        Key of the recording on show; empty if there is none. Written by the controller.
    decoding : DecodingConfig
        Written by the settings.
    reading : Reading or None
        None until there is a result to show. Written by the controller.
    view : TimeRange or None
        What the charts show; None for the whole recording. Written by the time axis.
    cursor : float or None
        Time that the inspector tells about, s. Written by the time axis.
    activity : Activity or None
        Written by the controller.
    messages : tuple of Message
        Written by the controller.
    """

    recordings = traitlets.Tuple()
    selected = traitlets.Unicode("")
    decoding = traitlets.Instance(DecodingConfig)
    reading = traitlets.Instance(Reading, allow_none=True)
    view = traitlets.Instance(TimeRange, allow_none=True)
    cursor = traitlets.Float(None, allow_none=True)
    activity = traitlets.Instance(Activity, allow_none=True)
    messages = traitlets.Tuple()

    @traitlets.default("decoding")
    def _default_decoding(self) -> DecodingConfig:
        return DecodingConfig()

    @property
    def recording(self) -> Recording | None:
        """The recording on show."""
        return next((recording for recording in self.recordings if recording.key == self.selected), None)


def as_state(source: Analysis | AppState) -> AppState:
    """Give the state that a view is to show; an analysis on its own gets one made for it.

    Parameters
    ----------
    source : Analysis or AppState

    Returns
    -------
    state : AppState

    Raises
    ------
    TypeError
        If `source` is neither, such as the analysis of an app that has not analysed anything yet.
    """
    if isinstance(source, AppState):
        return source
    if not isinstance(source, Analysis):
        raise TypeError("there is no analysis to show yet: press Analyze Track, or call analyze(), first")
    state = AppState()
    state.reading = Reading(source, source.decode(state.decoding))
    return state
