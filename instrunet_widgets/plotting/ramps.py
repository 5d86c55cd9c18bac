"""Colour ramps that grow steadily lighter: one for sound, one for probabilities.

The ramps are straight lines in Oklab [1]_, so equal steps of a value look like equal steps of lightness, also in
grey and to colour-blind eyes.

References
----------
.. [1] B. Ottosson, "A perceptual color space for image processing", 2020.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

N_COLOURS = 255

# Lightness, chroma and hue (degrees) in Oklab, from the lowest value to the highest.
RAMPS = {
    "sound": ((0.16, 0.02, 285), (0.36, 0.14, 300), (0.56, 0.18, 5), (0.76, 0.15, 55), (0.96, 0.08, 100)),
    "probability": ((0.20, 0.03, 265), (0.42, 0.10, 255), (0.62, 0.11, 195), (0.80, 0.14, 140), (0.95, 0.15, 105)),
}


@cache
def ramp(name: str) -> Bytes:
    """Colours of a ramp.

    Parameters
    ----------
    name : {"sound", "probability"}

    Returns
    -------
    colours : np.ndarray [shape=(255, 3), dtype=uint8]
        sRGB, from the lowest value to the highest.
    """
    anchors = np.array(RAMPS[name])
    hue = np.radians(anchors[:, 2])
    lab = np.stack([anchors[:, 0], anchors[:, 1] * np.cos(hue), anchors[:, 1] * np.sin(hue)], axis=1)
    at = np.linspace(0, 1, N_COLOURS)
    line = np.stack([np.interp(at, np.linspace(0, 1, len(lab)), column) for column in lab.T], axis=1)
    return _to_srgb(line)


def _to_srgb(lab: npt.NDArray[np.float64]) -> Bytes:
    """Oklab to sRGB; colours that a screen cannot show are cut off."""
    lightness, a, b = lab.T
    cones = np.stack(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(to_linear @ cones**3, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(encoded.T * 255).astype(np.uint8)
