"""Whether the server is well, for those who watch over it, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from tornado.web import RequestHandler

DRAIN_SECONDS = 20.0
_POLL_SECONDS = 0.05


class ServingState:
    """Whether the server is stopping, and what it has not finished.

    Attributes
    ----------
    is_stopping : bool
        Then nothing new is begun.
    """

    def __init__(self) -> None:
        self.is_stopping = False
        self._n_running = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens inside as something that a stop waits for."""
        self._n_running += 1
        try:
            yield
        finally:
            self._n_running -= 1

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Begin nothing new, and wait until what is running has finished, or for so many seconds."""
        self.is_stopping = True
        await asyncio.sleep(2 * _POLL_SECONDS)  # what was just read from the network gets its turn
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._n_running and loop.time() < deadline:
            await asyncio.sleep(_POLL_SECONDS)


class HealthHandler(RequestHandler):
    """Says ``{"status": "ok"}``, or 503 while the server is stopping, to everybody; nothing else can be learned."""

    def initialize(self, *, state: ServingState) -> None:
        """Take the state."""
        self._state = state

    def get(self) -> None:
        """Answer."""
        if self._state.is_stopping:
            self.set_status(503)
        self.finish({"status": "stopping" if self._state.is_stopping else "ok"})

    head = get
