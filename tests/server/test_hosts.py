"""Names by which the server may be called, and what counts as use of a session."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1

from instrunet_widgets.server.hosts import find_outward_address, find_own_names, is_own_host
from instrunet_widgets.server.options import ServingOptions
from instrunet_widgets.server.sign_in.activity import is_use

LOCAL = ServingOptions()
NETWORK = ServingOptions(host="0.0.0.0", sign_in="accounts", allowed_hosts=("Music.example",))


def is_allowed(host: str, options: ServingOptions) -> bool:
    return is_own_host(host, find_own_names(options), is_loopback=options.is_loopback)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_own_names_are_allowed(host: str) -> None:
    assert is_allowed(host, LOCAL)
    assert is_allowed(host, NETWORK)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "music.example.evil.example",
        "",
        "0",
        "[",
        "a b",
    ],
)
def test_foreign_names_are_refused(host: str) -> None:
    assert not is_allowed(host, LOCAL)
    assert not is_allowed(host, NETWORK)


@pytest.mark.parametrize("host", ["music.example", "MUSIC.EXAMPLE", "192.0.2.7", "[2001:db8::1]", socket.gethostname()])
def test_names_on_the_network_are_allowed_there_alone(host: str) -> None:
    assert is_allowed(host, NETWORK)
    assert not is_allowed(host, LOCAL)


def make_message(kind: str, content: dict[str, Any]) -> list[bytes | str | dict[str, Any]]:
    """A message in the forms that a websocket carries it in, made by Jupyter itself."""
    session = Session(key=b"")
    message = session.msg(kind, content=content)
    binary = serialize_msg_to_ws_v1(message, "shell", session.pack)
    text = json.dumps({"header": {"msg_type": kind}, "content": content})
    return [binary, text, json.loads(text)]


def custom(content: dict[str, Any]) -> dict[str, Any]:
    return {"comm_id": "1", "data": {"method": "custom", "content": content}}


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("comm_msg", custom({"type": "ping"}), False),
        ("comm_msg", custom({"type": "pong"}), False),
        ("comm_msg", custom({"type": "chunk", "number": 7}), True),
        ("comm_msg", {"comm_id": "1", "data": {"method": "update", "state": {"value": 0.4}}}, True),
        ("comm_msg", {"comm_id": "1", "data": {"method": "update", "state": {"value": "x" * 5_000}}}, True),
        ("comm_msg", {"comm_id": "1", "data": {"method": "update", "state": {"type": "ping"}}}, True),
        ("comm_open", {"comm_id": "1", "target_name": "jupyter.widget", "data": {}}, True),
        ("status", {"execution_state": "busy"}, False),
        ("kernel_info_request", {}, False),
        ("comm_info_request", {}, False),
    ],
)
def test_use_is_all_but_the_heartbeat(kind: str, content: dict[str, Any], expected: bool) -> None:
    assert [is_use(message) for message in make_message(kind, content)] == [expected] * 3


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x00" * 100,
        b"\xff" * 100,
        b"\x06" + b"\x00" * 200,
        "",
        "[]",
        "{}",
        "null",
        '"x"',
        '{"header": 1}',
        {},
        {"content": {}},
    ],
)
def test_what_cannot_be_read_is_no_use(message: Any) -> None:
    assert not is_use(message)


def test_outward_address_is_one_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    address = find_outward_address()
    if address is not None:
        with socket.socket() as listener:
            listener.bind((address, 0))  # refused for any address that is not the machine's own

    def refuse(*_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert find_outward_address() is None
