"""Servers for the tests of sign-in, isolation and limits, and visitors that have signed in."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from running import Server, find_free_port, run_server

PASSWORD = "several odd words"
READY = "InstruNet is at"


def options_command(notebook: Path | None = None, before: str = "", **options: Any) -> list[str]:
    """The program that serves with such options (paths as strings), after other statements."""
    program = (
        f"{before}\n"
        "from pathlib import Path; from instrunet_widgets.server.launch import ServingOptions, serve\n"
        f"options = {options!r}\n"
        "for name in ('users_file', 'certfile', 'keyfile'):\n"
        "    if name in options: options[name] = Path(options[name])\n"
        f"serve(ServingOptions(**options), open_browser=False, notebook={'None' if notebook is None else ''}"
        + (f"Path({str(notebook)!r})" if notebook else "")
        + ")"
    )
    return [sys.executable, "-c", program]


@contextmanager
def serve(folder: Path, *, env: dict[str, str] | None = None, before: str = "", **options: Any) -> Iterator[Server]:
    """The app for people who sign in, until the block ends; its users are kept in the folder."""
    port = options.pop("port", None) or find_free_port()
    before = f"from instrunet_widgets.server import limits; limits.N_SPARES = 1\n{before}"
    settings = {"sign_in": "accounts", "users_file": str(folder / "users.sqlite"), "port": port, **options}
    if settings["sign_in"] == "none":
        del settings["users_file"]
    scheme = "https" if "certfile" in settings else "http"
    url = f"{scheme}://localhost:{port}{settings.get('base_url', '/')}"
    with run_server(options_command(before=before, **settings), url, READY, folder=folder, env=env) as server:
        yield server


def make_recording(seconds: float = 6.0) -> bytes:
    """A tone, as a WAV file."""
    times = np.arange(round(16_000 * seconds)) / 16_000
    file = io.BytesIO()
    soundfile.write(file, (0.3 * np.sin(2_800 * times)).astype(np.float32), 16_000, format="WAV")
    return file.getvalue()
