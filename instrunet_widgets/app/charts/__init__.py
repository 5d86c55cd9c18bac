"""Charts of one analysis on a common time axis, in bqplot.

Every view takes an `Analysis` (and then stands alone in a cell) or the app's state, observes only what it draws,
and knows no other view. Importing this loads bqplot; the app does so when the first result arrives.
"""

from __future__ import annotations

from .heat_map import HeatMapView
from .inspector import InspectorView
from .intensity import IntensityView
from .spectrogram import SpectrogramView
from .tab import VisualizationsTab
from .time_axis import TimeAxis
from .timeline import TimelineView
from .waveform import WaveformView

__all__ = [
    "HeatMapView",
    "InspectorView",
    "IntensityView",
    "SpectrogramView",
    "TimeAxis",
    "TimelineView",
    "VisualizationsTab",
    "WaveformView",
]
