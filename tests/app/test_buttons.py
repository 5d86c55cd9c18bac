"""Copy and download as the browser asks for them, and the kernel's answer to the heartbeat."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from instrunet_widgets.app import sending
from instrunet_widgets.app.buttons import CopyButton, DownloadButton, Heartbeat
from instrunet_widgets.errors import ExportError


class Page:
    """A button and the browser's side of the talk."""

    def __init__(self, button: Any) -> None:
        self.button = button
        self.messages: list[tuple[dict[str, Any], Any]] = []
        button.send = lambda content, buffers=None: self.messages.append((content, buffers))

    def send(self, content: Any) -> None:
        self.button._handle_custom_msg(content, [])

    def click(self) -> dict[str, Any]:
        self.send({"type": "make", "id": "r"})
        return self.messages.pop()[0]

    def fetch(self, offer: dict[str, Any]) -> bytes:
        parts = []
        for offset in range(0, offset_end := offer["n_bytes"], offer["chunk_bytes"]):
            self.send({"type": "fetch", "id": offer["id"], "offset": offset})
            content, buffers = self.messages.pop()
            assert content["offset"] == offset < offset_end
            parts.append(buffers[0])
        self.send({"type": "fetched", "id": offer["id"]})
        return b"".join(parts)


def test_text_is_made_at_the_click() -> None:
    texts = iter(["Pianó \U0001f3b9", "Cello"])
    page = Page(CopyButton(lambda: next(texts), label="Copy as text"))
    assert page.button.label == "Copy as text"
    assert [page.fetch(page.click()).decode() for _ in range(2)] == ["Pianó \U0001f3b9", "Cello"]


def test_file_arrives_with_its_name_in_small_messages() -> None:
    content = bytes(range(256)) * 3_000
    page = Page(DownloadButton("Save", lambda: ("song.json", "application/json", content)))
    offer = page.click()
    assert {key: offer[key] for key in ("type", "name", "media_type", "n_bytes")} == {
        "type": "offer",
        "name": "song.json",
        "media_type": "application/json",
        "n_bytes": 768_000,
    }
    assert offer["chunk_bytes"] <= 256 * 1024
    assert page.fetch(offer) == content


def test_what_has_been_fetched_is_let_go() -> None:
    page = Page(CopyButton(lambda: "text"))
    page.fetch(page.click())
    page.send({"type": "fetch", "id": "r", "offset": 0})
    assert page.messages == [({"type": "lapsed", "id": "r"}, None)]


def test_empty_file_can_be_saved() -> None:
    page = Page(DownloadButton("Save", lambda: ("empty.csv", "text/csv", b"")))
    assert page.click()["n_bytes"] == 0


def test_error_for_people_is_shown_as_it_is() -> None:
    def make() -> tuple[str, str, bytes]:
        raise ExportError("There is no finished result to save yet; analyse a recording first.")

    answer = Page(DownloadButton("Save", make)).click()
    assert answer == {
        "type": "failed",
        "id": "r",
        "sentence": "There is no finished result to save yet; analyse a recording first.",
    }


@pytest.mark.parametrize("made", [None, ("only a name",), 7])
def test_fault_is_a_sentence_without_a_traceback(made: Any, caplog: pytest.LogCaptureFixture) -> None:
    answer = Page(DownloadButton("Save", lambda: made)).click()
    assert answer["sentence"].startswith("This failed because of a fault in InstruNet (")
    assert "Traceback" in caplog.text


def test_slow_content_may_be_awaited() -> None:
    async def make() -> tuple[str, str, bytes]:
        await asyncio.sleep(0)
        return "song.pdf", "application/pdf", b"%PDF"

    async def fail() -> str:
        raise ExportError("Nothing to copy.")

    async def scenario() -> None:
        save, copy = Page(DownloadButton("Save", make)), Page(CopyButton(fail))
        for page in (save, copy):
            page.send({"type": "make", "id": "r"})
        async with asyncio.timeout(30):
            while not (save.messages and copy.messages):
                await asyncio.sleep(0.01)
        assert save.fetch(save.messages.pop()[0]) == b"%PDF"
        assert copy.messages == [({"type": "failed", "id": "r", "sentence": "Nothing to copy."}, None)]

    asyncio.run(scenario())


def test_disabled_button_makes_nothing() -> None:
    page = Page(CopyButton(lambda: "text", disabled=True))
    page.send({"type": "make", "id": "r"})
    assert page.messages == []


@pytest.mark.parametrize("content", [None, "make", {}, {"type": "make"}, {"type": "make", "id": 1}, {"id": "r"}])
def test_message_that_means_nothing_is_ignored(content: Any) -> None:
    page = Page(CopyButton(lambda: "text"))
    page.send(content)
    assert page.messages == []


def test_clicks_without_end_keep_few_things_in_memory() -> None:
    page = Page(CopyButton(lambda: "text"))
    for k in range(50):
        page.send({"type": "make", "id": f"r{k}"})
    assert len(page.button._sender._offers) == sending.MAX_OPEN_OFFERS


def test_kernel_answers_the_heartbeat() -> None:
    page = Page(Heartbeat())
    page.send({"type": "ping"})
    page.send({"type": "something"})
    assert page.messages == [({"type": "pong"}, None)]
