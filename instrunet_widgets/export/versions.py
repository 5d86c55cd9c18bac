"""Which versions of InstruNet and of its libraries are installed, for the record in exported files."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

# What decodes a recording and computes its probabilities.
LIBRARIES = ("numpy", "scipy", "soundfile", "soxr", "av", "onnxruntime")


@cache
def instrunet_version() -> str:
    """Version of the package; "unknown" where it runs from its source without being installed."""
    return _find_version("instrunet-widgets")


@cache
def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the results depend on, by name.

    Those at the time of writing: an analysis that was opened from a file may have been made with others.
    """
    found = {name: _find_version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **found}


def _find_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
