"""The widgets of lesson 3, driven to their ends, on a network that is quick to make."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from lesson_parts import (
    LONG,
    NONE,
    SHORT,
    SILENCE,
    controls_of,
    texts_of,
    turn_all_knobs,
    turn_every_knob,
    values_of,
)
from PIL import Image

from instrunet_widgets.instruments import CODES
from instrunet_widgets.lessons import notices
from instrunet_widgets.lessons import the_network as lesson
from instrunet_widgets.lessons.class_maps import Notes
from instrunet_widgets.lessons.kernel_gallery import KernelGallery
from instrunet_widgets.lessons.notices import LessonStop
from instrunet_widgets.lessons.patterns import convolve, cover_cells, scale_up, stretch
from instrunet_widgets.plotting.ramps import ramp

pytest.importorskip("keras")

SOUNDS = {"long": LONG, "short": SHORT, "none": NONE, "silence": SILENCE}
NO_NOTES = Notes(np.full((1, 128, 130), -80, dtype=np.float32), ("cel",))


@pytest.fixture(scope="module")
def network():
    import keras

    from instrunet_widgets.training.inspection import NetworkInspector
    from instrunet_widgets.training.network import NetworkConfig, build_network

    keras.utils.set_random_seed(2)
    return NetworkInspector(build_network(NetworkConfig(stem_channels=13, stage_channels=(4, 6))))


def make_panels(network, sound, name: str):
    notes = NO_NOTES if name == "none" else lesson.load_notes()
    return [
        lesson.ConvolutionExplorer(sound),
        lesson.FilterExplorer(network, sound),
        lesson.FeatureMapExplorer(network, sound, notes),
        lesson.ClassMapExplorer(network, lesson.load_classifier(), sound),
        lesson.LayerTable(network),
    ]


@pytest.mark.parametrize("name", SOUNDS)
def test_every_knob_at_both_ends(network, name: str) -> None:
    for panel in make_panels(network, SOUNDS[name], name):
        assert all(values_of(control) for control in controls_of(panel))
        turn_every_knob(panel)
        turn_all_knobs(panel)


def test_lesson_needs_the_extra_and_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lesson.open_network.cache_clear()
    find_spec = notices.importlib.util.find_spec
    monkeypatch.setattr(
        notices.importlib.util,
        "find_spec",
        lambda name, *rest: None if name in ("keras", "tensorflow") else find_spec(name, *rest),
    )
    with pytest.raises(
        LessonStop, match=r"needs keras and tensorflow, of the extra 'training': .*/03_the_network.ipynb"
    ):
        lesson.start()


def test_convolution_by_hand() -> None:
    picture = [[0, 1, 2], [3, 4, 5]]
    assert convolve(picture, [[1, -1]]).tolist() == [[-1, -1], [-1, -1]]
    assert convolve(picture, [[1, 0, 0], [0, 0, 2]]).tolist() == [[10]]


def test_kernel_for_beginnings_answers_where_a_sound_begins() -> None:
    """The kernel stands upright: its upper row meets the higher bands."""
    explorer = lesson.ConvolutionExplorer(SILENCE)
    explorer.preset.value = "a rising pitch"
    assert explorer.kernel.tolist() == [[-1, -1, 2], [-1, 2, -1], [2, -1, -1]]
    rising = np.eye(9)  # row k is band k: later means higher
    assert convolve(rising, explorer.kernel[::-1]).max() == 6
    assert convolve(rising[::-1], explorer.kernel[::-1]).max() < 6


def test_changing_a_number_makes_the_kernel_the_learners_own() -> None:
    explorer = lesson.ConvolutionExplorer(LONG)
    explorer.cells[4].value = 7
    assert explorer.preset.value == "your own"
    assert explorer.kernel[1, 1] == 7
    explorer.preset.value = "an end"
    assert explorer.kernel[1].tolist() == [1, 0, -1]
    for cell in explorer.cells:
        cell.value = 0
    assert "a kernel of zeros sees nothing" in texts_of(explorer)


def test_covered_cells_are_silent_and_the_others_untouched() -> None:
    picture = np.zeros((4, 6), dtype=np.float32)
    covered = cover_cells(picture, np.array([[True, False, False], [False, False, True]]))
    assert covered[:2, :2].tolist() == covered[2:, 4:].tolist() == [[-80, -80], [-80, -80]]
    assert (covered == 0).sum() == 16


def test_stretch_repeats_cells_also_where_sizes_do_not_divide() -> None:
    assert stretch([[1, 2]], (1, 5)).tolist() == [[1, 1, 1, 2, 2]]


def test_scale_of_nothing_stays_nothing() -> None:
    assert scale_up(np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]
    assert scale_up([[-1, 0], [0, 2]]).tolist() == [[0, 0], [0, 1]]


def read_picture(source: str) -> np.ndarray:
    png = base64.b64decode(source.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))  # of a palette


def test_kernels_stand_upright_each_in_its_own_scale_and_one_is_framed() -> None:
    kernels = np.zeros((2, 3, 3))
    kernels[0, 0], kernels[0, 2, 1] = -5, 5  # the lowest band, and a cell of the highest
    kernels[1, 1, 0] = 0.01
    gallery = KernelGallery(kernels)
    sources = re.findall('src="(.*?)"', texts_of(gallery))
    first, second = map(read_picture, sources)
    low, middle, high = (ramp("sound")[k] for k in (0, 127, 254))
    assert (first[0, 1] == high).all()  # the upper row of the picture
    assert (first[2] == low).all()
    assert (first[1] == middle).all()
    assert (second[1, 0] == high).all()
    for number in (1, 0):
        gallery.choose(number)
        cells = re.findall("<span( aria-current)?.*?>([0-9]+)</span>", gallery._pictures.value)
        assert [name for chosen, name in cells if chosen] == [str(number + 1)]


def test_all_cells_covered_leave_silence(network) -> None:
    explorer = lesson.ClassMapExplorer(network, lesson.load_classifier(), LONG)
    explorer.covered.value = explorer.covered.max
    silent = network.look(np.full((128, 130), -80, dtype=np.float32)).probabilities
    expected = lesson.load_classifier().calibration(silent[None])[0, CODES.index(explorer.instrument.value)]
    assert explorer.probability == pytest.approx(float(expected), abs=1e-6)
    assert "When covered" in explorer._numbers.value


def test_first_channel_is_the_choosiest(network) -> None:
    explorer = lesson.FeatureMapExplorer(network, LONG, lesson.load_notes())
    means = explorer._mean_by_instrument()
    shares = means.max(axis=0) / np.maximum(means.sum(axis=0), 1e-9)
    assert shares[explorer._order[0]] == shares.max()
    assert explorer.channel.max == means.shape[1]


def test_notes_are_as_many_of_each_instrument() -> None:
    notes = lesson.load_notes()
    assert {notes.codes.count(code) for code in CODES} == {6}
    assert notes.log_mels.shape == (66, 128, 130)
