"""Getting in: log in, register, change the password. All of it blocks, for a password's hash takes its time."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from ...errors import AccountError
from .attempts import Attempts, TooManyAttemptsError, login_subjects, new_password_subjects, registration_subjects
from .database import Database
from .names import MAX_NAME_LENGTH, clean_name, key_of
from .passwords import check_length, check_new_password, hash_password, needs_new_hash, verify_password
from .sessions import Session, Sessions
from .users import Users

INVALID = "Invalid name or password."
INVALID_SHARED = "Invalid password."
GUEST = "Guest"


@dataclass(frozen=True)
class SharedPassword:
    """The password for everybody, as the users file knows it.

    Parameters
    ----------
    id : int
    hashed : str
    """

    id: int
    hashed: str


class Entrance:
    """The way in to a server.

    Parameters
    ----------
    users : Users
    sessions : Sessions
    attempts : Attempts
    registration : {"open", "invitation", "closed"}
    shared : SharedPassword, optional
        If given, it is the only way in.
    """

    def __init__(
        self,
        users: Users,
        sessions: Sessions,
        attempts: Attempts,
        *,
        registration: str = "open",
        shared: SharedPassword | None = None,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._attempts = attempts
        self._registration = "closed" if shared else registration
        self._shared = shared

    def log_in(self, name: str, password: str, *, address: str) -> str:
        """Begin a session.

        Parameters
        ----------
        name : str
            As it was typed; with a shared password only what the page says.
        password : str
        address : str
            IP address of the browser.

        Returns
        -------
        token : str

        Raises
        ------
        AccountError
            With one sentence for an unknown name and a wrong password alike.
        TooManyAttemptsError
            If it comes too early after failures.
        """
        return self._log_in_shared(name, password, address) if self._shared else self._log_in(name, password, address)

    def _log_in(self, name: str, password: str, address: str) -> str:
        subjects = login_subjects(_loose_key(name), address)
        self._attempts.begin(*subjects)
        account = self._users.find(name)
        if not verify_password(account.password if account else None, password) or account is None:
            raise AccountError(INVALID)
        self._attempts.succeed(*subjects)
        if needs_new_hash(account.password):
            self._users.refresh_hash(account.id, account.password, hash_password(password))
        return self._sessions.start(account.name, user_id=account.id)

    def _log_in_shared(self, name: str, password: str, address: str) -> str:
        assert self._shared is not None
        shown = clean_name(name) if name.strip() else GUEST
        subjects = login_subjects(None, address)
        self._attempts.begin(*subjects)
        if not verify_password(self._shared.hashed, password):
            raise AccountError(INVALID_SHARED)
        self._attempts.succeed(*subjects)
        return self._sessions.start(shown, shared_password_id=self._shared.id)

    def register(self, name: str, password: str, *, address: str, invitation: str = "") -> str:
        """Add a user and begin a session.

        Parameters
        ----------
        name, password : str
        address : str
            IP address of the browser.
        invitation : str
            A code, where one is asked for.

        Returns
        -------
        token : str

        Raises
        ------
        AccountError
            If something cannot be taken; the sentence says what.
        TooManyAttemptsError
            If many have registered from this address, or tried to guess a code.
        """
        if self._registration == "closed":
            raise AccountError("New accounts cannot be made here.")
        name = clean_name(name)
        self._attempts.begin(*new_password_subjects(address))
        check_new_password(password, name)
        code = None
        if self._registration == "invitation":
            guesses = login_subjects(None, address)
            self._attempts.begin(*guesses)
            if not self._users.is_invitation(invitation):
                raise AccountError("This invitation code is not valid: it may be mistyped, used already or too old.")
            self._attempts.succeed(*guesses)
            code = invitation
        self._attempts.begin(*registration_subjects(address))
        if self._users.find(name):
            raise AccountError("This name is taken. Please choose another one.")
        account = self._users.add(name, hash_password(password), invitation=code)
        return self._sessions.start(account.name, user_id=account.id)

    def change_password(self, session: Session, token: str, old: str, new: str, *, address: str) -> str:
        """Give the user of a session another password; the user's other sessions end.

        Parameters
        ----------
        session : Session
        token : str
            The session's token.
        old, new : str
            Passwords.
        address : str
            IP address of the browser.

        Returns
        -------
        token : str
            The session's token from now on.

        Raises
        ------
        AccountError
            If the old password is wrong or the new one cannot be taken.
        """
        account = None if session.user_id is None else self._users.get(session.user_id)
        if account is None:
            raise AccountError("This account has no password of its own.")
        check_length(old)
        self._attempts.begin(*new_password_subjects(address))
        check_new_password(new, account.name)
        subjects = login_subjects(key_of(account.name), address)
        self._attempts.begin(*subjects)
        if not verify_password(account.password, old):
            raise AccountError("The present password is wrong.")
        self._attempts.succeed(*subjects)
        if hmac.compare_digest(old.encode("utf-8", "replace"), new.encode("utf-8", "replace")):
            raise AccountError("The new password is the old one. Please choose another one.")
        self._users.set_password(account.id, hash_password(new), kept_token=token)
        return self._sessions.exchange(token)

    def can_come_back(self, session: Session) -> bool:
        """Whether a session was begun in a way that this server offers."""
        if self._shared:
            return session.shared_password_id == self._shared.id
        return session.user_id is not None


def take_shared_password(database: Database, password: str) -> SharedPassword:
    """Put the password for everybody into the users file; sessions by another one end.

    Parameters
    ----------
    database : Database
    password : str

    Returns
    -------
    shared : SharedPassword
    """
    check_length(password)
    with database.reading() as connection:
        rows = connection.execute("SELECT * FROM shared_passwords ORDER BY id DESC").fetchall()
    known = next((row for row in rows if verify_password(row["password"], password)), None)
    if known and len(rows) == 1:
        return SharedPassword(known["id"], known["password"])
    hashed = known["password"] if known else hash_password(password)
    with database.writing() as connection:
        if known is None:
            row = connection.execute("INSERT INTO shared_passwords (password) VALUES (?) RETURNING id", (hashed,))
            own_id = int(row.fetchone()["id"])
        else:
            own_id = known["id"]
        connection.execute("DELETE FROM shared_passwords WHERE id <> ?", (own_id,))
    return SharedPassword(own_id, hashed)


def _loose_key(name: str) -> str:
    """Give what failures are counted for, whatever was typed as a name."""
    try:
        return key_of(clean_name(name))
    except AccountError:
        return name[: 2 * MAX_NAME_LENGTH]


__all__ = ["Entrance", "SharedPassword", "TooManyAttemptsError", "take_shared_password"]
