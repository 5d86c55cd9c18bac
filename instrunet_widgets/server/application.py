"""Voila with our page, our kernels and our settings."""

from __future__ import annotations

import signal
import socket
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from jupyter_server.auth import IdentityProvider
from jupyter_server.utils import url_path_join
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from traitlets.config import Config
from voila.app import Voila
from voila.tornado.handler import TornadoVoilaHandler
from voila.utils import get_page_config

from .hosts import only_for_hosts
from .kernels import OwnInterpreterSpecs, VisitorKernels
from .options import ServingOptions
from .page import PENDING_KERNEL, PageHandler, StartHandler
from .sign_in.provider import SignInProvider, VisitorProvider

TEMPLATE_FOLDER = Path(__file__).parent / "template"
STYLE_FOLDER = Path(__file__).parent.parent / "app" / "static"

# Of the installed JupyterLab extensions, what the app is made of.
EXTENSIONS = (
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
    "bqplot",
    "bqscales",
)
# Voila would load a megabyte of MathJax for formulas that the app has none of; page.js stands in for it.
NO_MATHJAX = {"fullMathjaxUrl": "data:text/javascript,//", "mathjaxConfig": "none"}
MAX_MESSAGE_BYTES = 256 * 1024 * 1024


class InstruNetServer(Voila):
    """Serves the app's notebook; made by `make_server`."""

    template_paths: list[str]
    options: ServingOptions

    def setup_template_dirs(self) -> None:
        """Put our templates, and the app's style sheets, before Voila's templates."""
        super().setup_template_dirs()
        self.template_paths = [str(TEMPLATE_FOLDER), str(STYLE_FOLDER), *self.template_paths]

    def init_handlers(self) -> list[Any]:
        """Let our handlers give and start the page."""
        notebook = Path(self.notebook_path).resolve()
        settings = self.app.settings
        page_config = get_page_config(self.base_url, settings, self.log, self.voila_configuration)
        page = {
            "title": nbformat.read(notebook, as_version=4).metadata.get("title", notebook.stem),
            "page_config": {**page_config, **NO_MATHJAX, "kernelId": PENDING_KERNEL, "jupyterLabTheme": "light"},
            "voila_configuration": self.voila_configuration,
        }
        others = [handler for handler in super().init_handlers() if handler[1] is not TornadoVoilaHandler]
        return [
            *others,
            (url_path_join(self.server_url, "/instrunet/start"), StartHandler, {"notebook": notebook}),
            (url_path_join(self.server_url, "/(.*)"), PageHandler, page),
        ]

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
        return HTTPServer(only_for_hosts(self.app, self.options))

    def listen(self) -> None:
        """Answer requests on the reserved port until the program is told to stop."""
        server = self.make_http_server()
        server.add_sockets(self._sockets)
        self.ioloop = IOLoop.current()
        self.ioloop.add_callback(self.kernel_manager.prepare_spare)
        if hasattr(signal, "SIGHUP"):  # the terminal was closed
            signal.signal(signal.SIGHUP, self._handle_signal_stop)
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            pass
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the kernels have seconds to end; then they are killed
            server.stop()
            self.stop()


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
    provider_class = provider_class or (SignInProvider if options.needs_sign_in else VisitorProvider)
    config = Config()
    config.Voila.update(
        config_file_paths=[],
        log_level="ERROR",
        ip=options.host,
        base_url=options.base_url,
        identity_provider_class=provider_class,
        open_browser=False,
        connection_dir_root=folder,
        tornado_settings={
            "websocket_max_message_size": MAX_MESSAGE_BYTES,
            # No pings: a healthy connection can lose against a timeout as short as tornado wants it (no longer than
            # the interval), and the page asks the kernel for a sign of life itself.
            "ws_ping_interval": 0,
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
    config.KernelRestarter.restart_limit = 0  # a kernel that died has lost the visitor's work: the page says so
    server = server_class(config=config)
    server.options = options
    server.initialize([str(notebook)])
    return server


def make_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder for a server's kernels, which goes when the server ends."""
    return tempfile.TemporaryDirectory(prefix="instrunet-", ignore_cleanup_errors=True)
