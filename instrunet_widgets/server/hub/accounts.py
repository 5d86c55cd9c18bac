"""Accounts of a hub: NativeAuthenticator, with what it leaves open closed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bcrypt
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from traitlets import List, Unicode

MAX_PASSWORD_BYTES = 72  # bcrypt takes no more
N_THREADS = 2  # a hash takes a quarter of a second of a processor, in which the hub would answer nobody
MAX_WAITING = 64
# What a name without an account is compared with: a bcrypt hash of the usual cost, of a password that nobody knows.
_HASH_OF_NOBODY = b"$2b$12$yzvFa2k/nBgDjm.IeIWjnOQID5ZHwDt22aW5JVjKsYKfEmUwtL2xe"


class Accounts(NativeAuthenticator):
    """Users with a name and a password each, in the hub's own database."""

    keepers = List(Unicode(), help="names of those who look after the hub").tag(config=True)
    first_password = Unicode(help="password of keepers who have no account yet").tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._threads = ThreadPoolExecutor(N_THREADS, thread_name_prefix="passwords")
        self._n_waiting = 0
        for name in self.keepers:
            self._make_keeper(name)

    def _make_keeper(self, name: str) -> None:
        """Make a keeper's account, so that nobody else can sign up under the name."""
        if self.user_exists(name):
            return
        account = self.create_user(name, self.first_password)
        if account is None:
            raise ValueError(
                f"the keeper '{name}' has no account yet, and the first password is missing, too short, too long or "
                f"too common: give one of at least {self.minimum_password_length} characters."
            )
        account.is_authorized = True
        self.db.commit()

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Check name and password; an unknown name takes as long as a wrong password.

        Parameters
        ----------
        handler : LoginPage
            Is told when name and password are right, but nobody has approved the account yet.
        data : dict
            The form's fields ``username`` and ``password``.

        Returns
        -------
        name : str or None
        """
        name = self.normalize_username(data["username"])
        account = self.get_user(name)
        if account is not None and self.is_blocked(name):
            return None
        if account is not None:
            self.add_login_attempt(name)  # before the password is looked at: many at the same time count too
        if not await self.is_password_of(account, data["password"]):
            return None
        self.successful_login(name)
        handler.needs_approval = not account.is_authorized
        return name if account.is_authorized else None

    async def refresh_user(self, user: Any, handler: Any = None, **_: Any) -> bool:
        """Whether somebody who has logged in may stay so: not once a keeper has locked the account."""
        account = self.get_user(user.name)
        return account is not None and bool(account.is_authorized)

    async def is_password_of(self, account: UserInfo | None, password: str) -> bool:
        """Whether a password is that of an account; False, after the same time, if there is no account.

        Raises
        ------
        tornado.web.HTTPError
            With 503 if too many are waiting already.
        """
        if self._n_waiting >= MAX_WAITING:
            raise HTTPError(503, reason="Many people are logging in at the moment. Please try again in a minute")
        is_too_long = len(password.encode()) > MAX_PASSWORD_BYTES
        typed = b"" if is_too_long else password.encode()
        hashed = account.password if account is not None else _HASH_OF_NOBODY
        self._n_waiting += 1
        try:
            is_right = await IOLoop.current().run_in_executor(self._threads, bcrypt.checkpw, typed, hashed)
        finally:
            self._n_waiting -= 1
        return bool(is_right) and not is_too_long and account is not None

    def is_password_strong(self, password: str) -> bool:
        """Whether a new password is long enough, can be hashed whole, and is not among the most common ones."""
        return len(password.encode()) <= MAX_PASSWORD_BYTES and super().is_password_strong(password)

    def get_handlers(self, app: Any) -> list[Any]:
        """Give the pages to log in, to sign up, to change the password, and those of the keepers."""
        from .pages import PAGES

        return [(path, PAGES.get(path, handler)) for path, handler in super().get_handlers(app)]
