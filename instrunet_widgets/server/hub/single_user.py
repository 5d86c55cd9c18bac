"""The program that a hub starts for each user: the app, for that user alone.

``python -m instrunet_widgets.server.hub``; where to listen, who the user is and how to reach the hub is in
the ``JUPYTERHUB_*`` variables that the hub sets.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import jupyterhub
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop

from ...errors import InstruNetError, ServerError
from ..application import MAX_BODY_BYTES, InstruNetServer, make_server
from ..folders import make_folder, remove_stale_folders
from ..launch import find_notebook
from ..logs import configure_logs
from ..options import ServingOptions
from .provider import HubProvider
from .reports import VERSION_HEADER, HubReports

_NEEDED = ("SERVICE_URL", "SERVICE_PREFIX", "USER", "API_URL", "API_TOKEN", "ACTIVITY_URL", "CLIENT_ID")
NO_SECOND_SPARE = 365 * 86_400.0  # seconds


class UserServer(InstruNetServer):
    """The app behind a hub's proxy, for one user."""

    report_seconds = 300.0

    def make_http_server(self) -> HTTPServer:
        """Make what answers; the hub's proxy says by which address and protocol a visitor came.

        By which name the hub may be called is no business of ours.
        """
        return HTTPServer(self.app, xheaders=True, max_body_size=MAX_BODY_BYTES)

    def init_handlers(self) -> list[Any]:
        """Tell the hub the version with every answer, and leave the check of forms to the hub's own rules."""
        self.app.settings.setdefault("headers", {})[VERSION_HEADER] = jupyterhub.__version__
        self.app.settings["xsrf_cookies"] = False
        # one kernel waits for the page from the start; another one for a second page would cost memory for every user
        self.kernel_manager.spare_delay = NO_SECOND_SPARE
        return super().init_handlers()

    def listen(self) -> None:
        """Answer requests, and report to the hub."""
        provider: Any = self.identity_provider
        reports = HubReports(lambda: provider.last_use, interval=self.report_seconds, token=provider.hub_auth.api_token)
        IOLoop.current().run_sync(reports.check_version)
        IOLoop.current().add_callback(reports.run)
        super().listen()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until the hub ends the program.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if not given.

    Returns
    -------
    status : int
        0 after a signal to end, 1 if the server cannot start.
    """
    args = _parse(argv)
    configure_logs(is_verbose=True)
    try:
        options = read_options(args)
        remove_stale_folders()
        with make_folder() as folder:
            server = make_server(
                find_notebook(), folder=folder, options=options, server_class=UserServer, provider_class=HubProvider
            )
            server.report_seconds = args.report_seconds
            server.open_sockets(options.port or 0, n_tries=1)
            server.start()
    except (InstruNetError, OSError) as error:
        print(f"instrunet: {error}", file=sys.stderr)
        return 1
    return 0


def read_options(args: argparse.Namespace) -> ServingOptions:
    """Take the address from the hub and the limits from the arguments.

    Raises
    ------
    ServerError
        If this program was not started by a hub, or the hub asks for what it cannot do.
    """
    missing = [f"JUPYTERHUB_{name}" for name in _NEEDED if not os.environ.get(f"JUPYTERHUB_{name}")]
    if missing:
        raise ServerError(f"JupyterHub starts this program and sets {', '.join(missing)}; here it is not set.")
    if os.environ.get("JUPYTERHUB_SSL_KEYFILE"):
        raise ServerError("certificates inside the hub (JupyterHub.internal_ssl) are not supported; turn them off.")
    url = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    return ServingOptions(
        host=url.hostname or "",
        port=url.port or 80,
        base_url=os.environ["JUPYTERHUB_SERVICE_PREFIX"],
        sign_in="hub",
        kernels_per_user=args.kernels,
        n_kernels=args.kernels,
        upload_megabytes=args.upload_megabytes,
        analysis_minutes=args.analysis_minutes,
    )


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="single_user", description="The app for one user; JupyterHub starts it.")
    parser.add_argument("--kernels", type=int, default=2, help="pages with a kernel at a time")
    parser.add_argument("--upload-megabytes", type=float, default=512, help="largest recording, in MB")
    parser.add_argument("--analysis-minutes", type=float, default=60, help="longest analysis")
    parser.add_argument("--report-seconds", type=float, default=300, help="time between two reports of activity")
    return parser.parse_args(argv)
