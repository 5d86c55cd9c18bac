"""Looks over a browser's shoulder: what goes wrong on a page fails the test, even where nobody looked."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, Route, TimeoutError, expect

APP = ".instrunet-app"
CARD = ".in-lesson"
ERRORS = '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]'
VISIBLE_MS = 90_000
FORGOTTEN_MS = 20_000  # cells that were run twice replace what a test has begun to use
# lessons.js names them with the next picture that the browser draws
CONTROLS_HAVE_NAMES = """
    () => [...document.querySelectorAll(".in-knob :is(.noUi-handle, select, input), .in-answer :is(select, input)")]
        .every((one) => one.hasAttribute("aria-label"))
"""
# What is on show for a second at the usual speed is missed while a busy machine does something else. A sixteenth is the
# slowest that browsers play.
PLAY_SLOWLY = """
{
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () { this.playbackRate = 1 / 16; return play.call(this); };
}
"""
# A page that is left by logging out still asks for the end of its kernel, which the log-out may have brought already.
_AFTER_LOG_OUT = re.compile(r"403\b.*/voila/api/shutdown/")
OWN_HOSTS = {"localhost", "127.0.0.1"}


class Watch:
    """Collects the problems of pages: console errors, failed requests, requests to other hosts.

    Parameters
    ----------
    allows_other_hosts : bool
        For stock templates, which load icons from elsewhere: such requests get an empty answer, and are no problem.
    """

    def __init__(self, *, allows_other_hosts: bool = False) -> None:
        self.problems: list[str] = []
        self.allows_other_hosts = allows_other_hosts
        self._expected = [_AFTER_LOG_OUT]

    def expect(self, pattern: str) -> None:
        """Let problems pass that match a regular expression: those that the test brings about."""
        self._expected.append(re.compile(pattern))

    def add(self, context: BrowserContext) -> None:
        """Watch all pages of a browser context from now on."""
        context.on("console", self._see_console)
        context.on("weberror", lambda error: self._note(f"uncaught error: {error.error}"))
        context.on("request", self._see_request)
        context.on("response", self._see_response)
        context.on("requestfailed", self._see_failure)
        context.route(lambda url: self._is_elsewhere(url), _answer_empty)

    def unexpected(self) -> list[str]:
        """Problems that no test asked for."""
        return [text for text in self.problems if not any(pattern.search(text) for pattern in self._expected)]

    def _note(self, text: str) -> None:
        self.problems.append(text)

    def _see_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} ({message.location.get('url')})")

    def _see_request(self, request: Request) -> None:
        if self._is_elsewhere(request.url) and not self.allows_other_hosts:
            self._note(f"request to another host: {request.url}")

    def _see_response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"status {response.status}: {response.request.method} {response.url}")

    def _see_failure(self, request: Request) -> None:
        # a page that is left takes its running requests with it
        if request.failure != "net::ERR_ABORTED":
            self._note(f"request failed: {request.url} ({request.failure})")

    @staticmethod
    def _is_elsewhere(url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in OWN_HOSTS


def _answer_empty(route: Route) -> None:
    route.fulfill(status=200, body="", content_type="text/css")


def open_app(page: Page, url: str) -> None:
    """Open the app's page and wait until the app can be seen."""
    page.goto(url)
    wait_for_app(page)


def wait_for_app(page: Page) -> None:
    """Wait until the app can be seen."""
    page.locator(APP).first.wait_for(state="visible", timeout=VISIBLE_MS)
    page.locator(f"{APP} .in-theme").first.wait_for(state="visible", timeout=VISIBLE_MS)


def open_lesson(page: Page, url: str) -> None:
    """Open a notebook with cards in Voila and wait until the last card can be seen."""
    page.goto(url)
    page.locator(CARD).last.wait_for(state="visible", timeout=VISIBLE_MS)
    page.wait_for_function(CONTROLS_HAVE_NAMES, timeout=VISIBLE_MS)


def kernel_of(page: Page) -> str:
    """Id of the kernel behind our own page."""
    return str(page.evaluate("instrunetPage.kernel"))


def reload_lost_page(page: Page) -> None:
    """Wait until our own page says that its kernel is gone, and take its offer to load it anew."""
    banner = page.get_by_role("alert").filter(has_text="connection")
    banner.wait_for(state="visible")
    with page.expect_event("domcontentloaded"):
        banner.get_by_role("button", name="Reload").click()
    wait_for_app(page)
    expect(banner).to_have_count(0)


def run_in_jupyterlab(page: Page, url: str) -> None:
    """Open a notebook in JupyterLab, run all its cells, and wait until the app can be seen."""
    run_all_cells(page, url, APP)
    wait_for_app(page)


def run_all_cells(page: Page, url: str, shown: str) -> None:
    """Open a notebook in JupyterLab and run all its cells, until what a selector says is there."""
    page.goto(url)
    idle = page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    for _ in range(3):  # JupyterLab may change its first kernel for another and forget what was to run
        idle.wait_for(timeout=VISIBLE_MS)
        page.wait_for_timeout(1_000)
        if page.locator(shown).count():  # late, and not forgotten
            break
        dialog = page.locator(".jp-Dialog")
        if dialog.count():  # on a busy machine JupyterLab says, for example, that its server did not answer
            print(dialog.first.inner_text())
            dialog.locator("button.jp-mod-accept").first.click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            page.locator(shown).first.wait_for(state="attached", timeout=FORGOTTEN_MS)
        except TimeoutError:
            continue
        page.wait_for_timeout(2_000)
        idle.wait_for(timeout=VISIBLE_MS)
        break
