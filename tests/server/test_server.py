"""What the server answers, without a browser."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from running import Server, Visitor, find_free_port, run_server, wait_until

from instrunet_widgets.server import launch
from instrunet_widgets.server.kernel_program import OwnInterpreterSpecs, has_short_sockets

pytestmark = pytest.mark.slow

SHOW_WHERE = """\
import os, sys, tempfile
from instrunet_widgets.instruments import CODES
from IPython.display import display
display({"text/plain": "", "application/json": {
    "python": sys.executable, "cwd": os.getcwd(), "path": sys.path, "temporary": tempfile.gettempdir()}}, raw=True)
"""


def write_notebook(path: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(metadata={"title": "Who plays <here>?"})
    notebook.cells = [nbformat.v4.new_markdown_cell("# For JupyterLab"), *map(nbformat.v4.new_code_cell, cells)]
    nbformat.write(notebook, path)
    return path


def serve_command(notebook: Path, port: int, before: str = "") -> list[str]:
    program = (
        f"{before}\nfrom pathlib import Path; from instrunet_widgets.server.launch import ServingOptions, serve; "
        f"serve(ServingOptions(port={port}), open_browser=False, notebook=Path({str(notebook)!r}))"
    )
    return [sys.executable, "-c", program]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    notebook = write_notebook(folder / "where.ipynb", SHOW_WHERE, "secret = 'not for the page'\nsecret[:0]")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "random.py").write_text("raise SystemExit('a module beside the notebook was imported')")
    port = find_free_port()
    url = f"http://localhost:{port}/"
    with run_server(serve_command(notebook, port), url, "InstruNet is at", folder=folder.parent) as running:
        yield running


@pytest.fixture
def visitor(server: Server) -> Visitor:
    return Visitor(server)


def test_page_comes_without_a_kernel_and_shows_no_code(server: Server, visitor: Visitor) -> None:
    n_kernels = len(server.kernels())
    status, headers, page = visitor.ask("GET", "/")
    assert status == 200
    assert "<title>Who plays &lt;here&gt;?</title>" in page
    assert "not for the page" not in page
    assert "For JupyterLab" not in page
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert len(server.kernels()) <= max(n_kernels, 1)  # at most the spare one


def test_page_names_no_other_host(visitor: Visitor) -> None:
    page = visitor.ask("GET", "/")[2]
    assert set(re.findall(r"https?://([^/'\"\s]+)", page)) <= {"www.w3.org"}  # the name of SVG, not an address


def test_only_this_machine_can_connect(server: Server) -> None:
    listening = [c for c in psutil.Process(server.process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    port = int(server.url.rstrip("/").rpartition(":")[2])
    assert {c.laddr.ip for c in listening if c.laddr.port == port} <= {"127.0.0.1", "::1"}


def test_foreign_host_name_that_points_here_is_refused(visitor: Visitor) -> None:
    assert visitor.ask("GET", "/", Host="evil.example:80")[0] == 403


def test_no_kernel_starts_without_the_cookie_of_the_page(visitor: Visitor) -> None:
    assert visitor.ask("POST", "/instrunet/start")[0] == 403


def test_kernel_is_this_python_in_an_empty_folder_of_its_own(server: Server, visitor: Visitor) -> None:
    started = visitor.start()
    where = started["outputs"][0]["data"]["application/json"]
    assert Path(where["python"]).samefile(sys.executable)
    assert where["temporary"] == where["cwd"]
    assert where["cwd"] not in where["path"] and "" not in where["path"]
    assert Path(where["cwd"]).is_dir()
    assert server.kernel(started["kernel"]).is_running()
    arguments = server.kernel(started["kernel"]).cmdline()
    connection_file = Path(arguments[arguments.index("-f") + 1])
    is_short = has_short_sockets(str(connection_file.parent.parent))
    assert json.loads(connection_file.read_text())["transport"] == ("ipc" if is_short else "tcp")
    assert visitor.end(started["kernel"]) == 204
    assert visitor.ask("GET", f"/api/kernels/{started['kernel']}")[0] == 404
    assert not Path(where["cwd"]).exists()


def test_visitor_who_leaves_before_the_app_is_there_leaves_no_kernel(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(gone)!r}).exists(): time.sleep(0.1)\n1"
    notebook, port = write_notebook(tmp_path / "slow.ipynb", wait), find_free_port()
    no_spares = "from instrunet_widgets.server import application; application.count_spares = lambda options: 0"
    url = f"http://localhost:{port}/"
    command = serve_command(notebook, port, before=no_spares)
    with run_server(command, url, "InstruNet is at", folder=tmp_path) as server:
        visitor = Visitor(server)
        visitor.ask("GET", "/")
        request = visitor.send("POST", "/instrunet/start", X_XSRFToken=visitor.cookies["_xsrf"])
        wait_until(lambda: len(server.kernels()) == 1)
        request.close()
        gone.touch()  # only now could the app be there
        wait_until(lambda: not server.kernels())


def test_nothing_beside_the_notebook_is_served(visitor: Visitor) -> None:
    for path in ("/voila/files/picture.png", "/voila/files/where.ipynb", "/picture.png", "/where.ipynb"):
        assert visitor.ask("GET", path)[0] in (403, 404), path


def test_error_page_is_ours(visitor: Visitor) -> None:
    status, _, page = visitor.ask("GET", "/nowhere")
    assert status == 404
    assert "There is no such page" in page
    assert "http" not in page


def test_cell_that_fails_gives_no_details_to_the_page_and_leaves_no_kernel(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "bad.ipynb", "1 / 0")
    port = find_free_port()
    url = f"http://localhost:{port}/"
    with run_server(serve_command(notebook, port), url, "InstruNet is at", folder=tmp_path) as server:
        visitor = Visitor(server)
        visitor.ask("GET", "/")
        status, _, text = visitor.ask("POST", "/instrunet/start", X_XSRFToken=visitor.cookies["_xsrf"])
        assert status == 500
        assert "Zero" not in text and "Traceback" not in text
        assert "ZeroDivisionError" in server.log
        assert len(server.kernels()) <= 1  # the next visitor's


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
@pytest.mark.parametrize("signs", [("SIGINT",), ("SIGINT", "SIGINT"), ("SIGTERM",), ("SIGHUP",)])
def test_interrupt_ends_it_with_all_kernels_and_files(tmp_path: Path, signs: tuple[str, ...]) -> None:
    notebook = write_notebook(tmp_path / "where.ipynb", SHOW_WHERE)
    port = find_free_port()
    url = f"http://localhost:{port}/"
    with run_server(serve_command(notebook, port), url, "InstruNet is at", folder=tmp_path) as server:
        started = Visitor(server).start()
        kernels = server.kernels()
        assert kernels
        for sign in signs:
            server.process.send_signal(signal.Signals[sign])
            time.sleep(0.3)
        assert server.process.wait(60) == 0
        assert not Path(started["outputs"][0]["data"]["application/json"]["cwd"]).parent.exists()
        wait_until(lambda: not any(kernel.is_running() for kernel in kernels))
        assert "Traceback" not in server.log


@pytest.mark.parametrize("name", ["python3", "xeus-python", ""])
def test_every_kernel_name_means_this_python(name: str) -> None:
    spec = OwnInterpreterSpecs().get_kernel_spec(name)
    assert spec.argv[:3] == [sys.executable, "-m", "ipykernel_launcher"]
    assert spec.language == "python"


def test_notebook_is_found_in_a_checkout() -> None:
    assert nbformat.read(launch.find_notebook(), as_version=4).metadata["title"] == "InstruNet"
