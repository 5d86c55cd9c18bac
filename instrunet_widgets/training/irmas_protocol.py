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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import FloatArray
from ..config import AGGREGATIONS, DecodingConfig, WindowConfig
from ..errors import AudioError, FeatureFolderError
from ..instruments import CODES
from ..pipeline import analyze
from .bootstrap import LEVEL, N_RESAMPLES
from .irmas_testing import Excerpt, find_excerpts
from .protocol_rows import FLOORS, HeardExcerpts, ProtocolRow, make_rows, score_constant_answer

if TYPE_CHECKING:
    from ..classifier import Classifier

SCHEMA_VERSION = 1


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
        rows=make_rows(heard, targets, [excerpt.song for excerpt in excerpts]),
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
    scores: dict[str, list[FloatArray]] = {"mean": [], "max": []}
    thresholds: dict[str, list[FloatArray]] = {"mean": [], "max": []}
    seconds, remarks = 0.0, []
    for done, excerpt in enumerate(excerpts, start=1):
        try:
            analysis = analyze(excerpt.path, classifier=classifier)
        except AudioError as error:
            raise FeatureFolderError(
                f"the excerpt {excerpt.path} cannot be read: {error} Unpack the archive again."
            ) from error
        for aggregation in AGGREGATIONS:
            timeline = analysis.decode(DecodingConfig(aggregation=aggregation))
            scores[aggregation].append(timeline.scores)
            thresholds[aggregation].append(timeline.recording_thresholds)
        seconds += analysis.duration
        remarks += [f"{excerpt.path.name}: {sentence}" for sentence in analysis.warnings]
        if on_progress is not None:
            on_progress(done, len(excerpts))
    return HeardExcerpts(
        mean=np.stack(scores["mean"]),
        maximum=np.stack(scores["max"]),
        mean_thresholds=np.stack(thresholds["mean"]),
        max_thresholds=np.stack(thresholds["max"]),
        seconds=seconds,
        remarks=tuple(remarks),
    )
