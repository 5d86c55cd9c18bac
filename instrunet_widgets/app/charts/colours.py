"""Colours of instruments and ramps as style sheets and pictures want them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ...instruments import instrument_by_code
from ...plotting.ramps import N_COLOURS, Bytes, ramp

TRANSPARENT = 255  # the palette index that shows what is behind the picture


def css_gradient(name: str) -> str:
    """The ramp as a CSS background."""
    stops = ramp(name)[:: N_COLOURS // 8]
    return "linear-gradient(90deg, " + ", ".join(f"rgb({r} {g} {b})" for r, g, b in stops) + ")"


def line_colour(code: str) -> str:
    """An instrument's colour for a mark; style sheets may lighten it on a dark ground.

    Parameters
    ----------
    code : str
        IRMAS code.

    Examples
    --------
    >>> line_colour("cel")
    'var(--in-hue-cel, #882255)'
    """
    return f"var(--in-hue-{code}, {instrument_by_code(code).colour})"


def draw_png(values: Bytes, name: str) -> bytes:
    """Paint values with a ramp.

    Parameters
    ----------
    values : np.ndarray [shape=(n_rows, n_columns), dtype=uint8]
        0 to 254 from the lowest to the highest, `TRANSPARENT` for nothing. The first row is drawn at the bottom.
    name : str
        Of the ramp.

    Returns
    -------
    png : bytes
    """
    picture = Image.fromarray(np.ascontiguousarray(values[::-1]))
    picture.putpalette([*ramp(name).ravel().tolist(), 0, 0, 0])
    file = io.BytesIO()
    picture.save(file, format="PNG", compress_level=1, transparency=TRANSPARENT)
    return file.getvalue()
