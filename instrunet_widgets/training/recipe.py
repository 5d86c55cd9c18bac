"""The settings of a training run, and their JSON form, which a checkpoint and a model directory keep."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import asdict, dataclass, field

from .augmentation import AugmentationConfig
from .network import NetworkConfig


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that a run depends on besides the features.

    Parameters
    ----------
    seed, fold : int
    epochs : int
    patience : int
        Stop after so many epochs without a better stop score; 0 never does.
    batch_size : int
    learning_rate : float
        Peak; one cosine down to zero after the warm-up.
    warmup_epochs : float
    weight_decay : float
        Decoupled (AdamW), kernels only.
    ema_momentum : float
        Of the running average of the weights, which is what is kept.
    low_target, high_target : float
        Smoothed labels for absent and present.
    network : NetworkConfig
    augmentation : AugmentationConfig
    """

    seed: int = 0
    fold: int = 0
    epochs: int = 24
    patience: int = 0
    batch_size: int = 32
    learning_rate: float = 3e-3
    warmup_epochs: float = 1.0
    weight_decay: float = 0.02
    ema_momentum: float = 0.995
    low_target: float = 0.02
    high_target: float = 0.97
    network: NetworkConfig = field(default_factory=NetworkConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> TrainingConfig:
        """From JSON text; settings left out keep their defaults.

        Raises
        ------
        ValueError
            If the text is no JSON object or names an unknown setting.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("a training configuration is a JSON object")
        nested = {"network": NetworkConfig, "augmentation": AugmentationConfig}
        for owner, names in ((cls, values), *((kind, values.get(key, {})) for key, kind in nested.items())):
            unknown = set(names) - {known.name for known in dataclasses.fields(owner)}
            if unknown:
                raise ValueError(f"unknown settings for {owner.__name__}: {', '.join(sorted(unknown))}")
        network = dict(values.pop("network", {}))
        if "stage_channels" in network:
            network["stage_channels"] = tuple(network["stage_channels"])
        augmentation = AugmentationConfig(**values.pop("augmentation", {}))
        return cls(**values, network=NetworkConfig(**network), augmentation=augmentation)
