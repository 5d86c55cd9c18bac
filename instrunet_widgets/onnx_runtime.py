"""ONNX Runtime, kept from reporting to its maker.

The official builds from 1.29 on send what they run, and on what machine, to a host of Microsoft unless they are told
not to before they are loaded [1]_. InstruNet promises that nothing leaves the computer, so it is loaded from here only.

References
----------
.. [1] ONNX Runtime, ``Privacy.md`` and pull request 27379, "Add POSIX telemetry", 2026.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

onnxruntime.disable_telemetry_events()  # on Windows the variable alone does not

__all__ = ["onnxruntime"]
