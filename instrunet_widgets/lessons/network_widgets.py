"""Widgets of lesson 3 about single filters: a convolution by hand, the layers, the network's first kernels."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import numpy as np

from ..training.inspection import NetworkInspector
from ..training.layer_summary import LayerSummary
from ..training.network import INPUT_MEAN_DB, INPUT_SPREAD_DB
from .arrays import Floats
from .kernel_gallery import KernelGallery
from .panel import Panel, figures, knob, knobs, slider
from .patterns import convolve, cut_log_mel, scale_up, window_slider
from .sound import Sound, SoundBox
from .sound_to_log_mel import PictureOfSound
from .spectra import OWN, WINDOW_SECONDS
from .tables import write_table

# As they look on the picture: the upper row is the higher band.
KERNELS: dict[str, tuple[tuple[float, ...], ...]] = {
    "a steady tone": ((-1, -1, -1), (2, 2, 2), (-1, -1, -1)),
    "a beginning": ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)),
    "an end": ((1, 0, -1), (1, 0, -1), (1, 0, -1)),
    "a rising pitch": ((-1, -1, 2), (-1, 2, -1), (2, -1, -1)),
    "the mean of nine cells": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    "the cell as it is": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
}
_KIND_NAMES = {
    "InputLayer": "The window: bands, frames",
    "Rescaling": "Bring dB to about -2 to 2",
    "Reshape": "Same numbers, other axes",
    "BatchNormalization": "Batch normalisation",
    "ReLU": "ReLU: below 0 becomes 0",
    "Add": "Add the shortcut",
    "SpatialDropout2D": "Dropout of channels (in training only)",
    "AveragePooling2D": "Mean over frequency",
    "DepthwiseConv2D": "Learnt weighting over frequency",
    "EinsumDense": "A number for each band",
    "Dropout": "Dropout (in training only)",
    "Dense": "Dense: a probability for each instrument and moment",
    "Softmax": "The moments' shares, 100 % in all",
    "Multiply": "Each moment's probability times its share",
    "GlobalAveragePooling1D": "Mean over time",
}
_MAIN_KINDS = (
    *("InputLayer", "Conv2D", "MaxPooling2D", "Add", "AveragePooling2D", "DepthwiseConv2D"),
    *("Dense", "Softmax", "Multiply", "GlobalAveragePooling1D"),
)


class ConvolutionExplorer(Panel):
    """A kernel of nine numbers that the learner sets, and what it makes of a window.

    Parameters
    ----------
    sound : Sound
    start : float
        Where the window begins, s.

    Attributes
    ----------
    preset : ipywidgets.Dropdown
    cells : list of ipywidgets.BoundedFloatText
        The nine numbers, row by row from above.
    """

    def __init__(self, sound: Sound, start: float = 20.0) -> None:
        self._sound = sound
        self.start = window_slider(sound, start)
        self.preset = widgets.Dropdown(options=[*KERNELS, "your own"], value="a steady tone")
        self.cells = [widgets.BoundedFloatText(min=-9, max=9, step=1, value=0) for _ in range(9)]
        grid = widgets.Box(self.cells)
        grid.add_class("in-kernel")
        self.before = PictureOfSound(OWN, "Log-mel")
        self.after = PictureOfSound(OWN, "Response")
        self._box = SoundBox(lambda: sound.cut(self.start.value, WINDOW_SECONDS), "Listen to the window")
        controls = knobs(knob("Looks for", self.preset), knob("Kernel", grid), knob("Window begins (s)", self.start))
        super().__init__([self.before, controls, self.after, self._box], title="Move a kernel over the picture")
        self._is_filling = False
        self.start.observe(self._cut, "value")
        self.preset.observe(self._fill, "value")
        for cell in self.cells:
            cell.observe(self._change, "value")
        self._fill()
        self._cut()

    @property
    def kernel(self) -> Floats:
        """As it is seen: the upper row first [shape=(3, 3)]."""
        return np.array([cell.value for cell in self.cells], dtype=np.float64).reshape(3, 3)

    def _fill(self, _: Any = None) -> None:
        if self.preset.value not in KERNELS:
            return
        self._is_filling = True
        for cell, value in zip(self.cells, np.ravel(KERNELS[self.preset.value]).tolist(), strict=True):
            cell.value = value
        self._is_filling = False
        self._draw()

    def _change(self, _: Any = None) -> None:
        if not self._is_filling:
            self.preset.value = "your own"
            self._draw()

    def _cut(self, _: Any = None) -> None:
        self._log_mel = cut_log_mel(self._sound, self.start.value)
        self.before.show(1 + self._log_mel / OWN.top_db)
        self._box.refresh()
        self._draw()

    def _draw(self) -> None:
        if not hasattr(self, "_log_mel"):
            return
        kernel = self.kernel[::-1]  # bands go upwards
        response = convolve((self._log_mel - INPUT_MEAN_DB) / INPUT_SPREAD_DB, kernel)
        self.after.show(scale_up(response))
        share = 100 * float((response > 0).mean())
        self.after.explain(f"what is below 0 is cut off; {share:.0f} % of the cells are above" if kernel.any() else
                           "a kernel of zeros sees nothing")  # fmt: skip


def is_main(layer: LayerSummary) -> bool:
    """Whether a layer stands in the short table: all that changes the shape, and the last one."""
    return layer.kind in _MAIN_KINDS or (layer.kind == "Rescaling" and len(layer.output_shape) == 1)


def describe_layer(layer: LayerSummary, next_kind: str = "") -> str:
    """A layer in a few words.

    Parameters
    ----------
    layer : LayerSummary
    next_kind : str
        Kind of the layer after it: a dense layer before a softmax is that of the attention.
    """
    cells = " x ".join(str(side) for side in layer.kernel)
    if layer.kind == "Conv2D":
        stride = ", every second place" if layer.stride == (2, 2) else ""
        shortcut = ": the shortcut" if layer.kernel == (1, 1) else ""
        return f"Convolution {cells}, {layer.output_shape[-1]} kernels{stride}{shortcut}"
    if layer.kind == "Dense" and next_kind == "Softmax":
        return "Dense: the attention on each moment, for each instrument"
    if layer.kind == "MaxPooling2D":
        return f"Maximum of {cells} cells"
    if layer.kind == "Rescaling" and len(layer.output_shape) == 1:
        return "Times the number of moments: a sum"
    return _KIND_NAMES.get(layer.kind, layer.kind)


class LayerTable(Panel):
    """The network, layer by layer, from the window to the eleven outputs.

    Parameters
    ----------
    network : NetworkInspector
    """

    def __init__(self, network: NetworkInspector) -> None:
        self._layers = network.list_layers()
        self.all_layers = widgets.Checkbox(value=False, description="All layers", indent=False)
        self._table = widgets.HTML()
        numbers = figures({"Layers": f"{len(self._layers)}", "Parameters": f"{network.n_parameters:,}"})
        super().__init__([widgets.HTML(numbers), self.all_layers, self._table], title="The layers")
        self.all_layers.observe(self._draw, "value")
        self._draw()

    def _draw(self, _: Any = None) -> None:
        seconds = OWN.hop_length / OWN.sample_rate
        next_kinds = [*(one.kind for one in self._layers[1:]), ""]
        rows = []
        for one, next_kind in zip(self._layers, next_kinds, strict=True):
            if not (self.all_layers.value or is_main(one)):
                continue
            sees = f"{min(WINDOW_SECONDS, one.n_frames_seen * seconds):.2f} s" if one.n_frames_seen else ""
            shape = " x ".join(str(n) for n in one.output_shape)
            n_parameters = f"{one.n_parameters:,}" if one.n_parameters else ""
            rows.append((describe_layer(one, next_kind), shape, n_parameters, sees))
        self._table.value = write_table(("Layer", "Output", "Parameters", "One cell sees"), rows)


class FilterExplorer(Panel):
    """The kernels of the first convolution, and what one of them makes of a window.

    Parameters
    ----------
    network : NetworkInspector
    sound : Sound
    start : float
        Where the window begins, s.
    """

    def __init__(self, network: NetworkInspector, sound: Sound, start: float = 20.0) -> None:
        self._network, self._sound = network, sound
        self._kernels = network.stem_kernels()
        self.filter = slider(1, len(self._kernels), 1, 1)
        self.start = window_slider(sound, start)
        self.gallery = KernelGallery(self._kernels)
        self.response = PictureOfSound(OWN, "Response")
        self._box = SoundBox(lambda: sound.cut(self.start.value, WINDOW_SECONDS), "Listen to the window")
        controls = knobs(knob("Kernel", self.filter), knob("Window begins (s)", self.start))
        super().__init__([self.gallery, controls, self.response, self._box], title="What the network looks for first")
        self.start.observe(self._cut, "value")
        self.filter.observe(self._draw, "value")
        self._cut()

    def _cut(self, _: Any = None) -> None:
        self._maps = self._network.look(cut_log_mel(self._sound, self.start.value)).maps["stem"]
        self._box.refresh()
        self._draw()

    def _draw(self, _: Any = None) -> None:
        number = self.filter.value - 1
        self.gallery.choose(number)
        response = self._maps[:, :, number]
        self.response.show(scale_up(response))
        active = 100 * float((response > 0).mean())
        self.response.explain(f"kernel {number + 1}: {active:.0f} % of the cells are above 0")
