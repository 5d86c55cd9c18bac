"""Buttons that copy or save what the kernel makes when they are clicked, and the check that there is a kernel."""

from __future__ import annotations

import asyncio
import inspect
import io
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import anywidget
import traitlets

from ..errors import InstruNetError
from .scripts import join_scripts
from .sending import Offer, Sender

Download: TypeAlias = tuple[str, str, bytes]  # file name, media type, content

_log = logging.getLogger(__name__)


class _RequestButton(anywidget.AnyWidget):
    """Button whose click asks the kernel for content, which then comes in chunks."""

    label = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    purpose = traitlets.Unicode("").tag(sync=True)

    def __init__(self, make: Callable[[], Any], **traits: Any) -> None:
        super().__init__(**traits)
        self._make = make
        self._sender = Sender(lambda content, buffers=None: self.send(content, buffers))
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_msg(self._receive)

    def _make_offer(self, made: Any) -> Offer:
        raise NotImplementedError

    def _receive(self, _: object, content: Any, buffers: object) -> None:
        if not isinstance(content, dict):
            return
        request = content.get("id")
        if content.get("type") != "make" or not isinstance(request, str):
            self._sender.receive(content)
        elif not self.disabled:
            self._answer(request)

    def _answer(self, request: str) -> None:
        try:
            made = self._make()
            if inspect.isawaitable(made):
                task = asyncio.get_running_loop().create_task(self._answer_later(request, made))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                self._sender.offer(request, self._make_offer(made))
        except Exception as error:  # whatever it is, the page gets a sentence
            self._report(request, error)

    async def _answer_later(self, request: str, made: Awaitable[Any]) -> None:
        try:
            self._sender.offer(request, self._make_offer(await made))
        except Exception as error:
            self._report(request, error)

    def _report(self, request: str, error: Exception) -> None:
        sentence = str(error)
        if not isinstance(error, InstruNetError):
            _log.error("A button failed", exc_info=error)
            sentence = f"This failed because of a fault in InstruNet ({type(error).__name__}); please report it."
        self.send({"type": "failed", "id": request, "sentence": sentence})


class CopyButton(_RequestButton):
    """Copies text to the clipboard.

    Parameters
    ----------
    provide : callable
        Gives the text, at the click; may be a coroutine function. An `InstruNetError` is shown as a sentence.
    label : str
    **traits
        Traits of the widget.

    Attributes
    ----------
    label : str
    disabled : bool
    """

    _esm = join_scripts("common.js", "receiving.js", "buttons.js")

    def __init__(
        self, provide: Callable[[], str] | Callable[[], Awaitable[str]], *, label: str = "Copy", **traits: Any
    ) -> None:
        super().__init__(provide, label=label, purpose="copy", **traits)

    def _make_offer(self, made: str) -> Offer:
        return Offer(io.BytesIO(made.encode("utf-8", "replace")), "text/plain")


class DownloadButton(_RequestButton):
    """Saves a file from the browser.

    Parameters
    ----------
    label : str
    make : callable
        Gives file name, media type and content, at the click; may be a coroutine function. An `InstruNetError`
        is shown as a sentence.
    **traits
        Traits of the widget.

    Attributes
    ----------
    label : str
    disabled : bool
    """

    _esm = join_scripts("common.js", "receiving.js", "buttons.js")

    def __init__(
        self, label: str, make: Callable[[], Download] | Callable[[], Awaitable[Download]], **traits: Any
    ) -> None:
        super().__init__(make, label=label, purpose="save", **traits)

    def _make_offer(self, made: Download) -> Offer:
        name, media_type, content = made
        return Offer(io.BytesIO(content), media_type, name)


class Heartbeat(anywidget.AnyWidget):
    """Nothing to see, until the kernel stops answering: then a banner that offers to reload the page."""

    _esm = join_scripts("common.js", "heartbeat.js")

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._receive)

    def _receive(self, _: object, content: Any, buffers: object) -> None:
        if isinstance(content, dict) and content.get("type") == "ping":
            self.send({"type": "pong"})
