"""From a recording to an `Analysis`, batch by batch."""

from .progress import Progress, StageTimes, WindowBatch
from .stream import BATCH_WINDOWS, analyze, stream_windows

__all__ = ["BATCH_WINDOWS", "Progress", "StageTimes", "WindowBatch", "analyze", "stream_windows"]
