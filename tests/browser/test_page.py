"""The page that `instrunet app` serves."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from running import Server, find_free_port, run_server, wait_until
from watching import APP, Watch, kernel_of, open_app, reload_lost_page, wait_for_app

CULL_SECONDS = 2


@pytest.fixture(scope="module")
def hasty_server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, with kernels that end 2 s after their page was lost."""
    port = find_free_port()
    program = (
        "from instrunet_widgets.server.launch import ServingOptions, serve; "
        f"serve(ServingOptions(port={port}, cull_seconds={CULL_SECONDS}), open_browser=False)"
    )
    folder = tmp_path_factory.mktemp("hasty")
    url = f"http://localhost:{port}/"
    with run_server([sys.executable, "-c", program], url, "InstruNet is at", folder=folder) as server:
        yield server


def test_page_shows_the_app_under_its_name(voila_server: Server, page: Page) -> None:
    open_app(page, voila_server.url)
    assert page.title() == "InstruNet"
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("InstruNet")
    expect(page.locator("#waiting")).to_be_hidden()
    assert "Traceback" not in voila_server.log


def test_page_is_as_wide_as_a_telephone(voila_server: Server, new_visitor: Callable[..., Page]) -> None:
    page = new_visitor(viewport={"width": 390, "height": 844})
    open_app(page, voila_server.url)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_what_is_shown_while_waiting_stays_where_it_is(voila_server: Server, page: Page) -> None:
    held: list[Route] = []
    page.route("**/instrunet/start", lambda route: held.append(route))  # the app comes when all is measured
    with page.expect_request("**/instrunet/start"):
        page.goto(voila_server.url, wait_until="commit")
    waiting = page.locator("#waiting")
    waiting.wait_for(state="visible")
    before = {name: waiting.locator(name).bounding_box() for name in (".in-header", "h1", ".in-introduction")}
    held[0].continue_()
    wait_for_app(page)
    assert before == {name: page.locator(APP).locator(name).first.bounding_box() for name in before}


@pytest.mark.parametrize("kept", [None, "light", "dark"])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_colours_are_right_before_the_app_is_there(
    voila_server: Server, new_visitor: Callable[..., Page], kept: str | None, system: str
) -> None:
    page = new_visitor(color_scheme=system)
    page.route("**/instrunet/start", lambda route: None)  # never answered: the app does not come
    if kept:
        page.add_init_script(f"localStorage.setItem('instrunet-theme', '{kept}')")
    page.goto(voila_server.url, wait_until="commit")
    is_dark = (kept or system) == "dark"
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(not is_dark).lower())
    red = int(page.evaluate("getComputedStyle(document.body).backgroundColor").split("(")[1].split(",")[0])
    assert (red < 64) == is_dark


def test_two_visitors_have_kernels_of_their_own(
    voila_server: Server, page: Page, new_visitor: Callable[..., Page]
) -> None:
    other = new_visitor()
    open_app(page, voila_server.url)
    open_app(other, voila_server.url)
    first, second = kernel_of(page), kernel_of(other)
    assert first != second
    assert voila_server.kernel(first).cwd() != voila_server.kernel(second).cwd()


def test_closing_the_page_ends_its_kernel(voila_server: Server, page: Page) -> None:
    open_app(page, voila_server.url)
    kernel = voila_server.kernel(kernel_of(page))
    folder = Path(kernel.cwd())
    page.close(run_before_unload=True)
    wait_until(lambda: not kernel.is_running())  # at once: long before it would be culled
    wait_until(lambda: not folder.exists())


def test_kernel_of_a_page_that_was_lost_is_culled_and_one_on_show_is_not(
    hasty_server: Server, page: Page, new_visitor: Callable[..., Page]
) -> None:
    lost = new_visitor()
    open_app(page, hasty_server.url)
    open_app(lost, hasty_server.url)
    kept, culled = hasty_server.kernel(kernel_of(page)), hasty_server.kernel(kernel_of(lost))
    lost.context.close()  # as when a browser crashes: nothing is said to the server
    wait_until(lambda: not culled.is_running())
    assert kept.is_running()


def test_page_says_so_when_its_kernel_was_killed(voila_server: Server, page: Page, watch: Watch) -> None:
    watch.expect(r"kernel|WebSocket|Connection|api/shutdown")
    open_app(page, voila_server.url)
    voila_server.kernel(kernel_of(page)).send_signal(signal.SIGKILL)
    reload_lost_page(page)


def test_page_says_so_when_its_kernel_cannot_start(voila_server: Server, page: Page, watch: Watch) -> None:
    watch.expect("500")
    page.route("**/instrunet/start", lambda route: route.fulfill(status=500, json={}))
    page.goto(voila_server.url)
    failure = page.get_by_role("alert")
    expect(failure).to_contain_text("InstruNet could not start")
    page.unroute("**/instrunet/start")
    failure.get_by_role("button", name="Reload").click()
    wait_for_app(page)


def test_unknown_address_gets_a_page_of_ours(voila_server: Server, page: Page, watch: Watch) -> None:
    watch.expect("404")
    page.goto(voila_server.url + "nothing-here")
    expect(page.get_by_role("heading")).to_have_text("There is no such page")
    page.get_by_role("link").click()
    wait_for_app(page)


def test_page_is_accessible(voila_server: Server, page: Page, run_axe: Callable[[Page], list[str]]) -> None:
    open_app(page, voila_server.url)
    assert run_axe(page) == []
