"""The network that ships: its figures are those of its predictions, and the pages that quote them agree."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score

from instrunet_widgets.classifier import Classifier
from instrunet_widgets.training.calibration import fit_calibration, maximise_f1
from instrunet_widgets.training.out_of_fold import OutOfFold, read_out_of_fold
from instrunet_widgets.training.recipe import TrainingConfig
from instrunet_widgets.training.splits import read_split

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


@pytest.fixture(scope="module")
def predicted(classifier: Classifier) -> OutOfFold:
    return read_out_of_fold(classifier.path / "oof.npz")


@pytest.fixture(scope="module")
def scores(classifier: Classifier) -> dict:
    return json.loads((classifier.path / "scores.json").read_text(encoding="utf-8"))


def test_settings_that_no_file_names_are_its_own(classifier: Classifier) -> None:
    own = TrainingConfig.from_json((classifier.path / "training.json").read_text(encoding="utf-8"))
    assert dataclasses.replace(own, fold=0) == dataclasses.replace(TrainingConfig(), fold=0)


def test_figures_are_those_of_the_predictions(predicted: OutOfFold, scores: dict) -> None:
    labels, p = predicted.labels > 0, predicted.probabilities
    over = p >= predicted.thresholds[predicted.fold]
    eleven = scores["test"]["eleven_classes"]
    assert eleven["n"] == len(labels)
    for name, value in {
        "accuracy": accuracy_score(labels.argmax(axis=1), p.argmax(axis=1)),
        "argmax_macro_f1": f1_score(labels.argmax(axis=1), p.argmax(axis=1), average="macro"),
        "micro_f1": f1_score(labels, over, average="micro"),
        "macro_f1": f1_score(labels, over, average="macro"),
        "roc_auc": roc_auc_score(labels, p, average="macro"),
        "average_precision": average_precision_score(labels, p, average="macro"),
    }.items():
        assert eleven[name] == pytest.approx(value, abs=1e-4), name


def test_nothing_was_fitted_on_the_fold_that_it_scores(predicted: OutOfFold) -> None:
    for number in np.unique(predicted.fold):
        others, own = predicted.fold != number, predicted.fold == number
        calibration = fit_calibration(predicted.raw[others], predicted.labels[others])
        np.testing.assert_allclose(calibration(predicted.raw[own]), predicted.probabilities[own], atol=1e-3)
        thresholds = maximise_f1(calibration(predicted.raw[others]), predicted.labels[others])
        np.testing.assert_allclose(thresholds, predicted.thresholds[number], atol=0.011)  # a step of the grid


def test_window_thresholds_are_fitted_on_all_folds(classifier: Classifier, predicted: OutOfFold) -> None:
    calibration = fit_calibration(predicted.raw, predicted.labels)
    expected = maximise_f1(calibration(predicted.raw), predicted.labels)
    np.testing.assert_allclose(classifier.thresholds, expected, atol=0.011)
    assert set(predicted.files) <= set(read_split(classifier.path / "split.json").train)


def test_pages_quote_its_figures(classifier: Classifier, scores: dict) -> None:
    readme, card = (path.read_text(encoding="utf-8") for path in (README, classifier.path / "README.md"))
    measures = ("accuracy", "argmax_macro_f1", "micro_f1", "macro_f1", "roc_auc", "average_precision", "ece")
    for classes in ("eleven_classes", "ten_classes"):
        for measure in measures:
            row = scores["folds"][classes][measure]
            quoted = " ± ".join(f"{row[key]:.3f}".removeprefix("0") for key in ("mean", "spread"))
            assert quoted in readme, (classes, measure)
            assert quoted in card, (classes, measure)
    assert f"{scores['size']['n_parameters']:,} parameters" in card
    assert f"models/{classifier.name}/README.md" in readme
