"""What a run learns from and is judged on: feature folders, read, split by group and joined.

The first folder (IRMAS) is split into train, stop and test. The stop side, where there is one, chooses the epoch and
later the calibration and thresholds; the test side is only scored. Further folders (isolated notes, rendered sound)
join the training side, but for their own held-out groups, which are scored apart: also those of a network that learns
from all of the first folder, which can be judged on nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import FeatureFolderError
from ..instruments import CODES
from .feature_folder import FeatureFolder, join_feature_folders, read_feature_folder
from .splits import Split, split_by_group

# Parts of ``scores.json`` (see `publish`) that are not sides with scores of their own.
NO_SIDES = ("folds", "genres", "shipped", "solo", "by_number", "size")
_RESERVED = {"", "test", "relabelled", "false_alarms", *NO_SIDES}


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """What a run learns from and is judged on.

    Parameters
    ----------
    train : FeatureFolder
        Training side of all folders; the first folder's clips come first.
    n_main : int
        How many of them are the first folder's.
    stop, test : FeatureFolder
        Of the first folder; without a clip where nothing is held out.
    held_out : dict of str to FeatureFolder
        Held-out groups of each further folder, by its name.
    split : Split
        Of all folders together, by file name.
    """

    train: FeatureFolder
    n_main: int
    stop: FeatureFolder
    test: FeatureFolder
    held_out: dict[str, FeatureFolder]
    split: Split


def gather_training_set(
    features: str | Path,
    extras: Sequence[str | Path] = (),
    *,
    fold: int | None = 0,
    seed: int = 0,
    by_clip: bool = False,
    hold_stop: bool = True,
) -> TrainingSet:
    """Read and split feature folders.

    Parameters
    ----------
    features : str or Path
        IRMAS features; clips with conflicting labels and exact repetitions are left out.
    extras : sequence of str or Path
        Further folders.
    fold : int or None
        Which fifth is the test side; with None all of the first folder is learnt from, and of the further ones what
        fold 0 learns from.
    seed : int
    by_clip : bool
        Split the first folder by clip; only to show how scores then mislead.
    hold_stop : bool
        Keep the stop side apart; if not, it belongs to the training side.

    Raises
    ------
    FeatureFolderError
        If a folder cannot be used, IRMAS features lack a class, or two folders have the same name.
    """
    names_of_folders = [Path(path).resolve().name for path in (features, *extras)]
    if reserved := [name for name in names_of_folders[1:] if name in _RESERVED or name.startswith("mixtures")]:
        raise FeatureFolderError(f"scores.json needs the name {reserved[0]!r} for itself; rename that feature folder")
    if len(set(names_of_folders)) < len(names_of_folders):
        raise FeatureFolderError(
            f"two of the feature folders {', '.join(map(str, (features, *extras)))} have the same name, by which "
            "groups and scores are told apart; rename one"
        )
    main = read_feature_folder(features)
    main = main.subset(~main.label_conflict & ~main.duplicates)
    if lacking := [CODES[column] for column in np.flatnonzero(~main.targets.any(axis=0))]:
        raise FeatureFolderError(f"{features} lacks clips of {', '.join(lacking)}; all eleven instruments are needed")
    if not main.targets.any(axis=1).all():
        nameless = main.files[int((~main.targets.any(axis=1)).argmax())]
        raise FeatureFolderError(f"the clip {nameless} in {features} names no instrument; only further folders may")
    split = split_by_group(main, fold=fold or 0, seed=seed, by_clip=by_clip)
    if fold is None:
        split = Split(seed, None, split.train + split.stop + split.test, (), ())
    elif not hold_stop:
        split = Split(seed, fold, split.train + split.stop, (), split.test)
    sides = {side: main.subset(np.isin(main.files, getattr(split, side))) for side in ("train", "stop", "test")}
    train, held_out, names = [sides["train"]], {}, {"train": list(split.train), "test": list(split.test)}
    for path in extras:
        extra = read_feature_folder(path)
        test = np.isin(extra.files, split_by_group(extra, fold=fold or 0, seed=seed, need_all_classes=False).test)
        train.append(extra.subset(~test))
        held_out[Path(path).resolve().name] = extra.subset(test)
        names["train"] += list(train[-1].files)
        names["test"] += list(extra.files[test])
    split = Split(seed, fold, tuple(names["train"]), split.stop, tuple(names["test"]))
    joined = join_feature_folders(train)
    return TrainingSet(joined, len(train[0]), sides["stop"], sides["test"], held_out, split)
