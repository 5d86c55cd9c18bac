"""Uploads as the browser sends them, and as a broken or hostile one might."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from instrunet_widgets.app import uploader as uploader_module
from instrunet_widgets.app.uploader import MAX_OPEN_UPLOADS, MAX_QUIET_TICKS, UploadedFile, Uploader

KEY = "0b6d3a52-1c2d-4e5f-8a9b-0123456789ab"
OTHER_KEY = "ffffffff-1c2d-4e5f-8a9b-0123456789ab"


class Page:
    """An uploader and the browser's side of the talk."""

    def __init__(self, folder: Path, **arguments: Any) -> None:
        self.files: list[UploadedFile] = []
        self.problems: list[tuple[str, str]] = []
        self.answers: list[dict[str, Any]] = []
        self.folder = folder
        self.uploader = Uploader(
            folder,
            on_file=self.files.append,
            on_problem=lambda name, sentence: self.problems.append((name, sentence)),
            **arguments,
        )
        self.uploader.send = lambda content, buffers=None: self.answers.append(content)

    def send(self, kind: str, key: Any = KEY, chunk: bytes | None = None, **content: Any) -> None:
        buffers = [] if chunk is None else [memoryview(chunk)]
        self.uploader._handle_custom_msg({"type": kind, "key": key, **content}, buffers)

    def start(self, n_bytes: Any, name: Any = "song.wav", key: Any = KEY) -> None:
        self.send("start", key=key, name=name, n_bytes=n_bytes)

    @property
    def sentence(self) -> str:
        assert len(self.problems) == 1
        return self.problems[0][1]

    @property
    def names_on_disk(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path / "uploads")


def test_file_arrives_whole_under_its_key(page: Page) -> None:
    page.start(10)
    page.send("chunk", offset=0, chunk=b"abcdef")
    page.send("chunk", offset=6, chunk=b"ghij")
    assert page.files == [UploadedFile(KEY, "song.wav", page.folder / KEY, 10)]
    assert (page.folder / KEY).read_bytes() == b"abcdefghij"
    assert [(answer["type"], answer.get("n_bytes")) for answer in page.answers] == [
        ("received", 0),
        ("received", 6),
        ("done", None),
    ]
    assert page.problems == []


def test_folder_and_files_are_closed_to_other_users(page: Page) -> None:
    page.folder.mkdir(mode=0o755)
    page.start(3)
    page.send("chunk", offset=0, chunk=b"abc")
    assert stat.S_IMODE(page.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((page.folder / KEY).stat().st_mode) == 0o600


def test_empty_file_arrives_at_once(page: Page) -> None:
    page.start(0)
    assert [file.n_bytes for file in page.files] == [0]
    assert (page.folder / KEY).read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "../../etc/passwd"),
        ("<img src=x onerror=alert(1)>.wav", "<img src=x onerror=alert(1)>.wav"),
        ('a "quoted" \U0001f3b9.mp3', 'a "quoted" \U0001f3b9.mp3'),
        ("\u202egpj.exe", "\u202egpj.exe"),
        ("a" * 3_000, "a" * 1_000),
        ("\ud800.wav", "?.wav"),
        ("", "unnamed"),
        (7, "unnamed"),
    ],
)
def test_name_is_only_text(page: Page, name: Any, expected: str) -> None:
    page.start(1, name=name)
    page.send("chunk", offset=0, chunk=b"x")
    assert [file.name for file in page.files] == [expected]
    assert page.names_on_disk == [KEY]


@pytest.mark.parametrize("key", ["", "../x", KEY.upper(), KEY + "\n", KEY[:-1], "x" * 36])
def test_bad_key_is_refused(page: Page, key: str) -> None:
    page.start(1, key=key)
    assert page.answers == [{"type": "failed", "key": key}]
    assert "reload" in page.sentence
    assert not page.folder.exists()


@pytest.mark.parametrize("n_bytes", [-1, 1.0, "1", None, True])
def test_bad_size_is_refused(page: Page, n_bytes: Any) -> None:
    page.start(n_bytes)
    assert page.answers == [{"type": "failed", "key": KEY}]
    assert not page.folder.exists()


@pytest.mark.parametrize("content", [None, [], "start", {"type": "start"}, {"type": "start", "key": 3}, {"key": KEY}])
def test_message_that_means_nothing_is_ignored(page: Page, content: Any) -> None:
    page.uploader._handle_custom_msg(content, [])
    assert page.answers == page.problems == []


def test_key_cannot_be_used_twice(page: Page) -> None:
    page.start(1)
    page.send("chunk", offset=0, chunk=b"x")
    page.start(1)
    page.send("chunk", offset=0, chunk=b"y")
    assert len(page.files) == 1
    assert (page.folder / KEY).read_bytes() == b"x"
    assert len(page.problems) == 1


def test_file_in_the_way_is_not_overwritten(page: Page) -> None:
    page.folder.mkdir()
    (page.folder / KEY).write_bytes(b"mine")
    page.start(1)
    assert "could not be stored" in page.sentence
    assert (page.folder / KEY).read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("offset", "chunk"),
    [(3, b"xxx"), (0, b"xxx"), (6, b"too much"), (None, b"x"), (5.0, b"x"), (5, b""), (5, None)],
    ids=["gap needed", "again", "later", "no place", "float", "empty", "no buffer"],
)
def test_chunk_that_does_not_fit_breaks_the_upload_off(page: Page, offset: Any, chunk: bytes | None) -> None:
    page.start(10)
    page.send("chunk", offset=0, chunk=b"abcde")
    page.send("chunk", offset=offset, chunk=chunk)
    assert page.sentence == "song.wav was not uploaded completely; drop it again."
    assert page.answers[-1] == {"type": "failed", "key": KEY}
    assert page.names_on_disk == []
    page.send("chunk", offset=5, chunk=b"fghij")  # was on its way
    assert page.files == []
    assert len(page.problems) == 1


def test_more_bytes_than_announced_break_the_upload_off(page: Page) -> None:
    page.start(3)
    page.send("chunk", offset=0, chunk=b"abcd")
    assert page.files == []
    assert page.names_on_disk == []
    assert "not uploaded completely" in page.sentence


def test_cancel_removes_the_partial_file_and_the_next_one_arrives(page: Page) -> None:
    page.start(4)
    page.send("chunk", offset=0, chunk=b"ab")
    page.send("cancel")
    assert page.sentence == "song.wav was not uploaded completely; drop it again."
    assert page.names_on_disk == []
    page.start(1, key=OTHER_KEY)
    page.send("chunk", key=OTHER_KEY, offset=0, chunk=b"x")
    assert [file.key for file in page.files] == [OTHER_KEY]


def test_unreadable_file_is_reported_before_and_during_the_upload(page: Page) -> None:
    page.send("unreadable", name="folder")
    page.start(4, key=OTHER_KEY)
    page.send("unreadable", key=OTHER_KEY, name="ignored")
    assert [name for name, _ in page.problems] == ["folder", "song.wav"]
    assert all("could not be read" in sentence for _, sentence in page.problems)
    assert page.names_on_disk == []
    page.send("unreadable", key=OTHER_KEY, name="again")
    assert len(page.problems) == 2


def test_too_large_a_file_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    page = Page(tmp_path / "uploads", max_bytes=1_500_000)
    page.start(2_000_000, name="long.wav")
    assert page.sentence == (
        "long.wav is too large (2 MB); files of up to 1.5 MB can be uploaded. Cut it or save it as FLAC or MP3."
    )
    assert page.answers == [{"type": "failed", "key": KEY}]
    assert not page.folder.exists()


def test_file_larger_than_the_free_space_is_refused_before_it_is_sent(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr("instrunet_widgets.app.incoming.shutil.disk_usage", lambda folder: usage)
    page.start(5_000_000)
    assert page.sentence.startswith("song.wav has no room on the server: it needs 5 MB, 1 MB are free;")
    assert page.names_on_disk == []


def test_disk_that_fills_up_ends_the_upload(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk:
        def write(self, chunk: memoryview) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def close(self) -> None:
            pass

    page.start(4)
    upload = page.uploader._uploads[KEY]
    upload._file.close()
    monkeypatch.setattr(upload, "_file", FullDisk())
    page.send("chunk", offset=0, chunk=b"ab")
    assert "has no room on the server: the disk" in page.sentence
    assert page.names_on_disk == []
    assert page.answers[-1] == {"type": "failed", "key": KEY}


def test_disk_that_takes_only_part_of_a_chunk_gets_the_rest(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.start(4)
    upload = page.uploader._uploads[KEY]
    file = upload._file
    slow_disk = SimpleNamespace(write=lambda chunk: file.write(chunk[:1]), close=file.close)
    monkeypatch.setattr(upload, "_file", slow_disk)
    page.send("chunk", offset=0, chunk=b"abcd")
    assert (page.folder / KEY).read_bytes() == b"abcd"
    assert len(page.files) == 1


def test_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    page = Page(tmp_path / "file" / "uploads")
    page.start(4)
    assert page.sentence.startswith("song.wav could not be stored (Not a directory)")


def test_stalled_upload_is_given_up_and_does_not_hold_up_another(page: Page) -> None:
    page.start(4)
    for _ in range(MAX_QUIET_TICKS - 1):
        page.uploader.tick()
    page.start(2, key=OTHER_KEY, name="other.wav")
    page.send("chunk", key=OTHER_KEY, offset=0, chunk=b"x")
    page.uploader.tick()
    assert page.problems == [("song.wav", "song.wav was not uploaded completely; drop it again.")]
    page.send("chunk", key=OTHER_KEY, offset=1, chunk=b"y")
    assert [file.name for file in page.files] == ["other.wav"]
    assert not page.uploader.uploading


def test_chunks_keep_an_upload_alive(page: Page) -> None:
    page.start(100)
    for offset in range(3):
        for _ in range(MAX_QUIET_TICKS - 1):
            page.uploader.tick()
        page.send("chunk", offset=offset, chunk=b"x")
    assert page.uploader.uploading
    assert page.problems == []


def test_stall_is_noticed_by_the_running_kernel(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploader_module, "TICK_SECONDS", 0.001)

    async def stall() -> None:
        page.start(4)
        for _ in range(500):
            await asyncio.sleep(0.002)
            if page.problems:
                return

    asyncio.run(stall())
    assert "not uploaded completely" in page.sentence


def test_number_of_open_uploads_is_bounded(page: Page) -> None:
    for k in range(MAX_OPEN_UPLOADS + 1):
        page.start(4, key=f"{k:08x}{KEY[8:]}")
    assert "too many" in page.sentence


def test_names_in_sentences_are_short_and_visible(page: Page) -> None:
    page.start(4, name="\u202e" + "n" * 300 + ".wav")
    page.send("cancel")
    assert page.sentence.startswith("\\u202ennn")
    assert "nnn.wav was not" in page.sentence
    assert len(page.sentence) < 140


def test_closing_removes_partial_files(page: Page) -> None:
    page.start(4)
    page.uploader.close()
    assert page.names_on_disk == []


def test_two_uploaders_share_nothing(tmp_path: Path) -> None:
    one, two = Page(tmp_path / "one"), Page(tmp_path / "two")
    one.start(1)
    two.send("chunk", offset=0, chunk=b"x")
    assert two.answers == []
    assert one.files == two.files == []
