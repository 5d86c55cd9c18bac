"""Hears which of eleven instruments play in a recording, and when.

>>> from instrunet_widgets import analyze, Classifier, DecodingConfig

``analyze("music.mp3")`` gives an `Analysis`; ``analysis.decode(DecodingConfig(threshold=0.4))`` reads it
again with other settings without running the network. Names are imported when they are first used, so that
``import instrunet_widgets`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .classifier import Classifier
    from .config import DecodingConfig, WindowConfig
    from .pipeline import analyze
    from .results import Analysis

    __version__: str

__all__ = ["Analysis", "Classifier", "DecodingConfig", "WindowConfig", "__version__", "analyze"]

_HOME_MODULES = {
    "Analysis": "results",
    "Classifier": "classifier",
    "DecodingConfig": "config",
    "WindowConfig": "config",
    "analyze": "pipeline",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("instrunet-widgets")
    elif name in _HOME_MODULES:
        value = getattr(import_module(f".{_HOME_MODULES[name]}", __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
