"""Matplotlib figures drawn straight onto the pages of a report: lines stay lines and letters stay letters."""

from __future__ import annotations

from typing import Any

from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.path import Path
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from .fonts import BOLD, REGULAR

_CAPS = {"butt": 0, "round": 1, "projecting": 2}
_JOINS = {"miter": 0, "round": 1, "bevel": 2}


class FigureFlowable(Flowable):
    """A figure as a part of a page's flow; a dot of the figure is a point of the page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        With 72 dots per inch.
    """

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self._figure = figure
        width, height = figure.get_size_inches()
        self.width, self.height = 72 * float(width), 72 * float(height)

    def draw(self) -> None:
        """Draw the figure where the canvas stands."""
        self._figure.draw(CanvasRenderer(self.canv, self.width, self.height))


class CanvasRenderer(RendererBase):
    """What Matplotlib draws with: here, a reportlab canvas.

    Parameters
    ----------
    canvas : reportlab.pdfgen.canvas.Canvas
    width, height : float
        Points.
    """

    def __init__(self, canvas: Canvas, width: float, height: float) -> None:
        super().__init__()
        self._canvas, self._size = canvas, (width, height)

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Size of the figure in points."""
        return self._size

    def flipy(self) -> bool:
        """Whether the vertical axis points downwards."""
        return False

    def points_to_pixels(self, points: Any) -> Any:
        """A dot is a point."""
        return points

    def option_scale_image(self) -> bool:
        """Whether pictures are taken as they are and stretched here."""
        return True

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """Fill an outline and trace it."""
        has_line = gc.get_linewidth() > 0 and gc.get_rgb()[3] > 0
        if rgbFace is None and not has_line:
            return
        canvas = self._canvas
        canvas.saveState()
        self._clip(gc)
        if rgbFace is not None:
            canvas.setFillColorRGB(*rgbFace[:3], alpha=_get_alpha(gc, rgbFace))
        if has_line:
            self._set_line(gc)
        outline = _trace(canvas, path, transform)
        canvas.drawPath(outline, stroke=int(has_line), fill=int(rgbFace is not None))
        canvas.restoreState()

    def draw_image(self, gc: Any, x: float, y: float, im: Any, transform: Any = None) -> None:
        """Draw a picture, given from the bottom row to the top one."""
        canvas = self._canvas
        canvas.saveState()
        self._clip(gc)
        height, width = im.shape[:2]
        canvas.translate(x, y)
        if transform is not None:
            canvas.transform(*map(float, transform.frozen().to_values()))
            width = height = 1
        picture = Image.fromarray(im[::-1].copy())
        if im[..., 3].min() == 255:  # nothing shines through
            picture = picture.convert("RGB")
        canvas.drawImage(ImageReader(picture), 0, 0, width, height, mask="auto")
        canvas.restoreState()

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        """Write a line of text from the left end of its baseline."""
        canvas = self._canvas
        canvas.saveState()
        canvas.translate(float(x), float(y))
        canvas.rotate(angle)
        canvas.setFillColorRGB(*gc.get_rgb()[:3])
        canvas.setFont(BOLD if prop.get_weight() in ("bold", 700) else REGULAR, prop.get_size_in_points())
        canvas.drawString(0, 0, s)
        canvas.restoreState()

    def _clip(self, gc: Any) -> None:
        rectangle = gc.get_clip_rectangle()
        if rectangle is not None:
            outline = self._canvas.beginPath()
            outline.rect(*map(float, rectangle.bounds))
            self._canvas.clipPath(outline, stroke=0, fill=0)
        path, transform = gc.get_clip_path()
        if path is not None:
            self._canvas.clipPath(_trace(self._canvas, path, transform), stroke=0, fill=0)

    def _set_line(self, gc: Any) -> None:
        canvas = self._canvas
        canvas.setStrokeColorRGB(*gc.get_rgb()[:3], alpha=gc.get_rgb()[3])
        canvas.setLineWidth(float(gc.get_linewidth()))
        canvas.setLineCap(_CAPS[gc.get_capstyle()])
        canvas.setLineJoin(_JOINS[gc.get_joinstyle()])
        offset, dashes = gc.get_dashes()
        if dashes is not None and len(dashes):
            canvas.setDash([float(dash) for dash in dashes], float(offset))


def _get_alpha(gc: Any, colour: Any) -> float:
    if gc.get_forced_alpha():
        return float(gc.get_alpha())
    return float(colour[3]) if len(colour) > 3 else 1.0


def _trace(canvas: Canvas, path: Any, transform: Any) -> Any:
    outline = canvas.beginPath()
    here = (0.0, 0.0)
    for points, code in path.iter_segments(transform, remove_nans=True):
        pairs = [(float(x), float(y)) for x, y in points.reshape(-1, 2)]
        if code == Path.MOVETO:
            outline.moveTo(*pairs[0])
        elif code == Path.LINETO:
            outline.lineTo(*pairs[0])
        elif code == Path.CURVE3:  # as a cubic curve
            (cx, cy), (ex, ey) = pairs
            first = (here[0] + 2 / 3 * (cx - here[0]), here[1] + 2 / 3 * (cy - here[1]))
            outline.curveTo(*first, ex + 2 / 3 * (cx - ex), ey + 2 / 3 * (cy - ey), ex, ey)
        elif code == Path.CURVE4:
            outline.curveTo(*pairs[0], *pairs[1], *pairs[2])
        elif code == Path.CLOSEPOLY:
            outline.close()
            continue
        here = pairs[-1]
    return outline
