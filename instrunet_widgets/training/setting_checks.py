"""Checks of settings; each message names the setting, what is allowed, and what it was."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf


def check_whole(settings: object, names: Iterable[str], least: int, most: float = inf) -> None:
    """Refuse what is no whole number, or out of range.

    Parameters
    ----------
    settings : object
        Has the settings as attributes.
    names : iterable of str
    least : int
    most : int, optional

    Raises
    ------
    ValueError
    """
    for name in names:
        value = getattr(settings, name)
        if type(value) is not int or not least <= value <= most:
            allowed = f", {least} or more" if most == inf else f" from {least} to {most}"
            raise ValueError(f"{name} must be a whole number{allowed}, got {value!r}")


def check_numbers(
    settings: object, names: Iterable[str], least: float, most: float = inf, *, below: bool = False
) -> None:
    """Refuse what is no number, infinite, or out of range.

    Parameters
    ----------
    settings : object
        Has the settings as attributes.
    names : iterable of str
    least : float
    most : float, optional
    below : bool
        `most` itself is too much.

    Raises
    ------
    ValueError
    """
    for name in names:
        value = getattr(settings, name)
        is_number = type(value) in (int, float) and abs(value) < inf
        if not is_number or not least <= value <= most or (below and value == most):
            allowed = f" from {least:g} to {most:g}"
            if most == inf or below:
                allowed = f", {least:g} or more" + (f" and below {most:g}" if below else "")
            raise ValueError(f"{name} must be a number{allowed}, got {value!r}")


def check_switches(settings: object, names: Iterable[str]) -> None:
    """Refuse what is neither True nor False.

    Parameters
    ----------
    settings : object
        Has the settings as attributes.
    names : iterable of str

    Raises
    ------
    ValueError
    """
    for name in names:
        if type(getattr(settings, name)) is not bool:
            raise ValueError(f"{name} must be true or false, got {getattr(settings, name)!r}")


def check_choice(settings: object, name: str, allowed: Iterable[str]) -> None:
    """Refuse what is none of the names allowed.

    Parameters
    ----------
    settings : object
        Has the setting as an attribute.
    name : str
    allowed : iterable of str

    Raises
    ------
    ValueError
    """
    if getattr(settings, name) not in tuple(allowed):
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {getattr(settings, name)!r}")
