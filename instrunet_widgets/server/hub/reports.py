"""What a user's server tells its hub, and asks it."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

from jupyterhub import __version__
from jupyterhub.utils import isoformat
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from ...errors import ServerError
from ..logs import LOGGER_NAME

N_TRIES = 5
VERSION_HEADER = "X-JupyterHub-Version"

_log = logging.getLogger(LOGGER_NAME)


class HubReports:
    """Tells the hub when the server was last used, so that it ends a server that nobody uses.

    Parameters
    ----------
    last_use : callable
        Gives the time of the last use.
    interval : float
        Seconds between two reports; a time that was reported already is not reported again.
    token : str
        The server's own token.
    """

    def __init__(self, last_use: Callable[[], datetime], *, interval: float, token: str) -> None:
        self._last_use = last_use
        self._interval = interval
        self._headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        self._api_url = os.environ["JUPYTERHUB_API_URL"]
        self._activity_url = os.environ["JUPYTERHUB_ACTIVITY_URL"]
        self._server_name = os.environ.get("JUPYTERHUB_SERVER_NAME", "")
        self._reported: datetime | None = None

    async def check_version(self) -> None:
        """Ask the hub for its version.

        Raises
        ------
        ServerError
            If the hub does not answer, or is of another major version.
        """
        for number in range(1, N_TRIES + 1):
            try:
                answer = await AsyncHTTPClient().fetch(self._api_url)
            except (OSError, HTTPClientError) as error:
                reason: Any = error
                await asyncio.sleep(min(2**number, 16) / 2)
            else:
                break
        else:
            raise ServerError(f"the hub does not answer at {self._api_url} ({reason}).")
        theirs = answer.headers.get(VERSION_HEADER, "")
        if theirs.partition(".")[0] != __version__.partition(".")[0]:
            raise ServerError(
                f"the hub is JupyterHub {theirs or 'without a version'}, this server has JupyterHub {__version__}: "
                "install the same major version in both places."
            )

    async def run(self) -> None:
        """Report until the task is cancelled."""
        while True:
            await self._report()
            await asyncio.sleep(self._interval)

    async def _report(self) -> None:
        last_use = self._last_use()
        if self._reported is not None and last_use <= self._reported:
            return
        time = isoformat(last_use)
        body = json.dumps({"servers": {self._server_name: {"last_activity": time}}, "last_activity": time})
        request = HTTPRequest(self._activity_url, method="POST", headers=self._headers, body=body)
        try:
            await AsyncHTTPClient().fetch(request)
        except (OSError, HTTPClientError) as error:
            _log.error("The hub did not take the report of activity: %s", error)  # the next report says the same
        else:
            self._reported = last_use
