"""What README.md tells people to type and to believe: its commands, paths, examples and figures."""

from __future__ import annotations

import csv
import json
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrunet_widgets import DecodingConfig
from instrunet_widgets.classifier import Classifier
from instrunet_widgets.cli import build_parser
from instrunet_widgets.examples import example_path
from instrunet_widgets.export import FORMATS
from instrunet_widgets.lessons.published import PUBLISHED

REPOSITORY = Path(__file__).parent.parent
EXTRAS = "--extra corpus/notes --extra corpus/rendered"  # what the README's shell variable holds, shortened

pytestmark = pytest.mark.skipif(not (REPOSITORY / "README.md").is_file(), reason="not a checkout of the repository")


@cache
def read_readme() -> str:
    return (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", read_readme(), flags=re.DOTALL | re.MULTILINE)


def instrunet_commands() -> list[str]:
    """Arguments of every `instrunet` in a block for the shell or in running text, as a shell would pass them."""
    text = "\n".join(blocks("bash")).replace("\\\n", " ")
    lines = [line.partition(" instrunet ")[2] for line in text.splitlines() if " instrunet " in line]
    lines += re.findall(r"`(?:uv run )?instrunet (\w+ -[^`]+)`", read_readme())
    lines = [line.removesuffix("; done") for line in lines if "--help" not in line]
    lines = [line.replace('"${extras[@]}"', EXTRAS).replace("$k", "1") for line in lines]
    return [line.replace("folds/{0,1,2,3,4}", " ".join(f"folds/{k}" for k in range(5))) for line in lines]


@cache
def words() -> str:
    """The page with every run of spaces and line ends as one space."""
    return " ".join(read_readme().split())


def quote(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}".removeprefix("0")


@cache
def scores() -> Any:
    return json.loads((Classifier.load().path / "scores.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", instrunet_commands())
def test_commands_are_taken(command: str) -> None:
    assert build_parser().parse_args(shlex.split(command)).command


def test_enough_commands_were_found() -> None:
    found = " ".join(instrunet_commands())
    assert len(instrunet_commands()) > 25
    assert all(name in found for name in ("app", "analyze", "train", "experiments", "evaluate", "render", "users"))


def test_readme_commands_can_be_pasted_into_shells_that_know_no_comments_and_split_no_words() -> None:
    """As zsh at its prompt, which macOS opens: a comment is an argument there, and a variable one word."""
    assert len(blocks("bash")) > 10
    for block in blocks("bash"):
        assert "#" not in block
        assert not re.search(r'(?<!["/])\$(?!k\b)', block), block


def test_paths_that_it_names_exist() -> None:
    named = set(re.findall(r"\b(?:notebooks|instrunet_widgets|tests|models/instrunet-\d)/[\w./-]*\w", read_readme()))
    assert len(named) > 10
    assert [path for path in sorted(named) if not (REPOSITORY / path).exists()] == []


def test_notebooks_that_it_lists_are_those_that_there_are() -> None:
    there = {path.stem for path in (REPOSITORY / "notebooks").glob("*.ipynb")}
    assert {name.removesuffix(".ipynb") for name in re.findall(r"^\| `([\w.]+)` \|", read_readme(), re.M)} == there


def test_example_in_python_runs() -> None:
    (example,) = (block for block in blocks("python") if "analyze(" in block)
    names: dict[str, Any] = {}
    exec(example.replace('"song.mp3"', repr(str(example_path()))), names)
    assert names["timeline"].config == DecodingConfig(aggregation="max", threshold=0.4)
    assert set(names["timeline"].detected) >= {"pia", "cel"}


def test_examples_for_notebook_and_hub_are_python() -> None:
    for block in blocks("python"):
        compile(block, "README.md", "exec")
    from instrunet_widgets import app

    for name in re.findall(r"from instrunet_widgets\.app import (.+)", "\n".join(blocks("python")))[0].split(", "):
        assert hasattr(app, name)


def test_numbers_of_formats_and_version() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"| {len(FORMATS)} formats, a PDF report among them |" in read_readme()
    assert f"Version {version};" in read_readme()


def test_false_alarms_are_those_of_the_scores() -> None:
    alarms = scores()["shipped"]["false_alarms"]
    n_windows = sum(kind["n_windows"] for kind in alarms.values())
    overall = sum(kind["n_windows"] * kind["per_minute"] for kind in alarms.values()) / n_windows
    assert (round(overall), alarms["drums"]["per_minute"], round(alarms["synth"]["per_minute"])) == (5, 0, 14)
    assert "some of the eleven about five times (in drums never, in synthesisers 14 times)" in words()


def test_time_ranges_are_those_of_the_table() -> None:
    with (REPOSITORY / "models" / "timeline_experiments.csv").open(encoding="utf-8", newline="") as stream:
        rows = [
            {name: value for name, value in row.items() if value}
            for row in csv.DictReader(stream)
            if (row["hop_seconds"], row["smoothing_windows"], row["thresholds"]) == ("1.5", "3", "window")
        ]
    (own,) = (row for row in rows if row["experiment"] == "timeline")
    playing = {row["n_playing"]: float(row["frame_f1"]) for row in rows if row["experiment"] == "polyphony"}
    assert own["model"] == Classifier.load().name
    for sentence in (
        f"On {own['n']} rendered pieces",
        f"{quote(float(own['frame_precision']))} of the seconds that it finds are right, and it finds "
        f"{quote(float(own['frame_recall']))} of those that are labelled (F1 {quote(float(own['frame_f1']))}: "
        f"{quote(playing['1'])} where one plays, {quote(playing['4'])} where four do)",
        f"reach an F1 of {quote(float(own['segment_f1']))}",
        f"it is {float(own['boundary_error_seconds']):.1f} s (median)",
    ):
        assert sentence in words(), sentence


def test_readme_quotes_what_else_was_scored() -> None:
    relabelled, shipped = scores()["relabelled"]["eleven_classes"], scores()["shipped"]
    by_number = scores()["by_number"]["relabelled"]
    alone = {name: shipped[name]["eleven_classes"]["accuracy"] for name in ("notes", "phrases", "rendered")}
    solo = {code: row["accuracy"] for code, row in scores()["solo"]["per_class"].items() if row["n"]}
    for sentence in (
        f"On {relabelled['n']} of these clips a listener",
        f"micro F1 is {quote(relabelled['micro_f1'])} there (precision {quote(relabelled['micro_precision'])}, recall "
        f"{quote(relabelled['micro_recall'])}), {quote(by_number['1']['f1'])} where one plays and "
        f"{quote(by_number['2']['f1'])} where two do",
        f"it is {quote(scores()['mixtures of 2']['eleven_classes']['micro_f1'])}, in three "
        f"{quote(scores()['mixtures of 3']['eleven_classes']['micro_f1'])}.",
        f"at pitches that it did not learn, it names {quote(alone['notes'])} right; of phrases joined from notes that "
        f"it did learn, {quote(alone['phrases'])}; of rendered windows, {quote(alone['rendered'])}.",
        f"names {quote(scores()['solo']['accuracy'])} of their {scores()['solo']['n']:,} notes right (flute "
        f"{quote(solo['flu'])}, cello {quote(solo['cel'])}, clarinet {quote(solo['cla'])}, acoustic guitar "
        f"{quote(solo['gac'])}, saxophone {quote(solo['sax'])}).",
    ):
        assert sentence in words(), sentence


def test_readme_quotes_the_table_of_experiments() -> None:
    accuracies: dict[str, list[float]] = {}
    with (REPOSITORY / "models" / "experiments.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["question"] in ("base", "optimiser", "normalisation", "kernel", "split", "window"):
                accuracies.setdefault(f"{row['question']}: {row['variant']}", []).append(float(row["accuracy"]))
    assert len(accuracies) == 11
    for name, values in accuracies.items():
        assert len(values) == 3, name
        quoted = " ± ".join(quote(value, 3) for value in (np.mean(values), np.std(values, ddof=1)))
        assert quoted in read_readme(), (name, quoted)
    (n_right,) = {round(991 * value) for value in accuracies["optimiser: RMSProp, .001"]}
    assert f"RMSProp name the same number of clips right, {n_right} of 991" in read_readme()


def test_published_figures_are_those_of_lesson_6() -> None:
    table = read_readme().partition("### The official IRMAS test")[2]
    figures = {
        text
        for one in PUBLISHED
        for measure, text in one.figures.items()
        if one.split == "test" and measure in ("micro_f1", "macro_f1", "lrap")
    }
    quoted = set(re.findall(r"(?<!\d)(?:about )?\.\d{2,3}\b", table.partition("`instrunet evaluate --solo")[0]))
    assert figures <= quoted
    assert quoted - figures == {".382", ".095"}  # always voice and piano, which the lesson leaves out
