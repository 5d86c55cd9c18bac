"""The kernel's side of the player: which sound it gives, when, and what it says if there is none."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrunet_widgets.app import sending
from instrunet_widgets.app.player import Player

FORMATS = ["WAV", "MP3", "FLAC"]
Message = tuple[dict[str, Any], Any]


class Page:
    """A player and the browser's side of the talk."""

    def __init__(self, paths: dict[str, Path], key: str) -> None:
        self.player = Player(paths.get, source_key=key)
        self.messages: list[Message] = []
        self.player.send = lambda content, buffers=None: self.messages.append((content, buffers))

    def send(self, kind: str, request: Any = "r1", **content: Any) -> None:
        self.player._handle_custom_msg({"type": kind, "id": request, **content}, [])

    def ask(self, key: str, request: str = "r1", *, eager: bool = False, formats: Any = FORMATS) -> None:
        self.send("sound", request, key=key, eager=eager, formats=formats)

    async def hear(self, *kinds: str) -> Message:
        """The next message of one of some kinds."""
        for _ in range(1_000):
            while self.messages:
                message = self.messages.pop(0)
                if message[0]["type"] in kinds:
                    return message
            await asyncio.sleep(0.01)
        raise AssertionError(f"no message of {kinds}")

    async def fetch(self, offer: dict[str, Any]) -> bytes:
        parts = []
        for offset in range(0, offer["n_bytes"], offer["chunk_bytes"]):
            self.send("fetch", offer["id"], offset=offset)
            content, buffers = await self.hear("chunk", "lapsed")
            assert content == {"type": "chunk", "id": offer["id"], "offset": offset}
            parts.append(buffers[0])
        self.send("fetched", offer["id"])
        return b"".join(parts)


@pytest.fixture
def paths(write_recording: Callable[..., Path], make_tones: Callable[..., np.ndarray]) -> dict[str, Path]:
    tone = make_tones(4.0, 44_100, [(440, 0.5)])
    return {"wav": write_recording("a", tone, 44_100), "aiff": write_recording("b", tone, 44_100, "aiff")}


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


def test_recording_reaches_the_browser_chunk_by_chunk(paths: dict[str, Path]) -> None:
    async def scenario() -> None:
        page = Page(paths, "wav")
        page.ask("wav", eager=True)
        offer, _ = await page.hear("offer", "failed")
        assert offer["media_type"] == "audio/wav"
        assert offer["n_bytes"] == paths["wav"].stat().st_size > sending.CHUNK_BYTES
        assert await page.fetch(offer) == paths["wav"].read_bytes()
        page.send("fetch", offset=0)
        assert (await page.hear("chunk", "lapsed"))[0]["type"] == "lapsed"

    run(scenario)


def test_preview_is_made_only_when_somebody_wants_to_listen(paths: dict[str, Path]) -> None:
    async def scenario() -> None:
        page = Page(paths, "aiff")
        page.ask("aiff", eager=True)
        assert await page.hear("offer", "later", "failed") == ({"type": "later", "id": "r1"}, None)
        page.ask("aiff", "r2")
        offer, _ = await page.hear("offer", "later", "failed")
        assert (offer["media_type"], offer["id"]) == ("audio/mpeg", "r2")
        sound = await page.fetch(offer)
        assert sound[:3] == b"ID3" or sound[0] == 0xFF

    run(scenario)


@pytest.mark.parametrize("formats", [None, "WAV", [["WAV"]], [None]])
def test_list_of_formats_may_be_nonsense(paths: dict[str, Path], formats: Any) -> None:
    async def scenario() -> None:
        page = Page(paths, "wav")
        page.ask("wav", formats=formats)
        assert (await page.hear("offer", "failed"))[0]["media_type"] == "audio/mpeg"

    run(scenario)


def test_new_source_stops_the_preview_in_the_making(paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    was_cancelled = []

    def wait_for_cancel(path: Path, *, is_cancelled: Callable[[], bool], **_: Any) -> None:
        while not is_cancelled():
            pass
        was_cancelled.append(path)

    monkeypatch.setattr("instrunet_widgets.app.player.find_sound", wait_for_cancel)

    async def scenario() -> None:
        page = Page(paths, "aiff")
        page.ask("aiff")
        await asyncio.sleep(0.05)
        page.player.source_key = "wav"
        await page.hear("later")

    run(scenario)
    assert was_cancelled == [paths["aiff"]]


def test_new_source_withdraws_what_was_on_offer(paths: dict[str, Path]) -> None:
    async def scenario() -> None:
        page = Page(paths, "wav")
        page.ask("wav")
        await page.hear("offer")
        page.player.source_key = "aiff"
        page.send("fetch", offset=0)
        assert (await page.hear("chunk", "lapsed"))[0]["type"] == "lapsed"

    run(scenario)


def test_question_about_a_former_source_is_not_answered(paths: dict[str, Path]) -> None:
    async def scenario() -> None:
        page = Page(paths, "wav")
        page.ask("aiff")
        page.ask("wav", "r2")
        assert (await page.hear("offer", "later", "failed"))[0]["id"] == "r2"

    run(scenario)


@pytest.mark.parametrize("key", ["nowhere", "gone", "bad"])
def test_failure_is_a_sentence(paths: dict[str, Path], tmp_path: Path, key: str) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(b"FORM" + bytes(100))
    expected = {
        "nowhere": "there is no recording with this result; add the file to listen.",
        "gone": "there is no recording with this result; add the file to listen.",
        "bad": "The recording starts like a recording, but nothing in it can be decoded",
    }

    async def scenario() -> None:
        page = Page({**paths, "gone": tmp_path / "gone", "bad": bad}, key)
        page.ask(key)
        message, _ = await page.hear("failed", "offer")
        assert message["sentence"].startswith("The sound cannot be played here: " + expected[key])

    run(scenario)


def test_unexpected_fault_is_a_sentence_too(paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, **_: Any) -> None:
        raise RuntimeError("the encoder gave up")

    monkeypatch.setattr("instrunet_widgets.app.player.find_sound", fail)

    async def scenario() -> None:
        page = Page(paths, "aiff")
        page.ask("aiff")
        message, _ = await page.hear("failed")
        assert message["sentence"] == "The sound cannot be played here: no preview could be made (RuntimeError)."

    run(scenario)


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"type": "sound"}, {"type": "sound", "id": 3, "key": "wav"}, {"type": "fetch", "id": ["r"]}],
)
def test_message_that_means_nothing_is_ignored(paths: dict[str, Path], content: Any) -> None:
    page = Page(paths, "wav")
    page.player._handle_custom_msg(content, [])
    assert page.messages == []


@pytest.mark.parametrize("offset", [-1, None, "0", 1.5])
def test_bad_place_in_an_offer_is_refused(paths: dict[str, Path], offset: Any) -> None:
    async def scenario() -> None:
        page = Page(paths, "wav")
        page.ask("wav")
        await page.hear("offer")
        page.send("fetch", offset=offset)
        assert (await page.hear("chunk", "lapsed"))[0]["type"] == "lapsed"

    run(scenario)


def test_offers_do_not_pile_up(paths: dict[str, Path]) -> None:
    async def scenario() -> None:
        page = Page(paths, "wav")
        for k in range(sending.MAX_OPEN_OFFERS + 1):
            page.ask("wav", f"r{k}")
            await page.hear("offer")
        page.send("fetch", "r0", offset=0)
        assert (await page.hear("chunk", "lapsed"))[0]["type"] == "lapsed"
        page.send("fetch", "r1", offset=0)
        assert (await page.hear("chunk", "lapsed"))[0]["type"] == "chunk"

    run(scenario)


def test_kernel_moves_the_player(paths: dict[str, Path]) -> None:
    page = Page(paths, "wav")
    page.player.seek(3)
    page.player.seek(-3)
    page.player.play()
    page.player.pause()
    assert [message for message, _ in page.messages] == [
        {"type": "seek", "time": 3.0},
        {"type": "seek", "time": 0.0},
        {"type": "play"},
        {"type": "pause"},
    ]
    with pytest.raises(ValueError, match="finite"):
        page.player.seek(math.nan)


def test_kernel_follows_the_player(paths: dict[str, Path]) -> None:
    page = Page(paths, "wav")
    seen: list[float] = []
    page.player.observe(lambda change: seen.append(change["new"]), "position")
    page.player.set_state({"position": 1.25, "playing": True})
    assert (seen, page.player.playing) == ([1.25], True)
