"""The style sheets of the app, as one widget that shows nothing."""

from __future__ import annotations

from pathlib import Path

import anywidget

STATIC = Path(__file__).parent / "static"
_SHEETS = ("tokens.css", "app.css", "widgets.css", "charts.css")


def read_styles() -> str:
    """All style sheets, one after the other."""
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in _SHEETS if (STATIC / name).is_file())


class Styles(anywidget.AnyWidget):
    """Brings the style sheets to where it is displayed; a view that stands alone in a cell holds one."""

    _esm = "export default { render({ el }) { el.style.display = 'none'; } };"
    _css = read_styles()


class Shell(anywidget.AnyWidget):
    """The header: name, light and dark; and what the browser does for the whole app."""

    _esm = STATIC / "shell.js"
