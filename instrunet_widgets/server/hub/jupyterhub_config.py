"""InstruNet as a hub on this machine: ``jupyterhub -f`` and the path of this file.

For settings of your own, write a file like this one and give `configure` a `HubSettings`.
"""

from instrunet_widgets.server.hub import configure

configure(get_config())  # type: ignore[name-defined]  # noqa: F821
