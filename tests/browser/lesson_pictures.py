"""Pictures of the notebooks, in Voila and JupyterLab, at desktop and phone width, light and dark. Run by hand.

    python tests/browser/lesson_pictures.py FOLDER [--only NAME ...] [--voila] [--sizes desktop] [--themes light]

Each picture shows the whole notebook. It ends with 1 if a cell has an error. Needs Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))
from running import find_free_port, lab_command, lab_settings, run_server, run_stock_voila
from watching import CARD, ERRORS, run_all_cells

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
WAIT_MS = 180_000


def find_notebooks(only: list[str]) -> list[Path]:
    """The lessons and `explore`, or those whose names hold one of the texts."""
    found = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if path.stem != "instrunet"]
    return [path for path in found if not only or any(text in path.stem for text in only)]


def open_page(browser: Browser, size: str) -> Page:
    page = browser.new_page(viewport=SIZES[size], reduced_motion="reduce")
    page.set_default_timeout(WAIT_MS)
    page.route(lambda url: "localhost" not in url and "127.0.0.1" not in url, lambda route: route.abort())
    return page


def take(page: Page, path: Path, root: str) -> list[str]:
    """Wait until the page has stopped growing, take its picture, and return the errors of its cells."""
    height = -1
    for _ in range(60):
        page.wait_for_timeout(1_500)
        now = int(page.evaluate(f"document.querySelector('{root}').scrollHeight"))
        if now == height and now > 900:
            break
        height = now
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(height + 200, 14_000)})
    page.evaluate("document.querySelectorAll('.jp-WindowedPanel-outer').forEach((part) => { part.scrollTop = 0; })")
    page.wait_for_timeout(2_500)
    page.screenshot(path=path, full_page=True)
    errors = page.locator(ERRORS).all_inner_texts()
    print(path.name, "errors: " + "; ".join(errors) if errors else "")
    return errors


def picture_in_voila(browser: Browser, args: argparse.Namespace, folder: Path) -> list[str]:
    """Take the pictures and return the errors of all."""
    errors = []
    for notebook in find_notebooks(args.only):
        with run_stock_voila(notebook, folder) as server:
            for size in args.sizes:
                for theme in args.themes:
                    page = open_page(browser, size)
                    page.goto(f"{server.url}?theme={theme}")
                    page.locator(CARD).first.wait_for(state="visible")
                    name = f"{notebook.stem}-voila-{size}-{theme}.png"
                    errors += take(page, args.folder / name, "#rendered_cells")
                    page.close()
    return errors


def draw_all_cells(root: Path) -> None:
    """Have JupyterLab draw also the cells that are out of sight."""
    path = root / "config" / "labconfig" / "default_setting_overrides.json"
    chosen = json.loads(path.read_text(encoding="utf-8"))
    chosen["@jupyterlab/notebook-extension:tracker"] = {"windowingMode": "none"}
    path.write_text(json.dumps(chosen), encoding="utf-8")


def picture_in_jupyterlab(browser: Browser, args: argparse.Namespace, folder: Path) -> list[str]:
    """Take the pictures and return the errors of all."""
    errors = []
    for theme in args.themes:
        root = folder / theme
        root.mkdir()
        port = find_free_port()
        settings = lab_settings(root, theme=theme)
        draw_all_cells(root)
        for notebook in find_notebooks(args.only):
            shutil.copy(notebook, root)
        command = lab_command(port, root)
        with run_server(command, f"http://127.0.0.1:{port}/", "is running at", folder=root, env=settings) as server:
            for notebook in find_notebooks(args.only):
                page = open_page(browser, "desktop")  # on a telephone's width JupyterLab hides what says "idle"
                run_all_cells(page, f"{server.url}lab/tree/{notebook.name}?reset", CARD)
                page.keyboard.press("Control+b")  # the side bar leaves no room there
                for size in args.sizes:
                    page.set_viewport_size(SIZES[size])
                    name = f"{notebook.stem}-lab-{size}-{theme}.png"
                    errors += take(page, args.folder / name, ".jp-WindowedPanel-inner")
                page.close()
    return errors


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--voila", action="store_true", help="not in JupyterLab")
    parser.add_argument("--lab", action="store_true", help="not in Voila")
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=SIZES)
    parser.add_argument("--themes", nargs="*", default=list(THEMES), choices=THEMES)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    errors = []
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        if not args.lab:
            errors += picture_in_voila(browser, args, Path(name))
        if not args.voila:
            errors += picture_in_jupyterlab(browser, args, Path(name))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
