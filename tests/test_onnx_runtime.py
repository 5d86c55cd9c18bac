"""ONNX Runtime does what it is asked to do and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# What tells ONNX Runtime by itself that it should be silent; here it is to be told by us.
HINTS = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "GITHUB_ACTIONS", "TF_BUILD", "BUILD_ID")
PROGRAM = """
import psutil
from instrunet_widgets import Classifier
Classifier.load()
print(*(connection.raddr for connection in psutil.Process().net_connections("inet") if connection.raddr))
"""


def test_running_the_network_tells_nobody_and_leaves_no_mark(tmp_path: Path) -> None:
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "HOME", "XDG_CACHE_HOME"), str(tmp_path))
    environment = {name: value for name, value in os.environ.items() if name not in HINTS} | places
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""
    assert list(tmp_path.iterdir()) == []  # the sender keeps a session file and an identifier of the machine
