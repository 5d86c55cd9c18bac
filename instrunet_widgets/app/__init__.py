"""The app as a widget: `InstruNetApp`, and its single views for a cell of their own.

>>> from instrunet_widgets.app import InstruNetApp, ResultsView  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .charts import HeatMapView, InspectorView, IntensityView, SpectrogramView, TimelineView, WaveformView
    from .export_tab import ExportView
    from .instrunet_app import InstruNetApp
    from .results_tab import ResultsView

_HOME_MODULES = {
    "InstruNetApp": "instrunet_app",
    "ResultsView": "results_tab",
    "ExportView": "export_tab",
    "WaveformView": "charts",
    "SpectrogramView": "charts",
    "IntensityView": "charts",
    "HeatMapView": "charts",
    "TimelineView": "charts",
    "InspectorView": "charts",
}
__all__ = [
    "ExportView",
    "HeatMapView",
    "InspectorView",
    "InstruNetApp",
    "IntensityView",
    "ResultsView",
    "SpectrogramView",
    "TimelineView",
    "WaveformView",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value
