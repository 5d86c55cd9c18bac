"""Splits by group: what trains, what stops and tunes, and what is scored never share a recording.

Clips of one recording sound alike, so a split by clip lets a network recognise recordings instead of
instruments. Here whole groups are dealt to twenty parts, balanced over the classes; fold ``k`` of five tests on
four of them, stops training (and chooses epochs, thresholds and calibration) on two others and trains on the
remaining fourteen.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import FeatureFolderError
from ..instruments import CODES
from .feature_folder import FeatureFolder

N_FOLDS = 5
_PARTS_PER_TEST = 4
_PARTS_PER_STOP = 2
_N_PARTS = N_FOLDS * _PARTS_PER_TEST


@dataclass(frozen=True)
class Split:
    """File names of the three sides of one fold.

    Parameters
    ----------
    seed : int
    fold : int or None
        None where nothing is held out.
    train : tuple of str
        What the network learns from.
    stop : tuple of str
        What stops training and sets epochs, calibration and thresholds.
    test : tuple of str
        What is scored, and used for nothing else.
    """

    seed: int
    fold: int | None
    train: tuple[str, ...]
    stop: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Hash of the three lists, as hexadecimal."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


def read_split(path: str | Path) -> Split:
    """Read a split file.

    Raises
    ------
    FeatureFolderError
        If the file is missing or is no split.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Split(
            seed=int(content.get("seed", 0)),
            fold=None if content.get("fold", 0) is None else int(content.get("fold", 0)),
            **{side: tuple(str(name) for name in content[side]) for side in ("train", "stop", "test")},
        )
    except OSError as error:
        raise FeatureFolderError(f"the split file {path} cannot be opened: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FeatureFolderError(
            f"{path} is no split file: it must be JSON with lists of file names under train, stop and test"
        ) from error


def require_test_part(split: Split, name: str) -> None:
    """Refuse to score the test part of a split that has none.

    Parameters
    ----------
    split : Split
    name : str
        What to call it.

    Raises
    ------
    FeatureFolderError
        If nothing was held out, as for a network that learnt from all recordings.
    """
    if not split.test:
        raise FeatureFolderError(
            f"{name} has no test part, for its network learnt from all recordings; score recordings that it does not "
            "know, without a split"
        )


def split_by_group(
    folder: FeatureFolder, *, fold: int = 0, seed: int = 0, need_all_classes: bool = True, by_clip: bool = False
) -> Split:
    """Deal a folder's groups to train, stop and test.

    Parameters
    ----------
    folder : FeatureFolder
        Clips with conflicting labels belong on none of the sides; leave them out before.
    fold : int in 0..4
        The five tests cover every clip exactly once.
    seed : int
    need_all_classes : bool
        Refuse a folder in which a class is missing on one of the sides.
    by_clip : bool
        Take every clip for a group of its own, as leaking splits do; only to show what that does to the scores.

    Raises
    ------
    ValueError
        If `fold` is out of range.
    FeatureFolderError
        If there are too few groups, a class has too few to stand on all sides, or two clips have the same name.
    """
    if not 0 <= fold < N_FOLDS:
        raise ValueError(f"fold must be from 0 to {N_FOLDS - 1}, got {fold}")
    files, counts = np.unique(folder.files, return_counts=True)
    if (counts > 1).any():
        raise FeatureFolderError(
            f"{folder.path / 'index.csv'} names the clip {files[counts > 1][0]} more than once; sides of a split are "
            "lists of names, so each clip needs one of its own"
        )
    parts = _deal_groups(folder, folder.files if by_clip else folder.groups, seed)
    test = (parts // _PARTS_PER_TEST) == fold
    first_stop = ((fold + 1) % N_FOLDS) * _PARTS_PER_TEST
    stop = (parts >= first_stop) & (parts < first_stop + _PARTS_PER_STOP)
    files = folder.files
    split = Split(seed, fold, *(tuple(files[side]) for side in (~(test | stop), stop, test)))
    for name, side in (("train", ~(test | stop)), ("stop", stop), ("test", test)):
        absent = (folder.targets.sum(axis=0) > 0) & (folder.targets[side].sum(axis=0) == 0)
        if need_all_classes and absent.any():
            raise FeatureFolderError(
                f"{folder.path} has too few recordings of a class to split it: fold {fold} has no clip of "
                f"{CODES[int(np.flatnonzero(absent)[0])]} in {name}"
            )
    return split


def _deal_groups(folder: FeatureFolder, groups: npt.NDArray[np.str_], seed: int) -> npt.NDArray[np.int64]:
    """Part (0..19) of each clip; one part per group, classes spread evenly."""
    from sklearn.model_selection import StratifiedGroupKFold

    labels = np.where(folder.targets.any(axis=1), folder.targets.argmax(axis=1), folder.targets.shape[1])
    parts = np.full(len(folder), -1)
    splitter = StratifiedGroupKFold(_N_PARTS, shuffle=True, random_state=seed)
    try:
        for part, (_, chosen) in enumerate(splitter.split(labels, labels, groups)):
            parts[chosen] = part
    except ValueError as error:
        raise FeatureFolderError(
            f"{folder.path} cannot be split: {len(folder)} clips of {len(np.unique(groups))} groups are too few, it "
            f"takes {_N_PARTS} groups or more (recordings, say: the column group of index.csv)"
        ) from error
    return parts
