"""Lesson 2: windows, labels, and why a split by clip leaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..training.irmas import parse_clip_name
from .exercise import Exercise
from .irmas_clips import SplitScore, read_clips, read_split_scores
from .judging import judge_function, judge_number
from .label_widgets import ClipCounter, LabelExplorer, LeakExplorer
from .material import find_part, load_labels, load_piece, make_opening, read_model_file
from .out_of_fold import show_folds
from .panel import Panel
from .tables import show_table, write_mean

__all__ = [
    "ClipCounter",
    "LabelExplorer",
    "LeakExplorer",
    "expected_leaks",
    "leak_share",
    "load_labels",
    "load_piece",
    "recording_of",
    "show_folds",
    "show_names",
    "show_scores",
    "start",
]

_MEASURES = {
    "accuracy": "Accuracy",
    "argmax_macro_f1": "Macro F1 of the most probable class",
    "micro_f1": "Micro F1 at the thresholds",
    "macro_f1": "Macro F1 at the thresholds",
    "roc_auc": "ROC-AUC",
}
_NOT_MEASURED = (
    "How much the scores rise under a split by clip has not been measured here yet (models/experiments.csv lacks it; "
    "the command is: instrunet experiments train). Above, the honest figures alone."
)


def start() -> Panel:
    """The lesson's first card."""
    read_clips()  # if the split is missing, that is said here
    return make_opening(2, 25, "What a network learns depends on its labels; what its score means, on the split.")


def show_names(n_rows: int = 6) -> Panel:
    """Some clips from all over the list, with what their names say; one is of a clarinet in classical music."""
    clips = read_clips()
    both = np.flatnonzero((clips.instrument == "cla") & (clips.genre == "cla"))[:1]
    others = np.linspace(0, len(clips) - 1, n_rows - len(both)).astype(int)
    chosen = clips.iloc[np.union1d(both, others)]
    rows = [
        (file.split("/")[-1], *rest)
        for file, *rest in chosen[["file", "instrument", "genre", "recording"]].astype(str).to_numpy().tolist()
    ]
    return show_table(rows, ("File", "Instrument", "Genre", "Recording"), "What the names say")


def show_scores(scores: tuple[SplitScore, ...] | None = None) -> Panel:
    """What the split does to the scores, as far as it has been measured; else the network's own figures.

    Parameters
    ----------
    scores : tuple of SplitScore, optional
        Default: those of ``models/experiments.csv``.
    """
    scores = read_split_scores() if scores is None else scores
    if not scores:
        own = find_part(read_model_file("scores.json"), "test", "eleven_classes")
        own_rows = [(name, f"{own[key]:.3f}") for key, name in _MEASURES.items() if isinstance(own.get(key), float)]
        return show_table(own_rows, ("InstruNet's network", "Split by recording"), "Scores", _NOT_MEASURED)
    by_recording, by_clip = scores
    rows = [
        (name, _write(by_recording, key), _write(by_clip, key), f"{by_clip.means[key] - by_recording.means[key]:+.3f}")
        for key, name in _MEASURES.items()
        if key in by_recording.means and key in by_clip.means
    ]
    note = "The same small network, trained and scored under both splits. "
    if by_recording.n_runs == by_clip.n_runs == 1:
        note += "One run each; nobody can say how much of it is chance."
    else:
        note += f"Mean of the runs ({by_recording.n_runs} by recording, {by_clip.n_runs} by clip)"
        note += ", and from lowest to highest where there are several."
    return show_table(rows, ("Measure", "Split by recording", "Split by clip", "Difference"), "Scores", note)


def _write(score: SplitScore, key: str) -> str:
    return write_mean(score.means[key], score.lowest[key], score.highest[key], score.n_runs)


def _recording_of(file: str) -> str:
    return parse_clip_name(file).recording_id


def _leak_share(train: Sequence[str], test: Sequence[str]) -> float:
    known = set(train)
    return sum(recording in known for recording in test) / len(test) if len(test) else 0.0


recording_of = Exercise(
    judge_function(
        _recording_of,
        [
            ("cel/[cel][cla]0058__2.wav",),
            ("cla/[cla][cla]0180__1.wav",),
            ("pia/031__[pia][nod][cla]1444__1.wav",),
            ("voi/171__[voi][dru][pop_roc]2315__3.wav",),
            ("gac/[gac][---]0721__3.wav",),
            ("vio/[vio][cla]02190__10.wav",),
        ],
    ),
    hint="The number stands after the last bracket and before the two underscores; it is text, with its zeros. "
    "Some names begin with another number.",
    praise="Clips with the same number come from the same recording: same player, same room, same microphone.",
)
leak_share = Exercise(
    judge_function(
        _leak_share,
        [
            (["a", "b", "b"], ["a", "c"]),
            (["a", "b"], ["c", "d", "e"]),
            (["a", "b"], ["b", "b", "a", "x"]),
            (["a"], []),
            ([], ["a", "b"]),
        ],
    ),
    hint="Of the clips in the test, count those whose recording also occurs in training, and divide by how many "
    "clips the test has; an empty test leaks nothing: 0.",
    praise="On the real list of clips this is the figure that the knobs above gave you.",
)
expected_leaks = Exercise(
    judge_number(
        96.0,
        tolerance=0.5,
        hints={
            0.96: "Give it in per cent.",
            80.0: "That would be right with one sister; each clip has two.",
            64.0: "That is how often both sisters are in training; one is enough to leak.",
            4.0: "That is how often it does not leak.",
            20.0: "That is the share of the test; the question is about clips inside it.",
        },
    ),
    hint="A test clip does not leak only if both sisters are in the test too.",
    praise="Both sisters are in the test with it in 0.2 x 0.2 = 4 of 100 cases; all others leak.",
)
