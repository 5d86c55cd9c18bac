"""Registering, logging in and out, in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from running import Server, wait_until
from signing_in import PASSWORD, run_app
from watching import Watch, kernel_of, wait_for_app

IDLE_MINUTES = 1  # the warning is on show for a quarter of it: long enough for a busy machine to see it


@pytest.fixture(scope="module")
def server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_app(tmp_path_factory.mktemp("sign-in"), "--sign-in") as running:
        yield running


@pytest.fixture(scope="module")
def closed_server(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_app(tmp_path_factory.mktemp("closed"), "--sign-in", "--registration", "closed") as running:
        yield running


def register(page: Page, server: Server, name: str, password: str = PASSWORD) -> None:
    page.goto(server.url)
    page.get_by_role("link", name="Register").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password once more").fill(password)
    page.get_by_role("button", name="Register").click()


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_register_log_out_log_in_analyse_log_out(server: Server, page: Page) -> None:
    register(page, server, "Ada Lovelace")
    wait_for_app(page)
    account = page.get_by_role("banner").filter(has_text="Signed in as")
    expect(account).to_contain_text("Ada Lovelace")
    account.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_have_text("You have logged out.")
    log_in(page, "ada lovelace")
    wait_for_app(page)
    kernel = server.kernel(kernel_of(page))
    page.get_by_role("button", name="Try the example").click()
    page.get_by_role("button", name="Analyze Track").click()
    expect(page.locator(".in-heading")).to_contain_text("kHz")
    expect(page.locator(".in-card").first).to_be_visible()
    account.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    wait_until(lambda: not kernel.is_running())
    page.go_back()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert page.locator(".in-card").count() == 0


def test_what_goes_wrong_is_said_and_what_was_typed_stays(server: Server, page: Page, watch: Watch) -> None:
    watch.expect("400")
    page.goto(server.url)
    log_in(page, "Nobody", "not the password")
    expect(page.get_by_role("alert")).to_have_text("Invalid name or password.")
    assert page.title() == "Error: Log in · InstruNet"
    expect(page.get_by_label("Name")).to_have_value("Nobody")
    expect(page.get_by_label("Password")).to_have_value("")
    expect(page.get_by_label("Password")).to_be_focused()
    register(page, server, "Grace", "password")
    expect(page.get_by_role("alert")).to_contain_text("too easy to guess")
    expect(page.get_by_label("Name")).to_have_value("Grace")


def test_name_with_html_is_shown_as_it_is(server: Server, page: Page) -> None:
    name = "<img src=x onerror=alert(1)> & <b>Co</b>"
    register(page, server, name)
    expect(page.locator("#account b")).to_have_text(name)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Change password").click()
    assert opened.value.locator("input[autocomplete=username]").input_value() == name


def test_closed_registration_says_so(closed_server: Server, page: Page) -> None:
    page.goto(closed_server.url)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_role("link", name="Register")).to_have_count(0)
    page.goto(closed_server.url + "register")
    expect(page.get_by_text("New accounts cannot be made here.")).to_be_visible()
    page.get_by_role("link", name="Log in").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_all_of_it_works_with_the_keyboard_alone(server: Server, page: Page) -> None:
    page.goto(server.url + "register")
    press, write = page.keyboard.press, page.keyboard.type
    expect(page.get_by_label("Name")).to_be_focused()  # it gets the focus when the page is first drawn, not before
    write("Clara")
    press("Tab")
    write(PASSWORD)
    press("Tab")
    write(PASSWORD)
    press("Enter")
    wait_for_app(page)
    page.locator("body").evaluate("body => body.focus()")
    press("Tab")
    expect(page.get_by_role("link", name="Change password")).to_be_focused()
    kernel = kernel_of(page)
    with page.expect_popup() as opened:
        press("Enter")
    form = opened.value
    expect(form.get_by_label("Present password")).to_be_focused()
    for password in (PASSWORD, "another bass 2", "another bass 2"):
        form.keyboard.type(password)
        form.keyboard.press("Tab")
    form.keyboard.press("Enter")
    expect(form.get_by_role("status")).to_contain_text("has been changed")
    form.close()
    assert server.kernel(kernel).is_running()  # nothing is lost in the app
    page.get_by_role("button", name="Try the example").press("Enter")
    expect(page.locator(".in-heading h2")).to_be_visible()
    page.get_by_role("button", name="Log out").press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()


def test_forms_work_without_javascript(server: Server, new_visitor: Callable[..., Page], watch: Watch) -> None:
    watch.expect("csp|script")  # the app's own page has scripts, which are not run here
    page = new_visitor(java_script_enabled=False)
    register(page, server, "Fanny")
    expect(page.locator("#account")).to_contain_text("Fanny")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_have_text("You have logged out.")
    log_in(page, "Fanny")
    expect(page.locator("#account")).to_contain_text("Fanny")


def test_password_managers_know_the_fields(server: Server, page: Page) -> None:
    def purposes() -> list[str | None]:
        fields = page.locator("input:not([type=hidden])")
        return [field.get_attribute("autocomplete") for field in fields.all()]

    page.goto(server.url)
    assert purposes() == ["username", "current-password"]
    page.goto(server.url + "register")
    assert purposes() == ["username", "new-password", "new-password"]
    register(page, server, "Nadia")
    wait_for_app(page)  # a page that is left while its scripts load complains of them
    page.goto(server.url + "password")
    assert purposes() == ["username", "current-password", "new-password", "new-password"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_telephone(
    server: Server, new_visitor: Callable[..., Page], run_axe: Callable[[Page], list[str]], watch: Watch, scheme: str
) -> None:
    watch.expect("400")
    page = new_visitor(color_scheme=scheme, viewport={"width": 390, "height": 844})

    def check() -> None:
        assert run_axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        red = int(page.evaluate("getComputedStyle(document.body).backgroundColor").split("(")[1].split(",")[0])
        assert (red < 64) == (scheme == "dark")

    page.goto(server.url)
    check()
    log_in(page, "Nobody", "not the password")
    expect(page.get_by_role("alert")).to_be_visible()
    check()
    page.goto(server.url + "register")
    check()
    register(page, server, f"{scheme[0]} " + "W" * 62)
    wait_for_app(page)
    check()
    page.evaluate("document.getElementById('session-end').hidden = false")
    check()
    page.goto(server.url + "password")
    check()
    page.goto(server.url + "logout")
    check()


def test_colours_chosen_in_the_app_are_kept_on_the_login_page(server: Server, new_visitor: Callable[..., Page]) -> None:
    page = new_visitor(color_scheme="light")
    page.goto(server.url)
    expect(page.locator("body")).not_to_have_class("in-dark")
    page.evaluate("localStorage.setItem('instrunet-theme', 'dark')")
    page.reload()
    expect(page.locator("body.in-dark")).to_be_visible()


def test_page_warns_before_it_logs_out_and_leads_to_the_login(
    chromium: str, tmp_path_factory: pytest.TempPathFactory, page: Page, watch: Watch
) -> None:
    watch.expect(r"40[34]|WebSocket|kernel|shutdown")
    folder = tmp_path_factory.mktemp("idle")
    with run_app(folder, "--sign-in", "--idle-minutes", str(IDLE_MINUTES)) as server:
        register(page, server, "Ada")
        wait_for_app(page)
        kernel = server.kernel(kernel_of(page))
        warning = page.get_by_role("alert").filter(has_text="You will be logged out soon")
        warning.wait_for(state="visible")
        warning.get_by_role("button", name="Stay logged in").click()
        warning.wait_for(state="hidden")
        assert kernel.is_running()
        warning.wait_for(state="visible")  # the heartbeat of the open page is no use
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        expect(page.get_by_role("status")).to_contain_text("You have been logged out")
        wait_until(lambda: not kernel.is_running())
        log_in(page, "Ada")
        wait_for_app(page)


def test_page_leaves_when_the_session_is_ended_elsewhere(server: Server, page: Page, watch: Watch) -> None:
    watch.expect(r"40[34]|WebSocket|kernel|shutdown")
    register(page, server, "Emmy")
    wait_for_app(page)
    other = page.context.new_page()
    other.goto(server.url + "logout")
    other.get_by_role("button", name="Log out").click()
    expect(other.get_by_role("status")).to_have_text("You have logged out.")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("You have been logged out")
