"""Start the app as a page on this machine: find the notebook, take a port, open the browser."""

from __future__ import annotations

import errno
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import ServerError
from .options import LOCALHOST, ServingOptions

DEFAULT_PORT = 8866
N_PORTS_TRIED = 50
_PACKAGE = Path(__file__).parent.parent
_NOTEBOOK = Path("notebooks", "instrunet.ipynb")
_LOCAL = ServingOptions()
_ALL_ADDRESSES = ("", "0.0.0.0", "::")
_EASY = "The password for everybody is easy to guess; several words that do not belong together make a good one."
_WORDS = {"open": "open to everybody", "invitation": "by invitation", "closed": "closed"}
_UNENCRYPTED = (
    "Passwords and recordings travel unencrypted: give --certfile and --keyfile, or put a reverse proxy with TLS "
    "in front of it and name that with --trust-proxy."
)


def find_notebook() -> Path:
    """Find the app's notebook: in the package (installed) or beside it (a checkout).

    Returns
    -------
    notebook : Path

    Raises
    ------
    ServerError
        If it is in neither place.
    """
    for folder in (_PACKAGE, _PACKAGE.parent):
        if (folder / _NOTEBOOK).is_file():
            return folder / _NOTEBOOK
    raise ServerError(
        f"the app's notebook {_NOTEBOOK.name} is missing; it belongs into {_PACKAGE.parent / _NOTEBOOK.parent}."
    )


def serve(
    options: ServingOptions = _LOCAL,
    *,
    open_browser: bool = True,
    notebook: Path | None = None,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the app until the program is interrupted.

    Parameters
    ----------
    options : ServingOptions
        Where and to whom; this machine alone, without sign-in, if not given.
    open_browser : bool
        Open the page in the user's browser.
    notebook : Path, optional
        Another notebook than the app's.
    announce : callable
        Gets the line that says where the page is.

    Raises
    ------
    ServerError
        If the notebook is missing, the host or the port cannot be used, or the users file cannot.
    """
    notebook = notebook or find_notebook()
    if options.sign_in in ("accounts", "password"):
        from .accounts.database import check_users_file

        _check_shared_password(options)
        check_users_file(options.users_file)
    # jsonschema would spend seconds on a grammar of international web addresses; nothing here checks any.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from .application import make_server
    from .folders import make_folder, remove_stale_folders
    from .hosts import find_outward_address
    from .logs import configure_logs

    configure_logs(is_verbose=options.needs_sign_in or not options.is_loopback)
    remove_stale_folders()
    with make_folder() as folder:
        server = make_server(notebook, folder=folder, options=options)
        port = options.port
        try:
            taken = server.open_sockets(port or DEFAULT_PORT, n_tries=1 if port else N_PORTS_TRIED)
        except OSError as error:
            raise ServerError(_explain(error, options.host, port)) from error
        address = f"{options.scheme}://{name_of_host(options.host)}:{taken}{options.base_url}"
        moved = "" if taken == (port or DEFAULT_PORT) else f"port {DEFAULT_PORT} is in use; "
        announce(f"InstruNet is at {address} ({moved}Ctrl-C ends it)")
        if options.host in _ALL_ADDRESSES and (outward := find_outward_address()):
            announce(f"Others on the network reach it at {options.scheme}://{outward}:{taken}{options.base_url}")
        for line in _describe_sign_in(options):
            announce(line)
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        server.start()


def _check_shared_password(options: ServingOptions) -> None:
    """Refuse an easy password for everybody where others can try it."""
    if not options.shared_password or options.is_loopback:
        return
    from .accounts.passwords import is_easy_to_guess

    if is_easy_to_guess(options.shared_password):
        raise ServerError(f"{_EASY[:-1]}. On the network an easy one is refused.")


def _describe_sign_in(options: ServingOptions) -> Iterator[str]:
    """Say who can come in, and what is risky about it."""
    if options.sign_in == "accounts":
        from .accounts.database import default_users_file

        place = options.users_file or default_users_file()
        registration = _WORDS[options.registration]
        yield f"People log in with a name and a password; registration is {registration}; users are in {place}"
    elif options.sign_in == "password":
        yield "People log in with the password for everybody (INSTRUNET_PASSWORD); nobody registers."
        from .accounts.passwords import is_easy_to_guess

        if is_easy_to_guess(options.shared_password):
            yield _EASY
    if not (options.is_loopback or options.certfile or options.trusted_proxies):
        yield _UNENCRYPTED


def name_of_host(host: str) -> str:
    """Give the name under which this machine's own browser reaches a server that listens on a host."""
    name = LOCALHOST if host in _ALL_ADDRESSES else host
    return f"[{name}]" if ":" in name else name


def _explain(error: OSError, host: str, port: int | None) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"'{host}' is not an address of this machine; --host 0.0.0.0 takes all that it has."
    if port is None:
        return f"no port from {DEFAULT_PORT} to {DEFAULT_PORT + N_PORTS_TRIED - 1} is free; name one with --port."
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use by another program; name another one, or leave --port out."
    if error.errno == errno.EACCES:
        return f"port {port} is reserved for the system; name one above 1023, or leave --port out."
    return f"port {port} cannot be used ({error.strerror or error})."
