"""Pictures of every state of the app, at desktop and phone width, light and dark. Run by hand; needs Chromium.

    python tests/browser/pictures.py FOLDER [--readme]

With ``--readme`` it takes the README's picture alone: FOLDER/app.png.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))
from running import app_command, find_free_port, run_server
from watching import open_app

SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
WAIT_MS = 120_000


def take(page: Page, folder: Path, name: str) -> None:
    page.wait_for_timeout(1_200)  # for charts to be laid out
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def open_page(browser: Browser, url: str, size: str, scheme: str) -> Page:
    page = browser.new_page(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    page.set_default_timeout(WAIT_MS)
    open_app(page, url)
    return page


def analyse_example(page: Page) -> None:
    page.get_by_role("button", name="Try the example").click()
    page.get_by_role("button", name="Analyze Track").click()
    expect(page.locator(".in-heading")).to_contain_text("kHz")


def picture_states(page: Page, folder: Path, prefix: str, bad: Path) -> None:
    take(page, folder, f"{prefix}-1-first")
    page.get_by_role("button", name="Try the example").click()
    expect(page.locator(".in-heading h2")).to_be_visible()
    take(page, folder, f"{prefix}-2-file")
    page.get_by_role("button", name="Analyze Track").click()
    expect(page.locator(".in-heading")).to_contain_text("kHz")
    page.get_by_role("button", name="Show all eleven probabilities").click()
    take(page, folder, f"{prefix}-3-results")
    for number, tab in enumerate(("Visualizations", "Export"), start=4):
        page.get_by_role("tab", name=tab).click()
        take(page, folder, f"{prefix}-{number}-{tab.lower()}")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(str(bad))
    page.get_by_role("button", name="Analyze Track").click()
    expect(page.get_by_role("alert").filter(has_text="is not a recording")).to_be_visible()
    take(page, folder, f"{prefix}-6-problem-and-table")
    drawer = page.get_by_role("button", name="Settings", exact=True)
    if drawer.is_visible():
        drawer.click()
        take(page, folder, f"{prefix}-7-settings")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readme", action="store_true")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=WAIT_MS)
    port = find_free_port()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as name,
        run_server(app_command(port), f"http://localhost:{port}/", "InstruNet is at http", folder=Path(name)) as server,
        sync_playwright() as playwright,
    ):
        bad = Path(name) / "notes from the rehearsal.wav"
        bad.write_text("this is no sound")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        if args.readme:
            page = open_page(browser, server.url, "desktop", "light")
            analyse_example(page)
            page.get_by_role("tab", name="Visualizations").click()
            page.wait_for_timeout(1_500)
            page.screenshot(path=args.folder / "app.png")
            return
        for size in SIZES:
            for scheme in ("light", "dark"):
                picture_states(open_page(browser, server.url, size, scheme), args.folder, f"{size}-{scheme}", bad)


if __name__ == "__main__":
    main()
