"""What lessons are about, and what they say where it is missing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from lesson_parts import look_at, texts_of

from instrunet_widgets import examples
from instrunet_widgets.lessons import exploration, irmas_clips, material, notices
from instrunet_widgets.lessons import windows_and_labels as lesson_2
from instrunet_widgets.lessons.experiment_curves import ExperimentExplorer, read_experiments
from instrunet_widgets.lessons.notices import LessonStop
from instrunet_widgets.lessons.ways_table import WaysTable
from instrunet_widgets.training.experiment_plan import WAYS

LESSONS = (
    "sound_to_log_mel",
    "windows_and_labels",
    "the_network",
    "training_experiments",
    "windows_to_timeline",
    "how_good_is_it",
    "exploration",
)
CACHED = (
    *(material.load_piece, material.load_labels, material.load_classifier, material.analyze_piece),
    irmas_clips.read_clips,
)
RUN_FIELDS = "question,variant,seed,split_by,accuracy,micro_f1\n"


@pytest.fixture
def nothing_cached():
    for function in CACHED:
        function.cache_clear()
    yield
    for function in CACHED:
        function.cache_clear()


def test_importing_the_lessons_loads_no_training_library() -> None:
    modules = ", ".join(f"instrunet_widgets.lessons.{name}" for name in LESSONS)
    heavy = ["tensorflow", "keras", "librosa", "sklearn", "numba", "onnx", "mido", "matplotlib"]
    program = f"import sys, {modules}; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_importing_the_app_loads_no_lesson() -> None:
    program = (
        "import sys, instrunet_widgets.app.instrunet_app, instrunet_widgets.app.charts; "
        "print([name for name in sys.modules if 'lessons' in name])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.usefixtures("nothing_cached")
def test_missing_demo_is_one_line_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "_FOLDER", tmp_path)
    for load in (material.load_piece, material.load_labels, exploration.make_folder):
        with pytest.raises(LessonStop, match="clone its repository or install the package again") as caught:
            load()
        assert caught.value._render_traceback_() == [str(caught.value)]
        assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("nothing_cached")
def test_missing_labels_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(examples.example_path(), tmp_path)
    monkeypatch.setattr(examples, "_FOLDER", tmp_path)
    with pytest.raises(LessonStop, match="clone the repository or install the package again"):
        material.load_labels()


@pytest.mark.usefixtures("nothing_cached")
@pytest.mark.parametrize("content", [None, {}, {"model.json": "{"}, {"split.json": "[]", "scores.json": "{"}])
def test_missing_or_damaged_network_is_one_line(
    content: dict[str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    if content is not None:
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text)
    monkeypatch.setenv("INSTRUNET_MODEL", str(folder))
    for load in (
        material.analyze_piece,
        irmas_clips.read_clips,
        material.load_classifier,
        lambda: material.read_model_file("scores.json"),
    ):
        with pytest.raises(LessonStop) as caught:
            load()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) > 30
    with pytest.raises(LessonStop, match=r"\. Clone the repository again, or set INSTRUNET_MODEL"):
        material.load_classifier()


def test_stop_shows_its_line_in_a_kernel_in_place_of_a_traceback() -> None:
    """As JupyterLab shows it: what IPython prints when a cell raises."""
    program = (
        "from IPython.core.interactiveshell import InteractiveShell as Shell\n"
        "shell = Shell.instance(colors='nocolor')\n"
        "shell.run_cell('from instrunet_widgets.lessons.notices import require_extra')\n"
        'shell.run_cell(\'require_extra("03_a_lesson", "no_such_library", "json")\')\n'
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Traceback" not in run.stdout + run.stderr
    lines = [line for line in run.stdout.splitlines() if "needs" in line]
    assert lines == [
        "This lesson needs no_such_library, of the extra 'training': stop Jupyter and start it with 'uv run "
        "--extra lab --extra training jupyter lab notebooks' (or Voila with 'uv run --extra training voila "
        "notebooks/03_a_lesson.ipynb'; without uv, first 'pip install -e .[training]')."
    ]


def test_extra_that_is_there_stops_nothing() -> None:
    notices.require_extra("03_a_lesson", "json", "csv")


def test_clips_are_those_of_the_split_file() -> None:
    clips = irmas_clips.read_clips()
    split = json.loads((material.model_folder() / "split.json").read_text(encoding="utf-8"))
    names = [
        file for side in ("train", "stop", "test") for file in split[side] if file.endswith(".wav") and "[" in file
    ]
    assert clips.file.tolist() == names
    assert (clips.file.str[:3] == clips.instrument).all()
    assert not (clips.groupby("recording").side.nunique() > 1).any()


def test_leaks_by_hand() -> None:
    recordings = ["a", "a", "a", "b", "b", "c"]
    is_test = np.array([True, False, False, True, True, True])
    assert irmas_clips.find_leaks(recordings, is_test).tolist() == [True, False, False, False, False, False]


def test_dealing_by_clip_takes_the_share_of_clips_and_by_recording_keeps_recordings_whole() -> None:
    recordings = np.repeat(np.arange(100), 3)
    by_clip = irmas_clips.deal_clips(recordings, 0.2, 1, by_recording=False)
    assert by_clip.sum() == 60
    assert 50 <= irmas_clips.find_leaks(recordings, by_clip).sum() <= 60  # 96 % are expected
    by_recording = irmas_clips.deal_clips(recordings, 0.2, 1, by_recording=True)
    assert by_recording.reshape(-1, 3).all(axis=1).sum() == 20
    assert irmas_clips.find_leaks(recordings, by_recording).sum() == 0


def test_split_scores_are_averaged_over_seeds(tmp_path: Path) -> None:
    table = tmp_path / "experiments.csv"
    table.write_text(
        RUN_FIELDS
        + "base,3x3,0,group,.60,.50\nbase,3x3,1,group,.70,.60\n"
        + "split,by clip,0,clip,.80,\nkernel,5x5,0,group,.10,.10\n"
    )
    by_recording, by_clip = irmas_clips.read_split_scores(table)
    assert by_recording == irmas_clips.SplitScore(
        "recording",
        2,
        pytest.approx({"accuracy": 0.65, "micro_f1": 0.55}),
        {"accuracy": 0.6, "micro_f1": 0.5},
        {"accuracy": 0.7, "micro_f1": 0.6},
    )
    assert by_clip.means == {"accuracy": 0.8}
    shown = lesson_2.show_scores((by_recording, by_clip))
    text = shown.children[1].value
    assert "<td>0.650 (0.600-<wbr>0.700)</td><td>0.800</td><td>+0.150</td>" in text
    assert "Micro F1" not in text  # not measured on both sides
    assert "Mean of the runs (2 by recording, 1 by clip), and from lowest to highest where there are several." in text


def test_one_run_of_each_split_is_no_range(tmp_path: Path) -> None:
    table = tmp_path / "experiments.csv"
    table.write_text(RUN_FIELDS + "base,3x3,0,group,.60,.50\nsplit,by clip,0,clip,.80,.70\n")
    text = lesson_2.show_scores(irmas_clips.read_split_scores(table)).children[1].value
    assert "<td>0.600</td><td>0.800</td><td>+0.200</td>" in text
    assert "One run each; nobody can say how much of it is chance." in text
    assert "lowest" not in text


def test_names_show_the_clarinet_in_classical_music() -> None:
    text = lesson_2.show_names().children[1].value
    assert text.count("<tr>") == 7
    assert "<td>cla</td><td>cla</td>" in text


@pytest.mark.parametrize("rows", ["", "base,3x3,0,group,.60,.50\n", "split,by clip,0,clip,.80,.70\n"])
def test_split_that_was_not_measured_is_said_so(rows: str, tmp_path: Path) -> None:
    table = tmp_path / "experiments.csv"
    table.write_text(RUN_FIELDS + rows)
    assert irmas_clips.read_split_scores(table) == ()
    assert irmas_clips.read_split_scores(tmp_path / "missing.csv") == ()
    assert "has not been measured here yet" in lesson_2.show_scores(()).children[1].value


RUNS, HISTORY = "experiments.csv", "experiments_history.csv"


def read_in_lesson_2(folder: Path) -> None:
    irmas_clips.read_split_scores(folder / RUNS)


@pytest.mark.parametrize(
    ("name", "content", "reason", "lessons"),
    [
        (RUNS, b"question,variant\n\xff\xfe,x\n", "it is no table", (read_experiments, read_in_lesson_2)),
        (
            RUNS,
            b"variant,seed,split_by\na,0,clip\n",
            "it has no column 'question'",
            (read_experiments, read_in_lesson_2),
        ),
        (RUNS, b"question,seed\nbase,0\n", "it has no column 'variant'", (read_experiments,)),
        (RUNS, b"question,variant\nbase,3x3\n", "it has no column 'seed'", (read_experiments,)),
        (RUNS, b"question,variant,seed\nbase,3x3,0\n", "it has no column 'split_by'", (read_in_lesson_2,)),
        (HISTORY, b"question,variant,seed\nbase,3x3,0\n", "it has no column 'epoch'", (read_experiments,)),
        (HISTORY, b"question,variant,epoch\nbase,3x3,1\n", "it has no column 'seed'", (read_experiments,)),
    ],
)
def test_damaged_table_of_experiments_is_one_line_in_every_lesson_that_reads_it(
    name: str, content: bytes, reason: str, lessons: tuple[Callable[[Path], object], ...], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    for read in lessons:
        with pytest.raises(LessonStop, match=rf"{name} cannot be read \({reason}") as caught:
            read(tmp_path)
        assert "\n" not in str(caught.value)


def test_damaged_number_in_a_table_is_left_out_like_one_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / RUNS).write_text(
        "question,variant,seed,split_by,accuracy,n_train,n_parameters\n"
        "base,3x3,0,group,x,,many\nbase,3x3,1,group,.6,5000,\nbase,3x3,2,group,nan,,\n"
        "split,by clip,0,clip,.8,,\nsplit,by clip,1,clip,inf,,\n"
        f"{WAYS[0][0]},<b>,0,group,x,1,\n{WAYS[1][0]},no shift,0,group,.7,some,\n"
        "optimiser\n"  # cut short
    )
    (tmp_path / HISTORY).write_text(
        "question,variant,seed,epoch,stop_accuracy\nbase,3x3,0,1,.2\nbase,3x3,0,x,.3\nbase,3x3,0,3,x\nbase,3x3,0,4,.4\n"
    )
    by_recording, by_clip = irmas_clips.read_split_scores(tmp_path / RUNS)
    assert (by_recording.means, by_clip.means) == ({"accuracy": 0.6}, {"accuracy": 0.8})
    experiments = read_experiments(tmp_path)
    assert experiments.scores("split")[0] == ("by recording", "3", "0.600", "-", "-", "-")
    (curve,) = experiments.curves("optimiser", "stop_accuracy")
    assert (curve.epochs.tolist(), curve.means.tolist()) == ([1, 4], [0.2, 0.4])
    for panel in (WaysTable(experiments), ExperimentExplorer(experiments)):
        look_at(panel)
    text = texts_of(WaysTable(experiments))
    assert text.count("<tr>") == 2  # its head, and the one way whose score is a number
    assert "no shift</td><td>-</td><td>0.700</td><td>+0.100</td>" in text


@pytest.mark.parametrize("content", ["[]", '{"test": null}', '{"test": {"eleven_classes": [0.5]}}'])
def test_scores_that_were_not_measured_are_no_rows(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scores.json").write_text(content)
    monkeypatch.setenv("INSTRUNET_MODEL", str(tmp_path))
    text = lesson_2.show_scores(()).children[1].value
    assert "<td>" not in text
    assert "has not been measured here yet" in text
