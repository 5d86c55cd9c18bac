"""``instrunet app``: the app as a page in the browser."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..server.options import ServingOptions

PASSWORD_VARIABLE = "INSTRUNET_PASSWORD"

_DESCRIPTION = """\
Serves the app and opens it in the browser. Without further options nobody but you can reach it, and no recording leaves
the machine. Each page has a Python process of its own, which ends soon after the page is closed; Ctrl-C ends them all.

With --sign-in people register and log in. When the variable INSTRUNET_PASSWORD is set, everybody logs in with that
password instead, and nobody registers.
"""

_EPILOG = """\
examples:
  instrunet app                                          for yourself
  instrunet app --sign-in                                for several people at this machine
  instrunet app --host 0.0.0.0 --sign-in --certfile cert.pem --keyfile key.pem
                                                         for a class
  instrunet app --sign-in --allow-host music.example --base-url /instrunet/ --trust-proxy 127.0.0.1
                                                         behind a reverse proxy on this machine
"""


def add_parser(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "app",
        help="open the app in the browser",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=_port, metavar="N", help="port (default: 8866, or the next free one)")
    parser.add_argument("--no-browser", action="store_true", help="only serve the page")
    _add_sign_in(parser.add_argument_group("sign-in"))
    _add_network(parser.add_argument_group("network"))
    _add_limits(parser.add_argument_group("limits, where people sign in or the app is on the network"))
    parser.set_defaults(run=run)


def _add_sign_in(group: Any) -> None:
    group.add_argument("--sign-in", action="store_true", help="people must log in, and can register")
    group.add_argument(
        "--registration",
        choices=("open", "invitation", "closed"),
        help="with --sign-in, who may register: everybody, those with a code from 'instrunet users invite', nobody "
        "(default: open)",
    )
    group.add_argument(
        "--idle-minutes", type=_minutes, default=30, metavar="N", help="log out after so long without use (default: 30)"
    )
    group.add_argument(
        "--users-file", type=Path, metavar="FILE", help="where users are kept (default: your data folder)"
    )


def _add_network(group: Any) -> None:
    group.add_argument(
        "--host", default="localhost", metavar="HOST",
        help="address to listen on; 0.0.0.0 for all (default: localhost, which only this machine can reach)",
    )  # fmt: skip
    group.add_argument(
        "--no-sign-in-on-the-network", action="store_true",
        help="with --host: let in everybody who can reach this machine",
    )  # fmt: skip
    group.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="a name by which browsers may call the server, as 'music.example'; can be given several times",
    )  # fmt: skip
    group.add_argument("--base-url", default="/", metavar="PATH", help="path of the app, as '/instrunet/' (default: /)")
    group.add_argument(
        "--trust-proxy", action="append", default=[], metavar="ADDRESS",
        help="IP address of a reverse proxy whose X-Forwarded headers are believed; can be given several times",
    )  # fmt: skip
    group.add_argument("--certfile", type=Path, metavar="FILE", help="TLS certificate; the app is then at https://")
    group.add_argument("--keyfile", type=Path, metavar="FILE", help="key of the TLS certificate")


def _add_limits(group: Any) -> None:
    group.add_argument("--kernels", type=_count, default=40, metavar="N", help="open pages in all (default: 40)")
    group.add_argument(
        "--kernels-per-user", type=_count, default=4, metavar="N", help="open pages of one user (default: 4)"
    )
    group.add_argument(
        "--upload-megabytes", type=_count, default=512, metavar="N", help="largest recording, in MB (default: 512)"
    )
    group.add_argument(
        "--analysis-minutes", type=_minutes, default=60, metavar="N", help="longest analysis (default: 60)"
    )


def run(args: argparse.Namespace) -> int:
    """Serve the app until Ctrl-C."""
    from ..server.launch import serve

    options = read_options(args, os.environ.pop(PASSWORD_VARIABLE, None))  # none of the kernels' processes gets it
    serve(options, open_browser=not args.no_browser, announce=_announce)
    return 0


def read_options(args: argparse.Namespace, shared_password: str | None) -> ServingOptions:
    """Make a server's options of the arguments.

    Parameters
    ----------
    args : argparse.Namespace
    shared_password : str or None
        The password for everybody.

    Returns
    -------
    options : ServingOptions

    Raises
    ------
    ServerError
        If they do not go together.
    """
    from ..errors import ServerError
    from ..server.options import ServingOptions

    if shared_password is not None and not shared_password.strip():
        raise ServerError(f"{PASSWORD_VARIABLE} is set but empty: give it a password, or unset it.")
    if args.registration and not args.sign_in:
        raise ServerError(f"--registration {args.registration} needs --sign-in; without it nobody logs in.")
    if args.registration and shared_password:
        raise ServerError(f"where {PASSWORD_VARIABLE} is set nobody registers; leave --registration out, or unset it.")
    base_url = f"/{args.base_url.strip('/')}/" if args.base_url.strip("/") else "/"
    return ServingOptions(
        host=args.host,
        port=args.port,
        base_url=base_url,
        sign_in="password" if shared_password else "accounts" if args.sign_in else "none",
        registration=args.registration or "open",
        shared_password=shared_password or "",
        idle_minutes=args.idle_minutes,
        users_file=args.users_file,
        is_open_network=args.no_sign_in_on_the_network,
        allowed_hosts=tuple(args.allow_host),
        trusted_proxies=tuple(args.trust_proxy),
        certfile=args.certfile,
        keyfile=args.keyfile,
        kernels_per_user=args.kernels_per_user,
        n_kernels=args.kernels,
        upload_megabytes=args.upload_megabytes,
        analysis_minutes=args.analysis_minutes,
    )


def _announce(line: str) -> None:
    print(line, flush=True)


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: give a number from 1 to 65535")
    return port


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is no time: give minutes, a number above 0")
    return minutes


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= number <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to 1,000,000")
    return number
