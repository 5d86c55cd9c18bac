"""Widgets of lesson 6 about single scores: F1 at a threshold, calibration."""

from __future__ import annotations

import math
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np
from scipy.special import expit

from ..instruments import CODES, INSTRUMENTS, N_INSTRUMENTS
from ..training.metrics import ECE_BINS, expected_calibration_error
from .arrays import Bools, Floats
from .chart import ACCENT, BAD, MUTED, TEXT, Axis, Chart, set_line
from .instrument_chart import InstrumentChart, set_bars
from .one_instrument import PER_CENT
from .out_of_fold import ScoredClips
from .panel import Panel, figures, knob, knobs, slider, swatches
from .score_measures import count, find_reliability, rank, to_logits

NAMES = [(one.name, column) for column, one in enumerate(INSTRUMENTS)]
_THICKEST, _THINNEST = 14.0, 2.0
_TOP = -1  # "instrument" of the calibration: the most probable one


class F1Explorer(Panel):
    """F1 of each instrument, and the two ways to make one number of them.

    Parameters
    ----------
    clips : ScoredClips

    Attributes
    ----------
    own : ipywidgets.RadioButtons
        Whether each instrument has the network's own threshold.
    threshold, share : ipywidgets sliders
        The common threshold; per cent of the instrument's clips that are kept.
    instrument : ipywidgets.Dropdown
    """

    def __init__(self, clips: ScoredClips) -> None:
        self._clips = clips
        self.own = widgets.RadioButtons(options=[("the network's own", True), ("one for all", False)])
        self.threshold = slider(0.0, 1.0, 0.5, 0.01, readout_format=".2f")
        self.instrument = widgets.Dropdown(options=NAMES, value=CODES.index("flu"))
        self.share = slider(0, 100, 100, 5)
        self.chart = InstrumentChart("F1 by instrument", Axis(0, 1.02, "F1"), 20)
        self.chart.explain(f"a thick bar: many clips {swatches({'micro': TEXT, 'macro (dashed)': BAD})}")
        self._bars = self.chart.add_bars()
        self._micro = self.chart.add_line(TEXT, width=2)
        self._macro = self.chart.add_line(BAD, width=2, line_style="dashed")
        self._numbers = widgets.HTML()
        box = knobs(
            knob("Thresholds", self.own), knob("The one for all", self.threshold),
            knob("Thin out", self.instrument), knob("Keep of its clips (%)", self.share),
        )  # fmt: skip
        super().__init__([self.chart, self._numbers, box], title="Two means")
        self.threshold.observe(self._take_one_for_all, "value")
        for control in (self.own, self.threshold, self.instrument, self.share):
            control.observe(self._draw, "value")
        self._draw()

    def _take_one_for_all(self, _: Any) -> None:
        self.own.value = False

    def _draw(self, _: Any = None) -> None:
        column = self.instrument.value
        clips = self._clips.thin_out(column, self.share.value / 100)
        heard = clips.probabilities >= (clips.thresholds if self.own.value else self.threshold.value)
        counts = count(heard, clips.labels)
        most = max(1.0, float(counts.labelled.max()))
        for n_clips, bar in zip(counts.labelled, self._bars, strict=True):
            bar.stroke_width = _THINNEST + (_THICKEST - _THINNEST) * float(n_clips) / most
        set_bars(self._bars, counts.f1)
        micro, macro = float(counts.micro_f1), float(counts.macro_f1)
        for line, value in ((self._micro, micro), (self._macro, macro)):
            set_line(line, *([value, value], [0, N_INSTRUMENTS]) if math.isfinite(value) else ([], []))
        n_kept = counts.labelled[column]
        shown = {
            "Micro F1": write_score(micro),
            "Macro F1": write_score(macro),
            f"{INSTRUMENTS[column].name}: F1": write_score(float(counts.f1[column])),
            f"{INSTRUMENTS[column].name}: clips": f"{n_kept:,.0f}",
            "Labels found": write_share(counts.hits.sum(), counts.labelled.sum()),
            "Found rightly": write_share(counts.hits.sum(), counts.found.sum()),
        }
        remark = f"Without a clip, {escape(INSTRUMENTS[column].name)} has no F1; the macro mean is one of the others."
        self._numbers.value = figures(shown) + ("" if n_kept else f"<p>{remark}</p>")


class CalibrationExplorer(Panel):
    """Does 70 % mean right in 7 of 10 cases? Before and after calibration, and spoilt by hand.

    Parameters
    ----------
    clips : ScoredClips

    Attributes
    ----------
    kind : ipywidgets.RadioButtons
        Whether the probabilities are the calibrated ones.
    instrument : ipywidgets.Dropdown
    n_bins, sharpness : ipywidgets sliders
    """

    def __init__(self, clips: ScoredClips) -> None:
        self._clips = clips
        self.kind = widgets.RadioButtons(options=[("before calibration", False), ("after", True)])
        self.instrument = widgets.Dropdown(options=[("the most probable", _TOP), *NAMES])
        self.n_bins = slider(1, 30, ECE_BINS, 1)
        self.sharpness = slider(0.25, 3.0, 1.0, 0.05, readout_format=".2f")
        axes = (Axis(0, 1.05, "What the network says", PER_CENT), Axis(0, 1.05, "How often it is right", PER_CENT))
        self.chart = Chart("Reliability", *axes, height=240)
        self._diagonal = self.chart.add_line(MUTED, line_style="dashed")
        self._line = self.chart.add_line(ACCENT, width=1.5)
        self._dots = self.chart.add_dots(ACCENT, 60)
        set_line(self._diagonal, [0, 1], [0, 1])
        self._numbers = widgets.HTML()
        box = knobs(
            knob("Probabilities", self.kind), knob("Instrument", self.instrument), knob("Bins", self.n_bins),
            knob("Exaggerate (1: as it is)", self.sharpness),
        )  # fmt: skip
        super().__init__([self.chart, self._numbers, box], title="Said, and true")
        for control in (self.kind, self.instrument, self.n_bins, self.sharpness):
            control.observe(self._draw, "value")
        self._draw()

    def _choose(self) -> tuple[Floats, Bools, Bools, Floats]:
        """Confidence and whether it was right, of each clip that counts; labels and logits of all to rank."""
        clips = self._clips
        logits = to_logits(clips.probabilities if self.kind.value else clips.raw) * self.sharpness.value
        column = self.instrument.value
        if column != _TOP:
            return expit(logits[:, column]), clips.labels[:, column], clips.labels, logits
        single = clips.has_one_label
        chosen = logits[single].argmax(axis=1)
        right = clips.labels[single][np.arange(len(chosen)), chosen]
        return expit(logits[single].max(axis=1)), right, clips.labels, logits

    def _draw(self, _: Any = None) -> None:
        confidence, right, labels, logits = self._choose()
        bins = find_reliability(confidence, right, self.n_bins.value)
        for mark in (self._line, self._dots):
            set_line(mark, bins.said, bins.right)
        n_in_bin = int(np.median(bins.n_clips)) if len(bins.n_clips) else 0
        self.chart.explain(f"a dot: {n_in_bin:,} clips; dashed: as it should be")
        columns = range(N_INSTRUMENTS) if self.instrument.value == _TOP else [self.instrument.value]
        areas = np.array([rank(labels[:, column], logits[:, column]).roc_auc for column in columns])
        known = areas[np.isfinite(areas)]
        error = expected_calibration_error(confidence, right, self.n_bins.value)
        self._numbers.value = figures(
            {
                "Calibration error (ECE)": write_score(math.nan if error is None else error),
                "Says on average": write_share(confidence.sum(), len(confidence)),
                "Is right": write_share(float(right.sum()), len(confidence)),
                "ROC-AUC": write_score(float(known.mean()) if len(known) else math.nan),
            }
        )


def write_score(value: float) -> str:
    """A score in three decimals; a dash where there is none."""
    return f"{value:.3f}" if math.isfinite(value) else "-"


def write_share(part: float, whole: float) -> str:
    """A part in whole per cent; a dash where there is no whole."""
    return f"{100 * part / whole:.0f} %" if whole else "-"
