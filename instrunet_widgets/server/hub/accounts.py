"""Accounts of a hub: NativeAuthenticator, with what it leaves open closed."""

from __future__ import annotations

from typing import Any

from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from traitlets import List, Unicode

MAX_PASSWORD_BYTES = 72  # bcrypt takes no more
# What a name without an account is compared with: a bcrypt hash of the usual cost, of a password that nobody knows.
_HASH_OF_NOBODY = b"$2b$12$yzvFa2k/nBgDjm.IeIWjnOQID5ZHwDt22aW5JVjKsYKfEmUwtL2xe"


class Accounts(NativeAuthenticator):
    """Users with a name and a password each, in the hub's own database."""

    keepers = List(Unicode(), help="names of those who look after the hub").tag(config=True)
    first_password = Unicode(help="password of keepers who have no account yet").tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
        if not self.is_password_of(account, data["password"]):
            if account is not None:
                self.add_login_attempt(name)
            return None
        self.successful_login(name)
        handler.needs_approval = not account.is_authorized
        return name if account.is_authorized else None

    async def refresh_user(self, user: Any, handler: Any = None, **_: Any) -> bool:
        """Whether somebody who has logged in may stay so: not once a keeper has locked the account."""
        account = self.get_user(user.name)
        return account is not None and bool(account.is_authorized)

    def is_password_of(self, account: UserInfo | None, password: str) -> bool:
        """Whether a password is that of an account; False, after the same time, if there is no account."""
        is_too_long = len(password.encode()) > MAX_PASSWORD_BYTES
        known = account or UserInfo(username="", password=_HASH_OF_NOBODY)
        return bool(known.is_valid_password("" if is_too_long else password)) and not is_too_long and known is account

    def is_password_strong(self, password: str) -> bool:
        """Whether a new password is long enough, can be hashed whole, and is not among the most common ones."""
        return len(password.encode()) <= MAX_PASSWORD_BYTES and super().is_password_strong(password)

    def get_handlers(self, app: Any) -> list[Any]:
        """Give the pages to log in, to sign up, to change the password, and those of the keepers."""
        from .pages import PAGES

        return [(path, PAGES.get(path, handler)) for path, handler in super().get_handlers(app)]
