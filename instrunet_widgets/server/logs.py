"""What the server writes down: a line for each request and event, without secrets, in one shape.

    2026-11-26 09:12:31 INFO 200 POST /instrunet/start 192.0.2.7 ada 1403 ms

Query strings are left out, since they can hold tokens; characters from outside that could start a line of their own,
or command a terminal, are written as escapes.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

from ..wording import escape_unprintable

LOGGER_NAME = "instrunet"
LONGEST_PATH = 200
_OF_EVERY_PAGE = re.compile(r"/(static|labextensions|health)(/|$)")  # a hundred lines for each page would hide the rest
_OTHERS = ("tornado", "traitlets", "voila", "asyncio")
_QUERY = re.compile(r"(?<=[\w/.~%-])\?[^\s'\"),]+")
_SECRETS = re.compile(
    r"""((?:token|password|secret|_xsrf|cookie)[\w-]*['"]?\s*[=:]\s*['"]?)[^\s'"&;,)]+""", re.IGNORECASE
)


class SafeFormatter(logging.Formatter):
    """One line for each record; a traceback follows indented, so that nothing in it looks like a line of the log."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Write the line."""
        record.message = escape_unprintable(_leave_out_secrets(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        """Write the traceback."""
        lines = _leave_out_secrets(super().formatException(ei)).split("\n")
        return "\n".join("    " + escape_unprintable(line) for line in lines)


def configure_logs(*, is_verbose: bool) -> None:
    """Let all parts of the server write to standard error in one shape.

    Parameters
    ----------
    is_verbose : bool
        Write events and requests too; otherwise errors only, as for a server on one's own machine.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter())
    ours = logging.getLogger(LOGGER_NAME)
    ours.setLevel(logging.INFO if is_verbose else logging.ERROR)
    for name in (LOGGER_NAME, *_OTHERS):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        if name != LOGGER_NAME:
            logger.setLevel(logging.ERROR)


def log_request(handler: Any) -> None:
    """Write a line about a request, unless it is for a script or style and goes well; tornado calls this at its end.

    Parameters
    ----------
    handler : tornado.web.RequestHandler
    """
    request, status = handler.request, handler.get_status()
    if status < 400 and _OF_EVERY_PAGE.search(request.path):
        return
    user = getattr(handler, "_current_user", None)
    name = getattr(user, "username", "") or "-"
    path = request.path if len(request.path) <= LONGEST_PATH else f"{request.path[:LONGEST_PATH]}..."
    level = logging.ERROR if status == 500 else logging.INFO
    milliseconds = 1000 * request.request_time()
    logging.getLogger(LOGGER_NAME).log(
        level, "%d %s %s %s %s %.0f ms", status, request.method, path, request.remote_ip, name, milliseconds
    )


def _leave_out_secrets(text: str) -> str:
    return _SECRETS.sub(r"\1...", _QUERY.sub("?...", text))
