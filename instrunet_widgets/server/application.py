"""Voila with our page, our kernels and our settings."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from pathlib import Path
from typing import Any

from jupyter_server.auth import IdentityProvider
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from traitlets.config import Config
from voila.app import Voila

from .channels import GuardedConnection
from .connections import allow_open_files, count_connections
from .headers import ProtectiveHeaders
from .health import ServingState
from .hosts import only_for_hosts
from .kernel_program import OwnInterpreterSpecs, has_short_sockets
from .kernels import VisitorKernels
from .limits import count_spares, make_page_limits, make_places
from .logs import log_request
from .options import ServingOptions
from .proxies import ProxyAwareServer
from .routes import EXTENSIONS, list_routes
from .sign_in.provider import VisitorProvider
from .tls import make_tls_context

TEMPLATE_FOLDER = Path(__file__).parent / "template"
STYLE_FOLDER = Path(__file__).parent.parent / "app" / "static"

CLOSE_SECONDS = 0.2  # for the word of the end to reach the pages
MAX_MESSAGE_BYTES = 8 * 1024 * 1024  # the largest from a page is a chunk of an upload, 512 kB
MAX_BODY_BYTES = 1024 * 1024  # of requests; no form is larger


class InstruNetServer(Voila):
    """Serves the app's notebook; made by `make_server`."""

    template_paths: list[str]
    options: ServingOptions
    tls: ssl.SSLContext | None

    def setup_template_dirs(self) -> None:
        """Put our templates, and the app's style sheets, before Voila's templates."""
        super().setup_template_dirs()
        self.template_paths = [str(TEMPLATE_FOLDER), str(STYLE_FOLDER), *self.template_paths]

    def init_handlers(self) -> list[Any]:
        """Give all addresses that the server answers to."""
        self.app.add_transform(ProtectiveHeaders)
        # error pages of all handlers in our look
        self.app.settings["jinja2_env"] = self.app.settings["voila_jinja2_env"]
        self.kernel_manager.places = make_places(self.options)
        self.kernel_manager.limits = make_page_limits(self.options)
        self.kernel_manager.notebook = Path(self.notebook_path).resolve()
        self.kernel_manager.n_spares = count_spares(self.options)
        self.identity_provider.on_session_end.append(self.kernel_manager.end_session)
        self.state = ServingState()
        return list_routes(self, self.state)

    def open_sockets(self, first_port: int, *, n_tries: int) -> int:
        """Reserve the first free port.

        Parameters
        ----------
        first_port : int
        n_tries : int
            How many ports are tried, one after the other.

        Returns
        -------
        port : int

        Raises
        ------
        OSError
            If none of them is free.
        """
        failure = OSError("no port to try")
        for port in range(first_port, min(first_port + n_tries, 65_536)):
            try:
                self._sockets: list[socket.socket] = bind_sockets(port, self.options.host or None)
            except OSError as error:
                failure = error
            else:
                self.port = port
                return port
        raise failure

    def make_http_server(self) -> HTTPServer:
        """Make what answers on the reserved port."""
        return ProxyAwareServer(
            only_for_hosts(self.app, self.options),
            trusted_proxies=self.options.trusted_proxies,
            n_connections=count_connections(allow_open_files()),
            ssl_options=self.tls,
            max_body_size=MAX_BODY_BYTES,
            idle_connection_timeout=75,
            body_timeout=60,
        )

    def listen(self) -> None:
        """Answer requests on the reserved port until the program is told to stop."""
        server = self.make_http_server()
        server.add_sockets(self._sockets)
        self.ioloop = IOLoop.current()
        self.ioloop.add_callback(self.kernel_manager.prepare_spare)
        if isinstance(self.identity_provider, VisitorProvider):
            self.ioloop.add_callback(self.identity_provider.start)
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):  # the last one: the terminal was closed
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._handle_signal_stop)
        try:
            self.ioloop.start()
        finally:
            server.stop()
            self.stop()

    def _handle_signal_stop(self, sig: int, frame: Any) -> None:
        """Stop in good order; told so once more, at once."""
        if self.state.is_stopping:
            self.ioloop.add_callback_from_signal(self.ioloop.stop)
        else:
            self.state.is_stopping = True
            self.ioloop.add_callback_from_signal(self._stop_in_order)

    async def _stop_in_order(self) -> None:
        await self.state.drain()
        self.kernel_manager.close_all_pages()
        await asyncio.sleep(CLOSE_SECONDS)
        self.ioloop.stop()

    def stop(self) -> None:
        """End all kernels; their folders go with them."""
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):  # the kernels have seconds to end; then they are killed
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        super().stop()
        if isinstance(self.identity_provider, VisitorProvider):
            self.identity_provider.stop()


def make_server(
    notebook: Path,
    *,
    folder: str,
    options: ServingOptions,
    server_class: type[InstruNetServer] = InstruNetServer,
    provider_class: type[IdentityProvider] | None = None,
) -> InstruNetServer:
    """Make the server, ready to reserve its port and start.

    Parameters
    ----------
    notebook : Path
    folder : str
        An empty folder for the kernels' own folders.
    options : ServingOptions
    server_class : type
    provider_class : type, optional
        Who signs people in; if not given, what the options ask for.

    Returns
    -------
    server : InstruNetServer
    """
    if provider_class is None and options.needs_sign_in:
        from .sign_in.signed_in import SignInProvider

        provider_class = SignInProvider
    config = Config()
    config.Voila.update(
        config_file_paths=[],
        log_level="ERROR",
        ip=options.host,
        base_url=options.base_url,
        identity_provider_class=provider_class or VisitorProvider,
        kernel_websocket_connection_class=GuardedConnection,
        open_browser=False,
        connection_dir_root=folder,
        tornado_settings={
            "websocket_max_message_size": MAX_MESSAGE_BYTES,
            # No pings of tornado's: it drops a connection whose answer waits behind an upload. `OwnKernelChannels`
            # pings in its own way.
            "ws_ping_interval": 0,
            "log_function": log_request,
            "allow_remote_access": True,  # `only_for_hosts` is stricter, and looks at every request
            "xsrf_cookie_kwargs": {"samesite": "Strict"},
        },
    )
    config.VoilaConfiguration.update(
        allow_template_override="NO",
        allow_theme_override="NO",
        file_allowlist=[],
        show_tracebacks=False,
        extension_allowlist=list(EXTENSIONS),
        extension_denylist=[],
        multi_kernel_manager_class=VisitorKernels,
        kernel_spec_manager_class=OwnInterpreterSpecs,
    )
    config.VisitorKernels.update(
        folder=folder,
        allow_tracebacks=False,
        cull_idle_timeout=options.cull_seconds,
        cull_interval=max(1, options.cull_seconds // 4),
    )
    # Of TCP ports, which are chosen before they are taken, one may be gone when the kernel wants it.
    config.KernelManager.transport = "ipc" if has_short_sockets(folder) else "tcp"
    config.KernelRestarter.restart_limit = 0  # a kernel that died has lost the visitor's work: the page says so
    server = server_class(config=config)
    server.options, server.tls = options, make_tls_context(options)
    server.initialize([str(notebook)])
    return server
