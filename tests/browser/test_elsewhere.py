"""The notebook where the server is not ours: a stock Voila, a stock JupyterLab."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from running import Server
from watching import open_app, run_in_jupyterlab


def test_stock_voila_shows_the_app(plain_voila: Server, page: Page) -> None:
    open_app(page, plain_voila.url)
    assert page.title() == "InstruNet"


def test_jupyterlab_runs_the_notebook(lab_server: Server, page: Page) -> None:
    run_in_jupyterlab(page, lab_server.url)
    expect(page.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
