"""Label files as people and Audacity write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_analysis import make_analysis

from instrunet_widgets import DecodingConfig
from instrunet_widgets.errors import ExportError
from instrunet_widgets.examples import LabelledRange, example_labels
from instrunet_widgets.export import write_export
from instrunet_widgets.label_files import label_path, read_labels, write_labels


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "song.labels.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_names_codes_and_odd_spacing_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeff3.5\t9\tPiano\r\n\n0\t 2.25 \tflu\t\n\\\t100\t200\n4\t5\tacoustic guitar")
    assert read_labels(path) == (
        LabelledRange("flu", 0, 2.25),
        LabelledRange("pia", 3.5, 9),
        LabelledRange("gac", 4, 5),
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    labels = example_labels()
    path = write_labels(label_path(tmp_path / "song.ogg"), labels)
    assert path.name == "song.labels.txt"
    assert read_labels(path) == labels


def test_the_apps_own_audacity_labels_are_read(tmp_path: Path) -> None:
    analysis = make_analysis()
    path = write_export(analysis, DecodingConfig(threshold=0.2), tmp_path / "music.txt", "labels")
    segments = analysis.decode(DecodingConfig(threshold=0.2)).segments
    assert segments
    assert read_labels(path) == tuple(LabelledRange(one.instrument, one.start, one.end) for one in segments)


def test_empty_file_holds_no_labels(tmp_path: Path) -> None:
    assert read_labels(write(tmp_path, "\n")) == ()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("0\t1", "start, end and instrument"),
        ("0 1 piano", "start, end and instrument"),
        ("0\t1\tpiano\tloud", "start, end and instrument"),
        ("zero\t1\tpiano", "must be seconds"),
        ("1\t1\tpiano", "ends after that"),
        ("-1\t1\tpiano", "begins at 0"),
        ("0\tnan\tpiano", "ends after that"),
        ("0\tinf\tpiano", "ends after that"),
        ("0\t1\tbagpipe", "none of the eleven"),
    ],
)
def test_fault_names_the_line(tmp_path: Path, line: str, fault: str) -> None:
    path = write(tmp_path, f"0\t1\tpiano\n{line}\n")
    with pytest.raises(ExportError, match=fault) as caught:
        read_labels(path)
    assert "line 2" in str(caught.value)


def test_missing_file_and_other_encodings_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be read"):
        read_labels(tmp_path / "nothing.txt")
    with pytest.raises(ExportError, match="UTF-8"):
        read_labels(write(tmp_path, b"\xff\xfe0\x00"))
