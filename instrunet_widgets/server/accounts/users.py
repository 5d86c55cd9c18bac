"""Users, and the invitations with which some of them come."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import AccountError
from .database import Database
from .names import clean_name, key_of
from .sessions import hash_token

INVITATION_DAYS = 7.0
_DAY = 86_400
_CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_CODE_GROUPS = 4
_GROUP_LENGTH = 4


@dataclass(frozen=True)
class Account:
    """A user as the file knows it.

    Parameters
    ----------
    id : int
    name : str
    password : str
        Its argon2 hash.
    registered : float
        When, in seconds since 1970.
    """

    id: int
    name: str
    password: str
    registered: float


class Users:
    """The users of a file.

    Parameters
    ----------
    database : Database
    clock : callable
        Gives the time, in seconds since 1970.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def add(self, name: str, hashed: str, *, invitation: str | None = None) -> Account:
        """Add a user.

        Parameters
        ----------
        name : str
            From `clean_name`.
        hashed : str
            The password's hash.
        invitation : str, optional
            A code, which is used up if all goes well.

        Returns
        -------
        account : Account

        Raises
        ------
        AccountError
            If the name is taken, or the code is not valid (any more).
        """
        now = self._clock()
        with self._database.writing() as connection:
            if invitation is not None:
                _use_up(connection, invitation, now)
            try:
                row = connection.execute(
                    "INSERT INTO users (key, name, password, registered) VALUES (?, ?, ?, ?) RETURNING *",
                    (key_of(name), name, hashed, now),
                ).fetchone()
            except sqlite3.IntegrityError as error:
                raise AccountError("This name is taken. Please choose another one.") from error
            return _account(row)

    def find(self, name: str) -> Account | None:
        """Find a user by a name in any spelling; None if there is none.

        Parameters
        ----------
        name : str
            As somebody typed it.
        """
        try:
            key = key_of(clean_name(name))
        except AccountError:
            return None
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM users WHERE key = ?", (key,)).fetchone()
        return _account(row) if row else None

    def get(self, user_id: int) -> Account | None:
        """Give a user by its number; None if there is none."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()
        return _account(row) if row else None

    def all(self) -> list[Account]:
        """Give all users, in the order of their names."""
        with self._database.reading() as connection:
            return [_account(row) for row in connection.execute("SELECT * FROM users ORDER BY key")]

    def remove(self, user_id: int) -> None:
        """Remove a user; its sessions end with it."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM users WHERE id = ?", (user_id,))

    def set_password(self, user_id: int, hashed: str, *, kept_token: str = "") -> None:
        """Give a user another password; the user's sessions end.

        Parameters
        ----------
        user_id : int
        hashed : str
            The password's hash.
        kept_token : str
            Token of a session that goes on.
        """
        with self._database.writing() as connection:
            connection.execute("UPDATE users SET password = ? WHERE id = ?", (hashed, user_id))
            connection.execute("DELETE FROM sessions WHERE user = ? AND token <> ?", (user_id, hash_token(kept_token)))

    def refresh_hash(self, user_id: int, old: str, hashed: str) -> None:
        """Replace the hash of an unchanged password by one with today's parameters."""
        with self._database.writing() as connection:
            connection.execute("UPDATE users SET password = ? WHERE id = ? AND password = ?", (hashed, user_id, old))

    def invite(self, *, days: float = INVITATION_DAYS) -> str:
        """Make an invitation code, with which one user can register.

        Parameters
        ----------
        days : float > 0
            How long it is valid.

        Returns
        -------
        code : str
            Such as ``k7wd-3hfa-xx2p-9bqm`` (79 random bits); the file has only a hash of it.
        """
        letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_GROUPS * _GROUP_LENGTH))
        code = "-".join(letters[k : k + _GROUP_LENGTH] for k in range(0, len(letters), _GROUP_LENGTH))
        now = self._clock()
        with self._database.writing() as connection:
            connection.execute("DELETE FROM invitations WHERE expires <= ?", (now,))
            connection.execute("INSERT INTO invitations VALUES (?, ?)", (_hash_code(code), now + days * _DAY))
        return code

    def is_invitation(self, code: str) -> bool:
        """Whether a code is valid now."""
        with self._database.reading() as connection:
            question = "SELECT 1 FROM invitations WHERE code = ? AND expires > ?"
            return connection.execute(question, (_hash_code(code), self._clock())).fetchone() is not None


def _use_up(connection: sqlite3.Connection, code: str, now: float) -> None:
    used = connection.execute("DELETE FROM invitations WHERE code = ? AND expires > ?", (_hash_code(code), now))
    if used.rowcount != 1:
        raise AccountError("This invitation code is not valid: it may be mistyped, used already or too old.")


def _hash_code(code: str) -> bytes:
    letters = "".join(filter(str.isalnum, code[:200].lower()))
    return hashlib.sha256(letters.encode()).digest()


def _account(row: sqlite3.Row) -> Account:
    return Account(row["id"], row["name"], row["password"], row["registered"])
