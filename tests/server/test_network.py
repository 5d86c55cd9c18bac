"""On a network: behind a proxy, over TLS, under watch, stopped in good order, killed and started again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from proxy import run_proxy
from running import Server, Visitor, find_free_port, wait_until
from serving import PASSWORD, make_recording, serve
from talking import PageWithoutBrowser, connect, pack_message, register

pytestmark = pytest.mark.slow
PUBLIC_NAME = "music.example"
BASE = "/music/app/"


# -- behind a reverse proxy ----------------------------------------------------------------------------------------


class ProxiedVisitor(Visitor):
    """Comes by the proxy, and calls the server by its public name."""

    def __init__(self, server: Server, port: int) -> None:
        super().__init__(server)
        self._host = f"localhost:{port}"
        self.url = f"http://localhost:{port}{BASE}"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, int]]:
    """A server with a base URL, and the port of the proxy before it."""
    options = {"base_url": BASE, "trusted_proxies": ("127.0.0.2",), "allowed_hosts": (PUBLIC_NAME,)}
    port = find_free_port()
    with serve(tmp_path_factory.mktemp("behind"), port=port, **options) as server, run_proxy(port) as proxy_port:
        yield server, proxy_port


def test_app_works_below_a_base_url_behind_a_proxy(behind: tuple[Server, int]) -> None:
    visitor = ProxiedVisitor(*behind)
    register(visitor, "ada", PASSWORD)

    async def talk() -> float:
        async with PageWithoutBrowser.open(visitor) as page:
            await page.upload("tone.wav", make_recording())
            return await page.analyze()

    assert asyncio.run(talk()) == 6.0
    assert visitor.ask("GET", "/")[0] == 404
    assert visitor.ask("GET", f"{BASE}health")[0] == 200
    page = visitor.ask("GET", BASE)[2]
    addresses = re.findall(r"(?:src|href|action)=\"(/[^\"]*)", page)
    assert addresses
    assert all(address.startswith(BASE) for address in addresses)


def test_proxy_that_is_trusted_says_whose_request_it_is_and_that_it_came_over_tls(behind: tuple[Server, int]) -> None:
    visitor = ProxiedVisitor(*behind)
    _, headers, _ = visitor.ask("GET", f"{BASE}login", Host=PUBLIC_NAME, X_Forwarded_For="203.0.113.1")
    assert "Secure" in headers["Set-Cookie"]
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    wait_until(lambda: f"GET {BASE}login 192.0.2.7 " in behind[0].log)
    assert "203.0.113.1" not in behind[0].log  # what the visitor has said of himself


def test_headers_of_a_sender_that_is_no_trusted_proxy_are_not_believed(behind: tuple[Server, int]) -> None:
    visitor = Visitor(behind[0])
    claims = {"X_Forwarded_For": "198.51.100.9", "X_Forwarded_Proto": "https", "X_Real_Ip": "198.51.100.9"}
    _, headers, _ = visitor.ask("GET", f"{BASE}login", Host=PUBLIC_NAME, **claims)
    assert "Secure" not in headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in headers
    wait_until(lambda: f"GET {BASE}login 127.0.0.1 " in behind[0].log)
    assert "198.51.100.9" not in behind[0].log


# -- TLS -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_app_works_over_tls_with_ones_own_certificate(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    with serve(tmp_path, certfile=str(certificate), keyfile=str(key), allowed_hosts=(PUBLIC_NAME,)) as server:
        visitor = Visitor(server)
        register(visitor, "ada", PASSWORD)

        async def talk() -> int:
            async with PageWithoutBrowser.open(visitor) as page:
                return len(page.models)

        assert asyncio.run(talk()) > 50
        _, headers, _ = visitor.ask("GET", "/login", Host=PUBLIC_NAME)
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        _, headers, _ = Visitor(server).ask("GET", "/login")
        assert "Secure" in headers["Set-Cookie"]
        assert "Strict-Transport-Security" not in headers  # it would hold for all of this machine's servers


# -- pings ---------------------------------------------------------------------------------------------------------

# A page may be silent for 12 s: for seconds a busy machine may keep the test itself from answering.
N_UNANSWERED = 60
HASTY_PINGS = (
    "from instrunet_widgets.server import channels\n"
    f"channels.PING_SECONDS = 0.2; channels.MAX_UNANSWERED_PINGS = {N_UNANSWERED}"
)


class RawSocket:
    """A websocket that answers no pings unless it is told to."""

    def __init__(self, visitor: Visitor, kernel_id: str) -> None:
        host, port = visitor.url.split("/")[2].split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        lines = (
            f"GET /api/kernels/{kernel_id}/channels?session_id={uuid.uuid4()} HTTP/1.1", f"Host: {host}:{port}",
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Cookie: {cookies}",
            "Sec-WebSocket-Protocol: v1.kernel.websocket.jupyter.org",
        )  # fmt: skip
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._file = self.socket.makefile("rb")
        assert b"101" in self._file.readline()
        while self._file.readline() != b"\r\n":
            pass

    def read_frame(self) -> tuple[int, bytes]:
        """Opcode and content; opcode 8 (close) at the end."""
        head = self._file.read(2)
        if len(head) < 2:
            return 8, b""
        length = head[1]
        if length >= 126:
            length = int.from_bytes(self._file.read(2 if length == 126 else 8), "big")
        return head[0] & 15, self._file.read(length)

    def send(self, opcode: int, content: bytes) -> None:
        n = len(content)
        size = bytes([128 | n]) if n < 126 else bytes([128 | 126]) + n.to_bytes(2, "big")
        self.socket.sendall(bytes([128 | opcode]) + size + bytes(4) + content)  # a mask of zeros changes nothing


def count_pings(visitor: Visitor, kernel_id: str, answers: str) -> int:
    """Pings until the connection is dropped; at most some more than may stay without an answer."""
    raw = RawSocket(visitor, kernel_id)
    n_pings, opcode = 0, 0
    while n_pings < N_UNANSWERED + 15 and opcode != 8:
        opcode, content = raw.read_frame()
        n_pings += opcode == 9
        if opcode == 9 and answers == "pong":
            raw.send(10, content)
        elif opcode == 9 and answers == "messages":  # as when the answer waits behind an upload
            raw.send(2, pack_message("comm_info_request", {}))
    raw.socket.close()
    return n_pings


def test_connection_is_dropped_only_when_nothing_at_all_comes_from_the_page(tmp_path: Path) -> None:
    with serve(tmp_path, before=HASTY_PINGS, sign_in="none") as server:
        visitor = Visitor(server)
        kernel_id = visitor.start()["kernel"]
        ways = ("pong", "messages", "nothing")
        with ThreadPoolExecutor(len(ways)) as pool:
            n_pings = dict(zip(ways, pool.map(lambda way: count_pings(visitor, kernel_id, way), ways), strict=True))
        assert n_pings == {"pong": N_UNANSWERED + 15, "messages": N_UNANSWERED + 15, "nothing": N_UNANSWERED}
        assert server.kernel(kernel_id).is_running()


# -- health, and a stop in good order ------------------------------------------------------------------------------


def test_health_is_told_to_everybody_and_says_nothing_else(behind: tuple[Server, int]) -> None:
    for headers in ({}, {"Host": "127.0.0.1:1"}):
        status, _, text = Visitor(behind[0]).ask("GET", f"{BASE}health", **headers)
        assert (status, json.loads(text)) == (200, {"status": "ok"})


# On a busy machine a kernel may take longer to start than a server waits for it.
PATIENT_STOP = "from instrunet_widgets.server.health import ServingState; ServingState.drain.__defaults__ = (300.0,)"


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_stop_lets_running_requests_finish_and_begins_nothing_new(tmp_path: Path) -> None:
    with serve(tmp_path, before=PATIENT_STOP) as server:
        ada, bob = Visitor(server), Visitor(server)
        register(ada, "ada", PASSWORD)
        register(bob, "bob", PASSWORD)
        wait_until(lambda: len(server.kernels()) == 1)
        started: list[str] = []
        starting = threading.Thread(target=lambda: started.append(ada.start()["kernel"]))
        starting.start()
        wait_until(lambda: "for ada" in server.log)
        folders = {Path(kernel.cwd()).parent for kernel in server.kernels()}  # soon they may end at any moment
        assert folders
        server.process.send_signal(signal.SIGTERM)
        statuses = {}
        for name in ("health", "start"):
            method, path = {"health": ("GET", "/health"), "start": ("POST", "/instrunet/start")}[name]
            try:
                statuses[name] = bob.ask(method, path, X_XSRFToken=bob.cookies["_xsrf"])
            except OSError:  # the start had finished before
                continue
        assert server.process.wait(300) == 0
        starting.join(60)
        assert len(started) == 1
        for status, headers, text in statuses.values():
            assert status == 503
            assert json.loads(text) in ({"status": "stopping"}, {"busy": "stopping"})
            assert "busy" not in text or 9 <= int(headers["Retry-After"]) <= 11
        assert not any(folder.exists() for folder in folders)


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_stop_tells_the_pages(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        ada = Visitor(server)
        register(ada, "ada", PASSWORD)

        async def talk() -> int | None:
            opened = await connect(ada, ada.start()["kernel"])
            server.process.send_signal(signal.SIGTERM)
            while await asyncio.wait_for(opened.read_message(), 60) is not None:
                pass
            return opened.close_code

        assert asyncio.run(talk()) == 1001
        assert server.process.wait(60) == 0


# -- kill -9 -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_users_sessions_and_what_was_saved_outlive_a_server_that_was_killed(tmp_path: Path) -> None:
    port, visitor, other_folder = find_free_port(), None, None
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    (tmp_path / "not-ours").mkdir()
    with serve(tmp_path, port=port, env=env) as server, serve(tmp_path, env=env) as other:
        visitor = Visitor(server)
        register(visitor, "ada", PASSWORD)
        wait_until(lambda: len(other.kernels()) == 1)
        other_folder = Path(other.kernels()[0].cwd())

        async def talk(visitor: Visitor) -> tuple[bytes, Path]:
            started = await asyncio.to_thread(visitor.start)
            async with PageWithoutBrowser.connect(visitor, started["kernel"]) as page:
                await page.upload("tone.wav", make_recording())
                await page.analyze()
                await page.choose("JSON")
                return await page.save("Save"), Path(server.kernel(page.kernel_id).cwd())

        saved, folder = asyncio.run(talk(visitor))
        kernels = server.kernels()
        server.process.kill()
        server.process.wait(30)
        assert any(path.is_file() and path.stat().st_size > 100_000 for path in folder.rglob("*"))  # the upload
        wait_until(lambda: not any(kernel.is_running() for kernel in kernels))  # they notice it themselves

        with serve(tmp_path, port=port, env=env) as again:
            assert not folder.parent.exists()
            assert other_folder.is_dir()
            assert (tmp_path / "not-ours").is_dir()
            assert visitor.ask("GET", "/")[0] == 200  # still signed in
            register(Visitor(again), "bob", PASSWORD)

            async def open_again() -> str:
                async with PageWithoutBrowser.open(visitor) as page:
                    shown = page.expect(lambda _, data: "tone.wav" in str(data.get("state", {}).get("value", "")))
                    await page.upload("tone.json", saved)
                    return str((await shown)["state"]["value"])

            assert "tone.wav" in asyncio.run(open_again())
            with pytest.raises(AssertionError, match="400"):
                register(Visitor(again), "ada", PASSWORD)  # the name is still taken


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_kernel_that_was_killed_gives_its_place_and_its_files_back(tmp_path: Path) -> None:
    with serve(tmp_path, kernels_per_user=1) as server:
        ada = Visitor(server)
        register(ada, "ada", PASSWORD)
        kernel_id = ada.start()["kernel"]
        kernel = server.kernel(kernel_id)
        folder = Path(kernel.cwd())

        async def talk() -> int | None:
            opened = await connect(ada, kernel_id)
            kernel.kill()
            while await asyncio.wait_for(opened.read_message(), 60) is not None:
                pass
            return opened.close_code

        assert asyncio.run(talk()) == 1001
        wait_until(lambda: not folder.exists())
        assert ada.ask("GET", f"/api/kernels/{kernel_id}")[0] == 404
        assert ada.start()["kernel"] != kernel_id
