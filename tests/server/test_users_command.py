"""`instrunet users` and the options of `instrunet app` that let people in."""

from __future__ import annotations

import argparse
import getpass
import io
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from instrunet_widgets.cli import build_parser, main
from instrunet_widgets.cli.app import read_options
from instrunet_widgets.errors import ServerError
from instrunet_widgets.server import launch
from instrunet_widgets.server.accounts.database import Database
from instrunet_widgets.server.accounts.passwords import verify_password
from instrunet_widgets.server.accounts.sessions import Sessions
from instrunet_widgets.server.accounts.users import Account, Users
from instrunet_widgets.server.application import InstruNetServer
from instrunet_widgets.server.options import ServingOptions

GOOD = "figured bass 1"
Run = Callable[..., int]


@pytest.fixture
def users_file(tmp_path: Path) -> Path:
    return tmp_path / "users.sqlite3"


@pytest.fixture
def run(users_file: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run(*arguments, typed=...)``: the command, with what comes on standard input."""

    def run(*arguments: str, typed: str = "") -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return main(["users", *arguments, "--users-file", str(users_file)])

    return run


def find(users_file: Path, name: str) -> Account | None:
    database = Database(users_file)
    try:
        return Users(database).find(name)
    finally:
        database.close()


def test_added_user_is_listed_and_has_the_password(
    run: Run, users_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("add", " Ada  Lovelace ", "--password-stdin", typed=f"{GOOD}\r\nmore\n") == 0
    assert run("add", "Grace", "--password-stdin", typed=GOOD) == 0
    assert capsys.readouterr().out == "Added Ada Lovelace.\nAdded Grace.\n"
    account = find(users_file, "ada lovelace")
    assert account is not None and verify_password(account.password, GOOD)
    assert run("list") == 0
    assert [line.split("  ", 1)[1] for line in capsys.readouterr().out.splitlines()] == ["Ada Lovelace", "Grace"]


def test_password_is_asked_for_twice_without_showing_it(
    run: Run, users_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = iter([GOOD, GOOD, GOOD, "something else"])
    monkeypatch.setattr(getpass, "getpass", lambda question: next(answers))
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert main(["users", "add", "Ada", "--users-file", str(users_file)]) == 0
    assert main(["users", "add", "Grace", "--users-file", str(users_file)]) == 1
    assert capsys.readouterr().err == "instrunet: the two passwords are not the same.\n"
    assert find(users_file, "Ada") is not None and find(users_file, "Grace") is None


def test_password_is_never_read_from_a_pipe_unless_told_to(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", "Ada", typed=GOOD) == 1
    assert "--password-stdin" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (("add", ""), GOOD, "Please enter a name"),
        (("add", "A\nda"), GOOD, "control characters"),
        (("add", "Ada"), "", "at least 8"),
        (("add", "Ada"), "password", "too easy"),
        (("add", "Clara"), GOOD, "there is a user 'Clara' already"),
        (("add", "clara"), GOOD, "there is a user 'clara' already"),
        (("password", "nobody"), GOOD, "no user 'nobody'"),
        (("password", "Clara"), "x" * 10_000, "at most 1,024"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], typed: str, words: str
) -> None:
    run("add", "Clara", "--password-stdin", typed=GOOD)
    capsys.readouterr()
    assert run(*arguments, "--password-stdin", typed=typed) == 1
    error = capsys.readouterr().err
    assert error.startswith("instrunet: ") and words in error


def test_unknown_user_cannot_be_removed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", "Ada", "--password-stdin", typed=GOOD) == 0
    assert run("remove", "nobody") == 1
    assert "no user 'nobody'; 'instrunet users list' lists them" in capsys.readouterr().err


def test_removing_and_another_password_end_sessions(run: Run, users_file: Path) -> None:
    for name in ("Ada", "Grace", "Clara"):
        run("add", name, "--password-stdin", typed=GOOD)
    database = Database(users_file)
    users, sessions = Users(database), Sessions(database, idle_seconds=3_600, max_seconds=36_000)
    tokens = [sessions.start(account.name, user_id=account.id) for account in users.all()]
    assert run("remove", "ADA") == 0
    assert run("password", "grace", "--password-stdin", typed="another bass 2") == 0
    assert [sessions.find(token) is not None for token in tokens] == [False, True, False]  # in the order of names
    account = users.find("Grace")
    assert account is not None and verify_password(account.password, "another bass 2")
    database.close()


def test_damaged_file_is_a_sentence(run: Run, users_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    users_file.write_text("Dear diary")
    assert run("list") == 1
    assert "is damaged, or no users file" in capsys.readouterr().err
    assert users_file.read_text() == "Dear diary"


def test_users_are_kept_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *args, **kwargs: tmp_path / args[0])
    assert main(["users", "invite"]) == 0
    assert (tmp_path / "instrunet" / "users.sqlite3").is_file()
    assert len(capsys.readouterr().out.strip().replace("-", "")) == 16


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "soon", "1e9"])
def test_odd_number_of_days_is_refused(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["users", "invite", f"--days={days}"])
    assert "give days, a number above 0" in capsys.readouterr().err


# instrunet app


@pytest.fixture
def never_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers end at once."""

    def start(server: InstruNetServer) -> None:
        for opened in server._sockets:
            opened.close()

    monkeypatch.delenv("INSTRUNET_PASSWORD", raising=False)
    monkeypatch.setattr(InstruNetServer, "start", start)


def options_of(*arguments: str, password: str | None = None) -> ServingOptions:
    args: argparse.Namespace = build_parser().parse_args(["app", *arguments])
    return read_options(args, password)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "music.example"])
def test_other_machines_come_in_only_with_sign_in_or_in_so_many_words(host: str) -> None:
    with pytest.raises(ServerError, match="--no-sign-in-on-the-network"):
        options_of(f"--host={host}")
    assert options_of(f"--host={host}", "--sign-in").sign_in == "accounts"
    assert options_of(f"--host={host}", password=GOOD).sign_in == "password"
    assert options_of(f"--host={host}", "--no-sign-in-on-the-network").sign_in == "none"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_needs_no_sign_in(host: str) -> None:
    assert options_of(f"--host={host}").sign_in == "none"
    assert options_of(f"--host={host}", "--sign-in").sign_in == "accounts"


def test_refusal_comes_before_anything_is_served(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INSTRUNET_PASSWORD", raising=False)
    monkeypatch.setattr(launch, "find_notebook", lambda: pytest.fail("it went on"))
    assert main(["app", "--host", "0.0.0.0", "--no-browser"]) == 1
    assert capsys.readouterr().err.startswith("instrunet: at '0.0.0.0' other machines could open the app")


def test_damaged_users_file_is_said_before_anything_is_served(
    users_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INSTRUNET_PASSWORD", raising=False)
    users_file.write_text("Dear diary")
    assert main(["app", "--sign-in", "--no-browser", "--users-file", str(users_file)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "is damaged, or no users file" in said.err
    assert users_file.read_text() == "Dear diary"


@pytest.mark.parametrize("host", ["192.0.2.7", "nowhere.invalid"])
@pytest.mark.parametrize("port", [(), ("--port", "8877")])
def test_host_that_is_not_of_this_machine_is_a_sentence(
    host: str, port: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["app", "--no-sign-in-on-the-network", "--no-browser", "--host", host, *port]) == 1
    assert f"'{host}' is not an address of this machine" in capsys.readouterr().err


@pytest.mark.parametrize(("typed", "path"), [("/", "/"), ("", "/"), ("music", "/music/"), ("/a/b-c", "/a/b-c/")])
def test_base_url_is_made_whole(typed: str, path: str) -> None:
    assert options_of(f"--base-url={typed}").base_url == path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--base-url=/mu sic",), "is not a path such as"),
        (("--base-url=//evil.example/x?",), "is not a path such as"),
        (("--allow-host=http://music.example",), "not the name of a host"),
        (("--allow-host=music.example:80",), "not the name of a host"),
        (("--trust-proxy=music.example",), "not the IP address"),
        (("--certfile=cert.pem",), "both a certificate and its key"),
        (("--certfile=nowhere.pem", "--keyfile=nowhere.pem"), "is not a file"),
    ],
)
def test_options_that_make_no_sense_are_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(ServerError, match=words):
        options_of(*arguments)


@pytest.mark.parametrize("minutes", ["0", "-5", "nan", "inf", "soon"])
def test_odd_idle_time_is_refused(minutes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["app", f"--idle-minutes={minutes}"])
    assert "give minutes, a number above 0" in capsys.readouterr().err


def test_limits_are_taken() -> None:
    options = options_of("--kernels=7", "--kernels-per-user=2", "--upload-megabytes=30", "--analysis-minutes=1.5")
    limits = (options.n_kernels, options.kernels_per_user, options.upload_megabytes, options.analysis_minutes)
    assert limits == (7, 2, 30, 1.5)


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", "1e9"])
def test_odd_limit_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["app", f"--kernels={number}"])
    assert "is not a number from 1 to 1,000,000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "is_said"),
    [
        (("--host=0.0.0.0",), True),
        (("--host=0.0.0.0", "--trust-proxy=127.0.0.1"), False),
        (("--host=127.0.0.1",), False),
    ],
)
def test_unencrypted_network_is_pointed_out(
    arguments: tuple[str, ...], is_said: bool, users_file: Path, never_starts: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["app", "--sign-in", "--no-browser", "--users-file", str(users_file), *arguments]) == 0
    assert ("travel unencrypted" in capsys.readouterr().out) == is_said


@pytest.mark.parametrize("password", ["secret", "abc"])
def test_easy_password_for_everybody_is_refused_on_the_network(
    password: str,
    users_file: Path,
    never_starts: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("INSTRUNET_PASSWORD", password)
    assert main(["app", "--no-browser", "--host", "0.0.0.0", "--users-file", str(users_file)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "On the network an easy one is refused." in said.err
    assert password not in said.err
    assert not users_file.exists()


def test_who_can_come_in_is_said(
    users_file: Path, never_starts: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["app", "--no-browser", "--users-file", str(users_file)]
    assert main([*where, "--sign-in", "--registration", "invitation"]) == 0
    assert f"registration is by invitation; users are in {users_file}\n" in capsys.readouterr().out
    monkeypatch.setenv("INSTRUNET_PASSWORD", GOOD)
    assert main([*where, "--sign-in"]) == 0
    assert "with the password for everybody (INSTRUNET_PASSWORD); nobody registers" in capsys.readouterr().out


def test_protection_that_would_not_protect_is_refused() -> None:
    with pytest.raises(ServerError, match="--registration invitation needs --sign-in"):
        options_of("--registration=invitation")
    with pytest.raises(ServerError, match="where INSTRUNET_PASSWORD is set nobody registers"):
        options_of("--sign-in", "--registration=open", password=GOOD)
    for empty in ("", "  "):
        with pytest.raises(ServerError, match="INSTRUNET_PASSWORD is set but empty"):
            options_of("--sign-in", password=empty)


def test_looking_makes_no_users_file(run: Run, users_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for action in (["list"], ["remove", "Ada"], ["password", "Ada", "--password-stdin"]):
        assert run(*action, typed=GOOD) == 1
        assert f"there is no users file {users_file}; 'instrunet users add NAME' makes it" in capsys.readouterr().err
    assert not users_file.exists()
    assert run("invite") == 0  # an invitation makes it
    said = capsys.readouterr()
    assert f"'instrunet app --sign-in --users-file {users_file}'" in said.err
    assert run("list") == 0
    assert capsys.readouterr().out == f"There are no users yet in {users_file}.\n"


def test_password_for_everybody_is_not_shown_with_the_options() -> None:
    assert GOOD not in repr(options_of(password=GOOD))


def test_password_for_everybody_that_is_too_long_is_a_sentence() -> None:
    with pytest.raises(ServerError, match="more than 1,024 characters"):
        options_of(password="x" * 1025)


@pytest.mark.parametrize(("password", "is_easy"), [("secret", True), ("qwertz123", True), ("figured bass 1", False)])
def test_password_for_everybody_that_is_easy_to_guess_is_pointed_out(
    password: str,
    is_easy: bool,
    users_file: Path,
    never_starts: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("INSTRUNET_PASSWORD", password)
    assert main(["app", "--no-browser", "--users-file", str(users_file)]) == 0
    said = capsys.readouterr().out
    assert ("easy to guess" in said) == is_easy
    assert password not in said
