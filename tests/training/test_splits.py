"""Splits: no group on two sides, every clip scored once, every class on every side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.instruments import CODES
from instrunet_widgets.training.feature_folder import FeatureFolder, read_feature_folder, write_feature_folder
from instrunet_widgets.training.splits import N_FOLDS, read_split, split_by_group


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> FeatureFolder:
    """Eleven classes, forty recordings each, one to four clips a recording."""
    rng, rows = np.random.default_rng(0), []
    for code in CODES:
        for recording in range(40):
            for clip in range(rng.integers(1, 5)):
                rows.append({"file": f"{code}-{recording}-{clip}", "class": code, "group": f"{code}-{recording}"})
    path = tmp_path_factory.mktemp("features") / "made"
    write_feature_folder(path, np.zeros((len(rows), 128, 130), dtype=np.uint8), rows)
    return read_feature_folder(path)


@pytest.mark.parametrize("fold", range(N_FOLDS))
def test_no_group_stands_on_two_sides(folder: FeatureFolder, fold: int) -> None:
    split = split_by_group(folder, fold=fold)
    group_of = dict(zip(folder.files, folder.groups, strict=True))
    train, stop, test = ({group_of[name] for name in side} for side in (split.train, split.stop, split.test))
    assert not train & stop
    assert not train & test
    assert not stop & test
    assert len(split.train) + len(split.stop) + len(split.test) == len(folder)


def test_the_five_tests_cover_every_clip_once(folder: FeatureFolder) -> None:
    scored = [name for fold in range(N_FOLDS) for name in split_by_group(folder, fold=fold).test]
    assert sorted(scored) == sorted(folder.files)


def test_every_class_is_on_every_side_in_proportion(folder: FeatureFolder) -> None:
    split = split_by_group(folder, fold=2)
    for side, share in ((split.train, 0.7), (split.stop, 0.1), (split.test, 0.2)):
        counts = folder.targets[np.isin(folder.files, side)].sum(axis=0)
        np.testing.assert_allclose(counts / folder.targets.sum(axis=0), share, atol=0.06)


def test_same_seed_same_split_other_seed_other_split(folder: FeatureFolder) -> None:
    assert split_by_group(folder, seed=1) == split_by_group(folder, seed=1)
    assert split_by_group(folder, seed=1).test != split_by_group(folder, seed=2).test


def test_saved_split_is_read_back(folder: FeatureFolder, tmp_path: Path) -> None:
    split = split_by_group(folder)
    split.save(tmp_path / "split.json")
    assert read_split(tmp_path / "split.json") == split


@pytest.mark.parametrize("content", ["no json", "[]", '{"train": []}', '{"train": 1, "stop": 2, "test": 3}'])
def test_file_that_is_no_split_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "split.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FeatureFolderError, match="no split file"):
        read_split(path)


def test_too_few_groups_are_counted(folder: FeatureFolder) -> None:
    few = folder.subset(np.arange(12))
    with pytest.raises(FeatureFolderError, match=r"made cannot be split: 12 clips of \d groups are too few.*20 groups"):
        split_by_group(few, need_all_classes=False)


def test_clip_named_twice_is_refused(folder: FeatureFolder) -> None:
    twice = folder.subset(np.r_[np.arange(len(folder)), 3])
    with pytest.raises(FeatureFolderError, match=f"index.csv names the clip {folder.files[3]} more than once"):
        split_by_group(twice)


def test_class_with_too_few_recordings_is_refused(folder: FeatureFolder) -> None:
    few = folder.subset((folder.targets[:, 0] == 0) | (folder.groups == "cel-0"))
    with pytest.raises(FeatureFolderError, match="too few recordings"):
        split_by_group(few)
