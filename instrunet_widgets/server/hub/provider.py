"""Who is asking, by the word of the hub: its owner, or nobody."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyterhub.singleuser.extension import JupyterHubIdentityProvider, JupyterHubLogoutHandler
from jupyterhub.utils import url_path_join
from tornado.web import HTTPError

from ..sign_in.provider import N_SESSION_DIGITS, SessionHook, SignedInUser


class HubUser(SignedInUser):
    """The owner of the server; `hub_user` is what the hub says of him."""

    hub_user: dict[str, Any]

    def __init__(self, hub_user: dict[str, Any], session: str) -> None:
        super().__init__(username=hub_user["name"], session=session)
        self.hub_user = hub_user


class HubProvider(JupyterHubIdentityProvider):
    """Lets in the one for whom the hub has started this server, and notes when he has used it.

    Whoever else the hub knows is refused, administrators included.
    """

    def __init__(self, **kwargs: Any) -> None:
        for name in ("token", "login_handler_class"):  # Voila's, for logins of its own
            kwargs.pop(name, None)
        super().__init__(**kwargs)
        self.logout_handler_class = LogoutHandler
        self.owner = os.environ["JUPYTERHUB_USER"]
        self.last_use = datetime.now(UTC)
        self.on_session_end: list[SessionHook] = []

    @property
    def hub_url(self) -> str:
        """The hub's page on which the owner finds the server and the account."""
        return str(self.hub_auth.hub_host + url_path_join(self.hub_auth.hub_prefix, "home"))

    async def get_user(self, handler: Any) -> HubUser | None:
        """Give the owner, if it is he who asks.

        Parameters
        ----------
        handler : jupyter_server.base.handlers.JupyterHandler

        Returns
        -------
        user : HubUser or None
            None sends the browser to the hub, to log in.
        """
        if isinstance(getattr(handler, "_jupyterhub_user", None), HubUser):
            return handler._jupyterhub_user
        user = await super().get_user(handler)
        if user is None:
            return None
        if user.hub_user.get("kind") != "user" or user.username != self.owner:
            handler._jupyterhub_user = None
            handler.redirect = _refuse  # else the browser would go to the hub and come back for ever
            return None
        user = handler._jupyterhub_user = HubUser(user.hub_user, self._session_of(handler))
        if _is_use(handler):
            self.note_use(user.session)
        return user

    def get_handlers(self) -> list[Any]:
        """Give the pages by which people come from the hub and go back to it, below the server's base URL."""
        return [(url_path_join(self.hub_auth.base_url, path), *rest) for path, *rest in super().get_handlers()]

    def note_use(self, session: str) -> None:
        """Note that the owner has used the server; the hub is told (`reports`)."""
        self.last_use = datetime.now(UTC)

    def start(self) -> None:
        """Begin with what must be done regularly: nothing, the hub does it."""

    def stop(self) -> None:
        """Put everything away: nothing is kept here."""

    def tell_session_ended(self, session: str) -> None:
        """Tell everybody who waits for it that a session has ended."""
        for hook in self.on_session_end:
            hook(session)

    def _session_of(self, handler: Any) -> str:
        session_id = self.hub_auth.get_session_id(handler) or self.owner
        return hashlib.sha256(session_id.encode()).hexdigest()[:N_SESSION_DIGITS]


class LogoutHandler(JupyterHubLogoutHandler):
    """Ends the session here and in the hub."""

    @allow_unauthenticated
    def get(self) -> None:
        """Forget the browser, and send it to the hub's own logout."""
        if self.current_user:
            self.identity_provider.tell_session_ended(self.current_user.session)
        super().get()

    @allow_unauthenticated
    def post(self) -> None:
        """Do the same for the page's button."""
        self.get()


def _is_use(handler: Any) -> bool:
    """Whether a request comes of something that the user did: sending a form, opening the page."""
    return handler.request.method == "POST" or handler.request.path == handler.settings["base_url"]


def _refuse(*_: Any, **__: Any) -> None:
    raise HTTPError(403, reason="This server belongs to another user")
