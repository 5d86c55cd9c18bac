"""Table of the recordings, for when there are several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from .scripts import join_scripts


class FileTable(anywidget.AnyWidget):
    """Name, length, instruments and state of each recording; click a name to open it.

    Sorting is the browser's business: it outlives new rows and touches nothing here.

    Parameters
    ----------
    on_open, on_remove : callable
        Get the key of the recording that is to be shown or removed.
    **traits
        Traits of the widget.

    Attributes
    ----------
    rows : list of dict
        In the order in which they came, replaced as a whole. All texts are shown as they are, never as HTML:

        ``key`` : str, unique
        ``name``, ``length``, ``instruments``, ``state`` : str
        ``duration`` : float or None, s; what the column of lengths is sorted by
        ``is_failed`` : bool, optional; marks the state as a problem
    current : str
        Key of the recording on show.
    """

    _esm = join_scripts("common.js", "file_table.js")

    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    current = traitlets.Unicode("").tag(sync=True)

    def __init__(self, *, on_open: Callable[[str], None], on_remove: Callable[[str], None], **traits: Any) -> None:
        super().__init__(**traits)
        self._actions = {"open": on_open, "remove": on_remove}
        self.on_msg(self._receive)

    def _receive(self, _: object, content: Any, buffers: object) -> None:
        if not isinstance(content, dict):
            return
        kind, key = content.get("type"), content.get("key")
        # Not of a row that was removed while the click was on its way.
        if kind in ("open", "remove") and isinstance(key, str) and any(row.get("key") == key for row in self.rows):
            self._actions[kind](key)
