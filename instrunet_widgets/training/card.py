"""The model card: a page in plain words, written from the figures of the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..instruments import INSTRUMENTS
from ..thresholds import ModelThresholds
from ..wording import CONFIDENCE_WORDS
from .card_tables import describe_aims, describe_failures, describe_peers, figure, tabulate
from .recipe import TrainingConfig
from .training_set import NO_SIDES, TrainingSet


def write_card(
    path: Path,
    description: dict[str, Any],
    scores: dict[str, Any],
    training_set: TrainingSet,
    config: TrainingConfig,
) -> None:
    """Write the model card.

    Parameters
    ----------
    path : Path
    description : dict
        Content of ``model.json``.
    scores : dict
        Content of ``scores.json``.
    training_set : TrainingSet
    config : TrainingConfig
    """
    sections = [
        f"# Model card: {description['name']}",
        _INTRODUCTION + _describe_size(scores.get("size")),
        "## Data\n\n" + _describe_data(training_set),
        "## Recipe\n\n" + _describe_recipe(config),
        "## Figures\n\n" + _describe_scores(scores),
        "## Beside other systems\n\n" + describe_peers(scores),
        "## Where it fails\n\n" + describe_failures(scores),
        "## What it does not reach yet\n\n" + describe_aims(scores),
        "## Probabilities and thresholds\n\n" + _describe_reading(description),
        _LIMITS,
    ]
    path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")


_INTRODUCTION = """\
Gives, for 3 s of music, the probability that each of eleven instruments (the classes of IRMAS) is heard.

**Terms.** The weights were trained on IRMAS (Bosch, Janer, Fuhrmann, Herrera 2012), which is for
non-commercial research (CC BY-NC-SA); the weights carry the same terms. The code is MIT-licensed.

**Intended use.** Exploring recordings, teaching, research. Not for decisions about people or rights."""


def _describe_size(size: dict[str, Any] | None) -> str:
    if size is None:
        return ""
    return (
        f"\n\n**Size and speed.** {size['n_parameters']:,} parameters; {size['ms_per_window']:.1f} ms for a window of "
        f"3 s, 120 at a time, on the {size['n_cores']} cores of the machine that wrote this card."
    )


_LIMITS = """\
## Limits

- Only these eleven instruments can be named. Drums, bass, mallets, synthesisers and others have no output of
  their own; they raise the probability of what sounds alike.
- Training clips name one predominant instrument; about half of them hold others too, so an instrument in the
  background is often missed.
- Solo playing in rooms and by players that were not learnt from is less sure than the figures on single notes say:
  IRMAS holds little of it, and the notes that were added come from few players.
- The features were interpolated from spectrograms at 22,050 Hz; against features computed at 16 kHz directly
  they differ by 1.2 dB on average.
- Western classical, jazz, pop, rock, folk and Latin recordings; other traditions are not represented."""


# What the name of a sound font or of a folder of samples stands for in our own corpora, and its terms.
_SOURCES = {
    "FluidR3_GM": "FluidR3 GM (MIT)",
    "MuseScore_General": "MuseScore General (MIT)",
    "TimGM6mb": "TimGM6mb (GPL-2)",
    "sf_GMbank": "Csound's sf_GMbank (public domain)",
    "notes": "single notes by players of the Philharmonia Orchestra (free to use, not to be sold as samples)",
    "philharmonia": "those notes, joined to phrases; only notes of the training side",
    "recorded": "single notes of real instruments from tonejs-instruments and from the Salamander Grand Piano by "
    "Alexander Holm, as @audio-samples has it (both CC BY 3.0)",
}


def _describe_data(training_set: TrainingSet) -> str:
    train, stop, test = training_set.train, training_set.stop, training_set.test
    further = {name: int(train.frame["group"].str.startswith(f"{name}/").sum()) for name in training_set.held_out}
    n_irmas = len(train) - sum(further.values())
    sides = "all of them learnt from; the figures on them come from five networks of the same recipe (five folds)"
    if len(stop):
        sides = f"{len(stop)} more to stop training and to fit calibration and thresholds, {len(test)} more to score"
    lines = [
        f"- IRMAS training set (log-mel features): {n_irmas} of its 6,705 clips to train, {sides}. Split by recording, "
        "never by clip. Left out: repeated clips, clips with two labels, and those that were kept away from this run. "
        "`split.json` names all that were used.",
    ]
    for name, side in training_set.held_out.items():
        scored = f", {len(side)} of other groups to score" if len(side) else ""
        fonts = sorted(set(side.frame["font"].astype(str)) - {""}) if "font" in side.frame else [name]
        known = [_SOURCES.get(font, f"`{font}`" if font != name else "") for font in fonts]
        sound = f" Made with {'; '.join(filter(None, known))}." if any(known) else ""
        lines.append(f"- `{name}`: {further[name]} windows to train{scored}.{sound}")
    return "\n".join(lines)


_OPTIMISERS = {"adamw": "AdamW", "sgd": "SGD with Nesterov momentum", "rmsprop": "RMSProp"}


def _describe_recipe(config: TrainingConfig) -> str:
    network, augmentation = config.network, config.augmentation
    extras = (
        f" Each epoch draws {config.extra_share:g} further windows for each IRMAS clip." if config.extra_share else ""
    )
    pooled = "attention over time" if network.summary == "attention" else "mean and maximum over time"
    dropout = "no dropout"
    if network.dropout or network.spatial_dropout:
        dropout = f"spatial dropout {network.spatial_dropout}, dropout {network.dropout}"
    aware = " that know their place on the frequency axis" if network.frequency_aware else ""
    return (
        f"CNN with a {network.stem_kernel}x{network.stem_kernel} stem, residual stages of "
        f"{'/'.join(map(str, network.stage_channels))} channels{aware}, {pooled}, batch normalisation, {dropout}. "
        f"{_OPTIMISERS[config.optimizer]}, {config.learning_rate} with warm-up, {config.schedule} schedule, weight "
        f"decay {config.weight_decay}, averaged weights ({config.ema_momentum}), {config.epochs} epochs of batches of "
        f"{config.batch_size}, targets of {config.low_target:g} and {config.high_target:g}.{extras} "
        f"{augmentation.mix_probability:.0%} of "
        "the clips are mixed with another in the power domain (union of labels); SpecAugment; time shift; gain curve "
        f"and noise. Seed {config.seed}. All settings: `training.json`."
    )


_MEASURES = (
    "accuracy", "argmax_macro_f1", "micro_f1", "macro_f1", "roc_auc", "average_precision", "lrap", "ece",
)  # fmt: skip
_HEAD = ("accuracy", "argmax macro F1", "micro F1", "macro F1", "ROC-AUC", "AP", "LRAP", "ECE")


def _describe_scores(scores: dict[str, Any]) -> str:
    shipped = {name: sides for name, sides in scores.get("shipped", {}).items() if name != "false_alarms"}
    others = {name: sides for name, sides in scores.items() if name not in (*NO_SIDES, *shipped)}
    parts = [_tabulate_scores(others)]
    if "folds" in scores:
        parts += [
            "Each fold is read with calibration and thresholds that were fitted on the other four. Mean over the five "
            "folds, and their spread (standard deviation):",
            _tabulate_folds(scores["folds"]),
            "Settings were compared on the first fold, so its figures may be a little too friendly.",
        ]
    if shipped:
        parts += [
            "The shipped network itself, on what it did not learn from of the further folders. Players, fonts and "
            "rooms are those of its training, so this is easier than what others play:",
            _tabulate_scores(shipped),
        ]
    rows = []
    test = scores["test"]["eleven_classes"]["per_class"]
    for instrument in INSTRUMENTS:
        row = test[instrument.code]
        cells = [figure(row[key]) for key in ("argmax_f1", "f1", "average_precision")]
        rows.append((instrument.name, str(row["n_positives"]), *cells))
    parts += [
        "Per instrument, on the test side:",
        tabulate(("instrument", "n", "argmax F1", "F1 at threshold", "AP"), rows),
        "Macro means leave out classes without a positive. Accuracy, argmax F1 and ECE are of the clips with one "
        "label. But for *relabelled* and mixtures, labels name one instrument per clip, so an instrument rightly heard "
        "beside it counts as wrong.",
    ]
    return "\n\n".join(parts)


_OF_ONE_LABEL = ("accuracy", "argmax_macro_f1", "ece")


def _tabulate_scores(scores: dict[str, Any]) -> str:
    def show(values: dict[str, Any], key: str) -> str:
        # The few clips with one label among many with several (both guitars, as one class) say nothing of the rest.
        is_of_few = key in _OF_ONE_LABEL and values["n_single_label"] < values["n"] / 4
        return figure(None if is_of_few else values[key])

    rows = [
        (f"{name}, {classes.replace('_', ' ')}", str(values["n"]), *(show(values, key) for key in _MEASURES))
        for name, sides in scores.items()
        for classes, values in sides.items()
    ]
    return tabulate(("scored on", "n", *_HEAD), rows)


def _tabulate_folds(folds: dict[str, Any]) -> str:
    rows = [
        (
            classes.replace("_", " "),
            *(f"{figure(values[key]['mean'])} ± {figure(values[key]['spread'])}" for key in _MEASURES),
        )
        for classes, values in folds.items()
    ]
    return tabulate(("", *_HEAD), rows)


def _describe_reading(description: dict[str, Any]) -> str:
    steps = ", ".join(f"{words} from {limit:.2f}" for limit, words in CONFIDENCE_WORDS if limit > 0)
    thresholds = ModelThresholds.from_dict(description["thresholds"])
    columns = [thresholds.window, *thresholds.recording_mean, thresholds.recording_max]
    lengths = [f"{n:g}" for n in thresholds.n_windows]
    head = ("instrument", "window", f"mean of {lengths[0]}", *lengths[1:], "max")
    rows = [(instrument.name, *(f"{column[k]:.2f}" for column in columns)) for k, instrument in enumerate(INSTRUMENTS)]
    return (
        "Outputs are calibrated per instrument by beta calibration. In words: "
        f'{steps}, below that unlikely. The threshold "auto" takes the window column for time ranges and, for '
        "the whole recording, those of the aggregation in use: under mean by the number of windows with sound (in "
        "between, interpolated over its logarithm), under max one for all lengths. They were fitted on made-up "
        f"recordings of {lengths[0]}-{lengths[-1]} windows joined from clips, each predicted by a network "
        "that had not learnt from it.\n\n" + tabulate(head, rows)
    )
