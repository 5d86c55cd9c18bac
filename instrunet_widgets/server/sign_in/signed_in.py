"""Those who have signed in: their sessions, their cookie, and the end of both."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import HTTPError, RequestHandler

from ...errors import AccountError, ServerError
from ..accounts.attempts import Attempts
from ..accounts.database import Database, default_users_file
from ..accounts.entrance import Entrance, take_shared_password
from ..accounts.passwords import verify_password
from ..accounts.sessions import Session, Sessions
from ..accounts.users import Users
from ..options import ServingOptions
from .provider import SignedInUser, VisitorProvider

COOKIE_NAME = "instrunet-session"
N_THREADS = 2  # a password's hash takes a processor and 19 MiB for its time
MAX_WAITING = 64
MAX_SWEEP_SECONDS = 5.0
FORGET_EVERY = 3600.0

T = TypeVar("T")
_log = logging.getLogger("instrunet")


class BusyError(ServerError):
    """Too many people are signing in at the moment."""


class SignInProvider(VisitorProvider):
    """Lets in those who have signed in.

    Attributes
    ----------
    options : ServingOptions
    entrance : Entrance
    sessions : Sessions
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        server: Any = self.parent
        self.options: ServingOptions = server.options
        self._database = Database(self.options.users_file or default_users_file())
        shared = None
        if self.options.sign_in == "password":
            shared = take_shared_password(self._database, self.options.shared_password)
        self.sessions = Sessions(
            self._database,
            idle_seconds=self.options.idle_minutes * 60,
            max_seconds=self.options.session_days * 86_400,
        )
        self._attempts = Attempts(self._database)
        self.entrance = Entrance(
            Users(self._database), self.sessions, self._attempts,
            registration=self.options.registration, shared=shared,
        )  # fmt: skip
        # the same for all servers of a users file, and after a restart
        server.cookie_secret = self._database.secret("cookies")
        self._threads = ThreadPoolExecutor(N_THREADS, thread_name_prefix="sign-in")
        self._sweeper = ThreadPoolExecutor(1, thread_name_prefix="sessions")
        self._n_waiting = 0
        self._seen: set[str] = set()
        self._forgotten_at = float("-inf")
        self._is_sweeping = False

    @property
    def auth_enabled(self) -> bool:
        """Whether visitors must sign in: yes."""
        return True

    @property
    def login_available(self) -> bool:
        """Whether there is a page to log in: yes."""
        return True

    def get_handlers(self) -> list[tuple[str, object]]:
        """Give the pages to log in, to register, to change the password and to log out."""
        from .forms import list_forms

        base_url = self.options.base_url
        return [(url_path_join(base_url, path), *rest) for path, *rest in list_forms(self)]

    def get_user(self, handler: RequestHandler) -> SignedInUser | None:
        """Give the user of a request, if the session in its cookie lives.

        Raises
        ------
        HTTPError
            With 503 if the users file cannot be read.
        """
        session = self.find_session(handler)
        if session is None:
            return None
        self._seen.add(session.id)
        if _is_use(handler):
            self.sessions.note_use(session.id)
        # everybody who signs in with the shared password is somebody else, whatever name was given
        username = session.name if session.user_id is not None else f"guest-{session.id}"
        return SignedInUser(username, session.name, session.name, session=session.id)

    def find_session(self, handler: RequestHandler) -> Session | None:
        """Find the session of a request."""
        token = self.read_token(handler)
        if not token:
            return None
        try:
            session = self.sessions.find(token)
        except ServerError as error:
            _log.error("%s", error)
            raise HTTPError(503) from error
        return session if session and self.entrance.can_come_back(session) else None

    def read_token(self, handler: RequestHandler) -> str | None:
        """Read the session's token from the cookie; None if there is none, or not one that we signed."""
        try:
            days = self.options.session_days + 1
            value = handler.get_secure_cookie(self.get_cookie_name(handler), max_age_days=days)
            return value.decode("ascii") if value else None
        except ValueError:  # bytes that are no text, numbers that are none
            return None

    def get_cookie_name(self, handler: RequestHandler) -> str:
        """Give the cookie's name, which tells servers on several ports and paths of a machine apart."""
        place = handler.request.host + self.options.base_url.rstrip("/")
        return f"{COOKIE_NAME}-{re.sub('[^A-Za-z0-9]', '-', place)}"

    def set_session_cookie(self, handler: RequestHandler, token: str) -> None:
        """Give the browser the token, out of reach of scripts, other sites and, over TLS, plain connections."""
        handler.set_secure_cookie(
            self.get_cookie_name(handler), token, expires_days=None, httponly=True, samesite="Lax",
            secure=handler.request.protocol == "https", path=self.options.base_url,
        )  # fmt: skip

    def is_token_authenticated(self, handler: RequestHandler) -> bool:
        """Whether a request came with a token of Jupyter's, and may leave out ``_xsrf``: never."""
        return False

    def should_check_origin(self, handler: RequestHandler) -> bool:
        """Whether requests from pages of other sites are refused: always."""
        return True

    def note_use(self, session: str) -> None:
        """Note that somebody has used a session."""
        self.sessions.note_use(session)

    async def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run what blocks in one of a few threads.

        Raises
        ------
        BusyError
            If too many are waiting already.
        """
        if self._n_waiting >= MAX_WAITING:
            raise BusyError("many people are signing in at the moment; please try again in a minute.")
        self._n_waiting += 1
        try:
            return await IOLoop.current().run_in_executor(self._threads, lambda: function(*args, **kwargs))
        finally:
            self._n_waiting -= 1

    async def log_out(self, handler: RequestHandler) -> None:
        """End the session of a request, its kernels included, and take the cookie back."""
        await self.end_session_of(handler)
        handler.clear_cookie(self.get_cookie_name(handler), path=self.options.base_url)

    async def end_session_of(self, handler: RequestHandler) -> None:
        """End the session of a request, if it has one, and its kernels."""
        token, session = self.read_token(handler), self.find_session(handler)
        if token and session:
            await self.run(self.sessions.end, token)
            self._seen.discard(session.id)
            self.end_session(session.id)

    def start(self) -> None:
        """Look regularly for sessions that have ended: idle, too old, or ended by another program."""
        seconds = min(MAX_SWEEP_SECONDS, self.sessions.idle_seconds / 10)
        self._threads.submit(verify_password, None, "")  # the first unknown name takes no longer than others
        self._clock = PeriodicCallback(self.sweep, 1000 * seconds)
        self._clock.start()

    async def sweep(self) -> None:
        """Tell of sessions that have ended."""
        if self._is_sweeping:
            return
        self._is_sweeping = True
        seen = frozenset(self._seen)
        try:
            living = await IOLoop.current().run_in_executor(self._sweeper, self._sweep)
        except ServerError as error:
            _log.warning("%s", error)
            return
        finally:
            self._is_sweeping = False
        for session in seen - living:
            self._seen.discard(session)
            self.end_session(session)

    def _sweep(self) -> frozenset[str]:
        if time.monotonic() - self._forgotten_at > FORGET_EVERY:
            self._forgotten_at = time.monotonic()
            self._attempts.forget_old()
        return self.sessions.sweep()

    def stop(self) -> None:
        """Write down the last use of sessions, and close the users file."""
        for pool in (self._threads, self._sweeper):
            pool.shutdown(wait=True)
        try:
            self.sessions.sweep()
        except ServerError as error:
            _log.warning("%s", error)
        self._database.close()


def _is_use(handler: RequestHandler) -> bool:
    """Whether a request comes of something that the user did: sending a form, opening the page."""
    return handler.request.method == "POST" or handler.request.path == handler.settings["base_url"]


def explain_to_visitor(error: Exception) -> tuple[int, str]:
    """Give status and words for what went wrong while somebody signed in.

    Parameters
    ----------
    error : AccountError or ServerError

    Returns
    -------
    status : int
    sentence : str
        Without anything that is not the visitor's business, such as paths of files.
    """
    if isinstance(error, AccountError):
        return (429, str(error)) if hasattr(error, "seconds") else (400, str(error))
    if isinstance(error, BusyError):
        return 503, "Many people are signing in at the moment. Please try again in a minute."
    return 503, "The server cannot read or write its users file at the moment. Please try again later."
