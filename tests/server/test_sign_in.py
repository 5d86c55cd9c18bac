"""Signing in over HTTP, against a running server: what lets people in, and what does not."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest
from running import Server, wait_until
from signing_in import PASSWORD, Person, run_app

from instrunet_widgets.cli import main
from instrunet_widgets.server.accounts.database import Database
from instrunet_widgets.server.accounts.users import Users

pytestmark = pytest.mark.slow

_addresses = (f"198.51.{high}.{low}" for high in range(100, 256) for low in range(1, 250))
_numbers = count()
INVALID = "Invalid name or password."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sign-in")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with run_app(folder, "--sign-in", "--allow-host", "Music.example") as running:
        yield running


@pytest.fixture
def person(server: Server) -> Person:
    return Person(server, next(_addresses))


@pytest.fixture
def name() -> str:
    """A name that nobody has yet."""
    return f"Ada {next(_numbers)}"


def someone_else(server: Server) -> Person:
    return Person(server, next(_addresses))


# Getting in and out


def test_without_session_there_is_no_page_and_no_kernel(server: Server, person: Person) -> None:
    answer = person.get("/")
    assert answer.status == 302
    assert answer.headers["Location"] == "/login?next=%2F"
    person.get("/login")
    assert person.get("/api/kernels/00000000-0000-0000-0000-000000000000").status in (302, 403, 404)
    status, _, _ = person.ask("POST", "/instrunet/start", X_XSRFToken=person.cookies["_xsrf"])
    assert status == 403
    assert person.get("/password").headers["Location"].startswith("/login")


def test_register_log_out_log_in(server: Server, person: Person, name: str) -> None:
    answer = person.register(name)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    page = person.get("/")
    assert page.status == 200 and f"<b>{name}</b>" in page.text
    answer = person.log_out()
    assert (answer.status, answer.headers["Location"]) == (303, "/login?reason=out")
    assert "You have logged out" in person.get(answer.headers["Location"]).said
    assert not person.is_in
    assert person.log_in(name).status == 303
    assert person.is_in


def test_cookie_of_a_session_that_was_logged_out_is_worth_nothing(server: Server, person: Person, name: str) -> None:
    person.register(name)
    key, value = person.session_cookie
    person.log_out()
    thief = someone_else(server)
    thief.cookies[key] = value
    assert not thief.is_in


def test_name_is_the_same_in_any_spelling(server: Server, person: Person, name: str) -> None:
    person.register(f"{name} Straße")
    other = someone_else(server)
    assert other.register(f"{name.upper()} STRASSE").said == "This name is taken. Please choose another one."
    assert other.log_in(f"  {name.lower()}  strasse ").status == 303
    assert f"<b>{name} Straße</b>" in other.get("/").text


def test_unknown_name_and_wrong_password_get_the_same_answer(server: Server, person: Person, name: str) -> None:
    person.register(name)
    answers = [
        someone_else(server).log_in(name, "not the password"),
        someone_else(server).log_in("Nobody at all", "not the password"),
        someone_else(server).log_in(name, ""),
        someone_else(server).log_in("\x00", "not the password"),
        someone_else(server).log_in("x" * 5_000, "x" * 10_000),
    ]
    pages = [
        re.sub(r'(nonce=|name="_xsrf" value=|name="name" value=)"[^"]*"|autofocus', "", answer.text)
        for answer in answers
    ]
    assert {answer.status for answer in answers} == {400}
    assert {answer.said for answer in answers} == {INVALID}
    assert len({re.sub(r"\s+", "", page) for page in pages}) == 1


def test_credentials_in_the_address_are_not_taken(server: Server, person: Person, name: str) -> None:
    person.register(name)
    other = someone_else(server)
    other.get("/login")
    address = "/login?" + urlencode({"name": name, "password": PASSWORD})
    assert other.get(address).status == 200
    assert other.post(address).said == INVALID
    assert not other.is_in


# Names and passwords


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "enter a name"),
        ("   ", "enter a name"),
        ("A\tda", "control"),
        ("x" * 65, "at most 64"),
        ("x" * 100_000, "at most 64"),
        ("A\x00da", "control"),
        ("A\x1b[2Jda", "control"),
        ("A\u202eda", "invisible"),
    ],
)
def test_odd_name_is_refused_in_words(server: Server, person: Person, typed: str, words: str) -> None:
    answer = person.register(typed)
    assert answer.status == 400
    assert words in answer.said
    assert not person.is_in


def test_name_with_html_is_text(server: Server, person: Person) -> None:
    name = f"<script>alert({next(_numbers)})</script>\"'"
    assert person.register(name, "x").status == 400  # the form again, with the name in it
    answer = person.register(name, "x")
    assert "<script>alert" not in answer.text and "&lt;script&gt;alert" in answer.text
    assert person.register(name).status == 303
    page = person.get("/").text
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


@pytest.mark.parametrize("name", ["Æsa Þórsdóttir", "中村 花子", "🎻 Violin", "ياسمين"])
def test_name_of_any_script_is_taken(server: Server, person: Person, name: str) -> None:
    assert person.register(name).status == 303
    assert f"<b>{name}</b>" in person.get("/").text


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("x", "at least 8"),
        ("password", "too easy"),
        ("12345678", "too easy"),
        ("ada lovelace", "too easy"),
        ("x" * 10_000, "at most 1,024"),
    ],
)
def test_bad_password_is_refused_in_words(server: Server, person: Person, password: str, words: str) -> None:
    answer = person.register("Ada Lovelace", password)
    assert answer.status == 400
    assert words in answer.said
    assert f'value="{password}"' not in answer.text
    assert not person.is_in


def test_spaces_at_the_ends_of_a_password_belong_to_it(server: Server, person: Person, name: str) -> None:
    person.register(name, "  figured bass  ")
    assert someone_else(server).log_in(name, "figured bass").said == INVALID
    assert someone_else(server).log_in(name, "  figured bass  ").status == 303


def test_passwords_that_differ_are_refused(server: Server, person: Person, name: str) -> None:
    assert "not the same" in person.register(name, again="figured bass 2").said
    assert not person.is_in


def test_form_that_is_no_text_is_refused(server: Server, person: Person) -> None:
    person.get("/login")
    body = f"_xsrf={person.cookies['_xsrf']}&name=%ff%fe&password=%ff"
    status, _, text = person.ask("POST", "/login", body, Content_Type="application/x-www-form-urlencoded")
    assert status == 400 and "Traceback" not in text
    assert person.ask("POST", "/login", "{}", Content_Type="application/json")[0] == 403
    assert not person.is_in


# Other sites and other people


@pytest.mark.parametrize("path", ["/login", "/register", "/password", "/logout", "/instrunet/session"])
@pytest.mark.parametrize("xsrf", ["", "guessed", "2|00000000|00000000000000000000000000000000|1700000000"])
def test_form_without_the_right_xsrf_does_nothing(server: Server, name: str, path: str, xsrf: str) -> None:
    insider = someone_else(server)
    insider.register(name)
    new = "another bass 2"
    fields = {"name": name, "old": PASSWORD, "password": new if path == "/password" else PASSWORD, "again": new}
    answer = insider.post(path, xsrf=xsrf, **fields)
    assert answer.status == 403
    assert insider.is_in
    assert someone_else(server).log_in(name).status == 303  # the password is the old one
    outsider = someone_else(server)
    assert outsider.post(path, xsrf=xsrf, **fields).status == 403
    assert not outsider.is_in


def test_stale_form_is_shown_again_in_words(server: Server, person: Person, name: str) -> None:
    answer = person.post("/login", xsrf="", name=name, password=PASSWORD)
    assert "Please try again" in answer.said and f'value="{name}"' in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/login", "/register", "/voila/static/voila.js", "/health", "/instrunet/session"]
)
def test_every_address_is_refused_to_foreign_host_names(server: Server, person: Person, path: str) -> None:
    assert person.get(path).status in (200, 302)
    assert person.get(path, Host="music.example").status in (200, 302)
    for host in ("evil.example", "music.example.evil.example", "192.0.2.7", "localhost.evil.example:8866"):
        answer = person.get(path, Host=host)
        assert answer.status == 403 and "Location" not in answer.headers and answer.cookies == []


def test_form_from_another_site_does_nothing(server: Server, person: Person, name: str) -> None:
    person.register(name)
    person.headers["Origin"] = "http://evil.example"
    assert person.log_out().status == 403
    del person.headers["Origin"]
    assert person.is_in


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        " //evil.example",
        "/login?next=//evil.example",
        "/logout",
        "/x\r\nSet-Cookie: a=b",
        "@evil.example",
        ".evil.example",
    ],
)
def test_nobody_is_sent_elsewhere_after_login(server: Server, name: str, target: str) -> None:
    person = someone_else(server)
    person.register(name)
    query = urlencode({"next": target})
    assert person.get(f"/login?{query}").headers["Location"] == "/"
    person.log_out()
    assert 'name="next" value="/"' in person.get(f"/login?{query}").text
    answer = person.post(f"/login?{query}", name=name, password=PASSWORD, next=target)
    assert (answer.status, answer.headers["Location"]) == (303, "/")


def test_own_page_is_shown_after_login(server: Server, person: Person, name: str) -> None:
    person.register(name)
    person.log_out()
    where = person.get("/password").headers["Location"]
    assert 'name="next" value="/password"' in person.get(where).text
    answer = person.log_in(name, next="/password")
    assert answer.headers["Location"] == "/password"


def test_session_that_was_there_before_login_is_not_taken_over(server: Server, name: str) -> None:
    attacker, victim = someone_else(server), someone_else(server)
    attacker.register(f"{name} attacker")
    key, planted = attacker.session_cookie
    victim.register(name)
    victim.log_out()
    victim.cookies[key] = planted
    victim.log_in(name)
    assert victim.session_cookie[1] != planted
    assert f"<b>{name}</b>" in victim.get("/").text
    assert not attacker.is_in  # the planted session has ended


def test_every_login_is_another_session(server: Server, person: Person, name: str) -> None:
    person.register(name)
    other = someone_else(server)
    other.log_in(name)
    assert other.session_cookie[1] != person.session_cookie[1]
    other.log_out()
    assert person.is_in


# Cookies


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(server: Server, person: Person, name: str) -> None:
    (session,) = person.register(name).cookies
    assert "; HttpOnly" in session and "; SameSite=Lax" in session and "; Path=/" in session
    assert "Secure" not in session  # this is plain HTTP, to the machine itself
    (xsrf,) = someone_else(server).get("/login").cookies
    assert "; SameSite=Strict" in xsrf


def test_cookies_are_for_tls_only_when_the_proxy_speaks_tls(server: Server, name: str) -> None:
    person = Person(server, next(_addresses), X_Forwarded_Proto="https")
    (xsrf,) = person.get("/login").cookies
    (session,) = person.register(name).cookies
    assert "; Secure" in xsrf and "; Secure" in session
    assert person.is_in
    del person.cookies["_xsrf"]
    (again,) = person.get("/").cookies  # the app's page sets it too
    assert "; Secure" in again


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        '"',
        "x" * 5_000,
        "2|1:0|10:1795657037|3:abc|4:AAAA|" + "0" * 64,
        "2|1:0|99999999999:1|1:a|1:b|c",
        "1|2|3",
        "%00%ff",
        "\xff\xfe",
        "a=b; c",
    ],
)
def test_malformed_cookie_is_no_session(server: Server, person: Person, name: str, value: str) -> None:
    person.register(name)
    key, own = person.session_cookie
    person.cookies[key] = value
    assert person.get("/").status == 302
    assert person.get("/login").status == 200
    assert person.get("/instrunet/session").text == '{"seconds_left": 0.0}'
    person.cookies[key] = own
    assert person.is_in


def test_cookie_that_was_changed_is_no_session(server: Server, person: Person, name: str) -> None:
    person.register(name)
    key, value = person.session_cookie
    for place in range(0, len(value), 7):
        letter = "A" if value[place] != "A" else "B"
        person.cookies[key] = value[:place] + letter + value[place + 1 :]
        assert not person.is_in, place


def test_neither_token_nor_password_is_in_the_file_or_the_log(
    server: Server, person: Person, name: str, folder: Path
) -> None:
    person.register(name)
    person.log_in(name, "wrong figured bass")
    token = person.session_cookie[1]
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    for secret in (token, PASSWORD, "wrong figured bass"):
        assert secret.encode() not in content
        assert secret not in server.log and urlencode({"": secret})[1:] not in server.log


# Failures


def test_wrong_passwords_for_a_name_must_wait_and_say_how_long(server: Server, person: Person, name: str) -> None:
    person.register(name)
    for _ in range(6):
        assert someone_else(server).log_in(name, "wrong one").said == INVALID
    attempts = [someone_else(server).log_in(name, "wrong one") for _ in range(6)]
    refused = [answer for answer in attempts if answer.status == 429]
    assert refused
    assert re.fullmatch(r"Too many attempts\. Please wait \d+ seconds?, then try again\.", refused[-1].said)
    assert re.fullmatch(r"\d+", refused[-1].headers["Retry-After"])
    assert person.is_in  # whoever is in already is not bothered


def test_failures_of_an_address_are_counted_over_a_restart(tmp_path: Path) -> None:
    with run_app(tmp_path, "--sign-in") as server:
        for number in range(31):
            answer = Person(server, "203.0.113.9").log_in(f"guess {number}", "wrong one")
            assert answer.said == INVALID
    with run_app(tmp_path, "--sign-in") as server:
        with sqlite3.connect(tmp_path / "users.sqlite3") as connection:  # as if it all had happened at once, just now
            connection.execute("UPDATE failures SET n = 45, last = unixepoch('now') WHERE n > 2")
        answer = Person(server, "203.0.113.9").log_in("another", "wrong one")
        assert answer.status == 429 and "minutes" in answer.said
        assert Person(server, "203.0.113.10").log_in("another", "wrong one").said == INVALID


def test_many_at_once_are_all_answered(server: Server, person: Person, name: str) -> None:
    person.register(name)
    answers: list[int] = []

    def try_once() -> None:
        answers.append(someone_else(server).log_in(name).status)

    threads = [threading.Thread(target=try_once) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {303, 429}  # attempts count until they are known to be right
    assert answers.count(303) >= 6
    assert person.is_in


# Own password


def test_other_password_ends_other_sessions_and_keeps_this_one(server: Server, person: Person, name: str) -> None:
    other = someone_else(server)
    person.register(name)
    other.log_in(name)
    old_cookie = person.session_cookie
    new = "another bass 2"
    assert "is wrong" in person.post("/password", old="wrong", password=new, again=new).said
    assert "not the same" in person.post("/password", old=PASSWORD, password=new, again="x").said
    assert "too easy" in person.post("/password", old=PASSWORD, password="password", again="password").said
    assert "is the old one" in person.post("/password", old=PASSWORD, password=PASSWORD, again=PASSWORD).said
    assert other.is_in
    answer = person.post("/password", old=PASSWORD, password=new, again=new)
    assert "has been changed" in answer.said
    assert person.is_in and not other.is_in
    assert person.session_cookie != old_cookie
    thief = someone_else(server)
    thief.cookies[old_cookie[0]] = old_cookie[1]
    assert not thief.is_in
    assert other.log_in(name, PASSWORD).said == INVALID
    assert other.log_in(name, new).status == 303


# From the command line, while the server runs


def test_removed_user_is_out_and_so_are_the_kernels(server: Server, person: Person, name: str, folder: Path) -> None:
    person.register(name)
    kernel = server.kernel(person.start()["kernel"])
    assert main(["users", "remove", "--users-file", str(folder / "users.sqlite3"), name.lower()]) == 0
    assert not person.is_in
    wait_until(lambda: not kernel.is_running())
    assert person.log_in(name).said == INVALID


def test_logging_out_ends_the_kernel(server: Server, person: Person, name: str) -> None:
    person.register(name)
    kernel = server.kernel(person.start()["kernel"])
    person.log_out()
    wait_until(lambda: not kernel.is_running())


def test_damage_while_it_runs_is_a_sentence(server: Server, person: Person, name: str, folder: Path) -> None:
    lock = sqlite3.connect(folder / "users.sqlite3", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        answer = person.register(name)
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert answer.status == 503
    assert answer.said == "The server cannot read or write its users file at the moment. Please try again later."
    assert str(folder) not in answer.text
    assert "is locked by another program" in server.log
    assert person.register(name).status == 303


# Restarts, idle time, other ways in


def test_sessions_and_users_outlive_a_killed_server(tmp_path: Path) -> None:
    with run_app(tmp_path, "--sign-in") as first:
        person = Person(first)
        person.register("Ada")
        for kernel in first.kernels():
            kernel.kill()
        first.process.kill()
        first.process.wait()
    with run_app(tmp_path, "--sign-in") as second:
        port = second.url.rstrip("/").rpartition(":")[2]
        again = Person(second)
        # a browser that finds the server at the old port sends the old name of the cookie
        old_port = person.session_cookie[0].rpartition("-")[2]
        again.cookies[person.session_cookie[0]] = person.session_cookie[1]
        assert again.get("/", Host=f"localhost:{old_port}").status == 200
        assert port != old_port and not Person(second).is_in
        assert again.log_in("Ada").status == 303


def test_session_ends_without_use_and_takes_its_kernels_along(tmp_path: Path) -> None:
    with run_app(tmp_path, "--sign-in", "--idle-minutes", "0.5") as server:  # a slow kernel starts in less
        person = Person(server)
        person.register("Ada")
        kernel = server.kernel(person.start()["kernel"])
        assert person.is_in  # opening the page is use: all of the time is left again
        seen = []
        # asking for the rest of the time, as an open page does, is no use
        wait_until(lambda: bool(seen.append(person.get("/instrunet/session").text)) or seen[-1].endswith(" 0.0}"))
        assert float(seen[0].split()[-1].rstrip("}")) > 0
        assert person.get("/").headers["Location"].startswith("/login")
        wait_until(lambda: not kernel.is_running())
        answer = person.get("/login?reason=ended")
        assert answer.said.startswith("You have been logged out: the page was not used for 0.5 minutes")


def test_closed_registration_lets_nobody_register(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with run_app(tmp_path, "--sign-in", "--registration", "closed") as server:
        person = Person(server)
        assert "Register" not in person.get("/login").text.split("</style>")[-1]
        page = person.get("/register").text
        assert "New accounts cannot be made here" in page and "<form" not in page.split("</style>")[-1]
        assert person.register("Ada").status == 400
        assert not person.is_in
        users = Users(Database(tmp_path / "users.sqlite3"))
        assert users.all() == []


def test_registration_by_invitation_wants_a_code_that_was_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_app(tmp_path, "--sign-in", "--registration", "invitation") as server:
        assert main(["users", "invite", "--users-file", str(tmp_path / "users.sqlite3")]) == 0
        code = capsys.readouterr().out.strip()
        person, late = Person(server), Person(server)
        for wrong in ("", "aaaa-bbbb-cccc-dddd", "x" * 100_000):
            answer = person.register("Ada", code=wrong)
            assert answer.status == 400 and "code is not valid" in answer.said
        assert f'value="{code}"' in person.get(f"/register?code={code}").text
        assert "too easy" in person.register("Ada", "password", code=code).said
        assert person.register("Ada", code=code.upper()).status == 303
        assert "code is not valid" in late.register("Grace", code=code).said
        assert person.is_in and not late.is_in


def test_shared_password_gives_everybody_a_session_of_their_own(tmp_path: Path) -> None:
    with run_app(tmp_path, password="the class of 26") as server:
        first, second = Person(server), Person(server)
        assert first.log_in("", "wrong one").said == "Invalid password."
        assert first.log_in("", "the class of 26").status == 303
        assert second.log_in("<b>Ada</b>", "the class of 26").status == 303
        assert "<b>Guest</b>" in first.get("/").text
        assert "<b>&lt;b&gt;Ada&lt;/b&gt;</b>" in second.get("/").text
        for path in ("/register", "/password"):
            assert first.get(path).status == 404
        assert Person(server).register("Ada").status in (403, 404)
        assert "Change password" not in first.get("/").text
        kernel = first.start()["kernel"]
        assert "INSTRUNET_PASSWORD" not in server.kernel(kernel).environ()
        assert "easy to guess" not in server.log
        assert first.get(f"/api/kernels/{kernel}").status == 200
        assert second.get(f"/api/kernels/{kernel}").status == 404
        first.log_out()
        assert not first.is_in and second.is_in
    key, value = second.session_cookie
    host = f"localhost:{key.rpartition('-')[2]}"
    for password, is_in in (("the class of 26", True), ("the class of 27", False), ("the class of 26", False)):
        with run_app(tmp_path, password=password) as server:
            again = Person(server)
            again.cookies[key] = value
            assert (again.get("/", Host=host).status == 200) == is_in


def test_two_servers_share_a_users_file(tmp_path: Path) -> None:
    with run_app(tmp_path, "--sign-in") as one, run_app(tmp_path, "--sign-in") as two:
        at_one, at_two = Person(one), Person(two)
        assert at_one.register("Ada").status == 303
        assert at_two.register("ada").said == "This name is taken. Please choose another one."
        assert at_two.log_in("Ada").status == 303
        new = "another bass 2"
        assert "has been changed" in at_one.post("/password", old=PASSWORD, password=new, again=new).said
        assert at_one.is_in and not at_two.is_in


@pytest.mark.parametrize("base", ["/music/", "/instrunet/"])  # the second is how some of our own paths begin
def test_below_a_base_url(tmp_path: Path, base: str) -> None:
    with run_app(tmp_path, "--sign-in", "--base-url", base) as server:
        person = Person(server)
        assert person.get(base).headers["Location"] == f"{base}login?next=" + urlencode({"": base})[1:]
        assert f'action="{base}login"' in person.get(f"{base}login").text
        answer = person.post(f"{base}register", name="Ada", password=PASSWORD, again=PASSWORD)
        assert (answer.status, answer.headers["Location"]) == (303, base)
        assert f"; Path={base}" in answer.cookies[0]
        assert f'action="{base}logout"' in person.get(base).text
        assert person.get(f"{base}instrunet/session").text.startswith('{"seconds_left": 1')
        started = person.ask("POST", f"{base}instrunet/start", X_XSRFToken=person.cookies["_xsrf"])
        assert started[0] == 200
        assert person.get("/login").status == 404


def test_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    Database(tmp_path / "users.sqlite3").close()
    limit = ("sh", "-c", 'ulimit -f 160 && exec "$@"', "sh")  # no file above 80 kB
    with run_app(tmp_path, "--sign-in", before=limit) as server:
        registered = []
        for number in range(60):
            answer = Person(server, next(_addresses)).register(f"Ada {number}")
            if answer.status != 303:
                break
            registered.append(f"Ada {number}")
        assert answer.status == 503
        assert answer.said == "The server cannot read or write its users file at the moment. Please try again later."
    with run_app(tmp_path, "--sign-in") as server:
        users = Users(Database(tmp_path / "users.sqlite3"))
        assert {account.name for account in users.all()} >= set(registered)
        assert Person(server).log_in(registered[-1]).status == 303
