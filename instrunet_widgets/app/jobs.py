"""Running an analysis beside the page: worker thread, event loop, and what to show of an unfinished result."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any

from .state import Activity, Recording

if TYPE_CHECKING:
    from ..classifier import Classifier
    from ..pipeline import WindowBatch
    from ..results import Analysis


def run_or_schedule(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Start a coroutine on the running event loop; where there is none (a script, a test), run it to its end."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return None
    return loop.create_task(work)


async def in_worker(work: Callable[[], Any], seconds: float = math.inf) -> Any:
    """Await a blocking call on a worker thread.

    Raises
    ------
    TimeoutError
        If it has not returned after `seconds`. The thread goes on until it does.
    """
    result = asyncio.get_running_loop().run_in_executor(None, work)
    return await asyncio.wait_for(result, None if math.isinf(seconds) else max(seconds, 0.0))


def close_when_done(batches: Generator[Any, None, None]) -> None:
    """Close a generator, if no thread is inside it; then it ends with the thread's step."""
    with contextlib.suppress(ValueError):  # "generator already executing"
        batches.close()


def say_too_long(name: str, seconds: float) -> str:
    """Say that an analysis took longer than the server allows."""
    allowed = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
    return (
        f"{name} was not analysed: it took longer than the {allowed} that this server allows. Cut it "
        "into shorter recordings, or analyse it on a computer of your own."
    )


def say_no_memory(name: str) -> str:
    """Say that an analysis took more memory than there is."""
    return (
        f"{name} was not analysed: there is not enough memory for it here. Cut it into shorter recordings, or analyse "
        "it on a computer of your own."
    )


def describe_batch(batch: WindowBatch, recording: Recording, elapsed: float) -> Activity:
    """How far an analysis is, with the time left by the pace so far (`elapsed` in s)."""
    fraction = batch.progress.fraction
    left = elapsed * (1 - fraction) / fraction if fraction else None
    return Activity("Listening", recording.name, fraction, left, recording.key)


def join_batches(batches: list[WindowBatch], classifier: Classifier, name: str) -> Analysis:
    """The results so far as an `Analysis`, without its pictures."""
    import numpy as np

    from ..results import Analysis

    starts = np.concatenate([batch.starts for batch in batches])
    silent = np.concatenate([batch.silent for batch in batches])
    window = classifier.feature_config.window_seconds
    hop = float(starts[1] - starts[0]) if len(starts) > 1 else window
    return Analysis(
        probabilities=np.concatenate([batch.probabilities for batch in batches]),
        silent=silent,
        window_starts=starts,
        window_seconds=window,
        hop_seconds=hop,
        duration=max(batches[-1].progress.seconds_done, 1e-3),
        audio_name=name,
        model_name=classifier.name,
        model_hash=classifier.weights_hash,
        thresholds=classifier.model_thresholds.of_recording(silent, hop),
        instruments=tuple(classifier.instruments),
    )
