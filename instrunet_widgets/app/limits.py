"""How much a page may take; whoever serves it says so in environment variables of its kernel."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

_PREFIX = "INSTRUNET_MAX_"
_OOM_SCORE = Path("/proc/self/oom_score_adj")


@dataclass(frozen=True)
class PageLimits:
    """What one page may take; infinite where nothing is said.

    Parameters
    ----------
    upload_bytes : float
        Size of one file.
    stored_bytes : float
        Size of all files of the page together.
    analysis_seconds : float
        Time for the analysis of one recording.
    memory_bytes : float
        Memory of the kernel; on Linux only.

    Raises
    ------
    ValueError
        If one is not above 0.
    """

    upload_bytes: float = 4e9
    stored_bytes: float = math.inf
    analysis_seconds: float = math.inf
    memory_bytes: float = math.inf

    def __post_init__(self) -> None:
        for one in fields(self):
            if not getattr(self, one.name) > 0:
                raise ValueError(f"{one.name} must be above 0, not {getattr(self, one.name)}.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> PageLimits:
        """Read the limits that hold for this process.

        Raises
        ------
        ValueError
            If a variable is not a number above 0.

        Examples
        --------
        >>> PageLimits.from_environment({"INSTRUNET_MAX_UPLOAD_BYTES": "5e6"}).upload_bytes
        5000000.0
        """
        given = {one.name: environment.get(_PREFIX + one.name.upper()) for one in fields(cls)}
        try:
            return cls(**{name: float(text) for name, text in given.items() if text})
        except ValueError as error:
            named = ", ".join(f"{_PREFIX}{name.upper()}={text}" for name, text in given.items() if text)
            raise ValueError(f"a limit is not a number above 0: {named}") from error

    def to_environment(self) -> dict[str, str]:
        """Write the limits as environment variables."""
        return {_PREFIX + one.name.upper(): repr(float(getattr(self, one.name))) for one in fields(self)}


def confine_process(limits: PageLimits | None = None) -> None:
    """Hold this process to its memory, and let it be the first to end when the machine has none left.

    What counts is what the process can write to (``RLIMIT_DATA``); address space alone (``RLIMIT_AS``) costs nothing,
    and libraries reserve plenty of it. No memory image is written when it crashes: recordings would be in it.

    Parameters
    ----------
    limits : PageLimits, optional
        Those of the environment if not given.
    """
    if not sys.platform.startswith("linux"):
        return
    import resource

    limits = limits or PageLimits.from_environment()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if math.isfinite(limits.memory_bytes):
        n_bytes = int(limits.memory_bytes)
        resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, n_bytes))
    with contextlib.suppress(OSError):
        _OOM_SCORE.write_text("500", encoding="ascii")
