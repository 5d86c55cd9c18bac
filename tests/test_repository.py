"""What is committed: where it lies, how large it is, and that it names no folder of a build machine."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
TOP_LEVEL_FOLDERS = {".ci", "instrunet_widgets", "models", "notebooks", "tests"}
LARGEST_FILE_BYTES = 10_000_000
# Folders of build machines, put together here so that this file does not hold them itself.
BUILD_FOLDERS = ("/" + "work/", "/" + "root/", "/" + "home/runner/", ".." + "/shared")


@cache
def tracked_files() -> tuple[Path, ...]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True)
    if listing.returncode != 0:
        if os.environ.get("CI"):
            pytest.fail(f"git cannot list the files: {listing.stderr.decode()}")
        pytest.skip("not a git checkout")
    names = listing.stdout.decode("utf-8").split("\0")
    return tuple(path for name in names if name and (path := REPOSITORY / name).is_file())


def find_outputs(notebook: dict) -> list[int]:
    """Numbers of the code cells that hold outputs or have been counted."""
    cells = enumerate(notebook["cells"])
    return [k for k, cell in cells if cell.get("outputs") or cell.get("execution_count") is not None]


def find_build_folders(content: bytes, also: tuple[str, ...] = ()) -> list[str]:
    """Folders of build machines that a file names."""
    return [folder for folder in (*BUILD_FOLDERS, *also) if folder.encode() in content]


def test_top_level_holds_only_the_agreed_folders() -> None:
    folders = {path.relative_to(REPOSITORY).parts[0] for path in tracked_files() if path.parent != REPOSITORY}
    assert folders <= TOP_LEVEL_FOLDERS


def test_no_large_file_is_committed() -> None:
    large = [path for path in tracked_files() if path.stat().st_size > LARGEST_FILE_BYTES]
    assert large == []


def test_notebooks_are_committed_without_outputs() -> None:
    notebooks = [path for path in tracked_files() if path.suffix == ".ipynb"]
    with_outputs = [path for path in notebooks if find_outputs(json.loads(path.read_text(encoding="utf-8")))]
    assert with_outputs == []


def test_outputs_and_counts_of_a_notebook_are_found() -> None:
    run = {"cell_type": "code", "outputs": [{"output_type": "stream"}], "execution_count": None}
    counted = {"cell_type": "code", "outputs": [], "execution_count": 3}
    clean = {"cell_type": "code", "outputs": [], "execution_count": None}
    assert find_outputs({"cells": [{"cell_type": "markdown"}, clean, run, counted]}) == [2, 3]


def test_no_committed_file_names_a_folder_of_a_build_machine() -> None:
    here = tuple(f"{folder}{os.sep}" for folder in (REPOSITORY, Path.home()) if len(folder.parts) > 1)
    found = {
        str(path.relative_to(REPOSITORY)): folders
        for path in tracked_files()
        if (folders := find_build_folders(path.read_bytes(), here))
    }
    assert found == {}


def test_a_build_folder_is_found_in_binary_content() -> None:
    content = b"\x00\xff" + "/".join(["", "work", "main", "model.py"]).encode() + b"\x00"
    assert find_build_folders(content) == ["/" + "work/"]
