"""The app behind a real JupyterHub with its real proxy, over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psutil
import pytest
from hubs import PASSWORD, Answer, HubVisitor, run_hub
from running import Server, wait_until

pytest.importorskip("jupyterhub", reason="the hub is missing: install instrunet-widgets[hub]")

from instrunet_widgets.server import hub as hub_package

FIRST_PASSWORD = "nine green lamps"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A hub with the keeper anna, the users ada and bob, and ada's server."""
    settings = f'keepers=("anna",), first_password="{FIRST_PASSWORD}"'
    # JupyterHub's own administrators may enter every server, as far as JupyterHub is concerned
    administrator = 'c.Authenticator.admin_users = {"zed"}'
    more = f"c.Accounts.allowed_failed_logins = 3\nc.Spawner.args += ['--report-seconds=1']\n{administrator}"
    with run_hub(tmp_path_factory.mktemp("hub"), settings=settings, more=more) as server:
        for name in ("ada", "bob", "carl"):
            assert "ready" in HubVisitor(server.url).sign_up(name).message
        yield server


@pytest.fixture(scope="module")
def ada(hub: Server) -> HubVisitor:
    """Ada, whose server runs."""
    visitor = HubVisitor(hub.url)
    visitor.log_in("ada")
    visitor.open_app("ada")
    return visitor


@pytest.fixture(scope="module")
def kernel_id(ada: HubVisitor) -> str:
    """A kernel of ada's."""
    return str(ada.start_kernel("ada")["kernel"])


@pytest.fixture(scope="module")
def bob(hub: Server) -> HubVisitor:
    visitor = HubVisitor(hub.url)
    visitor.log_in("bob")
    return visitor


def make_token(visitor: HubVisitor, name: str) -> Answer:
    return visitor.call("POST", f"/hub/api/users/{name}/tokens")


def read_server(visitor: HubVisitor, name: str) -> dict[str, Any]:
    """What the hub knows of somebody's server; empty if it does not run."""
    model = json.loads(visitor.call("GET", f"/hub/api/users/{name}").text)
    return dict(model["servers"].get("", {}))


def find_server(hub: Server, name: str) -> psutil.Process | None:
    """A user's server, if it runs."""
    for process in psutil.Process(hub.process.pid).children():
        try:
            if hub_package.PROGRAM in process.cmdline() and process.environ().get("JUPYTERHUB_USER") == name:
                return process
        except psutil.NoSuchProcess:  # it has just ended; a zombie is one of these too
            continue
    return None


def need_server(hub: Server, name: str) -> psutil.Process:
    """A user's server, once it runs."""
    wait_until(lambda: find_server(hub, name) is not None)
    found = find_server(hub, name)
    assert found is not None
    return found


def find_port(server: psutil.Process) -> int:
    (port,) = {c.laddr.port for c in server.net_connections() if c.status == psutil.CONN_LISTEN and c.laddr.port > 0}
    return int(port)


def ask_directly(hub: Server, method: str, path: str, token: str = "", *, cookie: str = "") -> tuple[int, str]:
    """Ask ada's server past the proxy: status and where it sends one."""
    server = need_server(hub, "ada")
    connection = http.client.HTTPConnection("127.0.0.1", find_port(server), timeout=60)
    headers = {"Authorization": f"token {token}"} if token else {"Cookie": cookie}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.headers.get("Location", "")


def test_configuration_names_only_what_jupyterhub_knows(hub: Server) -> None:
    assert "not recognized" not in hub.log
    assert "deprecated" not in hub.log.replace("Authenticator.db is deprecated", "")


@pytest.mark.parametrize(
    ("name", "password", "part"),
    [
        ("ada", PASSWORD, "This name is taken"),
        ("ADA", PASSWORD, "This name is taken"),
        ("anna", PASSWORD, "This name is taken"),
        ("", PASSWORD, "A name takes 1 to 32"),
        ("..", PASSWORD, "A name takes 1 to 32"),
        ("a/b", PASSWORD, "A name takes 1 to 32"),
        ("<b>eve</b>", PASSWORD, "A name takes 1 to 32"),
        ("eve\n", PASSWORD, "A name takes 1 to 32"),
        ("éve", PASSWORD, "A name takes 1 to 32"),
        ("e" * 33, PASSWORD, "A name takes 1 to 32"),
        ("eve", "x", "too short"),
        ("eve", "x" * 10_000, "too long"),
        ("eve", "ü" * 37, "too long"),
        ("eve", "1234567890", "Many people have this password"),
    ],
    ids=[
        "taken",
        "taken-caps",
        "keeper",
        "empty",
        "dots",
        "slash",
        "html",
        "control",
        "accent",
        "long",
        "short",
        "huge",
        "bytes",
        "common",
    ],
)
def test_sign_up_says_what_is_wrong(hub: Server, name: str, password: str, part: str) -> None:
    answer = HubVisitor(hub.url).sign_up(name, password)
    assert answer.status == 400
    assert part in answer.message
    assert "<b>eve" not in answer.text


def test_sign_up_wants_the_password_twice(hub: Server) -> None:
    answer = HubVisitor(hub.url).fill("/hub/signup", username="eve", password=PASSWORD, again=PASSWORD + "s")
    assert answer.message == "The two passwords are not the same. Please type them again."


def test_form_from_elsewhere_is_refused(hub: Server) -> None:
    for path in ("/hub/signup", "/hub/login"):
        fields = {"username": "mallory", "password": PASSWORD, "again": PASSWORD}
        assert HubVisitor(hub.url).ask(path, fields).status == 403
    assert HubVisitor(hub.url).log_in("mallory").status == 403


def test_unknown_name_and_wrong_password_are_answered_alike(hub: Server) -> None:
    answers = [
        HubVisitor(hub.url).log_in(name, password)
        for name, password in (("bob", "wrong"), ("nobody", "wrong"), ("nobody", "x" * 10_000), ("", ""))
    ]
    assert {(answer.status, answer.message) for answer in answers} == {(403, "Invalid name or password.")}


def test_too_many_wrong_passwords_close_the_account_for_a_while(hub: Server) -> None:
    for _ in range(3):
        HubVisitor(hub.url).log_in("carl", "wrong")
    assert HubVisitor(hub.url).log_in("carl").status == 403


def test_login_leads_to_no_other_site(bob: HubVisitor) -> None:
    assert bob.find_redirect("/hub/login?next=/hub/token") == "/hub/token"
    for goal in ("//evil.example/", "https://evil.example/", r"\\evil.example", "javascript:alert(1)"):
        target = bob.find_redirect(f"/hub/login?next={quote(goal, safe='')}")
        assert "evil" not in urlsplit(target).path and urlsplit(target).netloc == "", target
        assert urlsplit(target).scheme == "", target


def test_own_password_is_changed_with_the_old_one(hub: Server) -> None:
    visitor = HubVisitor(hub.url)
    visitor.sign_up("dora")
    visitor.log_in("dora")
    new = "eight quiet rivers"
    for old, password, again, part in (
        ("wrong", new, new, "The present password is not right"),
        ("x" * 10_000, new, new, "The present password is not right"),
        (PASSWORD, new, new + "s", "not the same"),
        (PASSWORD, "x", "x", "too short"),
    ):
        answer = visitor.fill("/hub/change-password", old=old, password=password, again=again)
        assert (answer.status, part in answer.message) == (400, True), answer.message
    assert visitor.fill("/hub/change-password", old=PASSWORD, password=new, again=new).status == 200
    assert HubVisitor(hub.url).log_in("dora").status == 403
    assert HubVisitor(hub.url).log_in("dora", new).path == "/hub/home"


def test_owner_gets_the_app_and_a_kernel(hub: Server, ada: HubVisitor, kernel_id: str) -> None:
    page = ada.open_app("ada")
    assert (page.status, page.path) == (200, "/user/ada/")
    assert "<title>InstruNet</title>" in page.text
    assert page.headers["X-JupyterHub-Version"].startswith("5.")
    assert ada.ask(f"/user/ada/api/kernels/{kernel_id}").status == 200
    assert ada.open_websocket(f"/user/ada/api/kernels/{kernel_id}/channels") == 101
    kernels = [process for process in need_server(hub, "ada").children() if kernel_id in " ".join(process.cmdline())]
    assert len(kernels) == 1
    assert not [name for name in kernels[0].environ() if "TOKEN" in name]  # not the server's own, above all


def test_cookies_are_out_of_reach_of_scripts_and_other_users_servers(ada: HubVisitor) -> None:
    found = {cookie.name: cookie for cookie in ada.cookies if cookie.name != "_xsrf"}
    assert {name: cookie.path for name, cookie in found.items()} == {
        "jupyterhub-hub-login": "/hub/", "jupyterhub-session-id": "/", "jupyterhub-user-ada": "/user/ada/",
    }  # fmt: skip
    for cookie in found.values():
        assert cookie.has_nonstandard_attr("HttpOnly"), cookie.name
        assert cookie.get_nonstandard_attr("SameSite") == "Lax", cookie.name


def test_stranger_is_sent_to_the_login(hub: Server, ada: HubVisitor) -> None:
    assert HubVisitor(hub.url).ask("/user/ada/").path == "/hub/login"


@pytest.mark.parametrize("value", ["", "%%%", "2|1:0|10:1|x", "x" * 4_000, '"', "\xff"])
def test_malformed_cookies_are_no_cookies(hub: Server, ada: HubVisitor, value: str) -> None:
    cookies = "; ".join(f"{name}={value}" for name in ("jupyterhub-user-ada", "_xsrf", "jupyterhub-session-id"))
    status, location = ask_directly(hub, "GET", "/user/ada/", cookie=cookies)
    assert (status, urlsplit(location).path) == (302, "/hub/api/oauth2/authorize")


@pytest.mark.parametrize("name", ["bob", "anna"])
def test_no_other_user_gets_in_not_even_a_keeper(hub: Server, kernel_id: str, name: str) -> None:
    other = HubVisitor(hub.url)
    assert other.log_in(name, FIRST_PASSWORD if name == "anna" else PASSWORD).path == "/hub/home"
    page = other.ask("/user/ada/")
    assert page.status in (403, 404)
    assert "Hear who plays" not in page.text
    assert other.ask(f"/user/ada/api/kernels/{kernel_id}").status == 403
    assert other.open_websocket(f"/user/ada/api/kernels/{kernel_id}/channels") == 403
    assert other.ask("/user/ada/instrunet/start", {"_xsrf": "x"}).status == 403
    assert make_token(other, "ada").status in (403, 404)
    token = json.loads(make_token(other, name).text)["token"]
    assert ask_directly(hub, "GET", f"/user/ada/api/kernels/{kernel_id}", token)[0] == 403
    assert ask_directly(hub, "POST", "/user/ada/instrunet/start", token)[0] == 403


def test_administrator_of_jupyterhub_does_not_get_in_either(hub: Server, kernel_id: str) -> None:
    zed = HubVisitor(hub.url)
    zed.sign_up("zed")
    zed.log_in("zed")
    token = json.loads(make_token(zed, "zed").text)["token"]
    assert "access:servers" in json.loads(zed.call("GET", "/hub/api/user", token=token).text)["scopes"]
    assert ask_directly(hub, "GET", f"/user/ada/api/kernels/{kernel_id}", token)[0] == 403
    question = zed.ask("/user/ada/")
    assert question.path == "/hub/api/oauth2/authorize"  # whether ada's server may know who he is: yes
    page = zed.ask(question.url, {"_xsrf": zed.xsrf("/hub/"), "scopes": "access:servers!server=ada/"})
    assert (page.status, page.path) == (403, "/user/ada/")
    assert "belongs to another user" in page.text


def test_server_itself_lets_nobody_in_without_the_hubs_word(hub: Server, ada: HubVisitor, kernel_id: str) -> None:
    status, location = ask_directly(hub, "GET", "/user/ada/")
    assert (status, urlsplit(location).path) == (302, "/hub/api/oauth2/authorize")
    for token in ("", "0" * 32):
        assert ask_directly(hub, "GET", f"/user/ada/api/kernels/{kernel_id}", token)[0] == 403
        assert ask_directly(hub, "POST", "/user/ada/instrunet/start", token)[0] == 403
    own = json.loads(make_token(ada, "ada").text)["token"]
    assert ask_directly(hub, "GET", "/user/ada/", own)[0] == 200


def test_servers_listen_on_this_machine_alone(hub: Server, ada: HubVisitor) -> None:
    server = need_server(hub, "ada")
    assert {c.laddr.ip for c in server.net_connections() if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_use_is_reported_to_the_hub(ada: HubVisitor) -> None:
    def last_activity() -> datetime:
        return datetime.fromisoformat(read_server(ada, "ada")["last_activity"])

    before = last_activity()
    ada.ask("/user/ada/")
    wait_until(lambda: last_activity() > before)


def test_keeper_looks_after_the_hub_and_nobody_else_does(hub: Server, bob: HubVisitor) -> None:
    keeper = HubVisitor(hub.url)
    keeper.log_in("anna", FIRST_PASSWORD)
    assert keeper.call("GET", "/hub/api/users").status == 200
    assert keeper.call("POST", "/hub/api/shutdown", {}).status == 403
    for name in ("anna", "bob"):
        assert keeper.call("PATCH", f"/hub/api/users/{name}", {"admin": True}).status == 403
    for path in ("/hub/authorize", "/hub/authorize/bob", "/hub/admin", "/hub/api/users"):
        assert bob.ask(path).status in (403, 404), path


def test_logout_ends_session_and_server(hub: Server) -> None:
    visitor = HubVisitor(hub.url)
    visitor.sign_up("fay")
    visitor.log_in("fay")
    visitor.open_app("fay")
    visitor.start_kernel("fay")
    server = need_server(hub, "fay")
    family = [server, *server.children(recursive=True)]
    assert visitor.ask("/user/fay/logout", {"_xsrf": visitor.xsrf("/user/fay/")}).path == "/hub/login"
    wait_until(lambda: not any(process.is_running() for process in family))
    assert visitor.ask("/user/fay/").path == "/hub/login"
    assert not {"jupyterhub-hub-login", "jupyterhub-user-fay"} & {cookie.name for cookie in visitor.cookies}


def test_idle_server_is_ended_and_users_outlive_the_hub(tmp_path: Path) -> None:
    settings = f'idle_minutes=0.05, is_sign_up_open=False, keepers=("anna",), first_password="{FIRST_PASSWORD}"'
    with run_hub(tmp_path, settings=settings, more="c.Authenticator.auth_refresh_age = 1") as hub:
        keeper, gil = HubVisitor(hub.url), HubVisitor(hub.url)
        assert "has to approve it" in gil.sign_up("gil").message
        assert "has not approved" in gil.log_in("gil").message
        assert keeper.log_in("anna", FIRST_PASSWORD).path == "/hub/home"
        assert keeper.ask("/hub/authorize/gil", Sec_Fetch_Site="cross-site").status == 403
        assert gil.log_in("gil").status == 403
        assert keeper.ask("/hub/authorize/gil").status == 200
        assert gil.log_in("gil").path == "/hub/home"
        gil.ask("/hub/spawn")
        # it lives for seconds only, and may have gone before anybody looks for its process
        wait_until(lambda: "Culling server gil" in hub.log, 120)
        wait_until(lambda: find_server(hub, "gil") is None)
        assert {path.stat().st_mode & 0o077 for path in [tmp_path / "hub", tmp_path / "hub" / "cookie_secret"]} == {0}
        assert hub.stop() == 0
    with run_hub(tmp_path, settings="is_sign_up_open=False, keepers=('anna',)") as hub:
        assert HubVisitor(hub.url).log_in("gil", "wrong").status == 403
        assert HubVisitor(hub.url).log_in("gil").path == "/hub/home"
        assert HubVisitor(hub.url).log_in("anna", FIRST_PASSWORD).path == "/hub/home"
