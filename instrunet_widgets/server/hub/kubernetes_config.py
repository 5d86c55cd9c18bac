"""InstruNet as a hub on Kubernetes, with a pod for each user: an example to start from, `README.md` says how.

The hub, with its proxy, is one pod. It needs a service account that may make, watch and remove pods in its namespace; a
persistent volume at ``/srv/hub``; a service named as in ``INSTRUNET_HUB_SERVICE`` with the ports 8000 (people) and 8081
(the users' servers); and, before port 8000, an ingress that speaks TLS. ``INSTRUNET_IMAGE`` is the image for all pods:
Python and this package with the extra ``hub``.
"""

import os
from pathlib import Path

from instrunet_widgets.server.hub import PROGRAM, HubSettings, configure

c = get_config()  # type: ignore[name-defined]  # noqa: F821
configure(
    c,
    HubSettings(
        address="http://0.0.0.0:8000",
        folder=Path(os.environ.get("INSTRUNET_HUB_FOLDER", "/srv/hub")),
        is_sign_up_open=False,
        keepers=("keeper",),
        first_password=os.environ["INSTRUNET_HUB_PASSWORD"],
        memory="1536M",
        n_cores=1,
    ),
)
c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = os.environ.get("INSTRUNET_HUB_SERVICE", "hub")
c.JupyterHub.cleanup_servers = False  # pods live on while the hub is started anew

c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.image = os.environ["INSTRUNET_IMAGE"]
c.KubeSpawner.cmd = ["python", "-m", PROGRAM]
c.KubeSpawner.mem_guarantee = "384M"
c.KubeSpawner.cpu_guarantee = 0.1
c.KubeSpawner.storage_pvc_ensure = False  # nothing is kept: recordings go with the pod
c.KubeSpawner.uid = 1000
c.KubeSpawner.allow_privilege_escalation = False
c.KubeSpawner.automount_service_account_token = False
