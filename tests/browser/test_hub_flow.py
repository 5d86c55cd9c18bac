"""The app behind a real JupyterHub, in a browser: sign up, log in, analyse, log out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hubs import PASSWORD, HubVisitor, run_hub
from playwright.sync_api import Page, expect
from running import Server
from watching import Watch, wait_for_app

pytest.importorskip("jupyterhub", reason="the hub is missing: install instrunet-widgets[hub]")


@pytest.fixture(scope="module")
def hub(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with run_hub(tmp_path_factory.mktemp("hub")) as server:
        yield server


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_from_sign_up_to_log_out_and_no_other_user_in_between(
    hub: Server, page: Page, new_visitor: Callable[..., Page], watch: Watch, run_axe: Callable[[Page], list[str]]
) -> None:
    page.goto(hub.url)
    assert page.title() == "Log in · InstruNet"
    assert run_axe(page) == []
    page.get_by_role("link", name="Sign up").click()
    assert run_axe(page) == []
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("status")).to_have_text("Your account is ready. You can log in now.")
    page.get_by_role("link", name="Log in").click()

    watch.expect("40[34]")
    log_in(page, "ada", "another password")
    expect(page.get_by_role("alert")).to_have_text("Invalid name or password.")
    expect(page.get_by_label("Name")).to_have_value("ada")
    log_in(page, "ada", PASSWORD)
    page.wait_for_url("**/user/ada/")
    wait_for_app(page)
    expect(page.locator("#account")).to_contain_text("ada")

    page.get_by_role("button", name="Try the example").click()
    page.get_by_role("button", name="Analyze Track").click()
    expect(page.locator(".in-heading")).to_contain_text("kHz")
    expect(page.locator(".in-cards:not(.in-minor) h4").first).to_be_visible()

    HubVisitor(hub.url).sign_up("bob")
    other = new_visitor()
    other.goto(f"{hub.url}hub/login?next=%2Fhub%2Fhome")
    log_in(other, "bob", PASSWORD)
    other.wait_for_url("**/hub/home")
    answer = other.goto(f"{hub.url}user/ada/")
    assert answer is not None and answer.status in (403, 404)
    expect(other.get_by_role("heading", name="not open to you").or_(other.get_by_text("no such page"))).to_be_visible()
    expect(other.locator(".instrunet-app")).to_have_count(0)

    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/hub/login*")
    page.go_back()
    page.reload()
    expect(page.get_by_label("Password")).to_be_visible()
