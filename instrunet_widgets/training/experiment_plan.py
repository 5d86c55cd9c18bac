"""Which training runs are compared: a base, and what differs from it in each of them.

All runs use a network of about a third of the shipped one's width, 20 epochs and one fold of IRMAS, so that the whole
comparison takes some hours on one core. The questions of the system that this project follows (kernel size, optimiser,
batch normalisation with dropout, window length) and the split by clip are asked with three seeds; the base takes part
in each of them. The other ways to a better network (`WAYS`) are tried with one seed: what gains less than the seeds of
the base differ is not said to pay.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from .augmentation import AugmentationConfig
from .network import NetworkConfig
from .recipe import Method, TrainingConfig

N_SEEDS = 3
_SMALL = NetworkConfig(stem_channels=16, stage_channels=(24, 48, 72))
BASE = TrainingConfig(epochs=20, stopping="best", extra_share=0.0, network=_SMALL)


@dataclass(frozen=True)
class Run:
    """One training run of the comparison.

    Parameters
    ----------
    question : str
        What is varied; ``base`` for the run that belongs to every question.
    variant : str
    config : TrainingConfig
        With an `extra_share` above 0 the run needs the further feature folders.
    method : str
        How `teaching` trains it.
    """

    question: str
    variant: str
    config: TrainingConfig
    method: Method = "plain"

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the others, as in the tables."""
        return self.question, self.variant, str(self.config.seed)


def _network(**changes: Any) -> dict[str, Any]:
    return {"network": dataclasses.replace(_SMALL, **changes)}


def _augmentation(**changes: Any) -> dict[str, Any]:
    return {"augmentation": dataclasses.replace(AugmentationConfig(), **changes)}


_DROPOUT = {"spatial_dropout": 0.1, "dropout": 0.4}
# Equal decay per step throughout: Keras multiplies the weight decay by the learning rate.
_SLOW = {"learning_rate": 1e-3, "weight_decay": 0.08}  # without batch normalisation the rate of the base is too high
EXPERIMENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("base", "3x3, AdamW, normalised, 3 s, by recording", {}),
    ("optimiser", "SGD, .1", {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.0008}),
    ("optimiser", "SGD, .3", {"optimizer": "sgd", "learning_rate": 0.3, "weight_decay": 0.00027}),
    ("optimiser", "RMSProp, .001", {"optimizer": "rmsprop", "learning_rate": 1e-3, "weight_decay": 0.08}),
    ("normalisation", "batch normalisation and dropout", _network(**_DROPOUT)),
    ("normalisation", "dropout alone", {**_network(batch_normalisation=False, **_DROPOUT), **_SLOW}),
    ("normalisation", "neither", {**_network(batch_normalisation=False), **_SLOW}),
    ("kernel", "5x5", _network(kernel=5)),
    ("split", "by clip", {"split_by": "clip"}),
    # Joined so that attention has about as many moments to choose from as in 3 s: five and four.
    ("window", "1 s", {"window_seconds": 1.0, **_network(time_pooling=1)}),
    ("window", "1.5 s", {"window_seconds": 1.5, **_network(time_pooling=2)}),
)
WAYS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("data", "with notes and rendered music too", {"extra_share": 0.7}),
    ("teaching", "first notes and rendered music alone, then all", {"extra_share": 0.7, "method": "pre-training"}),
    ("teaching", "labels mixed with what a network of other clips hears", {"method": "self-training"}),
    ("teaching", "distilled from three networks", {"method": "distillation"}),
    ("design", "VGG-like, without shortcuts", _network(block="plain")),
    ("design", "depthwise blocks, as in ConvNeXt", _network(block="depthwise")),
    ("design", "not told the place on the frequency axis", _network(frequency_aware=False)),
    ("design", "moments joined by 2 instead of 4", _network(time_pooling=2)),
    ("summary", "mean and maximum over time", _network(summary="mean_max")),
    ("dropout", "some, .05 in the blocks and .2 before the output", _network(spatial_dropout=0.05, dropout=0.2)),
    ("rate", "RMSProp, .0003", {"optimizer": "rmsprop", "learning_rate": 3e-4, "weight_decay": 0.27}),
    ("rate", "AdamW, .008", {"learning_rate": 8e-3, "weight_decay": 0.01}),
    ("rate", "AdamW, .002", {"learning_rate": 2e-3, "weight_decay": 0.04}),
    ("batch", "32 clips", {"batch_size": 32}),
    ("averaging", "weights not averaged", {"ema_momentum": 0.0}),
    ("schedule", "constant rate", {"schedule": "constant"}),
    ("length", "40 epochs", {"epochs": 40}),
    ("labels", "not smoothed", {"low_target": 0.0, "high_target": 1.0}),
    ("labels", "absent ones count half", {"negative_weight": 0.5}),
    ("mixing", "none", _augmentation(mix_probability=0.0)),
    ("mixing", "40 %, a quarter of them with a third", _augmentation(mix_probability=0.4, third_probability=0.25)),
    ("augmentation", "no hidden stripes", _augmentation(max_masked_bands=0, max_masked_frames=0)),
    (
        "augmentation",
        "no gain curves, noise or floor",
        _augmentation(max_tilt_db=0.0, band_noise_db=0.0, cell_noise_db=0.0, max_floor_db=-80.0),
    ),
    ("augmentation", "moved along the bands by up to 2", _augmentation(max_band_shift=2)),
    ("augmentation", "a third of the clips partly silenced", _augmentation(silence_probability=0.33)),
    ("augmentation", "not shifted in time", _augmentation(shift=False)),
)


def list_runs() -> tuple[Run, ...]:
    """All runs: every experiment with one seed after the other, then the other ways."""
    plan = [(seed, row) for seed in range(N_SEEDS) for row in EXPERIMENTS]
    plan += [(0, row) for row in WAYS]
    return tuple(
        Run(
            question,
            variant,
            dataclasses.replace(BASE, seed=seed, **{key: value for key, value in changes.items() if key != "method"}),
            changes.get("method", "plain"),
        )
        for seed, (question, variant, changes) in plan
    )
