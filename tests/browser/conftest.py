"""Fixtures for tests in a real browser (the system's Chromium).

A test takes a server's fixture and `page`::

    def test_title(voila_server, page):
        open_app(page, voila_server.url)
        assert page.title() == "InstruNet"

- `voila_server`: the app as `instrunet app` serves it; one for all tests, each page has a kernel of its own.
- `plain_voila`, `lab_server`: the notebook in a stock Voila, in a stock JupyterLab; `stock_voila(notebook, folder)`:
  another notebook there.
- `page`: a page of a new visitor; `new_visitor()` gives the page of another one.
- `watch`: fails the test at its end if a page had a console error, a failed request or a request to another host;
  `watch.expect(pattern)` lets pass what the test brings about.
- `run_axe(page)`: violations that axe-core finds, serious and critical ones.

Helpers: `open_app(page, url)`, `open_lesson(page, url)` and `run_in_jupyterlab(page, url)` in `watching`;
`run_server(...)` in `running`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from running import Serve, Server, app_command, find_free_port, lab_command, lab_settings, run_server, run_stock_voila
from watching import Watch

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
NOTEBOOK = REPOSITORY / "notebooks" / "instrunet.ipynb"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
)
TIMEOUT_MS = 90_000  # machines that run tests are slow, and busy
DESKTOP = {"width": 1440, "height": 900}

expect.set_options(timeout=TIMEOUT_MS)

NewVisitor = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and run them last: Playwright keeps an event loop running from then on."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.browser)
    items[:] = [item for item in items if HERE not in item.path.parents] + ours


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        reason = "Chromium is missing: sudo apt install chromium (or name one in the variable CHROMIUM)"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium: str) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": chromium, "args": list(CHROMIUM_ARGUMENTS)}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": DESKTOP, "reduced_motion": "reduce", "locale": "en-GB"}


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> Iterator[Watch]:
    watch = Watch(allows_other_hosts="stock_voila" in request.fixturenames)  # its template asks for icons
    yield watch
    assert watch.unexpected() == []


@pytest.fixture
def context(context: BrowserContext, watch: Watch) -> BrowserContext:
    prepare(context, watch)
    return context


def prepare(context: BrowserContext, watch: Watch) -> None:
    context.set_default_timeout(TIMEOUT_MS)
    watch.add(context)


@pytest.fixture
def new_visitor(browser: Browser, browser_context_args: dict[str, Any], watch: Watch) -> Iterator[NewVisitor]:
    """``new_visitor(**options)``: a page of another visitor; options as for ``browser.new_context``."""
    contexts = []

    def make(**options: Any) -> Page:
        context = browser.new_context(**{**browser_context_args, **options})
        contexts.append(context)
        prepare(context, watch)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def voila_server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = find_free_port()
    folder = tmp_path_factory.mktemp("app")
    with run_server(app_command(port), f"http://localhost:{port}/", r"InstruNet is at http", folder=folder) as server:
        yield server


@pytest.fixture(scope="session")
def stock_voila(chromium: str) -> Serve:
    """``with stock_voila(notebook, folder, env) as server``, as `run_stock_voila`."""
    return run_stock_voila


@pytest.fixture(scope="session")
def plain_voila(stock_voila: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with stock_voila(NOTEBOOK, tmp_path_factory.mktemp("voila")) as server:
        yield server


@pytest.fixture(scope="session")
def lab_server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab as it is installed, without a token; its page is the notebook."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copy(NOTEBOOK, root)
    port = find_free_port()
    command, settings = lab_command(port, root), lab_settings(root)
    url = f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK.name}"
    with run_server(command, url, r"is running at", folder=root, env=settings) as server:
        yield server


@pytest.fixture(scope="session")
def run_axe() -> Callable[[Page], list[str]]:
    """``run_axe(page)``: a line for each serious or critical violation that axe-core finds."""

    def run(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        return [
            f"{violation['id']}: {violation['help']} {[node['target'] for node in violation['nodes']]}"
            for violation in found
            if violation["impact"] in ("serious", "critical")
        ]

    return run
