"""Charts as a PNG image."""

from __future__ import annotations

import io

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
    file = io.BytesIO()
    plot(analysis, config, image).savefig(file, format="png", metadata={"Software": "InstruNet"})
    return file.getvalue()
