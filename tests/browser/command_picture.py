"""The README's picture of the command line: what `instrunet analyze --example` prints. Run by hand.

python tests/browser/command_picture.py notebooks/analyze.svg
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from instrunet_widgets import DecodingConfig, analyze
from instrunet_widgets.cli.table import print_report
from instrunet_widgets.examples import example_path

WIDTH = 92


def main() -> None:
    """Write the picture."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, markup=False, highlight=False)
    console.print(Text("$ instrunet analyze --example", style="bold"))
    analysis = analyze(example_path(None))
    print_report(console, analysis, analysis.decode(DecodingConfig()))
    # Fonts of the reader's machine: a page should fetch nothing from elsewhere.
    own = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    own = re.sub(
        r"font-family: [^;]*monospace[^;]*;|font-family: Fira Code[^;]*;", "font-family: ui-monospace, monospace;", own
    )
    Path(sys.argv[1]).write_text(console.export_svg(title="", code_format=own), encoding="utf-8")


if __name__ == "__main__":
    main()
