"""What a server is asked to be: its address, who may come in, and how much each may take."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import ServerError

SignIn = Literal["none", "accounts", "password", "hub"]
Registration = Literal["open", "invitation", "closed"]

LOCALHOST = "localhost"
MAX_PASSWORD_LENGTH = 1024
_BASE_URL = re.compile(r"/([\w.~-]+/)*", re.ASCII)
_HOST_NAME = re.compile(r"[\w.-]+|[0-9a-f:.]+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class ServingOptions:
    """Settings of a server; what does not fit together is refused.

    Parameters
    ----------
    host : str
        Name or IP address to listen on; an empty one, ``0.0.0.0`` or ``::`` for all addresses of the machine.
    port : int, optional
        Port; if not given, 8866 or the next free one.
    base_url : str
        Path that all addresses begin with, for a server behind a reverse proxy; begins and ends with a slash.
    sign_in : {"none", "accounts", "password", "hub"}
        Nobody signs in; users with a name and a password each; one password for everybody; a JupyterHub signs people
        in (`instrunet_widgets.server.hub`).
    registration : {"open", "invitation", "closed"}
        Who may make an account: everybody, those with an invitation code, nobody.
    shared_password : str
        The password for everybody.
    idle_minutes : float > 0
        How long a session lives without use.
    session_days : float > 0
        How long a session lives at most.
    users_file : Path, optional
        SQLite file of users and sessions; if not given, one in the user's data folder.
    is_open_network : bool
        Serve other machines without sign-in.
    allowed_hosts : tuple of str
        Names by which browsers may call the server, beside those of the machine itself.
    trusted_proxies : tuple of str
        IP addresses whose ``X-Forwarded-*`` headers are believed.
    certfile, keyfile : Path, optional
        TLS certificate and its key.
    kernels_per_user, n_kernels : int > 0
        Pages with a kernel that one user may have at a time, and that all may have together.
    upload_megabytes : float > 0
        Largest recording, in MB.
    analysis_minutes : float > 0
        Longest analysis.
    cull_seconds : int > 0
        How long a kernel lives after its page was lost.

    Raises
    ------
    ServerError
        If a value makes no sense, or two of them do not go together.
    """

    host: str = LOCALHOST
    port: int | None = None
    base_url: str = "/"
    sign_in: SignIn = "none"
    registration: Registration = "open"
    shared_password: str = field(default="", repr=False)
    idle_minutes: float = 30
    session_days: float = 7
    users_file: Path | None = None
    is_open_network: bool = False
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    certfile: Path | None = None
    keyfile: Path | None = None
    kernels_per_user: int = 4
    n_kernels: int = 40
    upload_megabytes: float = 512
    analysis_minutes: float = 60
    cull_seconds: int = 60

    def __post_init__(self) -> None:
        self._check_choices()
        self._check_address()
        self._check_network()
        for name in ("idle_minutes", "session_days", "kernels_per_user", "n_kernels"):
            self._check_positive(name)
        for name in ("upload_megabytes", "analysis_minutes", "cull_seconds"):
            self._check_positive(name)

    @property
    def needs_sign_in(self) -> bool:
        """Whether visitors must sign in."""
        return self.sign_in != "none"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.host)

    @property
    def scheme(self) -> str:
        """``http`` or ``https``, as the server itself speaks it."""
        return "https" if self.certfile else "http"

    def _check_choices(self) -> None:
        if self.sign_in not in ("none", "accounts", "password", "hub"):
            raise ServerError(f"sign-in is 'none', 'accounts' or 'password', not '{self.sign_in}'.")
        if self.registration not in ("open", "invitation", "closed"):
            raise ServerError(f"registration is 'open', 'invitation' or 'closed', not '{self.registration}'.")
        if (self.sign_in == "password") != bool(self.shared_password):
            raise ServerError("a shared password and the sign-in by 'password' go together: give both or neither.")
        if len(self.shared_password) > MAX_PASSWORD_LENGTH:
            raise ServerError(f"the shared password has more than {MAX_PASSWORD_LENGTH:,} characters.")

    def _check_address(self) -> None:
        if self.port is not None and not 1 <= self.port <= 65_535:
            raise ServerError(f"{self.port} is not a port: give a number from 1 to 65535.")
        if not _BASE_URL.fullmatch(self.base_url):
            raise ServerError(
                f"the base URL '{self.base_url}' is not a path such as /instrunet/ (it begins and ends with a slash)."
            )
        for name in self.allowed_hosts:
            if not _HOST_NAME.fullmatch(name):
                raise ServerError(f"'{name}' is not the name of a host: give it without http:// and without a port.")
        for address in self.trusted_proxies:
            if not _is_address(address):
                raise ServerError(f"'{address}' is not the IP address of a proxy.")
        if bool(self.certfile) != bool(self.keyfile):
            raise ServerError("TLS needs both a certificate and its key: give both files or neither.")
        for path in (self.certfile, self.keyfile):
            if path and not path.is_file():
                raise ServerError(f"{path} is not a file; TLS needs a certificate and its key.")

    def _check_network(self) -> None:
        if not (self.is_loopback or self.needs_sign_in or self.is_open_network):
            raise ServerError(
                f"at '{self.host or '0.0.0.0'}' other machines could open the app, so people must sign in: add "
                "--sign-in, or set INSTRUNET_PASSWORD. To serve everybody who can reach this machine, add "
                "--no-sign-in-on-the-network."
            )

    def _check_positive(self, name: str) -> None:
        value = getattr(self, name)
        if not 0 < value < float("inf"):
            raise ServerError(f"{name.replace('_', ' ')} must be a number above 0, not {value}.")


def is_loopback(host: str) -> bool:
    """Whether a host, a name or an IP address, can be reached from this machine alone."""
    return host == LOCALHOST or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
