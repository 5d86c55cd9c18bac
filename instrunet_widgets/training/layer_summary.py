"""The layers of a network, one by one: shapes, parameters, and how much of a window one cell depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a network.

    Parameters
    ----------
    kind : str
        Name of its Keras class.
    kernel, stride : tuple of int
        Bands and frames of a kernel or pooling area, and of its steps; (0, 0) and (1, 1) where there is none.
    output_shape : tuple of int
        Of one window.
    n_parameters : int
    n_frames_seen : int
        Frames of the window that one of its values depends on; 0 once an axis is gone.
    """

    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    output_shape: tuple[int, ...]
    n_parameters: int
    n_frames_seen: int


def list_layers(model: Any) -> tuple[LayerSummary, ...]:
    """All layers of a network, from input to output, but for dropout that drops nothing.

    Parameters
    ----------
    model : keras.Model
        Input (n, n_mels, n_frames).
    """
    rows = []
    seen: dict[int, int] = {}  # frames that one cell of a tensor depends on, by the tensor's id
    steps: dict[int, int] = {}  # frames from one of its cells to the next
    for layer in model.layers:
        given = [id(one) for one in (layer.input if isinstance(layer.input, (list, tuple)) else [layer.input])]
        kernel, stride = _read_sizes(layer)
        step = max((steps[one] for one in given), default=1)
        n_frames = max((seen[one] for one in given), default=1) + (max(1, kernel[1]) - 1) * step
        seen[id(layer.output)], steps[id(layer.output)] = n_frames, step * stride[1]
        if getattr(layer, "rate", None) == 0:
            continue
        shape = tuple(int(n) for n in layer.output.shape[1:])
        n_frames_seen = min(n_frames, int(model.input_shape[-1])) if len(shape) == 3 and shape[0] > 1 else 0
        rows.append(LayerSummary(type(layer).__name__, kernel, stride, shape, int(layer.count_params()), n_frames_seen))
    return tuple(rows)


def _read_sizes(layer: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Kernel or pooling area of a layer, and its steps; (0, 0) and (1, 1) where there is none, or only over bands."""
    size: tuple[int, ...] = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None) or ()
    if len(size) != 2 or type(layer).__name__ == "DepthwiseConv2D":
        return (0, 0), (1, 1)
    return (int(size[0]), int(size[1])), (int(layer.strides[0]), int(layer.strides[1]))
