"""Feature folders: what is written is read back, and damage is named."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.config import FeatureConfig
from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.training.feature_folder import (
    from_decibels,
    join_feature_folders,
    read_feature_folder,
    to_decibels,
    write_feature_folder,
)


def make_folder(path: Path, labels: list[str]) -> Path:
    rng = np.random.default_rng(0)
    log_mels = rng.integers(0, 256, size=(len(labels), 128, 130), dtype=np.uint8)
    rows = [{"file": f"{k}.wav", "class": label, "group": str(k // 2)} for k, label in enumerate(labels)]
    write_feature_folder(path, log_mels, rows, clips_per_shard=2)
    return path


def test_written_folder_is_read_back_across_shards(tmp_path: Path) -> None:
    folder = read_feature_folder(make_folder(tmp_path / "a", ["cel", "vio+pia", "", "voi", "gel"]))
    expected = np.random.default_rng(0).integers(0, 256, size=(5, 128, 130), dtype=np.uint8)
    np.testing.assert_array_equal(folder.log_mels, expected)
    assert [np.flatnonzero(row).tolist() for row in folder.targets] == [[0], [6, 9], [], [10], [4]]
    assert folder.groups.tolist() == ["0", "0", "1", "1", "2"]


def test_more_than_nine_shards_keep_their_order(tmp_path: Path) -> None:
    log_mels = np.arange(11, dtype=np.uint8)[:, None, None] * np.ones((1, 128, 130), dtype=np.uint8)
    rows = [{"file": str(k), "class": "cel", "group": str(k)} for k in range(11)]
    write_feature_folder(tmp_path / "a", log_mels, rows, clips_per_shard=1)
    assert read_feature_folder(tmp_path / "a").log_mels[:, 0, 0].tolist() == list(range(11))


def test_eight_bit_decibels_are_within_half_a_step() -> None:
    decibels = np.linspace(-80, 0, 997, dtype=np.float32)
    assert np.abs(to_decibels(from_decibels(decibels)) - decibels).max() <= 80 / 255 / 2 + 1e-4


def test_joined_folders_keep_their_groups_apart(tmp_path: Path) -> None:
    folders = [read_feature_folder(make_folder(tmp_path / name, ["cel", "cla"])) for name in ("a", "b")]
    assert join_feature_folders(folders).groups.tolist() == ["a/0", "a/0", "b/0", "b/0"]


def test_folder_without_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(FeatureFolderError, match=r"index\.csv.*instrunet features"):
        read_feature_folder(tmp_path)


def test_unknown_label_is_named_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(FeatureFolderError, match=r"index\.csv, row 3: 'dru'"):
        read_feature_folder(make_folder(tmp_path / "a", ["cel", "dru"]))


def test_corrupt_shard_is_named(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "a", ["cel", "cla", "flu"])
    (path / "logmel-2.npz").write_bytes(b"not a zip file")
    with pytest.raises(FeatureFolderError, match=r"logmel-2\.npz cannot be read"):
        read_feature_folder(path)


def test_empty_shard_is_named(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "a", ["cel"])
    np.savez(path / "logmel-1.npz", X=np.zeros((0, 128, 130), dtype=np.uint8))
    with pytest.raises(FeatureFolderError, match=r"logmel-1\.npz holds no clips"):
        read_feature_folder(path)


def test_features_of_another_shape_are_refused(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "a", ["cel"])
    np.savez(path / "logmel-1.npz", X=np.zeros((1, 128, 94), dtype=np.uint8))
    with pytest.raises(FeatureFolderError, match=r"\(1, 128, 94\).*\(n, 128, 130\)"):
        read_feature_folder(path)


def test_other_front_end_is_refused_with_the_difference(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "a", ["cel"])
    other = dataclasses.asdict(FeatureConfig(hop_length=370))
    (path / "features.json").write_text(json.dumps(other), encoding="utf-8")
    with pytest.raises(FeatureFolderError, match="hop_length is 370, the network needs 372"):
        read_feature_folder(path)


def test_rows_and_clips_that_differ_in_number_are_refused(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "a", ["cel", "cla", "flu"])
    (path / "logmel-2.npz").unlink()
    with pytest.raises(FeatureFolderError, match="3 rows, the shards hold 2 clips"):
        read_feature_folder(path)


def test_a_folder_in_use_is_not_overwritten(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "a", ["cel"])
    with pytest.raises(FeatureFolderError, match="already holds features"):
        make_folder(path, ["cla"])
