"""`instrunet app`: ports, sentences, the browser."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import wait_until

from instrunet_widgets.cli import main
from instrunet_widgets.server import application, hosts, launch


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ports of servers that were started; they end at once."""
    ports: list[int] = []

    def start(server: application.InstruNetServer) -> None:
        ports.append(server.port)
        for opened in server._sockets:
            opened.close()

    monkeypatch.setattr(application.InstruNetServer, "start", start)
    return ports


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were opened in the user's browser."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def test_port_in_use_is_a_sentence(taken_port: int, starts: list[int], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", "--no-browser", "--port", str(taken_port)]) == 1
    assert capsys.readouterr().err == (
        f"instrunet: port {taken_port} is in use by another program; name another one, or leave --port out.\n"
    )
    assert starts == []


def test_default_port_in_use_gives_the_next_free_one_and_says_so(
    taken_port: int, starts: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "DEFAULT_PORT", taken_port)
    assert main(["app", "--no-browser"]) == 0
    (port,) = starts
    assert taken_port < port < taken_port + launch.N_PORTS_TRIED
    assert capsys.readouterr().out == (
        f"InstruNet is at http://localhost:{port}/ (port {taken_port} is in use; Ctrl-C ends it)\n"
    )


@pytest.mark.parametrize("outward", ["198.51.100.7", None])
def test_address_for_others_is_said(
    outward: str | None,
    starts: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(hosts, "find_outward_address", lambda: outward)
    users = ["--sign-in", "--users-file", str(tmp_path / "users.sqlite")]
    assert main(["app", "--no-browser", "--host", "0.0.0.0", *users]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"InstruNet is at http://localhost:{starts[0]}/ ")
    said = f"Others on the network reach it at http://{outward}:{starts[0]}/"
    assert (said in lines) == (outward is not None)
    assert any("unencrypted" in line for line in lines)


def test_missing_notebook_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "_PACKAGE", tmp_path / "instrunet_widgets")
    assert main(["app", "--no-browser"]) == 1
    assert "the app's notebook instrunet.ipynb is missing" in capsys.readouterr().err


def test_browser_is_opened_unless_told_otherwise(starts: list[int], opened: list[str]) -> None:
    main(["app", "--no-browser"])
    assert opened == []
    main(["app"])
    wait_until(lambda: bool(opened))  # a thread opens it
    assert opened == [f"http://localhost:{starts[-1]}/"]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "８８６６", ""])
def test_odd_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["app", f"--port={port}"])
    assert end.value.code == 2
    assert "is not a port: give a number from 1 to 65535" in capsys.readouterr().err
