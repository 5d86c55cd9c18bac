"""Nobody reaches what is somebody else's: over HTTP and websockets, against a running server."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from running import Server, Visitor, wait_until
from serving import PASSWORD, serve
from talking import PageWithoutBrowser, connect, log_in, pack_message, register
from tornado.httpclient import HTTPClientError

pytestmark = pytest.mark.slow

# Every address that Voila and jupyter_server answer to as they come, and a few that people try.
JUPYTER_ADDRESSES = (
    *("api", "api/status", "api/me", "api/spec.yaml", "api/kernelspecs", "api/kernelspecs/python3", "api/sessions"),
    *("api/contents", "api/contents/instrunet.ipynb", "api/contents/instrunet.ipynb/checkpoints", "api/terminals"),
    *("api/kernels", "api/config/notebook", "api/nbconvert", "api/security/csp-report", "api/shutdown", "api/events"),
    *("api/events/subscribe", "files/instrunet.ipynb", "nbconvert/html/instrunet.ipynb", "view/instrunet.ipynb"),
    *("kernelspecs/python3/logo-64x64.png", "terminals/websocket/1", "metrics", "tree", "lab", "static/style/x.css"),
    *("voila/files/instrunet.ipynb", "voila/files/app.png", "voila/render/instrunet.ipynb", "voila/tree", "custom/x"),
    *("voila/api/contents/", "voila/api/themes/x/index.css", "voila/templates/lab/static/voila.js", "edit/a.py"),
    *("voila/static/../../../../pyproject.toml", "voila/static/%2e%2e/%2e%2e/conf.json", "voila/labextensions/../x"),
    *("instrunet.ipynb", "notebooks/instrunet.ipynb", "app.png", ".git/config", "users.sqlite", "server.log"),
)


@dataclass
class Stage:
    """A server, two users who have signed in, and a kernel of the first."""

    server: Server
    ada: Visitor
    eve: Visitor
    kernel: str

    @property
    def private_words(self) -> tuple[str, ...]:
        return (self.kernel, "execution_state", "connections", "last_activity", "python3", "ipykernel", '"cells"')


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    # ada's kernel has no page between the tests: it shall outlive them, however long they take
    with serve(tmp_path_factory.mktemp("isolation"), cull_seconds=3_600) as server:
        ada, eve = Visitor(server), Visitor(server)
        register(ada, "ada", PASSWORD)
        register(eve, "eve", PASSWORD)
        yield Stage(server, ada, eve, ada.start()["kernel"])


def spell_out(stage: Stage, path: str) -> str:
    return f"/{path}".replace("KERNEL", stage.kernel)


def refusal_of(connecting: Awaitable[Any]) -> int:
    async def attempt() -> int:
        with pytest.raises(HTTPClientError) as refusal:
            await connecting
        return refusal.value.code

    return asyncio.run(attempt())  # type: ignore[arg-type]


def visitor_without_sign_in(stage: Stage) -> Visitor:
    stranger = Visitor(stage.server)
    stranger.ask("GET", "/login")  # a cookie against forged requests is all that there is to have
    return stranger


# -- the table over every route ------------------------------------------------------------------------------------

KERNEL_ADDRESSES = (
    *(("GET", "api/kernels/KERNEL"), ("DELETE", "api/kernels/KERNEL"), ("POST", "voila/api/shutdown/KERNEL")),
    *(("POST", "api/kernels/KERNEL/interrupt"), ("POST", "api/kernels/KERNEL/restart")),
    *(("GET", "api/kernels/KERNEL/channels"), ("POST", "api/kernels"), ("GET", "api/kernels")),
    *(("GET", "voila/query/KERNEL"), ("GET", "voila/execution/KERNEL"), ("POST", "instrunet/start/KERNEL")),
)


@pytest.mark.parametrize("who", ["stranger", "eve"])
@pytest.mark.parametrize(("method", "path"), KERNEL_ADDRESSES)
def test_kernel_of_somebody_else_is_out_of_reach(stage: Stage, who: str, method: str, path: str) -> None:
    visitor = stage.eve if who == "eve" else visitor_without_sign_in(stage)
    status, headers, text = visitor.ask(method, spell_out(stage, path), X_XSRFToken=visitor.cookies["_xsrf"])
    assert status in (302, 403, 404, 405, 400), (status, text[:200])
    assert status != 302 or headers["Location"].startswith("/login")
    assert not [word for word in stage.private_words if word in text]
    assert stage.server.kernel(stage.kernel).is_running()


@pytest.mark.parametrize("who", ["stranger", "eve", "ada"])
@pytest.mark.parametrize("path", JUPYTER_ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_interfaces_that_the_app_does_not_need_are_not_there(stage: Stage, who: str, path: str, method: str) -> None:
    visitor = {"eve": stage.eve, "ada": stage.ada}.get(who) or visitor_without_sign_in(stage)
    status, headers, text = visitor.ask(method, f"/{path}", X_XSRFToken=visitor.cookies["_xsrf"])
    assert status in (302, 403, 404, 405), (status, text[:200])
    assert status != 302 or headers["Location"].startswith("/login")
    assert not [word for word in stage.private_words if word in text]


def test_every_route_that_there_is_is_known_to_these_tests(stage: Stage) -> None:
    """The list below is what the server answers to; a new route wants a look at who may use it."""
    from types import SimpleNamespace

    from instrunet_widgets.server.application import make_server
    from instrunet_widgets.server.launch import find_notebook
    from instrunet_widgets.server.options import ServingOptions
    from instrunet_widgets.server.routes import list_routes

    made = make_server(find_notebook(), folder="", options=ServingOptions(base_url="/x/"))
    made.app = SimpleNamespace(settings={"contents_manager": SimpleNamespace(root_dir="/")})  # type: ignore[assignment]
    made.identity_provider = SimpleNamespace(get_handlers=lambda: [("/x/login", object)])  # type: ignore[assignment]
    patterns = [route[0] for route in list_routes(made, SimpleNamespace())]  # type: ignore[arg-type]
    kernel = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"
    assert patterns == [
        "/x/login",
        "/x/health",
        f"/x/api/kernels/{kernel}",
        f"/x/api/kernels/{kernel}/channels",
        f"/x/voila/api/shutdown/{kernel}",
        "/x/voila/static/(.*)",
        "/x/voila/labextensions/(.*)",
        "/x/instrunet/start",
        "/x/instrunet/no-mathjax.js",
        "/x/(.*)",
    ]


def test_page_and_start_want_sign_in(stage: Stage) -> None:
    stranger = visitor_without_sign_in(stage)
    status, headers, _ = stranger.ask("GET", "/")
    assert (status, headers["Location"].split("?")[0]) == (302, "/login")
    n_kernels = len(stage.server.kernels())
    assert stranger.ask("POST", "/instrunet/start", X_XSRFToken=stranger.cookies["_xsrf"])[0] == 403
    assert len(stage.server.kernels()) <= max(n_kernels, 2)  # hers and the spare one


def test_owner_reaches_her_kernel(stage: Stage) -> None:
    status, _, text = stage.ada.ask("GET", f"/api/kernels/{stage.kernel}")
    assert (status, json.loads(text)["id"]) == (200, stage.kernel)


def test_another_session_of_the_same_user_does_not_reach_it(stage: Stage) -> None:
    elsewhere = Visitor(stage.server)
    log_in(elsewhere, "ada", PASSWORD)
    assert elsewhere.ask("GET", f"/api/kernels/{stage.kernel}")[0] == 404
    assert refusal_of(connect(elsewhere, stage.kernel)) == 403


def test_extensions_that_the_app_is_not_made_of_are_not_given(stage: Stage) -> None:
    assert stage.ada.ask("GET", "/voila/labextensions/anywidget/package.json")[0] == 200
    assert stage.ada.ask("GET", "/voila/labextensions/jupyterlab_pygments/package.json")[0] == 404


# -- the websocket -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["stranger", "eve"])
def test_websocket_of_somebody_else_is_refused(stage: Stage, who: str) -> None:
    visitor = stage.eve if who == "eve" else visitor_without_sign_in(stage)
    assert refusal_of(connect(visitor, stage.kernel)) == 403


def test_kernel_that_nobody_has_claimed_is_refused_to_everybody(stage: Stage) -> None:
    wait_until(lambda: len(stage.server.kernels()) == 2)
    (spare,) = [one for one in stage.server.kernels() if stage.kernel not in " ".join(one.cmdline())]
    kernel_id = re.search(r"kernel-([\w-]+)\.json", " ".join(spare.cmdline()))[1]  # type: ignore[index]
    for visitor in (stage.ada, stage.eve):
        assert visitor.ask("GET", f"/api/kernels/{kernel_id}")[0] == 404
        assert refusal_of(connect(visitor, kernel_id)) == 403
    files = [path for path in Path(spare.cwd()).rglob("*") if path.is_file()]
    assert {path.relative_to(spare.cwd()).parts[0] for path in files} <= {"ipython"}  # settings of the kernel itself


def test_websocket_from_a_page_of_another_site_is_refused(stage: Stage) -> None:
    assert refusal_of(connect(stage.ada, stage.kernel, Origin="http://evil.example")) == 403


REFUSED = {
    "execute_request": pack_message("execute_request", {"code": "open('stolen', 'w')", "silent": False}),
    "execute_request as text": json.dumps({"channel": "shell", "header": {"msg_type": "execute_request"}}),
    "execute_request on control": pack_message("execute_request", {"code": "1"}, channel="control"),
    "two types in one header": pack_message("comm_msg", {"comm_id": "x", "data": {}}).replace(
        b'"msg_type": "comm_msg"', b'"msg_type": "execute_request", "msg_typo": "comm_msg"'
    ),
    "complete_request": pack_message("complete_request", {"code": "import os; os.", "cursor_pos": 14}),
    "inspect_request": pack_message("inspect_request", {"code": "open", "cursor_pos": 1, "detail_level": 1}),
    "history_request": pack_message("history_request", {"hist_access_type": "tail", "n": 10}),
    "debug_request": pack_message("debug_request", {"type": "request", "command": "attach"}, channel="control"),
    "shutdown_request": pack_message("shutdown_request", {"restart": True}, channel="control"),
    "interrupt_request": pack_message("interrupt_request", {}, channel="control"),
    "create_subshell_request": pack_message("create_subshell_request", {}, channel="control"),
    "input_reply": pack_message("input_reply", {"value": "x"}, channel="stdin"),
    "a widget of the page's own": pack_message(
        "comm_open", {"comm_id": "x", "target_name": "jupyter.widget", "data": {"state": {}}}
    ),
    "noise": b"\xff" * 100,
    "ends beyond the end": (10**15).to_bytes(8, "little") * 12,
    "more parts than there are": (2**62).to_bytes(8, "little") + b"\0" * 64,
    "nothing": b"",
    "a list for a header": pack_message("comm_msg", {}).replace(b'{"msg_id"', b'["msg_id"', 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_browser_may_send_messages_of_widgets_only(stage: Stage, name: str) -> None:
    async def attempt() -> tuple[int | None, list[Any]]:
        socket = await connect(stage.ada, stage.kernel)
        await socket.write_message(REFUSED[name], binary=isinstance(REFUSED[name], bytes))
        answers: list[Any] = []
        while (answer := await asyncio.wait_for(socket.read_message(), 30)) is not None:
            answers.append(answer)
        return socket.close_code, answers

    code, answers = asyncio.run(attempt())
    assert code == 1008
    assert not [answer for answer in answers if b"_reply" in answer]
    kernel = stage.server.kernel(stage.kernel)
    assert kernel.is_running()
    assert not Path(kernel.cwd(), "stolen").exists()


def test_code_in_a_message_that_may_pass_is_not_run(stage: Stage) -> None:
    """The type that the server reads is the one that the kernel gets, whatever stands twice in the header."""
    twice = pack_message("comm_msg", {"comm_id": "x", "data": {}, "code": "open('stolen', 'w')"})
    header = b'{"msg_type": "execute_request", '
    parts = twice.index(b'{"msg_id"')
    raw = twice[:parts] + header + twice[parts + 1 :]
    shifted = bytearray(raw)
    n_ends = int.from_bytes(raw[:8], "little")
    for k in range(3, n_ends + 1):  # all ends behind the header move
        end = int.from_bytes(raw[8 * k : 8 * k + 8], "little") + len(header) - 1
        shifted[8 * k : 8 * k + 8] = end.to_bytes(8, "little")

    async def attempt() -> None:
        async with PageWithoutBrowser.connect(stage.ada, stage.kernel) as page:
            await page.socket.write_message(bytes(shifted), binary=True)
            await page.look()  # the kernel has dealt with what came before
            assert page.socket.close_code is None

    asyncio.run(attempt())
    assert not Path(stage.server.kernel(stage.kernel).cwd(), "stolen").exists()


def test_nothing_that_a_kernel_prints_or_complains_of_reaches_the_page(stage: Stage) -> None:
    async def attempt() -> list[bytes]:
        socket = await connect(stage.ada, stage.kernel)
        await socket.write_message(pack_message("comm_msg", {"comm_id": "unknown", "data": {}}), binary=True)
        await socket.write_message(pack_message("kernel_info_request", {}), binary=True)
        answers: list[bytes] = []
        while not any(b"kernel_info_reply" in answer for answer in answers):
            answers.append(await asyncio.wait_for(socket.read_message(), 30))  # type: ignore[arg-type]
        socket.close()
        return answers

    answers = asyncio.run(attempt())
    assert not [answer for answer in answers if b"stderr" in answer or b"Traceback" in answer or b"No such" in answer]


# -- uploads and the end of a session ------------------------------------------------------------------------------


def test_uploads_lie_in_a_private_folder_and_go_when_the_page_is_closed(stage: Stage) -> None:
    async def talk() -> Path:
        async with PageWithoutBrowser.open(stage.eve) as page:
            assert (await page.upload("private.wav", b"RIFF" + bytes(700_000)))["type"] == "done"
            folder = Path(stage.server.kernel(page.kernel_id).cwd())
            (found,) = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size == 700_004]
            assert "private" not in found.name
            for path in (folder, found.parent):
                assert path.stat().st_mode & 0o777 == 0o700
            assert found.stat().st_mode & 0o777 == 0o600
            assert folder not in Path(stage.server.kernel(stage.kernel).cwd()).parents
        return folder

    folder = asyncio.run(talk())
    wait_until(lambda: not folder.exists())


@pytest.mark.parametrize("way", ["log out", "change the password elsewhere"])
def test_end_of_a_session_ends_its_kernels_sockets_and_files(stage: Stage, way: str) -> None:
    name = f"bob-{way[:3]}"
    bob = Visitor(stage.server)
    register(bob, name, PASSWORD)
    elsewhere = Visitor(stage.server)
    log_in(elsewhere, name, PASSWORD)

    async def talk() -> int | None:
        started = await asyncio.to_thread(bob.start)
        kernel = stage.server.kernel(started["kernel"])
        folder = Path(kernel.cwd())
        socket = await connect(bob, started["kernel"])
        if way == "log out":
            await asyncio.to_thread(send_form_anywhere, bob, "logout")
        else:
            new = "other odd words entirely"
            await asyncio.to_thread(send_form_anywhere, elsewhere, "password", old=PASSWORD, password=new, again=new)
        while await asyncio.wait_for(socket.read_message(), 60) is not None:
            pass
        await asyncio.to_thread(wait_until, lambda: not kernel.is_running() and not folder.exists())
        return socket.close_code

    assert asyncio.run(talk()) == 4401
    assert stage.server.kernel(stage.kernel).is_running()  # of somebody else


def send_form_anywhere(visitor: Visitor, path: str, **fields: str) -> None:
    """Send a form, wherever it leads."""
    from urllib.parse import urlencode

    visitor.ask("GET", f"/{path}")
    body = urlencode({"_xsrf": visitor.cookies["_xsrf"], **fields})
    status, _, text = visitor.ask("POST", f"/{path}", body, Content_Type="application/x-www-form-urlencoded")
    assert status in (200, 302, 303), (status, text[-500:])


# -- headers and logs ----------------------------------------------------------------------------------------------

ADDRESSES_OF_ALL_KINDS = (
    *("/", "/login", "/health", "/nowhere", "/api/kernels/KERNEL", "/api/kernels/0-0-0-0-0", "/voila/static/voila.js"),
    *("/voila/static/nothing.js", "/voila/labextensions/anywidget/package.json", "/voila/labextensions/x/y"),
    *(
        "/instrunet/no-mathjax.js",
        "/instrunet/start",
        "/api/kernels/KERNEL/channels",
        "/%ff%fe",
        "/login?next=%0d%0aX:y",
    ),
)


@pytest.mark.parametrize("path", ADDRESSES_OF_ALL_KINDS)
@pytest.mark.parametrize("change", [{}, {"Host": "evil.example"}], ids=["", "foreign host"])
def test_every_answer_carries_the_protective_headers(stage: Stage, path: str, change: dict[str, str]) -> None:
    status, headers, _ = stage.ada.ask("GET", spell_out(stage, path[1:]), **change)
    assert (status == 403) >= bool(change)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.split("script-src")[-1].split(";")[0]
    is_public_file = path.startswith("/voila/") and status == 200
    assert headers["Cache-Control"] == ("no-store" if not is_public_file else headers["Cache-Control"])
    assert "Server" not in headers
    assert "Strict-Transport-Security" not in headers  # this is plain HTTP


def test_scripts_of_the_page_carry_a_word_that_is_new_each_time(stage: Stage) -> None:
    words = set()
    for _ in range(2):
        _, headers, page = stage.ada.ask("GET", "/")
        word = re.search(r"'nonce-([\w-]+)'", headers["Content-Security-Policy"])[1]  # type: ignore[index]
        tags = re.findall(r"<script(?![^>]*application/json)[^>]*>", page)
        assert tags and all(f'nonce="{word}"' in tag for tag in tags)
        words.add(word)
    assert len(words) == 2


def test_log_has_no_secrets_and_no_lines_of_a_visitors_making(stage: Stage) -> None:
    stage.ada.ask("GET", "/nowhere%0a2026-01-01%2000:00:00%20ERROR%20forged%1b[31m?token=hidden-token")
    connection = http.client.HTTPConnection(stage.server.url.split("/")[2])
    connection.request("POST", "/login", "name=ada&password=hidden-password", {"Content-Type": "text/plain"})
    connection.getresponse().read()
    wait_until(lambda: "POST /login" in stage.server.log)
    log = stage.server.log
    for secret in ("hidden-token", "hidden-password", PASSWORD, *stage.ada.cookies.values()):
        assert secret not in log
    assert "\x1b" not in log
    shape = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (INFO|WARNING|ERROR) |InstruNet is at|People log in with|    ")
    assert [line for line in log.splitlines() if not shape.match(line)] == []
    assert not re.search(r"^2026-01-01", log, re.MULTILINE)
    assert re.search(rf"INFO kernel {stage.kernel}: for ada$", log, re.MULTILINE)
    assert re.search(r"INFO 200 POST /instrunet/start 127.0.0.1 ada \d+ ms$", log, re.MULTILINE)
