"""The page and its start.

The page comes at once and without a kernel. Its script then asks for one (`StartHandler`) while Voila's scripts load;
what the notebook's cells show is put into the page when both are there.
"""

from __future__ import annotations

import logging
import random
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated
from voila.handler import BaseVoilaHandler

from .headers import PageWithScripts, app_policy, nonce_of
from .health import ServingState
from .logs import LOGGER_NAME
from .ownership import NoPlaceError, Owner, SessionEndedError, owner_of
from .sign_in.provider import describe_account

_log = logging.getLogger(LOGGER_NAME)

# What Voila's scripts take for the kernel's id until the page knows it.
PENDING_KERNEL = "starting"
RETRY_SECONDS = 10  # with a second more or less, so that those who wait do not all come at once


class PageHandler(PageWithScripts, BaseVoilaHandler):
    """Gives the page."""

    def initialize(self, *, title: str, page_config: dict[str, Any], **kwargs: Any) -> None:
        """Take what is the same for every visitor."""
        super().initialize(**kwargs)
        self._title = title
        self._page_config = page_config

    @property
    def content_security_policy(self) -> str:
        """Nothing on the page may come from another host, or go there."""
        return app_policy(nonce_of(self))

    @authenticated
    async def get(self, path: str = "") -> None:
        """Send the page."""
        if path:
            raise HTTPError(404)
        self.xsrf_token  # noqa: B018  (reading it sets the cookie that starting and ending a kernel need)
        account = describe_account(self)
        page = self.render_template("page.html", title=self._title, page_config=self._page_config, account=account)
        self.finish(page)


class StartHandler(APIHandler):
    """Starts a kernel and runs the notebook's cells in it."""

    _is_visitor_gone = False

    def initialize(self, *, state: ServingState) -> None:
        """Take whether the server is stopping."""
        super().initialize()
        self._state = state

    def on_connection_close(self) -> None:
        """Note that the page was closed before it was ready."""
        self._is_visitor_gone = True
        super().on_connection_close()

    @authenticated
    async def post(self) -> None:
        """Answer with the kernel's id and what the cells show; with 503 and a reason if there is no place now."""
        owner = owner_of(self)
        if owner is None:
            raise HTTPError(403)
        if self._state.is_stopping:
            self._say_busy("stopping")
            return
        try:
            with self._state.running():
                await self._start(owner)
        except NoPlaceError as error:
            self._say_busy("own" if error.is_own_limit else "all")
        except SessionEndedError as error:
            raise HTTPError(403) from error

    def _say_busy(self, reason: str) -> None:
        self.set_status(503)
        self.set_header("Retry-After", str(RETRY_SECONDS + random.randint(-1, 1)))
        self.finish({"busy": reason})

    async def _start(self, owner: Owner) -> None:
        manager: Any = self.kernel_manager
        kernel_id = await manager.take_kernel(owner)
        kernel = manager.get_kernel(kernel_id)
        try:
            if self._is_visitor_gone:  # while waiting for a turn
                raise StreamClosedError
            outputs = await manager.show_app(kernel_id)
        except StreamClosedError:
            await manager.end_kernel(kernel_id)
            return
        except Exception as error:
            if getattr(kernel, "was_signed_out", False):
                raise SessionEndedError from error
            _log.exception("kernel %s: the app could not be started", kernel_id)
            await manager.end_kernel(kernel_id)
            raise HTTPError(500) from error
        finally:
            manager.end_turn()
        try:
            if self._is_visitor_gone:
                raise StreamClosedError
            await self.finish({"kernel": kernel_id, "outputs": outputs})
        except StreamClosedError:
            await manager.end_kernel(kernel_id)
