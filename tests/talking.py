"""A page without a browser: signs in, opens the websocket of its kernel and speaks the protocol of the widgets.

visitor = Visitor(server)
register(visitor, "ada", "several odd words")

async def talk():
    async with PageWithoutBrowser.open(visitor) as page:
        await page.upload("song.wav", content)
        await page.analyze()
"""

from __future__ import annotations

import asyncio
import json
import ssl
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from running import Visitor
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

PROTOCOL = "v1.kernel.websocket.jupyter.org"
CONTROL_TARGET = "jupyter.widget.control"
FORM = "application/x-www-form-urlencoded"
ANSWER_SECONDS = 180.0


def register(visitor: Visitor, name: str, password: str) -> None:
    """Make an account; the visitor has signed in then."""
    send_form(visitor, "register", name=name, password=password, again=password)


def log_in(visitor: Visitor, name: str, password: str) -> None:
    """Sign in."""
    send_form(visitor, "login", name=name, password=password)


def send_form(visitor: Visitor, path: str, **fields: str) -> None:
    visitor.ask("GET", f"{visitor.base}{path}")
    body = urlencode({"_xsrf": visitor.cookies["_xsrf"], **fields})
    status, headers, text = visitor.ask("POST", f"{visitor.base}{path}", body, Content_Type=FORM)
    assert status in (302, 303), (status, text[-2_000:])
    assert headers["Location"] == visitor.base


def pack_message(kind: str, content: dict[str, Any], *, channel: str = "shell", **parts: Any) -> bytes:
    """A message of Jupyter's websocket protocol v1; `parts`: header, metadata, buffers."""
    header = {
        "msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "test", "username": "test",
        "date": "2026-11-26T00:00:00Z", "version": "5.3", **parts.get("header", {}),
    }  # fmt: skip
    texts = (header, {}, parts.get("metadata", {}), content)
    packed = [channel.encode(), *(json.dumps(text).encode() for text in texts), *parts.get("buffers", ())]
    ends = [8 * (len(packed) + 2)]
    for part in packed:
        ends.append(ends[-1] + len(part))
    return b"".join([number.to_bytes(8, "little") for number in (len(ends), *ends)] + packed)


def unpack_message(message: bytes) -> tuple[dict[str, Any], dict[str, Any], list[bytes]]:
    """Header, content and buffers of a message."""
    n_ends = int.from_bytes(message[:8], "little")
    ends = [int.from_bytes(message[8 * k : 8 * k + 8], "little") for k in range(1, n_ends + 1)]
    parts = [message[start:end] for start, end in pairwise(ends)]
    return json.loads(parts[1]), json.loads(parts[4]), parts[5:]


async def connect(visitor: Visitor, kernel_id: str, **headers: str) -> WebSocketClientConnection:
    """The websocket of a kernel, with the visitor's cookies."""
    scheme, rest = visitor.url.split("://", 1)
    url = f"{scheme.replace('http', 'ws')}://{rest}api/kernels/{kernel_id}/channels?session_id={uuid.uuid4()}"
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    sent = {"Cookie": cookies, "Origin": visitor.url.rstrip("/").removesuffix(visitor.base.rstrip("/")), **headers}
    request = HTTPRequest(url, headers=sent, request_timeout=60, ssl_options=_trust_anybody(scheme))
    return await websocket_connect(request, subprotocols=[PROTOCOL], max_message_size=2**28)


def _trust_anybody(scheme: str) -> ssl.SSLContext | None:
    if scheme == "http":
        return None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@dataclass
class PageWithoutBrowser:
    """What a page knows of its kernel's widgets.

    Attributes
    ----------
    kernel_id : str
    models : dict
        State of each widget.
    """

    socket: WebSocketClientConnection
    kernel_id: str
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    _waiting: list[tuple[Callable[[str, dict[str, Any]], Any], asyncio.Future[Any]]] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def open(cls, visitor: Visitor) -> AsyncIterator[PageWithoutBrowser]:
        """Start a kernel and connect to it, as the page does; at the end of the block the page is closed."""
        loop = asyncio.get_running_loop()
        started = await loop.run_in_executor(None, visitor.start)
        async with cls.connect(visitor, started["kernel"]) as page:
            yield page
        await loop.run_in_executor(None, visitor.end, started["kernel"])

    @classmethod
    @asynccontextmanager
    async def connect(cls, visitor: Visitor, kernel_id: str) -> AsyncIterator[PageWithoutBrowser]:
        """Connect to a kernel and learn of its widgets."""
        page = cls(await connect(visitor, kernel_id), kernel_id)
        reader = asyncio.ensure_future(page._read())
        try:
            await page.look()
            yield page
        finally:
            page.socket.close()
            reader.cancel()

    async def look(self) -> None:
        """Ask for the state of all widgets, once the kernel can be heard."""
        heard = self.expect(lambda kind, _: kind == "kernel_info_reply")
        await self.socket.write_message(pack_message("kernel_info_request", {}), binary=True)
        await heard
        comm_id = uuid.uuid4().hex
        answer = self.expect(lambda comm, data: comm == comm_id and data.get("method") == "update_states")
        metadata = {"version": "1.0.0"}
        opening = {"comm_id": comm_id, "target_name": CONTROL_TARGET, "data": {}}
        await self.socket.write_message(pack_message("comm_open", opening, metadata=metadata), binary=True)
        await self._send(comm_id, {"method": "request_states"})
        for model_id, found in (await answer)["states"].items():
            self.models[model_id] = found["state"]

    def find(self, **state: Any) -> str:
        """The id of the widget with such a state."""
        (found,) = [key for key, model in self.models.items() if state.items() <= model.items()]
        return found

    def expect(self, matches: Callable[[str, dict[str, Any]], Any]) -> asyncio.Future[Any]:
        """The data of the first message of a widget, from now on, that matches (comm's id, data)."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((matches, future))
        return asyncio.ensure_future(asyncio.wait_for(future, ANSWER_SECONDS))

    async def tell(self, model_id: str, content: dict[str, Any], *buffers: bytes) -> None:
        """Send a widget's own kind of message."""
        await self._send(model_id, {"method": "custom", "content": content}, *buffers)

    async def ask(self, model_id: str, content: dict[str, Any], *buffers: bytes) -> dict[str, Any]:
        """Send a widget's own kind of message, and give the next one from it."""
        answer = self.expect(lambda comm, data: comm == model_id and data.get("method") == "custom")
        await self.tell(model_id, content, *buffers)
        data = await answer
        return {**data["content"], "buffers": data["buffers"]}

    async def save(self, label: str) -> bytes:
        """Press a button that saves a file, and give the file."""
        button, content = self.find(label=label), b""
        offer = await self.ask(button, {"type": "make", "id": label})
        assert offer["type"] == "offer", offer
        while len(content) < offer["n_bytes"]:
            content += (await self.ask(button, {"type": "fetch", "id": label, "offset": len(content)}))["buffers"][0]
        return content

    async def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """Send a file as the page does, and give the last answer."""
        (uploader,) = [key for key, model in self.models.items() if "chunk_bytes" in model]
        n_chunk, key = self.models[uploader]["chunk_bytes"], str(uuid.uuid4())
        answer = await self.ask(uploader, {"type": "start", "key": key, "name": name, "n_bytes": len(content)})
        for offset in range(0, len(content), n_chunk):
            if answer["type"] != "received":
                break
            chunk = content[offset : offset + n_chunk]
            answer = await self.ask(uploader, {"type": "chunk", "key": key, "offset": offset}, chunk)
        return answer

    async def choose(self, label: str) -> None:
        """Choose from the list that has such a label."""
        (chooser,) = [key for key, model in self.models.items() if label in model.get("_options_labels", ())]
        index = self.models[chooser]["_options_labels"].index(label)
        await self._send(chooser, {"method": "update", "state": {"index": index}, "buffer_paths": []})

    async def click(self, description: str) -> None:
        """Press a button."""
        await self.tell(self.find(description=description), {"event": "click"})

    async def analyze(self) -> float:
        """Press *Analyze Track*, wait for the result, and give the duration of the recording."""
        (player,) = [key for key, model in self.models.items() if "source_key" in model]
        done = self.expect(lambda comm, data: comm == player and data.get("state", {}).get("duration", 0) > 0)
        await self.click("Analyze Track")
        return float((await done)["state"]["duration"])

    async def _send(self, comm_id: str, data: dict[str, Any], *buffers: bytes) -> None:
        message = pack_message("comm_msg", {"comm_id": comm_id, "data": data}, buffers=buffers)
        await self.socket.write_message(message, binary=True)

    async def _read(self) -> None:
        while (message := await self.socket.read_message()) is not None:
            assert isinstance(message, bytes)
            header, content, buffers = unpack_message(message)
            if header["msg_type"] in ("comm_msg", "comm_open"):
                self._take(content["comm_id"], {**content["data"], "buffers": buffers})
            else:
                self._take(header["msg_type"], content)
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(ConnectionError(f"closed: {self.socket.close_code} {self.socket.close_reason}"))

    def _take(self, comm_id: str, data: dict[str, Any]) -> None:
        if data.get("method") == "update" or ("state" in data and "method" not in data):
            self.models.setdefault(comm_id, {}).update(data["state"])
        for entry in list(self._waiting):
            matches, future = entry
            if future.done() or matches(comm_id, data):
                self._waiting.remove(entry)
                if not future.done():
                    future.set_result(data)
