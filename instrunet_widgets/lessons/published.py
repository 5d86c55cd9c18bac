"""Published figures on IRMAS beside the network's own, and what may be compared with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

import ipywidgets as widgets

from .material import find_part, read_model_file
from .panel import Panel, knob, knobs
from .tables import write_words

Split = Literal["test", "clip", "recording", "published"]

_SPLITS = {
    "test": "other recordings",
    "clip": "split by clip",
    "recording": "split by recording",
    "published": "split by recording, as published with it",
}
_TESTING_SET, _TRAINING_SET = "IRMAS testing set", "IRMAS training set"
_TABLE_OF_2025 = "as tabulated in doi 10.1007/s00034-025-03111-y"
_SHORT = {_TESTING_SET: "testing set", _TRAINING_SET: "training set"}
_NO_SOURCE = "no paper named here"
_MEASURES = {
    "micro_f1": "Micro F1",
    "macro_f1": "Macro F1",
    "lrap": "LRAP",
    "accuracy": "Accuracy",
    "roc_auc": "ROC-AUC",
    "average_precision": "Average precision",
}
_REASONS = {
    "test": "No. Another test: excerpts of 5 to 20 s with 1.71 labels on average, not clips of 3 s with one; and most "
    "papers chose their threshold on that very test. To take the same test: instrunet evaluate --irmas-testing.",
    "constant": "No network at all: this is what a constant answer reaches on that test. Look at it first, before "
    "you call any figure high.",
    "clip": "No. In a random split by clip about 95 % of the test clips share a recording with training (lesson 2).",
    "recording": "With care. Split by recording, as here; but how they dealt the recordings is not said, so "
    "differences of the size of the intervals above mean nothing.",
    "published": "With care: as an order of size, and with the ten classes only (both guitars are one). Split by "
    "recording, but scored on other clips: none of their test recordings is among ours.",
}


@dataclass(frozen=True)
class Published:
    """Figures that others report.

    Parameters
    ----------
    system : str
    split : {"test", "clip", "recording", "published"}
        "test": scored on the testing set; else how the training set was split.
    figures : dict of str to str
        By measure, as they are written.
    source : str
    is_constant : bool
        No network, but the same answer for everything.
    classes : str
        The network's own figures to put beside it: ``"eleven_classes"`` or ``"ten_classes"``.
    """

    system: str
    split: Split
    figures: dict[str, str] = field(default_factory=dict)
    source: str = _NO_SOURCE
    is_constant: bool = False
    classes: str = "eleven_classes"

    @property
    def tested_on(self) -> str:
        """The data."""
        return _TESTING_SET if self.split == "test" else _TRAINING_SET

    @property
    def verdict(self) -> str:
        """Whether it may stand beside the network's own figures, and why."""
        return _REASONS["constant" if self.is_constant else self.split]

    @property
    def is_comparable(self) -> bool:
        """Whether the two may stand side by side at all."""
        return self.split in ("recording", "published")


def _f1(system: str, micro: str, macro: str, source: str, lrap: str = "", *, is_constant: bool = False) -> Published:
    given = {"micro_f1": micro, "macro_f1": macro, "lrap": lrap}
    return Published(system, "test", {name: text for name, text in given.items() if text}, source, is_constant)


def _wang(embedding: str, roc_auc: str, average_precision: str) -> Published:
    given = {"roc_auc": roc_auc, "average_precision": average_precision}
    source = "Wang, Richard, McFee 2023, arXiv 2307.10834"
    return Published(f"{embedding} embeddings, classifier", "published", given, source, classes="ten_classes")


PUBLISHED = (
    Published(
        "InstruNet, which this project follows", "clip", {"micro_f1": ".6201", "macro_f1": ".609", "roc_auc": ".94"}
    ),
    Published("CNN of .43 M parameters, SpecAugment", "recording", {"accuracy": ".65", "macro_f1": ".64"}),
    Published("Frozen PANNs / AST embeddings, classifier", "recording", {"accuracy": ".78", "macro_f1": ".76"}),
    _wang("VGGish", ".916", ".673"),
    _wang("OpenL3", ".939", ".731"),
    _wang("YAMNet", ".947", ".763"),
    _f1("Bosch et al. 2012", ".50", ".43", _TABLE_OF_2025),
    _f1("CNN, Han, Kim, Lee 2017", ".602", ".503", "arXiv 1605.09507"),
    _f1("Single-layer CNN, Pons et al. 2017", ".56", ".48", _TABLE_OF_2025),
    _f1("Multi-layer CNN, Pons et al. 2017", ".59", ".52", _TABLE_OF_2025),
    _f1("VGG on CQT, Kratimenos et al. 2019", "", "", "arXiv 1911.12505", "about .80"),
    _f1("Swin-T voting, Reghunath, Rajan 2022", ".66", ".62", "doi 10.1186/s13636-022-00245-8"),
    _f1("IRNet, pre-trained on notes, Zhong et al. 2023", ".674", "", "arXiv 2306.08850", ".814"),
    _f1("PaSST fine-tuned (MusDetect)", ".688", ".617", "its README"),
    _f1("CNN 2025", ".61", ".52", "doi 10.1007/s00034-025-03111-y"),
    _f1("Involution 2025", ".62", ".54", "doi 10.1007/s00034-025-03111-y"),
    _f1("Always: voice", ".268", ".048", "counted from its labels", is_constant=True),
    _f1("Always: voice, piano, electric guitar", ".440", ".140", "counted from its labels", is_constant=True),
    _f1("Always: all eleven", ".269", ".250", "counted from its labels", is_constant=True),
)  # fmt: skip


def show_published() -> Panel:
    """All published figures, with their sources."""
    rows = [
        (
            f"{escape(one.system)}<small>{escape(one.source)}</small>",
            f"{_SHORT[one.tested_on]}, {'always the same answer' if one.is_constant else _SPLITS[one.split]}",
            ", ".join(f"{_MEASURES[name]} {text}" for name, text in one.figures.items()),
            "with care" if one.is_comparable else "no",
        )
        for one in PUBLISHED
    ]
    head = ("System and source", "Scored on", "Figures", "Comparable?")
    return Panel([widgets.HTML(write_words(head, rows))], title="Published figures on IRMAS")


def read_own_figures() -> dict[str, dict[str, str]]:
    """The network's own figures as they are written, by classes and measure; with the folds' spread where known.

    Raises
    ------
    LessonStop
        If the network's ``scores.json`` is missing or damaged.
    """
    scores = read_model_file("scores.json")
    own: dict[str, dict[str, str]] = {}
    for classes in ("eleven_classes", "ten_classes"):
        whole, folds = find_part(scores, "test", classes), find_part(scores, "folds", classes)
        own[classes] = {name: _write(whole.get(name), folds.get(name)) for name in (*_MEASURES, "argmax_macro_f1")}
    return own


def _write(value: Any, spread: Any) -> str:
    if isinstance(spread, dict) and isinstance(spread.get("mean"), float) and isinstance(spread.get("spread"), float):
        return f"{spread['mean']:.3f} ± {spread['spread']:.3f}"
    return f"{value:.3f}" if isinstance(value, float) else "-"


class FairComparison(Panel):
    """One published system beside the network: what is the same, and whether the figures may stand side by side.

    Attributes
    ----------
    system : ipywidgets.Dropdown
        The first on show may be compared, and names its source.
    """

    def __init__(self) -> None:
        self._own = read_own_figures()
        first = next(k for k, one in enumerate(PUBLISHED) if one.is_comparable and one.source != _NO_SOURCE)
        self.system = widgets.Dropdown(options=[(one.system, k) for k, one in enumerate(PUBLISHED)], value=first)
        self._table, self._words = widgets.HTML(), widgets.HTML()
        super().__init__([knobs(knob("Compare with", self.system)), self._table, self._words], title="Side by side?")
        self.system.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        other = PUBLISHED[self.system.value]
        own = self._own[other.classes]
        rows = [
            ("Tested on", other.tested_on, _TRAINING_SET),
            (
                "How",
                "always the same answer" if other.is_constant else _SPLITS[other.split],
                "split by recording, five folds",
            ),
        ]
        for name, text in other.figures.items():
            rows.append((_MEASURES[name], text, own[name] if other.is_comparable else "not comparable"))
            if name == "macro_f1" and other.is_comparable:
                rows.append(("the same, of the most probable", "not said which", own["argmax_macro_f1"]))
        rows.append(("Source", other.source, "scores.json"))
        classes = " (ten classes)" if other.classes == "ten_classes" else ""
        head = ("", escape(other.system), f"This network{classes}")
        self._table.value = write_words(head, [[escape(cell) for cell in row] for row in rows])
        has_spread = other.is_comparable and any("±" in own[name] for name in other.figures)
        note = " Mean of the five folds ± their standard deviation." if has_spread else ""
        self._words.value = f"<p>{escape(other.verdict + note)}</p>"
