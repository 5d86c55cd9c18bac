"""Programs that serve pages while tests run: started, waited for, and ended whatever happens."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

START_SECONDS = 120
STOP_SECONDS = 30
STOP_IN_ORDER_SECONDS = 120  # where how it stops is what is tested


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A running program that serves pages.

    Parameters
    ----------
    url : str
        Its first page.
    process : subprocess.Popen
    log_file : Path
        It writes into this file itself, standard error included.
    """

    url: str
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        """All that it has written so far: what it wrote before it answered can be read once it has answered."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def kernels(self) -> list[psutil.Process]:
        """Kernels that run below it, a spare one included."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in below if "ipykernel_launcher" in _command_of(process)]

    def kernel(self, kernel_id: str) -> psutil.Process:
        (found,) = [process for process in self.kernels() if kernel_id in _command_of(process)]
        return found

    def stop(self, sign: signal.Signals = signal.SIGINT) -> int:
        """End it as Ctrl-C does (or by another signal), and give its exit status."""
        self.process.send_signal(sign)
        return self.process.wait(STOP_IN_ORDER_SECONDS)


@contextmanager
def run_server(
    command: Sequence[str | Path], url: str, ready: str, *, folder: Path, env: dict[str, str] | None = None
) -> Iterator[Server]:
    """Run a program until the block ends; the block begins when it has written what matches `ready`.

    Parameters
    ----------
    command : sequence of str or Path
    url : str
        Its first page.
    ready : str
        Regular expression.
    folder : Path
        Working folder.
    env : dict, optional
        Environment variables; those of the tests if not given.
    """
    variables = {**(os.environ if env is None else env), "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory(prefix="instrunet-log-") as place:
        log_file = Path(place) / "log.txt"
        with log_file.open("ab") as log:  # the program's own from here on
            process = subprocess.Popen(
                [str(part) for part in command], cwd=folder, env=variables,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        server = Server(url, process, log_file)
        below: list[psutil.Process] = []
        try:
            _wait_until_ready(server, ready)
            yield server
            if process.poll() is None:
                below = psutil.Process(process.pid).children(recursive=True)
        finally:
            _end(server, below)


def _wait_until_ready(server: Server, ready: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not re.search(ready, server.log):
        if server.process.poll() is not None:
            raise RuntimeError(f"The server ended at once:\n{server.log}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"The server did not start in {START_SECONDS} s:\n{server.log}")
        time.sleep(0.05)


def _end(server: Server, below: list[psutil.Process]) -> None:
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGTERM)
        try:
            server.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(server.process.pid, signal.SIGKILL)
            server.process.wait()
    for process in below:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _command_of(process: psutil.Process) -> str:
    """Its command line; empty for one that has ended in the meantime."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie is one of these too
        return ""


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen in {seconds} s"
        time.sleep(0.1)


def app_command(port: int) -> list[str | Path]:
    """The command that users give, with this environment's Python."""
    return [sys.executable, "-m", "instrunet_widgets", "app", "--no-browser", "--port", str(port)]


def run_stock_voila(notebook: Path, folder: Path, env: dict[str, str] | None = None) -> AbstractContextManager[Server]:
    """Voila as it is installed, on a notebook or a folder of them, run in another folder."""
    port = find_free_port()
    command = [sys.executable, "-m", "voila", notebook, "--no-browser", "--port", str(port)]
    return run_server(command, f"http://localhost:{port}/", "is running at", folder=folder, env=env)


Serve = Callable[..., AbstractContextManager[Server]]  # such as `run_stock_voila`


def lab_command(port: int, root: Path) -> list[str | Path]:
    """JupyterLab as it is installed, without a token, on the files of a folder."""
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"),
        *("--IdentityProvider.token=", "--LabApp.extension_manager=readonly"),
    ]


def lab_settings(root: Path, *, theme: str = "light") -> dict[str, str]:
    """Environment of such a JupyterLab: its settings in the same folder, no news, light or dark."""
    config = root / "config" / "labconfig"
    config.mkdir(parents=True)
    no_news = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (config / "page_config.json").write_text(json.dumps(no_news), encoding="utf-8")
    name = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}[theme]
    chosen = {"@jupyterlab/apputils-extension:themes": {"theme": name}}
    (config / "default_setting_overrides.json").write_text(json.dumps(chosen), encoding="utf-8")
    return {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(config.parent),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
    }


class Visitor:
    """Keeps the cookies of its requests, as a browser does."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self._host = server.url.split("/")[2]
        self.base = "/" + server.url.split("/", 3)[3]
        self.cookies: dict[str, str] = {}

    def send(self, method: str, path: str, body: str = "", **headers: str) -> http.client.HTTPConnection:
        """A connection on which a request was sent."""
        connection = self._connect()
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Cookie": cookies, **names})
        return connection

    def _connect(self) -> http.client.HTTPConnection:
        if self.url.startswith("https:"):  # with a certificate of the test's own
            return http.client.HTTPSConnection(self._host, timeout=120, context=ssl._create_unverified_context())
        return http.client.HTTPConnection(self._host, timeout=120)

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and text of the answer."""
        answer = self.send(method, path, body, **headers).getresponse()
        for cookie in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return answer.status, dict(answer.headers), answer.read().decode()

    def start(self) -> dict[str, Any]:
        self.ask("GET", self.base)
        status, _, text = self.ask("POST", f"{self.base}instrunet/start", X_XSRFToken=self.cookies["_xsrf"])
        assert status == 200, text
        return dict(json.loads(text))

    def end(self, kernel_id: str) -> int:
        body = f"_xsrf={self.cookies['_xsrf']}"
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", f"{self.base}voila/api/shutdown/{kernel_id}", body, Content_Type=kind)[0]
