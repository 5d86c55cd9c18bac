"""Pages to log in, to sign up and to change the password: NativeAuthenticator's, in our words and with fewer gaps."""

from __future__ import annotations

from typing import Any

from nativeauthenticator.handlers import (
    ChangePasswordHandler,
    DiscardHandler,
    LoginHandler,
    SignUpHandler,
    ToggleAuthorizationHandler,
)
from tornado.web import HTTPError, authenticated

from .accounts import MAX_PASSWORD_BYTES

_WRONG = "Invalid name or password."
_NOT_APPROVED = "Whoever looks after this hub has not approved your account yet. Please try again later."
_READY = "Your account is ready. You can log in now."
_WAITING = "Your account has been made. Whoever looks after this hub has to approve it before you can log in."
_TAKEN = "This name is taken. Please choose another one."
_COMMON = "Many people have this password. Please choose another one."
_NOT_THE_SAME = "The two passwords are not the same. Please type them again."
_NO_NAME = "A name takes 1 to 32 small letters, digits, - and _, and begins with a letter or a digit."
_CHANGED = "Your password has been changed."
_WRONG_OLD = "The present password is not right."


class LoginPage(LoginHandler):
    """Logs in."""

    needs_approval = False

    async def post(self) -> None:
        """Take the form."""
        name = self.get_body_argument("username", "", strip=False)
        user = await self.login_user({"username": name, "password": _typed(self, "password")})
        if user:
            self._jupyterhub_user = user
            self.redirect(self.get_next_url(user))
            return
        self.set_status(403)
        error = _NOT_APPROVED if self.needs_approval else _WRONG
        self.finish(await self._render(login_error=error, username=name))


class SignUpPage(SignUpHandler):
    """Makes an account."""

    async def get(self) -> None:
        """Show the form."""
        if not self.authenticator.enable_signup:
            raise HTTPError(404)
        await self._show("", is_done=False)

    async def post(self) -> None:
        """Take the form."""
        accounts = self.authenticator
        if not accounts.enable_signup:
            raise HTTPError(404)
        name = self.get_body_argument("username", "", strip=False)
        password = _typed(self, "password")
        if error := self._find_fault(name, password):
            self.set_status(400)
            await self._show(error, is_done=False, username=name)
            return
        accounts.create_user(name, password)
        await self._show(_READY if accounts.open_signup else _WAITING, is_done=True)

    def _find_fault(self, name: str, password: str) -> str:
        accounts = self.authenticator
        if not accounts.validate_username(accounts.normalize_username(name)):
            return _NO_NAME
        if accounts.user_exists(name):
            return _TAKEN
        if password != _typed(self, "again"):
            return _NOT_THE_SAME
        return _find_weakness(accounts, password)

    async def _show(self, message: str, **fields: Any) -> None:
        page = await self.render_template("signup.html", message=message, **_limits(self), **fields)
        self.finish(page)


class PasswordPage(ChangePasswordHandler):
    """Changes one's own password."""

    @authenticated
    async def get(self) -> None:
        """Show the form."""
        await self._show("", is_done=False)

    @authenticated
    async def post(self) -> None:
        """Take the form."""
        accounts, name = self.authenticator, self.current_user.name
        password = _typed(self, "password")
        is_blocked = accounts.is_blocked(name)
        accounts.add_login_attempt(name)
        if is_blocked or not await accounts.is_password_of(accounts.get_user(name), _typed(self, "old")):
            error = _WRONG_OLD
        else:
            accounts.successful_login(name)
            same = password == _typed(self, "again")
            error = _find_weakness(accounts, password) if same else _NOT_THE_SAME
        if error:
            self.set_status(400)
            await self._show(error, is_done=False)
            return
        accounts.change_password(name, password)
        await self._show(_CHANGED, is_done=True)

    async def _show(self, message: str, **fields: Any) -> None:
        self.finish(await self.render_template("change-password.html", message=message, **_limits(self), **fields))


class ApprovePage(ToggleAuthorizationHandler):
    """Approves an account, or takes that back; not at the call of a link on another site."""

    async def get(self, slug: str) -> None:
        """Do so."""
        _refuse_other_sites(self)
        await super().get(slug)


class DiscardPage(DiscardHandler):
    """Removes an account; not at the call of a link on another site."""

    async def get(self, user_name: str) -> None:
        """Do so."""
        _refuse_other_sites(self)
        await super().get(user_name)


PAGES = {
    "/login": LoginPage,
    "/signup": SignUpPage,
    "/change-password": PasswordPage,
    "/authorize/([^/]*)": ApprovePage,
    "/discard/([^/]*)": DiscardPage,
}


def _typed(handler: Any, name: str) -> str:
    """Give a password as it was typed, spaces at its ends included."""
    return handler.get_body_argument(name, "", strip=False)


def _find_weakness(accounts: Any, password: str) -> str:
    if len(password) < accounts.minimum_password_length:
        return f"The password is too short: it takes at least {accounts.minimum_password_length} characters."
    if len(password.encode()) > MAX_PASSWORD_BYTES:
        return f"The password is too long: it takes at most {MAX_PASSWORD_BYTES} characters."
    return "" if accounts.is_password_strong(password) else _COMMON


def _limits(handler: Any) -> dict[str, int]:
    shortest = handler.authenticator.minimum_password_length
    return {"min_password_length": shortest, "max_password_length": MAX_PASSWORD_BYTES}


def _refuse_other_sites(handler: Any) -> None:
    if handler.request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise HTTPError(403)
