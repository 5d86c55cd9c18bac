import argparse
import json
from dataclasses import dataclass

import numpy as np
import pytest

from instrunet_widgets.classifier import Classifier
from instrunet_widgets.cli import evaluate as evaluate_command
from instrunet_widgets.cli import extras, main
from instrunet_widgets.cli.extras import require_libraries
from instrunet_widgets.config import FeatureConfig
from instrunet_widgets.errors import ExportError, FeatureFolderError, InstruNetError
from instrunet_widgets.instruments import CODES, N_INSTRUMENTS
from instrunet_widgets.training.evaluate import evaluate, read_training_split
from instrunet_widgets.training.feature_folder import read_feature_folder, write_feature_folder
from instrunet_widgets.training.splits import Split


class StandInNetwork:
    """Reads the instrument off the first bands: the loudest of the bands 0 to 10 is the class."""

    name = "stand-in"
    weights_hash = "0" * 64
    feature_config = FeatureConfig()

    def __init__(self):
        self.thresholds = np.full(N_INSTRUMENTS, 0.5, dtype=np.float32)
        self.rows_seen = 0

    def predict_proba(self, log_mels):
        assert log_mels.dtype == np.float32
        assert log_mels.shape[1:] == (128, 130)
        self.rows_seen += len(log_mels)
        return 1 + log_mels[:, :N_INSTRUMENTS, 0] / 80


@dataclass
class ClipRow:
    file: str
    label: str
    heard: str
    group: str = "g"
    conflict: str = "0"
    duplicate: str = ""


def make_folder(path, rows):
    """A feature folder in which `StandInNetwork` gives .2 to every class and 1 to the one in `heard`."""
    config = FeatureConfig()
    log_mels = np.full((len(rows), config.n_mels, config.n_frames), 51, dtype=np.uint8)  # 51 / 255 = .2
    for k, row in enumerate(rows):
        log_mels[k, CODES.index(row.heard), 0] = 255
    index = [
        {
            "file": row.file,
            "class": row.label,
            "group": row.group,
            "label_conflict": row.conflict,
            "exact_duplicate_of": row.duplicate,
        }
        for row in rows
    ]
    write_feature_folder(path, log_mels, index, config)
    return read_feature_folder(path)


def irmas_name(code, recording, segment):
    return f"{code}/[{code}][pop_roc]{recording:04}__{segment}.wav"


@pytest.fixture
def folder(tmp_path):
    """Four recordings: cello right twice, guitars taken for each other, a flute taken for a cello."""
    rows = [
        ClipRow(irmas_name("cel", 1, 1), "cel", "cel", "1"),
        ClipRow(irmas_name("cel", 1, 2), "cel", "cel", "1"),
        ClipRow(irmas_name("gac", 2, 1), "gac", "gel", "2"),
        ClipRow(irmas_name("gel", 3, 1), "gel", "gel", "3"),
        ClipRow(irmas_name("flu", 4, 1), "flu", "cel", "4"),
    ]
    return make_folder(tmp_path / "features", rows)


def test_scores_agree_with_a_count_by_hand_for_eleven_and_ten_classes(folder):
    evaluation = evaluate(StandInNetwork(), folder)
    assert evaluation.n_scored == 5
    assert evaluation.eleven_classes.accuracy == 3 / 5
    assert evaluation.ten_classes.accuracy == 4 / 5
    assert evaluation.eleven_classes.micro_f1 == pytest.approx(3 / 5)
    # cel: 2 right of 3 heard and 2 labelled, 4/5; gel 2/3; flu and gac 0.
    assert evaluation.eleven_classes.argmax_macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 4)
    # gui 1, cel 4/5, flu 0.
    assert evaluation.ten_classes.argmax_macro_f1 == pytest.approx((1 + 4 / 5) / 3)
    assert evaluation.eleven_classes.without_positives == ("cla", "org", "pia", "sax", "tru", "vio", "voi")


def test_clips_with_conflicting_labels_are_left_out_and_counted(tmp_path):
    rows = [
        ClipRow("a.wav", "gac", "gel", conflict="1"),
        ClipRow("b.wav", "gel", "gel", conflict="1", duplicate="a"),
        ClipRow("c.wav", "cel", "cel"),
        ClipRow("d.wav", "cel", "cel", duplicate="c"),
    ]
    network = StandInNetwork()
    evaluation = evaluate(network, make_folder(tmp_path / "f", rows))
    assert (evaluation.n_clips, evaluation.n_scored, evaluation.n_label_conflict) == (4, 2, 2)
    assert evaluation.n_duplicates == 1
    assert evaluation.eleven_classes.accuracy == 1
    assert network.rows_seen == 2


def test_only_the_test_part_of_a_split_is_scored(folder):
    test = (irmas_name("flu", 4, 1), irmas_name("gel", 3, 1), "gel/not in the folder.wav")
    split = Split(0, 0, train=(irmas_name("cel", 1, 1),), stop=(), test=test)
    network = StandInNetwork()
    evaluation = evaluate(network, folder, test_split=split, split_name="split.json")
    assert network.rows_seen == evaluation.n_scored == 2
    assert (evaluation.n_clips, evaluation.n_missing, evaluation.split) == (5, 1, "split.json")
    assert evaluation.eleven_classes.accuracy == 1 / 2


def test_split_of_another_folder_is_refused_by_name(folder):
    split = Split(0, 0, train=(), stop=(), test=("elsewhere.wav",))
    with pytest.raises(FeatureFolderError, match=r"features holds no clip to score.*test clips of other\.json"):
        evaluate(StandInNetwork(), folder, test_split=split, split_name="other.json")


def test_split_without_a_test_part_is_refused_with_what_to_do(folder):
    split = Split(0, None, train=(irmas_name("cel", 1, 1),), stop=(), test=())
    with pytest.raises(FeatureFolderError, match=r"all\.json has no test part, .*; score recordings that it does not"):
        evaluate(StandInNetwork(), folder, test_split=split, split_name="all.json")


def test_folder_whose_clips_all_carry_two_labels_is_refused_for_that(tmp_path):
    conflict = ClipRow("a.wav", "gac", "gel", conflict="1")
    with pytest.raises(FeatureFolderError, match="holds no clip to score: all that could be scored carry two labels"):
        evaluate(StandInNetwork(), make_folder(tmp_path / "f", [conflict]))
    other = make_folder(tmp_path / "g", [conflict, ClipRow("b.wav", "cel", "cel")])
    split = Split(0, 0, train=(), stop=(), test=("a.wav",))
    with pytest.raises(FeatureFolderError, match="all that could be scored carry two labels"):
        evaluate(StandInNetwork(), other, test_split=split)


def test_folder_of_no_clips_is_refused_as_empty(folder, tmp_path):
    nothing = folder.subset(np.zeros(len(folder), dtype=bool))
    with pytest.raises(FeatureFolderError, match="features holds no clip to score: it is empty"):
        evaluate(StandInNetwork(), nothing)


@pytest.mark.filterwarnings("error")
def test_clips_of_no_instrument_have_false_alarms_but_no_scores(tmp_path):
    clips = make_folder(tmp_path / "f", [ClipRow("a.wav", "", "gel"), ClipRow("b.wav", "", "cel")])
    scores = evaluate(StandInNetwork(), clips).eleven_classes
    assert (scores.n, scores.n_single_label, scores.without_positives) == (2, 0, CODES)
    assert (scores.accuracy, scores.argmax_macro_f1, scores.macro_f1, scores.roc_auc) == (None, None, None, None)
    assert (scores.lrap, scores.ece) == (None, None)


def test_clips_that_the_network_knows_are_counted_by_group(folder):
    # Trained on one clip of recording 1 (the other is of its group) and tuned on recording 2.
    known = Split(0, 0, train=(irmas_name("cel", 1, 1),), stop=(irmas_name("gac", 2, 1),), test=())
    overlap = evaluate(StandInNetwork(), folder, trained_on=known).training_overlap
    assert (overlap.n_trained, overlap.n_trained_clips, overlap.n_tuned, overlap.n_unseen) == (2, 1, 1, 2)
    assert (overlap.n_groups, overlap.n_trained_groups) == (4, 1)


def test_recording_counts_as_known_even_if_only_another_of_its_clips_was_trained_on(folder):
    known = Split(0, 0, train=(irmas_name("flu", 4, 3), "notes/flu-A4.wav"), stop=(), test=())
    overlap = evaluate(StandInNetwork(), folder, trained_on=known).training_overlap
    assert (overlap.n_trained, overlap.n_trained_clips, overlap.n_unseen) == (1, 0, 4)


def test_known_clip_outside_the_scored_ones_still_marks_its_group(folder):
    split = Split(0, 0, train=(), stop=(), test=(irmas_name("cel", 1, 2),))
    known = Split(0, 0, train=(irmas_name("cel", 1, 1),), stop=(), test=())
    overlap = evaluate(StandInNetwork(), folder, test_split=split, trained_on=known).training_overlap
    assert (overlap.n_trained, overlap.n_unseen) == (1, 0)


def test_overlap_is_unknown_if_the_model_does_not_say(folder):
    assert evaluate(StandInNetwork(), folder).training_overlap is None


def test_report_is_strict_json_with_the_documented_keys(folder):
    known = Split(0, 0, train=(irmas_name("cel", 1, 1),), stop=(), test=())
    report = evaluate(StandInNetwork(), folder, trained_on=known).to_dict()
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert set(report) == {
        *("schema_version", "features", "split", "model", "weights_sha256", "n_clips", "n_scored"),
        *(
            "n_label_conflict",
            "n_duplicates",
            "n_missing",
            "training_overlap",
            "eleven_classes",
            "ten_classes",
        ),
    }
    assert report["model"] == "stand-in"
    assert report["training_overlap"]["n_trained"] == 2
    assert report["eleven_classes"]["per_class"]["gel"]["precision"] == 1 / 2
    assert report["ten_classes"]["per_class"]["gui"]["precision"] == 1
    cel, flu = CODES.index("cel"), CODES.index("flu")
    assert report["eleven_classes"]["confusion"][flu][cel] == 1


def test_large_folders_are_scored_in_batches_with_progress(tmp_path):
    rows = [ClipRow(f"{k}.wav", CODES[k % 11], CODES[k % 11]) for k in range(300)]
    steps = []
    evaluation = evaluate(
        StandInNetwork(), make_folder(tmp_path / "f", rows), on_progress=lambda *step: steps.append(step)
    )
    assert evaluation.eleven_classes.accuracy == 1
    assert len(steps) > 1
    assert steps[-1] == (300, 300)


def test_training_split_is_read_from_the_model_directory_and_held_to_its_hash(tmp_path):
    split = Split(3, 1, train=("a.wav",), stop=("b.wav",), test=("c.wav",))
    split.save(tmp_path / "split.json")
    (tmp_path / "model.json").write_text(json.dumps({"split_sha256": split.sha256}))
    assert read_training_split(tmp_path) == split
    (tmp_path / "model.json").write_text(json.dumps({"split_sha256": "f" * 64}))
    assert read_training_split(tmp_path) is None


def test_model_without_a_split_file_says_nothing_of_its_training(tmp_path):
    (tmp_path / "model.json").write_text("{}")
    assert read_training_split(tmp_path) is None


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A model directory whose network is the stand-in, trained on recording 1 of `folder`."""
    path = tmp_path / "model"
    path.mkdir()
    split = Split(
        seed=0,
        fold=0,
        train=(irmas_name("cel", 1, 1),),
        stop=(irmas_name("gac", 2, 1),),
        test=(irmas_name("flu", 4, 1), irmas_name("gel", 3, 1)),
    )
    split.save(path / "split.json")
    (path / "model.json").write_text(json.dumps({"split_sha256": split.sha256}))

    def load(directory=None):
        network = StandInNetwork()
        network.path = directory
        return network

    monkeypatch.setattr(Classifier, "load", load)
    return path


def run_command(*options):
    parser = argparse.ArgumentParser()
    evaluate_command.add_parser(parser.add_subparsers())
    args = parser.parse_args(["evaluate", *map(str, options)])
    return args.run(args)


def test_command_prints_the_report_with_a_warning_about_known_clips(folder, model, capsys):
    assert run_command("--features", folder.path, "--model", model) == 0
    said = capsys.readouterr().out
    assert "Model stand-in on 5 of 5 clips" in said
    assert "No clips of cla, org, pia, sax, tru, vio, voi:" in said
    assert "Warning: 2 of 5 scored clips are from recordings that the network was trained on (1 of 4 groups)" in said
    assert "Warning: 1 of 5 scored clips are from recordings that stopped the training" in said
    rows = [" ".join(line.split()) for line in said.splitlines()]
    assert "accuracy, most probable class 0.600 0.800" in rows
    # Heard three times as the top class, labelled twice. Of the pairs of a cello and another clip, only those
    # with the flute, heard as a cello too, are tied: AUC (4 + 2 / 2) / 6, AP 2 of 3.
    assert "cel cello 2 0.800 0.50 0.800 0.667 1.000 0.833 0.667" in rows
    assert "cla clarinet 0 - 0.50 - - - - -" in rows
    assert "flu 1 . . . . . . . . . ." in rows


def test_command_scores_the_unseen_test_part_of_the_models_split_without_a_warning(folder, model, capsys):
    run_command("--features", folder.path, "--model", model, "--split", model / "split.json")
    said = capsys.readouterr().out
    assert "on 2 of 5 clips" in said
    assert "The network was neither trained nor tuned on any recording of these clips." in said
    assert "Warning" not in said


def test_command_warns_if_it_cannot_know_what_the_network_was_trained_on(folder, model, capsys):
    (model / "split.json").unlink()
    run_command("--features", folder.path, "--model", model)
    assert "Warning: the model does not say what it was trained on" in capsys.readouterr().out


def test_command_writes_json_and_replaces_it_only_when_told(folder, model, tmp_path, capsys):
    target = tmp_path / "scores.json"
    options = ("--features", folder.path, "--model", model, "--json", target)
    run_command(*options)
    report = json.loads(target.read_text())
    assert report["eleven_classes"]["accuracy"] == 3 / 5
    assert report["training_overlap"]["n_tuned"] == 1
    target.write_text("precious")
    with pytest.raises(ExportError, match=r"scores\.json exists; use --force"):
        run_command(*options)
    assert target.read_text() == "precious"
    run_command(*options, "--force")
    assert json.loads(target.read_text()) == report


def test_command_prints_only_json_for_a_dash(folder, model, capsys):
    run_command("--features", folder.path, "--model", model, "--json", "-")
    assert json.loads(capsys.readouterr().out)["ten_classes"]["accuracy"] == 4 / 5


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("--features", "is not a feature folder"),
        ("--irmas-testing", "holds no excerpts"),
        ("--solo", "holds no solo recordings"),
    ],
)
def test_command_refuses_an_empty_folder_in_one_line(way, said, model, tmp_path, capsys):
    (tmp_path / "nothing").mkdir()
    assert main(["evaluate", way, str(tmp_path / "nothing"), "--model", str(model)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"nothing {said}" in line


def test_command_prints_a_report_on_clips_of_no_instrument(model, tmp_path, capsys):
    clips = make_folder(tmp_path / "none", [ClipRow("a.wav", "", "gel")])
    assert run_command("--features", clips.path, "--model", model) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "accuracy, most probable class - -" in rows


def test_missing_library_is_named_with_how_to_install_it():
    with pytest.raises(
        InstruNetError, match=r"'instrunet evaluate' needs libraries .*no_such_library.*--extra training"
    ):
        require_libraries("instrunet evaluate", "json", "no_such_library")


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--features", "in", "--out", "out"],
        ["evaluate", "--features", "in"],
        ["evaluate", "--irmas-testing", "in"],
        ["evaluate", "--solo", "in"],
        ["features", "--irmas", "in", "--out", "out"],
        ["render", "corpus", "--out", "out"],
        ["render", "notes", "--notes", "in", "--out", "out"],
        ["render", "demo", "--out", "out"],
        ["render", "example-notes", "--out", "out"],
        ["render", "pieces", "--out", "out"],
        ["experiments", "timeline", "--pieces", "in"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_commands_for_training_say_how_to_install_what_they_need(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda library: None)
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"'instrunet {arguments[0]}' needs libraries that the small install leaves out" in line
    assert "--extra training" in line
