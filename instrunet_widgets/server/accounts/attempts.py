"""Failed log-ins: the more of them for a name or from an address, the longer the next one has to wait.

Counted in the users file, so a restart forgives nothing. An attempt is counted before the password is looked at: many
at the same time count too.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import AccountError
from .database import Database

_IPV6_PREFIX = 64  # what one household or class has


@dataclass(frozen=True)
class Patience:
    """How many failures are nothing yet, and what comes then.

    Parameters
    ----------
    n_free : int
        Failures without a delay; the next one costs 1 s, and each further one twice as much.
    max_delay : float
        Longest delay, in seconds.
    forgiven_after : float
        Seconds after which one failure is forgiven.
    """

    n_free: int
    max_delay: float
    forgiven_after: float

    def delay(self, n: float) -> float:
        """Give the delay after `n` failures, in seconds."""
        over = math.ceil(n) - self.n_free
        return 0.0 if over < 1 else min(2.0 ** min(over - 1, 60), self.max_delay)


FOR_A_NAME = Patience(n_free=5, max_delay=300, forgiven_after=300)
# a class behind one address mistypes together, and registers in one hour
FOR_AN_ADDRESS = Patience(n_free=30, max_delay=900, forgiven_after=30)
FOR_REGISTRATIONS = Patience(n_free=60, max_delay=900, forgiven_after=60)
# each costs a processor some time, and a class has many new passwords refused
FOR_NEW_PASSWORDS = Patience(n_free=300, max_delay=60, forgiven_after=2)

Subject = tuple[str, str, Patience]


class TooManyAttemptsError(AccountError):
    """It must wait.

    Parameters
    ----------
    seconds : float
        How long.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(f"Too many attempts. Please wait {_in_words(self.seconds)}, then try again.")


class Attempts:
    """Failures of a users file.

    Parameters
    ----------
    database : Database
    clock : callable
        Gives the time, in seconds since 1970.
    """

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._key = database.secret("failures")

    def begin(self, *subjects: Subject) -> None:
        """Count an attempt as failed, until `succeed` says otherwise.

        Parameters
        ----------
        *subjects : tuple
            Kind, name and patience: see `login_subjects`.

        Raises
        ------
        TooManyAttemptsError
            If it comes too early; it is not counted then.
        """
        now = self._clock()
        with self._database.writing() as connection:
            counts = []
            for kind, name, patience in subjects:
                row = connection.execute(
                    "SELECT * FROM failures WHERE subject = ?", (self._hash(kind, name),)
                ).fetchone()
                n, last = (row["n"], row["last"]) if row else (0.0, now)
                last = min(last, now)  # a clock that was put back does not lock anybody out
                wait = last + patience.delay(n) - now
                if wait > 0:
                    raise TooManyAttemptsError(wait)
                counts.append(max(0.0, n - (now - last) / patience.forgiven_after) + 1)
            connection.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?)",
                [(self._hash(kind, name), n, now) for (kind, name, _), n in zip(subjects, counts, strict=True)],
            )

    def succeed(self, *subjects: Subject) -> None:
        """Forgive an attempt: all failures of the name, this one of the address."""
        with self._database.writing() as connection:
            for kind, name, _ in subjects:
                subject = self._hash(kind, name)
                if kind == "name":
                    connection.execute("DELETE FROM failures WHERE subject = ?", (subject,))
                else:
                    connection.execute("UPDATE failures SET n = max(0, n - 1) WHERE subject = ?", (subject,))

    def forget_old(self, *, seconds: float = 86_400) -> None:
        """Remove what has been quiet for a day."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM failures WHERE last < ?", (self._clock() - seconds,))

    def _hash(self, kind: str, name: str) -> bytes:
        return hmac.digest(self._key, f"{kind}\0{name}".encode("utf-8", "replace"), "sha256")


def login_subjects(key: str | None, address: str) -> list[Subject]:
    """Give what an attempt to log in is counted for.

    Parameters
    ----------
    key : str or None
        What `names.key_of` makes of the name; None if a shared password is asked for.
    address : str
        IP address of the browser.
    """
    own = [] if key is None else [("name", key, FOR_A_NAME)]
    return [*own, ("address", _network_of(address), FOR_AN_ADDRESS)]


def registration_subjects(address: str) -> list[Subject]:
    """Give what a registration is counted for."""
    return [("registration", _network_of(address), FOR_REGISTRATIONS)]


def new_password_subjects(address: str) -> list[Subject]:
    """Give what a look at a new password is counted for, whether it is taken or not."""
    return [("new password", _network_of(address), FOR_NEW_PASSWORDS)]


def _network_of(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
    return str(parsed)


def _in_words(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds" if seconds != 1 else "1 second"
    return f"{math.ceil(seconds / 60)} minutes"
