"""Fonts of the report, embedded with just the letters that it needs, and names from outside set with them."""

from __future__ import annotations

import io
from functools import cache
from hashlib import sha256
from html import escape
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from ...plotting.lettering import CJK_FAMILY, Run, font_path, lay_out, open_font

REGULAR, BOLD = "InstruNet-Regular", "InstruNet-Bold"
_SOME_DAY = 3_600_000_000  # in seconds from 1904 on, as fonts count
_MAX_ERROR = 1.0  # of curves, in thousandths of the size of the letters


@cache
def register_fonts() -> None:
    """Make the two text fonts known to reportlab."""
    for name, bold in ((REGULAR, False), (BOLD, True)):
        pdfmetrics.registerFont(TTFont(name, str(font_path("text", bold=bold))))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def set_name(name: str, points: float, width: float, *, bold: bool = False, max_lines: int = 0) -> str:
    """A name from outside as the markup of a paragraph: escaped, broken into lines, every letter in a font that has it.

    Parameters
    ----------
    name : str
        In reading order.
    points : float
        Size of the letters.
    width : float
        Of a line, points.
    bold : bool
    max_lines : int
        What goes beyond is cut off with an ellipsis; 0 for no limit.

    Returns
    -------
    markup : str
        For `reportlab.platypus.Paragraph`.
    """
    font = BOLD if bold else REGULAR

    def measure(run: Run) -> float:
        return points * len(run.text) if run.font == "cjk" else float(pdfmetrics.stringWidth(run.text, font, points))

    lines = lay_out(name, width - 2 * points, measure)
    if max_lines and len(lines) > max_lines:
        lines = lines[:max_lines]
        lines[-1] = [*lines[-1], Run("text", "\u2026")]
    letters = frozenset("".join(run.text for line in lines for run in line if run.font == "cjk"))
    cjk = _register_letters(letters) if letters else REGULAR

    def mark_up(run: Run) -> str:
        text = escape(run.text).replace(" ", "\u00a0")  # the lines are broken already
        return f'<font name="{cjk if run.font == "cjk" else font}">{text}</font>'

    return "<br/>".join("".join(map(mark_up, line)) for line in lines)


@cache
def _register_letters(letters: frozenset[str]) -> str:
    """Make a font of some letters of the Chinese, Japanese and Korean font, and make it known to reportlab.

    Its outlines are cubic curves, which reportlab cannot embed: they are approximated by quadratic ones.
    """
    name = f"NotoSansCJKjp-{sha256(''.join(sorted(letters)).encode()).hexdigest()[:12]}"
    pdfmetrics.registerFont(TTFont(name, io.BytesIO(build_subset(letters, name))))
    return name


def build_subset(letters: frozenset[str], name: str) -> bytes:
    """A TrueType font of some letters of the Chinese, Japanese and Korean font.

    Parameters
    ----------
    letters : frozenset of str
        Single characters that the font has.
    name : str
        Of the new font; reportlab takes two fonts of one name for the same.

    Returns
    -------
    content : bytes

    Raises
    ------
    RuntimeError
        If that font is not installed.
    """
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from matplotlib.ft2font import LoadFlags

    font = open_font("cjk")
    if font is None:
        raise RuntimeError("the font with Chinese, Japanese and Korean letters is not installed")
    names, glyphs, metrics = {}, {".notdef": TTGlyphPen(None).glyph()}, {".notdef": (font.units_per_EM, 0)}
    for character in sorted(letters):
        glyph = font.load_char(ord(character), flags=LoadFlags.NO_SCALE)
        glyph_name = names[ord(character)] = f"u{ord(character):05X}"
        vertices, codes = font.get_path()
        glyphs[glyph_name] = _draw_glyph(vertices * 64, codes)
        metrics[glyph_name] = (int(glyph.horiAdvance), 0)
    builder = FontBuilder(font.units_per_EM, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(names)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({one: (advance, glyphs[one].xMin) for one, (advance, _) in metrics.items()})
    builder.setupHorizontalHeader(ascent=font.ascender, descent=font.descender)
    builder.setupNameTable({"familyName": CJK_FAMILY, "styleName": "Regular", "psName": name})
    builder.setupOS2(sTypoAscender=font.ascender, sTypoDescender=font.descender)
    builder.setupPost()
    builder.updateHead(created=_SOME_DAY, modified=_SOME_DAY)  # the same letters give the same font
    file = io.BytesIO()
    builder.save(file)
    return file.getvalue()


def _draw_glyph(vertices: Any, codes: Any) -> Any:
    """An outline of cubic curves as a TrueType glyph."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from matplotlib.path import Path

    outline = TTGlyphPen(None)
    pen = Cu2QuPen(outline, _MAX_ERROR, reverse_direction=True)
    is_open = False
    for points, code in Path(vertices, codes).iter_segments(simplify=False):
        pairs = [(float(x), float(y)) for x, y in points.reshape(-1, 2)]
        if code == Path.MOVETO:
            if is_open:
                pen.closePath()
            pen.moveTo(pairs[0])
            is_open = True
        elif code == Path.LINETO:
            pen.lineTo(pairs[0])
        elif code == Path.CURVE3:
            pen.qCurveTo(*pairs)
        elif code == Path.CURVE4:
            pen.curveTo(*pairs)
        elif code == Path.CLOSEPOLY and is_open:
            pen.closePath()
            is_open = False
    if is_open:
        pen.closePath()
    return outline.glyph()
