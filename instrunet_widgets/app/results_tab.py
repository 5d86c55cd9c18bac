"""The Results tab: a card per detected instrument, what is heard only in parts, and all eleven probabilities."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from ..results import Analysis
from ..wording import SCOPE_SENTENCE
from .buttons import CopyButton
from .cards import draw_all_probabilities, draw_cards, write_as_text
from .panels import show
from .state import AppState, as_state
from .styles import Styles

_PER_CENT = "Per cent on a card say how sure the network is where it hears the instrument."


class ResultsView(widgets.VBox):
    """What was found, in words, numbers and small pictures.

    Parameters
    ----------
    source : Analysis or AppState

    Attributes
    ----------
    cards, probabilities : ipywidgets.HTML
        What is on show; every name in them is escaped.
    more : ipywidgets.ToggleButton
        Unfolds `probabilities`.
    """

    def __init__(self, source: Analysis | AppState) -> None:
        self._state = as_state(source)
        self._has_player = isinstance(source, AppState)
        self.cards = widgets.HTML()
        self.probabilities = widgets.HTML()
        self.more = widgets.ToggleButton(description="Show all eleven probabilities")
        self.more.add_class("in-more")
        self._scope = widgets.HTML(f'<p class="in-scope">{_PER_CENT} {SCOPE_SENTENCE}</p>')
        self.copy = CopyButton(self.as_text, label="Copy as text")
        foot = widgets.HBox([self._scope, self.copy])
        foot.add_class("in-results-foot")
        own_styles = [] if self._has_player else [Styles()]
        super().__init__([self.cards, self.more, self.probabilities, foot, *own_styles])
        self.add_class("instrunet")
        self.add_class("in-results")
        self.more.observe(self._unfold, "value")
        self._state.observe(self._draw, "reading")
        self._unfold()
        self._draw()

    def as_text(self) -> str:
        """The results as plain text, for the clipboard."""
        reading = self._state.reading
        return "" if reading is None else write_as_text(reading.analysis, reading.timeline)

    def _unfold(self, _: Any = None) -> None:
        is_open = self.more.value
        self.more.description = f"{'Hide' if is_open else 'Show'} all eleven probabilities"
        show(self.probabilities, is_open)

    def _draw(self, _: Any = None) -> None:
        reading = self._state.reading
        if reading is None:
            return
        self.cards.value = draw_cards(
            reading.analysis, reading.timeline, is_partial=reading.is_partial, has_player=self._has_player
        )
        self.probabilities.value = draw_all_probabilities(reading.analysis, reading.timeline)
