"""How a hub is set up."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from ...errors import ServerError

TEMPLATE_FOLDER = Path(__file__).parent / "templates"
PROGRAM = "instrunet_widgets.server.hub"
# A name becomes part of addresses, cookies and the names of pods and folders.
NAME_PATTERN = r"[a-z0-9][a-z0-9_-]{0,31}"
N_PASSWORD_CHARACTERS = 10

CULLER = "idle-culler"
KEEPERS = "keepers"
# What the keepers of a hub may do: approve and remove users, start and stop their servers. Not enter them, nor act in
# their names: JupyterHub's own role `admin` allows both, and that cannot be taken from it.
_KEEPERS_MAY = ("admin-ui", "admin:users", "list:users", "servers", "read:servers", "read:hub")
_CULLER_MAY = ("list:users", "read:users:activity", "read:servers", "delete:servers")
_LONGEST_ACTIVITY_SECONDS = 300


@dataclass(frozen=True)
class HubSettings:
    """Settings of a hub.

    Parameters
    ----------
    address : str
        URL at which the proxy listens, with the hub's base path if there is one.
    folder : Path
        Folder of the hub's database (users, password hashes, sessions) and secrets, made if missing; one in the data
        folder of the account that runs the hub, if not given.
    is_sign_up_open : bool
        Whoever signs up may log in at once; if not, a keeper has to approve.
    keepers : tuple of str
        Names of those who look after the hub.
    first_password : str
        Password of keepers who have no account yet; they can change it.
    idle_minutes : float > 0
        How long a server lives that nobody uses.
    session_days : float > 0
        How long somebody stays logged in.
    n_servers : int > 0
        How many servers may run at a time.
    memory : str, optional
        Memory that a server may take, such as ``"1536M"``. Local processes are not held to it, containers are.
    n_cores : float > 0, optional
        Processor cores that a server may take. Local processes are not held to it, containers are.
    kernels_per_user : int > 0
        Pages that one user may have open at a time.
    upload_megabytes : float > 0
        Largest recording, in MB.
    analysis_minutes : float > 0
        Longest analysis.

    Raises
    ------
    ServerError
        If a value makes no sense, or two of them do not go together.
    """

    address: str = "http://127.0.0.1:8000"
    folder: Path = field(default_factory=lambda: platformdirs.user_data_path("instrunet", appauthor=False) / "hub")
    is_sign_up_open: bool = True
    keepers: tuple[str, ...] = ()
    first_password: str = field(default="", repr=False)
    idle_minutes: float = 30
    session_days: float = 7
    n_servers: int = 40
    memory: str | None = "1536M"
    n_cores: float | None = 1
    kernels_per_user: int = 2
    upload_megabytes: float = 512
    analysis_minutes: float = 60

    def __post_init__(self) -> None:
        if urlsplit(self.address).scheme not in ("http", "https") or not urlsplit(self.address).hostname:
            raise ServerError(f"the address '{self.address}' is not a URL such as http://127.0.0.1:8000.")
        for name in self.keepers:
            if not re.fullmatch(NAME_PATTERN, name):
                raise ServerError(
                    f"'{name}' cannot be the name of a keeper: it takes 1 to 32 small letters, digits, - and _."
                )
        if not (self.is_sign_up_open or self.keepers):
            raise ServerError("when sign-up is not open, somebody must approve new users: name a keeper.")
        numbers = ("idle_minutes", "session_days", "n_servers", "kernels_per_user", "upload_megabytes")
        for name in (*numbers, "analysis_minutes"):
            if not 0 < getattr(self, name) < math.inf:
                raise ServerError(f"{name.replace('_', ' ')} must be a number above 0, not {getattr(self, name)}.")

    @property
    def idle_seconds(self) -> int:
        """How long a server lives that nobody uses, in whole seconds."""
        return max(1, round(60 * self.idle_minutes))


def configure(c: Any, settings: HubSettings | None = None) -> None:
    """Set a hub up, with a local process for each user.

    What a configuration file sets after this call stands.

    Parameters
    ----------
    c : traitlets.config.Config
        The configuration of JupyterHub, as its configuration files get it.
    settings : HubSettings, optional

    Raises
    ------
    OSError
        If the folder cannot be made.
    """
    settings = settings or HubSettings()
    folder = settings.folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _set_hub(c, settings, folder)
    _set_accounts(c, settings)
    _set_servers(c, settings, folder)
    _set_roles(c, settings)


def _set_hub(c: Any, settings: HubSettings, folder: Path) -> None:
    c.JupyterHub.bind_url = settings.address
    c.JupyterHub.db_url = f"sqlite:///{folder / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(folder / "cookie_secret")
    c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")
    c.JupyterHub.cookie_max_age_days = settings.session_days
    c.JupyterHub.tornado_settings = {"cookie_options": {"samesite": "Lax"}}
    c.JupyterHub.active_server_limit = settings.n_servers
    c.JupyterHub.allow_named_servers = False
    c.JupyterHub.shutdown_on_logout = True  # with the server go the user's recordings
    # The proxy takes the heartbeat of an open page for use; our server reports what is.
    c.JupyterHub.last_activity_interval = 0
    c.JupyterHub.template_paths = [str(TEMPLATE_FOLDER)]
    c.JupyterHub.template_vars = _read_look()


def _read_look() -> dict[str, str]:
    """Read what the hub's pages share with the app's, for the templates."""
    server = Path(__file__).parent.parent
    places = (server.parent / "app" / "static", server / "template", TEMPLATE_FOLDER)

    def read(*names: str) -> str:
        texts = (next(place / name for place in places if (place / name).is_file()) for name in names)
        return "\n".join(path.read_text(encoding="utf-8") for path in texts)

    return {
        "instrunet_icon": read("icon.svg"),
        "instrunet_style": read("tokens.css", "app.css", "page.css", "form.css"),
        "instrunet_script": read("form.js"),
        "instrunet_hub_style": read("hub.css"),
    }


def _set_accounts(c: Any, settings: HubSettings) -> None:
    from .accounts import Accounts

    c.JupyterHub.authenticator_class = Accounts
    c.Authenticator.allow_all = True  # all whose account is approved
    c.Authenticator.auth_refresh_age = 60
    c.Accounts.open_signup = settings.is_sign_up_open
    c.Accounts.username_pattern = rf"{NAME_PATTERN}\Z"
    c.Accounts.minimum_password_length = N_PASSWORD_CHARACTERS
    c.Accounts.check_common_password = True
    c.Accounts.allowed_failed_logins = 10
    c.Accounts.seconds_before_next_try = 300
    c.Accounts.keepers = list(settings.keepers)
    c.Accounts.first_password = settings.first_password


def _set_servers(c: Any, settings: HubSettings, folder: Path) -> None:
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = str(folder / "homes" / "{username}")
    c.Spawner.cmd = [sys.executable, "-m", PROGRAM]
    c.Spawner.args = [
        f"--kernels={settings.kernels_per_user}",
        f"--upload-megabytes={settings.upload_megabytes:g}",
        f"--analysis-minutes={settings.analysis_minutes:g}",
        f"--report-seconds={min(_LONGEST_ACTIVITY_SECONDS, max(1, settings.idle_seconds // 3))}",
    ]
    c.Spawner.default_url = "/"
    c.Spawner.mem_limit = settings.memory
    c.Spawner.cpu_limit = settings.n_cores
    c.Spawner.start_timeout = 120
    c.Spawner.http_timeout = 60


def _set_roles(c: Any, settings: HubSettings) -> None:
    seconds = settings.idle_seconds
    command = [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={seconds}"]
    command.append(f"--cull-every={max(1, min(300, seconds // 3))}")
    c.JupyterHub.services = [{"name": CULLER, "command": command}]
    c.JupyterHub.load_roles = [
        {"name": CULLER, "scopes": list(_CULLER_MAY), "services": [CULLER]},
        {"name": KEEPERS, "scopes": list(_KEEPERS_MAY), "users": list(settings.keepers)},
    ]
