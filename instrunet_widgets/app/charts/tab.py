"""All charts of the recording on show, over one time axis, with the inspector beside them."""

from __future__ import annotations

import ipywidgets as widgets

from ...results import Analysis
from ..state import AppState, as_state
from ..styles import Styles
from .frame import TimeFrame
from .heat_map import HeatMapView
from .inspector import InspectorView
from .intensity import IntensityView
from .loader import CloseUpLoader
from .spectrogram import SpectrogramView
from .time_axis import TimeAxis
from .timeline import TimelineView
from .waveform import WaveformView


class VisualizationsTab(widgets.Box):
    """The stack of charts and the inspector.

    Parameters
    ----------
    source : Analysis or AppState
        An analysis to show on its own, or the state of an app to follow.

    Attributes
    ----------
    waveform, spectrogram, intensity, heat_map, timeline : ChartView
    inspector : InspectorView
    time_axis : TimeAxis
    """

    def __init__(self, source: Analysis | AppState) -> None:
        state = as_state(source)
        frame = TimeFrame(state)
        loader = CloseUpLoader(state)
        self.waveform = WaveformView(state, frame=frame, loader=loader)
        self.spectrogram = SpectrogramView(state, frame=frame, loader=loader)
        self.intensity = IntensityView(state, frame=frame)
        self.heat_map = HeatMapView(state, frame=frame)
        self.timeline = TimelineView(state, frame=frame)
        self.inspector = InspectorView(state)
        self.time_axis = TimeAxis(state, frame)
        charts = (self.waveform, self.spectrogram, self.intensity, self.heat_map, self.timeline)
        self.stack = widgets.VBox([self.time_axis, *charts])
        self.stack.add_class("in-stack")
        own_styles = [] if isinstance(source, AppState) else [Styles()]
        super().__init__([self.stack, self.inspector, *own_styles])
        self.add_class("instrunet")
        self.add_class("in-visualizations")
