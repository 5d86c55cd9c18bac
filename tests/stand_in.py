"""A classifier whose answers can be worked out by hand: the pitch of a tone decides the instrument.

Run as a script, this is the command ``instrunet`` with that classifier in place of the trained network.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np

from instrunet_widgets.config import FeatureConfig
from instrunet_widgets.features import LogMelExtractor
from instrunet_widgets.instruments import CODES
from instrunet_widgets.overview import slaney_corners
from instrunet_widgets.thresholds import ModelThresholds

SAMPLE_RATE = 16_000
# The 128 mel bands in groups of 12 from low to high, one per instrument; tones well inside their group.
TONE_HZ = {"cel": 150.0, "cla": 450.0, "gel": 1_500.0, "vio": 5_000.0}


class PitchClassifier:
    """Gives an instrument 0.9 times the share of frames whose loudest band lies in its group."""

    name = "stand-in"
    weights_hash = "0" * 64
    instruments = CODES
    model_thresholds = ModelThresholds(np.full(11, 0.5), np.ones(1), np.full((1, 11), 0.5), np.full(11, 0.5))

    def __init__(self) -> None:
        self.feature_config = FeatureConfig()
        self.extractor = make_extractor()
        self.batch_sizes: list[int] = []

    def predict_proba(self, log_mels: np.ndarray) -> np.ndarray:
        self.batch_sizes.append(len(log_mels))
        groups = np.minimum(log_mels.argmax(axis=1) // 12, 10)
        shares = np.stack([(groups == k).mean(axis=1) for k in range(11)], axis=1)
        return (0.9 * shares).astype(np.float32)


@cache
def make_extractor() -> LogMelExtractor:
    """The front end with a mel matrix of triangles, so that no test process waits for librosa."""
    config = FeatureConfig()
    corners = slaney_corners(config)[:, np.newaxis]
    lower, centre, upper = corners[:-2], corners[1:-1], corners[2:]
    hertz = np.fft.rfftfreq(config.n_fft, 1 / config.sample_rate)
    slopes = np.minimum((hertz - lower) / (centre - lower), (upper - hertz) / (upper - centre))
    return LogMelExtractor(config, (np.maximum(slopes, 0) * 2 / (upper - lower)).astype(np.float32))


def make_tone(instrument: str, seconds: float, *, peak: float = 0.5) -> np.ndarray:
    """A sine that `PitchClassifier` takes for the instrument."""
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (peak * np.sin(2 * np.pi * TONE_HZ[instrument] * times)).astype(np.float32)


def main() -> int:
    from instrunet_widgets import cli
    from instrunet_widgets.classifier import Classifier

    Classifier.load = lambda model=None: PitchClassifier()  # type: ignore[assignment]
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
