"""A small feature folder that a small network can learn in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.instruments import CODES
from instrunet_widgets.training.feature_folder import write_feature_folder


@pytest.fixture(scope="session")
def banded_features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven classes told apart by the band that is loud; 20 recordings of 2 clips each."""
    rng, log_mels, rows = np.random.default_rng(0), [], []
    for k, code in enumerate(CODES):
        for recording in range(20):
            for clip in range(2):
                log_mel = rng.integers(0, 90, size=(128, 130))
                log_mel[4 + 11 * k : 12 + 11 * k] += 120
                log_mels.append(log_mel.astype(np.uint8))
                rows.append({"file": f"{code}/{recording}_{clip}", "class": code, "group": f"{code}{recording}"})
    path = tmp_path_factory.mktemp("features") / "banded"
    write_feature_folder(path, np.stack(log_mels), rows)
    return path
