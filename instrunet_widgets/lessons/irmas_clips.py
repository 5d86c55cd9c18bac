"""What is known of the IRMAS training set without its audio: names of clips, recordings, sides of splits, scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..training.irmas import NOT_ANNOTATED, parse_clip_name
from ..training.splits import read_split
from .findings import read_numbers
from .material import model_folder, read_table
from .notices import stop_on_error

if TYPE_CHECKING:
    import pandas as pd

GENRE_NAMES = {
    "cou_fol": "country, folk",
    "cla": "classical",
    "pop_roc": "pop, rock",
    "lat_sou": "Latin, soul",
    "jaz_blu": "jazz, blues",
    NOT_ANNOTATED: "not annotated",
}
SIDES = ("train", "stop", "test")
_SCORES = ("accuracy", "argmax_macro_f1", "micro_f1", "macro_f1", "roc_auc")

Sides = npt.NDArray[np.bool_]


@cache
def read_clips() -> pd.DataFrame:
    """The clips of IRMAS that the network was made with, a row each.

    Returns
    -------
    clips : pandas.DataFrame
        Columns ``file``, ``instrument`` (code), ``genre`` (code), ``recording`` (its number in IRMAS) and ``side``
        (``"train"``, ``"stop"`` or ``"test"`` of the network's own split).

    Raises
    ------
    LessonStop
        If the network's ``split.json`` is missing.
    """
    import pandas as pd

    with stop_on_error():
        split = read_split(model_folder() / "split.json")
    rows = []
    for side in SIDES:
        for file in getattr(split, side):
            try:
                name = parse_clip_name(file)
            except ValueError:  # sound of our own that was trained on beside IRMAS
                continue
            rows.append((file, name.code, name.genre, name.recording_id, side))
    return pd.DataFrame(rows, columns=["file", "instrument", "genre", "recording", "side"])


def deal_clips(recordings: npt.ArrayLike, test_share: float, seed: int, *, by_recording: bool) -> Sides:
    """Deal clips to training and test at random.

    Parameters
    ----------
    recordings : array_like [shape=(n_clips,)]
        Recording of each clip.
    test_share : float in [0, 1]
        How many of the clips, or of the recordings, are tested on.
    seed : int
    by_recording : bool
        Deal whole recordings instead of clips.

    Returns
    -------
    is_test : np.ndarray [shape=(n_clips,), dtype=bool]
    """
    recordings = np.asarray(recordings)
    rng = np.random.default_rng(seed)
    names, number = np.unique(recordings, return_inverse=True)
    n = len(names) if by_recording else len(recordings)
    chosen = np.zeros(n, dtype=bool)
    chosen[rng.permutation(n)[: round(test_share * n)]] = True
    return chosen[number] if by_recording else chosen


def find_leaks(recordings: npt.ArrayLike, is_test: Sides) -> Sides:
    """Which clips are tested on while another clip of their recording is trained on.

    Parameters
    ----------
    recordings : array_like [shape=(n_clips,)]
    is_test : np.ndarray [shape=(n_clips,), dtype=bool]

    Returns
    -------
    leaks : np.ndarray [shape=(n_clips,), dtype=bool]
    """
    recordings = np.asarray(recordings)
    is_test = np.asarray(is_test, dtype=bool)
    return is_test & np.isin(recordings, recordings[~is_test])


@dataclass(frozen=True)
class SplitScore:
    """Scores of the same network under one way of splitting, averaged over seeds.

    Parameters
    ----------
    split_by : str
        ``"clip"`` or ``"recording"``.
    n_runs : int
        Trainings with different seeds.
    means, lowest, highest : dict of str to float
        Of each score, by its name.
    """

    split_by: str
    n_runs: int
    means: dict[str, float]
    lowest: dict[str, float]
    highest: dict[str, float]


def read_split_scores(path: Path | None = None) -> tuple[SplitScore, ...]:
    """What a split by clip does to the scores, as far as it has been measured.

    Parameters
    ----------
    path : Path, optional
        The table of `instrunet experiments train`; default ``experiments.csv`` beside the networks.

    Returns
    -------
    scores : tuple of SplitScore
        By recording, then by clip; empty where one of the two has not been measured.

    Raises
    ------
    LessonStop
        If the table cannot be read.
    """
    runs: dict[str, list[dict[str, str]]] = {"recording": [], "clip": []}
    for row in read_table(path or model_folder().parent / "experiments.csv", ("question", "split_by")):
        if row["question"] in ("base", "split"):
            runs["clip" if row["split_by"] == "clip" else "recording"].append(row)
    if not all(runs.values()):
        return ()
    return tuple(_average(split_by, rows) for split_by, rows in runs.items())


def _average(split_by: str, rows: list[dict[str, str]]) -> SplitScore:
    values = {name: read_numbers(rows, name) for name in _SCORES}
    known = {name: numbers for name, numbers in values.items() if numbers}
    return SplitScore(
        split_by,
        len(rows),
        {name: mean(numbers) for name, numbers in known.items()},
        {name: min(numbers) for name, numbers in known.items()},
        {name: max(numbers) for name, numbers in known.items()},
    )
