"""Files for the browser, in chunks that it asks for one after the other.

Nothing piles up on the way, however slow the line is, and no message is large. Jupyter's limit on the data rate
of a kernel counts printed output only, so these messages need no pauses.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

CHUNK_BYTES = 256 * 1024
MAX_OPEN_OFFERS = 4


@dataclass(frozen=True, eq=False)
class Offer:
    """Something the browser may fetch.

    Parameters
    ----------
    file : binary file
        Seekable; it is closed when the browser has it, or wants it no longer.
    media_type : str
        For example ``"audio/mpeg"``.
    name : str
        File name, if it is to be saved as a file.
    """

    file: BinaryIO
    media_type: str
    name: str = ""


class Sender:
    """The sending side of a widget.

    Parameters
    ----------
    send : callable
        The widget's ``send``.
    """

    def __init__(self, send: Callable[..., None]) -> None:
        self._send = send
        self._offers: dict[str, Offer] = {}

    def offer(self, request: str, offer: Offer) -> None:
        """Tell the browser that what it has requested is there; the oldest offer lapses if there are many.

        Parameters
        ----------
        request : str
            The request's id, made by the browser.
        offer : Offer
        """
        self.withdraw(request)
        while len(self._offers) >= MAX_OPEN_OFFERS:
            self.withdraw(next(iter(self._offers)))
        self._offers[request] = offer
        self._send(
            {
                "type": "offer",
                "id": request,
                "n_bytes": offer.file.seek(0, io.SEEK_END),
                "chunk_bytes": CHUNK_BYTES,
                "media_type": offer.media_type,
                "name": offer.name,
            }
        )

    def receive(self, content: dict[str, Any]) -> None:
        """Answer a message of the browser, if it is about an offer."""
        kind, request, offset = content.get("type"), content.get("id"), content.get("offset")
        if not isinstance(request, str):
            return
        if kind == "fetched":
            self.withdraw(request)
        elif kind == "fetch":
            offer = self._offers.get(request)
            if offer is None or type(offset) is not int or offset < 0:
                self._send({"type": "lapsed", "id": request})
                return
            offer.file.seek(offset)
            self._send({"type": "chunk", "id": request, "offset": offset}, [offer.file.read(CHUNK_BYTES)])

    def withdraw(self, request: str) -> None:
        """Close what was offered; nothing happens if nothing was."""
        offer = self._offers.pop(request, None)
        if offer is not None:
            offer.file.close()

    def withdraw_all(self) -> None:
        """Close everything on offer."""
        for request in list(self._offers):
            self.withdraw(request)
