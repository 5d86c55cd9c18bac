"""Whose a kernel is, and how many there may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Owner:
    """Who a kernel belongs to.

    Parameters
    ----------
    username : str
        The user, for the number of kernels that one may have.
    session : str
        The session; nothing of another session can be reached, not even of the same user's.
    """

    username: str
    session: str


@dataclass(frozen=True, eq=False)
class Place:
    """One of the kernels that there may be, taken by its owner."""

    owner: Owner


class NoPlaceError(Exception):
    """There are as many kernels as there may be.

    Parameters
    ----------
    is_own_limit : bool
        Whether it is the user who has as many as one may have, not the server.
    """

    def __init__(self, *, is_own_limit: bool) -> None:
        super().__init__("no place for another kernel")
        self.is_own_limit = is_own_limit


class SessionEndedError(Exception):
    """Somebody has signed out while waiting for a kernel."""


class Places:
    """The places for kernels that belong to somebody.

    Parameters
    ----------
    n_places : int
        For all together.
    n_per_user : int
        For one user.

    Examples
    --------
    >>> places = Places(n_places=2, n_per_user=1)
    >>> ada, bob = Owner("ada", "1"), Owner("bob", "2")
    >>> place = places.take(ada)
    >>> places.is_full_for(ada), places.is_full_for(bob)
    (True, False)
    >>> places.free(place)
    >>> places.is_full_for(ada)
    False
    """

    def __init__(self, *, n_places: int, n_per_user: int) -> None:
        self.n_places = n_places
        self.n_per_user = n_per_user
        self._taken: set[Place] = set()

    @property
    def is_full(self) -> bool:
        """Whether nobody can have another one."""
        return len(self._taken) >= self.n_places

    def is_full_for(self, owner: Owner) -> bool:
        """Whether a user has as many as one may have."""
        return sum(place.owner.username == owner.username for place in self._taken) >= self.n_per_user

    def take(self, owner: Owner) -> Place:
        """Take a place.

        Raises
        ------
        NoPlaceError
            If there is none left, or none for this user.
        """
        if self.is_full_for(owner):
            raise NoPlaceError(is_own_limit=True)
        if self.is_full:
            raise NoPlaceError(is_own_limit=False)
        place = Place(owner)
        self._taken.add(place)
        return place

    def __contains__(self, place: Place) -> bool:
        """Whether a place is still taken."""
        return place in self._taken

    def free_session(self, session: str) -> None:
        """Give the places of a session back, also those that wait for their kernel."""
        self._taken = {place for place in self._taken if place.owner.session != session}

    def free(self, place: Place | None) -> None:
        """Give a place back; one that was given back already changes nothing."""
        if place is not None:
            self._taken.discard(place)


def owner_of(handler: Any) -> Owner | None:
    """Who sends a request; None if nobody has signed in.

    Parameters
    ----------
    handler : jupyter_server.base.handlers.JupyterHandler
        One whose user is known by now.
    """
    user = handler.current_user
    if user is None:
        return None
    return Owner(user.username, getattr(user, "session", "") or user.username)
