"""How often a recording of one instrument alone is taken for that instrument.

Each recording goes through the pipeline that users run (`analyze`); its windows are averaged without smoothing
(``instrunet analyze --aggregation mean --smoothing 1``), and the instrument with the highest mean is what is heard.
A recording without a window that is not silent is heard as nothing, which is wrong.

The report as JSON (``SoloReport.to_dict``, ``instrunet evaluate --solo DIR --json FILE``); keys are only ever added:

- ``schema_version``: 1. ``protocol``: ``"solo"``. ``folder``, ``split``, ``model``, ``weights_sha256``.
- ``n``, ``n_right``, ``accuracy``; ``class_mean_accuracy``: mean over the classes that occur.
- ``n_trained``: recordings that the model's own split file names as trained on; null if it names nothing.
- ``n_learnt``: clips that it names as trained on in all, or null.
- ``per_class``: by code, ``n``, ``n_right``, ``accuracy`` (null without recordings).
- ``classes`` and ``confusion``: rows the true code, columns the code heard, and last those heard as nothing.
- ``recordings``: each with ``file``, ``code``, ``heard`` (null for nothing) and ``scores`` by code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config import DecodingConfig
from ..errors import AudioError, FeatureFolderError
from ..instruments import CODES
from ..pipeline import analyze
from .solo_recordings import SoloRecording
from .splits import Split, require_test_part

if TYPE_CHECKING:
    from ..classifier import Classifier

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class HeardSolo:
    """What was heard in one recording.

    Parameters
    ----------
    file, code : str
        Name and true instrument.
    heard : str or None
        Code with the highest mean; None if all is silent.
    scores : tuple of float
        Mean probability of each instrument, in the order of the network's outputs.
    """

    file: str
    code: str
    heard: str | None
    scores: tuple[float, ...]


@dataclass(frozen=True)
class SoloReport:
    """What was heard in all recordings, and counts of it; the JSON is explained at the top of the module."""

    folder: str
    split: str | None
    model: str
    weights_sha256: str
    n_trained: int | None
    n_learnt: int | None
    recordings: tuple[HeardSolo, ...]

    @property
    def confusion(self) -> tuple[tuple[int, ...], ...]:
        """Counts: a row for each true code, a column for each code heard and a last one for nothing."""
        columns = (*CODES, None)
        counts = np.zeros((len(CODES), len(columns)), dtype=int)
        for found in self.recordings:
            counts[CODES.index(found.code), columns.index(found.heard)] += 1
        return tuple(tuple(int(count) for count in row) for row in counts)

    @property
    def per_class(self) -> dict[str, dict[str, Any]]:
        """``n``, ``n_right`` and ``accuracy`` by code."""
        return {
            code: {"n": sum(row), "n_right": row[k], "accuracy": row[k] / sum(row) if any(row) else None}
            for k, (code, row) in enumerate(zip(CODES, self.confusion, strict=True))
        }

    @property
    def n_right(self) -> int:
        """Recordings taken for what they are."""
        return sum(found.code == found.heard for found in self.recordings)

    @property
    def accuracy(self) -> float:
        """Share of the recordings taken for what they are."""
        return self.n_right / len(self.recordings)

    @property
    def class_mean_accuracy(self) -> float:
        """Mean accuracy of the classes that occur."""
        known = [row["accuracy"] for row in self.per_class.values() if row["n"]]
        return float(np.mean(known))

    def to_dict(self) -> dict[str, Any]:
        """The report for JSON, as described at the top of the module."""
        return {
            "schema_version": SCHEMA_VERSION,
            "protocol": "solo",
            "folder": self.folder,
            "split": self.split,
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "n": len(self.recordings),
            "n_right": self.n_right,
            "accuracy": self.accuracy,
            "class_mean_accuracy": self.class_mean_accuracy,
            "n_trained": self.n_trained,
            "n_learnt": self.n_learnt,
            "per_class": self.per_class,
            "classes": list(CODES),
            "confusion": [list(row) for row in self.confusion],
            "recordings": [
                {
                    "file": found.file,
                    "code": found.code,
                    "heard": found.heard,
                    "scores": dict(zip(CODES, found.scores, strict=True)),
                }
                for found in self.recordings
            ],
        }


_FIGURES = ("n", "n_right", "accuracy", "class_mean_accuracy", "n_trained", "per_class")


def read_solo_scores(path: Path) -> dict[str, Any]:
    """Figures of a report that was written as JSON, for a model's ``scores.json``.

    Returns
    -------
    scores : dict
        ``n``, ``n_right``, ``accuracy``, ``class_mean_accuracy``, ``n_trained``, ``per_class``; and ``n_learnt``,
        None in reports that do not have it.

    Raises
    ------
    FeatureFolderError
        If the file is no such report.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        if report["protocol"] != "solo":
            raise ValueError("it is a report of something else")
        return {key: report[key] for key in _FIGURES} | {"n_learnt": report.get("n_learnt")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FeatureFolderError(
            f"{path} holds no solo scores ({error}); make it with 'instrunet evaluate --solo DIR --json FILE'"
        ) from error


def evaluate_solo(
    classifier: Classifier,
    recordings: Sequence[SoloRecording],
    *,
    folder: str | Path,
    test_split: Split | None = None,
    split_name: str | None = None,
    trained_on: Split | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> SoloReport:
    """Hear what plays in solo recordings.

    Parameters
    ----------
    classifier : Classifier
    recordings : sequence of SoloRecording
    folder : str or Path
        For the report.
    test_split : Split, optional
        Only recordings of its test part are heard; default all.
    split_name : str, optional
        How the report names `test_split`.
    trained_on : Split, optional
        What the network was trained on; None if not known.
    on_progress : callable, optional
        Called with recordings done and recordings in all.

    Raises
    ------
    FeatureFolderError
        If no recording is left, or one cannot be read.
    """
    if not recordings:
        raise FeatureFolderError(f"there is no solo recording of {folder} to hear; give at least one")
    if test_split is not None:
        require_test_part(test_split, split_name or "the split")
        test = set(test_split.test)
        recordings = [recording for recording in recordings if recording.file in test]
    if not recordings:
        raise FeatureFolderError(
            f"none of the recordings of {folder} is in the test part of {split_name or 'the split'}; check that the "
            "two belong together"
        )
    heard = []
    for done, recording in enumerate(recordings, start=1):
        heard.append(_hear(classifier, recording))
        if on_progress is not None:
            on_progress(done, len(recordings))
    trained = set(trained_on.train) if trained_on is not None else None
    return SoloReport(
        folder=str(folder),
        split=split_name if test_split is not None else None,
        model=classifier.name,
        weights_sha256=classifier.weights_hash,
        n_trained=None if trained is None else sum(found.file in trained for found in heard),
        n_learnt=None if trained is None else len(trained),
        recordings=tuple(heard),
    )


def _hear(classifier: Classifier, recording: SoloRecording) -> HeardSolo:
    try:
        analysis = analyze(recording.path, classifier=classifier)
    except AudioError as error:
        raise FeatureFolderError(
            f"the recording {recording.path} cannot be read: {error} Replace it or leave it out."
        ) from error
    scores = analysis.decode(DecodingConfig(aggregation="mean", smoothing_windows=1)).scores
    heard = None if analysis.silent.all() else CODES[int(scores.argmax())]
    return HeardSolo(recording.file, recording.code, heard, tuple(round(float(value), 6) for value in scores))
