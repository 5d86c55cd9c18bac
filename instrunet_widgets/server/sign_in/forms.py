"""The pages to log in, to register, to change the password and to log out; they need no JavaScript."""

from __future__ import annotations

import math
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado.web import HTTPError, authenticated

from ...errors import AccountError, ServerError
from ..accounts.names import MAX_NAME_LENGTH
from ..accounts.passwords import MAX_LENGTH, MIN_LENGTH
from ..headers import PageWithScripts
from .signed_in import SignInProvider, explain_to_visitor

PASSWORD_PATH = "password"
_STALE = "This page was open for too long, or the browser keeps no cookies. Please try again."
_NOT_THE_SAME = "The two new passwords are not the same. Please type them again."


class FormHandler(PageWithScripts, JupyterHandler):
    """A page with a form."""

    template = ""
    _is_stale = False

    def initialize(self, *, provider: SignInProvider) -> None:
        """Take what knows the users."""
        super().initialize()
        self.provider = provider
        self.serving = provider.options

    def check_xsrf_cookie(self) -> None:
        """Let a form without the right ``_xsrf`` be shown again instead of an error page."""
        try:
            super().check_xsrf_cookie()
        except HTTPError:
            self._is_stale = True

    async def submit(self) -> None:
        """Take the form, or show it again with what is wrong."""
        if self._is_stale:
            self.show(status=403, error=_STALE)
            return
        try:
            await self.take()
        except (AccountError, ServerError) as error:
            if not isinstance(error, AccountError):
                self.log.error("%s", error)
            status, sentence = explain_to_visitor(error)
            seconds = getattr(error, "seconds", None)
            if seconds is not None:
                self.set_header("Retry-After", str(seconds))
            self.show(status=status, error=sentence)

    async def take(self) -> None:
        """Do what the form asks for."""
        raise NotImplementedError

    def show(self, *, status: int = 200, error: str = "", **fields: Any) -> None:
        """Send the page with its form."""
        self.set_status(status)
        page = self.render_template(
            self.template,
            error=error,
            typed_name=self.typed("name")[: 2 * MAX_NAME_LENGTH],
            next=self.next_path(),
            by_shared_password=self.serving.sign_in == "password",
            registration="closed" if self.serving.sign_in == "password" else self.serving.registration,
            account_name=getattr(self.current_user, "display_name", ""),
            idle_minutes=f"{self.serving.idle_minutes:g}",
            max_name_length=MAX_NAME_LENGTH,
            min_password_length=MIN_LENGTH,
            max_password_length=MAX_LENGTH,
            **fields,
        )
        self.finish(page)

    def next_path(self) -> str:
        """Give where to go afterwards: one of our own pages, whatever the address asks for."""
        asked = self.get_argument("next", "")
        return asked if asked == f"{self.base_url}{PASSWORD_PATH}" else self.base_url

    def typed(self, field: str) -> str:
        """Give what was typed into a field, exactly; an empty text if the form has no such field."""
        try:
            return self.request.body_arguments.get(field, [b""])[-1].decode("utf-8")
        except UnicodeDecodeError as error:
            raise HTTPError(400) from error


class LoginHandler(FormHandler):
    """Logs in."""

    template = "login.html"

    @allow_unauthenticated
    def get(self) -> None:
        """Show the form; to those who have signed in, the app."""
        if self.current_user:
            self.redirect(self.next_path())
            return
        self.show(reason=self.get_query_argument("reason", ""))

    @allow_unauthenticated
    async def post(self) -> None:
        """Take the form."""
        await self.submit()

    async def take(self) -> None:
        """Begin a new session; one that the browser had ends."""
        token = await self.provider.run(
            self.provider.entrance.log_in,
            self.typed("name"), self.typed("password"), address=self.request.remote_ip or "",
        )  # fmt: skip
        await self.provider.end_session_of(self)
        self.provider.set_session_cookie(self, token)
        self.redirect(self.next_path(), status=303)


class RegisterHandler(FormHandler):
    """Makes an account."""

    template = "register.html"

    @allow_unauthenticated
    def get(self) -> None:
        """Show the form, or that accounts cannot be made."""
        if self.current_user:
            self.redirect(self.base_url)
            return
        self.show(invitation=self.get_query_argument("code", ""))

    @allow_unauthenticated
    async def post(self) -> None:
        """Take the form."""
        await self.submit()

    async def take(self) -> None:
        """Make the account and begin a session."""
        password = self.typed("password")
        if password != self.typed("again"):
            raise AccountError("The two passwords are not the same. Please type them again.")
        token = await self.provider.run(
            self.provider.entrance.register,
            self.typed("name"), password,
            address=self.request.remote_ip or "", invitation=self.typed("code"),
        )  # fmt: skip
        await self.provider.end_session_of(self)
        self.provider.set_session_cookie(self, token)
        self.redirect(self.base_url, status=303)

    def show(self, **fields: Any) -> None:
        """Send the page with its form; an invitation code stays in it."""
        fields.setdefault("invitation", self.typed("code"))
        super().show(**{**fields, "invitation": fields["invitation"][:100]})


class PasswordHandler(FormHandler):
    """Changes one's own password."""

    template = "password.html"

    @authenticated
    def get(self) -> None:
        """Show the form."""
        self.show()

    @authenticated
    async def post(self) -> None:
        """Take the form."""
        await self.submit()

    async def take(self) -> None:
        """Change the password; the session goes on, with a new token, and the user's others end."""
        session, token = self.provider.find_session(self), self.provider.read_token(self)
        if session is None or token is None:
            raise AccountError("This session has ended. Please log in again.")
        new = self.typed("password")
        if new != self.typed("again"):
            raise AccountError(_NOT_THE_SAME)
        fresh = await self.provider.run(
            self.provider.entrance.change_password,
            session, token, self.typed("old"), new, address=self.request.remote_ip or "",
        )  # fmt: skip
        self.provider.set_session_cookie(self, fresh)
        await self.provider.sweep()
        self.show(is_changed=True)


class LogoutHandler(FormHandler):
    """Logs out."""

    template = "logout.html"

    @allow_unauthenticated
    def get(self) -> None:
        """Ask."""
        self.show()

    @allow_unauthenticated
    async def post(self) -> None:
        """Take the form."""
        await self.submit()

    async def take(self) -> None:
        """End the session."""
        await self.provider.log_out(self)
        self.redirect(f"{self.base_url}login?reason=out", status=303)


class SessionHandler(APIHandler):
    """Says how long the session lives without further use; asking is no use."""

    def initialize(self, *, provider: SignInProvider) -> None:
        """Take what knows the sessions."""
        super().initialize()
        self.provider = provider

    @allow_unauthenticated
    async def get(self) -> None:
        """Answer with ``seconds_left``: 0 if there is no session (any more)."""
        session = self.provider.find_session(self)
        left = self.provider.sessions.seconds_left(session) if session else 0.0
        await self.finish({"seconds_left": math.ceil(10 * max(0.0, left)) / 10})  # not 0 while it lives

    @authenticated
    async def post(self) -> None:
        """Count as use (every POST does), and answer the same."""
        await self.get()

    def _log(self) -> None:
        """Write no line into the log: every open page asks all the time."""


def list_forms(provider: SignInProvider) -> list[tuple[str, Any, dict[str, Any]]]:
    """Give the pages of the sign-in, with their paths below the base URL."""
    handlers: list[tuple[str, Any]] = [
        ("login", LoginHandler),
        ("logout", LogoutHandler),
        ("instrunet/session", SessionHandler),
    ]
    if provider.options.sign_in == "accounts":
        handlers += [("register", RegisterHandler), (PASSWORD_PATH, PasswordHandler)]
    return [(path, handler, {"provider": provider}) for path, handler in handlers]
