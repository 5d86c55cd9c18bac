"""A reverse proxy says whose request it passes on; only those that are trusted are believed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate
from tornado.iostream import IOStream

from .connections import MAX_CONNECTIONS, Connections

_FORWARDING = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-Ip", "X-Scheme", "Forwarded")


class ProxyAwareServer(HTTPServer):
    """Takes address and protocol of a visitor from the headers of trusted proxies, and drops those of others.

    The nearest address in ``X-Forwarded-For`` that is no trusted proxy's is the visitor's. ``X-Forwarded-Proto`` is
    believed of the proxy that connects. Of other senders all such headers are removed.

    Parameters
    ----------
    request_callback : tornado.web.Application
    trusted_proxies : iterable of str
        IP addresses.
    n_connections : int
        How many there may be at a time.
    **options
        As for `tornado.httpserver.HTTPServer`, ``ssl_options`` for example.
    """

    def initialize(  # type: ignore[override]
        self,
        request_callback: Any,
        *,
        trusted_proxies: Iterable[str] = (),
        n_connections: int = MAX_CONNECTIONS,
        **options: Any,
    ) -> None:
        """Take the settings; tornado calls this in place of ``__init__``."""
        super().initialize(request_callback, **options)
        self._trusted = {ipaddress.ip_address(address) for address in trusted_proxies}
        self._streams = Connections(n_connections)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass  # all is done in `initialize`

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Take a connection, unless there are too many."""
        peer = str(address[0])
        if self._streams.admit(stream, peer, is_trusted=self.is_trusted(peer)):
            super().handle_stream(stream, address)
        else:
            stream.close()

    def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        """Look at the headers before anybody else does."""
        delegate = super().start_request(server_conn, request_conn)
        return _ForwardedRequest(delegate, request_conn.context, self)

    def is_trusted(self, address: str) -> bool:
        """Whether an address is that of a trusted proxy."""
        try:
            return _parse(address) in self._trusted
        except ValueError:
            return False


class _ForwardedRequest(HTTPMessageDelegate):
    def __init__(self, delegate: HTTPMessageDelegate, context: Any, server: ProxyAwareServer) -> None:
        self._delegate, self._context, self._server = delegate, context, server
        self._peer = context.remote_ip, context.protocol

    def headers_received(self, start_line: Any, headers: HTTPHeaders) -> Any:
        if self._server.is_trusted(self._peer[0]):
            self._context.remote_ip = self._find_visitor(headers.get("X-Forwarded-For", ""))
            protocol = headers.get("X-Forwarded-Proto", "").split(",")[-1].strip().lower()
            self._context.protocol = protocol if protocol in ("http", "https") else self._peer[1]
        for name in _FORWARDING:
            headers.pop(name, None)
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Any:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._delegate.finish()
        self._restore()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()
        self._restore()

    def _restore(self) -> None:
        """Believe nothing of one request in the next one on the same connection."""
        self._context.remote_ip, self._context.protocol = self._peer

    def _find_visitor(self, chain: str) -> str:
        nearest = self._peer[0]
        for part in reversed(chain.split(",")):
            try:
                nearest = str(_parse(part.strip()))
            except ValueError:
                break
            if not self._server.is_trusted(nearest):
                break
        return nearest


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    parsed = ipaddress.ip_address(address)
    return getattr(parsed, "ipv4_mapped", None) or parsed
