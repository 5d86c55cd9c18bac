"""Widgets of lesson 3 about whole stages: what channels respond to, and where the evidence for an instrument lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np
import numpy.typing as npt

from ..classifier import Classifier
from ..config import WindowConfig
from ..instruments import CODES, INSTRUMENTS, instrument_by_code
from ..training.inspection import NetworkInspector
from ..wording import format_percent
from .arrays import Floats
from .chart import ACCENT, MUTED, Axis, Chart, set_steps
from .instrument_chart import InstrumentChart, set_bars
from .panel import Panel, figures, knob, knobs, slider
from .patterns import cover_cells, cut_log_mel, scale_up, stretch, window_slider
from .sound import Sound, SoundBox
from .sound_to_log_mel import PictureOfSound
from .spectra import OWN, WINDOW_SECONDS


@dataclass(frozen=True, eq=False)
class Notes:
    """Single notes to try a network on.

    Parameters
    ----------
    log_mels : np.ndarray [shape=(n, n_mels, n_frames), dtype=float32]
    codes : tuple of str
        Who plays each.
    """

    log_mels: npt.NDArray[np.float32]
    codes: tuple[str, ...]


class FeatureMapExplorer(Panel):
    """One channel of a stage: which notes and which window of the piece excite it, and what it sees there.

    Parameters
    ----------
    network : NetworkInspector
    sound : Sound
    notes : Notes
    """

    def __init__(self, network: NetworkInspector, sound: Sound, notes: Notes) -> None:
        self._network, self._sound, self._notes = network, sound, notes
        self._starts = np.arange(0.0, max(sound.duration - WINDOW_SECONDS, 0.0) + 0.01, WindowConfig().hop_seconds)
        self._in_piece = network.measure_channels(np.stack([cut_log_mel(sound, start) for start in self._starts]))
        self._in_notes = network.measure_channels(notes.log_mels)
        self.stage = widgets.Dropdown(options=list(network.stages), value=network.stages[-1])
        self.channel = slider(1, 2, 1, 1)
        ticks = {0.0: "0", 0.5: "half", 1.0: "most"}
        self.chart = InstrumentChart("Which notes excite it", Axis(0, 1.05, "Mean response", ticks), 18)
        self._bars = self.chart.add_bars()
        self.window = PictureOfSound(OWN, "The window of the piece that excites it most")
        self.map = PictureOfSound(OWN, "Its feature map there")
        self._box = SoundBox(lambda: sound.cut(self.start, WINDOW_SECONDS), "Listen to this window")
        controls = knobs(knob("After", self.stage), knob("Channel", self.channel, "1 is the most choosy."))
        super().__init__([controls, self.chart, self.window, self.map, self._box], title="What a channel responds to")
        self.stage.observe(self._choose, "value")
        self.channel.observe(self._draw, "value")
        self._choose()

    @property
    def start(self) -> float:
        """Where the window of the piece that excites the channel most begins, s."""
        return float(self._starts[self._in_piece[self.stage.value][:, self._order[self.channel.value - 1]].argmax()])

    def _choose(self, _: Any = None) -> None:
        """Another stage: its channels, the choosiest first."""
        means = self._mean_by_instrument()
        share = means.max(axis=0) / np.maximum(means.sum(axis=0), 1e-9)
        self._order = np.argsort(-share, kind="stable")
        self.channel.max = len(self._order)
        self._draw()

    def _mean_by_instrument(self) -> Floats:
        codes = np.array(self._notes.codes)
        strengths = self._in_notes[self.stage.value].astype(np.float64)
        rows = [strengths[codes == code] for code in CODES]
        return np.stack([part.mean(axis=0) if len(part) else np.zeros(strengths.shape[1]) for part in rows])

    def _draw(self, _: Any = None) -> None:
        if self.channel.value > len(self._order):
            return
        channel = int(self._order[self.channel.value - 1])
        means = self._mean_by_instrument()[:, channel]
        most = float(means.max())
        set_bars(self._bars, means / most if most > 0 else means)
        self.chart.explain("single notes, not of this piece" if most > 0 else "silent for every one of these notes")
        log_mel = cut_log_mel(self._sound, self.start)
        maps = self._network.look(log_mel).maps[self.stage.value]
        self.window.show(1 + log_mel / OWN.top_db)
        self.window.explain(f"from {self.start:g} s")
        self.map.show(scale_up(maps[:, :, channel]))
        self.map.explain(f"channel {channel + 1} of {maps.shape[2]}, {maps.shape[0]} x {maps.shape[1]} cells")
        self._box.refresh()


class ClassMapExplorer(Panel):
    """Where in a window the network finds what speaks for an instrument, or against it.

    Parameters
    ----------
    network : NetworkInspector
    classifier : Classifier
        For its calibration.
    sound : Sound
    start : float
        Where the window begins, s.

    Attributes
    ----------
    start, instrument, view, sign, dim, covered, order : ipywidgets
        The knobs.
    probability : float
        Of the instrument in the window as it is covered, calibrated.
    """

    def __init__(self, network: NetworkInspector, classifier: Classifier, sound: Sound, start: float = 12.0) -> None:
        self._network, self._classifier, self._sound = network, classifier, sound
        self.start = window_slider(sound, start)
        self.instrument = widgets.Dropdown(options=[(one.name, one.code) for one in INSTRUMENTS])
        last, *finer = network.stages[:0:-1]
        views = [("exact: the last feature maps", last), *((f"Grad-CAM after {name}", name) for name in finer)]
        self.view = widgets.Dropdown(options=views)
        self.sign = widgets.RadioButtons(options=[("for it", 1), ("against it", -1)])
        self.dim = slider(0, 100, 60, 10)
        self.covered = slider(0, 100, 0, 5)
        orders = ("the brightest first", "the darkest first", "at random")
        self.order = widgets.Dropdown(options=orders)
        self.picture = PictureOfSound(OWN, "The window")
        ticks = {0.0: "0", 0.5: "50 %", 1.0: "100 %"}
        self.line = Chart("Moments", Axis(0, WINDOW_SECONDS, "Time (s)"), Axis(0, 1, "", ticks), height=110)
        self.line.explain("blue: probability of each moment; dashed: how much it counts")
        self._attention = self.line.add_line(MUTED, width=2, line_style="dashed")
        self._moments = self.line.add_line(ACCENT, width=2)
        self._numbers = widgets.HTML()
        self._box = SoundBox(lambda: sound.cut(self.start.value, WINDOW_SECONDS), "Listen to the window")
        controls = knobs(
            knob("Window begins (s)", self.start), knob("Instrument", self.instrument), knob("Map", self.view),
            knob("Show what speaks", self.sign), knob("Dim the rest (%)", self.dim),
            knob("Cover cells (%)", self.covered),
            knob("Which", self.order),
        )  # fmt: skip
        super().__init__([self.picture, self.line, self._numbers, controls, self._box], title="Where is the evidence?")
        self._listen_to_knobs()
        self.instrument.value = CODES[int(self._look().probabilities.argmax())]
        self._measure()

    def _listen_to_knobs(self) -> None:
        for control in (self.start, self.instrument, self.view, self.sign, self.covered, self.order):
            control.observe(self._measure, "value")
        self.dim.observe(self._draw, "value")

    def _look(self) -> Any:
        return self._network.look(cut_log_mel(self._sound, self.start.value))

    def _measure(self, _: Any = None) -> None:
        code, look = self.instrument.value, self._look()
        self._evidence = self._network.find_evidence(look, code)
        is_exact = self.view.value == self._network.stages[-1]
        self.sign.disabled = not is_exact
        self._cells = (
            self.sign.value * self._evidence.weighted if is_exact
            else self._network.find_grad_cam(look, self.view.value, code)
        )  # fmt: skip
        chosen = self._choose_cells()
        self._log_mel = cover_cells(look.log_mel, chosen)
        whole, now = look.probabilities, look.probabilities
        if chosen.any():
            now = self._network.look(self._log_mel).probabilities
        self._show_numbers(whole, now)
        self._box.refresh()
        self._draw()

    def _choose_cells(self) -> npt.NDArray[np.bool_]:
        """The cells that are covered."""
        cells = self._cells.ravel()
        order = np.argsort(-cells, kind="stable")
        if self.order.value == "at random":
            order = np.random.default_rng(0).permutation(cells.size)
        elif self.order.value == "the darkest first":
            order = order[::-1]
        chosen = np.zeros(cells.size, dtype=bool)
        chosen[order[: round(self.covered.value * cells.size / 100)]] = True
        return chosen.reshape(self._cells.shape)

    def _show_numbers(self, whole: npt.NDArray[np.float32], now: npt.NDArray[np.float32]) -> None:
        column = CODES.index(self.instrument.value)
        before, after = (float(self._classifier.calibration(p[None])[0, column]) for p in (whole, now))
        self.probability = after
        pieces = {"Probability": format_percent(before)}
        if self.covered.value:
            pieces["When covered"] = format_percent(after)
        attention = self._evidence.attention
        seconds, most = WINDOW_SECONDS / len(attention), int(attention.argmax())
        pieces |= {
            "Before calibration": format_percent(self._evidence.probability),
            "Counts most": f"{most * seconds:.1f} to {(most + 1) * seconds:.1f} s ({format_percent(attention[most])})",
        }
        self._numbers.value = figures(pieces)

    def _draw(self, _: Any = None) -> None:
        light = 1 - self.dim.value / 100
        weight = light + (1 - light) * stretch(scale_up(self._cells), self._log_mel.shape)
        self.picture.show((1 + self._log_mel / OWN.top_db) * weight)
        name = instrument_by_code(self.instrument.value).name
        way = "speaks for" if self.sign.value > 0 or self.sign.disabled else "speaks against"
        n_bands, n_times = self._cells.shape
        self.picture.explain(f"bright: {way} {name}; {n_bands} x {n_times} cells")
        moments, attention = self._evidence.moments, self._evidence.attention
        edges = np.linspace(0, WINDOW_SECONDS, len(moments) + 1)
        set_steps(self._moments, edges, moments)
        set_steps(self._attention, edges, attention)
