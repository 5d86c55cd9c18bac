"""The package works away from the repository: built, installed in an empty environment, run elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from running import Visitor, find_free_port, run_server

from instrunet_widgets.instruments import CODES

REPOSITORY = Path(__file__).parent.parent
NOT_NEEDED_BY_USERS = (
    *("tensorflow", "keras", "librosa", "numba", "sklearn", "mido", "jupyterlab", "playwright", "pytest"),
)

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Installation:
    """The package in an environment of its own."""

    wheel: Path
    scripts: Path
    elsewhere: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in a folder that is not the repository."""
        executable = shutil.which(program, path=str(self.scripts))
        assert executable is not None, f"{program} is not in {self.scripts}"
        command = [executable, *arguments]
        return subprocess.run(
            command, cwd=self.elsewhere, env=clean_environment(), capture_output=True, encoding="utf-8"
        )


def clean_environment() -> dict[str, str]:
    """The environment without what could lead back to the repository or to this test's own Python."""
    unwanted = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "INSTRUNET_MODEL", "UV_LOCKED", "UV_FROZEN"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PYTHONIOENCODING": "utf-8"}


def give_up(reason: str) -> NoReturn:
    """Skip on a user's machine, which may be offline; fail where everything must be on hand."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def run_uv(*arguments: str | Path, needs_network: bool = False) -> str:
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    uv = shutil.which("uv", path=places)
    if uv is None:
        give_up("uv is not installed")
    run = subprocess.run([uv, *arguments], env=clean_environment(), capture_output=True, encoding="utf-8")
    if run.returncode != 0:
        reason = f"uv {arguments[0]} failed: {run.stderr}"
        give_up(reason) if needs_network else pytest.fail(reason)
    return run.stdout


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("installation")
    # Without --wheel, the wheel is built from the source distribution, so that one is put to the test too.
    run_uv("build", "--out-dir", folder / "dist", REPOSITORY, needs_network=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    # The versions of uv.lock: the test should not depend on what was published today.
    locked = run_uv("export", "--project", REPOSITORY, "--frozen", "--no-emit-project", "--no-hashes")
    (folder / "locked.txt").write_text(locked, encoding="utf-8")
    run_uv("venv", "--python", sys.executable, folder / "environment")
    scripts = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
    install = ["pip", "install", "--python", folder / "environment", "--constraints", folder / "locked.txt"]
    run_uv(*install, wheel, needs_network=True)
    (folder / "elsewhere").mkdir()
    return Installation(wheel, scripts, folder / "elsewhere")


def test_wheel_carries_the_default_network_the_demo_and_the_notebook_but_no_other_network(
    installation: Installation,
) -> None:
    models = REPOSITORY / "models"
    default = models / (models / "default").read_text(encoding="utf-8").strip()
    wanted = {path for path in default.rglob("*") if path.is_file()} | {models / "default"}
    wanted |= set((REPOSITORY / "notebooks").glob("instrunet.ipynb"))
    in_package = {f"instrunet_widgets/{path.relative_to(REPOSITORY).as_posix()}" for path in wanted}
    with zipfile.ZipFile(installation.wheel) as archive:
        names = set(archive.namelist())
    assert {name for name in names if name.split("/")[1] in ("models", "notebooks")} == in_package
    assert {name for name in in_package if name.endswith(".onnx")}
    assert {name for name in names if name.startswith("instrunet_widgets/examples/") and name.endswith(".ogg")}
    assert {"index.csv", "logmel-1.npz"} <= {name.removeprefix("instrunet_widgets/examples/notes/") for name in names}
    assert {name.split("/")[0].split("-")[0] for name in names} == {"instrunet_widgets"}


def test_installed_command_analyses_the_demo_without_the_repository(installation: Installation) -> None:
    run = installation.run("instrunet", "analyze", "--example", "--json", "-")
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    demos = {path.name for path in (REPOSITORY / "instrunet_widgets" / "examples").glob("*.ogg")}
    assert document["audio_file"] in demos
    assert document["classes"] == list(CODES)
    assert len(document["timeline"]) > 1
    assert all(set(window["intensity"]) == set(CODES) for window in document["timeline"])
    assert max(value for window in document["timeline"] for value in window["intensity"].values()) > 0.3


def test_installed_command_serves_the_app_from_an_empty_folder(installation: Installation) -> None:
    executable = shutil.which("instrunet", path=str(installation.scripts))
    assert executable is not None
    port = find_free_port()
    command = [executable, "app", "--no-browser", "--port", str(port)]
    url = f"http://localhost:{port}/"
    with run_server(command, url, "InstruNet is at", folder=installation.elsewhere, env=clean_environment()) as server:
        visitor = Visitor(server)
        status, _, page = visitor.ask("GET", "/")
        assert status == 200
        assert "<title>InstruNet</title>" in page
        assert "Hear who plays" in page  # shown while the kernel starts
        (output,) = visitor.start()["outputs"]
        assert "application/vnd.jupyter.widget-view+json" in output["data"]
        assert server.stop() == 0
    assert list(installation.elsewhere.iterdir()) == []


def test_installation_holds_no_training_library_and_reads_its_own_copy(installation: Installation) -> None:
    program = (
        "import importlib.util, instrunet_widgets; print(instrunet_widgets.__file__); "
        f"print(*[name for name in {NOT_NEEDED_BY_USERS} if importlib.util.find_spec(name)])"
    )
    run = installation.run("python", "-c", program)
    assert run.returncode == 0, run.stderr
    package, training_libraries = run.stdout.splitlines()
    assert Path(package).is_relative_to(installation.scripts.parent)
    assert training_libraries == ""


def test_installed_command_says_its_version(installation: Installation) -> None:
    version = installation.wheel.name.split("-")[1]
    assert installation.run("instrunet", "--version").stdout.strip() == f"instrunet {version}"
