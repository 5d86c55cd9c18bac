"""Charts as an SVG image; letters are outlines, so that it looks the same everywhere."""

from __future__ import annotations

import io
import re

from ..config import DecodingConfig
from ..plotting import ImageConfig, plot
from ..results import Analysis


def encode(analysis: Analysis, config: DecodingConfig, image: ImageConfig | None = None) -> bytes:
    """The image of one recording.

    Parameters
    ----------
    analysis : Analysis
    config : DecodingConfig
    image : ImageConfig, optional
        Which chart and how large, in pixels.

    Returns
    -------
    content : bytes
    """
    from matplotlib import rc_context

    image = image or ImageConfig()
    file = io.BytesIO()
    # Ids and no date: the same settings give the same file.
    with rc_context({"svg.hashsalt": "InstruNet", "svg.fonttype": "path"}):
        plot(analysis, config, image).savefig(file, format="svg", metadata={"Date": None, "Creator": "InstruNet"})
    size = f'width="{image.width}px" height="{image.height}px"'.encode()
    return re.sub(rb'width="[^"]*" height="[^"]*"', size, file.getvalue(), count=1)
