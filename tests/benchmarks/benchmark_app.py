"""The app in a real browser: how long people wait, and what a visitor costs. Run by hand; needs Chromium.

    python tests/benchmarks/benchmark_app.py [--upload-mb 30 150] [--repeat 3]

Prints GET to visible, upload times, a 3-minute track from click to charts, a slider to the redrawn page, the kernel's
memory, and the DOM nodes of the Visualizations tab. Timings are medians; trust ratios more than seconds.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import soundfile
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "browser"))
from running import Server, app_command, find_free_port, run_server
from watching import open_app

from instrunet_widgets.audio import load_audio
from instrunet_widgets.examples import example_path

WAIT_MS = 600_000
ANALYSED = "() => document.querySelector('.in-heading p')?.textContent.includes('kHz')"


def time_call(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def make_track(folder: Path, minutes: float) -> Path:
    """The demo piece over and over, as an MP3."""
    sound, rate = load_audio(example_path(), sample_rate=44_100), 44_100
    path = folder / f"{minutes:g}-minutes.mp3"
    n_samples = round(minutes * 60 * rate)
    soundfile.write(path, np.resize(sound, n_samples), rate)
    return path


def make_wav(folder: Path, n_megabytes: int) -> Path:
    path = folder / f"{n_megabytes}-megabytes.wav"
    noise = np.random.default_rng(0).integers(-3_000, 3_000, size=n_megabytes * 500_000, dtype=np.int16)
    soundfile.write(path, noise, 44_100)
    return path


def choose(page: Page, path: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(str(path))
    page.wait_for_function("name => document.querySelector('.in-heading h2')?.textContent === name", arg=path.name)


def analyse(page: Page) -> None:
    page.get_by_role("button", name="Analyze Track").click()
    page.wait_for_function(ANALYSED)


def move_slider(page: Page) -> float:
    """From a key press on the smoothing slider to the new cards, ms."""
    page.get_by_role("tab", name="Results").click()
    page.get_by_role("slider", name="Smoothing").focus()
    seconds = page.evaluate(
        """() => new Promise((resolve) => {
            const cards = document.querySelector('.in-results');
            const began = performance.now();
            const watch = new MutationObserver(() => requestAnimationFrame(() => {
                watch.disconnect(); resolve(performance.now() - began);
            }));
            watch.observe(cards, { childList: true, subtree: true });
            const handle = document.activeElement;
            handle.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
        })"""
    )
    return float(seconds)


def kernel_megabytes(page: Page, server: Server) -> float:
    kernel: psutil.Process = server.kernel(str(page.evaluate("instrunetPage.kernel")))
    return kernel.memory_info().rss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--upload-mb", type=int, nargs="*", default=[30])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--hour", action="store_true", help="also a slider move on a recording of one hour")
    args = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    port = find_free_port()
    with (
        tempfile.TemporaryDirectory() as name,
        run_server(app_command(port), f"http://localhost:{port}/", "InstruNet is at http", folder=Path(name)) as server,
        sync_playwright() as playwright,
    ):
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        visible = []
        for _ in range(args.repeat):
            time.sleep(12)  # as between two visitors: the spare kernel is there again
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.set_default_timeout(WAIT_MS)
            visible.append(time_call(lambda page=page: open_app(page, server.url)))
            rest = kernel_megabytes(page, server)
        print(f"GET to visible: {statistics.median(visible):.2f} s (each: {', '.join(f'{v:.2f}' for v in visible)})")
        print(f"kernel at rest: {rest:.0f} MB")
        choose(page, make_track(folder, 3))
        print(f"3-minute MP3, click to charts: {time_call(lambda: analyse(page)):.2f} s")
        print(f"slider to redraw, 3 minutes: {statistics.median(move_slider(page) for _ in range(3)):.0f} ms")
        page.get_by_role("tab", name="Visualizations").click()
        page.locator(".in-axis-plot").wait_for()
        nodes = page.evaluate("document.querySelector('.in-visualizations').querySelectorAll('*').length")
        print(f"DOM nodes of the Visualizations tab: {nodes}; kernel after the analysis: "
              f"{kernel_megabytes(page, server):.0f} MB")  # fmt: skip
        for n_megabytes in args.upload_mb:
            path = make_wav(folder, n_megabytes)
            print(f"upload of {n_megabytes} MB: {time_call(lambda path=path: choose(page, path)):.1f} s")
        if args.hour:
            choose(page, make_track(folder, 60))
            page.get_by_role("button", name="Analyze").click()
            page.wait_for_function(ANALYSED)
            print(f"slider to redraw, 1 hour: {statistics.median(move_slider(page) for _ in range(3)):.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
