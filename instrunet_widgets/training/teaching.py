"""Ways to train that take more than one network, for the comparison of `experiments`.

- Pre-training: the network first learns from the further folders alone, then from everything as usual.
- Self-training [1]_: two networks each learn from half of the training side's recordings and say what they hear in the
  other half. Labels of IRMAS name one instrument where others may play along; the labels that are learnt from are a
  mean of both.
- Distillation [2]_: several networks of the recipe, which differ by their seed, listen to each batch as it was
  augmented, and their mean answer is part of what is learnt.

Nothing of the stop and test sides is heard by any of the teachers.

References
----------
.. [1] Q. Xie, M.-T. Luong, E. Hovy, Q. Le, "Self-training with noisy student improves ImageNet classification",
   CVPR 2020.
.. [2] G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015 (arXiv 1503.02531).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import FeatureFolderError
from .feature_folder import FeatureFolder
from .prediction import predict
from .recipe import METHODS, Method, TrainingConfig
from .train import Teacher, TrainingResult, train
from .training_set import TrainingSet

TEACHER_SHARE = 0.3
N_TEACHERS = 3
PRETRAINING_EPOCHS = 8


def train_by(method: Method, training_set: TrainingSet, config: TrainingConfig, run_dir: Path) -> TrainingResult:
    """Train a network in one of these ways.

    Parameters
    ----------
    method : {"plain", "pre-training", "self-training", "distillation"}
    training_set : TrainingSet
    config : TrainingConfig
        Of the network that comes out, and of its teachers.
    run_dir : Path
        Holds the checkpoint; folders beside it, whose names begin with its own, hold those of the other networks.

    Returns
    -------
    result : TrainingResult

    Raises
    ------
    FeatureFolderError
        As `train`; or if pre-training has no further folder to learn from.
    ValueError
        If the method is unknown.
    """
    if method == "plain":
        return train(training_set, config, run_dir)
    if method == "pre-training":
        return _pretrain(training_set, config, run_dir)
    if method == "self-training":
        return train(blend_labels(training_set, _hear_other_halves(training_set, config, run_dir)), config, run_dir)
    if method == "distillation":
        return _distil(training_set, config, run_dir)
    raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")


def blend_labels(training_set: TrainingSet, heard: FloatArray) -> TrainingSet:
    """Mix labels of the first folder's clips with what teachers hear in them.

    Parameters
    ----------
    training_set : TrainingSet
    heard : np.ndarray [shape=(n_main, 11), dtype=float32]

    Returns
    -------
    training_set : TrainingSet
        Its training side has targets between 0 and 1: a share of `TEACHER_SHARE` from the teachers.
    """
    targets = training_set.train.targets.copy()
    n_main = training_set.n_main
    targets[:n_main] = (1 - TEACHER_SHARE) * targets[:n_main] + TEACHER_SHARE * heard
    return dataclasses.replace(training_set, train=dataclasses.replace(training_set.train, targets=targets))


def halve_recordings(groups: npt.NDArray[np.str_], seed: int) -> npt.NDArray[np.bool_]:
    """Which clips belong to the first half; a group is never cut.

    Parameters
    ----------
    groups : np.ndarray [shape=(n_clips,), dtype=str]
    seed : int
    """
    names = np.unique(groups)
    first = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
    return np.isin(groups, first)


def _hear_other_halves(training_set: TrainingSet, config: TrainingConfig, run_dir: Path) -> FloatArray:
    main = training_set.train.subset(np.arange(training_set.n_main))
    is_first = halve_recordings(main.groups, config.seed)
    heard = np.zeros_like(main.targets)
    for k, half in enumerate((is_first, ~is_first)):
        half_set = _learn_from(training_set, main.subset(~half))
        result = train(half_set, config, run_dir.with_name(f"{run_dir.name}-half-{k}"))
        heard[half] = predict(result.model, main.subset(half))
    return heard


def _pretrain(training_set: TrainingSet, config: TrainingConfig, run_dir: Path) -> TrainingResult:
    further = training_set.train.subset(np.arange(training_set.n_main, len(training_set.train)))
    if not len(further):
        raise FeatureFolderError("pre-training needs further feature folders; name them with --extra")
    first_config = dataclasses.replace(config, epochs=PRETRAINING_EPOCHS)
    first_dir = run_dir.with_name(f"{run_dir.name}-before")
    first = train(_learn_from(training_set, further), first_config, first_dir)
    return train(training_set, config, run_dir, initial_weights=first.model.get_weights())


def _distil(training_set: TrainingSet, config: TrainingConfig, run_dir: Path) -> TrainingResult:
    teachers = []
    for seed in range(N_TEACHERS):
        folder = run_dir.with_name(f"{run_dir.name}-teacher-{seed}")
        teachers.append(train(training_set, dataclasses.replace(config, seed=seed), folder).model)

    def listen(log_mels: FloatArray) -> FloatArray:
        return np.mean([model.predict_on_batch(log_mels) for model in teachers], axis=0)

    return train(training_set, config, run_dir, teacher=Teacher(listen, TEACHER_SHARE))


def _learn_from(training_set: TrainingSet, clips: FeatureFolder) -> TrainingSet:
    return dataclasses.replace(training_set, train=clips, n_main=len(clips))
