"""Names of exported files, and writing that never leaves half a file or destroys an old one."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instrunet_widgets.errors import ExportError
from instrunet_widgets.export.files import write_file
from instrunet_widgets.export.names import name_files

# A busy machine must not fail a property.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions, signals and devices")


# Names of exported files


def test_exports_are_named_after_their_recordings_without_folders():
    assert name_files(["a.mp3", "../b.c.wav", "x\\y.ogg", "plain"], ".csv") == (
        "a.csv",
        "b.c.csv",
        "y.csv",
        "plain.csv",
    )


def test_recordings_that_differ_in_their_extension_or_case_get_different_exports():
    assert name_files(["a.mp3", "a.wav", "b.wav"], ".json") == ("a.mp3.json", "a.wav.json", "b.json")
    assert name_files(["A.wav", "a.wav"], ".json") == ("A.wav.json", "a.wav (2).json")
    assert name_files(["a.wav"] * 3, ".json") == ("a.wav.json", "a.wav (2).json", "a.wav (3).json")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("..", "recording.json"),
        ("", "recording.json"),
        ("con.wav", "_con.json"),
        ("what?.wav", "what_.json"),
        ("a\nb.wav", "a_nb.json"),
    ],
)
def test_names_that_some_system_forbids_are_replaced(name, expected):
    assert name_files([name], ".json") == (expected,)


@unhurried
@given(st.lists(st.text(max_size=300), max_size=6))
def test_names_of_exports_are_different_and_can_be_made(names):
    made = name_files(names, ".json")
    assert len({name.casefold() for name in made}) == len(names)
    with tempfile.TemporaryDirectory() as folder:
        for name in made:
            write_file(Path(folder) / name, b"x")
        assert len(list(Path(folder).iterdir())) == len(names)


# Writing files


def test_a_file_is_written_whole_and_nothing_is_left_beside_it(tmp_path):
    path = write_file(tmp_path / "a.json", b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_refused_unless_forced(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    with pytest.raises(ExportError) as caught:
        write_file(path, b"new")
    assert str(caught.value) == f"{path} exists; use --force to replace it."
    assert path.read_bytes() == b"old"
    write_file(path, b"new", force=True)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_appears_while_writing_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.json"

    def somebody_else_writes(descriptor):
        path.write_bytes(b"theirs")

    monkeypatch.setattr(os, "fsync", somebody_else_writes)
    with pytest.raises(ExportError, match="exists"):
        write_file(path, b"ours")
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_written_where_the_file_system_has_no_hard_links(tmp_path, monkeypatch):
    def no_links(self, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    path = write_file(tmp_path / "a.json", b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("existing", [b"old", None])
def test_an_interrupted_write_leaves_everything_as_it_was(tmp_path, monkeypatch, error, existing):
    path = tmp_path / "a.json"
    if existing is not None:
        path.write_bytes(existing)

    def interrupted(descriptor):
        raise error

    monkeypatch.setattr(os, "fsync", interrupted)
    expected = ExportError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected):
        write_file(path, b"new" * 1000, force=True)
    assert (path.read_bytes() if path.exists() else None) == existing
    assert list(tmp_path.iterdir()) == ([path] if existing is not None else [])


@needs_posix
def test_a_killed_process_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    program = textwrap.dedent(f"""
        import os, signal
        from instrunet_widgets.export.files import write_file
        os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
        write_file({str(path)!r}, b"new" * 100_000, force=True)
    """)
    assert subprocess.run([sys.executable, "-c", program]).returncode == -9
    assert path.read_bytes() == b"old"


@needs_posix
def test_a_disk_that_fills_up_gives_a_sentence_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    # A limit on the size of files fails in the middle of writing, as a full disk does.
    program = textwrap.dedent(f"""
        import resource, signal
        from instrunet_widgets.errors import ExportError
        from instrunet_widgets.export.files import write_file
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_file({str(path)!r}, b"new" * 100_000, force=True)
        except ExportError as error:
            print(error)
    """)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "cannot be written because the disk is full" in result.stdout
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_and_a_folder_as_target_are_named(tmp_path):
    with pytest.raises(ExportError, match=re.escape(f"there is no folder {tmp_path}/none; create it")):
        write_file(tmp_path / "none" / "a.json", b"new")
    with pytest.raises(ExportError, match="is a folder; name a file in it"):
        write_file(tmp_path, b"new")
    with pytest.raises(ExportError, match="is a folder; name a file in it"):
        write_file(tmp_path, b"new", force=True)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ExportError, match="there is no folder"):
        write_file(tmp_path / "file" / "a.json", b"new")


def test_names_that_no_file_can_have_are_refused(tmp_path):
    with pytest.raises(ExportError, match="name is too long"):
        write_file(tmp_path / ("x" * 300), b"new")
    with pytest.raises(ExportError, match=r"nul\\x00.json cannot be written"):
        write_file(tmp_path / "nul\0.json", b"new")


@needs_posix
def test_a_name_of_the_longest_allowed_length_can_be_written(tmp_path):
    path = write_file(tmp_path / ("x" * 255), b"new")
    assert path.read_bytes() == b"new"


@pytest.fixture
def unprivileged():
    """Run as somebody who may not write everywhere."""
    if sys.platform == "win32":
        pytest.skip("POSIX permissions")
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder on a path that everybody may walk, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Path(folder).chmod(0o755)


def test_a_folder_without_permission_is_named(open_folder, request):
    old = open_folder / "old.json"
    old.write_bytes(b"old")
    open_folder.chmod(0o555)
    request.getfixturevalue("unprivileged")
    with pytest.raises(ExportError, match=r"new.json cannot be written: permission denied"):
        write_file(open_folder / "new.json", b"new")
    with pytest.raises(ExportError, match=r"old.json cannot be written: permission denied"):
        write_file(old, b"new", force=True)
    assert old.read_bytes() == b"old"


def test_a_write_protected_file_is_not_replaced_even_if_forced(open_folder, request):
    old = open_folder / "old.json"
    old.write_bytes(b"old")
    old.chmod(0o444)
    open_folder.chmod(0o777)
    request.getfixturevalue("unprivileged")
    with pytest.raises(ExportError, match="permission denied"):
        write_file(old, b"new", force=True)
    assert old.read_bytes() == b"old"


@needs_posix
def test_permissions_are_those_of_the_replaced_file_or_the_usual_ones(tmp_path):
    old_mask = os.umask(0o027)
    try:
        new = write_file(tmp_path / "new.json", b"new")
        replaced = tmp_path / "old.json"
        replaced.write_bytes(b"old")
        replaced.chmod(0o604)
        write_file(replaced, b"new", force=True)
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert stat.S_IMODE(replaced.stat().st_mode) == 0o604


@needs_posix
def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "target.json", tmp_path / "link.json"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with pytest.raises(ExportError, match="exists"):
        write_file(link, b"new")
    write_file(link, b"new", force=True)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@needs_posix
def test_a_loop_of_links_gives_a_sentence(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(ExportError, match="cannot be written"):
        write_file(tmp_path / "a", b"new", force=True)


@needs_posix
def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExportError, match="a device or a pipe"):
        write_file(tmp_path / "pipe", b"new", force=True)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
