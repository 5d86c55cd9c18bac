"""The network: a table of stages and a short builder.

A stem with 5x5 kernels, three residual stages of two 3x3 convolutions each, a learnt mean over frequency, then an
answer for each moment and a mean of these, weighted by attention, so that what sounds once can speak too. Batch
normalisation [1]_ after every convolution. Spatial dropout [2]_ between the stages, other blocks and another summary
over time are there to be compared with these. Only standard Keras layers, so a saved network opens without this
package.

References
----------
.. [1] S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015.
.. [2] J. Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015.
.. [3] K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015.
.. [4] Z. Liu et al., "A ConvNet for the 2020s", CVPR 2022.
.. [5] Q. Kong et al., "PANNs: large-scale pretrained audio neural networks", IEEE TASLP 28, 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import FeatureConfig
from ..instruments import N_INSTRUMENTS
from .setting_checks import check_choice, check_numbers, check_switches, check_whole

if TYPE_CHECKING:
    import keras

# Mean and spread of the training features, dB; the network sees (dB - mean) / spread.
INPUT_MEAN_DB = -42.0
INPUT_SPREAD_DB = 16.0


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network.

    Parameters
    ----------
    stem_channels : int
        Channels after the stem.
    stem_kernel : int
        Side of the stem's square kernel, odd; its stride is 2.
    stage_channels : tuple of int
        Channels of the stages, at least one; every stage but the last halves both axes.
    kernel : int
        Side of the square kernels of the stages, odd.
    spatial_dropout, dropout : float in [0, 1)
        Share of channels dropped after each stage, and of units before the output.
    batch_normalisation : bool
    frequency_aware : bool
        Let the network know where on the frequency axis it is: a bias per band after the stem, and learnt instead of
        equal weights where the frequency axis is averaged.
    time_pooling : int
        Frames that the pooling after the stem joins; the bands are always joined two by two.
    block : {"residual", "plain", "depthwise"}
        What a stage is made of: two convolutions with a shortcut, the same without it [3]_, or two depthwise blocks
        [4]_ with kernels of 7x7, which take about as many multiplications.
    summary : {"mean_max", "attention"}
        How the frames become one answer: mean and maximum of each channel, or a weighted mean of an answer for each
        frame [5]_.

    Raises
    ------
    ValueError
        If a value is out of range; the message says which and what is allowed.
    """

    stem_channels: int = 48
    stem_kernel: int = 5
    stage_channels: tuple[int, ...] = (64, 128, 192)
    kernel: int = 3
    spatial_dropout: float = 0.0
    dropout: float = 0.0
    batch_normalisation: bool = True
    frequency_aware: bool = True
    time_pooling: int = 4
    block: str = "residual"
    summary: str = "attention"

    def __post_init__(self) -> None:
        check_whole(self, ("stem_channels", "stem_kernel", "kernel", "time_pooling"), 1)
        for name in ("stem_kernel", "kernel"):
            if getattr(self, name) % 2 == 0:
                raise ValueError(f"{name} must be an odd number, got {getattr(self, name)}")
        stages = self.stage_channels
        if type(stages) is not tuple or not stages or not all(type(n) is int and n > 0 for n in stages):
            raise ValueError(f"stage_channels must be one or more whole numbers, each 1 or more, got {stages!r}")
        check_numbers(self, ("spatial_dropout", "dropout"), 0, 1, below=True)
        check_switches(self, ("batch_normalisation", "frequency_aware"))
        check_choice(self, "block", _BLOCKS)
        check_choice(self, "summary", ("mean_max", "attention"))


def build_network(config: NetworkConfig | None = None, features: FeatureConfig | None = None) -> keras.Model:
    """Build the untrained network.

    Parameters
    ----------
    config : NetworkConfig, optional
    features : FeatureConfig, optional
        Gives the input's shape.

    Returns
    -------
    model : keras.Model
        Input (n, n_mels, n_frames) dB in [-80, 0]; output (n, 11) uncalibrated probabilities.

    Raises
    ------
    ValueError
        If pooling would leave nothing of the input.
    """
    from keras import Model, initializers, layers

    config, features = config or NetworkConfig(), features or FeatureConfig()
    _check_room(config, features)
    inputs = layers.Input((features.n_mels, features.n_frames), name="log_mel_db")
    x = layers.Rescaling(1 / INPUT_SPREAD_DB, -INPUT_MEAN_DB / INPUT_SPREAD_DB)(inputs)
    x = layers.Reshape((features.n_mels, features.n_frames, 1))(x)  # (128, 130, 1)
    pooling = (2, config.time_pooling)
    x = _convolve(x, config.stem_channels, config.stem_kernel, config, strides=2, pooling=pooling)  # (32, 16, stem)
    if config.frequency_aware:
        x = layers.EinsumDense(
            "nftc,c->nftc", output_shape=x.shape[1:], bias_axes="fc", kernel_initializer="ones", name="band_bias"
        )(x)
    x = layers.ReLU()(x)
    for number, channels in enumerate(config.stage_channels):
        if number:
            x = layers.MaxPooling2D(2)(x)  # (16, 8), (8, 4)
        x = _BLOCKS[config.block](x, channels, config)
        x = layers.SpatialDropout2D(config.spatial_dropout)(x)
    if config.frequency_aware:
        n_bands = x.shape[1]
        equal = initializers.Constant(1 / n_bands)
        x = layers.DepthwiseConv2D((n_bands, 1), use_bias=False, depthwise_initializer=equal, name="band_mean")(x)
    else:
        x = layers.AveragePooling2D((x.shape[1], 1))(x)
    x = layers.Reshape((x.shape[2], x.shape[3]))(x)  # (time, channels)
    if config.summary == "attention":
        return Model(inputs, _attend(layers.Dropout(config.dropout)(x)), name="instrunet")
    x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
    x = layers.Dropout(config.dropout)(x)
    outputs = layers.Dense(N_INSTRUMENTS, activation="sigmoid", name="probability")(x)
    return Model(inputs, outputs, name="instrunet")


def _check_room(config: NetworkConfig, features: FeatureConfig) -> None:
    n_stages = len(config.stage_channels)
    n_bands, n_frames = ((n + 1) // 2 for n in (features.n_mels, features.n_frames))  # the stem's stride
    most_stages = min(n_bands // 2, n_frames).bit_length()
    if n_stages > most_stages:
        raise ValueError(
            f"stage_channels must be at most {most_stages} numbers for an input of {features.n_mels} bands and "
            f"{features.n_frames} frames, got {n_stages}"
        )
    most_pooling = n_frames // 2 ** (n_stages - 1)
    if config.time_pooling > most_pooling:
        raise ValueError(
            f"time_pooling must be at most {most_pooling} for {features.n_frames} frames and {n_stages} stages, "
            f"got {config.time_pooling}"
        )


def _attend(x: Any) -> Any:
    """Probability of each frame, weighted by what the network finds telling; the weights of a class add up to 1."""
    from keras import layers

    weights = layers.Softmax(axis=1)(layers.Dense(N_INSTRUMENTS)(x))
    weighted = layers.Multiply()([weights, layers.Dense(N_INSTRUMENTS, activation="sigmoid")(x)])
    return layers.Rescaling(x.shape[1], name="probability")(layers.GlobalAveragePooling1D()(weighted))


def _convolve(
    x: Any,
    channels: int,
    kernel: int,
    config: NetworkConfig,
    *,
    strides: int = 1,
    pooling: tuple[int, int] | None = None,
) -> Any:
    """Convolve, take maxima, normalise: what comes after the maxima is computed for fewer cells."""
    from keras import layers

    x = layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        use_bias=not config.batch_normalisation,
        kernel_initializer="he_normal",
    )(x)
    if pooling:
        x = layers.MaxPooling2D(pooling)(x)
    return layers.BatchNormalization(momentum=0.98)(x) if config.batch_normalisation else x


def _residual_block(x: Any, channels: int, config: NetworkConfig) -> Any:
    from keras import layers

    shortcut = x if x.shape[-1] == channels else _convolve(x, channels, 1, config)
    x = layers.ReLU()(_convolve(x, channels, config.kernel, config))
    x = _convolve(x, channels, config.kernel, config)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def _plain_block(x: Any, channels: int, config: NetworkConfig) -> Any:
    from keras import layers

    for _ in range(2):
        x = layers.ReLU()(_convolve(x, channels, config.kernel, config))
    return x


def _depthwise_block(x: Any, channels: int, config: NetworkConfig) -> Any:
    from keras import layers

    if x.shape[-1] != channels:
        x = _convolve(x, channels, 1, config)
    for _ in range(2):
        inner = layers.DepthwiseConv2D(7, padding="same", use_bias=not config.batch_normalisation)(x)
        if config.batch_normalisation:
            inner = layers.BatchNormalization(momentum=0.98)(inner)
        inner = layers.Dense(4 * channels, activation="gelu")(inner)
        x = layers.Add()([x, layers.Dense(channels)(inner)])
    return x


_BLOCKS: dict[str, Callable[[Any, int, NetworkConfig], Any]] = {
    "residual": _residual_block,
    "plain": _plain_block,
    "depthwise": _depthwise_block,
}
