"""How many connections there may be: one sender cannot have them all, and the system's limit is not reached."""

from __future__ import annotations

import contextlib
from typing import Protocol

MAX_CONNECTIONS = 4_000
MAX_OPEN_FILES = 65_536
_DEFAULT_OPEN_FILES = 8_192  # where the system has no such limit


class Closable(Protocol):
    """A connection, as `tornado.iostream.IOStream` is one."""

    def closed(self) -> bool:
        """Whether it has ended."""


class Connections:
    """The connections of a server.

    Parameters
    ----------
    n_all : int
        How many there may be; one address may have half of them.

    Examples
    --------
    >>> class Line:
    ...     def closed(self):
    ...         return False
    >>> connections = Connections(4)
    >>> [connections.admit(Line(), "192.0.2.1") for _ in range(3)]
    [True, True, False]
    >>> connections.admit(Line(), "192.0.2.2")
    True
    """

    def __init__(self, n_all: int) -> None:
        self._n_all = n_all
        self._open: dict[Closable, str] = {}

    def admit(self, stream: Closable, address: str, *, is_trusted: bool = False) -> bool:
        """Count a new connection, unless there are too many.

        Parameters
        ----------
        stream : Closable
        address : str
            Whose it is.
        is_trusted : bool
            Whether that one may have all: a reverse proxy, which connects for everybody.

        Returns
        -------
        is_admitted : bool
        """
        self._open = {one: whose for one, whose in self._open.items() if not one.closed()}
        n_own = 0 if is_trusted else sum(whose == address for whose in self._open.values())
        if len(self._open) >= self._n_all or n_own >= self._n_all // 2:
            return False
        self._open[stream] = address
        return True


def allow_open_files() -> int:
    """Let this process have as many open files, connections included, as the system allows it.

    Returns
    -------
    n_files : int
    """
    try:
        import resource
    except ImportError:  # Windows
        return _DEFAULT_OPEN_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MAX_OPEN_FILES if soft == resource.RLIM_INFINITY else soft


def count_connections(n_files: int) -> int:
    """Give how many connections there may be with so many open files; kernels need the others."""
    return min(MAX_CONNECTIONS, n_files // 2)
