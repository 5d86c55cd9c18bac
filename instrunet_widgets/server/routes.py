"""What the server answers to, all of it: Voila's other interfaces, and Jupyter's, are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from jupyter_server.base.handlers import APIHandler, FileFindHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, RequestHandler
from voila.static_file_handler import MultiStaticFileHandler
from voila.utils import get_page_config

from .channels import OwnKernelChannels
from .headers import PageWithScripts
from .health import HealthHandler, ServingState
from .ownership import owner_of
from .page import PENDING_KERNEL, PageHandler, StartHandler

# Of the installed JupyterLab extensions, what the app is made of.
EXTENSIONS = (
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
    "bqplot",
    "bqscales",
)
# Voila would load a megabyte of MathJax for formulas that the app has none of; page.js stands in for it.
_NO_MATHJAX_PATH = "/instrunet/no-mathjax.js"
_KERNEL_ID = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"


class _OwnKernel(APIHandler):
    """A kernel of somebody else is not there, as one that does not exist."""

    async def prepare(self) -> None:  # type: ignore[override]
        await super().prepare()
        owner = owner_of(self)
        manager: Any = self.kernel_manager
        if owner is None:
            raise HTTPError(403)
        if not manager.is_owner(self.path_kwargs["kernel_id"], owner):
            raise HTTPError(404)


class OwnKernelHandler(_OwnKernel, KernelHandler):
    """Tells of a kernel, and ends it."""


class EndHandler(_OwnKernel):
    """Ends a kernel when its page is closed."""

    async def post(self, kernel_id: str) -> None:
        """End it."""
        manager: Any = self.kernel_manager
        await manager.end_kernel(kernel_id)
        self.set_status(204)
        self.finish()  # not awaited: the page that asked may be gone by now


class ExtensionFileHandler(PageWithScripts, FileFindHandler):
    """Gives the files of the extensions that the app is made of."""

    def parse_url_path(self, url_path: str) -> str:
        """Refuse files of other extensions."""
        if not any(url_path.startswith(f"{name}/") for name in EXTENSIONS):
            raise HTTPError(404)
        return str(super().parse_url_path(url_path))


class NoMathJaxHandler(RequestHandler):
    """Gives an empty script."""

    def get(self) -> None:
        """Send nothing."""
        self.set_header("Content-Type", "text/javascript; charset=utf-8")


def list_routes(server: Any, state: ServingState) -> list[Any]:
    """Give the addresses of the app, and who answers there.

    Parameters
    ----------
    server : InstruNetServer
        One whose application is made.
    state : ServingState

    Returns
    -------
    routes : list of tuple
        As `tornado.web.Application` takes them; the last one takes all that is left.
    """
    notebook = Path(server.notebook_path).resolve()
    page_config = get_page_config(server.base_url, server.app.settings, server.log, server.voila_configuration)
    no_mathjax = {"fullMathjaxUrl": _put_below(server.base_url, _NO_MATHJAX_PATH), "mathjaxConfig": "none"}
    page = {
        "title": nbformat.read(notebook, as_version=4).metadata.get("title", notebook.stem),
        "page_config": {**page_config, **no_mathjax, "kernelId": PENDING_KERNEL, "jupyterLabTheme": "light"},
        "voila_configuration": server.voila_configuration,
    }
    extensions = {"path": server.labextensions_path, "no_cache_paths": ["/"]}
    routes: list[Any] = [
        ("/health", HealthHandler, {"state": state}),
        (f"/api/kernels/{_KERNEL_ID}", OwnKernelHandler),
        (f"/api/kernels/{_KERNEL_ID}/channels", OwnKernelChannels),
        (f"/voila/api/shutdown/{_KERNEL_ID}", EndHandler),
        ("/voila/static/(.*)", MultiStaticFileHandler, {"paths": server.static_paths}),
        ("/voila/labextensions/(.*)", ExtensionFileHandler, extensions),
        ("/instrunet/start", StartHandler, {"state": state}),
        (_NO_MATHJAX_PATH, NoMathJaxHandler),
        ("/(.*)", PageHandler, page),
    ]
    below = [(_put_below(server.base_url, route[0]), *route[1:]) for route in routes]
    return [*server.identity_provider.get_handlers(), *below]  # the first ones are below the base URL already


def _put_below(base_url: str, path: str) -> str:
    return str(url_path_join(base_url, path))
