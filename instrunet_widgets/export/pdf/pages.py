"""Pages of the report: margins, header, page numbers, bookmarks and what the document says about itself."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from ...plotting.charts import LINE, MUTED
from .fonts import REGULAR

MARGIN, HEADER, FOOTER = 0.7 * inch, 0.75 * inch, 0.65 * inch
WIDTH = A4[0] - 2 * MARGIN
HEIGHT = A4[1] - HEADER - FOOTER
ONE_COLUMN, TWO_COLUMNS = "one column", "two columns"
_GUTTER = 14.0
_SMALL_POINTS = 7.5
_FOOTER_LINE = 0.38 * inch
_N_PAGES, _N_PAGES_WIDTH = "n-pages", 20.0


class Bookmark(Flowable):
    """An entry in the outline of the document, at the place where it stands.

    Parameters
    ----------
    title : str
    level : int
        0 for a chapter, 1 for a part of it.
    """

    def __init__(self, title: str, level: int = 0) -> None:
        super().__init__()
        self.width = self.height = 0.0
        self._title, self._level = title, level

    def draw(self) -> None:
        """Note the place."""
        key = f"bookmark-{self._title}"
        self.canv.bookmarkHorizontal(key, 0, 24)
        self.canv.addOutlineEntry(self._title, key, self._level, closed=False)


class ReportCanvas(Canvas):
    """A canvas that knows at the end how many pages there are, and writes it on all of them."""

    def save(self) -> None:
        """Write the number of pages into the form that each of them shows."""
        self.beginForm(_N_PAGES)
        self.setFont(REGULAR, _SMALL_POINTS)
        self.setFillColor(MUTED)
        self.drawString(0, 0, f"/ {self.getPageNumber() - 1}")
        self.endForm()
        super().save()


def build_document(
    story: Sequence[Flowable], *, title: str, subject: str, keywords: Sequence[str], header: str, day: date
) -> bytes:
    """Lay a story out on pages.

    Parameters
    ----------
    story : sequence of Flowable
    title, subject : str
        For the properties of the document.
    keywords : sequence of str
    header : str
        Above every page.
    day : date
        When the report was made; the same day and settings give the same file.

    Returns
    -------
    content : bytes
    """
    file = io.BytesIO()
    document = BaseDocTemplate(
        file,
        pagesize=A4,
        title=title,
        author="InstruNet",
        subject=subject,
        keywords=list(keywords),
        creator="InstruNet",
        producer="InstruNet",
        lang="en",
        initialFontName=REGULAR,
        invariant=1,
        pageCompression=1,
    )

    def begin_page(canvas: Canvas, _: Any) -> None:
        canvas.setDateFormatter(lambda *_: f"D:{day:%Y%m%d}000000Z")  # else the current second, or the year 2000
        _write_margins(canvas, header)

    half = (WIDTH - _GUTTER) / 2
    for name, width, lefts in ((ONE_COLUMN, WIDTH, [0.0]), (TWO_COLUMNS, half, [0.0, half + _GUTTER])):
        frames = [Frame(MARGIN + left, FOOTER, width, HEIGHT, 0, 0, 0, 0) for left in lefts]
        document.addPageTemplates(PageTemplate(id=name, frames=frames, onPage=begin_page))
    as_text, rl_config.useA85 = rl_config.useA85, 0  # bytes as they are take a fifth less room than as text
    try:
        document.build(list(story), canvasmaker=ReportCanvas)
    finally:
        rl_config.useA85 = as_text
    return file.getvalue()


def _write_margins(canvas: Canvas, header: str) -> None:
    canvas.saveState()
    canvas.setFont(REGULAR, _SMALL_POINTS)
    canvas.setFillColor(MUTED)
    canvas.drawString(MARGIN, A4[1] - 0.45 * inch, header)
    canvas.drawString(MARGIN, _FOOTER_LINE, "InstruNet")
    canvas.drawRightString(A4[0] - MARGIN - _N_PAGES_WIDTH, _FOOTER_LINE, str(canvas.getPageNumber()))
    canvas.translate(A4[0] - MARGIN - _N_PAGES_WIDTH + 3, _FOOTER_LINE)
    canvas.doForm(_N_PAGES)
    canvas.restoreState()
    canvas.saveState()
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.5)
    canvas.line(MARGIN, A4[1] - 0.52 * inch, A4[0] - MARGIN, A4[1] - 0.52 * inch)
    canvas.restoreState()
