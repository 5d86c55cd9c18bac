"""Looking inside a network: sums that must come out exactly, and what a map is worth on the shipped network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrunet_widgets.errors import ModelError
from instrunet_widgets.instruments import CODES
from instrunet_widgets.model_folder import find_model
from instrunet_widgets.training.inspection import NetworkInspector, open_network

pytest.importorskip("keras")

RNG = np.random.default_rng(5)
WINDOW = RNG.uniform(-80, 0, (128, 130)).astype(np.float32)


def make_model(**changes):
    import keras

    from instrunet_widgets.training.network import NetworkConfig, build_network

    keras.utils.set_random_seed(1)
    model = build_network(NetworkConfig(**{"stem_channels": 4, "stage_channels": (4, 6), "time_pooling": 2, **changes}))
    for variable in model.variables:  # no weight is left at a value that hides a mistake, such as 0 or 1
        if "seed" not in variable.path:
            variable.assign(variable * RNG.uniform(0.8, 1.2, variable.shape) + RNG.uniform(0.0, 0.01, variable.shape))
    return model


def make_inspector(**changes) -> NetworkInspector:
    return NetworkInspector(make_model(**changes))


@pytest.fixture(scope="module")
def shipped() -> NetworkInspector:
    return open_network(find_model())


@pytest.mark.parametrize(
    "changes", [{}, {"frequency_aware": False}, {"batch_normalisation": False, "kernel": 5}], ids=str
)
def test_moments_and_their_attention_add_up_to_the_probability(changes: dict) -> None:
    network = make_inspector(**changes)
    look = network.look(WINDOW)
    assert network.stages == ("stem", "stage 1", "stage 2")
    for column, code in enumerate(CODES):
        evidence = network.find_evidence(look, code)
        assert evidence.cells.shape == (16, 16)
        assert evidence.attention.sum() == pytest.approx(1)
        assert evidence.attention.std() > 1e-4  # or equal weights would do as well
        assert evidence.probability == pytest.approx(look.probabilities[column], rel=1e-4)
        assert evidence.weighted.sum() == pytest.approx((evidence.attention * 16 * evidence.cells.sum(axis=0)).sum())


def test_network_without_attention_is_refused_in_one_sentence(tmp_path: Path) -> None:
    make_model(summary="mean_max").save(tmp_path / "network.keras")
    with pytest.raises(ModelError, match=r"without attention over time.* cannot be looked into") as caught:
        open_network(tmp_path)
    assert "\n" not in str(caught.value)


def test_shipped_network_gives_what_the_app_says_before_calibration(shipped: NetworkInspector) -> None:
    from instrunet_widgets.classifier import Classifier

    look = shipped.look(WINDOW)
    np.testing.assert_allclose(look.probabilities, Classifier.load().run_network(WINDOW[None])[0], atol=1e-5)
    assert [look.maps[stage].ndim for stage in shipped.stages] == [3] * len(shipped.stages)


def test_what_a_cell_sees_by_hand() -> None:
    """Stem 5, stride 2: 5; pooling: 5 + 2 = 7; 3 x 3 in steps of 4: 15, 23; pooling 27; in steps of 8: 43, 59."""
    layers = make_inspector().list_layers()
    seen = [
        layer.n_frames_seen for layer in layers if layer.kind in ("Conv2D", "MaxPooling2D") and max(layer.kernel) > 1
    ]
    assert seen == [5, 7, 15, 23, 27, 43, 59]
    assert {layer.n_frames_seen for layer in layers if layer.kind in ("Dense", "AveragePooling2D")} == {0}
    stem = next(layer for layer in layers if layer.kind == "Conv2D")
    assert (stem.kernel, stem.stride, stem.output_shape) == ((5, 5), (2, 2), (64, 65, 4))
    assert stem.n_parameters == 5 * 5 * 4
    pooled = next(one for one in make_inspector(time_pooling=4).list_layers() if one.kind == "MaxPooling2D")
    assert (pooled.kernel, pooled.stride, pooled.n_frames_seen) == ((2, 4), (2, 4), 5 + 3 * 2)


def test_shortcut_sees_what_goes_into_its_stage(shipped: NetworkInspector) -> None:
    """Shipped: stem and pooling 5 + 3 * 2 = 11; two of 3 x 3 in steps of 8: 43; pooling: 51; then all 130."""
    for network, expected in ((shipped, [11, 51, 130]), (make_inspector(stage_channels=(6, 8, 9)), [7, 27, 67])):
        layers = network.list_layers()
        assert [one.n_frames_seen for one in layers if one.kernel == (1, 1)] == expected
    assert [one.n_frames_seen for one in shipped.list_layers() if one.kind == "Add"] == [43, 115, 130]


def test_a_cell_depends_on_no_more_than_it_sees() -> None:
    """Changing one moment of the window changes the maps only where it is seen."""
    network = make_inspector()
    changed = WINDOW.copy()
    changed[:, 64] = 0.0
    differs = np.abs(network.look(changed).maps["stem"] - network.look(WINDOW).maps["stem"]).max(axis=(0, 2)) > 1e-6
    assert set(np.flatnonzero(differs)) <= {15, 16, 17}
    assert differs.any()


def test_layers_hold_all_parameters(shipped: NetworkInspector) -> None:
    assert sum(layer.n_parameters for layer in shipped.list_layers()) == shipped.n_parameters


@pytest.mark.parametrize("changes", [{}, {"frequency_aware": False}, {"batch_normalisation": False}], ids=str)
def test_stem_kernels_make_the_first_maps(changes: dict[str, bool]) -> None:
    """The folded kernels, and the largest of four neighbours, give the maps, up to a shift of each channel and ReLU."""
    network = make_inspector(**changes)
    kernels = network.stem_kernels()
    inputs = (WINDOW + 42.0) / 16.0
    maps = network.look(WINDOW).maps["stem"]
    for channel in range(4):
        found, expected = [], []
        for row, column in ((10, 10), (10, 20), (10, 5), (10, 30), (10, 16)):  # each band has a bias of its own
            value = float(maps[row, column, channel])
            if value > 0:  # "same" padding with stride 2 on 128 rows: the patch begins at 2 * row - 1
                found.append(value)
                # 130 columns: two cells of padding in all at stride 2 and kernel 5 are 3: one before, two after
                cells = [(r, c) for r in (2 * row, 2 * row + 1) for c in (2 * column, 2 * column + 1)]
                patches = [inputs[2 * r - 1 : 2 * r + 4, 2 * c - 1 : 2 * c + 4] for r, c in cells]
                expected.append(max(float((patch * kernels[channel]).sum()) for patch in patches))
        np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=1e-3, atol=1e-3)


def test_grad_cam_on_the_last_maps_weighs_channels_by_what_they_change() -> None:
    """Each channel is raised everywhere by a little, and the answer worked out from there again, by hand."""
    model = make_model()
    network = NetworkInspector(model)
    look = network.look(WINDOW)
    scores, moments = (one.get_weights() for one in model.layers if type(one).__name__ == "Dense")
    bands = model.get_layer("band_mean").get_weights()[0][:, 0, :, 0]
    maps = look.maps["stage 2"].astype(np.float64)

    def answer(maps: np.ndarray) -> np.ndarray:
        over_time = (maps * bands[:, None]).sum(axis=0)
        attention = np.exp(over_time @ scores[0] + scores[1])
        return (attention / attention.sum(axis=0) / (1 + np.exp(-(over_time @ moments[0] + moments[1])))).sum(axis=0)

    np.testing.assert_allclose(answer(maps), look.probabilities, rtol=1e-4)
    step = 1e-5
    changes = np.stack([answer(maps + step * np.eye(6)[channel]) - answer(maps) for channel in range(6)])
    weights = changes / step / maps[:, :, 0].size  # [channel, instrument]
    for column, code in enumerate(CODES):
        expected = np.maximum(maps @ weights[:, column], 0)
        found = network.find_grad_cam(look, "stage 2", code)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * max(1e-6, expected.max()))


def test_channels_are_measured_at_their_largest_value() -> None:
    network = make_inspector()
    windows = np.stack([WINDOW, WINDOW[::-1], WINDOW - 3])
    strengths = network.measure_channels(windows)
    for stage in network.stages:
        assert strengths[stage].shape[0] == 3
        np.testing.assert_allclose(
            strengths[stage][1], network.look(windows[1]).maps[stage].max(axis=(0, 1)), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("content", [None, b"no network"])
def test_missing_or_damaged_network_is_one_sentence(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "network.keras").write_bytes(content)
    with pytest.raises(ModelError, match="install InstruNet again") as caught:
        open_network(tmp_path)
    assert "\n" not in str(caught.value)
