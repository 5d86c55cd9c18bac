"""Requirements, lock file, conda environment, commit hooks, README.md and .ci/run agree with each other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parent.parent
DISTRIBUTION = "instrunet-widgets"
# What a visitor of the app never needs, and what the tests need.
NOT_IN_BASE_INSTALL = {
    *("tensorflow", "tensorflow-cpu", "keras", "librosa", "numba", "scikit-learn", "onnx", "tf2onnx", "mido"),
    *("jupyterlab", "jupyterhub", "playwright", "pytest-playwright", "axe-playwright-python", "nbval"),
    *("pytest", "hypothesis", "ruff", "mypy", "pre-commit"),
}
# Names that differ on conda-forge.
CONDA_NAMES = {"soundfile": "pysoundfile", "soxr": "soxr-python"}

pytestmark = pytest.mark.skipif(
    not (REPOSITORY / "pyproject.toml").is_file(), reason="not a checkout of the repository"
)


def give_up(reason: str) -> NoReturn:
    """Skip on a user's machine; fail where everything must be on hand."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def read_toml(name: str) -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / name).read_text(encoding="utf-8"))


def project_requirements() -> dict[str, list[str]]:
    """Requirements of the base install (key "") and of each extra."""
    project = read_toml("pyproject.toml")["project"]
    return {"": project["dependencies"], **project["optional-dependencies"]}


def reachable(packages: Iterable[Mapping[str, Any]], start: str) -> set[str]:
    """Names of all packages that an install of `start` without extras can bring, on any platform."""
    edges: dict[str, set[tuple[str, str]]] = {}
    for package in packages:
        name = package["name"]
        extras = {"": package.get("dependencies", []), **package.get("optional-dependencies", {})}
        for extra, needed in extras.items():
            targets = edges.setdefault(f"{name}[{extra}]", set())
            for need in needed:
                targets.update((need["name"], wanted) for wanted in ("", *need.get("extra", [])))
    seen: set[tuple[str, str]] = set()
    waiting = {(start, "")}
    while waiting:
        name, extra = waiting.pop()
        seen.add((name, extra))
        waiting |= edges.get(f"{name}[{extra}]", set()) - seen
    return {name for name, _ in seen}


def test_uv_installs_no_group_unless_asked() -> None:
    assert read_toml("pyproject.toml")["tool"]["uv"]["default-groups"] == []


def test_base_install_brings_neither_training_nor_test_tools() -> None:
    names = reachable(read_toml("uv.lock")["package"], DISTRIBUTION)
    assert {"numpy", "onnxruntime", "voila", "cffi"} <= names  # the last comes with soundfile
    assert names & NOT_IN_BASE_INSTALL == set()


def test_what_an_extra_pulls_in_is_found_through_other_packages() -> None:
    lock = [
        {"name": "app", "dependencies": [{"name": "a", "extra": ["x"]}], "optional-dependencies": {"t": []}},
        {"name": "a", "dependencies": [{"name": "b"}], "optional-dependencies": {"x": [{"name": "c"}]}},
        {"name": "c", "optional-dependencies": {"y": [{"name": "d"}]}},
    ]
    assert reachable(lock, "app") == {"app", "a", "b", "c"}


def test_lock_file_knows_the_requirements_of_pyproject() -> None:
    (locked,) = (p for p in read_toml("uv.lock")["package"] if p["name"] == DISTRIBUTION)
    in_lock = sorted(
        (need["name"], str(SpecifierSet(need.get("specifier", "")))) for need in locked["metadata"]["requires-dist"]
    )
    wanted = [Requirement(text) for texts in project_requirements().values() for text in texts]
    assert in_lock == sorted((canonicalize_name(need.name), str(need.specifier)) for need in wanted)
    groups = read_toml("pyproject.toml")["dependency-groups"]
    assert set(locked["metadata"]["requires-dev"]) == set(groups)


def test_uv_finds_the_lock_file_up_to_date() -> None:
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        give_up("uv is not installed")
    # --offline: a lock file that is up to date can be told without asking the index.
    check = subprocess.run([uv, "lock", "--check", "--offline"], cwd=REPOSITORY, capture_output=True, text=True)
    assert check.returncode == 0, check.stderr


def read_conda_environment() -> tuple[dict[str, Requirement], list[str]]:
    """What environment.yml takes from conda, by name, and its lines for pip."""
    entries = yaml.safe_load((REPOSITORY / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (for_pip,) = (entry["pip"] for entry in entries if isinstance(entry, dict))
    # Conda's `name=1.2` means any 1.2.x; its other signs are pip's.
    texts = [re.sub(r"(?<![<>=!~])=(?!=)(.+)", r"==\1.*", entry) for entry in entries if isinstance(entry, str)]
    return {need.name: need for need in map(Requirement, texts)}, for_pip


def test_conda_environment_has_every_requirement_in_the_same_versions() -> None:
    from_conda, for_pip = read_conda_environment()
    pip_lines = {str(Requirement(line)) for line in for_pip if not line.startswith("-e ")}
    linux = {"sys_platform": "linux", "platform_machine": "x86_64", "python_version": "3.12"}
    out_of_step = []
    for need in (Requirement(text) for texts in project_requirements().values() for text in texts):
        here = from_conda.get(CONDA_NAMES.get(need.name, need.name))
        if here is None:
            in_step = str(need) in pip_lines
        else:  # conda has no markers; what other platforms need, pip sees to through `-e .`
            in_step = here.specifier == need.specifier or not (need.marker is None or need.marker.evaluate(linux))
        if not in_step:
            out_of_step.append(str(need))
    assert out_of_step == []


def test_conda_environment_names_nothing_else_and_no_other_channel() -> None:
    from_conda, for_pip = read_conda_environment()
    needs = [Requirement(text) for texts in project_requirements().values() for text in texts]
    wanted = {CONDA_NAMES.get(need.name, need.name) for need in needs}
    named = {*from_conda, *(Requirement(line).name for line in for_pip if not line.startswith("-e "))}
    assert named - wanted == {"python", "pip"}
    channels = yaml.safe_load((REPOSITORY / "environment.yml").read_text(encoding="utf-8"))["channels"]
    assert channels == ["conda-forge", "nodefaults"]


def test_conda_environment_installs_the_package_with_its_extras_on_a_supported_python() -> None:
    from_conda, for_pip = read_conda_environment()
    (editable,) = (line for line in for_pip if line.startswith("-e "))
    assert set(Requirement(f"package{editable.removeprefix('-e .')}").extras) == set(project_requirements()) - {""}
    (python,) = from_conda["python"].specifier
    supported = SpecifierSet(read_toml("pyproject.toml")["project"]["requires-python"])
    assert supported.contains(python.version.removesuffix(".*"))


def test_commits_are_checked_by_the_locked_version_of_each_tool() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    pinned = {need for hook in hooks for need in hook["additional_dependencies"]}
    locked = {f"{package['name']}=={package['version']}" for package in read_toml("uv.lock")["package"]}
    assert {need for need in pinned if need.startswith("ruff==")} <= locked
    assert {need.partition("==")[0] for need in pinned} == {"ruff", "nbstripout"}


def read_commands(markdown: str) -> list[str]:
    """Lines inside fenced blocks, without a prompt."""
    blocks = re.findall(r"^ *```[^\n]*\n(.*?)^ *```", markdown, flags=re.DOTALL | re.MULTILINE)
    return [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines() if line.strip()]


def test_commands_are_read_from_fenced_blocks_only() -> None:
    markdown = "Run `uv run a`\n```bash\n$ uv run b\n\nuv run c\n```\nuv run d\n  ```\n  uv run e\n  ```\n"
    assert read_commands(markdown) == ["uv run b", "uv run c", "uv run e"]


PASTE = "python3 -m venv .venv && .venv/bin/pip install uv && .venv/bin/uv run "


def test_readme_gives_each_command_to_paste_also_for_windows_and_for_those_who_have_uv() -> None:
    commands = read_commands((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    to_paste = [command.removeprefix(PASTE) for command in commands if command.startswith(PASTE)]
    assert [what.split()[0] for what in to_paste] == ["instrunet", "--all-extras"], "the app first, then the tests"
    for what in to_paste:
        assert f"uv run {what}" in commands
        assert any(re.fullmatch(rf"py .*\.venv\\Scripts\\uv run {re.escape(what)}", line) for line in commands)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = read_commands((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    (test_command,) = (line for line in commands if line.startswith(PASTE) and line.endswith("pytest"))
    assert test_command == (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
