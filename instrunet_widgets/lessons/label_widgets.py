"""Widgets of lesson 2: labels of a window, clips of the data set, what a split leaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bqplot
import ipywidgets as widgets
import numpy as np

from ..examples import LabelledRange
from ..instruments import CODES, instrument_by_code
from .chart import ACCENT, WARN, Axis, Chart, set_line
from .instrument_chart import InstrumentChart, set_bars
from .irmas_clips import GENRE_NAMES, deal_clips, find_leaks, read_clips
from .lanes import LaneChart
from .panel import Panel, figures, knob, knobs, slider, swatches
from .sound import Sound, SoundBox
from .spectra import WINDOW_SECONDS

_LEAST_SECONDS = 0.1  # shorter than this in a window is not counted as playing
_N_SHOWN, _MOST_CLIPS = 24, 3  # recordings in the picture of a split, and clips of each


class LabelExplorer(Panel):
    """A window over the demo piece: what plays in it, and what a single label leaves of that.

    Parameters
    ----------
    sound : Sound
    labels : sequence of LabelledRange
    """

    def __init__(self, sound: Sound, labels: Sequence[LabelledRange]) -> None:
        self._sound, self._labels = sound, tuple(labels)
        last = max(0.5, round(sound.duration - 0.5, 1))
        self.start = slider(0.0, last, min(9.0, last), 0.5, readout_format=".1f", continuous_update=False)
        self.lanes = LaneChart("Who plays", sound.duration, "from the score; shaded: the window of 3 s")
        self.lanes.show_labelled(self._labels)
        self._words = widgets.HTML()
        self._box = SoundBox(lambda: sound.cut(self.start.value, WINDOW_SECONDS), "Listen to the window")
        super().__init__([self.lanes, knobs(knob("Window begins (s)", self.start)), self._words, self._box])
        self.start.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        start = self.start.value
        self.lanes.show_window(start, start + WINDOW_SECONDS)
        playing = seconds_playing(self._labels, start, start + WINDOW_SECONDS)
        names = [f"{instrument_by_code(code).name} {seconds:.1f} s" for code, seconds in playing.items()]
        if not playing:
            lost = "Nothing plays here: no label would be right."
        elif len(playing) == 1:
            lost = "One instrument, one label: nothing is lost."
        else:
            lost = "A single label names one of them; a network that hears the others too is counted as wrong."
        self._words.value = figures({"In this window": ", ".join(names) or "silence"}) + f"<p>{lost}</p>"
        self._box.refresh()


def seconds_playing(labels: Sequence[LabelledRange], start: float, end: float) -> dict[str, float]:
    """How long each instrument plays in a stretch of time; those that hardly do are left out.

    Parameters
    ----------
    labels : sequence of LabelledRange
    start, end : float
        Seconds.

    Returns
    -------
    seconds : dict of str to float
        By code, longest first.
    """
    total: dict[str, float] = {}
    for one in labels:
        overlap = min(end, one.end) - max(start, one.start)
        if overlap > 0:
            total[one.instrument] = total.get(one.instrument, 0.0) + overlap
    kept = {code: seconds for code, seconds in total.items() if seconds >= _LEAST_SECONDS}
    return dict(sorted(kept.items(), key=lambda pair: -pair[1]))


class ClipCounter(Panel):
    """How many clips each instrument has, in the genres that are ticked."""

    def __init__(self) -> None:
        self._clips = read_clips()
        present = [code for code in GENRE_NAMES if (self._clips.genre == code).any()]
        self.genres = {
            code: widgets.Checkbox(value=True, description=GENRE_NAMES[code], indent=False) for code in present
        }
        highest = int(self._clips.instrument.value_counts().max())
        self.chart = InstrumentChart("Clips", Axis(0, 1.08 * highest, "Clips of 3 s"), 20)
        self._bars = self.chart.add_bars(11)
        self._numbers = widgets.HTML()
        box = knobs(*(_bare(control) for control in self.genres.values()))
        super().__init__([self.chart, self._numbers, box], title="What is in the data set")
        for control in self.genres.values():
            control.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        chosen = [code for code, control in self.genres.items() if control.value]
        clips = self._clips[self._clips.genre.isin(chosen)]
        counts = clips.instrument.value_counts()
        set_bars(self._bars, counts.reindex(CODES, fill_value=0))
        self.chart.explain("" if chosen else "tick at least one genre")
        n_recordings = clips.recording.nunique()
        self._numbers.value = figures(
            {
                "Clips": f"{len(clips):,}",
                "Recordings": f"{n_recordings:,}",
                "Clips a recording": f"{len(clips) / n_recordings:.2f}" if n_recordings else "-",
            }
        )


def _bare(control: widgets.Checkbox) -> widgets.Checkbox:
    control.layout.width = "auto"
    return control


class LeakExplorer(Panel):
    """Deal the real clips to training and test, by clip or by recording, and count the leaks.

    Attributes
    ----------
    by : ipywidgets.RadioButtons
    share, seed : ipywidgets sliders
    n_leaks, n_test : int
        Of the split on show.
    """

    def __init__(self) -> None:
        self._recordings = read_clips().recording.to_numpy(dtype=str)
        self.by = widgets.RadioButtons(options=[("clip", False), ("recording", True)])
        self.share = slider(0, 100, 20, 5)
        self.seed = slider(0, 20, 0, 1)
        key = swatches({"training": ACCENT, "test": WARN})
        ticks = {k + 0.5: str(k + 1) for k in range(_MOST_CLIPS)}
        self.chart = Chart(
            f"{_N_SHOWN} recordings", Axis(0, _N_SHOWN, "Recording"), Axis(0, _MOST_CLIPS, "Clip", ticks), height=78
        )
        self.chart.explain(f"one above the other: clips of one recording {key}")
        self._train, self._test = (self._add_squares(colour) for colour in (ACCENT, WARN))
        self._numbers = widgets.HTML()
        box = knobs(knob("Split by", self.by), knob("Test (%)", self.share), knob("Deal again", self.seed))
        super().__init__([self.chart, self._numbers, box], title="Deal the clips")
        for control in (self.by, self.share, self.seed):
            control.observe(self._draw, "value")
        self._choose_shown()
        self._draw()

    def _add_squares(self, colour: str) -> bqplot.Scatter:
        dots = self.chart.add_dots(colour, 36)
        dots.marker = "square"
        return dots

    def _choose_shown(self) -> None:
        """Some recordings from all over the list, and where each of their clips is drawn."""
        names = np.unique(self._recordings)
        shown = names[np.linspace(0, len(names) - 1, min(_N_SHOWN, len(names))).astype(int)]
        clips = [np.flatnonzero(self._recordings == name)[:_MOST_CLIPS] for name in shown]
        self._shown = np.concatenate(clips)
        self._x = np.concatenate([np.full(len(one), column + 0.5) for column, one in enumerate(clips)])
        self._y = np.concatenate([np.arange(len(one)) + 0.5 for one in clips])

    def _draw(self, _: Any = None) -> None:
        is_test = deal_clips(
            self._recordings, self.share.value / 100, self.seed.value, by_recording=bool(self.by.value)
        )
        self.n_test, self.n_leaks = int(is_test.sum()), int(find_leaks(self._recordings, is_test).sum())
        side = is_test[self._shown]
        set_line(self._train, self._x[~side], self._y[~side])
        set_line(self._test, self._x[side], self._y[side])
        share = f"{100 * self.n_leaks / self.n_test:.0f} %" if self.n_test else "-"
        self._numbers.value = figures(
            {
                "Clips to train": f"{len(is_test) - self.n_test:,}",
                "Clips to test": f"{self.n_test:,}",
                "Of these, known from training": f"{self.n_leaks:,}",
                "Leak": share,
            }
        )
