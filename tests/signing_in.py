"""Visitors who sign in: what a browser would send, without one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

from running import Server, Visitor, app_command, find_free_port, run_server

FORM = "application/x-www-form-urlencoded"
PASSWORD = "figured bass 1"
_SAID = re.compile(r'<p[^>]*class="form-(?:error|notice)"[^>]*>([^<]*)</p>')


@dataclass
class Answer:
    """What came back: status, headers (cookies apart), text, and what the page says to the visitor."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    text: str

    @property
    def said(self) -> str:
        found = _SAID.search(self.text)
        return unescape(found[1]) if found else ""


class Person(Visitor):
    """A visitor at an address of its own, as a trusted proxy would report it."""

    def __init__(self, server: Server, address: str = "192.0.2.1", **headers: str) -> None:
        super().__init__(server)
        self.headers = {"X_Forwarded_For": address, **headers}

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, "", **headers)

    def post(self, path: str, *, xsrf: str | None = None, **fields: str) -> Answer:
        """Send a form as the page has it; the page is fetched first if there is no ``_xsrf`` yet."""
        if "_xsrf" not in self.cookies:
            self.get("/login")
        token = self.cookies["_xsrf"] if xsrf is None else xsrf
        return self._ask("POST", path, urlencode({"_xsrf": token, **fields}), Content_Type=FORM)

    def register(self, name: str, password: str = PASSWORD, **fields: str) -> Answer:
        return self.post("/register", **{"name": name, "password": password, "again": password, **fields})

    def log_in(self, name: str, password: str = PASSWORD, **fields: str) -> Answer:
        return self.post("/login", name=name, password=password, **fields)

    def log_out(self) -> Answer:
        return self.post("/logout")

    @property
    def is_in(self) -> bool:
        return self.get("/").status == 200

    @property
    def session_cookie(self) -> tuple[str, str]:
        """Name and value."""
        (found,) = [(name, value) for name, value in self.cookies.items() if name.startswith("instrunet-session")]
        return found

    def _ask(self, method: str, path: str, body: str, **headers: str) -> Answer:
        answer = self.send(method, path, body, **{**self.headers, **headers}).getresponse()
        cookies = answer.headers.get_all("Set-Cookie", [])
        for cookie in cookies:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(answer.status, dict(answer.headers), cookies, answer.read().decode())


@contextmanager
def run_app(
    folder: Path, *arguments: str, users_file: Path | None = None, password: str = "", before: Sequence[str] = ()
) -> Iterator[Server]:
    """``instrunet app`` with these arguments, behind a proxy at 127.0.0.1.

    Parameters
    ----------
    folder : Path
        Working folder.
    *arguments : str
    users_file : Path, optional
        If not given, ``users.sqlite3`` in the folder.
    password : str
        For everybody (INSTRUNET_PASSWORD).
    before : sequence of str
        What comes before the command.
    """
    port = find_free_port()
    command = [*before, *app_command(port), "--trust-proxy", "127.0.0.1", *arguments]
    command += ["--users-file", str(users_file or folder / "users.sqlite3")]
    env = {name: value for name, value in os.environ.items() if name != "INSTRUNET_PASSWORD"}
    if password:
        env["INSTRUNET_PASSWORD"] = password
    with run_server(command, f"http://localhost:{port}/", "InstruNet is at http", folder=folder, env=env) as server:
        yield server
