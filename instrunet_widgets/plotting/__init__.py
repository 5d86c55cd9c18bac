"""Figures of an analysis with Matplotlib, for notebooks, images and the report: the same as on screen.

>>> from instrunet_widgets.plotting import CHART_KEYS
>>> CHART_KEYS
('all', 'waveform', 'spectrogram', 'intensity', 'heat-map', 'ranges')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .image_config import CHART_KEYS, ImageConfig

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..config import DecodingConfig
    from ..results import Analysis

__all__ = ["CHART_KEYS", "ImageConfig", "plot"]


def plot(analysis: Analysis, config: DecodingConfig | None = None, image: ImageConfig | None = None) -> Figure:
    """Draw the charts of an analysis as a Matplotlib figure.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig, optional
        How the probabilities are read.
    image : ImageConfig, optional
        Which chart, how large, with which title. Default: all of them.

    Returns
    -------
    figure : matplotlib.figure.Figure
        ``figure.savefig`` writes it; a notebook shows it.
    """
    from .figure import draw_figure

    return draw_figure(analysis, config, image or ImageConfig())
