"""What the hub's settings mean, and the users' program without a hub."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest

pytest.importorskip("jupyterhub", reason="the hub is missing: install instrunet-widgets[hub]")

from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from instrunet_widgets.errors import ServerError
from instrunet_widgets.server import hub as hub_package
from instrunet_widgets.server.hub import HubSettings, configure
from instrunet_widgets.server.hub import reports as reports_module
from instrunet_widgets.server.hub.reports import HubReports

HUB_FOLDER = Path(hub_package.__file__).parent
FIRST_PASSWORD = "nine green lamps"


def run_alone(**variables: str) -> subprocess.CompletedProcess[str]:
    """Run the users' program without a hub."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB")}
    command = [sys.executable, "-m", hub_package.PROGRAM]
    return subprocess.run(command, env={**env, **variables}, capture_output=True, text=True, timeout=120)


def test_program_for_users_says_that_the_hub_must_start_it() -> None:
    run = run_alone(JUPYTERHUB_USER="ada")
    assert run.returncode == 1
    assert run.stderr.startswith("instrunet: JupyterHub starts this program and sets JUPYTERHUB_SERVICE_URL,")
    assert "JUPYTERHUB_USER," not in run.stderr


class _OtherHub(BaseHTTPRequestHandler):
    """Answers as a hub of another version does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", "4.1.6")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubReports]:
    """Reports to a hub of another version."""
    other = HTTPServer(("127.0.0.1", 0), _OtherHub)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    monkeypatch.setenv("JUPYTERHUB_API_URL", f"http://127.0.0.1:{other.server_port}/hub/api")
    monkeypatch.setenv("JUPYTERHUB_ACTIVITY_URL", f"http://127.0.0.1:{other.server_port}/hub/api/users/ada/activity")
    monkeypatch.setattr(reports_module, "N_TRIES", 1)
    yield HubReports(datetime.now, interval=1, token="secret")
    other.shutdown()
    other.server_close()


def test_hub_of_another_version_is_refused(reports: HubReports) -> None:
    with pytest.raises(ServerError, match=r"the hub is JupyterHub 4\.1\.6, this server has JupyterHub 5\."):
        asyncio.run(reports.check_version())


def test_silent_hub_is_a_sentence(reports: HubReports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "_api_url", "http://127.0.0.1:9/hub/api")
    with pytest.raises(ServerError, match=r"the hub does not answer at http://127\.0\.0\.1:9/hub/api"):
        asyncio.run(reports.check_version())


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"address": "localhost:8000"}, "is not a URL"),
        ({"keepers": ("Anna!",)}, "cannot be the name of a keeper"),
        ({"is_sign_up_open": False}, "name a keeper"),
        ({"idle_minutes": 0}, "idle minutes must be a number above 0"),
        ({"n_servers": float("inf")}, "n servers must be"),
        ({"upload_megabytes": float("nan")}, "upload megabytes must be"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], part: str) -> None:
    with pytest.raises(ServerError, match=part):
        HubSettings(**settings)


def test_limits_reach_the_server(tmp_path: Path) -> None:
    c = Config()
    configure(c, HubSettings(folder=tmp_path, kernels_per_user=3, upload_megabytes=20, idle_minutes=5, memory="2G"))
    assert c.Spawner.args == ["--kernels=3", "--upload-megabytes=20", "--analysis-minutes=60", "--report-seconds=100"]
    assert c.Spawner.mem_limit == "2G"
    (culler,) = c.JupyterHub.services
    assert culler["command"][-2:] == ["--timeout=300", "--cull-every=100"]


def test_kubernetes_example_makes_a_pod_with_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubespawner = pytest.importorskip("kubespawner")
    from jupyterhub.objects import Hub, Server

    for name, value in (("FOLDER", str(tmp_path)), ("PASSWORD", FIRST_PASSWORD)):
        monkeypatch.setenv(f"INSTRUNET_HUB_{name}", value)
    monkeypatch.setenv("INSTRUNET_IMAGE", "registry.example/instrunet:1")
    config = PyFileConfigLoader("kubernetes_config.py", str(HUB_FOLDER)).load_config()
    assert set(config.KubeSpawner) <= set(kubespawner.KubeSpawner.class_traits(config=True))

    async def make_pod() -> Any:
        user = Mock(escaped_name="ada", url="/user/ada/", server=Server())
        user.name = "ada"
        with patch("kubespawner.spawner.load_config"), patch("kubespawner.spawner.shared_client"):
            return await kubespawner.KubeSpawner(hub=Hub(), user=user, config=config, _mock=True).get_pod_manifest()

    pod = asyncio.run(make_pod()).spec
    (container,) = pod.containers
    assert container.image == "registry.example/instrunet:1"
    assert container.args[:4] == ["python", "-m", "instrunet_widgets.server.hub", "--kernels=2"]
    assert container.resources.limits == {"cpu": 1.0, "memory": 1536 * 2**20}
    assert pod.automount_service_account_token is False


def test_hub_goes_on_while_a_password_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    from instrunet_widgets.server.hub import accounts as module

    went_on = threading.Event()
    monkeypatch.setattr(module.NativeAuthenticator, "__init__", lambda self: None)
    monkeypatch.setattr(module.bcrypt, "checkpw", lambda typed, hashed: went_on.wait(30))
    accounts = module.Accounts()

    async def ask() -> bool:
        asyncio.get_running_loop().call_soon(went_on.set)
        return await accounts.is_password_of(module.UserInfo(username="ada", password=b""), "x")

    assert asyncio.run(ask())


def test_more_log_ins_than_can_wait_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from instrunet_widgets.server.hub import accounts as module

    monkeypatch.setattr(module.NativeAuthenticator, "__init__", lambda self: None)
    monkeypatch.setattr(module.bcrypt, "checkpw", lambda typed, hashed: False)
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    accounts = module.Accounts()

    async def ask() -> list[bool | BaseException]:
        return await asyncio.gather(*(accounts.is_password_of(None, "x") for _ in range(5)), return_exceptions=True)

    assert [answer if answer is False else answer.status_code for answer in asyncio.run(ask())] == [False] * 3 + [
        503
    ] * 2
