"""Optimiser, schedule and loss of a training run, from its configuration."""

from __future__ import annotations

import functools
from typing import Any

from .recipe import TrainingConfig


def make_optimizer(config: TrainingConfig, steps: int) -> Any:
    """Make the optimiser with its schedule: warm-up from 0, then a cosine to 0 or a constant rate.

    Parameters
    ----------
    config : TrainingConfig
    steps : int
        Batches in an epoch.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        Not built yet. Biases and batch normalisation do not decay.
    """
    import keras

    warmup = round(config.warmup_epochs * steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup else config.learning_rate,
        decay_steps=max(1, config.epochs * steps - warmup),
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
        alpha=1.0 if config.schedule == "constant" else 0.0,
    )
    kinds = {
        "adamw": keras.optimizers.AdamW,
        "sgd": functools.partial(keras.optimizers.SGD, momentum=0.9, nesterov=True),
        "rmsprop": keras.optimizers.RMSprop,
    }
    optimizer = kinds[config.optimizer](
        learning_rate=schedule,
        weight_decay=config.weight_decay,
        use_ema=config.ema_momentum > 0,
        ema_momentum=config.ema_momentum or 0.99,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def make_loss(negative_weight: float) -> Any:
    """Make the cross-entropy in which absent labels count less.

    Parameters
    ----------
    negative_weight : float
        Of targets up to 0.5; 1 is the plain binary cross-entropy.

    Returns
    -------
    loss : str or callable
        As `keras.Model.compile` takes it.
    """
    if negative_weight == 1:
        return "binary_crossentropy"
    from keras import ops

    def loss(targets: Any, probabilities: Any) -> Any:
        p = ops.clip(probabilities, 1e-7, 1 - 1e-7)
        entropy = -(targets * ops.log(p) + (1 - targets) * ops.log(1 - p))
        return ops.mean(ops.where(targets > 0.5, entropy, negative_weight * entropy), axis=-1)

    return loss
