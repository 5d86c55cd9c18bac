"""What the texts of the notebooks say about the network and its data: the cells beside them may show anything."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise

import nbformat
import numpy as np
import pytest
from record import NOTEBOOKS

from instrunet_widgets import DecodingConfig, analyze
from instrunet_widgets.classifier import Classifier
from instrunet_widgets.instruments import CODES, INSTRUMENTS
from instrunet_widgets.lessons import exploration, material
from instrunet_widgets.results import Analysis

NAMES = {one.code: one.name for one in INSTRUMENTS}


@cache
def text_of(notebook: str, cell: str) -> str:
    cells = {one.id: one.source for one in nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells}
    return " ".join(cells[cell].split())


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


@pytest.fixture(scope="module")
def piece() -> Analysis:
    return material.analyze_piece()


def detect(analysis: Analysis, aggregation: str) -> set[str]:
    return set(analysis.decode(DecodingConfig(aggregation=aggregation)).detected)


@pytest.mark.parametrize(
    ("notebook", "cell"),
    [("explore", "judge-alone"), ("05_from_windows_to_timeline", "aggregation"), ("03_the_network", "class-map")],
)
def test_the_network_that_is_named_is_the_one_that_ships(notebook: str, cell: str, classifier: Classifier) -> None:
    assert f"network *{classifier.name}*" in text_of(notebook, cell)


def test_explore_names_what_mean_finds_alone(classifier: Classifier) -> None:
    folder = exploration.make_folder()
    alone, thresholds = set(), []
    for path in exploration.find_recordings(folder):
        analysis = analyze(path, classifier=classifier)
        by_mean, by_max = detect(analysis, "mean"), detect(analysis, "max")
        assert by_max <= by_mean, path.name
        thresholds += analysis.decode(DecodingConfig(aggregation="mean")).recording_thresholds.tolist()
        alone |= {(path.stem, code) for code in by_mean - by_max}
    assert alone == {("postcard-2", "gac"), ("postcard-4", "org"), ("postcard-7", "gel")}
    text = text_of("explore", "judge-alone")
    assert "the acoustic guitar in postcard 2, the organ in postcard 4, the electric guitar in postcard 7" in text
    lowest, highest = (f"{value:.2f}".removeprefix("0") for value in (min(thresholds), max(thresholds)))
    assert f"the thresholds of the mean lie between {lowest} and {highest}" in text


def test_lesson_5_tells_what_the_piano_is_and_what_is_missed(piece: Analysis) -> None:
    labels = material.load_labels()
    text = text_of("05_from_windows_to_timeline", "aggregation")
    seconds = sum(one.end - one.start for one in labels if one.instrument == "pia")
    means, loudest = (piece.decode(DecodingConfig(aggregation=how)) for how in ("mean", "max"))
    assert f"piano plays for {seconds:.0f} s of {piece.duration:.0f}" in text
    assert f"stays at {100 * means.score_of('pia'):.0f} %" in text
    assert f"whether it is heard anywhere: {100 * loudest.score_of('pia'):.0f} %" in text
    playing = {one.instrument for one in labels}
    assert detect(piece, "mean") == detect(piece, "max")
    assert len(detect(piece, "mean") & playing) == 5
    missed = " and ".join(NAMES[code] for code in sorted(playing - detect(piece, "mean")))
    assert f"both ways find the same five instruments, and both miss {missed}" in text
    assert f"arithmetic on {piece.n_windows} rows of 11 numbers" in text_of("05_from_windows_to_timeline", "end")


def test_lesson_5_says_in_which_windows_the_piano_is_heard(piece: Analysis) -> None:
    """Only at the beginning, where it is alone, and in the last window, after the last label has ended."""
    piano = piece.instruments.index("pia")
    heard = piece.window_starts[piece.probabilities[:, piano] >= piece.thresholds.window[piano]]
    early = heard[heard < 60]
    assert early.max() + piece.window_seconds <= 12.0
    assert all(later - earlier == pytest.approx(piece.hop_seconds) for earlier, later in pairwise(early))
    assert list(heard[heard >= 60]) == [piece.window_starts[-1]]
    assert "hears it only in the first 10 s" in text_of("05_from_windows_to_timeline", "aggregation")


def test_lesson_3_counts_the_network(classifier: Classifier) -> None:
    scores = json.loads((classifier.path / "scores.json").read_text(encoding="utf-8"))
    settings = json.loads((classifier.path / "training.json").read_text(encoding="utf-8"))
    assert 860_000 < scores["size"]["n_parameters"] < 900_000
    assert "nearly 900,000 numbers" in text_of("03_the_network", "title")
    kernels = settings["network"]["stem_channels"]
    assert f"the *stem*, has {kernels} kernels" in text_of("03_the_network", "layers")
    assert f"These are the {kernels} kernels of the stem" in text_of("03_the_network", "filters")


def test_lesson_3_counts_the_multiplications_of_a_window() -> None:
    """Each number of a convolution's kernels is used once for every cell of what it gives."""
    from instrunet_widgets.lessons import the_network

    layers = the_network.open_network().list_layers()
    convolutions = [one for one in layers if one.kind == "Conv2D"]
    n_multiplications = sum(one.n_parameters * one.output_shape[0] * one.output_shape[1] for one in convolutions)
    assert f"some {n_multiplications / 1e6:.0f} million multiplications for a window" in the_network.convolution.praise


@pytest.mark.slow
def test_lesson_3_says_what_covered_cells_leave() -> None:
    """In each window of the piece, of its strongest instrument, with the lesson's own controls."""
    from instrunet_widgets.lessons import the_network

    sound = the_network.load_piece()
    explorer = the_network.ClassMapExplorer(the_network.open_network(), the_network.load_classifier(), sound)
    left: dict[str, list[float]] = {order: [] for order in explorer.order.options}
    for start in np.arange(0, sound.duration - 3, 1.5):
        explorer.covered.value, explorer.start.value = 0, float(start)
        explorer.instrument.value = CODES[int(explorer._look().probabilities.argmax())]
        whole = explorer.probability
        explorer.covered.value = 25
        for order, shares in left.items():
            explorer.order.value = order
            shares.append(explorer.probability / whole)
    means = [100 * float(np.mean(left[order])) for order in ("the brightest first", "at random", "the darkest first")]
    assert means[0] + 20 < means[1] < means[2]
    said = re.search(
        r"left (\d+) % of the probability of a window's strongest instrument if they were the brightest, (\d+) % if "
        r"they were chosen at random, and (\d+) % if they were the darkest \(means of all whole windows\)",
        text_of("03_the_network", "class-map"),
    )
    assert said
    assert [float(number) for number in said.groups()] == pytest.approx(means, abs=0.6)


def test_lesson_4_counts_its_notes() -> None:
    from instrunet_widgets.training.example_notes import find_held_out, load_example_notes

    is_held_out = find_held_out(load_example_notes())
    n_held_out, n_learnt = int(is_held_out.sum()), int(np.sum(~is_held_out))
    text = text_of("04_training_experiments", "train")
    assert f"learns from {n_learnt} single notes" in text
    assert f"scored on {n_held_out} notes" in text
