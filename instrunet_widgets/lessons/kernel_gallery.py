"""Kernels side by side as small square pictures, one of them chosen."""

from __future__ import annotations

import base64

import ipywidgets as widgets
import numpy as np

from ..app.charts.colours import TRANSPARENT, draw_png
from .arrays import Floats


class KernelGallery(widgets.VBox):
    """Kernels in rows as long as there is room for.

    Parameters
    ----------
    kernels : np.ndarray [shape=(n, side, side)]
        Rows are bands, the lowest first. Each kernel is drawn in its own scale: the middle colour is 0.
    """

    def __init__(self, kernels: Floats) -> None:
        self._sources = [f"data:image/png;base64,{base64.b64encode(draw_kernel(one)).decode()}" for one in kernels]
        head = widgets.HBox(
            [widgets.HTML("<h3>The kernels</h3><span>light: wants sound there; dark: wants none</span>")]
        )
        head.add_class("in-chart-head")
        self._pictures = widgets.HTML()
        super().__init__([head, self._pictures])
        self.add_class("in-chart")
        self.choose(0)

    def choose(self, number: int) -> None:
        """Frame a kernel.

        Parameters
        ----------
        number : int
            From 0.
        """
        cells = []
        for k, source in enumerate(self._sources):
            chosen = ' aria-current="true"' if k == number else ""
            cells.append(f'<span{chosen}><img alt="Kernel" src="{source}">{k + 1}</span>')
        self._pictures.value = f'<div class="in-kernels">{"".join(cells)}</div>'


def draw_kernel(kernel: Floats) -> bytes:
    """Paint a kernel, a pixel for each number, the highest band on top.

    Parameters
    ----------
    kernel : np.ndarray [shape=(height, width)]
        Rows are bands, the lowest first.

    Returns
    -------
    png : bytes
    """
    most = float(np.abs(kernel).max(initial=0.0)) or 1.0
    return draw_png(np.rint((kernel / most + 1) / 2 * (TRANSPARENT - 1)).astype(np.uint8), "sound")
