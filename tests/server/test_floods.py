"""Visitors who open, send or ask for more than the server can hold, and do not take what they get."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest
from running import Server, Visitor, wait_until
from serving import PASSWORD, serve
from talking import CONTROL_TARGET, connect, pack_message, register
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClosedError

pytestmark = pytest.mark.slow

N_FILES = 400
SETTINGS = f"""
from instrunet_widgets.server import channels
channels.MAX_UNSENT_BYTES = 2_000_000
try:
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, ({N_FILES}, {N_FILES}))
except ImportError:
    pass
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that may have few open files, and keeps little for pages that do not read."""
    with serve(tmp_path_factory.mktemp("floods"), before=SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: Server) -> Visitor:
    visitor = Visitor(server)
    register(visitor, "ada", PASSWORD)
    return visitor


def ask_from(address: str, server: Server) -> bytes:
    """What the server says to a request from an address of this machine; nothing if it hangs up."""
    port = int(server.url.split(":")[2].strip("/"))
    with socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(address, 0)) as line:
        try:
            line.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return line.makefile("rb").readline()
        except ConnectionError:
            return b""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one address for themselves, or no such limit")
def test_one_address_cannot_have_all_connections(server: Server) -> None:
    port = int(server.url.split(":")[2].strip("/"))
    lines = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(N_FILES + 50)]
    try:
        assert ask_from("127.0.0.1", server) == b""
        assert ask_from("127.0.0.2", server) == b"HTTP/1.1 200 OK\r\n"
        assert psutil.Process(server.process.pid).num_fds() < N_FILES - 100
    finally:
        for line in lines:
            line.close()
    wait_until(lambda: ask_from("127.0.0.1", server) == b"HTTP/1.1 200 OK\r\n")
    assert "Too many open files" not in server.log


def test_kernel_has_few_websockets(ada: Visitor) -> None:
    async def talk() -> int:
        kernel_id = (await asyncio.to_thread(ada.start))["kernel"]
        sockets = [await connect(ada, kernel_id) for _ in range(8)]
        with pytest.raises(HTTPClientError) as refusal:
            await connect(ada, kernel_id)
        for one in sockets:
            one.close()
        await asyncio.to_thread(ada.end, kernel_id)
        return refusal.value.code

    assert asyncio.run(talk()) == 429


def test_messages_that_a_kernel_does_not_take_wait_at_their_sender(server: Server, ada: Visitor) -> None:
    messages = [pack_message("comm_msg", {"comm_id": "x", "data": {}}, buffers=[bytes(4_000_000)]) for _ in range(60)]
    process = psutil.Process(server.process.pid)

    async def talk() -> int:
        kernel_id = (await asyncio.to_thread(ada.start))["kernel"]
        socket = await connect(ada, kernel_id)
        await socket.write_message(pack_message("kernel_info_request", {}), binary=True)
        while b"kernel_info_reply" not in (await socket.read_message() or b""):
            pass
        before, kernel = process.memory_info().rss, server.kernel(kernel_id)
        kernel.send_signal(signal.SIGSTOP)
        try:
            sent = [asyncio.ensure_future(socket.write_message(message, binary=True)) for message in messages]
            _, waiting = await asyncio.wait(sent, timeout=5)
            grown = process.memory_info().rss - before
            assert await asyncio.to_thread(ada.ask, "GET", "/health")
        finally:
            kernel.send_signal(signal.SIGCONT)
        assert len(waiting) > 30
        await asyncio.gather(*sent)  # they arrive in the end
        socket.close()
        await asyncio.to_thread(ada.end, kernel_id)
        return grown

    assert asyncio.run(talk()) < 120_000_000  # of 240 MB


def test_page_that_does_not_read_is_closed(server: Server, ada: Visitor) -> None:
    async def talk() -> None:
        kernel_id = (await asyncio.to_thread(ada.start))["kernel"]
        socket = await connect(ada, kernel_id)  # of its messages, none is read
        opening = {"comm_id": "x", "target_name": CONTROL_TARGET, "data": {}}
        await socket.write_message(pack_message("comm_open", opening, metadata={"version": "1.0.0"}), binary=True)
        with suppress(WebSocketClosedError):  # closed while it was still asking
            for _ in range(300):  # each answer has 200 kB; what the system keeps for a slow reader is less than that
                question = pack_message("comm_msg", {"comm_id": "x", "data": {"method": "request_states"}})
                await socket.write_message(question, binary=True)
        await asyncio.to_thread(wait_until, lambda: "its page does not read what it is sent" in server.log, 180)
        socket.close()
        await asyncio.to_thread(ada.end, kernel_id)

    asyncio.run(talk())
    assert ada.ask("GET", "/health")[0] == 200
    assert "Traceback" not in server.log


@pytest.mark.parametrize(("method", "path", "status"), [("FOO", "/", 405), ("GET", "/%ff%fe", 400), ("FOO", "/x", 405)])
def test_request_that_makes_no_sense_makes_no_traceback(
    server: Server, ada: Visitor, method: str, path: str, status: int
) -> None:
    answer = ada.ask(method, path)
    assert answer[0] == status
    assert f"{status} " in answer[2]
    assert "Traceback" not in server.log
