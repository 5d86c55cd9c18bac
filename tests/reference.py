"""The API reference, made from the docstrings: ``python tests/reference.py FOLDER`` writes it as web pages.

The first page lists every module, since pdoc alone would show only what a package names in its ``__all__``. Every
module of the package is documented but those that only make sense inside another program.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from pathlib import Path

import pdoc

import instrunet_widgets

TEMPLATES = Path(__file__).parent / "reference_templates"
# Read by JupyterHub, which gives them names that exist nowhere else.
HUB_SETTINGS = ("jupyterhub_config", "kubernetes_config")


def list_modules() -> list[str]:
    """What pdoc is asked for: it follows packages by itself, unless they have an ``__all__`` that lists no modules."""
    names = [module.name for module in pkgutil.walk_packages(instrunet_widgets.__path__, "instrunet_widgets.")]
    parents = {name: import_module(name.rpartition(".")[0]) for name in names if not name.endswith(HUB_SETTINGS)}
    for parent in set(parents.values()):  # pdoc does not find names that a module only imports when they are used
        for name in getattr(parent, "__all__", ()):
            getattr(parent, name)
    asked_for = [name for name, parent in parents.items() if hasattr(parent, "__all__")]
    return ["instrunet_widgets", *asked_for, *(f"!{name}" for name in names if name.endswith(HUB_SETTINGS))]


def write_reference(folder: Path) -> None:
    """Write the pages; the first is ``index.html``."""
    pdoc.render.configure(template_directory=TEMPLATES, docformat="numpy", show_source=False, footer_text="InstruNet")
    pdoc.pdoc(*list_modules(), output_directory=folder)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write_reference(Path(sys.argv[1]))
    print(f"the reference is at {Path(sys.argv[1]) / 'index.html'}")
