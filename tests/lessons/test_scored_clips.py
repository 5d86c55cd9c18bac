"""What lesson 6 reads: predictions of the folds, and scores of InstruNet and of others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from lesson_parts import texts_of
from made_model import make_fold, make_model
from sklearn import metrics as sk

from instrunet_widgets.instruments import CODES
from instrunet_widgets.lessons import how_good_is_it as lesson
from instrunet_widgets.lessons import out_of_fold, published
from instrunet_widgets.lessons.notices import LessonStop
from instrunet_widgets.lessons.out_of_fold import read_scored_clips


@pytest.fixture(scope="module")
def made_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "made")


@pytest.fixture
def use_model(monkeypatch: pytest.MonkeyPatch):
    """``use_model(folder)``: read that one from now on."""

    def use(folder: Path) -> None:
        monkeypatch.setenv("INSTRUNET_MODEL", str(folder))
        read_scored_clips.cache_clear()

    yield use
    read_scored_clips.cache_clear()


def test_predictions_are_read_as_they_were_written(made_model: Path, use_model) -> None:
    use_model(made_model)
    clips = read_scored_clips()
    folds = [make_fold(number) for number in range(5)]
    np.testing.assert_array_equal(clips.raw, np.concatenate([fold.sides["test"].raw for fold in folds]))
    np.testing.assert_array_equal(clips.labels, np.concatenate([fold.sides["test"].labels for fold in folds]))
    assert (clips.recordings[0], clips.recordings[3], clips.recordings[-1]) == ("0000", "0001", "0421")
    assert clips.fold.tolist() == np.repeat(range(5), 66).tolist()
    scores = json.loads((made_model / "scores.json").read_text(encoding="utf-8"))["test"]["eleven_classes"]
    assert sk.roc_auc_score(clips.labels, clips.probabilities) == pytest.approx(scores["roc_auc"])
    text = texts_of(lesson.show_folds())
    assert "<td>Network 5</td><td>66</td><td>22</td>" in text
    assert "more than one network: 0. Fewest clips: 6 of cello" in text
    assert "Lesson 6 of 6" in texts_of(lesson.start())


def test_missing_predictions_are_one_line_that_says_what_to_do(made_model: Path, use_model, tmp_path: Path) -> None:
    shutil.copy(made_model / "model.json", tmp_path)
    use_model(tmp_path)
    with pytest.raises(LessonStop, match=r"has no oof.npz.*INSTRUNET_MODEL.*instrunet train --folds") as caught:
        lesson.start()
    assert "\n" not in str(caught.value)


def damage(arrays: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    if name == "key":
        arrays.pop("fold")
    elif name == "rows":
        arrays["raw"] = arrays["raw"][:-1]
    elif name == "columns":
        arrays["labels"] = arrays["labels"][:, :10]
    elif name == "nan":
        arrays["probabilities"][3, 3] = np.nan
    elif name == "objects":
        arrays["files"] = arrays["files"].astype(object)
    elif name == "empty":
        arrays = {key: values[:0] for key, values in arrays.items()}
    return arrays


@pytest.mark.parametrize("name", ["key", "rows", "columns", "nan", "objects", "empty", "text"])
def test_damaged_predictions_are_one_line(name: str, made_model: Path, use_model, tmp_path: Path) -> None:
    shutil.copy(made_model / "model.json", tmp_path)
    if name == "text":
        (tmp_path / "oof.npz").write_text("no archive")
    else:
        with np.load(made_model / "oof.npz") as file:
            np.savez(tmp_path / "oof.npz", **damage(dict(file), name))
    use_model(tmp_path)
    with pytest.raises(LessonStop, match=r"oof.npz cannot be read.*clone the repository or install") as caught:
        read_scored_clips()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"thresholds": {"window": [0.5]}}', '{"thresholds": {"window": "x"}}']
)
def test_thresholds_that_are_none_are_one_line(content: str, made_model: Path, use_model, tmp_path: Path) -> None:
    shutil.copy(made_model / "oof.npz", tmp_path)
    (tmp_path / "model.json").write_text(content)
    use_model(tmp_path)
    with pytest.raises(LessonStop, match="holds no thresholds"):
        read_scored_clips()


def test_file_that_is_not_of_irmas_is_a_recording_of_its_own() -> None:
    assert out_of_fold._find_recording("cel/[cel][cla]0058__2.wav") == "0058"
    assert out_of_fold._find_recording("own/song.wav") == "own/song.wav"


def test_own_figures_are_those_of_the_file(made_model: Path, use_model) -> None:
    use_model(made_model)
    scores = json.loads((made_model / "scores.json").read_text(encoding="utf-8"))
    folds = scores["folds"]["ten_classes"]["roc_auc"]
    explorer = lesson.FairComparison()
    explorer.system.value = next(k for k, one in enumerate(published.PUBLISHED) if one.split == "published")
    text = texts_of(explorer)
    assert f"<td>{folds['mean']:.3f} ± {folds['spread']:.3f}</td>" in text
    assert "ten classes" in text
    assert "standard deviation" in text


@pytest.mark.parametrize("content", ["{}", "[]", '{"test": null}', '{"test": {"eleven_classes": {"accuracy": null}}}'])
def test_figures_that_were_not_measured_are_dashes(content: str, use_model, tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text(content)
    use_model(tmp_path)
    assert published.read_own_figures()["eleven_classes"]["accuracy"] == "-"


def test_comparison_begins_with_a_figure_of_ones_own(made_model: Path, use_model) -> None:
    use_model(made_model)
    explorer = lesson.FairComparison()
    assert explorer.system.label == "VGGish embeddings, classifier"
    assert "arXiv 2307.10834" in texts_of(explorer)
    assert "not comparable" not in texts_of(explorer)


def test_own_figures_stand_beside_comparable_ones_only(made_model: Path, use_model) -> None:
    use_model(made_model)
    explorer = lesson.FairComparison()
    for k, one in enumerate(published.PUBLISHED):
        explorer.system.value = k
        text = texts_of(explorer)
        assert ("not comparable" in text) != one.is_comparable
        assert ("With care" in text) == one.is_comparable


def test_constant_answers_reach_what_the_labels_of_the_testing_set_say() -> None:
    """2,874 excerpts; micro F1 of naming some classes always = 2 hits / (answers + labels)."""
    labels = {"voi": 1_044, "pia": 995, "gel": 942, "gac": 535, "org": 361, "sax": 326, "vio": 211, "tru": 167}
    labels |= {"flu": 163, "cel": 111, "cla": 62}
    answers = {
        "Always: voice": ("voi",),
        "Always: voice, piano, electric guitar": ("voi", "pia", "gel"),
        "Always: all eleven": CODES,
    }
    for one in published.PUBLISHED:
        if one.is_constant:
            named = answers.pop(one.system)
            micro = 2 * sum(labels[code] for code in named) / (2_874 * len(named) + sum(labels.values()))
            macro = sum(2 * labels[code] / (2_874 + labels[code]) for code in named) / 11
            assert one.figures == {"micro_f1": f"{micro:.3f}".lstrip("0"), "macro_f1": f"{macro:.3f}".lstrip("0")}
    assert answers == {}
