import argparse

import librosa
import numpy as np
import pytest
import soundfile

from instrunet_widgets.cli import features as features_command
from instrunet_widgets.config import FeatureConfig
from instrunet_widgets.errors import FeatureFolderError
from instrunet_widgets.instruments import CODES
from instrunet_widgets.training.feature_folder import read_feature_folder
from instrunet_widgets.training.irmas import ClipName, find_clips, parse_clip_name
from instrunet_widgets.training.irmas_features import make_features

RATE = 16_000


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("[cel][cla]0058__2.wav", ClipName("cel", "", "cla", "0058", 2)),
        ("[cla][cla]0231__1.wav", ClipName("cla", "", "cla", "0231", 1)),
        ("cla/008__[cla][nod][cla]0180__3.wav", ClipName("cla", "nod", "cla", "0180", 3)),
        ("[pia][dru][jaz_blu]0493__1", ClipName("pia", "dru", "jaz_blu", "0493", 1)),
        ("[gac][pop_roc]0581__3.wav", ClipName("gac", "", "pop_roc", "0581", 3)),
        ("205__[tru][---][jaz_blu]1987__1.wav", ClipName("tru", "", "jaz_blu", "1987", 1)),
        ("[voi][---]2376__1.wav", ClipName("voi", "", "---", "2376", 1)),
        (r"C:\IRMAS\sax\[sax][nod][lat_sou]1700__2.WAV", ClipName("sax", "nod", "lat_sou", "1700", 2)),
        ("org/[org][dru][cou_fol]1012__10.wav", ClipName("org", "dru", "cou_fol", "1012", 10)),
    ],
)
def test_irmas_name_is_read(file, expected):
    assert parse_clip_name(file) == expected


@pytest.mark.parametrize(
    "file",
    [
        "clarinet.wav",
        "[dru][cla]0001__1.wav",
        "[cel]0001__1.wav",
        "[cel][rock]0001__1.wav",
        "[cel][cla]0001.wav",
        "[cel][cla][dru]0001__1.wav",
        "[cel][cla]0001__1.wav.part",
        "notes/x[cel][cla]0001__1.wav",
        "",
    ],
)
def test_other_names_are_refused(file):
    with pytest.raises(ValueError, match="not named like an IRMAS clip"):
        parse_clip_name(file)


def make_tone(frequency, seconds=3.0):
    """Sound of one class: a tone with an octave, fading."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * frequency * time) + 0.3 * np.sin(4 * np.pi * frequency * time)
    return (0.5 * tone * np.exp(-time)).astype(np.float32)


def write_clip(irmas, code, name, waveform, rate=RATE):
    path = irmas / code / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, waveform, rate, subtype="PCM_16")
    return path


@pytest.fixture
def irmas(tmp_path):
    """Two recordings of two clips for each of the eleven classes, all different."""
    folder = tmp_path / "IRMAS-TrainingData"
    for k, code in enumerate(CODES):
        for recording in (2 * k + 1, 2 * k + 2):
            for segment in (1, 2):
                tone = make_tone(110.0 * 2 ** ((4 * k + 2 * (recording % 2) + segment) / 12))
                write_clip(folder, code, f"[{code}][nod][cla]{recording:04}__{segment}.wav", tone)
    return folder


def test_features_of_a_made_data_set_are_read_back_with_its_labels_and_recordings(irmas, tmp_path):
    steps = []
    summary = make_features(irmas, tmp_path / "features", on_progress=lambda *step: steps.append(step))
    folder = read_feature_folder(tmp_path / "features")
    assert (summary.n_clips, summary.n_groups, summary.n_duplicates) == (44, 22, 0)
    assert (summary.n_label_conflict, summary.n_other_length) == (0, 0)
    assert summary.clips_per_class == dict.fromkeys(CODES, 4)
    assert steps[-1] == (44, 44)
    assert folder.targets.sum(axis=0).tolist() == [4] * 11
    first = folder.frame.iloc[4]
    assert first["file"] == "cla/[cla][nod][cla]0003__1.wav"
    assert (first["class"], first["drums"], first["genre"]) == ("cla", "nod", "cla")
    assert (first["recording_id"], first["segment"], first["group"]) == ("0003", "1", "0003")
    assert len(set(folder.groups)) == 22


def test_features_equal_librosas_to_the_step_of_their_eight_bits(irmas, tmp_path):
    make_features(irmas, tmp_path / "features")
    folder = read_feature_folder(tmp_path / "features")
    row = folder.files.tolist().index("vio/[vio][nod][cla]0020__2.wav")
    waveform, rate = soundfile.read(irmas / folder.files[row], dtype="float32")
    power = librosa.feature.melspectrogram(
        y=waveform / np.abs(waveform).max(), sr=rate, n_fft=2048, win_length=1486, hop_length=372, n_mels=128
    )
    expected = librosa.power_to_db(power, ref=np.max, top_db=80)
    assert np.abs(folder.decibels([row])[0] - expected).max() <= 80 / 255 / 2 + 0.01


def test_clip_of_another_rate_and_in_stereo_gives_the_same_picture(irmas, tmp_path):
    time = np.arange(3 * 44_100) / 44_100
    tone = 0.5 * np.sin(2 * np.pi * 1_000 * time)
    write_clip(irmas, "vio", "[vio][nod][cla]0101__1.wav", np.stack([tone, tone], axis=1), 44_100)
    time = np.arange(3 * RATE) / RATE
    write_clip(irmas, "vio", "[vio][nod][cla]0102__1.wav", 0.5 * np.sin(2 * np.pi * 1_000 * time))
    make_features(irmas, tmp_path / "features")
    folder = read_feature_folder(tmp_path / "features")
    stereo, mono = (
        folder.decibels([folder.files.tolist().index(f"vio/[vio][nod][cla]{n}__1.wav")])[0] for n in ("0101", "0102")
    )
    # Between the first and last frames the tone is steady; there the loudest bands must agree.
    middle = slice(5, -5)
    loud = mono[:, middle] > -40
    assert loud.any()
    assert np.abs(stereo[:, middle] - mono[:, middle])[loud].max() < 0.5


def test_exact_repetition_is_marked_and_joins_the_groups_of_both_recordings(irmas, tmp_path):
    same = make_tone(3_000)
    write_clip(irmas, "gac", "054__[gac][dru][cou_fol]0763__1.wav", same)
    write_clip(irmas, "gac", "[gac][dru][cou_fol]0709__1.wav", same)
    write_clip(irmas, "gac", "[gac][dru][cou_fol]0709__2.wav", make_tone(3_100))
    summary = make_features(irmas, tmp_path / "features")
    frame = read_feature_folder(tmp_path / "features").frame.set_index("file")
    first = frame.loc["gac/054__[gac][dru][cou_fol]0763__1.wav"]
    second = frame.loc["gac/[gac][dru][cou_fol]0709__1.wav"]
    other_clip = frame.loc["gac/[gac][dru][cou_fol]0709__2.wav"]
    assert (summary.n_duplicates, summary.n_label_conflict, summary.n_groups) == (1, 0, 23)
    assert first["exact_duplicate_of"] == ""
    assert second["exact_duplicate_of"] == "gac/054__[gac][dru][cou_fol]0763__1"
    assert {first["group"], second["group"], other_clip["group"]} == {"0709"}


def test_recordings_joined_one_after_the_other_are_one_group(irmas, tmp_path):
    # 0703 shares a clip with 0702, 0702 another one with 0701: all three belong together.
    shared, shared_too = make_tone(3_000), make_tone(3_100)
    write_clip(irmas, "gel", "[gel][dru][cou_fol]0703__1.wav", shared)
    write_clip(irmas, "gel", "[gel][dru][cou_fol]0702__1.wav", shared)
    write_clip(irmas, "gel", "[gel][dru][cou_fol]0702__2.wav", shared_too)
    write_clip(irmas, "gel", "[gel][dru][cou_fol]0701__2.wav", shared_too)
    assert make_features(irmas, tmp_path / "features").n_groups == 23
    folder = read_feature_folder(tmp_path / "features")
    assert set(folder.groups[[("]070" in file) for file in folder.files]]) == {"0701"}


def test_same_audio_under_two_labels_is_a_conflict_on_both_sides(irmas, tmp_path):
    same = make_tone(3_000)
    write_clip(irmas, "gac", "[gac][dru][cou_fol]0674__1.wav", same)
    write_clip(irmas, "gel", "[gel][dru][cou_fol]0759__1.wav", same)
    write_clip(irmas, "gel", "[gel][dru][cou_fol]0759__2.wav", make_tone(3_100))
    assert make_features(irmas, tmp_path / "features").n_label_conflict == 2
    folder = read_feature_folder(tmp_path / "features")
    assert folder.files[folder.label_conflict].tolist() == [
        "gac/[gac][dru][cou_fol]0674__1.wav",
        "gel/[gel][dru][cou_fol]0759__1.wav",
    ]


def test_clips_of_another_length_are_cut_or_padded_and_counted(irmas, tmp_path):
    tone = make_tone(500, seconds=4.0)
    write_clip(irmas, "sax", "[sax][nod][cla]0301__1.wav", tone[: 3 * RATE])
    write_clip(irmas, "sax", "[sax][nod][cla]0302__1.wav", tone)
    write_clip(irmas, "sax", "[sax][nod][cla]0303__1.wav", tone[:RATE])
    assert make_features(irmas, tmp_path / "features").n_other_length == 2
    folder = read_feature_folder(tmp_path / "features")
    whole, long, short = (
        folder.log_mels[folder.files.tolist().index(f"sax/[sax][nod][cla]{n}__1.wav")] for n in ("0301", "0302", "0303")
    )
    assert np.array_equal(long, whole)
    last_second = FeatureConfig().n_frames * 2 // 3
    assert whole[:, last_second:].max() > 100
    assert short[:, last_second:].max() == 0  # nothing but the floor, -80 dB


def test_unreadable_clip_is_named(irmas, tmp_path):
    broken = irmas / "org" / "[org][nod][cla]0900__1.wav"
    broken.write_text("this is text")
    with pytest.raises(FeatureFolderError, match=r"org/\[org\]\[nod\]\[cla\]0900__1\.wav cannot be read"):
        make_features(irmas, tmp_path / "features")
    assert not (tmp_path / "features").exists()


def test_folder_with_features_is_not_overwritten(irmas, tmp_path):
    make_features(irmas, tmp_path / "features")
    before = (tmp_path / "features" / "index.csv").read_bytes()
    with pytest.raises(FeatureFolderError, match="already holds features"):
        make_features(irmas, tmp_path / "features")
    assert (tmp_path / "features" / "index.csv").read_bytes() == before


def test_hidden_and_other_files_are_passed_over_and_extensions_count_in_any_case(tmp_path):
    write_clip(tmp_path, "cel", "[cel][cla]0001__1.WAV", make_tone(220))
    (tmp_path / "cel" / "._[cel][cla]0001__1.wav").write_text("left by a file manager")
    (tmp_path / "cel" / "notes.txt").write_text("nothing to hear")
    (tmp_path / "__MACOSX").mkdir()
    assert [clip.file for clip in find_clips(tmp_path)] == ["cel/[cel][cla]0001__1.WAV"]


def test_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(FeatureFolderError, match="nowhere is not a folder"):
        find_clips(tmp_path / "nowhere")


def test_folder_round_the_training_set_is_refused_with_a_hint(irmas):
    with pytest.raises(FeatureFolderError, match="give IRMAS-TrainingData itself"):
        find_clips(irmas.parent)


def test_class_folders_without_clips_are_refused(tmp_path):
    (tmp_path / "cel").mkdir()
    with pytest.raises(FeatureFolderError, match=r"hold no \.wav files"):
        find_clips(tmp_path)


def test_clip_with_another_name_is_refused_by_name(irmas):
    write_clip(irmas, "voi", "singing.wav", make_tone(300))
    with pytest.raises(FeatureFolderError, match=r"'singing\.wav' is not named like an IRMAS clip"):
        find_clips(irmas)


def test_clip_in_the_folder_of_another_class_is_refused(irmas):
    write_clip(irmas, "voi", "[vio][cla]0500__1.wav", make_tone(300))
    with pytest.raises(FeatureFolderError, match="labelled vio but lies in the folder voi"):
        find_clips(irmas)


def run_command(*options):
    parser = argparse.ArgumentParser()
    features_command.add_parser(parser.add_subparsers())
    args = parser.parse_args(["features", *map(str, options)])
    return args.run(args)


def test_command_writes_the_folder_and_says_what_is_in_it(irmas, tmp_path, capsys):
    same = make_tone(3_000)
    write_clip(irmas, "gac", "[gac][dru][cou_fol]0674__1.wav", same)
    write_clip(irmas, "gel", "[gel][dru][cou_fol]0759__1.wav", same)
    write_clip(irmas, "gel", "[gel][dru][cou_fol]0760__1.wav", make_tone(3_100, seconds=1.0))
    assert run_command("--irmas", irmas, "--out", tmp_path / "features") == 0
    assert len(read_feature_folder(tmp_path / "features")) == 47
    said = capsys.readouterr().out
    assert "features of 47 clips in 24 groups" in said
    assert "gac 5  gel 6  org 4" in said
    assert "(exact_duplicate_of): 1\n" in said
    assert "(label_conflict): 2\n" in said
    assert "not 3 s long, now cut or padded with silence: 1\n" in said


def test_command_says_which_classes_are_absent(tmp_path, capsys):
    write_clip(tmp_path / "irmas", "cel", "[cel][cla]0001__1.wav", make_tone(220))
    run_command("--irmas", tmp_path / "irmas", "--out", tmp_path / "features")
    assert "No clips of cla, flu, gac, gel, org, pia, sax, tru, vio, voi:" in capsys.readouterr().out
