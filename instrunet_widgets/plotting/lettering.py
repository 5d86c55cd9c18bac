"""Names from anywhere in letters that can be drawn: which font has a character, and what stands for one that none has.

DejaVu Sans, which Matplotlib brings, has Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian and many signs;
Noto Sans CJK has Chinese, Japanese and Korean. What neither has is spelled out: an emoji as its name in brackets,
letters of another script as the name of the script.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..wording import escape_unprintable

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

Font = Literal["text", "cjk"]

TEXT_FAMILY, CJK_FAMILY = "DejaVu Sans", "Noto Sans CJK JP"
_CJK_PACKAGE = "noto_cjk_sans_jp_regular"
# Joiners, variation selectors and skin colours change how a neighbour looks and are nothing by themselves.
_MODIFIERS = re.compile("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_RIGHT_TO_LEFT = ("R", "AL")


@dataclass(frozen=True)
class Run:
    """Neighbouring characters of one font, in the order in which they are drawn.

    Parameters
    ----------
    font : {"text", "cjk"}
    text : str
    """

    font: Font
    text: str


def font_path(font: Font, *, bold: bool = False) -> Path | None:
    """Where a font file is; None if the package with it is not installed.

    Parameters
    ----------
    font : {"text", "cjk"}
    bold : bool
        Only of the text font.
    """
    if font == "text":
        import matplotlib

        return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"DejaVuSans{'-Bold' if bold else ''}.ttf"
    if find_spec(_CJK_PACKAGE) is None:
        return None
    return next((Path(str(one)) for one in files(_CJK_PACKAGE).iterdir() if one.name.endswith(".otf")), None)


@cache
def open_font(font: Font) -> FT2Font | None:
    """A font as FreeType sees it; None if it is not installed."""
    from matplotlib.ft2font import FT2Font

    path = font_path(font)
    return FT2Font(str(path)) if path else None


@cache
def find_font(character: str) -> Font | None:
    """The font that has a character; None if none has it."""
    fonts: tuple[Font, Font] = ("text", "cjk")
    for font in fonts:
        opened = open_font(font)
        if opened is not None and opened.get_char_index(ord(character)):
            return font
    return None


def measure_width(run: Run, points: float) -> float:
    """Width of a run in points.

    Parameters
    ----------
    run : Run
    points : float
        Size of the letters.
    """
    return sum(_advance(run.font, character) for character in run.text) * points


@cache
def _advance(font: Font, character: str) -> float:
    """How far the next character begins, over the size of the letters."""
    from matplotlib.ft2font import LoadFlags

    opened = open_font(font)
    if opened is None:
        return 1.0
    glyph = opened.load_char(ord(character), flags=LoadFlags.NO_SCALE)
    return float(glyph.horiAdvance / opened.units_per_EM)


def spell_out(text: str) -> str:
    """Replace what no font has and what has no look, so that every character of the result can be drawn.

    Parameters
    ----------
    text : str
        A name from outside.

    Returns
    -------
    spelled : str
        In reading order.

    Examples
    --------
    >>> spell_out("Étude 🎻.wav")
    'Étude [violin].wav'
    """
    if text.isascii():
        return escape_unprintable(text)
    text = escape_unprintable(_MODIFIERS.sub("", unicodedata.normalize("NFC", text)))
    spelled = []
    for stand_in, characters in groupby(text, key=_find_stand_in):
        run = "".join(characters)
        spelled.append(run if stand_in is None else stand_in * (len(run) if stand_in.startswith("[") else 1))
    return "".join(spelled)


def lay_out(text: str, width: float, measure: Callable[[Run], float], *, is_reordered: bool = True) -> list[list[Run]]:
    """Break a name into lines and put each line into the order in which it is drawn, from left to right.

    Parameters
    ----------
    text : str
        A name from outside, in reading order.
    width : float
        Of a line.
    measure : callable (Run) -> float
        How wide a run is, in the unit of `width`.
    is_reordered : bool
        False leaves the lines in reading order, for those who draw text from right to left by themselves.

    Returns
    -------
    lines : list of list of Run
        At least one line.
    """
    spelled = spell_out(text)
    is_right_to_left = any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in spelled)
    if is_right_to_left:
        import arabic_reshaper

        spelled = arabic_reshaper.reshape(spelled)
    base = _find_direction(spelled)
    lines = []
    for line in _break_lines(spelled, width, measure):
        if is_right_to_left and is_reordered:
            from bidi import get_display

            line = str(get_display(line, base_dir=base))
        lines.append(_split(line))
    return lines


def _break_lines(text: str, width: float, measure: Callable[[Run], float]) -> list[str]:
    """Lines that fit, broken after a space, an underscore or a hyphen in their second half, or else anywhere."""
    widths = [measure(Run(find_font(character) or "text", character)) for character in text]
    lines, start, used = [], 0, 0.0
    for k, advance in enumerate(widths):
        if used + advance > width and k > start:
            breaks = [at + 1 for at in range((start + k) // 2, k) if text[at] in " _-"]
            end = breaks[-1] if breaks else k
            lines.append(text[start:end])
            start, used = end, sum(widths[end:k])
        used += advance
    return [line.strip() for line in [*lines, text[start:]]]


def _split(text: str) -> list[Run]:
    runs = groupby(text, key=lambda character: find_font(character) or "text")
    return [Run(font, "".join(characters)) for font, characters in runs] or [Run("text", "")]


def _find_direction(text: str) -> Literal["L", "R"]:
    """That of the first letter that has one."""
    directions = (unicodedata.bidirectional(character) for character in text)
    first = next((direction for direction in directions if direction in ("L", *_RIGHT_TO_LEFT)), "L")
    return "L" if first == "L" else "R"


@cache
def _find_stand_in(character: str) -> str | None:
    """What is drawn for a character that no font has; None if one has it."""
    if find_font(character):
        return None
    name, category = unicodedata.name(character, ""), unicodedata.category(character)
    if name.startswith("REGIONAL INDICATOR"):  # two of them are a flag
        return name[-1]
    if name.startswith("COMBINING"):
        return ""
    if category[0] in "LM":  # one stand-in for a run of letters and their marks
        return f"\u2039{name.split()[0].capitalize()}\u203a" if name else "\ufffd"
    return f"[{name.lower()}]" if name else "\ufffd"
