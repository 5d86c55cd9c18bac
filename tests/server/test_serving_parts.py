"""What the server is made of, piece by piece."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from talking import pack_message

from instrunet_widgets.errors import ServerError
from instrunet_widgets.server.channels import ForbiddenMessageError, check_message, split_message
from instrunet_widgets.server.folders import PREFIX, make_folder, remove_stale_folders
from instrunet_widgets.server.health import ServingState
from instrunet_widgets.server.kernel_output import MAX_LINES, KernelOutput
from instrunet_widgets.server.kernel_program import has_short_sockets, public_part
from instrunet_widgets.server.kernels import VisitorKernels
from instrunet_widgets.server.limits import make_page_limits, make_places
from instrunet_widgets.server.logs import SafeFormatter
from instrunet_widgets.server.options import ServingOptions
from instrunet_widgets.server.ownership import NoPlaceError, Owner, Place, Places, SessionEndedError
from instrunet_widgets.server.tls import make_tls_context

ADA, ADA_ELSEWHERE, BOB = Owner("ada", "1"), Owner("ada", "2"), Owner("bob", "3")


# -- places --------------------------------------------------------------------------------------------------------


def test_limit_of_a_user_counts_all_sessions_of_that_user_and_nobody_elses() -> None:
    places = Places(n_places=3, n_per_user=1)
    places.take(ADA)
    with pytest.raises(NoPlaceError) as refusal:
        places.take(ADA_ELSEWHERE)
    assert refusal.value.is_own_limit
    places.take(BOB)


def test_limit_of_all_counts_everybody_and_a_place_given_back_can_be_taken() -> None:
    places = Places(n_places=2, n_per_user=2)
    first = places.take(ADA)
    places.take(BOB)
    with pytest.raises(NoPlaceError) as refusal:
        places.take(BOB)
    assert not refusal.value.is_own_limit
    places.free(first)
    places.free(first)
    places.take(BOB)
    assert places.is_full


def test_who_signs_out_while_waiting_for_a_kernel_gets_none(tmp_path: Path) -> None:
    class Kernels(VisitorKernels):
        async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
            return "a kernel"

    async def wait_and_sign_out() -> None:
        kernels = Kernels(folder=str(tmp_path), _turns=asyncio.Semaphore(0), places=Places(n_places=1, n_per_user=1))
        waiting = asyncio.ensure_future(kernels.take_kernel(Owner("ada", "1")))
        await asyncio.sleep(0)
        assert kernels.places.is_full
        kernels.end_session("1")
        kernels.end_turn()
        with pytest.raises(SessionEndedError):
            await waiting
        assert not kernels.places.is_full
        assert kernels._spares == ["a kernel"]  # for somebody else

    asyncio.run(wait_and_sign_out())


def test_app_that_does_not_start_is_tried_again_after_longer_and_longer_pauses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Kernels(VisitorKernels):
        is_broken = True

        async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
            return "a kernel"

        async def show_app(self, kernel_id: str) -> list[dict[str, Any]]:
            if self.is_broken:
                raise RuntimeError("no model")
            return []

    async def start_often() -> list[float]:
        kernels, delays = Kernels(folder=str(tmp_path), spare_delay=8.0), []
        asyncio.get_running_loop().call_later = lambda delay, *_: delays.append(delay)
        for _ in range(8):
            await kernels._start_spare()
        kernels.is_broken = False
        await kernels._start_spare()
        assert kernels._spares == ["a kernel"]
        return delays

    assert asyncio.run(start_often()) == [16, 32, 64, 128, 256, 256, 256, 256, 8]
    told = [record for record in caplog.records if "could not be started ahead: no model" in record.getMessage()]
    assert [bool(record.exc_info) for record in told] == [True] + [False] * 7


def test_however_many_visitors_come_one_timer_leads_to_the_next_spare_kernel(tmp_path: Path) -> None:
    class Kernels(VisitorKernels):
        n_started = 0

        async def start_kernel(self, **kwargs: Any) -> str:  # type: ignore[override]
            self.n_started += 1
            return f"kernel {self.n_started}"

        async def show_app(self, kernel_id: str) -> list[dict[str, Any]]:
            await self.take_kernel(BOB)  # who comes while a spare one is prepared
            raise RuntimeError("no model")

        def _claim(self, kernel_id: str, place: Place) -> None:
            pass

    async def come_often() -> list[float]:
        kernels = Kernels(folder=str(tmp_path), spare_delay=8.0, _turns=asyncio.Semaphore(20))
        delays: list[float] = []
        wake: list[Callable[[], None]] = []

        def call_later(delay: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
            delays.append(delay)
            wake.append(callback)
            return asyncio.TimerHandle(delay, callback, (), asyncio.get_running_loop())

        asyncio.get_running_loop().call_later = call_later  # type: ignore[method-assign, assignment]
        for _ in range(3):  # pauses
            for _ in range(3):  # visitors in each
                await kernels.take_kernel(ADA)
            wake.pop(0)()
            assert kernels._preparing is not None
            await kernels._preparing
        assert len(wake) == 1
        return delays

    assert asyncio.run(come_often()) == [8, 16, 32, 64]


def test_one_visitor_may_have_all_places_where_nobody_signs_in() -> None:
    options = ServingOptions(n_kernels=7, kernels_per_user=2)
    assert (make_places(options).n_places, make_places(options).n_per_user) == (7, 7)
    served = ServingOptions(n_kernels=7, kernels_per_user=2, sign_in="accounts")
    assert (make_places(served).n_places, make_places(served).n_per_user) == (7, 2)


def test_limits_of_a_page_are_those_of_the_options() -> None:
    limits = make_page_limits(ServingOptions(sign_in="accounts", upload_megabytes=2, analysis_minutes=3))
    assert (limits.upload_bytes, limits.stored_bytes, limits.analysis_seconds) == (2e6, 8e6, 180)


def test_kernel_gets_no_secrets_of_the_server() -> None:
    given = {"PATH": "/bin", "INSTRUNET_PASSWORD": "x", "JUPYTERHUB_API_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    assert public_part({**given, "KEYBOARD": "us", "INSTRUNET_MODEL": "m"}) == {
        "PATH": "/bin", "KEYBOARD": "us", "INSTRUNET_MODEL": "m",
    }  # fmt: skip


# -- messages ------------------------------------------------------------------------------------------------------


def test_message_is_split_into_its_parts() -> None:
    message = pack_message("comm_msg", {"comm_id": "x"}, buffers=(b"first", b""))
    header, parent, metadata, content, *buffers = split_message(message)
    assert b'"comm_msg"' in header
    assert (parent, metadata, content, buffers) == (b"{}", b"{}", b'{"comm_id": "x"}', [b"first", b""])


def test_message_to_another_channel_is_forbidden() -> None:
    with pytest.raises(ForbiddenMessageError, match="another channel"):
        split_message(pack_message("comm_msg", {}, channel="control"))


@pytest.mark.parametrize("message", [None, "text", b"", b"\0" * 8, b"\xff" * 64, (7).to_bytes(8, "little") * 3])
def test_what_is_no_message_is_an_error(message: object) -> None:
    with pytest.raises(ValueError, match="protocol v1"):
        split_message(message)


def test_kernel_gets_of_a_header_what_it_needs() -> None:
    header = {"msg_id": "1", "msg_type": "comm_msg", "session": "s", "subshell_id": "other", "extra": {"a": 1}}
    assert check_message(header, {}) == {"msg_id": "1", "msg_type": "comm_msg", "session": "s"}


# -- folders -------------------------------------------------------------------------------------------------------


def test_folder_is_private_and_goes_with_its_block(tmp_path: Path) -> None:
    with make_folder(tmp_path) as name:
        folder = Path(name)
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "visitor-1").mkdir()
        (folder / "visitor-1" / "upload").write_bytes(b"sound")
    assert list(tmp_path.iterdir()) == []


def test_folder_of_a_server_that_runs_is_left_alone(tmp_path: Path) -> None:
    with make_folder(tmp_path) as name:
        assert remove_stale_folders(tmp_path) == 0
        assert Path(name).is_dir()


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_folder_of_a_server_that_was_killed_goes_at_the_next_start(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from instrunet_widgets.server.folders import make_folder\n"
        "with make_folder(Path(sys.argv[1])) as folder:\n"
        "    Path(folder, 'upload').write_bytes(b'sound'); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert remove_stale_folders(tmp_path) == 0
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [path.name for path in tmp_path.glob("*/upload")] == ["upload"]
    assert remove_stale_folders(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "valuable"
    target.mkdir()
    (target / "lock").touch()
    (tmp_path / f"{PREFIX}link").symlink_to(target, target_is_directory=True)
    (tmp_path / f"{PREFIX}without-lock").mkdir()
    (tmp_path / f"{PREFIX}file").touch()
    (tmp_path / "instrunet-app").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert remove_stale_folders(tmp_path) == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_link_in_a_stale_folder_is_not_followed(tmp_path: Path) -> None:
    valuable = tmp_path / "valuable"
    valuable.mkdir()
    (valuable / "file").touch()
    stale = tmp_path / f"{PREFIX}stale"
    stale.mkdir()
    (stale / "lock").touch()
    (stale / "link").symlink_to(valuable, target_is_directory=True)
    assert remove_stale_folders(tmp_path) == 1
    assert (valuable / "file").exists()
    assert not stale.exists()


# -- logs ----------------------------------------------------------------------------------------------------------


def write_record(message: str, *args: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("instrunet", logging.INFO, __file__, 1, message, args, info)
    record.created = 0
    return SafeFormatter().format(record)


@pytest.mark.parametrize(
    ("message", "written"),
    [
        ("200 GET /a?token=abc&x=1 ada", "200 GET /a?... ada"),
        ("name\n2026-01-01 forged\x1b[31m", "name\\n2026-01-01 forged\\x1b[31m"),
        ("HTTPServerRequest(uri='/x?password=p', version='1')", "HTTPServerRequest(uri='/x?...', version='1')"),
        ("{'password': 'hidden', 'Cookie': 'a=b'}", "{'password': '...', 'Cookie': '...'}"),
        ("_xsrf=2|abc|def", "_xsrf=..."),
        ("why?", "why?"),
        ("\u202eevil", "\\u202eevil"),
    ],
)
def test_line_of_the_log_is_one_line_without_secrets(message: str, written: str) -> None:
    assert write_record("%s", message).split(" INFO ", 1)[1] == written


def test_traceback_cannot_look_like_a_line_of_the_log() -> None:
    lines = write_record("failed", error=ValueError("x\n2026-01-01 00:00:00 INFO forged")).splitlines()
    assert lines[0].endswith("INFO failed")
    assert all(line.startswith("    ") for line in lines[1:])
    assert any("forged" in line for line in lines[1:])


# -- TLS -----------------------------------------------------------------------------------------------------------


def test_certificate_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("not a certificate")
    options = ServingOptions(certfile=tmp_path / "cert.pem", keyfile=tmp_path / "key.pem")
    with pytest.raises(ServerError, match="both must be PEM files that belong together"):
        make_tls_context(options)


def test_without_a_certificate_there_is_no_tls() -> None:
    assert make_tls_context(ServingOptions()) is None


# -- what kernels write --------------------------------------------------------------------------------------------


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def test_what_a_kernel_writes_becomes_lines_of_the_log_and_not_too_many() -> None:
    kept, output = Lines(), KernelOutput()
    program = "import sys; sys.stderr.write('first\\n' + 'x' * 5000 + '\\n' + 1000 * 'more\\n')"
    logging.getLogger("instrunet").addHandler(kept)
    try:
        process = subprocess.Popen([sys.executable, "-c", program], stderr=output.write_end)
        output.follow("k")
        assert process.wait(60) == 0
        for reader in [thread for thread in threading.enumerate() if thread.name == "output-k"]:
            reader.join(30)
    finally:
        logging.getLogger("instrunet").removeHandler(kept)
    assert kept.lines[:2] == ["kernel k wrote: first", "kernel k wrote: " + "x" * 1_000]
    assert len(kept.lines) == MAX_LINES


def test_sockets_are_used_where_their_paths_are_short_enough() -> None:
    assert has_short_sockets("/tmp/instrunet-server-abcdefgh") == (os.name == "posix")
    assert not has_short_sockets("/var/folders/xy/abcdefghijklmnopqrstuvwxyz0123/T/instrunet-server-abcdefgh")


# -- a stop --------------------------------------------------------------------------------------------------------


def test_stop_waits_for_what_is_running_but_not_for_ever() -> None:
    async def stop() -> tuple[bool, bool]:
        state = ServingState()
        with state.running():  # hangs
            await asyncio.wait_for(state.drain(0.1), 60)
            was_given_up = state.is_stopping
        with state.running():
            draining = asyncio.ensure_future(state.drain(3_600))
            done, _ = await asyncio.wait([draining], timeout=1)
        await asyncio.wait_for(draining, 60)
        return was_given_up, bool(done)

    assert asyncio.run(stop()) == (True, False)
