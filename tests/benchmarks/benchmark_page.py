"""How long it takes from asking for the page until the app can be seen, what of, and what a kernel weighs.

    python tests/benchmarks/benchmark_page.py --visits 5

Needs Chromium. Each visit is a new browser profile: nothing is cached. "ready": a kernel had been started ahead, as
for the first visitor and for anyone who comes more than a few seconds after another; "fresh": it starts when asked.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from running import Server, app_command, find_free_port, run_server

PAUSE_SECONDS = 12  # until the next kernel is ready
MARKS = {"painted": "first-contentful-paint", "kernel": "instrunet-kernel", "visible": "instrunet-visible"}
READ_TIMES = """() => {
  const times = ["paint", "mark"].flatMap((kind) => performance.getEntriesByType(kind));
  const files = performance.getEntriesByType("resource");
  return {
    times: Object.fromEntries(times.map((entry) => [entry.name, entry.startTime / 1000])),
    kernel: instrunetPage.kernel, nFiles: files.length,
    megabytes: files.reduce((sum, file) => sum + file.transferSize, 0) / 1e6,
  };
}"""


def visit(browser: Browser, server: Server) -> dict[str, Any]:
    """Open the page as a new visitor: seconds of each mark, and the kernel's memory in MB."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(server.url, wait_until="commit")
    page.wait_for_function("() => document.body?.classList.contains('page-ready')")
    found = page.evaluate("async () => { const r = (" + READ_TIMES + ")(); r.kernel = await r.kernel; return r; }")
    page.wait_for_timeout(3_000)  # what is loaded ahead
    kernel = server.kernel(found["kernel"])
    result = {name: found["times"][mark] for name, mark in MARKS.items()}
    result |= {"kernel_mb": kernel.memory_info().rss / 1e6, "files": found["nFiles"], "file_mb": found["megabytes"]}
    page.close(run_before_unload=True)
    context.close()
    return result


def measure(n_visits: int, chromium: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Visits in turn with a kernel that was started ahead and with one that was not."""
    port = find_free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        run_server(app_command(port), f"http://localhost:{port}/", "InstruNet is at", folder=Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(n_visits):
            time.sleep(PAUSE_SECONDS)
            yield "ready", visit(browser, server)
            yield "fresh", visit(browser, server)
        browser.close()


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=3, metavar="N", help="of each kind (3)")
    args = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
    results: dict[str, list[dict[str, Any]]] = {"ready": [], "fresh": []}
    for kind, result in measure(args.visits, chromium):
        results[kind].append(result)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for kind, visits in results.items():
        medians = {name: statistics.median(visit[name] for visit in visits) for name in visits[0]}
        print(
            f"kernel {kind}: first paint {medians['painted']:.2f} s, cells run {medians['kernel']:.2f} s, "
            f"visible {medians['visible']:.2f} s; kernel at rest {medians['kernel_mb']:.0f} MB; "
            f"{medians['files']:.0f} files, {medians['file_mb']:.1f} MB"
        )


if __name__ == "__main__":
    main()
