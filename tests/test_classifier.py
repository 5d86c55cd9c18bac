"""The shipped model, and what happens with a model directory that is not one."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.audio import load_audio
from instrunet_widgets.classifier import Calibration, Classifier
from instrunet_widgets.errors import ModelError
from instrunet_widgets.examples import example_path
from instrunet_widgets.features import frame_windows
from instrunet_widgets.model_folder import find_model


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load()


@pytest.fixture(scope="module")
def log_mels(classifier: Classifier) -> np.ndarray:
    return classifier.extractor(frame_windows(load_audio(example_path()), sample_rate=16_000))


@pytest.fixture
def copied_model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(find_model(), tmp_path / "copy"))


def test_export_equals_tensorflow_before_calibration(classifier: Classifier, log_mels: np.ndarray) -> None:
    tensorflow = Classifier.load(runtime="tensorflow")
    np.testing.assert_allclose(classifier.run_network(log_mels), tensorflow.run_network(log_mels), atol=1e-4)


def test_probabilities_do_not_depend_on_the_batch(classifier: Classifier, log_mels: np.ndarray) -> None:
    together = classifier.predict_proba(log_mels[:5])
    alone = np.concatenate([classifier.predict_proba(log_mels[k : k + 1]) for k in range(5)])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert together.shape == (5, 11)


def test_no_windows_give_no_probabilities(classifier: Classifier) -> None:
    assert classifier.predict_proba(np.zeros((0, 128, 130), dtype=np.float32)).shape == (0, 11)


def test_loading_and_running_import_no_tensorflow_librosa_or_numba() -> None:
    code = (
        "import sys, numpy as np; from instrunet_widgets import Classifier;"
        "Classifier.load().predict_proba(np.full((1, 128, 130), -40, dtype=np.float32));"
        "print([m for m in ('tensorflow', 'keras', 'librosa', 'numba', 'sklearn') if m in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


def test_calibration_keeps_the_order_of_windows() -> None:
    calibration = Calibration([0.5], [2.0], [-1.0])
    p = calibration(np.float32([[0.0], [0.2], [0.7], [1.0]]))[:, 0]
    assert (np.diff(p) > 0).all()
    # by hand: .5 ln .2 - 2 ln .8 - 1 = -.8047 + .4463 - 1 = -1.3584, sigmoid = .2045
    assert p[1] == pytest.approx(0.2045, abs=1e-4)


@pytest.mark.parametrize("bad", [np.zeros((1, 128, 94)), np.zeros((128, 130)), np.full((1, 128, 130), np.nan)])
def test_features_of_another_kind_are_refused(classifier: Classifier, bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="log_mels"):
        classifier.predict_proba(bad)


def test_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model directory at"):
        Classifier.load(tmp_path / "nowhere")


def test_directory_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not an InstruNet model"):
        Classifier.load(tmp_path)


def test_truncated_network_is_named(copied_model: Path) -> None:
    network = copied_model / "network.onnx"
    network.write_bytes(network.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"network\.onnx is damaged"):
        Classifier.load(copied_model)


@pytest.mark.parametrize("name", ["network.onnx", "mel.npz"])
def test_missing_file_is_named(copied_model: Path, name: str) -> None:
    (copied_model / name).unlink()
    with pytest.raises(ModelError, match=f"{name} cannot be read"):
        Classifier.load(copied_model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instruments": ["dru", "bas"]}, "names the instruments dru, bas"),
        ({"format_version": 99}, "format version 99"),
        ({"thresholds": {}}, "damaged"),
        ({"features": {"window_seconds": 2.0}}, "front end .* is not the one"),
        ({"features": {"fmax": 9000.0}}, "damaged.*fmax"),
        ({"features": {"n_mels": 64}}, "front end .* is not the one"),
        # another front end whose spectrograms have the very same shape
        ({"features": {"sample_rate": 22_050, "hop_length": 512}}, "front end .* is not the one"),
    ],
)
def test_foreign_description_is_refused(copied_model: Path, change: dict[str, object], message: str) -> None:
    file = copied_model / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        Classifier.load(copied_model)


@pytest.mark.parametrize("content", ["", "{}", "[1, 2]", '{"cut'])
def test_description_that_is_no_description_is_refused(copied_model: Path, content: str) -> None:
    (copied_model / "model.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"model\.json"):
        Classifier.load(copied_model)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [("a", float("nan"), "a holds NaN"), ("c", float("inf"), "c holds NaN or inf"), ("b", 0, "b .* must be positive")],
)
def test_calibration_that_does_not_keep_the_order_is_refused(
    copied_model: Path, key: str, value: float, message: str
) -> None:
    file = copied_model / "model.json"
    description = json.loads(file.read_text(encoding="utf-8"))
    description["calibration"][key][3] = value
    file.write_text(json.dumps(description), encoding="utf-8")
    with pytest.raises(ModelError, match=f"damaged.*{message}"):
        Classifier.load(copied_model)


@pytest.mark.parametrize("is_archive", [True, False])
def test_mel_matrix_of_an_older_kind_is_named(copied_model: Path, is_archive: bool) -> None:
    path, description = copied_model / "mel.npz", copied_model / "model.json"
    if is_archive:  # without its front end
        np.savez(path, mel_filterbank=np.zeros((128, 1025), dtype=np.float32))
    else:
        path.write_bytes(b"something else")
    content = json.loads(description.read_text(encoding="utf-8"))
    content["sha256"]["mel.npz"] = hashlib.sha256(path.read_bytes()).hexdigest()
    description.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ModelError, match=r"mel\.npz does not hold a mel matrix"):
        Classifier.load(copied_model)


def test_environment_variable_names_the_model(copied_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTRUNET_MODEL", str(copied_model))
    assert Classifier.load().path == copied_model


def test_unknown_runtime_is_refused() -> None:
    with pytest.raises(ValueError, match="runtime"):
        Classifier.load(runtime="torch")  # type: ignore[arg-type]
