"""How much a page may take: read from the environment, enforced with a sentence."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from app_parts import write_tones
from stand_in import PitchClassifier

from instrunet_widgets.app.controller import Controller
from instrunet_widgets.app.instrunet_app import InstruNetApp
from instrunet_widgets.app.limits import PageLimits
from instrunet_widgets.app.state import AppState
from instrunet_widgets.app.uploader import Uploader

KEY = "0b6d3a52-1c2d-4e5f-8a9b-0123456789a{}"


class WaitingClassifier(PitchClassifier):
    """One that computes for as long as it is made to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def predict_proba(self, log_mels: Any) -> Any:
        self.go_on.wait(30)
        return super().predict_proba(log_mels)


class HungryClassifier(PitchClassifier):
    """One that finds no memory."""

    def predict_proba(self, log_mels: Any) -> Any:
        raise MemoryError


def analyze(controller: Controller, path: Path) -> list[str]:
    controller.add_file("a", path.name, path, path.stat().st_size)
    controller.start_analysis()
    return [message.text for message in controller.state.messages]


def test_limits_survive_the_way_through_the_environment() -> None:
    limits = PageLimits(upload_bytes=5e6, stored_bytes=2e7, analysis_seconds=90.5)
    assert PageLimits.from_environment(limits.to_environment()) == limits


@pytest.mark.parametrize("text", ["0", "-1", "many", "nan"])
def test_odd_limit_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=f"INSTRUNET_MAX_UPLOAD_BYTES={text}"):
        PageLimits.from_environment({"INSTRUNET_MAX_UPLOAD_BYTES": text})


def test_app_takes_its_limits_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTRUNET_MAX_UPLOAD_BYTES", "1000")
    monkeypatch.setenv("INSTRUNET_MAX_STORED_BYTES", "2500")
    app = InstruNetApp()
    try:
        app.uploader._handle_custom_msg({"type": "start", "key": KEY.format(1), "name": "a.wav", "n_bytes": 1001}, [])
        (message,) = app.state.messages
    finally:
        app.close()
    assert message.text == (
        "a.wav is too large (1 kB); files of up to 1 kB can be uploaded. Cut it or save it as FLAC or MP3."
    )


def test_files_together_may_not_take_more_than_the_page_may_have(tmp_path: Path) -> None:
    problems: list[str] = []
    uploader = Uploader(
        tmp_path / "files", on_file=lambda file: None, on_problem=lambda _, sentence: problems.append(sentence),
        max_stored_bytes=2_500,
    )  # fmt: skip
    uploader.send = lambda content, buffers=None: None

    def send(number: int, n_bytes: int) -> None:
        key = KEY.format(number)
        uploader._handle_custom_msg({"type": "start", "key": key, "name": f"{number}.wav", "n_bytes": n_bytes}, [])

    send(1, 1_000)
    uploader._handle_custom_msg({"type": "chunk", "key": KEY.format(1), "offset": 0}, [memoryview(bytes(1_000))])
    send(2, 1_000)  # on its way: its place is taken
    send(3, 501)
    assert problems == [
        "3.wav was not uploaded: all recordings of a page together may have 2.5 kB here; remove some first."
    ]
    (tmp_path / "files" / KEY.format(1)).unlink()
    send(4, 501)
    assert len(problems) == 1


def test_analysis_that_takes_too_long_ends_with_a_sentence(tmp_path: Path) -> None:
    classifier = WaitingClassifier()
    controller = Controller(AppState(), lambda: classifier, max_analysis_seconds=0.2)
    # its thread ends once the page has given it up, however late that is
    controller.state.observe(lambda change: change.new and classifier.go_on.set(), "messages")
    assert analyze(controller, write_tones(tmp_path, "long.wav", ("cel", 4.0))) == [
        "long.wav was not analysed: it took longer than the 0 seconds that this server allows. Cut it into shorter "
        "recordings, or analyse it on a computer of your own."
    ]
    assert controller.state.activity is None
    assert controller.state.recording.problem


def test_page_goes_on_while_an_analysis_is_too_long(tmp_path: Path) -> None:
    path = write_tones(tmp_path, "long.wav", ("cel", 4.0))

    async def count_beats() -> int:
        classifier, n_beats = WaitingClassifier(), 0
        controller = Controller(AppState(), lambda: classifier, max_analysis_seconds=0.3)
        controller.add_file("a", path.name, path, 1)
        controller.start_analysis()
        while controller.is_busy:
            n_beats += 1
            await asyncio.sleep(0.02)
        classifier.go_on.set()
        return n_beats

    # where the whole machine stands still for just those 0.3 s, nothing can beat
    assert sum(asyncio.run(count_beats()) > 3 for _ in range(5)) >= 2


def test_analysis_without_memory_ends_with_a_sentence(tmp_path: Path) -> None:
    controller = Controller(AppState(), HungryClassifier)
    (sentence,) = analyze(controller, write_tones(tmp_path, "large.wav", ("cel", 4.0)))
    assert sentence.startswith("large.wav was not analysed: there is not enough memory for it here.")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="such limits are Linux's")
def test_process_is_confined_to_its_memory_and_goes_first() -> None:
    program = (
        "from instrunet_widgets.app.limits import confine_process; confine_process()\n"
        "import resource\n"
        "print(open('/proc/self/oom_score_adj').read().strip(), resource.getrlimit(resource.RLIMIT_CORE)[0])\n"
        "kept = bytearray(100_000_000)\n"
        "try:\n    bytearray(400_000_000)\n"
        "except MemoryError:\n    print('no more')\n"
    )
    variables = {**os.environ, "INSTRUNET_MAX_MEMORY_BYTES": "300e6"}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["500", "0", "no", "more"]
