"""The users file: users, sessions, invitations and failed log-ins, without a server."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxcvbn
from argon2 import PasswordHasher

from instrunet_widgets.errors import AccountError, ServerError
from instrunet_widgets.server.accounts import database as database_module
from instrunet_widgets.server.accounts import passwords, schema
from instrunet_widgets.server.accounts.attempts import (
    FOR_A_NAME,
    FOR_AN_ADDRESS,
    FOR_NEW_PASSWORDS,
    Attempts,
    TooManyAttemptsError,
    login_subjects,
)
from instrunet_widgets.server.accounts.database import Database
from instrunet_widgets.server.accounts.entrance import Entrance, take_shared_password
from instrunet_widgets.server.accounts.names import clean_name, key_of
from instrunet_widgets.server.accounts.passwords import check_new_password, hash_password, verify_password
from instrunet_widgets.server.accounts.sessions import Sessions
from instrunet_widgets.server.accounts.users import Users

GOOD = "figured bass 1"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "users.sqlite3"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = Database(path)
    yield database
    database.close()


@pytest.fixture
def users(database: Database, clock: Clock) -> Users:
    return Users(database, clock=clock)


@pytest.fixture
def sessions(database: Database, clock: Clock) -> Sessions:
    return Sessions(database, idle_seconds=60, max_seconds=1000, clock=clock)


@pytest.fixture
def attempts(database: Database, clock: Clock) -> Attempts:
    return Attempts(database, clock=clock)


# Names


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Ada", "Ada"),
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Ａｄａ", "Ada"),  # wide letters
        ("Zoe\u0308", "Zo\u00eb"),  # letter and accent apart
        ("<b>Ada</b>", "<b>Ada</b>"),
        ("中村 花子", "中村 花子"),
        ("🎻", "🎻"),
        ("a" * 64, "a" * 64),
    ],
)
def test_name_is_kept_in_one_form(typed: str, name: str) -> None:
    assert clean_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "enter a name"),
        ("   ", "enter a name"),
        ("a" * 65, "at most 64"),
        ("a" * 1_000_000, "at most 64"),
        ("ﷺ" * 10, "at most 64"),  # one character that NFKC makes eighteen of
        ("Ada\n", "control"),
        ("A\x00da", "control"),
        ("A\x1b[31mda", "control"),
        ("A\u200bda", "invisible"),
        ("\u202eadA", "invisible"),
        ("A\u2028da", "invisible"),
        ("A\ud800da", "invisible"),
        ("\ue000", "invisible"),
        ("\u3164", "invisible"),  # a letter, to Unicode
        ("Ada\u2800", "invisible"),
        ("A\ufe0fda", "invisible"),
    ],
)
def test_odd_name_is_refused(typed: str, words: str) -> None:
    with pytest.raises(AccountError, match=words):
        clean_name(typed)


@pytest.mark.parametrize(
    ("first", "second"), [("Ada", "aDA"), ("Straße", "STRASSE"), ("Ａda", "ada"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("K", "k")]
)
def test_names_that_look_alike_are_one(users: Users, first: str, second: str) -> None:
    users.add(clean_name(first), "hash")
    with pytest.raises(AccountError, match="taken"):
        users.add(clean_name(second), "hash")
    found = users.find(second)
    assert found is not None and found.name == clean_name(first)


# Passwords


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "at least 8"),
        ("x", "at least 8"),
        ("short 7", "at least 8"),
        ("x" * 1025, "at most 1,024"),
        ("x" * 10_000, "at most 1,024"),
        *((easy, "too easy") for easy in ("password", "12345678", "Passw0rd!", "qwertzuiop", "iloveyou1", "abcdefgh")),
        *((easy, "too easy") for easy in ("aaaaaaaa", "ab" * 300, "aaaaaaaabbbbbbbb", "instrunet1", "hallo123")),
        *((easy, "too easy") for easy in ("Clara Schumann", "clara schumann 1", "schumann")),
    ],
)
def test_bad_password_is_refused(password: str, words: str) -> None:
    with pytest.raises(AccountError, match=words):
        check_new_password(password, "Clara Schumann")


@pytest.mark.parametrize(
    "password", [GOOD, "x8#kQ2!bv", "🎻🎺🎷🥁🎸🎹🎻🎺", "Fugue in g  minor ", "correct horse battery"]
)
def test_good_password_is_taken(password: str) -> None:
    check_new_password(password, "Clara Schumann")
    hashed = hash_password(password)
    assert verify_password(hashed, password)
    assert not verify_password(hashed, password + "x")
    assert not verify_password(hashed, password.swapcase() + "?")


def test_look_at_a_new_password_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """zxcvbn takes seconds for 72 characters such as these."""
    looked_at: list[str] = []
    real = zxcvbn.zxcvbn
    monkeypatch.setattr(zxcvbn, "zxcvbn", lambda text, **kwargs: looked_at.append(text) or real(text, **kwargs))
    check_new_password("4@8({[</369&#!1|0$5+7%2/" * 3)
    assert looked_at == ["4@8({[</369&#!1|0$5+7%2/"]


def test_new_passwords_of_an_address_are_looked_at_a_number_of_times(
    users: Users, sessions: Sessions, attempts: Attempts
) -> None:
    entrance = Entrance(users, sessions, attempts)
    for _ in range(FOR_NEW_PASSWORDS.n_free + 1):
        with pytest.raises(AccountError, match="at least 8"):
            entrance.register("Ada", "x", address="192.0.2.1")
    with pytest.raises(TooManyAttemptsError):
        entrance.register("Ada", GOOD, address="192.0.2.1")
    entrance.register("Ada", GOOD, address="192.0.2.2")


def test_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    first, second = hash_password(GOOD), hash_password(GOOD)
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=3,p=1$")
    assert PasswordHasher().verify(first, GOOD)  # another hasher, which reads the parameters from the hash


def test_keyboards_that_write_accents_in_two_ways_mean_the_same_password() -> None:
    assert verify_password(hash_password("Zo\u00eb plays viola"), "Zoe\u0308 plays viola")


@pytest.mark.parametrize("hashed", ["", "$argon2id$", "plain text", "$argon2id$v=19$m=19456,t=3,p=1$c2FsdA$!"])
def test_damaged_hash_lets_nobody_in(hashed: str) -> None:
    assert not verify_password(hashed, GOOD)


def test_unknown_name_costs_as_much_work_as_a_wrong_password(
    database: Database, users: Users, sessions: Sessions, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.add("Ada", hash_password(GOOD))
    entrance = Entrance(users, sessions, attempts)
    with pytest.raises(AccountError):  # makes the hash of nobody
        entrance.log_in("warm up", GOOD, address="192.0.2.1")
    seen: list[str] = []
    real = passwords._HASHER.verify

    class Spy:
        def verify(self, hashed: str, password: str) -> bool:
            seen.append(hashed.rpartition("$")[0].rpartition("$")[0])
            return real(hashed, password)

    monkeypatch.setattr(passwords, "_HASHER", Spy())
    for name in ("Ada", "nobody", "\x00", ""):
        with pytest.raises(AccountError, match=r"^Invalid name or password\.$"):
            entrance.log_in(name, "wrong one", address="192.0.2.1")
    assert seen == ["$argon2id$v=19$m=19456,t=3,p=1"] * 4


def test_password_of_10000_characters_is_never_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = hash_password(GOOD)
    monkeypatch.setattr(passwords, "_HASHER", None)
    assert not verify_password(hashed, "x" * 10_000)


# Failed log-ins


def fail(attempts: Attempts, name: str, address: str = "192.0.2.1") -> float:
    """Fail once; the seconds to wait if it was too early."""
    try:
        attempts.begin(*login_subjects(key_of(name), address))
    except TooManyAttemptsError as error:
        return error.seconds
    return 0


def test_delay_after_failures_for_a_name_doubles(attempts: Attempts, clock: Clock) -> None:
    for _ in range(6):
        assert fail(attempts, "ada") == 0
    waits = []
    for _ in range(5):
        waits.append(fail(attempts, "ada"))
        clock.now += waits[-1]
        assert fail(attempts, "ada") == 0
    # a little is forgiven while it waits, less than one failure in all
    assert waits == [1, 2, 4, 8, 16]


def test_delay_has_an_end(attempts: Attempts, clock: Clock) -> None:
    assert FOR_A_NAME.delay(1_000_000) == 300
    assert FOR_AN_ADDRESS.delay(1_000_000) == 900
    assert [FOR_A_NAME.delay(n) for n in (0, 5, 6, 7, 13, 14, 15)] == [0, 0, 1, 2, 128, 256, 300]


def test_failures_are_counted_for_the_name_whatever_address_they_come_from(attempts: Attempts) -> None:
    for number in range(6):
        assert fail(attempts, "ada", f"192.0.2.{number}") == 0
    assert fail(attempts, "ada", "198.51.100.7") == 1
    assert fail(attempts, "grace", "198.51.100.7") == 0


def test_failures_are_counted_for_the_address_whatever_name_is_tried(attempts: Attempts) -> None:
    for number in range(31):
        assert fail(attempts, f"name{number}") == 0
    assert fail(attempts, "another") == 1
    assert fail(attempts, "another", "198.51.100.7") == 0


def test_ipv6_addresses_of_one_network_are_one(attempts: Attempts) -> None:
    for number in range(31):
        fail(attempts, f"name{number}", f"2001:db8:1:2::{number:x}")
    assert fail(attempts, "x", "2001:db8:1:2:ffff::1") == 1
    assert fail(attempts, "x", "2001:db8:1:3::1") == 0
    assert login_subjects(None, "::ffff:192.0.2.1") == login_subjects(None, "192.0.2.1")


def test_failures_are_forgiven_with_time(attempts: Attempts, clock: Clock) -> None:
    for _ in range(6):
        fail(attempts, "ada")
    clock.now += 300  # one for the name
    assert fail(attempts, "ada") == 0
    assert fail(attempts, "ada") == 1


def test_success_forgives_the_name_but_only_itself_for_the_address(attempts: Attempts) -> None:
    for number in range(30):
        fail(attempts, f"name{number}")
    subjects = login_subjects("ada", "192.0.2.1")
    attempts.begin(*subjects)
    attempts.succeed(*subjects)
    assert fail(attempts, "ada") == 0
    assert fail(attempts, "ada") == 1


def test_failures_outlive_the_server_and_name_nobody(path: Path, clock: Clock) -> None:
    first = Database(path)
    for _ in range(6):
        fail(Attempts(first, clock=clock), "ada")
    first.close()
    second = Database(path)
    assert fail(Attempts(second, clock=clock), "ada") == 1
    second.close()
    assert b"ada" not in path.read_bytes() and b"192.0.2.1" not in path.read_bytes()


def test_clock_that_was_put_back_locks_nobody_out(attempts: Attempts, clock: Clock) -> None:
    for _ in range(6):
        fail(attempts, "ada")
    clock.now -= 1_000_000
    assert fail(attempts, "ada") == 1


def test_attempts_at_the_same_time_all_count(attempts: Attempts) -> None:
    waits: list[float] = []
    threads = [threading.Thread(target=lambda: waits.append(fail(attempts, "ada"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(wait == 0 for wait in waits) == 6


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 second,"), (32, "32 seconds,"), (300, "5 minutes,"), (301, "6 minutes,")]
)
def test_words_say_how_long_to_wait(seconds: float, words: str) -> None:
    assert words in str(TooManyAttemptsError(seconds))


# Sessions


def test_session_ends_without_use_and_lives_with_use(users: Users, sessions: Sessions, clock: Clock) -> None:
    account = users.add("Ada", "hash")
    used, idle = (sessions.start("Ada", user_id=account.id) for _ in range(2))
    for _ in range(3):
        clock.now += 40
        session = sessions.find(used)
        assert session is not None
        sessions.note_use(session.id)
    assert sessions.find(idle) is None
    assert sessions.sweep() == {session.id}
    clock.now += 59
    assert sessions.find(used) is not None
    clock.now += 1
    assert sessions.find(used) is None
    assert sessions.sweep() == frozenset()


def test_session_ends_after_its_longest_time_however_much_it_is_used(
    users: Users, sessions: Sessions, clock: Clock
) -> None:
    token = sessions.start("Ada", user_id=users.add("Ada", "hash").id)
    for _ in range(24):
        clock.now += 40
        session = sessions.find(token)
        assert session is not None
        sessions.note_use(session.id)
        sessions.sweep()
    session = sessions.find(token)
    assert session is not None and sessions.seconds_left(session) == 40
    clock.now += 40
    assert sessions.find(token) is None


def test_use_outlives_the_server_once_swept(path: Path, clock: Clock) -> None:
    first = Database(path)
    before = Sessions(first, idle_seconds=60, max_seconds=1000, clock=clock)
    token = before.start("Ada", user_id=Users(first).add("Ada", "hash").id)
    clock.now += 50
    session = before.find(token)
    assert session is not None
    before.note_use(session.id)
    before.sweep()
    first.close()
    second = Database(path)
    clock.now += 50
    assert Sessions(second, idle_seconds=60, max_seconds=1000, clock=clock).find(token) is not None
    second.close()


def test_exchanged_token_is_the_same_session(users: Users, sessions: Sessions) -> None:
    token = sessions.start("Ada", user_id=users.add("Ada", "hash").id)
    session = sessions.find(token)
    fresh = sessions.exchange(token)
    assert sessions.find(token) is None
    assert sessions.find(fresh) == session
    with pytest.raises(AccountError, match="ended"):
        sessions.exchange(token)


def test_removed_user_has_no_sessions_and_gets_none(users: Users, sessions: Sessions) -> None:
    account = users.add("Ada", "hash")
    token = sessions.start("Ada", user_id=account.id)
    users.remove(account.id)
    assert sessions.find(token) is None
    assert users.find("Ada") is None
    with pytest.raises(AccountError, match="just changed"):
        sessions.start("Ada", user_id=account.id)


def test_another_password_ends_all_sessions_but_the_one_that_is_kept(users: Users, sessions: Sessions) -> None:
    ada, grace = users.add("Ada", "hash"), users.add("Grace", "hash")
    kept, other = (sessions.start("Ada", user_id=ada.id) for _ in range(2))
    of_grace = sessions.start("Grace", user_id=grace.id)
    users.set_password(ada.id, "another hash", kept_token=kept)
    assert [sessions.find(token) is not None for token in (kept, other, of_grace)] == [True, False, True]
    users.set_password(ada.id, "a third hash")
    assert sessions.find(kept) is None


@pytest.mark.parametrize("token", ["", "x", "\x00", "é", "\ud800", "x" * 1_000_000, "' OR 1=1 --"])
def test_odd_token_is_no_session(sessions: Sessions, token: str) -> None:
    assert sessions.find(token) is None


def test_shared_password_has_sessions_of_its_own_until_it_changes(database: Database, sessions: Sessions) -> None:
    first = take_shared_password(database, "class of 2026")
    token = sessions.start("Guest", shared_password_id=first.id)
    assert take_shared_password(database, "class of 2026") == first
    assert sessions.find(token) is not None
    second = take_shared_password(database, "class of 2027")
    assert second.id != first.id
    assert sessions.find(token) is None
    assert verify_password(second.hashed, "class of 2027")


# Invitations


def test_invitation_is_good_for_one_user(users: Users) -> None:
    code = users.invite()
    assert users.is_invitation(code)
    users.add("Ada", "hash", invitation=code)
    with pytest.raises(AccountError, match="not valid"):
        users.add("Grace", "hash", invitation=code)
    assert users.find("Grace") is None


def test_invitation_is_not_used_up_by_a_name_that_is_taken(users: Users) -> None:
    code = users.invite()
    users.add("Ada", "hash")
    with pytest.raises(AccountError, match="taken"):
        users.add("ada", "hash", invitation=code)
    users.add("Grace", "hash", invitation=code)


def test_invitation_is_read_as_people_type_it_and_expires(users: Users, clock: Clock) -> None:
    code = users.invite(days=2)
    assert users.is_invitation(f" {code.upper().replace('-', ' ')} ")
    clock.now += 2 * 86_400
    assert not users.is_invitation(code)
    with pytest.raises(AccountError, match="too old"):
        users.add("Ada", "hash", invitation=code)


@pytest.mark.parametrize("code", ["", "----", "aaaa-aaaa-aaaa-aaaa", "x" * 100_000])
def test_guessed_code_is_not_valid(users: Users, code: str) -> None:
    users.invite()
    assert not users.is_invitation(code)


# The file


def test_file_tells_no_secrets_and_only_its_owner_reads_it(
    database: Database, users: Users, sessions: Sessions
) -> None:
    code = users.invite()
    account = users.add("Ada", hash_password(GOOD))
    token = sessions.start("Ada", user_id=account.id)
    files = list(database.path.parent.iterdir())
    content = b"".join(file.read_bytes() for file in files)
    assert b"Ada" in content
    for secret in (token, GOOD, code, code.replace("-", "")):
        assert secret.encode() not in content
    if sys.platform != "win32":
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE(database.path.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions")
def test_file_that_others_can_read_is_closed_to_them(path: Path) -> None:
    Database(path).close()
    path.chmod(0o644)
    Database(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def make_other_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name)")


def make_newer(path: Path) -> None:
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")


def cut_in_half(path: Path) -> None:
    database = Database(path)
    Users(database).add("Ada", "hash")
    database.close()
    path.write_bytes(path.read_bytes()[:6_000])


def scramble(path: Path) -> None:
    database = Database(path)
    Users(database).add("Ada", "hash")
    database.close()
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(255 - byte for byte in content[4096:])
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_bytes(b""), "damaged, or no users file"),
        (lambda path: path.write_text("Dear diary, today was a day like any other."), "damaged, or no users file"),
        (cut_in_half, "damaged, or no users file"),
        (scramble, "damaged, or no users file"),
        (make_other_sqlite, "belongs to another program"),
        (make_newer, "newer version of InstruNet"),
        (lambda path: path.mkdir(), "cannot be used"),
    ],
)
def test_file_that_is_no_users_file_is_a_sentence_and_stays_as_it_is(path: Path, spoil, words: str) -> None:
    path.parent.mkdir()
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ServerError, match=words) as caught:
        Database(path)
    assert str(path) in str(caught.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_file_in_a_place_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerError, match=r"cannot be used .* name another one with --users-file"):
        Database(tmp_path / "file" / "users.sqlite3")


def test_locked_file_is_a_sentence_and_loses_nothing(path: Path, users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "WAIT_SECONDS", 0.2)
    users.add("Ada", "hash")
    waiting = Database(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ServerError, match="locked by another program"):
        Users(waiting).add("Grace", "hash")
    assert [account.name for account in Users(waiting).all()] == ["Ada"]
    other.execute("ROLLBACK")
    Users(waiting).add("Grace", "hash")
    other.close()
    waiting.close()


def test_full_disk_is_a_sentence_and_loses_nothing(database: Database, users: Users) -> None:
    users.add("Ada", "hash")
    (n_pages,) = database._connection().execute("PRAGMA page_count").fetchone()
    database._connection().execute(f"PRAGMA max_page_count = {n_pages}")
    with pytest.raises(ServerError, match="is full; nothing was changed"):
        for number in range(1000):
            users.add(f"name {number}", "hash" * 100)
    before = len(users.all())
    assert before > 0 and users.find("Ada") is not None
    database._connection().execute("PRAGMA max_page_count = 1000000")
    users.add("Grace", "hash")
    assert len(users.all()) == before + 1


def test_file_that_vanishes_is_an_error_not_a_new_empty_one(path: Path, users: Users) -> None:
    users.add("Ada", "hash")
    for file in path.parent.iterdir():
        file.unlink()
    problems = []

    def look() -> None:
        try:
            users.all()
        except ServerError as error:
            problems.append(str(error))

    look()
    thread = threading.Thread(target=look)  # another thread has a connection of its own
    thread.start()
    thread.join()
    assert len(problems) == 2 and all("No such file" in problem for problem in problems)
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be replaced there")
def test_file_that_is_replaced_while_it_is_used_is_an_error(path: Path, users: Users) -> None:
    """SQLite itself would go on with the old one, and what it writes would be lost."""
    copy = path.with_name("copy")
    Database(copy).close()
    copy.replace(path)
    with pytest.raises(ServerError, match="has been replaced; start the server anew"):
        users.add("Ada", "hash")
    assert Users(Database(path)).all() == []


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions")
def test_files_beside_it_are_closed_to_others_too(path: Path, users: Users) -> None:
    users.add("Ada", "hash")
    beside = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    for one in beside:
        one.chmod(0o644)
    Database(path).close()
    assert [stat.S_IMODE(one.stat().st_mode) for one in beside] == [0o600] * 3


def test_servers_that_start_together_make_one_file(path: Path) -> None:
    opened: list[Database] = []
    threads = [threading.Thread(target=lambda: opened.append(Database(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    assert len({database.secret("cookies") for database in opened}) == 1
    Users(opened[0]).add("Ada", "hash")
    assert all(Users(database).find("Ada") for database in opened)
    for database in opened:
        database.close()
    assert not list(path.parent.glob("*.new"))


ADD_USERS = """
import sys
from pathlib import Path
from instrunet_widgets.server.accounts import database
from instrunet_widgets.server.accounts.database import Database
from instrunet_widgets.server.accounts.users import Users
database.WAIT_SECONDS = 60.0  # on a busy machine another program may stand still in the middle of writing
users = Users(Database(Path(sys.argv[1])))
for number in range(int(sys.argv[3])):
    users.add(f"{sys.argv[2]} {number}", "hash")
    print(f"{sys.argv[2]} {number}", flush=True)
"""


def start_adding(path: Path, name: str, n_users: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ADD_USERS, str(path), name, str(n_users)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_programs_that_write_at_the_same_time_lose_nothing(path: Path, users: Users) -> None:
    programs = [start_adding(path, name, 25) for name in ("Ada", "Grace", "Clara")]
    assert ["" for _ in programs] == [program.communicate(timeout=120)[1] for program in programs]
    assert len(users.all()) == 75


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_program_that_is_killed_while_it_writes_loses_nothing(path: Path, users: Users) -> None:
    program = start_adding(path, "Ada", 100_000)
    assert program.stdout is not None
    said = [program.stdout.readline() for _ in range(20)]
    program.kill()
    said += program.communicate(timeout=60)[0].splitlines()
    again = Database(path)  # which looks the file over
    there = {account.name for account in Users(again).all()}
    again.close()
    assert {line.strip() for line in said if line.strip()} <= there
    users.add("Grace", "hash")


def test_older_file_is_brought_up_to_date_with_its_users(
    path: Path, users: Users, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.add("Ada", "hash")
    database.close()
    migrations = (*schema.MIGRATIONS, ("ALTER TABLE users ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",))
    monkeypatch.setattr(database_module, "MIGRATIONS", migrations)
    monkeypatch.setattr(database_module, "SCHEMA_VERSION", len(migrations))
    newer = Database(path)
    with newer.reading() as connection:
        assert tuple(connection.execute("SELECT name, note FROM users").fetchone()) == ("Ada", "none")
    newer.close()
    Database(path).close()  # a second time there is nothing to do


def test_change_of_tables_that_fails_changes_nothing(
    path: Path, users: Users, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.add("Ada", "hash")
    database.close()
    migrations = (*schema.MIGRATIONS, ("DELETE FROM users", "ALTER TABLE nowhere ADD COLUMN note"))
    with monkeypatch.context() as patch:
        patch.setattr(database_module, "MIGRATIONS", migrations)
        patch.setattr(database_module, "SCHEMA_VERSION", len(migrations))
        with pytest.raises(ServerError, match="cannot be used"):
            Database(path)
    again = Database(path)
    assert Users(again).find("Ada") is not None
    again.close()
