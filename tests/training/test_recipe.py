"""Settings of a run that cannot be: each is refused in a sentence with its name, its value and what is allowed."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from instrunet_widgets.config import FeatureConfig
from instrunet_widgets.training.augmentation import AugmentationConfig
from instrunet_widgets.training.network import NetworkConfig, build_network
from instrunet_widgets.training.recipe import TrainingConfig

WHOLE_FROM_1 = "must be a whole number, 1 or more, got"
SHARE = "must be a number from 0 to 1, got"
SHARE_BELOW_1 = "must be a number, 0 or more and below 1, got"
DECIBELS = "must be a number, 0 or more, got"
CHANNELS = "must be one or more whole numbers, each 1 or more, got"
NETWORK = [
    *[(name, value, WHOLE_FROM_1) for name in ("stem_channels", "time_pooling") for value in (0, -1, 2.0, True)],
    *[(name, 4, "must be an odd number, got 4") for name in ("stem_kernel", "kernel")],
    *[(name, value, WHOLE_FROM_1) for name in ("stem_kernel", "kernel") for value in (0, -3, 3.5, "3", None)],
    *[("stage_channels", value, CHANNELS) for value in ([], [0], [8, -8], [8.5], ["8"], 8, None, "88", [[8]])],
    *[(name, 1, SHARE_BELOW_1) for name in ("spatial_dropout", "dropout")],
    *[("dropout", value, SHARE_BELOW_1) for value in (-0.1, 1.5, math.nan, math.inf, "0.1", None, True)],
    *[(name, 1, "must be true or false, got 1") for name in ("batch_normalisation", "frequency_aware")],
    *[("block", value, "must be one of residual, plain, depthwise, got") for value in ("wide", 1, None, ["plain"])],
    *[("summary", value, "must be one of mean_max, attention, got") for value in ("median", None, {})],
]
AUGMENTATION = [
    *[
        (name, value, SHARE)
        for name in ("mix_probability", "third_probability", "silence_probability")
        for value in (-0.1, 1.1, math.nan)
    ],
    *[("mix_probability", value, SHARE) for value in (math.inf, "half", None, False)],
    *[
        (name, value, DECIBELS)
        for name in ("mix_range_db", "max_tilt_db", "band_noise_db", "cell_noise_db")
        for value in (-1, math.nan, math.inf)
    ],
    *[("max_floor_db", value, "must be a number from -80 to 0, got") for value in (-81, 1, -math.inf, math.nan)],
    *[
        (name, value, "must be a whole number from 0 to 128, got")
        for name in ("max_band_shift", "max_masked_bands")
        for value in (-1, 129, 2.5, math.nan)
    ],
    *[("max_masked_frames", value, "must be a whole number, 0 or more, got") for value in (-1, 2.5, math.inf)],
    *[("shift", value, "must be true or false, got") for value in (0, "no", None)],
]
TRAINING = [
    ("ema_momentum", "high", SHARE_BELOW_1),
    ("negative_weight", 0, "must be above 0 and at most 1, got"),
    ("negative_weight", None, SHARE),
    ("low_target", "low", SHARE),
    ("high_target", math.nan, SHARE),
    ("learning_rate", math.inf, DECIBELS),
    ("window_seconds", 4, "must be a number from 0.5 to 3, got"),
]


def read_complaint(settings: dict[str, Any]) -> str:
    with pytest.raises(ValueError) as refusal:
        TrainingConfig.from_json(json.dumps(settings))
    return str(refusal.value)


@pytest.mark.parametrize(
    ("section", "name", "value", "allowed"),
    [
        *[("network", *row) for row in NETWORK],
        *[("augmentation", *row) for row in AUGMENTATION],
        *[("", *row) for row in TRAINING],
    ],
)
def test_setting_that_cannot_be_is_named_with_its_value_and_what_is_allowed(
    section: str, name: str, value: object, allowed: str
) -> None:
    complaint = read_complaint({section: {name: value}} if section else {name: value})
    assert complaint.startswith(f"{name} {allowed}")
    shown = tuple(value) if isinstance(value, list) and section == "network" and name == "stage_channels" else value
    assert complaint.endswith(f"got {shown!r}")


@pytest.mark.parametrize(("section", "owner"), [("network", "NetworkConfig"), ("augmentation", "AugmentationConfig")])
def test_unknown_setting_of_a_section_is_named(section: str, owner: str) -> None:
    assert read_complaint({section: {"kernal": 3, "mixing": 1}}) == f"unknown settings for {owner}: kernal, mixing"


def test_settings_at_the_edge_of_what_is_allowed_are_taken() -> None:
    network = NetworkConfig(
        stem_channels=1, stem_kernel=1, stage_channels=(1,), kernel=1, dropout=0, spatial_dropout=0.99, time_pooling=1
    )
    augmentation = AugmentationConfig(
        mix_probability=1, third_probability=0, max_masked_bands=128, max_masked_frames=22, max_floor_db=-80
    )
    config = TrainingConfig(window_seconds=0.5, network=network, augmentation=augmentation, negative_weight=1)
    assert TrainingConfig.from_json(config.to_json()) == config


def test_stripe_of_masked_frames_is_no_wider_than_the_window() -> None:
    complaint = "max_masked_frames must be at most 22, the frames of a window of 0.5 s, got 26"  # 8,000 / 372 = 21.5
    with pytest.raises(ValueError, match=complaint):
        TrainingConfig(window_seconds=0.5)


@pytest.mark.parametrize(
    ("changes", "seconds", "complaint"),
    [
        # 130 frames, 65 after the stem, joined by so many, halved twice
        ({"time_pooling": 17}, 3.0, "time_pooling must be at most 16 for 130 frames and 3 stages, got 17"),
        ({"time_pooling": 6}, 1.0, "time_pooling must be at most 5 for 44 frames and 3 stages, got 6"),
        # 128 bands, 32 after the stem and its pooling, halved until one is left: 32 16 8 4 2 1
        ({"stage_channels": (2,) * 7}, 3.0, "stage_channels must be at most 6 numbers for an input of 128 bands"),
    ],
)
def test_network_that_pools_more_than_there_is_is_refused(
    changes: dict[str, Any], seconds: float, complaint: str
) -> None:
    pytest.importorskip("keras")
    with pytest.raises(ValueError, match=complaint):
        build_network(NetworkConfig(**changes), FeatureConfig(window_seconds=seconds))


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [({"time_pooling": 16}, 3.0), ({"time_pooling": 5}, 1.0), ({"stage_channels": (2,) * 6, "time_pooling": 2}, 3.0)],
)
def test_network_that_pools_all_there_is_can_be_built(changes: dict[str, Any], seconds: float) -> None:
    pytest.importorskip("keras")
    config = NetworkConfig(**{"stem_channels": 2, "stage_channels": (2, 2, 2), **changes})
    assert build_network(config, FeatureConfig(window_seconds=seconds)).output_shape == (None, 11)
