"""The users file: one SQLite file, made once, never replaced by an empty one.

Several threads and several servers may use it at a time: readers do not wait for a writer (WAL), writers wait for each
other for a few seconds. What can go wrong with the file is said in a sentence (`ServerError`).
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from ...errors import ServerError
from .schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION

WAIT_SECONDS = 5.0
_SQLITE_HEADER = b"SQLite format 3\x00"


def default_users_file() -> Path:
    """Give the place of the users file in the user's data folder."""
    return platformdirs.user_data_path("instrunet", appauthor=False) / "users.sqlite3"


def check_users_file(path: Path | None) -> None:
    """Make sure that a users file can be used; make it if there is none.

    Parameters
    ----------
    path : Path or None
        None for the one in the user's data folder.

    Raises
    ------
    ServerError
        If it cannot.
    """
    Database(path or default_users_file()).close()


class Database:
    """Connections to a users file, one for each thread.

    Parameters
    ----------
    path : Path
        If there is no such file, it is made; only its owner may read it.

    Raises
    ------
    ServerError
        If it cannot be made or used: locked, damaged, made by a newer version or by another program.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        with self._explained():
            _make_file(path)
            self._identity = _identify(path)
            self._check_file()
            self._migrate()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection for queries."""
        with self._explained():
            yield self._connection()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a transaction, which is kept when the block ends well, and undone otherwise."""
        with self._explained():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def secret(self, name: str) -> bytes:
        """Give a random key of 32 bytes that is made at its first use and stays the same from then on.

        Parameters
        ----------
        name : str
            What it is for.

        Returns
        -------
        secret : bytes
        """
        question = "SELECT value FROM secrets WHERE name = ?"
        with self.reading() as connection:
            if row := connection.execute(question, (name,)).fetchone():
                return bytes(row["value"])
        with self.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (name, secrets.token_bytes(32)))
            return bytes(connection.execute(question, (name,)).fetchone()["value"])

    def close(self) -> None:
        """Close all connections; threads that still work get an error."""
        with self._lock:
            while self._connections:
                self._connections.pop().close()
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        if _identify(self.path) != self._identity:  # SQLite would go on with the old one, and all would be lost
            raise ServerError(f"the users file {self.path} has been replaced; start the server anew.")
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = _connect(self.path)
            with self._lock:
                self._connections.append(found)
        return found

    def _check_file(self) -> None:
        with self.path.open("rb") as file:
            if file.read(len(_SQLITE_HEADER)) != _SQLITE_HEADER:
                raise ServerError(_damaged(self.path))
        for suffix in ("", "-wal", "-shm"):
            _make_private(Path(f"{self.path}{suffix}"))
        connection = self._connection()
        application_id, version = _read_ids(connection)
        if application_id != APPLICATION_ID:
            raise ServerError(f"{self.path} belongs to another program; name another users file with --users-file.")
        if version > SCHEMA_VERSION:
            raise ServerError(
                f"the users file {self.path} was written by a newer version of InstruNet; update InstruNet, or name "
                "another users file with --users-file."
            )
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise ServerError(_damaged(self.path))

    def _migrate(self) -> None:
        if _read_ids(self._connection())[1] == SCHEMA_VERSION:
            return
        with self.writing() as connection:
            _bring_up_to_date(connection)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ServerError(_explain(self.path, error)) from error
        except OSError as error:
            raise ServerError(
                f"the users file {self.path} cannot be used ({error.strerror or error}); name another one with "
                "--users-file."
            ) from error


def _make_file(path: Path) -> None:
    """Make the file whole and give it its name at the end: nobody ever sees half of one."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        connection = _connect(unfinished)
        try:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("BEGIN IMMEDIATE")
            _bring_up_to_date(connection)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode = WAL")  # the file remembers it
        finally:
            connection.close()
        try:
            os.link(unfinished, path)  # fails if another server has been faster; then its file is taken
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            if not path.exists():
                unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    # mode=rw: a file that has gone is an error, not a new empty one
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT_SECONDS, isolation_level=None,
        check_same_thread=False,
    )  # fmt: skip
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _read_ids(connection: sqlite3.Connection) -> tuple[int, int]:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application_id, version


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    version = _read_ids(connection)[1]
    for migration in MIGRATIONS[version:]:
        for statement in migration:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _make_private(path: Path) -> None:
    if os.name == "posix" and path.exists() and path.stat().st_mode & 0o077 and path.stat().st_uid == os.geteuid():
        path.chmod(0o600)


def _identify(path: Path) -> tuple[int, int]:
    """Give what tells a file from another one of the same name."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _damaged(path: Path) -> str:
    return (
        f"the users file {path} is damaged, or no users file; stop the server and put a copy of an intact one in its "
        "place. To start anew without any users, move it away."
    )


def _explain(path: Path, error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"the users file {path} is locked by another program; try again when that has finished."
    if code == sqlite3.SQLITE_FULL:
        return f"the disk with the users file {path} is full; nothing was changed. Make room and try again."
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return f"the users file {path} cannot be written; see to its permissions."
    if code == sqlite3.SQLITE_CANTOPEN:
        return f"the users file {path} cannot be opened; see to its folder and its permissions."
    return f"the users file {path} cannot be used ({error})."
