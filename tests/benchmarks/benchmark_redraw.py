"""How long the kernel works when a slider is moved while the charts are on show; run by hand.

    uv run python tests/benchmarks/benchmark_redraw.py

For 3 minutes and for 1 hour of made-up probabilities: decoding and redrawing after each move of a slider (with all that
is sent to the browser, packed), after a change of the visible range, and after a move of the cursor. Median and slowest
of 50, in milliseconds of the processor's time (others may be busy on the machine). A benchmark, not a test: nothing
passes or fails here.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import comm
import numpy as np
from comm.base_comm import BaseComm

from instrunet_widgets.app.state import AppState, Reading, TimeRange
from instrunet_widgets.config import DecodingConfig
from instrunet_widgets.instruments import N_INSTRUMENTS
from instrunet_widgets.results import Analysis, Overview, Thresholds

N_MOVES = 50


def make_analysis(seconds: float) -> Analysis:
    """Probabilities that wander up and down, as music's do."""
    generator = np.random.default_rng(1)
    n_windows = int(seconds / 1.5)
    steps = generator.normal(0, 0.5, (n_windows, N_INSTRUMENTS)).cumsum(axis=0)
    probabilities = (0.5 + 0.5 * np.sin(steps)).astype(np.float32)
    silent = np.zeros(n_windows, dtype=bool)
    silent[::50] = True
    probabilities[silent] = 0
    envelope = generator.uniform(0, 0.8, (4_000, 1)).astype(np.float32) * [-1, 1]
    spectrogram = generator.integers(0, 256, (128, 4_000)).astype(np.uint8)
    return Analysis(
        probabilities=probabilities,
        silent=silent,
        window_starts=np.arange(n_windows) * 1.5,
        window_seconds=3.0,
        hop_seconds=1.5,
        duration=seconds,
        audio_name="music.wav",
        model_name="small",
        model_hash="",
        thresholds=Thresholds(*np.full((3, N_INSTRUMENTS), 0.5)),
        overview=Overview(envelope=envelope, spectrogram=spectrogram),
    )


class Wire(BaseComm):
    """A connection to nobody: packs every message as for the browser, and counts."""

    n_messages = 0
    n_bytes = 0

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys) -> None:
        """Pack and count one message."""
        Wire.n_messages += 1
        Wire.n_bytes += len(json.dumps(data)) + sum(len(bytes(buffer)) for buffer in buffers or ())


def measure(name: str, move: Callable[[int], object]) -> None:
    """Print how long one move takes."""
    times = []
    Wire.n_messages = Wire.n_bytes = 0
    for k in range(N_MOVES):
        began = time.process_time()
        move(k)
        times.append(1e3 * (time.process_time() - began))
    print(
        f"  {name:24} median {statistics.median(times):6.1f} ms   slowest {max(times):6.1f} ms   "
        f"{Wire.n_messages / N_MOVES:.0f} messages, {Wire.n_bytes / N_MOVES / 1e3:.0f} kB"
    )


def main() -> None:
    """Run the benchmark."""
    comm.create_comm = Wire
    from instrunet_widgets.app.charts import VisualizationsTab

    for title, seconds in (("3 minutes", 180.0), ("1 hour", 3_600.0)):
        analysis, state = make_analysis(seconds), AppState()
        state.reading = Reading(analysis, analysis.decode())
        began = time.process_time()
        tab = VisualizationsTab(state)
        print(f"{title}: {analysis.n_windows} windows; charts built in {1e3 * (time.process_time() - began):.0f} ms")

        def set_smoothing(k: int, state: AppState = state, analysis: Analysis = analysis) -> None:
            state.decoding = DecodingConfig(smoothing_windows=k % 7 + 1)
            state.reading = Reading(analysis, analysis.decode(state.decoding))

        def set_threshold(k: int, state: AppState = state, analysis: Analysis = analysis) -> None:
            state.decoding = DecodingConfig(threshold=0.3 + 0.4 * k / N_MOVES)
            state.reading = Reading(analysis, analysis.decode(state.decoding))

        def set_view(k: int, state: AppState = state, seconds: float = seconds) -> None:
            state.view = TimeRange(seconds * 0.2 * k / N_MOVES, seconds * (0.2 * k / N_MOVES + 0.5))

        def set_cursor(k: int, state: AppState = state, seconds: float = seconds) -> None:
            state.cursor = seconds * k / N_MOVES

        measure("threshold, charts shown", set_threshold)
        tab.intensity.legend.shown = list(analysis.instruments)
        measure("threshold, all lines on", set_threshold)
        measure("smoothing, all lines on", set_smoothing)
        measure("decoding alone", lambda k, a=analysis: a.decode(DecodingConfig(threshold=0.3 + 0.4 * k / 50)))
        measure("visible range", set_view)
        measure("cursor", set_cursor)


if __name__ == "__main__":
    main()
