"""Tables of the model card: beside other systems, and where the network fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..instruments import CODES, INSTRUMENTS

N_CONFUSIONS = 10
_NAMES = {instrument.code: instrument.name for instrument in INSTRUMENTS}
# Published figures on the IRMAS training set; "by clip" lets clips of one recording stand on both sides.
_PEERS = (
    ("InstruNet, which this project follows", "by clip", "micro F1 .620, macro F1 .609, ROC-AUC .94"),
    ("CNN, .43 M parameters, SpecAugment [2]", "by recording", "accuracy .65, macro F1 .64"),
    ("frozen PANNs or AST embeddings and a classifier [2]", "by recording", "accuracy .78, macro F1 .76"),
    ("VGGish [1]", "by recording, ten classes", "ROC-AUC .916, AP .673"),
    ("OpenL3 [1]", "by recording, ten classes", "ROC-AUC .939, AP .731"),
    ("YAMNet [1]", "by recording, ten classes", "ROC-AUC .947, AP .763"),
)
_SOURCE = (
    "[1] C. Wang, G. Richard, B. McFee, ISMIR 2023 (arXiv 2307.10834), on a published split that is not the one used "
    "here. [2] Told to us without a paper. Figures on the IRMAS testing set (whole excerpts with several labels) "
    "measure something else: `instrunet evaluate --irmas-testing`."
)


def describe_peers(scores: Mapping[str, Any]) -> str:
    """The network's figures beside published ones.

    Parameters
    ----------
    scores : dict
        Content of ``scores.json``.
    """
    eleven, ten = (scores["test"][classes] for classes in ("eleven_classes", "ten_classes"))
    own_name = "five networks of this recipe" if "folds" in scores else "this network"
    own = [
        (own_name, "by recording", f"accuracy {figure(eleven['accuracy'])}, argmax macro F1 "
         f"{figure(eleven['argmax_macro_f1'])}, micro F1 {figure(eleven['micro_f1'])}, macro F1 "
         f"{figure(eleven['macro_f1'])}"),
        (own_name, "by recording, ten classes", f"ROC-AUC {figure(ten['roc_auc'])}, AP "
         f"{figure(ten['average_precision'])}"),
    ]  # fmt: skip
    return tabulate(("system", "split", "figures"), [*own, *_PEERS]) + "\n\n" + _SOURCE


def describe_failures(scores: Mapping[str, Any]) -> str:
    """Confusions, genres, isolated notes and sound without any of the instruments, as far as they were scored."""
    parts = [_describe_confusions(scores["test"]["eleven_classes"]["confusion"])]
    if "genres" in scores:
        rows = [(genre, str(row["n"]), figure(row["accuracy"])) for genre, row in scores["genres"].items()]
        parts.append("By genre, as IRMAS names it:\n\n" + tabulate(("genre", "clips", "accuracy"), rows))
    shipped = scores.get("shipped", {})
    if notes := shipped.get("notes", scores.get("notes")):
        parts.append(_describe_notes(notes["eleven_classes"]["confusion"]))
    if solo := scores.get("solo"):
        parts.append(_describe_solo(solo))
    if by_number := scores.get("by_number"):
        parts.append(_describe_numbers(by_number))
    if alarms := shipped.get("false_alarms"):
        n, mean = _count_alarms(alarms)
        rows = [(kind, str(row["n_windows"]), f"{row['per_minute']:.2f}") for kind, row in alarms.items()]
        rows.append(("all", str(n), f"{mean:.2f}"))
        parts.append(
            "Drums, bass, mallets, synthesisers and noise, in which none of the eleven plays; instruments above their "
            "threshold in a minute of 3 s windows:\n\n"
            + tabulate(("sound", "windows", "false alarms per minute"), rows)
        )
    return "\n\n".join(parts)


# What this project set out to reach: words, where the figure stands in ``scores.json``, and the least that will do.
_AIMS = (
    ("accuracy", ("eleven_classes", "accuracy"), 0.80),
    ("argmax macro F1", ("eleven_classes", "argmax_macro_f1"), 0.78),
    ("micro F1 at the thresholds", ("eleven_classes", "micro_f1"), 0.77),
    ("macro F1 at the thresholds", ("eleven_classes", "macro_f1"), 0.76),
    ("ROC-AUC, ten classes", ("ten_classes", "roc_auc"), 0.965),
    ("average precision, ten classes", ("ten_classes", "average_precision"), 0.85),
)
_AIMED_ALARMS = 1.0
_NEXT = (
    "What to try next, the most promising first: real recordings of one instrument alone by many more players, violin, "
    "saxophone and both guitars above all; far more sound in which none of the eleven plays, brass, basses and "
    "synthesisers above all; training clips that name every instrument in them. A pretrained network reaches more on "
    "IRMAS, but is many times larger."
)


def describe_aims(scores: Mapping[str, Any]) -> str:
    """What was aimed at and is not reached, and what to try next."""
    rows = []
    for words, (classes, key), aim in _AIMS:
        value = scores["folds"][classes][key]["mean"] if "folds" in scores else scores["test"][classes][key]
        if value is not None and value < aim:
            rows.append((words, figure(value), figure(aim)))
    if alarms := scores.get("shipped", {}).get("false_alarms"):
        per_minute = _count_alarms(alarms)[1]
        if per_minute >= _AIMED_ALARMS:
            rows.append(("false alarms per minute without any of the eleven", f"{per_minute:.1f}", "< 1"))
    table = tabulate(("measure", "reached", "aimed at"), rows) if rows else "All that was aimed at is reached."
    return f"{table}\n\n{_NEXT}"


def _count_alarms(alarms: Mapping[str, Any]) -> tuple[int, float]:
    """Windows of all kinds, and false alarms in a minute of them."""
    n = sum(row["n_windows"] for row in alarms.values())
    return n, sum(row["n_windows"] * row["per_minute"] for row in alarms.values()) / n


def tabulate(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(value: float | None) -> str:
    """A number between 0 and 1 as ``.712``.

    Examples
    --------
    >>> figure(0.7123), figure(None)
    ('.712', '–')
    """
    return "–" if value is None else f"{value:.3f}".removeprefix("0")


def _describe_confusions(confusion: Sequence[Sequence[int]]) -> str:
    pairs = [
        (count / sum(row), count, CODES[k], CODES[j])
        for k, row in enumerate(confusion)
        for j, count in enumerate(row)
        if j != k and count
    ]
    rows = [
        (f"{_NAMES[true]} as {_NAMES[heard]}", str(count), f"{100 * share:.0f} %")
        for share, count, true, heard in sorted(pairs, reverse=True)[:N_CONFUSIONS]
    ]
    return "What is taken for what most often:\n\n" + tabulate(("confusion", "clips", "of its clips"), rows)


def _describe_solo(solo: Mapping[str, Any]) -> str:
    heard = {code: row for code, row in solo["per_class"].items() if row["n"]}
    rows = [(_NAMES[code], str(row["n"]), figure(row["accuracy"])) for code, row in heard.items()]
    learnt = f" from {solo['n_learnt']:,} clips" if solo.get("n_learnt") else ""
    return (
        f"Recordings of one instrument alone, named by another network, made for this: it learnt{learnt} of the kinds "
        f"listed under Data, but none of these recordings: {solo['n_right']} of {solo['n']} right "
        f"({figure(solo['accuracy'])}; mean over instruments {figure(solo['class_mean_accuracy'])}).\n\n"
        + tabulate(("instrument", "recordings", "accuracy"), rows)
    )


def _describe_numbers(by_number: Mapping[str, Any]) -> str:
    rows = [
        (name, number, str(row["n"]), *(figure(row[key]) for key in ("top_1", "precision", "recall", "f1")))
        for name, scores in by_number.items()
        for number, row in scores.items()
    ]
    head = ("scored on", "instruments", "n", "top 1", "precision", "recall", "F1")
    return (
        "Alone and together: by how many of the eleven play (in *relabelled* as a listener heard them, by networks "
        "that did not learn from the recording). *Top 1* is how often the most probable one plays:\n\n"
        + tabulate(head, rows)
    )


def _describe_notes(confusion: Sequence[Sequence[int]]) -> str:
    rows = [(_NAMES[CODES[k]], str(sum(row)), figure(row[k] / sum(row))) for k, row in enumerate(confusion) if sum(row)]
    n, n_right = sum(map(sum, confusion)), sum(row[k] for k, row in enumerate(confusion))
    return (
        "Isolated notes of held-out pitches, by players whose other notes were learnt from (so this is easier than "
        f"another player's note): {n_right} of {n} right ({figure(n_right / n)}).\n\n"
        + tabulate(("instrument", "notes", "accuracy"), rows)
    )
