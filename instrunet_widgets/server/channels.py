"""The websocket between a page and its kernel: for its owner only, and for widgets only.

A kernel would run any code that it is sent (``execute_request``), and tell much about the machine. The page needs none
of that: the server itself runs the notebook's cells. So of the messages from a browser only those pass that widgets
exchange, rebuilt from the parts that they need.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from itertools import pairwise
from typing import Any

import zmq
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import HTTPError
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler, read_header_from_binary_message

from .logs import LOGGER_NAME
from .ownership import owner_of
from .sign_in.activity import is_use

PROTOCOL = "v1.kernel.websocket.jupyter.org"
PING_SECONDS = 25.0  # proxies often close what has been silent for 60
MAX_UNANSWERED_PINGS = 4
NOTE_USE_SECONDS = 15.0
MAX_SOCKETS = 8  # of one kernel: its page has one, and more for a while when a line breaks again and again
MAX_UNSENT_BYTES = 128 * 1024 * 1024  # of a page that does not read
MAX_WAITING_MESSAGES = 8  # of a kernel that does not read; then no more is taken from its page
_WAIT_SECONDS = 0.05

_MESSAGE_TYPES = frozenset({"comm_open", "comm_msg", "comm_close", "comm_info_request", "kernel_info_request"})
# The browser may ask for the state of all widgets; it makes none of its own.
_COMM_TARGET = "jupyter.widget.control"
# What a kernel prints, and what it says of its errors, names folders of this machine.
_OUTGOING_TYPES = frozenset(
    {"comm_open", "comm_msg", "comm_close", "comm_info_reply", "kernel_info_reply", "status", "iopub_welcome"}
)
_HEADER_FIELDS = ("msg_id", "msg_type", "session", "username", "date", "version")
_MAX_PARTS = 1_000
_log = logging.getLogger(LOGGER_NAME)


class ForbiddenMessageError(ValueError):
    """A message that a browser may not send to a kernel."""


class GuardedConnection(ZMQChannelsWebsocketConnection):
    """Lets messages of widgets through to the kernel, and nothing else."""

    def create_stream(self) -> None:
        """Connect to the kernel; what it has no time for shall not pile up here."""
        super().create_stream()
        self.channels["shell"].setsockopt(zmq.SNDHWM, MAX_WAITING_MESSAGES)

    @property
    def is_full(self) -> bool:
        """Whether the kernel has not taken what it was sent."""
        stream = self.channels.get("shell")
        if stream is None or stream.closed():
            return False
        stream.flush(zmq.POLLOUT)
        return bool(stream.sending())

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass a message on, or end a connection whose messages are no widget's."""
        if not self.channels:
            return
        try:
            parts = split_message(incoming_msg)
            header, content = self.session.unpack(parts[0]), self.session.unpack(parts[3])
            parts[0] = self.session.pack(check_message(header, content))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            reason = str(error) if isinstance(error, ForbiddenMessageError) else "it could not be read"
            _log.warning("kernel %s: message refused, %s", self.kernel_id, reason)
            self.websocket_handler.close(1008, "this message is not allowed")
            return
        self.session.send_raw(self.channels["shell"], parts)


def split_message(message: object) -> list[bytes]:
    """Split a message of Jupyter's websocket protocol v1 to the shell channel.

    Parameters
    ----------
    message : bytes

    Returns
    -------
    parts : list of bytes
        Header, parent header, metadata, content and buffers.

    Raises
    ------
    ForbiddenMessageError
        If it is to another channel.
    ValueError
        If it does not follow the protocol.
    """
    if not isinstance(message, bytes) or len(message) < 8:
        raise ValueError("no message of protocol v1")
    n_offsets = int.from_bytes(message[:8], "little")
    if not 6 <= n_offsets <= _MAX_PARTS or len(message) < 8 * (n_offsets + 1):
        raise ValueError("no message of protocol v1")
    offsets = [int.from_bytes(message[8 * k : 8 * k + 8], "little") for k in range(1, n_offsets + 1)]
    if sorted(offsets) != offsets or offsets[-1] > len(message):
        raise ValueError("no message of protocol v1")
    channel, *parts = [message[start:end] for start, end in pairwise(offsets)]
    if channel != b"shell":
        raise ForbiddenMessageError("it is for another channel than shell")
    return parts


def check_message(header: Any, content: Any) -> dict[str, Any]:
    """Refuse what is no message of widgets.

    Parameters
    ----------
    header, content : dict
        As Jupyter's messaging protocol has them.

    Returns
    -------
    header : dict
        What the kernel gets of it.

    Raises
    ------
    ForbiddenMessageError
        If a browser may not send it.
    ValueError
        If it is no message at all.
    """
    if not isinstance(header, dict) or not isinstance(content, dict):
        raise ValueError("no message")
    kind = header.get("msg_type")
    if kind not in _MESSAGE_TYPES:
        raise ForbiddenMessageError(f"its type {str(kind)[:40]!r} is not allowed")
    if kind == "comm_open" and content.get("target_name") != _COMM_TARGET:
        raise ForbiddenMessageError("it would make a widget")
    kept = {name: header[name] for name in _HEADER_FIELDS if name in header}
    if not all(isinstance(value, str) for value in kept.values()) or "msg_id" not in kept:
        raise ValueError("no message")
    return kept


class OwnKernelChannels(VoilaKernelWebsocketHandler):
    """The websocket of a kernel, for the session that the kernel belongs to.

    It is kept open by pings, and closed when the other side has answered none for long and sent nothing else either: a
    slow line that is full of an upload is not dead.
    """

    _n_unanswered = 0
    _n_unsent = 0
    _use_noted_at = float("-inf")
    _pings: PeriodicCallback | None = None

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Let the owner in, and nobody else."""
        await super().prepare(*args, **kwargs)
        owner, manager = owner_of(self), self.kernel_manager
        if owner is None or not manager.is_owner(self.path_kwargs["kernel_id"], owner):
            raise HTTPError(403)
        if manager.count_pages(self.path_kwargs["kernel_id"]) >= MAX_SOCKETS:
            raise HTTPError(429)
        self._session = owner.session
        if PROTOCOL not in self.request.headers.get("Sec-WebSocket-Protocol", ""):
            raise HTTPError(400)

    async def open(self, kernel_id: str) -> None:
        """Connect page and kernel."""
        self.kernel_manager.add_page(kernel_id, self)
        self._pings = PeriodicCallback(self._ping, 1000 * PING_SECONDS)
        self._pings.start()
        await super().open(kernel_id)

    def on_message(self, ws_message: Any) -> Awaitable[None] | None:
        """Take a message from the page; the next one is read when the kernel has room for it."""
        self._n_unanswered = 0
        self._note_use(ws_message)
        super().on_message(ws_message)
        return self._wait_for_kernel() if self.connection is not None and self.connection.is_full else None

    async def _wait_for_kernel(self) -> None:
        while self.connection is not None and self.connection.is_full:
            self._n_unanswered = 0  # no answer can be read meanwhile
            await asyncio.sleep(_WAIT_SECONDS)

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send a message to the page, if it is one of those that it needs."""
        header = read_header_from_binary_message(message) if isinstance(message, bytes) else None
        if not header or header.get("msg_type") not in _OUTGOING_TYPES:
            return None
        if self.ws_connection is None or self.ws_connection.is_closing():
            return None
        if self._n_unsent + len(message) > MAX_UNSENT_BYTES:
            _log.warning("kernel %s: its page does not read what it is sent", self.kernel_id)
            self.close(1008, "nothing is read")
            return None
        self._note_use(message)
        sent = super().write_message(message, binary)
        self._n_unsent += len(message)
        sent.add_done_callback(lambda done: self._forget_sent(done, len(message)))
        return sent

    def _forget_sent(self, sent: asyncio.Future[None], n_bytes: int) -> None:
        self._n_unsent -= n_bytes
        if not sent.cancelled():
            sent.exception()  # the page has gone: no news

    def on_pong(self, data: bytes) -> None:
        """Note that the other side is there."""
        self._n_unanswered = 0

    def on_close(self) -> None:
        """Put everything away."""
        if self._pings:
            self._pings.stop()
            self.kernel_manager.remove_page(self.kernel_id, self)
        if self.connection is not None:
            super().on_close()

    def _ping(self) -> None:
        if self.ws_connection is None:
            return
        if self._n_unanswered >= MAX_UNANSWERED_PINGS:
            _log.info("kernel %s: its page has not answered for long", self.kernel_id)
            self.close(1001, "no answer")
            return
        self._n_unanswered += 1
        self.ping(b"")

    def _note_use(self, message: Any) -> None:
        now = IOLoop.current().time()
        if now - self._use_noted_at > NOTE_USE_SECONDS and is_use(message):
            self._use_noted_at = now
            self.identity_provider.note_use(self._session)
