"""How the server bears many users at once: each signs in, opens the page, uploads a recording and analyses it.

    python tests/benchmarks/benchmark_serving.py --users 20
    python tests/benchmarks/benchmark_serving.py --users 5 --browsers

Starts a server of its own on this machine's loopback address and talks to no other host. At most 50 users, at most
`--seconds` in all; what is not done by then counts as an error. Without `--browsers` a user is a program that speaks
the page's protocol over HTTP and a websocket; with it, a page in Chromium (each a new profile: nothing is cached).
Users come within `--within` seconds, evenly.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import soundfile

sys.path.insert(0, str(Path(__file__).parent.parent))

from running import Server, Visitor, find_free_port, run_server
from talking import PageWithoutBrowser, register

from instrunet_widgets.server.limits import N_SPARES

MAX_USERS = 50
MAX_SECONDS = 900.0
RECORDING_SECONDS = 10.0
PASSWORD = "several odd words"
SAMPLE_EVERY = 0.5  # s, of memory
STEPS = ("sign in", "page", "app", "upload", "analysis", "in all")


@dataclass
class Outcome:
    """What was measured: seconds of each step that was done, errors, and the most memory.

    Parameters
    ----------
    n_users : int
    """

    n_users: int
    seconds: dict[str, list[float]] = field(default_factory=lambda: {step: [] for step in STEPS})
    errors: list[str] = field(default_factory=list)
    last_step: dict[int, str] = field(default_factory=dict)
    server_mb: float = 0.0
    kernels_mb: float = 0.0
    kernel_mb: float = 0.0
    n_kernels: int = 0

    def describe(self) -> str:
        """The figures, a line for each step."""
        lines = [f"{self.n_users} users, {len(self.errors)} errors"]
        for step, found in self.seconds.items():
            if found:
                late = float(np.percentile(found, 95))
                lines.append(f"  {step:9} median {statistics.median(found):6.2f} s, 95th percentile {late:6.2f} s")
        lines.append(
            f"  memory    server {self.server_mb:.0f} MB, {self.n_kernels} kernels {self.kernels_mb:.0f} MB together, "
            f"the largest {self.kernel_mb:.0f} MB (proportional set size)"
        )
        return "\n".join([*lines, *(f"  error: {error}" for error in self.errors)])


def make_recording(seconds: float = RECORDING_SECONDS) -> bytes:
    """A chord, as a WAV file."""
    times = np.arange(round(16_000 * seconds)) / 16_000
    waves = sum(np.sin(2 * np.pi * hertz * times) for hertz in (220, 277, 330))
    file = io.BytesIO()
    soundfile.write(file, (0.2 * waves).astype(np.float32), 16_000, format="WAV")
    return file.getvalue()


@contextmanager
def serve(folder: Path, n_users: int) -> Iterator[Server]:
    """A server with sign-in that has room for all."""
    port = find_free_port()
    program = (
        "from pathlib import Path; from instrunet_widgets.server.launch import ServingOptions, serve\n"
        f"serve(ServingOptions(port={port}, sign_in='accounts', n_kernels={n_users},"
        f" users_file=Path({str(folder / 'users.sqlite')!r})), open_browser=False)"
    )
    url = f"http://localhost:{port}/"
    with run_server([sys.executable, "-c", program], url, "InstruNet is at", folder=folder) as server:
        yield server


class Clock:
    """Seconds since the last step."""

    def __init__(self, outcome: Outcome, number: int) -> None:
        self._outcome, self._last, self._first = outcome, time.monotonic(), time.monotonic()
        self._number = number

    def note(self, step: str) -> None:
        now = time.monotonic()
        self._outcome.seconds[step].append(now - self._last)
        self._outcome.last_step[self._number] = step
        self._last = now

    def note_all(self) -> None:
        self._outcome.seconds["in all"].append(time.monotonic() - self._first)


async def use_protocol(server: Server, number: int, outcome: Outcome, recording: bytes) -> None:
    """One user, as a program."""
    clock, visitor = Clock(outcome, number), Visitor(server)
    await asyncio.to_thread(register, visitor, f"user-{number}", PASSWORD)
    clock.note("sign in")
    await asyncio.to_thread(visitor.ask, "GET", "/")
    clock.note("page")
    async with PageWithoutBrowser.open(visitor) as page:
        clock.note("app")
        answer = await page.upload("chord.wav", recording)
        if answer["type"] != "done":
            raise RuntimeError(f"the upload was refused: {answer}")
        clock.note("upload")
        await page.analyze()
        clock.note("analysis")
        clock.note_all()
        await asyncio.sleep(1)  # somebody looks at it


async def use_browser(server: Server, number: int, outcome: Outcome, recording: bytes, browser) -> None:  # type: ignore[no-untyped-def]
    """One user, in a browser."""
    clock, context = Clock(outcome, number), await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(120_000)
    try:
        await page.goto(f"{server.url}register")
        await page.get_by_label("Name", exact=True).fill(f"user-{number}")
        for label in ("Password", "Password once more"):
            await page.get_by_label(label, exact=True).fill(PASSWORD)
        clock.note("page")
        await page.get_by_role("button", name="Register").click(no_wait_after=True)
        await page.wait_for_url(server.url, wait_until="commit")
        clock.note("sign in")
        await page.locator("body.page-ready").wait_for(state="attached")
        clock.note("app")
        file = {"name": "chord.wav", "mimeType": "audio/wav", "buffer": recording}
        await page.locator("input[type=file]").first.set_input_files(file)
        await page.get_by_role("button", name="Analyze Track").wait_for()
        clock.note("upload")
        await page.get_by_role("button", name="Analyze Track").click()
        await page.get_by_role("tab", name="Results").wait_for()
        clock.note("analysis")
        clock.note_all()
        await page.wait_for_timeout(1_000)
    finally:
        await asyncio.wait_for(context.close(), 10)


async def watch_memory(server: Server, outcome: Outcome) -> None:
    """Note the most that the server and its kernels take; a page that processes share counts once."""
    while True:
        await asyncio.sleep(SAMPLE_EVERY)
        kernels = await asyncio.to_thread(lambda: [_megabytes(kernel.pid) for kernel in server.kernels()])
        outcome.server_mb = max(outcome.server_mb, _megabytes(server.process.pid))
        if sum(kernels) > outcome.kernels_mb:
            outcome.kernels_mb, outcome.n_kernels = sum(kernels), len(kernels)
        outcome.kernel_mb = max([outcome.kernel_mb, *kernels])


def _megabytes(pid: int) -> float:
    try:
        used = psutil.Process(pid).memory_full_info()
    except psutil.Error:  # it has just ended
        return 0.0
    return float(getattr(used, "pss", used.rss)) / 1e6


async def run_users(outcome: Outcome, use: Callable[[int], Awaitable[None]], *, within: float, seconds: float) -> None:
    """Let all users come, and gather what went wrong."""

    async def come(number: int) -> None:
        await asyncio.sleep(within * number / max(outcome.n_users, 1))
        try:
            await asyncio.wait_for(use(number), seconds - within)
        except Exception as error:
            done = outcome.last_step.get(number, "nothing")
            outcome.errors.append(f"user {number}, after {done}: {type(error).__name__}: {error}"[:300])

    await asyncio.gather(*(come(number) for number in range(outcome.n_users)))


async def _measure(server: Server, outcome: Outcome, *, within: float, seconds: float, browsers: bool) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * outcome.n_users + 4))
    recording, memory = make_recording(), asyncio.ensure_future(watch_memory(server, outcome))
    limits = {"within": within, "seconds": seconds}
    if not browsers:
        await run_users(outcome, lambda number: use_protocol(server, number, outcome, recording), **limits)
    else:
        from playwright.async_api import async_playwright

        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            )
            await run_users(outcome, lambda number: use_browser(server, number, outcome, recording, browser), **limits)
            await browser.close()
    memory.cancel()


def measure(n_users: int, *, within: float = 0.0, seconds: float = MAX_SECONDS, browsers: bool = False) -> Outcome:
    """Serve, let the users come, and give what was measured.

    Parameters
    ----------
    n_users : int
        At most 50.
    within : float
        Seconds in which they come.
    seconds : float
        When to give up, at most 900.
    browsers : bool
        In Chromium instead of by protocol.
    """
    if not (1 <= n_users <= MAX_USERS and 0 <= within < seconds <= MAX_SECONDS):
        raise ValueError(f"1 to {MAX_USERS} users, who come within less than {MAX_SECONDS:.0f} s")
    outcome = Outcome(n_users)
    with tempfile.TemporaryDirectory() as name, serve(Path(name), n_users) as server:
        deadline = time.monotonic() + 120  # as on a server that has been there for a while
        while len(server.kernels()) < min(N_SPARES, n_users) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(5)
        asyncio.run(_measure(server, outcome, within=within, seconds=seconds, browsers=browsers))
        if "Traceback" in server.log:
            outcome.errors.append(f"the server's log: {server.log[-2_000:]}")
    return outcome


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20, metavar="N", help="how many (20)")
    parser.add_argument("--within", type=float, default=0.0, metavar="S", help="seconds in which all come (0)")
    parser.add_argument("--seconds", type=float, default=600.0, metavar="S", help="when to give up (600)")
    parser.add_argument("--browsers", action="store_true", help="in Chromium")
    args = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(measure(args.users, within=args.within, seconds=args.seconds, browsers=args.browsers).describe())


if __name__ == "__main__":
    main()
