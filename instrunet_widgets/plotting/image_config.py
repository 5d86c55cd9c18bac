"""What an image of an analysis shows and how large it is."""

from __future__ import annotations

from dataclasses import dataclass

CHART_KEYS = ("all", "waveform", "spectrogram", "intensity", "heat-map", "ranges")
SMALLEST_PIXELS, LARGEST_PIXELS = 200, 10_000


@dataclass(frozen=True)
class ImageConfig:
    """What an image shows and how large it is.

    Parameters
    ----------
    chart : str
        One of `CHART_KEYS`: a single chart or all of them above each other.
    width, height : int
        Pixels.
    title : str or None
        Above the charts; None for the name of the recording, empty for none.

    Raises
    ------
    ValueError
        If a value is out of range; the message says which and what is allowed.
    """

    chart: str = "all"
    width: int = 1_600
    height: int = 1_400
    title: str | None = None

    def __post_init__(self) -> None:
        if self.chart not in CHART_KEYS:
            raise ValueError(f"there is no chart {self.chart!r}; there are {', '.join(CHART_KEYS)}")
        for name in ("width", "height"):
            value = getattr(self, name)
            if type(value) is not int or not SMALLEST_PIXELS <= value <= LARGEST_PIXELS:
                raise ValueError(
                    f"the {name} of an image must be a whole number of pixels from {SMALLEST_PIXELS} to "
                    f"{LARGEST_PIXELS}, got {value!r}"
                )
