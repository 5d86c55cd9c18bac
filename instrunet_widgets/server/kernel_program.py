"""What program a kernel is: the server's own Python, with the app loaded and its limits set."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

KERNEL_NAME = "python3"

# No history, no modules from the working folder, the app's limits set, and the app loaded before a cell asks for it.
_CONFINE = "from instrunet_widgets.app.limits import confine_process; confine_process(); del confine_process"
_ARGUMENTS = (
    "--HistoryManager.enabled=False",
    "--InteractiveShellApp.ignore_cwd=True",
    f"--IPKernelApp.exec_lines={_CONFINE}",
    "--IPKernelApp.exec_lines=import instrunet_widgets.app.instrunet_app",
    "--IPKernelApp.log_level=ERROR",
)
# Variables of the server that are no business of a kernel.
_PRIVATE_VARIABLE = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|COOKIE|(^|_)KEY(_|$)", re.IGNORECASE)


# Folder and file that Voila and jupyter_client add; a path of a socket may have 103 bytes (Linux: 107).
_SOCKET_NAME = "/voila_abcdefgh/kernel-00000000-0000-0000-0000-000000000000-ipc-5"
_LONGEST_SOCKET_PATH = 103


def has_short_sockets(folder: str) -> bool:
    """Whether kernels can be spoken to through Unix sockets below a folder.

    Examples
    --------
    >>> has_short_sockets("/tmp/" + 50 * "x")
    False
    """
    return os.name == "posix" and len(os.fsencode(folder + _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH


class OwnInterpreterSpecs(KernelSpecManager):
    """Knows one kernel: the Python that runs this server.

    The kernel named ``python3`` that Jupyter finds on a machine may belong to another environment, one without
    this package.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Give the one kernel, whatever name is asked for."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *_ARGUMENTS]
        return KernelSpec(argv=command, display_name="Python 3", language="python")

    def find_kernel_specs(self) -> dict[str, str]:
        """Give the kernel's name; it has no folder."""
        return {KERNEL_NAME: ""}


def public_part(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out passwords and other secrets of the server from the variables that a kernel gets.

    Examples
    --------
    >>> public_part({"PATH": "/bin", "INSTRUNET_PASSWORD": "x"})
    {'PATH': '/bin'}
    """
    return {name: value for name, value in environment.items() if not _PRIVATE_VARIABLE.search(name)}
