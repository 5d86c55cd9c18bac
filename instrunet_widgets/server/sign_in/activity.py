"""What counts as use of a session.

Use is what a user does: opening the page, and every message between the page and its kernel except the heartbeat that
an open page sends by itself. So a running analysis, which reports its progress, counts, and so does listening, which
reports the playhead; a page that is merely open does not.
"""

from __future__ import annotations

import json
from typing import Any

_PING_TYPES = ("ping", "pong")
_LONGEST_PING = 1_000  # bytes
_N_PARTS = 6  # the channel, four parts, the end


def is_use(message: bytes | str | dict[str, Any]) -> bool:
    """Whether a websocket message between page and kernel, in either direction, is more than a heartbeat.

    Parameters
    ----------
    message : bytes, str or dict
        As the websocket carries it: JSON, a dictionary, or Jupyter's binary protocol v1.

    Returns
    -------
    is_use : bool
        False too for what cannot be read, and for messages about the kernel's state.
    """
    try:
        kind, content = _read(message)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return False
    if kind not in ("comm_msg", "comm_open"):
        return False
    if content is None:
        return True
    data = content.get("data") or {}
    custom = data.get("content") if data.get("method") == "custom" else None
    return not (isinstance(custom, dict) and custom.get("type") in _PING_TYPES)


def _read(message: bytes | str | dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """Give a message's kind and content; None for a content that is longer than a heartbeat's."""
    if isinstance(message, bytes):
        n_offsets = int.from_bytes(message[:8], "little")
        if not _N_PARTS <= n_offsets <= len(message) // 8:
            raise ValueError("not a message of protocol v1")
        places = [int.from_bytes(message[8 * k : 8 * k + 8], "little") for k in range(1, _N_PARTS + 1)]
        kind = json.loads(message[places[1] : places[2]])["msg_type"]
        content = message[places[4] : places[5]]
        return kind, json.loads(content) if len(content) <= _LONGEST_PING else None
    fields = json.loads(message) if isinstance(message, str) else message
    content = fields["content"]
    return fields["header"]["msg_type"], json.loads(content) if isinstance(content, (str, bytes)) else content
