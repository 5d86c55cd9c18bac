"""Tables of the users file. A change of them is one more entry in `MIGRATIONS`; old entries stay as they are.

No secret can be read from the file: passwords are argon2 hashes; of session tokens and invitation codes, which are
random and long, it has SHA-256 hashes; names and addresses of failed log-ins are hashed with a key.
"""

from __future__ import annotations

APPLICATION_ID = 0x494E5354  # "INST"

_FIRST = (
    """CREATE TABLE users (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        password TEXT NOT NULL,
        registered REAL NOT NULL
    )""",
    """CREATE TABLE shared_passwords (
        id INTEGER PRIMARY KEY,
        password TEXT NOT NULL
    )""",
    """CREATE TABLE sessions (
        token BLOB PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        user INTEGER REFERENCES users(id) ON DELETE CASCADE,
        shared_password INTEGER REFERENCES shared_passwords(id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        started REAL NOT NULL,
        used REAL NOT NULL,
        CHECK ((user IS NULL) <> (shared_password IS NULL))
    ) WITHOUT ROWID""",
    "CREATE INDEX sessions_of_user ON sessions(user)",
    """CREATE TABLE invitations (
        code BLOB PRIMARY KEY,
        expires REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE failures (
        subject BLOB PRIMARY KEY,
        n REAL NOT NULL,
        last REAL NOT NULL
    ) WITHOUT ROWID""",
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
)

MIGRATIONS = (_FIRST,)
SCHEMA_VERSION = len(MIGRATIONS)
