"""A small analysis with values chosen by hand, for the tests of the exports."""

from __future__ import annotations

import numpy as np

from instrunet_widgets.instruments import CODES
from instrunet_widgets.results import Analysis, Thresholds

FLUTE, PIANO = CODES.index("flu"), CODES.index("pia")


def make_analysis(**changes):
    """Four windows of 7.0 s, the third silent: piano throughout, flute in the first two."""
    probabilities = np.zeros((4, 11), dtype=np.float32)
    probabilities[[0, 1, 3], PIANO] = 0.9
    probabilities[:2, FLUTE] = [0.5, 0.3]
    fields = {
        "probabilities": probabilities,
        "silent": np.array([False, False, True, False]),
        "window_starts": np.arange(4) * 1.5,
        "window_seconds": 3.0,
        "hop_seconds": 1.5,
        "duration": 7.0,
        "audio_name": "music.wav",
        "model_name": "small",
        "model_hash": "ab" * 32,
        "thresholds": Thresholds(np.full(11, 0.5), np.full(11, 0.6), np.full(11, 0.7)),
        "sample_rate": 44_100,
        "n_channels": 2,
        "audio_format": "WAV",
        "warnings": ("The file is cut off.",),
    }
    return Analysis(**(fields | changes))
