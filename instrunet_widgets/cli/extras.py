"""Commands that need the extra ``training`` say so instead of failing in the middle."""

from __future__ import annotations

from importlib.util import find_spec

from ..errors import InstruNetError


def require_libraries(command: str, *libraries: str) -> None:
    """Make sure that libraries of the extra ``training`` are installed.

    Parameters
    ----------
    command : str
        What the user called, for the message.
    *libraries : str
        Import names.

    Raises
    ------
    InstruNetError
        If one is missing; the message says how to install it.
    """
    missing = [library for library in libraries if find_spec(library) is None]
    if missing:
        raise InstruNetError(
            f"'{command}' needs libraries that the small install leaves out ({', '.join(missing)}); "
            "run it with 'uv run --extra training instrunet ...' or install 'instrunet-widgets[training]'."
        )
