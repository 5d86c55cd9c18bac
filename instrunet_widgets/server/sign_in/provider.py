"""Who is asking: a visitor without a name. `signed_in` has those who have signed in.

All providers give a `SignedInUser` for each request, whose `session` tells visitors apart; the kernels of a session
belong to it. When a session ends, the functions in `on_session_end` are called with it, on the server's event loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_server.auth.identity import PasswordIdentityProvider, User
from tornado.web import RequestHandler

N_SESSION_DIGITS = 16

SessionHook = Callable[[str], None]


@dataclass
class SignedInUser(User):
    """A user, and the session in which the request came.

    Parameters
    ----------
    session : str
        Tells the sessions apart; no secret, and of no use to get in.
    """

    session: str = ""


class VisitorProvider(PasswordIdentityProvider):
    """Nobody signs in: each browser is a visitor of its own until the server ends."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("login_handler_class", None)
        super().__init__(**{**kwargs, "token": "", "hashed_password": ""})
        self.on_session_end: list[SessionHook] = []

    def generate_anonymous_user(self, handler: RequestHandler) -> User:
        """Give a visitor a number."""
        return _with_session(super().generate_anonymous_user(handler))

    def user_from_cookie(self, cookie_value: str) -> User | None:
        """Know a visitor again."""
        user = super().user_from_cookie(cookie_value)
        return user and _with_session(user)

    def get_handlers(self) -> list[tuple[str, object]]:
        """Give the pages to sign in: none."""
        return []

    def note_use(self, session: str) -> None:
        """Note that somebody has used a session, so that it does not end for want of use."""

    def start(self) -> None:
        """Begin with what must be done regularly; called on the event loop."""

    def stop(self) -> None:
        """Put everything away."""

    def end_session(self, session: str) -> None:
        """Tell everybody who waits for it that a session has ended."""
        for hook in self.on_session_end:
            hook(session)


def describe_account(handler: Any) -> dict[str, Any] | None:
    """Give what the app's page shows of the one who has signed in; None where nobody signs in.

    Parameters
    ----------
    handler : jupyter_server.base.handlers.JupyterHandler
    """
    provider = handler.identity_provider
    options = provider.parent.options
    if not options.needs_sign_in:
        return None
    return {
        "name": handler.current_user.display_name,
        "has_own_password": options.sign_in == "accounts",
        "hub_url": getattr(provider, "hub_url", ""),  # the hub's page of the account
        "can_end": options.sign_in != "hub",  # by itself, for want of use
    }


def _with_session(user: User) -> SignedInUser:
    session = hashlib.sha256(user.username.encode()).hexdigest()[:N_SESSION_DIGITS]
    return SignedInUser(user.username, user.name, user.display_name, user.initials, None, None, session)
