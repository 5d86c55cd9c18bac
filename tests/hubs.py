"""A JupyterHub for tests, with the real proxy, and visitors who keep cookies by path, as browsers do."""

from __future__ import annotations

import base64
import http.client
import http.cookiejar
import json
import os
import re
import shutil
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
from running import Server, find_free_port, run_server, wait_until

PROXY = "configurable-http-proxy"
PASSWORD = "seven slow snails"
_CONFIG = """\
from pathlib import Path
from instrunet_widgets.server.hub import HubSettings, configure

c = get_config()
configure(c, HubSettings(address={address!r}, folder=Path("hub"), {settings}))
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
{more}
"""


def need_proxy() -> str:
    """Folders of programs, with that of the hub's proxy; without it, the test is skipped, or fails in CI."""
    if shutil.which(PROXY):
        return os.environ["PATH"]
    _give_up(f"the hub's proxy is missing: npm install --global {PROXY}@5.1 (npm comes with Node.js)")


def _give_up(reason: str) -> NoReturn:
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    raise AssertionError


@contextmanager
def run_hub(folder: Path, *, settings: str = "", more: str = "") -> Iterator[Server]:
    """Run a hub until the block ends; all that it keeps is in `folder`.

    Parameters
    ----------
    folder : Path
    settings : str
        Arguments for `HubSettings`, as source.
    more : str
        Further lines of the configuration, which may use ``c``.
    """
    path = need_proxy()
    address = f"http://127.0.0.1:{find_free_port()}/"
    config = folder / "jupyterhub_config.py"
    ports = {"hub_port": find_free_port(), "api_port": find_free_port()}
    config.write_text(_CONFIG.format(address=address, settings=settings, more=more, **ports), encoding="utf-8")
    command = [sys.executable, "-m", "jupyterhub", "-f", config]
    env = {**os.environ, "PATH": path, "HOME": str(folder)}
    with run_server(command, address, r"JupyterHub is now running at", folder=folder, env=env) as server:
        yield server


@dataclass(frozen=True)
class Answer:
    """What came back, after all redirects.

    Parameters
    ----------
    status : int
    url : str
        Where it came from at last.
    headers : mapping
    text : str
    """

    status: int
    url: str
    headers: Mapping[str, str]
    text: str

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.url).path

    @property
    def message(self) -> str:
        """What a form says in answer."""
        found = re.search(r'<p[^>]* class="form-(?:error|notice)"[^>]*>(.*?)</p>', self.text, re.DOTALL)
        return found[1].strip() if found else ""


class _NoErrors(urllib.request.HTTPErrorProcessor):
    """Lets every answer through as it is; redirects are followed."""

    def http_response(self, request: Any, response: Any) -> Any:
        return super().http_response(request, response) if 300 <= response.status < 400 else response


class HubVisitor:
    """A browser without JavaScript."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = http.cookiejar.CookieJar()
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), _NoErrors).open

    def ask(self, path: str, fields: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """Get a page, or send a form."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if fields is None else urllib.parse.urlencode(fields).encode()
        return self._send(urllib.request.Request(urllib.parse.urljoin(self.url, path), body, names))

    def find_redirect(self, path: str) -> str:
        """Where a page sends one, without going there."""
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path))
        self.cookies.add_cookie_header(request)
        connection = http.client.HTTPConnection(request.host, timeout=120)
        connection.request("GET", request.selector, headers=dict(request.header_items()))
        return connection.getresponse().headers.get("Location", "")

    def open_websocket(self, path: str) -> int:
        """Ask for a websocket: 101 if one is given."""
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path))
        self.cookies.add_cookie_header(request)
        connection = http.client.HTTPConnection(request.host, timeout=120)
        upgrade = {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
            "Sec-WebSocket-Protocol": "v1.kernel.websocket.jupyter.org", "Origin": self.url.rstrip("/"),
        }  # fmt: skip
        connection.request("GET", request.selector, headers={**upgrade, **dict(request.header_items())})
        return connection.getresponse().status

    def _send(self, request: urllib.request.Request) -> Answer:
        with self._open(request, timeout=120) as response:
            return Answer(response.status, response.url, response.headers, response.read().decode())

    def xsrf(self, path: str) -> str:
        """The cookie ``_xsrf`` that goes with a path."""
        return next(str(c.value) for c in self.cookies if c.name == "_xsrf" and path.startswith(c.path))

    def fill(self, path: str, **fields: str) -> Answer:
        """Open a page of the hub and send its form."""
        self.ask(path)
        return self.ask(path, {**fields, "_xsrf": self.xsrf("/hub/")})

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, *, token: str = "") -> Answer:
        """Ask an interface of the hub, by the session's cookies or by a token."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path), content, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("X-XSRFToken", self.xsrf("/hub/"))
        if token:
            request.add_header("Authorization", f"token {token}")
        return self._send(request)

    def sign_up(self, name: str, password: str = PASSWORD) -> Answer:
        return self.fill("/hub/signup", username=name, password=password, again=password)

    def log_in(self, name: str, password: str = PASSWORD, *, goal: str = "/hub/home") -> Answer:
        """Log in and go to a page of the hub (`/hub/` starts the server and goes to the app)."""
        return self.fill(f"/hub/login?next={urllib.parse.quote(goal, safe='')}", username=name, password=password)

    def open_app(self, name: str) -> Answer:
        """Let the hub start the app, and open it."""
        self.ask("/hub/spawn")
        answers: list[Answer] = []

        def is_there() -> bool:
            answers.append(self.ask(f"/user/{name}/"))
            return answers[-1].path == f"/user/{name}/"

        wait_until(is_there, 120)
        return answers[-1]

    def start_kernel(self, name: str) -> dict[str, Any]:
        """Let the page start its kernel."""
        path = f"/user/{name}/instrunet/start"
        answer = self.ask(path, {}, X_XSRFToken=self.xsrf(path))
        assert answer.status == 200, answer.text
        return dict(json.loads(answer.text))
