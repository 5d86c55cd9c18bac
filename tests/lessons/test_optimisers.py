"""The valley of lesson 4: optimisers by hand and as Keras has them."""

from __future__ import annotations

import numpy as np
import pytest
from lesson_parts import controls_of, look_at, texts_of, values_of

from instrunet_widgets.lessons import training_experiments as lesson
from instrunet_widgets.lessons.optimisers import START, walk


def test_first_steps_by_hand() -> None:
    x, y = START
    sgd = walk("SGD", 0.1, 0.5, 10.0, 2)
    assert sgd[1] == pytest.approx([x - 0.1 * x, y - 0.1 * 10 * y])
    assert sgd[2] == pytest.approx([0.9 * x - 0.05 * x - 0.09 * x, 0.5 * (-y)])
    # Both divide the gradient by its own size at first: RMSProp by the root of a tenth of its square.
    assert walk("Adam", 0.1, 0.0, 10.0, 1)[1] == pytest.approx([x + 0.1, y - 0.1], rel=1e-5)
    assert walk("RMSProp", 0.1, 0.0, 10.0, 1)[1] == pytest.approx([x + 0.1 / np.sqrt(0.1), y - 0.1 / np.sqrt(0.1)])


@pytest.mark.parametrize("kind", ["sgd", "adam", "rmsprop"])
def test_walk_is_that_of_keras(kind: str) -> None:
    keras = pytest.importorskip("keras")
    optimizers = {
        "sgd": ("SGD", keras.optimizers.SGD(0.05, momentum=0.8)),
        "adam": ("Adam", keras.optimizers.Adam(0.05)),
        "rmsprop": ("RMSProp", keras.optimizers.RMSprop(0.05)),
    }
    name, optimizer = optimizers[kind]
    weight = keras.Variable(np.array(START, dtype=np.float32))
    for _ in range(12):
        optimizer.apply([weight * np.array([1.0, 5.0], dtype=np.float32)], [weight])
    assert walk(name, 0.05, 0.8, 5.0, 12)[-1] == pytest.approx(np.asarray(weight), rel=1e-4, abs=1e-5)


def test_valley_at_the_ends_of_its_knobs() -> None:
    panel = lesson.OptimiserExplorer()
    for control in (panel.rate, *controls_of(panel)):
        before = control.value
        ends = [10**control.min, 10**control.max] if control is panel.rate else values_of(control)
        for value in ends:
            control.value = value
            look_at(panel)
        control.value = before
    panel.rate.value, panel.steepness.value, panel.n_steps.value = 10**0.5, 50, 100
    look_at(panel)
    assert "Loss of SGD <b>flies away</b>" in texts_of(panel)
    assert "Loss of RMSProp <b>higher than at the start</b>" in texts_of(panel)  # it goes to and fro, no further


def test_valley_says_from_which_rate_on_sgd_flies_away() -> None:
    """Its steps down the sides grow if the rate is more than 2 / steepness."""
    panel = lesson.OptimiserExplorer()
    panel.steepness.value = 12
    for rate, flies in ((0.16, False), (0.2, True)):
        panel.rate.value = rate
        assert ("Loss of SGD <b>flies away</b>" in texts_of(panel)) is flies, rate
