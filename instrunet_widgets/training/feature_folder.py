"""Folders of training features: log-mel spectrograms in shards and one table of what they are.

A folder holds ``logmel-1.npz``, ``logmel-2.npz``, ... each with ``X`` uint8 (n, n_mels, n_frames), where
``dB = X / 255 * 80 - 80``, and ``index.csv`` with one row per clip in the order of the shards put together.
Its columns: ``file``, ``class`` (one IRMAS code, several joined by ``+``, or nothing for a clip in which none of
the eleven plays), ``drums``, ``genre``, ``recording_id``, ``segment``, ``group`` (clips that must stay on one
side of a split), ``exact_duplicate_of``, ``label_conflict``; further columns are kept. ``features.json``, where
present, names the front end.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..config import FeatureConfig
from ..errors import FeatureFolderError
from ..instruments import CODES

if TYPE_CHECKING:
    import pandas as pd

UInt8Array = npt.NDArray[np.uint8]
COLUMNS = (
    "file",
    "class",
    "drums",
    "genre",
    "recording_id",
    "segment",
    "group",
    "exact_duplicate_of",
    "label_conflict",
)
DEFAULT_CLIPS_PER_SHARD = 2_500


@dataclass(frozen=True, eq=False)
class FeatureFolder:
    """Features in memory, as 8-bit decibels.

    Parameters
    ----------
    path : Path
        Where they come from.
    config : FeatureConfig
        Their front end.
    log_mels : np.ndarray [shape=(n_clips, n_mels, n_frames), dtype=uint8]
        ``dB = value / 255 * 80 - 80``.
    targets : np.ndarray [shape=(n_clips, 11), dtype=float32]
        1 where an instrument is named for the clip.
    frame : pandas.DataFrame
        The table, all columns as text.
    """

    path: Path
    config: FeatureConfig
    log_mels: UInt8Array
    targets: npt.NDArray[np.float32]
    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.log_mels)

    @property
    def files(self) -> npt.NDArray[np.str_]:
        """Names of the clips."""
        return self.frame["file"].to_numpy(dtype=str)

    @property
    def groups(self) -> npt.NDArray[np.str_]:
        """Group of each clip; a split never cuts one."""
        return self.frame["group"].to_numpy(dtype=str)

    @property
    def label_conflict(self) -> npt.NDArray[np.bool_]:
        """True where the same audio carries two different labels."""
        return self.frame["label_conflict"].isin(["1", "True", "true"]).to_numpy()

    @property
    def duplicates(self) -> npt.NDArray[np.bool_]:
        """True where a clip repeats another one exactly."""
        return (self.frame["exact_duplicate_of"] != "").to_numpy()

    def decibels(self, indices: Any = slice(None)) -> npt.NDArray[np.float32]:
        """Spectrograms in dB.

        Parameters
        ----------
        indices : index, optional
            Which clips; default all.

        Returns
        -------
        log_mels : np.ndarray [shape=(n, n_mels, n_frames), dtype=float32]
            In [-top_db, 0].
        """
        return to_decibels(self.log_mels[indices], self.config.top_db)

    def subset(self, keep: npt.NDArray[Any]) -> FeatureFolder:
        """The clips chosen by a mask or by indices, in that order."""
        frame = self.frame[keep] if keep.dtype == np.bool_ else self.frame.iloc[keep]
        return FeatureFolder(
            self.path, self.config, self.log_mels[keep], self.targets[keep], frame.reset_index(drop=True)
        )


def to_decibels(log_mels: UInt8Array, top_db: float = 80.0) -> npt.NDArray[np.float32]:
    """Turn stored 8-bit values into dB below the loudest cell.

    Examples
    --------
    >>> to_decibels(np.array([0, 255], dtype=np.uint8)).tolist()
    [-80.0, 0.0]
    """
    return log_mels.astype(np.float32) * np.float32(top_db / 255) - np.float32(top_db)


def from_decibels(log_mels: npt.NDArray[np.float32], top_db: float = 80.0) -> UInt8Array:
    """Turn dB below the loudest cell into stored 8-bit values (steps of 0.31 dB)."""
    return np.clip(np.rint((log_mels + top_db) * (255 / top_db)), 0, 255).astype(np.uint8)


def read_feature_folder(path: str | Path, config: FeatureConfig | None = None) -> FeatureFolder:
    """Read and check a feature folder.

    Parameters
    ----------
    path : str or Path
    config : FeatureConfig, optional
        The front end that is needed; default the standard one.

    Raises
    ------
    FeatureFolderError
        If the folder, a shard or the table is missing, damaged, of another front end, or names an unknown
        instrument. The message names the file and the difference.
    """
    import pandas as pd

    path, config = Path(path), config or FeatureConfig()
    index = path / "index.csv"
    if not index.is_file():
        raise FeatureFolderError(
            f"{path} is not a feature folder: it has no index.csv. "
            "Make one with 'instrunet features --irmas DIR --out DIR'."
        )
    _check_front_end(path / "features.json", config)
    try:
        frame = pd.read_csv(index, dtype=str, keep_default_na=False, encoding="utf-8")
    except (ValueError, UnicodeDecodeError) as error:
        raise FeatureFolderError(f"{index} cannot be read as a table: {error}") from error
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise FeatureFolderError(f"{index} lacks the columns {', '.join(missing)}")
    shards = sorted(path.glob("logmel-*.npz"), key=_shard_number)
    if not shards:
        raise FeatureFolderError(f"{path} holds no logmel-N.npz, only a table; copy the shards beside index.csv")
    log_mels = np.concatenate([_read_shard(shard, config) for shard in shards])
    if len(log_mels) != len(frame):
        raise FeatureFolderError(f"{index} has {len(frame)} rows, the shards hold {len(log_mels)} clips")
    return FeatureFolder(path, config, log_mels, _parse_targets(frame["class"], index), frame)


def join_feature_folders(folders: Sequence[FeatureFolder]) -> FeatureFolder:
    """Put folders of one front end one after the other; groups of different folders stay apart.

    Raises
    ------
    FeatureFolderError
        If the front ends differ.
    """
    import pandas as pd

    if any(folder.config != folders[0].config for folder in folders):
        raise FeatureFolderError("feature folders with different front ends cannot be joined")
    frames = []
    for folder in folders:
        frame = folder.frame.copy()
        if len(folders) > 1:
            frame["group"] = folder.path.name + "/" + frame["group"]
        frames.append(frame)
    return FeatureFolder(
        folders[0].path,
        folders[0].config,
        np.concatenate([folder.log_mels for folder in folders]),
        np.concatenate([folder.targets for folder in folders]),
        pd.concat(frames, ignore_index=True).fillna(""),
    )


def write_feature_folder(
    path: str | Path,
    log_mels: UInt8Array,
    rows: Sequence[Mapping[str, object]],
    config: FeatureConfig | None = None,
    *,
    clips_per_shard: int = DEFAULT_CLIPS_PER_SHARD,
) -> None:
    """Write features as a folder that `read_feature_folder` reads.

    Parameters
    ----------
    path : str or Path
        Made if missing; must not hold a feature folder already.
    log_mels : np.ndarray [shape=(n_clips, n_mels, n_frames), dtype=uint8]
    rows : sequence of mappings
        One per clip; missing standard columns are left empty, further ones are kept.
    config : FeatureConfig, optional
    clips_per_shard : int

    Raises
    ------
    FeatureFolderError
        If numbers disagree or the folder is in use.
    """
    path, config = Path(path), config or FeatureConfig()
    if len(rows) != len(log_mels):
        raise FeatureFolderError(f"{len(rows)} rows for {len(log_mels)} clips")
    if (path / "index.csv").exists():
        raise FeatureFolderError(f"{path} already holds features; choose another folder or remove it")
    path.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, len(log_mels), clips_per_shard), start=1):
        np.savez_compressed(path / f"logmel-{number}.npz", X=log_mels[start : start + clips_per_shard])
    (path / "features.json").write_text(json.dumps(asdict(config), indent=2) + "\n", encoding="utf-8")
    extra = dict.fromkeys(key for row in rows for key in row if key not in COLUMNS)
    with (path / "index.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*COLUMNS, *extra], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(dict(row) for row in rows)


def _check_front_end(path: Path, config: FeatureConfig) -> None:
    if not path.is_file():
        return  # folders without features.json: the shape of the shards is checked
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FeatureFolderError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise FeatureFolderError(f"{path} does not describe a front end; copy or make the features again")
    wanted = asdict(config)
    differing = [
        f"{key} is {found.get(key)}, the network needs {value}"
        for key, value in wanted.items()
        if found.get(key) != value
    ]
    if differing:
        raise FeatureFolderError(f"{path} describes another front end: {'; '.join(differing)}")


def _shard_number(path: Path) -> int:
    number = path.stem.removeprefix("logmel-")
    if not number.isdigit():
        raise FeatureFolderError(f"{path} is not named logmel-N.npz with a whole number N")
    return int(number)


def _read_shard(path: Path, config: FeatureConfig) -> UInt8Array:
    try:
        with np.load(path, allow_pickle=False) as shard:
            log_mels = shard["X"]
    except Exception as error:  # numpy and zipfile raise many kinds for damaged files
        raise FeatureFolderError(
            f"{path} cannot be read ({error or type(error).__name__}); copy or make it again"
        ) from error
    expected = (config.n_mels, config.n_frames)
    if log_mels.ndim != 3 or log_mels.shape[1:] != expected or log_mels.dtype != np.uint8:
        raise FeatureFolderError(
            f"{path} holds {log_mels.dtype} of shape {log_mels.shape}, the network needs uint8 of (n, {expected[0]}, "
            f"{expected[1]})"
        )
    if not len(log_mels):
        raise FeatureFolderError(f"{path} holds no clips")
    return log_mels


def _parse_targets(labels: pd.Series[str], index: Path) -> npt.NDArray[np.float32]:
    targets = np.zeros((len(labels), len(CODES)), dtype=np.float32)
    for row, label in enumerate(labels):
        for code in filter(None, label.split("+")):
            if code not in CODES:
                raise FeatureFolderError(
                    f"{index}, row {row + 2}: {code!r} is none of the eleven instruments ({', '.join(CODES)})"
                )
            targets[row, CODES.index(code)] = 1.0
    return targets
