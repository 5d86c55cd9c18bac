"""The table of recordings, as the browser talks to it."""

from __future__ import annotations

from typing import Any

import pytest

from instrunet_widgets.app.file_table import FileTable

ROWS = [
    {"key": "a", "name": "<b>one</b>.wav", "length": "0:12", "duration": 12.0, "instruments": "Piano", "state": "done"},
    {"key": "b", "name": "two.wav", "length": "", "duration": None, "instruments": "", "state": "waiting"},
]


class Page:
    def __init__(self) -> None:
        self.opened: list[str] = []
        self.removed: list[str] = []
        self.table = FileTable(on_open=self.opened.append, on_remove=self.removed.append, rows=ROWS, current="a")

    def send(self, content: Any) -> None:
        self.table._handle_custom_msg(content, [])


def test_clicks_reach_the_callbacks() -> None:
    page = Page()
    page.send({"type": "open", "key": "b"})
    page.send({"type": "remove", "key": "a"})
    assert (page.opened, page.removed) == (["b"], ["a"])


@pytest.mark.parametrize(
    "content", [None, "open", {}, {"type": "open"}, {"type": "open", "key": ["a"]}, {"type": "close", "key": "a"}]
)
def test_message_that_means_nothing_is_ignored(content: Any) -> None:
    page = Page()
    page.send(content)
    assert page.opened == page.removed == []


def test_click_on_a_row_that_is_gone_is_ignored() -> None:
    page = Page()
    page.table.rows = ROWS[1:]
    page.send({"type": "remove", "key": "a"})
    page.send({"type": "open", "key": "a"})
    assert page.opened == page.removed == []


def test_browser_gets_rows_and_current_one() -> None:
    state = Page().table.get_state(["rows", "current"])
    assert state == {"rows": ROWS, "current": "a"}
