"""The questions that the table of ``instrunet experiments timeline`` answers, each from its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..config import DecodingConfig, WindowConfig
from ..instruments import INSTRUMENTS
from .findings import Choice, Finding, Line, Row, judge, read_number, tabulate, write_measure

SECONDS = {
    "frame_f1": "F1 by seconds",
    "frame_precision": "Precision by seconds",
    "frame_recall": "Recall by seconds",
}
RANGES = {"segment_f1": "F1 by ranges", "boundary_error_seconds": "Boundary error (s)"}
WHOLE = {"micro_f1": "Micro F1", "macro_f1": "Macro F1", "micro_precision": "Precision", "micro_recall": "Recall"}
ALL = SECONDS | RANGES | WHOLE
_OWN = {"auto": "own for recordings", "window": "own for windows"}
_NAMES = {one.code: one.name for one in INSTRUMENTS}
_USUAL, _USUAL_HOP = DecodingConfig(), WindowConfig().hop_seconds
_PIECES = ("rendered pieces", "One network, no spread: a small gap may be chance.")
_SOURCES = {
    "timeline": _PIECES,
    "aggregation": (_PIECES[0], f"Most instruments play only part of a piece, which lowers a mean. {_PIECES[1]}"),
    "polyphony": _PIECES,
    "instrument": (_PIECES[0], "Voice is choir sounds of a synthesiser, not singers."),
    "aggregation_irmas": (
        "recordings of three clips",
        "Each was predicted by a network that never heard it, at thresholds fitted without it.",
    ),
}
_ROUGH = 0.5  # F1 by ranges: below it most ranges, found and labelled together, have no partner


@dataclass(frozen=True)
class Question:
    """One question to the table.

    Parameters
    ----------
    title, experiment : str
        What it is called, here and in the table.
    find : callable
        From all rows and a measure to a `Finding`.
    measures : mapping of str to str
        To choose from; none: all are shown at once.
    """

    title: str
    experiment: str
    find: Callable[[Sequence[Row], str], Finding]
    measures: Mapping[str, str] = field(default_factory=dict)

    def tell_source(self, rows: Sequence[Row]) -> str:
        """On how much it was measured, and of which network."""
        row = _of(rows, self.experiment)[0]
        n = read_number(row, "n")
        kind, more = _SOURCES[self.experiment]
        return (
            f"Measured on {'' if n is None else f'{n:,.0f} '}{kind}, network {row.get('model') or 'not named'}. {more}"
        )


def compare_hops(rows: Sequence[Row], measure: str) -> Finding:
    """Smoothing over 1 to 7 windows, a line for each hop, at the network's own thresholds."""
    own = [row for row in _of(rows, "timeline") if row.get("thresholds") == "window"]
    found = {
        (hop, smoothing): row
        for row in own
        if (hop := read_number(row, "hop_seconds")) and (smoothing := read_number(row, "smoothing_windows"))
    }
    values = {key: value for key, row in found.items() if (value := read_number(row, measure)) is not None}
    if not values:
        return Finding()
    usual, lines = (_USUAL_HOP, float(_USUAL.smoothing_windows)), []
    for hop in sorted({hop for hop, _ in values}):
        points = tuple((at, values[hop, at]) for at in sorted(at for own_hop, at in values if own_hop == hop))
        marked = (usual[1], values[usual]) if hop == usual[0] and usual in values else None
        lines.append(Line(f"{hop:g} s", points, marked))
    choices = [
        Choice(f"hop {hop:g} s and smoothing {at:g}", value, (hop, at) == usual) for (hop, at), value in values.items()
    ]
    note = [judge(choices, measure, ALL[measure])]
    if measure == "boundary_error_seconds":
        note.append(_count_ranges(found[min(values, key=lambda key: values[key])]))
    if usual in found:
        note.append(_judge_ranges(found[usual]))
    return Finding(" ".join(filter(None, note)), tuple(lines), "Smoothing (windows)")


def compare_thresholds(rows: Sequence[Row], _: str = "") -> Finding:
    """The network's own thresholds beside one for all instruments, at the usual hop and smoothing."""
    usual = {
        row["thresholds"]: row
        for row in _of(rows, "timeline", "thresholds")
        if (read_number(row, "hop_seconds"), read_number(row, "smoothing_windows"))
        == (_USUAL_HOP, _USUAL.smoothing_windows)
    }
    named = [(_name_thresholds(name), row, name == "window") for name, row in usual.items()]
    finding, choices = tabulate("Thresholds", named, SECONDS | RANGES)
    if choices and not max(choices, key=lambda one: one.value).is_default:
        picked = "A threshold picked on the very pieces that it is scored on looks better than it is."
        return replace(finding, note=f"{finding.note} {picked}")
    return finding


def compare_aggregations(rows: Sequence[Row], measure: str) -> Finding:
    """Mean or max over whole pieces, by smoothing and thresholds."""
    columns: dict[tuple[str, float], dict[str, float]] = {}  # (aggregation, smoothing) -> thresholds -> value
    for row in _of(rows, "aggregation", "aggregation", "thresholds"):
        value, smoothing = read_number(row, measure), read_number(row, "smoothing_windows")
        if value is not None and smoothing is not None:
            columns.setdefault((row["aggregation"], smoothing), {})[row["thresholds"]] = value
    titled: dict[str, dict[str, float]] = {}
    default = ""
    for (aggregation, smoothing), column in columns.items():
        same = [other for (name, _), other in columns.items() if name == aggregation]
        is_idle = len(same) > 1 and all(other == column for other in same)  # smoothing changes nothing
        title = aggregation.capitalize() + ("" if is_idle else f", smoothing {smoothing:g}")
        titled[title] = column
        if (aggregation, smoothing) == (_USUAL.aggregation, _USUAL.smoothing_windows):
            default = title
    kinds = list(dict.fromkeys(kind for column in titled.values() for kind in column))
    choices = [
        Choice(f"{title.lower()}, {_name_thresholds(kind)}", value, (title, kind) == (default, "auto"))
        for title, column in titled.items()
        for kind, value in column.items()
    ]
    if not choices:
        return Finding()
    marks = {(default, "auto"): " (default)"}
    table = [
        (
            _name_thresholds(kind),
            *(write_measure(titled[of].get(kind), measure) + marks.get((of, kind), "") for of in titled),
        )
        for kind in kinds
    ]
    head = ("Thresholds", *(title.replace(", smoothing", "") for title in titled))
    note = f"{judge(choices, measure, ALL[measure])} {_explain_numbers(list(titled))}"
    return Finding(note, head=head, rows=tuple(table))


def compare_recordings(rows: Sequence[Row], _: str = "") -> Finding:
    """Mean or max over the three clips of IRMAS recordings, and the first clip alone."""
    named = []
    for row in _of(rows, "aggregation_irmas", "aggregation", "thresholds"):
        aggregation, kind = row["aggregation"], row["thresholds"]
        is_default = (aggregation, kind) == (_USUAL.aggregation, "auto")
        named.append((f"{aggregation}, {_name_thresholds(kind)}", row, is_default))
    return tabulate("Clips, thresholds", named, WHOLE | {"accuracy": "Accuracy"})[0]


def compare_polyphony(rows: Sequence[Row], _: str = "") -> Finding:
    """Seconds in which one, two, three or four of the eleven play."""
    numbered = {number: row for row in _of(rows, "polyphony") if (number := read_number(row, "n_playing"))}
    named = [(f"{number:g}", numbered[number], False) for number in sorted(numbered)]
    finding, _choices = tabulate("Playing at once", named, SECONDS)
    lines, notes = [], []
    for measure, name in SECONDS.items():
        values = [
            (number, value)
            for number in sorted(numbered)
            if (value := read_number(numbered[number], measure)) is not None
        ]
        if values:
            lines.append(Line(name, tuple(values)))
            (first, at_first), (last, at_last) = values[0], values[-1]
            notes.append(f"{name}: {at_first:.3f} with {first:g}, {at_last:.3f} with {last:g}.")
    return replace(finding, note=" ".join(notes), lines=tuple(lines), x_label="Instruments that play at once")


def compare_instruments(rows: Sequence[Row], _: str = "") -> Finding:
    """Seconds of each instrument, the one that is read best first."""
    named = [
        (_NAMES.get(row["instrument"], row["instrument"]), row, False) for row in _of(rows, "instrument", "instrument")
    ]
    named.sort(key=lambda one: -(read_number(one[1], "frame_f1") or 0.0))
    finding, choices = tabulate("Instrument", named, SECONDS)
    if len(choices) < 2:
        return finding
    last = min(choices, key=lambda one: one.value)
    return replace(finding, note=f"{finding.note} Lowest: {last.name}, {last.value:.3f}.")


def _of(rows: Sequence[Row], experiment: str, *needed: str) -> list[Row]:
    """Rows of an experiment in which the columns that are needed are filled."""
    return [row for row in rows if row.get("experiment") == experiment and all(map(row.get, needed))]


def _name_thresholds(kind: str) -> str:
    return _OWN.get(kind, f"{kind} for all")


def _explain_numbers(titles: Sequence[str]) -> str:
    """What a number beside mean or max is, and what it means that one is missing: each only where there is such."""
    has_number = [", smoothing" in title for title in titles]
    if not any(has_number):
        return "Smoothing changes nothing."
    lacking = "" if all(has_number) else "; where there is none, smoothing changes nothing"
    return f"A number beside mean or max: windows of smoothing{lacking}."


def _count_ranges(row: Row) -> str:
    """With how many ranges the lowest boundary error comes: the more there are, the nearer is one by chance."""
    claimed, labelled = read_number(row, "n_segments"), read_number(row, "n_labelled")
    if claimed is None or labelled is None:
        return ""
    return (
        f"But the more ranges there are, the nearer is one by chance: the lowest comes with {claimed:,.0f} ranges "
        f"where {labelled:,.0f} are labelled."
    )


def _judge_ranges(row: Row) -> str:
    """What the default reaches by seconds and by ranges."""
    seconds, ranges = read_number(row, "frame_f1"), read_number(row, "segment_f1")
    if seconds is None or ranges is None:
        return ""
    text = f"With the defaults F1 is {seconds:.3f} by seconds and {ranges:.3f} by ranges"
    return f"{text}: most ranges begin or end elsewhere, so take them as rough." if ranges < _ROUGH else f"{text}."


QUESTIONS = (
    Question("Hop and smoothing", "timeline", compare_hops, SECONDS | RANGES),
    Question("Own thresholds, or one for all", "timeline", compare_thresholds),
    Question("Mean or max: whole pieces", "aggregation", compare_aggregations, WHOLE),
    Question("Mean or max: IRMAS recordings", "aggregation_irmas", compare_recordings),
    Question("How many play at once", "polyphony", compare_polyphony),
    Question("Instrument by instrument", "instrument", compare_instruments),
)
