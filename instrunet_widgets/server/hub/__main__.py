"""``python -m instrunet_widgets.server.hub``: the program that a hub starts for each user."""

import sys

# jsonschema would spend seconds on a grammar of international web addresses; nothing here checks any.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from .single_user import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
