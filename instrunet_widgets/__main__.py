"""``python -m instrunet_widgets`` is the command ``instrunet``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
