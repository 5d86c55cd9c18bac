"""The API reference is made without a warning and says what the docstrings say."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

from reference import write_reference


def test_reference_is_made_without_warnings(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        write_reference(tmp_path)
    ours = [str(warning.message) for warning in heard if "instrunet_widgets" in str(warning.message)]
    assert ours == []
    page = (tmp_path / "instrunet_widgets" / "decoding.html").read_text(encoding="utf-8")
    assert "moving average" in page.lower()
    assert (tmp_path / "instrunet_widgets" / "training" / "folds.html").is_file()
    assert not (tmp_path / "instrunet_widgets" / "server" / "hub" / "jupyterhub_config.html").exists()
    front = (tmp_path / "instrunet_widgets.html").read_text(encoding="utf-8")
    assert all(name in front for name in ("analyze", "Classifier", "DecodingConfig", "Analysis"))
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    pages = {page.relative_to(tmp_path).as_posix() for page in tmp_path.glob("*/**/*.html")}
    assert pages | {"instrunet_widgets.html"} == set(re.findall(r'<dt><a href="([^"]+)"', index))
    assert "How well time ranges fit labels" in index
