"""The network: a table of residual stages and a short builder.

A stem with 5x5 kernels, three residual stages of two 3x3 convolutions each, mean over frequency, then mean and
max over time, so that both what sounds throughout and what sounds once can speak. Batch normalisation [1]_ after
every convolution, spatial dropout [2]_ between the stages. Only standard Keras layers, so a saved network opens
without this package.

References
----------
.. [1] S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015.
.. [2] J. Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import FeatureConfig
from ..instruments import N_INSTRUMENTS

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
        Side of the stem's square kernel; its stride is 2.
    stage_channels : tuple of int
        Channels of the residual stages; every stage but the last halves both axes.
    kernel : int
        Side of the square kernels of the stages.
    spatial_dropout, dropout : float in [0, 1)
        Share of channels dropped after each stage, and of units before the output.
    batch_normalisation : bool
    frequency_aware : bool
        Let the network know where on the frequency axis it is: a bias per band after the stem, and learnt instead of
        equal weights where the frequency axis is averaged.
    time_pooling : int
        Frames that the pooling after the stem joins; the bands are always joined two by two.
    """

    stem_channels: int = 48
    stem_kernel: int = 5
    stage_channels: tuple[int, ...] = (64, 128, 192)
    kernel: int = 3
    spatial_dropout: float = 0.1
    dropout: float = 0.4
    batch_normalisation: bool = True
    frequency_aware: bool = False
    time_pooling: int = 2


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
    """
    from keras import Model, initializers, layers

    config, features = config or NetworkConfig(), features or FeatureConfig()
    inputs = layers.Input((features.n_mels, features.n_frames), name="log_mel_db")
    x = layers.Rescaling(1 / INPUT_SPREAD_DB, -INPUT_MEAN_DB / INPUT_SPREAD_DB)(inputs)
    x = layers.Reshape((features.n_mels, features.n_frames, 1))(x)  # (128, 130, 1)
    x = _convolve(x, config.stem_channels, config.stem_kernel, config, strides=2)
    if config.frequency_aware:
        x = layers.EinsumDense(
            "nftc,c->nftc", output_shape=x.shape[1:], bias_axes="fc", kernel_initializer="ones", name="band_bias"
        )(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D((2, config.time_pooling))(x)  # (32, 32, stem)
    for number, channels in enumerate(config.stage_channels):
        if number:
            x = layers.MaxPooling2D(2)(x)  # (16, 16), (8, 8)
        x = _residual_block(x, channels, config)
        x = layers.SpatialDropout2D(config.spatial_dropout)(x)
    if config.frequency_aware:
        n_bands = x.shape[1]
        equal = initializers.Constant(1 / n_bands)
        x = layers.DepthwiseConv2D((n_bands, 1), use_bias=False, depthwise_initializer=equal, name="band_mean")(x)
    else:
        x = layers.AveragePooling2D((x.shape[1], 1))(x)
    x = layers.Reshape((x.shape[2], x.shape[3]))(x)  # (time, channels)
    x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
    x = layers.Dropout(config.dropout)(x)
    outputs = layers.Dense(N_INSTRUMENTS, activation="sigmoid", name="probability")(x)
    return Model(inputs, outputs, name="instrunet")


def _convolve(x: Any, channels: int, kernel: int, config: NetworkConfig, *, strides: int = 1) -> Any:
    from keras import layers

    x = layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        use_bias=not config.batch_normalisation,
        kernel_initializer="he_normal",
    )(x)
    return layers.BatchNormalization(momentum=0.98)(x) if config.batch_normalisation else x


def _residual_block(x: Any, channels: int, config: NetworkConfig) -> Any:
    from keras import layers

    shortcut = x if x.shape[-1] == channels else _convolve(x, channels, 1, config)
    x = layers.ReLU()(_convolve(x, channels, config.kernel, config))
    x = _convolve(x, channels, config.kernel, config)
    return layers.ReLU()(layers.Add()([x, shortcut]))
