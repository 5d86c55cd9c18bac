"""Looking inside a network: its layers, its filters and feature maps, and where in a window its evidence lies.

After the last stage the network takes a weighted mean over frequency, and one dense layer gives every moment a logit
of its own for each instrument: a weighted sum, so what each cell of the last feature maps adds to it can be told
exactly, a class activation map [1]_. The answer is the mean of the moments' probabilities, weighted by the attention
that the network gives each moment. Maps of earlier stages are finer, but lie before further convolutions; for them
there is only the approximation of Grad-CAM [2]_.

References
----------
.. [1] B. Zhou et al., "Learning deep features for discriminative localization", CVPR 2016.
.. [2] R. Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
   localization", ICCV 2017.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import ModelError
from ..instruments import CODES
from .layer_summary import LayerSummary, list_layers

_BATCH_SIZE = 32


@dataclass(frozen=True, eq=False)
class Look:
    """What a network does with one window.

    Parameters
    ----------
    log_mel : np.ndarray [shape=(n_mels, n_frames), dtype=float32]
        The window, dB.
    maps : dict of str to np.ndarray [shape=(n_bands, n_times, n_channels)]
        Feature maps after the stem and after each stage.
    attention : np.ndarray [shape=(n_times, 11), dtype=float32]
        How much each moment counts; adds up to 1 for each instrument.
    probabilities : np.ndarray [shape=(11,), dtype=float32]
        Before calibration.
    """

    log_mel: FloatArray
    maps: dict[str, FloatArray]
    attention: FloatArray
    probabilities: FloatArray


@dataclass(frozen=True, eq=False)
class Evidence:
    """Where a window's probability of an instrument comes from.

    Parameters
    ----------
    cells : np.ndarray [shape=(n_bands, n_times), dtype=float64]
        What each cell of the last feature maps adds to the logit of its moment: positive for, negative against the
        instrument; the lowest frequencies first.
    bias : float
        What every logit is without any cell.
    attention : np.ndarray [shape=(n_times,), dtype=float64]
        How much each moment counts; adds up to 1.
    """

    cells: npt.NDArray[np.float64]
    bias: float
    attention: npt.NDArray[np.float64]

    @property
    def moments(self) -> npt.NDArray[np.float64]:
        """Probability of each moment by itself [shape=(n_times,)]."""
        return np.asarray(1 / (1 + np.exp(-(self.cells.sum(axis=0) + self.bias))))

    @property
    def weighted(self) -> npt.NDArray[np.float64]:
        """Each cell times the attention on its moment, 1 on average [shape=(n_bands, n_times)]."""
        return np.asarray(self.cells * self.attention * len(self.attention))

    @property
    def probability(self) -> float:
        """Mean of the moments, weighted by attention; before calibration."""
        return float((self.attention * self.moments).sum())


class NetworkInspector:
    """A network of `network.build_network`, opened to be looked at; make one with `open_network`.

    Parameters
    ----------
    model : keras.Model
        With the summary "attention".

    Attributes
    ----------
    stages : tuple of str
        Names of the feature maps, from the sound on: ``"stem"``, ``"stage 1"``, ...

    Raises
    ------
    ValueError
        If the network has no attention over time.
    """

    def __init__(self, model: Any) -> None:
        import keras

        layers = list(model.layers)
        kinds = [type(layer).__name__ for layer in layers]
        if "Softmax" not in kinds:
            raise ValueError('a network without attention over time (its summary must be "attention")')
        after = [layers[k + 1] for k, kind in enumerate(kinds[:-1]) if kind == "Add"]
        outputs = [layers[kinds.index("ReLU")], *after]
        self.stages = ("stem", *(f"stage {k}" for k in range(1, len(outputs))))
        self._model, self._layers, self._kinds = model, layers, kinds
        self._moment_layer = next(
            one for one in layers if getattr(one, "activation", None) is keras.activations.sigmoid
        )
        inside = [layer.output for layer in outputs]
        self._views = keras.Model(model.input, [*inside, layers[kinds.index("Softmax")].output, model.output])

    @property
    def n_parameters(self) -> int:
        """Numbers in the network."""
        return int(self._model.count_params())

    def list_layers(self) -> tuple[LayerSummary, ...]:
        """All layers, from input to output, but for dropout that drops nothing."""
        return list_layers(self._model)

    def stem_kernels(self) -> npt.NDArray[np.float64]:
        """Kernels of the first convolution, with the scales of what follows it up to the ReLU.

        Returns
        -------
        kernels : np.ndarray [shape=(n_channels, side, side), dtype=float64]
            Rows are bands, the lowest first; columns are frames.
        """
        place = self._kinds.index("Conv2D")
        kernels = np.asarray(self._layers[place].get_weights()[0], dtype=np.float64)[:, :, 0].transpose(2, 0, 1)
        for layer, kind in zip(self._layers[place + 1 :], self._kinds[place + 1 :], strict=True):
            weights = [np.asarray(one, dtype=np.float64) for one in layer.get_weights()]
            if kind == "ReLU":
                break
            if kind == "BatchNormalization":
                gamma, _, _, variance = weights
                kernels = kernels * (gamma / np.sqrt(variance + layer.epsilon))[:, None, None]
            elif kind == "EinsumDense":
                kernels = kernels * weights[0][:, None, None]
        return kernels

    def look(self, log_mel: FloatArray) -> Look:
        """Run the network on one window and keep what is inside.

        Parameters
        ----------
        log_mel : np.ndarray [shape=(n_mels, n_frames), dtype=float32]
            dB in [-80, 0].
        """
        views = self._views.predict_on_batch(np.asarray(log_mel, dtype=np.float32)[None])
        *maps, attention, probabilities = (np.asarray(one)[0] for one in views)
        return Look(log_mel, dict(zip(self.stages, maps, strict=True)), attention, probabilities)

    def measure_channels(self, log_mels: FloatArray) -> dict[str, FloatArray]:
        """How strongly each channel responds to each of several windows.

        Parameters
        ----------
        log_mels : np.ndarray [shape=(n, n_mels, n_frames), dtype=float32]

        Returns
        -------
        strengths : dict of str to np.ndarray [shape=(n, n_channels)]
            Largest value of each feature map, by stage.
        """
        found: dict[str, list[FloatArray]] = {name: [] for name in self.stages}
        for first in range(0, len(log_mels), _BATCH_SIZE):
            maps = self._views.predict_on_batch(np.asarray(log_mels[first : first + _BATCH_SIZE], dtype=np.float32))
            for name, one in zip(self.stages, maps, strict=False):
                found[name].append(np.asarray(one).max(axis=(1, 2)))
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def find_evidence(self, look: Look, code: str) -> Evidence:
        """Class activation map of an instrument, from the last feature maps; exact.

        Parameters
        ----------
        look : Look
        code : str
            Of the instrument.
        """
        maps = look.maps[self.stages[-1]].astype(np.float64)
        n_bands, _, n_channels = maps.shape
        kernel, bias = (np.asarray(part, dtype=np.float64) for part in self._moment_layer.get_weights())
        column = CODES.index(code)
        cells = np.einsum("ftc,fc,c->ft", maps, self._band_weights(n_bands, n_channels), kernel[:, column])
        return Evidence(cells, float(bias[column]), look.attention[:, column].astype(np.float64))

    def find_grad_cam(self, look: Look, stage: str, code: str) -> npt.NDArray[np.float64]:
        """Grad-CAM of an instrument on the feature maps of a stage; an approximation, only what speaks for it.

        Parameters
        ----------
        look : Look
        stage : str
            One of `stages`.
        code : str
            Of the instrument.

        Returns
        -------
        cells : np.ndarray [shape=(n_bands, n_times), dtype=float64]
            0 or more.
        """
        import tensorflow as tf

        with tf.GradientTape() as tape:
            *maps, _, probabilities = self._views(tf.constant(look.log_mel[None], dtype=tf.float32), training=False)
            chosen = maps[self.stages.index(stage)]
            probability = probabilities[0, CODES.index(code)]
        gradient = tape.gradient(probability, chosen).numpy()[0].astype(np.float64)
        weights = gradient.mean(axis=(0, 1))
        return np.maximum((look.maps[stage] * weights).sum(axis=2), 0.0)

    def _band_weights(self, n_bands: int, n_channels: int) -> npt.NDArray[np.float64]:
        """How much each band counts where the frequency axis is averaged [shape=(n_bands, n_channels)]."""
        for layer, kind in zip(self._layers, self._kinds, strict=True):
            if kind == "DepthwiseConv2D":
                return np.asarray(layer.get_weights()[0], dtype=np.float64)[:, 0, :, 0]
        return np.full((n_bands, n_channels), 1 / n_bands)


def open_network(folder: Path) -> NetworkInspector:
    """Open the network of a model directory.

    Parameters
    ----------
    folder : Path
        Holds ``network.keras``.

    Raises
    ------
    ModelError
        If there is none, it is no network of this program, or one without attention over time.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    path = folder / "network.keras"
    if not path.is_file():
        raise ModelError(f"{folder} holds no network.keras, which can be looked into; install InstruNet again.")
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras, h5py and zipfile raise many kinds for damaged files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{path} cannot be opened ({reason}); install InstruNet again.") from error
    try:
        return NetworkInspector(model)
    except ValueError as error:
        raise ModelError(f"{path} is {error}, so it cannot be looked into; take another network.") from error
