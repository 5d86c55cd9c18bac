"""The official IRMAS test: name all predominant instruments of excerpts of 5 to 20 s.

Every excerpt goes through the pipeline that users run (`analyze`), and its windows are joined into one score per
instrument as everywhere in this program (`decoding`, default smoothing). What counts as heard is then read in several
ways, because published figures differ in it:

- *strict* rows take the network's own thresholds for recordings. They were fitted on clips of the training set, before
  any excerpt of the testing set was heard. This is what a user gets.
- *best threshold* rows take the one threshold, common to all instruments, that gives the highest micro F1 **on the
  testing set itself**, as most papers do. They flatter, and are only to be compared with such figures: ``mean`` and
  ``max`` for averaging and for the loudest window, ``normalised`` for the class-wise sum divided by the excerpt's
  largest value, the way of Han et al. [1]_ and of those who follow them.
- the *top 1* row hears the most probable instrument and no other.

*Floors* are what constant answers reach; ``top_1_ceiling`` is what a perfect top-1 answer would reach.

The report as JSON (``ProtocolReport.to_dict``, ``instrunet evaluate --irmas-testing DIR --json FILE``); keys are only
ever added:

- ``schema_version``: 1. ``protocol``: ``"irmas-testing"``. ``folder``, ``model``, ``weights_sha256``.
- ``hop_seconds``, ``smoothing_windows``: how the pipeline read the excerpts.
- ``n_excerpts``, ``n_songs``, ``n_labels``; ``labels``: excerpts per code; ``seconds``: of sound.
- ``remarks``: what the pipeline had to say of single excerpts, each ``"file: sentence"``.
- ``bootstrap``: ``unit`` (``"song"``), ``n_resamples``, ``level``, ``seed``.
- ``rows``: under ``strict_mean``, ``strict_max``, ``best_threshold_mean``, ``best_threshold_max``,
  ``best_threshold_normalised``, ``top_1``, each with ``aggregation``; ``thresholds``: ``"model"``, or the number that
  all instruments share, or null; ``thresholds_from``: ``"training data"``, ``"this test set"`` or ``"none needed"``;
  ``scores``: the fields of `measures.Scores` (see `metrics`; thresholds of the classes are in ``per_class``;
  ``lrap``, ``roc_auc``, ``average_precision`` and ``ece`` are null for ``top_1``); ``intervals``: ``micro_f1``,
  ``macro_f1``, ``lrap`` and, by code, ``per_class_f1``, each ``{"low", "high"}`` or null.
- ``floors``: under ``voi``, ``voi+pia``, ``voi+pia+gel``, ``all``, each with ``micro_f1``, ``macro_f1``,
  ``micro_precision``, ``micro_recall``, ``macro_precision``, ``macro_recall``. ``top_1_ceiling``: ``micro_f1``.

References
----------
.. [1] Y. Han, J. Kim, K. Lee, "Deep convolutional neural networks for predominant instrument recognition in
       polyphonic music", IEEE/ACM TASLP 25(1), 2017, arXiv 1605.09507.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..config import DecodingConfig, WindowConfig
from ..errors import AudioError, FeatureFolderError
from ..instruments import CODES
from ..pipeline import analyze
from .bootstrap import LEVEL, N_RESAMPLES, Intervals, bootstrap_songs
from .irmas_testing import Excerpt, find_excerpts
from .measures import Scores
from .metrics import score

if TYPE_CHECKING:
    from ..classifier import Classifier

SCHEMA_VERSION = 1
FLOORS = (("voi",), ("voi", "pia"), ("voi", "pia", "gel"), CODES)
_THRESHOLDS = np.arange(1, 100) / 100
_THRESHOLDED = ("micro_f1", "macro_f1", "micro_precision", "micro_recall", "macro_precision", "macro_recall")


@dataclass(frozen=True, eq=False)
class HeardExcerpts:
    """What the pipeline made of the excerpts.

    Parameters
    ----------
    mean, maximum : np.ndarray [shape=(n, 11), dtype=float32]
        Score of each excerpt under mean and max aggregation.
    seconds : float
        Length of all excerpts together, s.
    remarks : tuple of str
        "file: sentence" of excerpts that the pipeline had something to say about.
    """

    mean: npt.NDArray[np.float32]
    maximum: npt.NDArray[np.float32]
    seconds: float
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class ProtocolRow:
    """One way to read the scores; the fields are explained at the top of the module."""

    aggregation: str
    thresholds: str | float | None
    thresholds_from: str
    scores: Scores
    intervals: Intervals

    def to_dict(self) -> dict[str, Any]:
        """The row for JSON."""
        intervals = asdict(self.intervals)
        intervals["per_class_f1"] = dict(zip(self.scores.classes, intervals["per_class_f1"], strict=True))
        return {**asdict(self), "scores": self.scores.to_dict(), "intervals": intervals}


@dataclass(frozen=True)
class ProtocolReport:
    """Result of the official test; the fields are explained at the top of the module."""

    folder: str
    model: str
    weights_sha256: str
    hop_seconds: float
    smoothing_windows: int
    n_excerpts: int
    n_songs: int
    n_labels: int
    labels: dict[str, int]
    seconds: float
    remarks: tuple[str, ...]
    rows: dict[str, ProtocolRow]
    floors: dict[str, dict[str, float | None]]
    top_1_ceiling: dict[str, float]
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The report for JSON, as described at the top of the module."""
        content = {"schema_version": SCHEMA_VERSION, "protocol": "irmas-testing", **asdict(self)}
        seed = content.pop("seed")
        content["bootstrap"] = {"unit": "song", "n_resamples": N_RESAMPLES, "level": LEVEL, "seed": seed}
        content["remarks"] = list(self.remarks)
        content["rows"] = {name: row.to_dict() for name, row in self.rows.items()}
        return content


def run_protocol(
    classifier: Classifier, folder: str | Path, *, on_progress: Callable[[int, int], object] | None = None
) -> ProtocolReport:
    """Take the official IRMAS test.

    Parameters
    ----------
    classifier : Classifier
    folder : str or Path
        The unpacked testing data.
    on_progress : callable, optional
        Called with excerpts done and excerpts in all.

    Returns
    -------
    report : ProtocolReport

    Raises
    ------
    FeatureFolderError
        If there are no excerpts, a label file is missing or wrong, or a recording cannot be read; the message names
        the file. Labels are read before any recording.
    """
    excerpts = find_excerpts(folder)
    heard = listen(classifier, excerpts, on_progress=on_progress)
    targets = np.array([[code in excerpt.codes for code in CODES] for excerpt in excerpts])
    own = classifier.model_thresholds
    n_labels = int(targets.sum())
    return ProtocolReport(
        folder=str(folder),
        model=classifier.name,
        weights_sha256=classifier.weights_hash,
        hop_seconds=WindowConfig().hop_seconds,
        smoothing_windows=DecodingConfig().smoothing_windows,
        n_excerpts=len(excerpts),
        n_songs=len({excerpt.song for excerpt in excerpts}),
        n_labels=n_labels,
        labels={code: int(n) for code, n in zip(CODES, targets.sum(axis=0), strict=True)},
        seconds=heard.seconds,
        remarks=heard.remarks,
        rows=make_rows(heard, targets, [excerpt.song for excerpt in excerpts], own.recording_mean, own.recording_max),
        floors={
            "all" if codes == CODES else "+".join(codes): score_constant_answer(codes, targets) for codes in FLOORS
        },
        top_1_ceiling={"micro_f1": 2 * len(excerpts) / (len(excerpts) + n_labels)},
    )


def listen(
    classifier: Classifier,
    excerpts: Sequence[Excerpt],
    *,
    on_progress: Callable[[int, int], object] | None = None,
) -> HeardExcerpts:
    """Take excerpts through the pipeline.

    Raises
    ------
    FeatureFolderError
        If a recording cannot be read.
    """
    mean, maximum, seconds, remarks = [], [], 0.0, []
    for done, excerpt in enumerate(excerpts, start=1):
        try:
            analysis = analyze(excerpt.path, classifier=classifier)
        except AudioError as error:
            raise FeatureFolderError(
                f"the excerpt {excerpt.path} cannot be read: {error} Unpack the archive again."
            ) from error
        mean.append(analysis.decode(DecodingConfig(aggregation="mean")).scores)
        maximum.append(analysis.decode(DecodingConfig(aggregation="max")).scores)
        seconds += analysis.duration
        remarks += [f"{excerpt.path.name}: {sentence}" for sentence in analysis.warnings]
        if on_progress is not None:
            on_progress(done, len(excerpts))
    return HeardExcerpts(np.stack(mean), np.stack(maximum), seconds, tuple(remarks))


def make_rows(
    heard: HeardExcerpts,
    targets: npt.NDArray[np.bool_],
    songs: Sequence[str],
    mean_thresholds: npt.NDArray[np.float32],
    max_thresholds: npt.NDArray[np.float32],
) -> dict[str, ProtocolRow]:
    """Read the scores in every way that the module names.

    Parameters
    ----------
    heard : HeardExcerpts
    targets : np.ndarray [shape=(n, 11), dtype=bool]
    songs : sequence of str
        Song of each row.
    mean_thresholds, max_thresholds : np.ndarray [shape=(11,)]
        The network's own for recordings.

    Returns
    -------
    rows : dict of str to ProtocolRow
    """
    mean, maximum = heard.mean.astype(np.float64), heard.maximum.astype(np.float64)
    loudest = mean.max(axis=1, keepdims=True)
    normalised = np.divide(mean, loudest, out=np.zeros_like(mean), where=loudest > 0)
    rows = {
        "strict_mean": _make_row("mean", mean, targets, songs, mean_thresholds),
        "strict_max": _make_row("max", maximum, targets, songs, max_thresholds),
    }
    for name, scores in (("mean", mean), ("max", maximum), ("normalised", normalised)):
        rows[f"best_threshold_{name}"] = _make_row(name, scores, targets, songs, find_best_threshold(scores, targets))
    top = np.zeros_like(mean)
    top[np.arange(len(top)), mean.argmax(axis=1)] = mean.max(axis=1) > 0
    row = _make_row("mean", top, targets, songs, 0.5)
    rows["top_1"] = replace(
        row,
        thresholds=None,
        thresholds_from="none needed",
        scores=replace(row.scores, lrap=None, roc_auc=None, average_precision=None, ece=None),
        intervals=replace(row.intervals, lrap=None),
    )
    return rows


def find_best_threshold(scores: npt.NDArray[np.float64], targets: npt.NDArray[np.bool_]) -> float:
    """The threshold, common to all instruments, with the highest micro F1 on the very rows that are scored.

    Parameters
    ----------
    scores : np.ndarray [shape=(n, n_classes)]
    targets : np.ndarray [shape=(n, n_classes), dtype=bool]

    Returns
    -------
    threshold : float
        One of .01, .02, ..., .99; the lowest of equally good ones.
    """
    f1 = []
    for threshold in _THRESHOLDS:
        heard = scores >= threshold
        f1.append(2 * (heard & targets).sum() / max(1, heard.sum() + targets.sum()))
    return float(_THRESHOLDS[int(np.argmax(f1))])


def score_constant_answer(codes: Sequence[str], targets: npt.NDArray[np.bool_]) -> dict[str, float | None]:
    """What naming the same instruments for every excerpt reaches.

    Parameters
    ----------
    codes : sequence of str
        The constant answer.
    targets : np.ndarray [shape=(n, 11), dtype=bool]

    Returns
    -------
    measures : dict of str to float
        ``micro_f1``, ``macro_f1`` and their precision and recall.
    """
    constant = np.broadcast_to([float(code in codes) for code in CODES], targets.shape)
    scores = score(constant, targets, 0.5)
    return {name: getattr(scores, name) for name in _THRESHOLDED}


def _make_row(
    aggregation: str,
    scores: npt.NDArray[np.float64],
    targets: npt.NDArray[np.bool_],
    songs: Sequence[str],
    thresholds: npt.NDArray[np.float32] | float,
) -> ProtocolRow:
    from sklearn.metrics import label_ranking_average_precision_score

    measured = score(scores, targets, thresholds)
    rankings = [
        label_ranking_average_precision_score(targets[k : k + 1], scores[k : k + 1]) for k in range(len(targets))
    ]
    is_own = not isinstance(thresholds, float)
    return ProtocolRow(
        aggregation=aggregation,
        thresholds="model" if is_own else float(thresholds),
        thresholds_from="training data" if is_own else "this test set",
        scores=measured,
        intervals=bootstrap_songs(scores >= thresholds, targets, np.asarray(rankings), songs),
    )
