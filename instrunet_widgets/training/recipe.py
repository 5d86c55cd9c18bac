"""The settings of a training run, and their JSON form, which a checkpoint and a model directory keep."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import asdict, dataclass, field
from typing import Literal, get_args

from ..config import FeatureConfig
from .augmentation import AugmentationConfig
from .network import NetworkConfig
from .setting_checks import check_choice, check_numbers, check_whole
from .splits import N_FOLDS

Method = Literal["plain", "pre-training", "self-training", "distillation"]  # see `teaching`
METHODS: tuple[Method, ...] = get_args(Method)
_CHOICES = {
    "optimizer": ("adamw", "sgd", "rmsprop"),
    "split_by": ("group", "clip"),
    "stopping": ("last", "best"),
    "schedule": ("cosine", "constant"),
}


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that a run depends on besides the features.

    Parameters
    ----------
    seed : int
        Of the network's beginning and of every batch.
    split_seed : int
        Of the split.
    fold : int or None
        Which fifth of the recordings is scored; None learns from all of them.
    epochs : int
    stopping : {"last", "best"}
        Which epoch is kept. "best" holds a tenth of the recordings out that choose it, and later calibration and
        thresholds; with "last" these are learnt from too.
    patience : int
        With "best", stop after so many epochs without a better score; 0 never does.
    extra_share : float
        Windows of the further folders that an epoch draws, for each clip of the first folder; every epoch draws
        others. It takes all if there are fewer.
    batch_size : int
    learning_rate : float
        Peak.
    schedule : {"cosine", "constant"}
        After the warm-up: down to zero along half a cosine, or as it is.
    warmup_epochs : float
    optimizer : {"adamw", "sgd", "rmsprop"}
        SGD has a Nesterov momentum of 0.9.
    weight_decay : float
        Decoupled from the gradient with all three, kernels only.
    ema_momentum : float
        Of the running average of the weights, which is what is kept; 0 keeps the weights themselves.
    low_target, high_target : float
        Smoothed labels for absent and present.
    negative_weight : float in (0, 1]
        What an absent label counts in the loss, against 1 for a present one: many clips hold more than their label.
    split_by : {"group", "clip"}
        What stays together in a split. By clip the scores are too good: only to show how much.
    window_seconds : float
        Length of the windows that the network sees, cut out of the clips, s.
    network : NetworkConfig
    augmentation : AugmentationConfig

    Raises
    ------
    ValueError
        If a value is out of range; the message says which and what is allowed.
    """

    seed: int = 0
    split_seed: int = 0
    fold: int | None = 0
    epochs: int = 30
    stopping: str = "last"
    patience: int = 0
    extra_share: float = 0.7
    batch_size: int = 16
    learning_rate: float = 4e-3
    schedule: str = "cosine"
    warmup_epochs: float = 1.0
    optimizer: str = "adamw"
    weight_decay: float = 0.02
    ema_momentum: float = 0.998
    low_target: float = 0.02
    high_target: float = 0.97
    negative_weight: float = 1.0
    split_by: str = "group"
    window_seconds: float = 3.0
    network: NetworkConfig = field(default_factory=NetworkConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)

    def __post_init__(self) -> None:
        check_whole(self, ("seed", "split_seed", "patience"), 0)
        check_whole(self, ("epochs", "batch_size"), 1)
        if self.fold is not None and (type(self.fold) is not int or not 0 <= self.fold < N_FOLDS):
            raise ValueError(f"fold must be from 0 to {N_FOLDS - 1}, got {self.fold!r}")
        check_numbers(self, ("learning_rate", "warmup_epochs", "weight_decay", "extra_share"), 0)
        for name, allowed in _CHOICES.items():
            check_choice(self, name, allowed)
        check_numbers(self, ["window_seconds"], 0.5, 3)
        check_numbers(self, ["ema_momentum"], 0, 1, below=True)
        check_numbers(self, ("low_target", "high_target", "negative_weight"), 0, 1)
        if self.negative_weight == 0:
            raise ValueError(f"negative_weight must be above 0 and at most 1, got {self.negative_weight!r}")
        if self.low_target >= self.high_target:
            raise ValueError(
                f"the targets must satisfy 0 <= low < high <= 1, got {self.low_target!r} and {self.high_target!r}"
            )
        n_frames = FeatureConfig(window_seconds=self.window_seconds).n_frames
        if self.augmentation.max_masked_frames > n_frames:
            raise ValueError(
                f"max_masked_frames must be at most {n_frames}, the frames of a window of {self.window_seconds:g} s, "
                f"got {self.augmentation.max_masked_frames}"
            )

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> TrainingConfig:
        """From JSON text; settings left out keep their defaults.

        Raises
        ------
        ValueError
            If the text is no JSON object, names an unknown setting or holds a value out of range.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("a training configuration is a JSON object")
        nested = {"network": NetworkConfig, "augmentation": AugmentationConfig}
        if not all(isinstance(values.get(key, {}), dict) for key in nested):
            raise ValueError("network and augmentation are JSON objects")
        for owner, names in ((cls, values), *((kind, values.get(key, {})) for key, kind in nested.items())):
            unknown = set(names) - {known.name for known in dataclasses.fields(owner)}
            if unknown:
                raise ValueError(f"unknown settings for {owner.__name__}: {', '.join(sorted(unknown))}")
        network, default = dict(values.pop("network", {})), cls().network
        if isinstance(network.get("stage_channels"), list):
            network["stage_channels"] = tuple(network["stage_channels"])
        augmentation = AugmentationConfig(**values.pop("augmentation", {}))
        return cls(**values, network=dataclasses.replace(default, **network), augmentation=augmentation)
