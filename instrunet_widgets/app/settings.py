"""The settings: how probabilities are read. Moving one writes `state.decoding`; the network does not run again."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from ..config import MAX_SMOOTHING_WINDOWS, DecodingConfig
from .panels import show
from .state import AppState

FIRST_FIXED_THRESHOLD = 0.5
LONGEST_MIN_SEGMENT = 10.0


class SettingsPanel(widgets.VBox):
    """Aggregation, threshold, smoothing and shortest range, each with a line of help, and a reset.

    Parameters
    ----------
    state : AppState
        Its `decoding` is written here, and followed when something else sets it.

    Attributes
    ----------
    aggregation, threshold, smoothing, min_segment : ipywidgets
        The controls.
    is_auto : ipywidgets.Checkbox
        The network's own threshold for each instrument instead of one number.
    """

    def __init__(self, state: AppState) -> None:
        self._state = state
        self._is_following = False
        config = state.decoding
        self.aggregation = widgets.RadioButtons(
            options=[("Mean: typical of the whole", "mean"), ("Max: heard anywhere in it", "max")],
            value=config.aggregation,
            layout={"width": "auto"},
        )
        self.is_auto = widgets.Checkbox(
            description="Auto (one for each instrument)", value=True, indent=False, layout={"width": "auto"}
        )
        self.threshold = widgets.FloatSlider(
            value=FIRST_FIXED_THRESHOLD, min=0, max=1, step=0.01, readout_format=".2f", layout={"width": "auto"}
        )
        self.smoothing = widgets.IntSlider(value=3, min=1, max=MAX_SMOOTHING_WINDOWS, layout={"width": "auto"})
        self.min_segment = widgets.FloatSlider(
            value=0, min=0, max=LONGEST_MIN_SEGMENT, step=0.5, readout_format=".1f", layout={"width": "auto"}
        )
        self.reset = widgets.Button(description="Reset to defaults", layout={"width": "auto"})
        self.reset.add_class("in-quiet")
        super().__init__(
            [
                self._group("Aggregation", "How windows are joined into one score.", self.aggregation),
                self._group(
                    "Detection threshold", "From which confidence on it counts as heard.", self.is_auto, self.threshold
                ),
                self._group("Smoothing", "Moving average over windows, one every 1.5 s.", self.smoothing),
                self._group("Shortest range", "Leave out shorter ranges, in seconds.", self.min_segment),
                self.reset,
            ]
        )
        self.add_class("in-settings")
        self._follow(config)
        for control in (self.aggregation, self.is_auto, self.threshold, self.smoothing, self.min_segment):
            control.observe(self._write, "value")
        self.reset.on_click(self._reset)
        state.observe(lambda change: self._follow(change.new), "decoding")

    def _group(self, title: str, help_text: str, *controls: widgets.Widget) -> widgets.VBox:
        heading = widgets.HTML(f"<h3>{title}</h3><p>{help_text}</p>")
        box = widgets.VBox([heading, *controls])
        box.add_class("in-setting")
        for control in controls:
            control.tooltip = f"{title}: {help_text}"
        return box

    def _write(self, _: Any) -> None:
        if self._is_following:
            return
        self._state.decoding = DecodingConfig(
            aggregation=self.aggregation.value,
            threshold="auto" if self.is_auto.value else round(self.threshold.value, 4),
            smoothing_windows=self.smoothing.value,
            min_segment_seconds=self.min_segment.value,
        )
        self._show_threshold()

    def _follow(self, config: DecodingConfig) -> None:
        """Bring the controls in line with a configuration that was set elsewhere."""
        self._is_following = True
        try:
            self.aggregation.value = config.aggregation
            self.is_auto.value = config.threshold == "auto"
            if config.threshold != "auto":
                self.threshold.value = config.threshold
            self.smoothing.value = config.smoothing_windows
            self.min_segment.max = max(LONGEST_MIN_SEGMENT, config.min_segment_seconds)
            self.min_segment.value = config.min_segment_seconds
        finally:
            self._is_following = False
        self._show_threshold()

    def _show_threshold(self) -> None:
        show(self.threshold, not self.is_auto.value)

    def _reset(self, _: Any) -> None:
        self._state.decoding = DecodingConfig()
        self._is_following = True
        self.threshold.value = FIRST_FIXED_THRESHOLD
        self._is_following = False
