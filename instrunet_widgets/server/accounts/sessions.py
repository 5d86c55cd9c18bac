"""Sessions: from signing in to logging out, in the users file, so that they outlive the server."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import AccountError
from .database import Database

N_TOKEN_BYTES = 32
N_ID_DIGITS = 16


@dataclass(frozen=True)
class Session:
    """A session that has not ended.

    Parameters
    ----------
    id : str
        Tells sessions apart; no secret. It stays when the token is exchanged.
    name : str
        Who has signed in.
    user_id : int or None
        None in a session by the shared password.
    shared_password_id : int or None
    started, used : float
        When it began and when it was last used, in seconds since 1970.
    """

    id: str
    name: str
    user_id: int | None
    shared_password_id: int | None
    started: float
    used: float


class Sessions:
    """The sessions of a users file.

    Parameters
    ----------
    database : Database
    idle_seconds : float
        How long a session lives without use.
    max_seconds : float
        How long a session lives at most.
    clock : callable
        Gives the time, in seconds since 1970.

    Notes
    -----
    Use is kept in memory first (`note_use`) and written by `sweep`: a request costs no write.
    """

    def __init__(
        self, database: Database, *, idle_seconds: float, max_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self.idle_seconds = idle_seconds
        self._max_seconds = max_seconds
        self._clock = clock
        self._uses: dict[str, float] = {}

    def start(self, name: str, *, user_id: int | None = None, shared_password_id: int | None = None) -> str:
        """Begin a session, of a user or by the shared password.

        Returns
        -------
        token : str
            What the browser keeps, and nobody else: the file has only a hash of it.

        Raises
        ------
        AccountError
            If the user has been removed, or the shared password changed, in the meantime.
        """
        token = secrets.token_urlsafe(N_TOKEN_BYTES)
        own_id = secrets.token_hex(N_ID_DIGITS // 2)
        now = self._clock()
        with self._database.writing() as connection:
            try:
                connection.execute(
                    "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (hash_token(token), own_id, user_id, shared_password_id, name, now, now),
                )
            except sqlite3.IntegrityError as error:
                raise AccountError("This account has just changed. Please try again.") from error
        return token

    def exchange(self, token: str) -> str:
        """Give a session another token; the old one is of no use any more.

        Returns
        -------
        token : str

        Raises
        ------
        AccountError
            If the session has ended.
        """
        fresh = secrets.token_urlsafe(N_TOKEN_BYTES)
        with self._database.writing() as connection:
            question = "UPDATE sessions SET token = ? WHERE token = ?"
            if connection.execute(question, (hash_token(fresh), hash_token(token))).rowcount != 1:
                raise AccountError("This session has ended. Please log in again.")
        return fresh

    def find(self, token: str) -> Session | None:
        """Find the session of a token; None if it has ended or never was."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM sessions WHERE token = ?", (hash_token(token),)).fetchone()
        return self._living(row) if row else None

    def note_use(self, session_id: str) -> None:
        """Note that a session was used now."""
        self._uses[session_id] = self._clock()

    def seconds_left(self, session: Session) -> float:
        """How long a session lives without further use."""
        now = self._clock()
        return min(self._last_use(session) + self.idle_seconds, session.started + self._max_seconds) - now

    def end(self, token: str) -> None:
        """End the session of a token, if there is one."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE token = ?", (hash_token(token),))

    def sweep(self) -> frozenset[str]:
        """Write down what was used, and remove what has ended.

        Returns
        -------
        living : frozenset of str
            Ids of the sessions that live, those of other servers with the same file included.
        """
        uses = dict(self._uses)
        with self._database.reading() as connection:
            rows = connection.execute("SELECT id, started, used FROM sessions").fetchall()
        now = self._clock()
        limits = (now - self.idle_seconds, now - self._max_seconds)
        known = {row["id"] for row in rows}
        used = [(when, key, when) for key, when in uses.items() if key in known]
        if used or any(row["used"] <= limits[0] or row["started"] <= limits[1] for row in rows):
            with self._database.writing() as connection:
                connection.executemany("UPDATE sessions SET used = ? WHERE id = ? AND used < ?", used)
                connection.execute("DELETE FROM sessions WHERE used <= ? OR started <= ?", limits)
        self._uses = {key: when for key, when in self._uses.items() if uses.get(key) != when}
        with self._database.reading() as connection:
            return frozenset(row["id"] for row in connection.execute("SELECT id FROM sessions"))

    def _living(self, row: sqlite3.Row) -> Session | None:
        session = Session(row["id"], row["name"], row["user"], row["shared_password"], row["started"], row["used"])
        return session if self.seconds_left(session) > 0 else None

    def _last_use(self, session: Session) -> float:
        return max(session.used, self._uses.get(session.id, 0.0))


def hash_token(token: str) -> bytes:
    """Give what the users file keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
