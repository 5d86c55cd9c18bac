"""The comparison of designs: what is planned, what is run and what stands in the tables."""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.training.experiment_plan import BASE, EXPERIMENTS, WAYS, Run, list_runs
from instrunet_widgets.training.experiments import RUN_FIELDS, run_experiments
from instrunet_widgets.training.feature_folder import write_feature_folder
from instrunet_widgets.training.network import NetworkConfig, build_network
from instrunet_widgets.training.optimization import make_loss

TINY = dataclasses.replace(BASE, epochs=1, network=NetworkConfig(stem_channels=4, stage_channels=(4, 4, 4)))


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two instruments, twenty groups each."""
    rng = np.random.default_rng(1)
    rows = [{"file": f"{code}/{k}", "class": code, "group": f"{code}{k}"} for code in ("cel", "flu") for k in range(20)]
    path = tmp_path_factory.mktemp("further") / "notes"
    write_feature_folder(path, rng.integers(0, 255, (40, 128, 130)).astype(np.uint8), rows)
    return path


def test_every_run_has_a_name_of_its_own_and_experiments_three_seeds() -> None:
    runs = list_runs()
    assert len({run.key for run in runs}) == len(runs) == 3 * len(EXPERIMENTS) + len(WAYS)
    seeds = Counter((run.question, run.variant) for run in runs)
    assert {seeds[question, variant] for question, variant, _ in EXPERIMENTS} == {3}
    settings = {(dataclasses.replace(run.config, seed=0), run.method) for run in runs}
    assert len(settings) == len(EXPERIMENTS) + len(WAYS)  # no two are the same


def test_runs_are_added_to_the_table_once(banded_features: Path, notes: Path, tmp_path: Path) -> None:
    runs = [
        Run("base", "base", TINY),
        Run("data", "with notes", dataclasses.replace(TINY, extra_share=0.05)),
    ]
    done: list[Run] = []
    for extras in ((), (notes,), (notes,)):
        run_experiments(banded_features, tmp_path, tmp_path / "runs", runs, extras=extras, on_run=done.append)
    assert done == runs  # the second waited for the notes, none was repeated
    with (tmp_path / "experiments.csv").open(newline="", encoding="utf-8") as stream:
        base, data = csv.DictReader(stream)
    assert list(base) == list(RUN_FIELDS)
    assert base["notes_accuracy"] == "" and 0 <= float(data["notes_accuracy"]) <= 1
    assert int(data["n_train"]) == int(base["n_train"]) + 32
    with (tmp_path / "experiments_history.csv").open(newline="", encoding="utf-8") as stream:
        assert [row["variant"] for row in csv.DictReader(stream)] == ["base", "with notes"]


@pytest.mark.parametrize("changes", [{"block": "plain"}, {"block": "depthwise"}, {"summary": "mean_max"}, {}])
def test_every_design_gives_eleven_probabilities(changes: dict[str, str]) -> None:
    model = build_network(NetworkConfig(stem_channels=4, stage_channels=(4, 6), **changes))
    silence = np.full((2, 128, 130), -80, dtype=np.float32)
    p = np.asarray(model.predict_on_batch(silence))
    assert p.shape == (2, 11)
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_allclose(p[0], p[1], rtol=1e-5)


def test_unknown_designs_are_named() -> None:
    with pytest.raises(ValueError, match="block must be one of residual, plain, depthwise, got 'wide'"):
        NetworkConfig(block="wide")
    with pytest.raises(ValueError, match="summary must be one of mean_max, attention"):
        NetworkConfig(summary="median")


def test_absent_labels_count_half_where_asked() -> None:
    targets = np.array([[1.0, 0.0]], dtype=np.float32)
    p = np.array([[0.5, 0.25]], dtype=np.float32)
    loss = float(np.asarray(make_loss(0.5)(targets, p))[0])
    assert loss == pytest.approx((np.log(2) + 0.5 * np.log(4 / 3)) / 2, rel=1e-5)
    assert make_loss(1.0) == "binary_crossentropy"
