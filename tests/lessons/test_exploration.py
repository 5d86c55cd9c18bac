"""What `explore` needs beside the package: folders of recordings, and label files beside them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from sample_analysis import make_analysis

from instrunet_widgets.examples import LabelledRange, example_labels
from instrunet_widgets.label_files import label_path, read_labels
from instrunet_widgets.lessons import exploration, material
from instrunet_widgets.lessons.notices import LessonStop


def test_folder_holds_seven_postcards_with_their_labels() -> None:
    folder = exploration.make_folder()
    paths = sorted(folder.glob("*.wav"))
    assert [path.name for path in paths] == [f"postcard-{k}.wav" for k in range(1, 8)]
    assert [{one.instrument for one in read_labels(label_path(path))} for path in paths] == [
        {"pia"}, {"pia", "flu"}, {"gac"}, {"gac", "cla"}, {"cel"}, {"cel", "flu", "pia"}, {"org", "tru"},
    ]  # fmt: skip


def test_recordings_are_found_by_their_endings_and_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    for name in ("b.WAV", "a.opus", "notes.txt", "c.aiff"):
        (tmp_path / name).touch()
    (tmp_path / "folder.wav").mkdir()
    assert [path.name for path in exploration.find_recordings(tmp_path)] == ["a.opus", "b.WAV", "c.aiff"]
    for folder in (tmp_path / "folder.wav", tmp_path / "missing"):
        with pytest.raises(LessonStop, match=r"no recording|cannot be read"):
            exploration.find_recordings(folder)


def test_folder_of_results_is_made_and_one_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    assert exploration.make_output_folder(str(tmp_path / "a" / "b")).is_dir()
    assert exploration.make_output_folder() != exploration.make_output_folder()
    (tmp_path / "file").touch()
    with pytest.raises(LessonStop, match=r"file/more cannot be made .*; name another one"):
        exploration.make_output_folder(tmp_path / "file" / "more")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a cell displays as HTML."""
    lines: list[str] = []
    monkeypatch.setattr("IPython.display.display", lambda thing: lines.append(thing.data))
    return lines


def test_recordings_that_cannot_be_read_are_named_and_the_others_go_on(tmp_path: Path, shown: list[str]) -> None:
    good, bad, empty = tmp_path / "good.wav", tmp_path / "<b>.wav", tmp_path / "empty.mp3"
    good.write_bytes(material.load_piece().cut(0, 4).encode_wav())
    bad.write_bytes(b"no sound at all")
    empty.touch()
    classifier = exploration.load_classifier()
    analyses = exploration.analyze_recordings([bad, empty, good], classifier)
    assert [(name, analysis.audio_name) for name, analysis in analyses.items()] == [("good.wav", "good.wav")]
    assert "&lt;b&gt;.wav" in shown[0]
    assert "<b>" not in shown[0]
    assert shown[0].count("<p role=") == 2
    assert ".." not in shown[0]
    assert "empty.mp3" in shown[0]
    with pytest.raises(LessonStop, match="name another folder"):
        exploration.analyze_recordings([bad, empty], classifier)


def test_label_files_that_are_wrong_are_named_and_the_others_go_on(tmp_path: Path, shown: list[str]) -> None:
    texts = {
        "right": "0\t2\tpiano\n1.5\t7.6\tflu\n",  # ends .6 s after the recording
        "late": "0\t300\tpiano\n",
        "spaces": "0 2 piano\n",
        "kazoo": "0\t2\tkazoo\n",
    }
    paths = [tmp_path / f"{name}.wav" for name in [*texts, "none"]]
    for path in paths[:-1]:
        label_path(path).write_text(texts[path.stem])
    analyses = {path.name: make_analysis() for path in paths}  # 7 s each
    labels = exploration.read_label_files(paths, analyses)
    assert labels == {"right.wav": (LabelledRange("pia", 0.0, 2.0), LabelledRange("flu", 1.5, 7.6))}
    assert len(shown) == 1
    for sentence in (
        "late.labels.txt ends at 300.0 s, after the recording",
        "with tabs between",
        "is none of the eleven",
    ):
        assert sentence in shown[0]
    assert exploration.read_label_files(paths[-1:], analyses) == {}
    assert "no recording here has a label file beside it" in shown[1]


def test_cut_labels_count_from_the_start_of_their_part() -> None:
    labels = (LabelledRange("pia", 0.0, 10.0), LabelledRange("flu", 4.9, 5.1), LabelledRange("cel", 8.0, 20.0))
    assert exploration.cut_labels(labels, 5.0, 12.0) == [LabelledRange("pia", 0.0, 5.0), LabelledRange("cel", 3.0, 7.0)]


def test_parts_cover_the_piece() -> None:
    parts = exploration.find_parts(example_labels(), 81.0)
    assert parts[0][0] == 0.0
    assert parts[-1][1] == 81.0
    assert all(end == start for (_, end), (start, _) in pairwise(parts))
