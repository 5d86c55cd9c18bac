"""Three optimisers on a valley with two weights: small enough to see every step."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import numpy as np

from .arrays import Floats
from .chart import Axis, Chart, set_line, show_levels
from .panel import Panel, figures, knob, knobs, slider, swatches

START = (-4.0, 1.5)
# Colours that are seen on the dark picture, in both themes.
COLOURS = {"SGD": "#8fc4ff", "RMSProp": "#ffd166", "Adam": "#7fe6ac"}
_HALF_WIDTH, _HALF_HEIGHT = 5.0, 2.0
_FAR = 1e6  # a weight beyond this has flown away
_MOST_GROWTH = 100  # of the loss, until an optimiser is said to fly away
_EPSILON = 1e-7
_KEPT = 0.9  # of the running averages of RMSProp and Adam


def walk(kind: str, rate: float, momentum: float, steepness: float, n_steps: int) -> Floats:
    """Follow an optimiser down the valley ``(x² + steepness y²) / 2``.

    Parameters
    ----------
    kind : {"SGD", "RMSProp", "Adam"}
    rate : float
        Learning rate.
    momentum : float in [0, 1)
        Of SGD.
    steepness : float
        How much steeper the sides are than the floor.
    n_steps : int

    Returns
    -------
    path : np.ndarray [shape=(n, 2), dtype=float64]
        The start and every step; it ends early if it flies away.
    """
    weight, velocity, squares = np.array(START), np.zeros(2), np.zeros(2)
    path = [weight]
    for step in range(1, n_steps + 1):
        gradient = weight * np.array([1.0, steepness])
        kept = 0.999 if kind == "Adam" else _KEPT
        squares = kept * squares + (1 - kept) * gradient**2
        if kind == "SGD":
            velocity = momentum * velocity - rate * gradient
            weight = weight + velocity
        elif kind == "RMSProp":
            weight = weight - rate * gradient / (np.sqrt(squares) + _EPSILON)
        else:
            velocity = _KEPT * velocity + (1 - _KEPT) * gradient
            mean, square = velocity / (1 - _KEPT**step), squares / (1 - 0.999**step)
            weight = weight - rate * mean / (np.sqrt(square) + _EPSILON)
        if not np.isfinite(weight).all() or np.abs(weight).max() > _FAR:
            break
        path.append(weight)
    return np.array(path)


class OptimiserExplorer(Panel):
    """Where each optimiser is after some steps; the learner sets the learning rate, the momentum and the valley.

    Attributes
    ----------
    rate, momentum, steepness, n_steps : ipywidgets sliders
    """

    def __init__(self) -> None:
        self.rate = widgets.FloatLogSlider(value=0.1, min=-3, max=0.5, step=0.1, readout_format=".3f")
        self.momentum = slider(0.0, 0.95, 0.0, 0.05, readout_format=".2f")
        self.steepness = slider(1, 50, 12, 1)
        self.n_steps = slider(1, 100, 30, 1)
        ticks = {k + _HALF_HEIGHT: str(k) for k in (-2, -1, 0, 1, 2)}
        axes = (Axis(-_HALF_WIDTH, _HALF_WIDTH, "First weight"), Axis(0, 2 * _HALF_HEIGHT, "Second weight", ticks))
        self.chart = Chart("Loss: dark is low", *axes, height=230)
        self._picture = self.chart.add_picture(height=2 * _HALF_HEIGHT)
        self._lines = {name: self.chart.add_line(colour, width=2) for name, colour in COLOURS.items()}
        self._dots = {name: self.chart.add_dots(colour, 90) for name, colour in COLOURS.items()}
        self.chart.explain(swatches(COLOURS))
        self._numbers = widgets.HTML()
        controls = knobs(
            knob("Learning rate", self.rate),
            knob("Momentum of SGD", self.momentum),
            knob("Steepness of the sides", self.steepness),
            knob("Steps", self.n_steps),
        )
        super().__init__([self.chart, self._numbers, controls], title="Down into the valley")
        for control in (self.rate, self.momentum, self.steepness, self.n_steps):
            control.observe(self._draw, "value")
        self._draw()

    def loss(self, weight: Floats) -> float:
        """Height of the valley at a place."""
        return float((weight[0] ** 2 + self.steepness.value * weight[1] ** 2) / 2)

    def _draw(self, _: Any = None) -> None:
        y, x = np.mgrid[-_HALF_HEIGHT:_HALF_HEIGHT:120j, -_HALF_WIDTH:_HALF_WIDTH:300j]
        height = np.log1p((x**2 + self.steepness.value * y**2) / 2)
        steps = np.floor(height / height.max() * 14) / 14  # level lines
        show_levels(self._picture, 0.75 * steps, -_HALF_WIDTH, _HALF_WIDTH, "probability")
        losses = {}
        for name in COLOURS:
            path = walk(name, self.rate.value, self.momentum.value, float(self.steepness.value), self.n_steps.value)
            losses[name] = self._show(name, path)
        self._numbers.value = figures({f"Loss of {name}": text for name, text in losses.items()})

    def _show(self, name: str, path: Floats) -> str:
        is_inside = (np.abs(path) <= (_HALF_WIDTH, _HALF_HEIGHT)).all(axis=1)
        n_inside = len(path) if is_inside.all() else int(is_inside.argmin())
        shown = path[:n_inside] + np.array([0.0, _HALF_HEIGHT])
        set_line(self._lines[name], shown[:, 0], shown[:, 1])
        set_line(self._dots[name], shown[-1:, 0], shown[-1:, 1])
        loss, at_start = self.loss(path[-1]), self.loss(path[0])
        if len(path) <= self.n_steps.value or loss > _MOST_GROWTH * at_start:
            return "flies away"
        if loss > at_start:
            return "higher than at the start"
        return f"{loss:.3g}" if loss >= 5e-4 else "below 0.0005"
