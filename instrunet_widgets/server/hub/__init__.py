"""The app for many users: JupyterHub signs people in and starts this app as the server of each.

`configure` sets a hub up; `jupyterhub_config.py` calls it with the defaults, `kubernetes_config.py` for Kubernetes.
`single_user` is the program that the hub starts.
"""

from .settings import PROGRAM, HubSettings, configure

__all__ = ["PROGRAM", "HubSettings", "configure"]
