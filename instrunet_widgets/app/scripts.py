"""Browser code of the app's widgets: a widget's script is one module, put together from the files it needs."""

from __future__ import annotations

from pathlib import Path

STATIC_FOLDER = Path(__file__).parent / "static"


def join_scripts(*names: str) -> str:
    """Read files of the folder ``static`` as one module; a browser cannot import one from another here.

    Parameters
    ----------
    *names : str
        File names, those that others build on first. All but the last only declare names.

    Returns
    -------
    script : str
    """
    return "\n".join((STATIC_FOLDER / name).read_text(encoding="utf-8") for name in names)
