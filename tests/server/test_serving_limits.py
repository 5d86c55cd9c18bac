"""How much visitors may take: a server that allows little."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from running import Server, Visitor, wait_until
from serving import PASSWORD, make_recording, serve
from talking import FORM, PageWithoutBrowser, connect, log_in, pack_message, register
from tornado.websocket import WebSocketClosedError

pytestmark = pytest.mark.slow
NAMES = ("ada", "bob", "eve")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {"n_kernels": 2, "kernels_per_user": 1, "upload_megabytes": 0.5, "analysis_minutes": 1e-5}
    with serve(tmp_path_factory.mktemp("limits"), cull_seconds=600, **limits) as running:
        for name in NAMES:
            register(Visitor(running), name, PASSWORD)
        yield running


@pytest.fixture
def visitors(server: Server) -> Iterator[dict[str, Visitor]]:
    """One for each name, signed in; their kernels are ended afterwards."""
    found = {name: Visitor(server) for name in NAMES}
    for name, visitor in found.items():
        log_in(visitor, name, PASSWORD)
    yield found
    for visitor in found.values():
        visitor.ask("POST", "/logout", f"_xsrf={visitor.cookies['_xsrf']}", Content_Type=FORM)
    wait_until(lambda: len(server.kernels()) <= 1)


def start(visitor: Visitor) -> tuple[int, dict[str, str], str]:
    return visitor.ask("POST", "/instrunet/start", X_XSRFToken=visitor.cookies["_xsrf"])


def test_user_who_has_a_kernel_gets_no_other_until_its_page_is_closed(
    server: Server, visitors: dict[str, Visitor]
) -> None:
    ada = visitors["ada"]

    async def talk() -> None:
        async with PageWithoutBrowser.open(ada):
            status, headers, text = await asyncio.to_thread(start, ada)
            assert (status, json.loads(text)) == (503, {"busy": "own"})
            assert 9 <= int(headers["Retry-After"]) <= 11
            assert len(server.kernels()) <= 2  # hers and the spare one

    asyncio.run(talk())
    assert start(ada)[0] == 200


def test_another_session_of_the_same_user_counts_too(server: Server, visitors: dict[str, Visitor]) -> None:
    elsewhere = Visitor(server)
    log_in(elsewhere, "ada", PASSWORD)

    async def talk() -> None:
        async with PageWithoutBrowser.open(visitors["ada"]):
            assert json.loads((await asyncio.to_thread(start, elsewhere))[2]) == {"busy": "own"}

    asyncio.run(talk())


def test_full_server_says_so_and_has_room_again_when_a_page_is_closed(visitors: dict[str, Visitor]) -> None:
    ada, bob, eve = visitors.values()
    first = ada.start()["kernel"]
    bob.start()
    status, headers, text = start(eve)
    assert (status, json.loads(text)) == (503, {"busy": "all"})
    assert "Retry-After" in headers
    ada.end(first)
    assert start(eve)[0] == 200


def test_lost_page_makes_room_for_a_new_one_of_the_same_user(server: Server, visitors: dict[str, Visitor]) -> None:
    ada = visitors["ada"]
    first = ada.start()["kernel"]
    kernel = server.kernel(first)

    async def lose() -> None:
        (await connect(ada, first)).close()

    asyncio.run(lose())
    wait_until(lambda: start(ada)[0] == 200)  # at once, long before it would be culled
    wait_until(lambda: not kernel.is_running())


def test_many_starts_at_once_do_not_go_round_the_limit(server: Server, visitors: dict[str, Visitor]) -> None:
    ada = visitors["ada"]
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: start(ada)[0], range(6)))
    assert sorted(statuses) == [200, 503, 503, 503, 503, 503]
    assert len(server.kernels()) <= 2


def test_upload_and_analysis_have_limits_with_sentences(visitors: dict[str, Visitor]) -> None:
    async def talk() -> list[str]:
        async with PageWithoutBrowser.open(visitors["bob"]) as page:
            problem = page.expect(lambda _, data: "too large" in str(data.get("state", {}).get("value", "")))
            assert (await page.upload("large.wav", bytes(600_000)))["type"] == "failed"
            sentences = [(await problem)["state"]["value"]]
            assert (await page.upload("tone.wav", make_recording(4)))["type"] == "done"
            problem = page.expect(lambda _, data: "took longer" in str(data.get("state", {}).get("value", "")))
            await page.click("Analyze Track")
            return [*sentences, (await problem)["state"]["value"]]

    too_large, too_long = asyncio.run(talk())
    assert "large.wav is too large (600 kB); files of up to 500 kB can be uploaded." in too_large
    assert "tone.wav was not analysed: it took longer than the 0 seconds that this server allows." in too_long


def test_large_messages_and_requests_are_refused(server: Server, visitors: dict[str, Visitor]) -> None:
    ada = visitors["ada"]

    async def talk() -> None:
        socket = await connect(ada, ada.start()["kernel"])
        with suppress(WebSocketClosedError):  # cut off while it was still being sent
            await socket.write_message(pack_message("comm_msg", {}, buffers=(bytes(9_000_000),)), binary=True)
        while await asyncio.wait_for(socket.read_message(), 60) is not None:
            pass

    asyncio.run(talk())
    connection = http.client.HTTPConnection(server.url.split("/")[2], timeout=30)
    try:
        connection.request("POST", "/login", bytes(2_000_000))
        assert connection.getresponse().status == 400
    except (ConnectionError, http.client.HTTPException):  # cut off while it was still being sent
        connection.close()
    assert ada.ask("GET", "/health")[0] == 200
