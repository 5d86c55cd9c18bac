"""The names by which a browser may call the server.

A page of another site can make a name of its own point here and would then be of "the same origin". The name in the
``Host`` header gives it away, so every request with a name that is not the server's is refused, static files included.
An IP address cannot be made to point elsewhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Set
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.routing import AnyMatches, Matcher, Rule, RuleRouter
from tornado.web import Application, RequestHandler

from .headers import ProtectiveHeaders
from .logs import log_request
from .options import LOCALHOST, ServingOptions


def only_for_hosts(application: Application, options: ServingOptions) -> RuleRouter:
    """Put a gate before an application that lets no request with a foreign host name through.

    Parameters
    ----------
    application : tornado.web.Application
    options : ServingOptions

    Returns
    -------
    router : tornado.routing.RuleRouter
        For `tornado.httpserver.HTTPServer`.
    """
    refusal = Application([(r".*", _ForeignHostHandler)], transforms=[ProtectiveHeaders], log_function=log_request)
    return RuleRouter([Rule(_OwnHosts(options), application), Rule(AnyMatches(), refusal)])


def find_own_names(options: ServingOptions) -> frozenset[str]:
    """Give the names of the server, in lower case."""
    names = {LOCALHOST, options.host, *options.allowed_hosts}
    if not options.is_loopback:
        names |= {socket.gethostname(), socket.getfqdn()}
    return frozenset(name.lower() for name in names if name)


def find_outward_address() -> str | None:
    """Give the address by which others on the network most likely reach this machine; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # chooses the way out; nothing is sent, and nobody has this address
            address = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if ipaddress.ip_address(address).is_unspecified else address


def is_own_host(host: str, names: Set[str], *, is_loopback: bool) -> bool:
    """Whether a ``Host`` header, without its port, names this server.

    Parameters
    ----------
    host : str
    names : set of str
        The server's names, in lower case.
    is_loopback : bool
        Whether only this machine can connect: then of IP addresses only its own mean the server.
    """
    bare = host.lower().removeprefix("[").removesuffix("]")
    if bare in names:
        return True
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    return address.is_loopback or not is_loopback


class _OwnHosts(Matcher):
    def __init__(self, options: ServingOptions) -> None:
        self._names = find_own_names(options)
        self._is_loopback = options.is_loopback

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return {} if is_own_host(request.host_name, self._names, is_loopback=self._is_loopback) else None


class _ForeignHostHandler(RequestHandler):
    def prepare(self) -> None:
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("403: this server does not go by that name. Its operator can allow the name with --allow-host.\n")
