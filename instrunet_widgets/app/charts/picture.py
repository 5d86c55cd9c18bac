"""Pictures in figures: one image instead of thousands of cells."""

from __future__ import annotations

import bqplot
import ipywidgets as widgets
import numpy as np

from .colours import TRANSPARENT, draw_png

_EMPTY = np.full((1, 1), TRANSPARENT, dtype=np.uint8)


def make_picture(x_scale: bqplot.Scale, y_scale: bqplot.Scale, *, height: float, smooth: bool = False) -> bqplot.Image:
    """Make a picture that shows nothing yet.

    Parameters
    ----------
    x_scale, y_scale : bqplot.Scale
    height : float
        Upper end of the picture on the vertical scale; it begins at 0.
    smooth : bool
        Whether pixels run into each other when they are drawn large.
    """
    return bqplot.Image(
        image=_make_image(draw_png(_EMPTY, "sound"), widgets.Layout()),
        scales={"x": x_scale, "y": y_scale},
        x=[0.0, 1.0],
        y=[0.0, float(height)],
        pixelated=not smooth,
    )


def show_png(picture: bqplot.Image, png: bytes, start: float, end: float) -> None:
    """Replace a picture in one message, so that it never stands in the wrong place.

    Parameters
    ----------
    picture : bqplot.Image
    png : bytes
    start, end : float
        Seconds that it covers.
    """
    old = picture.image
    with picture.hold_sync():
        picture.image = _make_image(png, old.layout)
        picture.x = np.array([start, end])
        picture.visible = True
    old.close()


def _make_image(png: bytes, layout: widgets.Layout) -> widgets.Image:
    return widgets.Image(value=png, format="png", layout=layout)
