"""Build hook: puts into the wheel what is kept outside the package.

`models/default` names the network that is shipped; only that one travels. Editable installs are left alone,
because they find `models/` and `notebooks/` in the repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "instrunet_widgets"


class ShippedFilesHook(BuildHookInterface):
    """Adds the default network and the app's notebook to the wheel, below the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Extend the wheel's file list before it is built."""
        if self.target_name != "wheel" or version == "editable":
            return
        root = Path(self.root)
        default = root / "models" / "default"
        if not default.is_file():
            raise FileNotFoundError(f"{default} is missing: write the name of the network to ship into it")
        model = default.parent / default.read_text(encoding="utf-8").strip()
        if not (model / "model.json").is_file():
            raise FileNotFoundError(f"{default} names the network '{model.name}', but {model}/model.json is missing")

        included = [default, *sorted(path for path in model.rglob("*") if path.is_file())]
        included += sorted((root / "notebooks").glob("instrunet.ipynb"))
        build_data["force_include"].update(
            {str(path): f"{PACKAGE}/{path.relative_to(root).as_posix()}" for path in included}
        )
