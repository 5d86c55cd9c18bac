"""A training run to watch: choose the recipe, see the curves grow, stop it, compare the scores."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import numpy as np

from ..app.charts.frame import label_ticks
from ..app.jobs import close_when_done, in_worker, run_or_schedule
from ..errors import InstruNetError
from ..instruments import N_INSTRUMENTS
from ..training.trial import TrialConfig, TrialState, train_trial
from ..wording import format_percent
from .chart import ACCENT, MUTED, WARN, Axis, Chart, round_ticks, set_line
from .instrument_chart import InstrumentChart, set_bars
from .panel import Panel, figures, knob, knobs, slider, swatches
from .tables import write_table

_OPTIMISERS = {"AdamW": "adamw", "SGD": "sgd", "RMSProp": "rmsprop"}
_RATES = {
    "a hundredth of the usual": 0.01,
    "a tenth": 0.1,
    "the usual": 1.0,
    "ten times": 10.0,
    "a hundred times": 100.0,
}
_PER_CENT = {0.0: "0 %", 0.5: "50 %", 1.0: "100 %"}
_MOST_RUNS = 8
_MOST_LOSS = 3.0  # what lies above is cut off


@dataclass(frozen=True, eq=False)
class Trial:
    """A run that has ended, or been stopped after some epochs.

    Parameters
    ----------
    config : TrialConfig
    state : TrialState
    """

    config: TrialConfig
    state: TrialState


class LiveTraining(Panel):
    """Train a small network on the notes that come with InstruNet.

    Attributes
    ----------
    kernel, optimizer, rate, regularised, epochs, seed : ipywidgets
        The knobs.
    button, stop_button : ipywidgets.Button
    trials : list of Trial
        The runs so far, the latest last.
    task : asyncio.Task or None
        The run that is going on; None where there is no event loop, and the click ran to its end.
    """

    def __init__(self) -> None:
        self.trials: list[Trial] = []
        self.task: Any = None
        self._is_running, self._is_stopped = False, False
        self._first = TrialState()
        self._make_knobs()
        self._make_charts()
        self._message = widgets.HTML()
        self._message.add_class("in-live")
        self._bar = widgets.FloatProgress(min=0, max=1, value=0)
        self._bar.layout.width = "auto"
        self._numbers, self._table = widgets.HTML(), widgets.HTML()
        self.button = widgets.Button(description="Train", button_style="primary")
        self.stop_button = widgets.Button(description="Stop", disabled=True)
        line = widgets.HBox([self.button, self.stop_button])
        line.add_class("in-answer")
        self._results = widgets.VBox()  # a chart that is hidden cannot be laid out: it comes with the first score
        super().__init__(
            [self._knobs, line, self._bar, self._message, self.losses, self.accuracies, self._results],
            title="Train one yourself",
        )
        self.button.on_click(self._start)
        self.stop_button.on_click(self._stop)
        self._say("Choose, then press Train. It takes about a minute; the page stays alive meanwhile.")

    @property
    def config(self) -> TrialConfig:
        """The recipe as the knobs are."""
        return TrialConfig(
            kernel=self.kernel.value,
            optimizer=self.optimizer.value,
            rate_factor=self.rate.value,
            regularised=self.regularised.value,
            epochs=self.epochs.value,
            seed=self.seed.value,
        )

    def _make_knobs(self) -> None:
        self.kernel = widgets.Dropdown(options=[("3 x 3", 3), ("5 x 5", 5)])
        self.optimizer = widgets.Dropdown(options=_OPTIMISERS)
        self.rate = widgets.Dropdown(options=_RATES, value=1.0)
        self.regularised = widgets.Checkbox(value=True, description="Both on, or both off", indent=False)
        self.epochs = slider(2, 40, 20, 1)
        self.seed = slider(0, 9, 0, 1)
        self._knobs = knobs(
            knob("Kernels", self.kernel),
            knob("Optimiser", self.optimizer),
            knob("Learning rate", self.rate),
            knob("Normalisation and dropout", self.regularised),
            knob("Epochs", self.epochs),
            knob("Seed", self.seed),
        )

    def _make_charts(self) -> None:
        self._key = key = swatches({"training": MUTED, "held out": ACCENT})
        self.losses = Chart("Loss", Axis(1, 20, "Epoch"), Axis(0, 0.5, ""), explanation=key, height=130)
        self._lines = {name: self.losses.add_line(colour, width=2) for name, colour in (("t", MUTED), ("h", ACCENT))}
        key = swatches({"this run": ACCENT, "the run before": WARN, "guessing": MUTED})
        self.accuracies = Chart(
            "Accuracy, held out", Axis(1, 20, "Epoch"), Axis(0, 1, "", _PER_CENT), explanation=key, height=130
        )
        self._chance = self.accuracies.add_line(MUTED, width=1)
        self._before = self.accuracies.add_line(WARN, width=2, line_style="dashed")
        self._now = self.accuracies.add_line(ACCENT, width=2)
        set_line(self._chance, [1, 40], [1 / N_INSTRUMENTS, 1 / N_INSTRUMENTS])
        self.chart = InstrumentChart("Held-out notes that were told right", Axis(0, 1.02, "", _PER_CENT), 18)
        self._bars = self.chart.add_bars()

    def _start(self, _: Any = None) -> None:
        if self._is_running:
            return
        self._is_running, self._is_stopped = True, False
        self.button.disabled, self.stop_button.disabled = True, False
        config = self.config
        self._clear(config)
        self._say("Getting ready: the network is being built ...")
        self.task = run_or_schedule(self._train(config))

    def _clear(self, config: TrialConfig) -> None:
        """Take away what the run before has left on show, but for what is labelled so."""
        for line in (*self._lines.values(), self._now):
            set_line(line, [], [])
        self.losses.explain(self._key)
        for chart in (self.losses, self.accuracies):
            chart.set_range(1.0, float(config.epochs))
        before = self.trials[-1].state.accuracies[: config.epochs] if self.trials else ()
        set_line(self._before, np.arange(1, len(before) + 1), before)
        self._results.children = (self._table,) if self.trials else ()

    def _stop(self, _: Any = None) -> None:
        self._is_stopped = True
        self.stop_button.disabled = True

    async def _train(self, config: TrialConfig) -> None:
        states, state = train_trial(config), TrialState()
        sentence = ""
        try:
            while not self._is_stopped:
                new = await in_worker(lambda: next(states, None))
                if new is None:
                    break
                has_new_epoch, state = len(new.losses) > len(state.losses), new
                self._show(config, state, has_new_epoch=has_new_epoch)
        except InstruNetError as error:
            sentence = str(error)
        except Exception as error:  # whatever it is, the page says so
            sentence = f"The run has ended with {type(error).__name__}; try other settings, or restart the kernel."
        finally:
            close_when_done(states)
            self._is_running = False
            self.button.disabled, self.stop_button.disabled = False, True
        self._finish(config, state, sentence)

    def _show(self, config: TrialConfig, state: TrialState, *, has_new_epoch: bool) -> None:
        self._bar.value = state.fraction
        if has_new_epoch and len(state.losses) == 1:
            self._first = state  # the first epoch says little about the pace: the network is built in it
        if not state.has_failed:
            n_left, time_left = config.epochs * (1 - state.fraction), ""
            if len(state.losses) > 1:
                n_done = config.epochs * (state.fraction - self._first.fraction)
                time_left = f", about {n_left * (state.seconds - self._first.seconds) / n_done:.0f} s left"
            self._say(f"Epoch {min(len(state.losses) + 1, config.epochs)} of {config.epochs}{time_left}")
        if has_new_epoch:
            self._draw(state)

    def _draw(self, state: TrialState) -> None:
        epochs = np.arange(1, len(state.losses) + 1)
        most = max(*state.losses, *state.held_out_losses)
        high = max(0.1, 1.05 * min(most, _MOST_LOSS))
        self.losses.explain(self._key + (f" cut off at {_MOST_LOSS:g}" if most > _MOST_LOSS else ""))
        scale = self.losses.scales["y"]
        with scale.hold_sync():
            scale.max = high
        label_ticks(self.losses.y_axis, round_ticks(0.0, high, 5))
        for line, values in (("t", state.losses), ("h", state.held_out_losses)):
            set_line(self._lines[line], epochs, np.minimum(values, high))
        set_line(self._now, epochs, state.accuracies)

    def _finish(self, config: TrialConfig, state: TrialState, sentence: str) -> None:
        self._bar.value = 0.0
        if state.has_failed:
            sentence = (
                "The loss is no number any more: the steps were too large, and the weights have flown away. "
                "Choose a lower learning rate."
            )
        n_epochs = len(state.losses)
        if state.scores is not None:
            self._show_scores(state)
            self.trials = [*self.trials, Trial(config, state)]
            self._table.value = self._write_runs()
        if not sentence:
            how = "Stopped" if self._is_stopped else "Done"
            sentence = f"{how} after {n_epochs} epoch{'' if n_epochs == 1 else 's'} and {state.seconds:.0f} s."
            sentence += "" if n_epochs else " No epoch was whole, so there is no score."
        self._say(sentence)

    def _show_scores(self, state: TrialState) -> None:
        scores = state.scores
        if scores is None:
            return
        n_right = round(scores.accuracy * scores.n_notes)
        self._numbers.value = figures(
            {
                "Accuracy on held-out notes": f"{format_percent(scores.accuracy)}",
                "Notes": f"{n_right} of {scores.n_notes}",
                "Loss, held out": f"{state.held_out_losses[-1]:.3f}",
                "Loss, training": f"{state.losses[-1]:.3f}",
                "Parameters": f"{state.n_parameters:,}",
            }
        )
        self._results.children = (self._numbers, self.chart, self._table)
        set_bars(self._bars, scores.by_instrument)

    def _write_runs(self) -> str:
        names = {value: name for name, value in _OPTIMISERS.items()}
        rates = {value: name for name, value in _RATES.items()}
        rows = [
            (
                f"{one.config.kernel} x {one.config.kernel}",
                names[one.config.optimizer],
                rates[one.config.rate_factor],
                "yes" if one.config.regularised else "no",
                str(one.config.seed),
                str(len(one.state.losses)),
                format_percent(one.state.accuracies[-1]),
            )
            for one in reversed(self.trials[-_MOST_RUNS:])
        ]
        head = ("Kernels", "Optimiser", "Learning rate", "Normalisation and dropout", "Seed", "Epochs", "Accuracy")
        return write_table(head, rows)

    def _say(self, sentence: str) -> None:
        self._message.value = f'<p role="status">{html.escape(sentence)}</p>'
