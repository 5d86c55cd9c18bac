"""The page of a server with sign-in and limits: busy, killed, stopped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from running import Server, find_free_port, run_server, wait_until
from watching import Watch, kernel_of, reload_lost_page, wait_for_app

PASSWORD = "several odd words"


@pytest.fixture(scope="module")
def small_server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with sign-in and one place, that tells those who wait to come back in a second."""
    port, folder = find_free_port(), tmp_path_factory.mktemp("small")
    program = (
        "from pathlib import Path\n"
        "from instrunet_widgets.server import page; page.RETRY_SECONDS = 2\n"
        "from instrunet_widgets.server.launch import ServingOptions, serve\n"
        f"serve(ServingOptions(port={port}, sign_in='accounts', n_kernels=1, "
        f"users_file=Path({str(folder / 'users.sqlite')!r})), open_browser=False)"
    )
    with run_server(
        [sys.executable, "-c", program], f"http://localhost:{port}/", "InstruNet is at", folder=folder
    ) as server:
        yield server


def sign_in(page: Page, server: Server, name: str) -> None:
    page.goto(f"{server.url}register")
    page.get_by_label("Name", exact=True).fill(name)
    for label in ("Password", "Password once more"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Register").click()


def test_page_waits_while_the_server_is_full_and_goes_on_by_itself(
    small_server: Server, page: Page, new_visitor: Callable[..., Page], watch: Watch,
    run_axe: Callable[[Page], list[str]],
) -> None:  # fmt: skip
    watch.expect("503")
    sign_in(page, small_server, "ada")
    wait_for_app(page)
    waiting = new_visitor()
    sign_in(waiting, small_server, "bob")
    words = waiting.get_by_role("status").filter(has_text="All places on this server are taken")
    expect(words).to_be_visible()
    assert run_axe(waiting) == []
    page.close(run_before_unload=True)
    wait_for_app(waiting)
    kernel = small_server.kernel(kernel_of(waiting))
    waiting.close(run_before_unload=True)
    wait_until(lambda: not kernel.is_running())  # else the next test would wait for the only place until it is culled


def test_killed_kernel_is_said_and_a_new_one_starts_after_sign_in(
    small_server: Server, page: Page, watch: Watch
) -> None:
    watch.expect(r"kernel|WebSocket|Connection|api/shutdown|503")
    sign_in(page, small_server, "eve")
    wait_for_app(page)
    small_server.kernel(kernel_of(page)).send_signal(signal.SIGKILL)
    reload_lost_page(page)
    expect(page.get_by_text("Signed in as")).to_be_visible()
    page.close(run_before_unload=True)
