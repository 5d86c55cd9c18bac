"""Passwords: which are taken, how they are hashed (argon2id) and verified."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from ...errors import AccountError
from ..options import MAX_PASSWORD_LENGTH

MIN_LENGTH = 8
MAX_LENGTH = MAX_PASSWORD_LENGTH
# A password that is found within a million guesses is refused.
MIN_GUESSES = 1e6
# zxcvbn takes seconds of a processor for 72 characters that are well chosen, and a third of one for so many. What is
# hard to guess from its beginning is hard to guess.
_N_LOOKED_AT = 24

# OWASP's argon2id with 19 MiB, and a pass more than it asks for.
_HASHER = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1, type=Type.ID)


def check_new_password(password: str, name: str = "") -> None:
    """Refuse a password that is too short, too long or easy to guess.

    Parameters
    ----------
    password : str
    name : str
        The user's name, which makes a bad password too.

    Raises
    ------
    AccountError
        With a sentence that says what is wrong.
    """
    check_length(password)
    if len(_normalize(password)) < MIN_LENGTH:
        raise AccountError(f"A password needs at least {MIN_LENGTH} characters.")
    if is_easy_to_guess(password, name):
        raise AccountError(
            "This password is too easy to guess: it is common, or made of a name, a row of keys or a repetition. "
            "Several words that do not belong together make a good one."
        )


def check_length(password: str) -> None:
    """Refuse a password of more than 1,024 characters, before any work is done for it.

    Raises
    ------
    AccountError
    """
    if len(password) > MAX_LENGTH:
        raise AccountError(f"A password has at most {MAX_LENGTH:,} characters.")


def hash_password(password: str) -> str:
    """Hash a password with argon2id and a random salt.

    Returns
    -------
    hashed : str
        In argon2's own format, which names its parameters.
    """
    return _HASHER.hash(_normalize(password))


def verify_password(hashed: str | None, password: str) -> bool:
    """Whether a password is the one that was hashed; as much work for an unknown user as for a known one.

    Parameters
    ----------
    hashed : str or None
        None for a user that does not exist: then False.
    password : str

    Returns
    -------
    is_right : bool
    """
    if len(password) > MAX_LENGTH:
        return False
    try:
        return _HASHER.verify(hashed or _hash_of_nobody(), _normalize(password)) and hashed is not None
    except (Argon2Error, InvalidHashError):
        return False


def needs_new_hash(hashed: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(hashed)


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash("nobody has this password")


def _normalize(password: str) -> str:
    """Make keyboards agree on accents; what UTF-8 cannot carry becomes a question mark."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode("utf-8")


def is_easy_to_guess(password: str, name: str = "") -> bool:
    """Whether a million guesses, or the user's name, are enough to find a password.

    Parameters
    ----------
    password : str
    name : str
        The user's name.
    """
    from zxcvbn import zxcvbn

    text = _normalize(password)
    head = text[:_N_LOOKED_AT]
    parts = [part for part in {name, *name.split()} if len(part) > 2]
    if float(zxcvbn(head, user_inputs=["instrunet", *parts])["guesses"]) < MIN_GUESSES:
        return True
    return len(set(text)) < 4 or any(_is_mostly(text, part) for part in parts)


def _is_mostly(text: str, part: str) -> bool:
    rest = text.casefold().replace(part.casefold(), "")
    return len(rest) < MIN_LENGTH // 2 and rest != text.casefold()
