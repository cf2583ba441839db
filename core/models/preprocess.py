"""Turning RGB pixels from 0 to 255 into what a network was trained with, by built-in Keras layers.

They live inside the saved model, so that whoever loads it feeds plain pixels. The arithmetic is that of
`keras.applications.imagenet_utils.preprocess_input`; EfficientNet-Lite's is (pixels − 127) / 128.
"""

from collections.abc import Callable

import keras
import numpy as np

from core.catalog import Backbone
from core.errors import ConfigError, unknown

_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
_TORCH_MEAN = (0.485, 0.456, 0.406)
_TORCH_STD = (0.229, 0.224, 0.225)


def preprocess_layers(backbone: Backbone, preprocessing: str = "backbone") -> list[keras.layers.Layer]:
    """The layers between pixels and network, in order; none for a network that normalises by itself.

    Args:
        backbone: a row of the catalogue.
        preprocessing: `backbone` for the network's own, `unit` for pixels / 255.

    Returns:
        Layers from `(N, H, W, 3)` to `(N, H, W, 3)`, float32 even under mixed precision. None of them trains.

    Raises:
        ConfigError: `preprocessing` is unknown.
    """
    kind = backbone.preprocessing if preprocessing == "backbone" else preprocessing
    if kind not in _LAYERS:
        raise ConfigError(unknown("preprocessing", preprocessing, ("backbone", "unit")))
    return _LAYERS[kind]()


def _rescale(scale: float | list[float], offset: float | list[float] = 0.0) -> list[keras.layers.Layer]:
    return [keras.layers.Rescaling(scale, offset, dtype="float32", name="preprocess")]


def _torch() -> list[keras.layers.Layer]:
    scale = [1 / (255 * std) for std in _TORCH_STD]
    offset = [-mean / std for mean, std in zip(_TORCH_MEAN, _TORCH_STD, strict=True)]
    return _rescale(scale, offset)


def _caffe() -> list[keras.layers.Layer]:
    """RGB to BGR minus the mean, as a fixed 1×1 convolution: no other built-in layer reorders channels."""
    layer = keras.layers.Conv2D(3, 1, dtype="float32", trainable=False, name="preprocess")
    layer.build((None, None, None, 3))
    swap = np.eye(3, dtype="float32")[::-1].reshape(1, 1, 3, 3)
    layer.set_weights([swap, -np.array(_CAFFE_MEAN_BGR, "float32")])
    return [layer]


_LAYERS: dict[str, Callable[[], list[keras.layers.Layer]]] = {
    "caffe": _caffe,
    "tf": lambda: _rescale(1 / 127.5, -1.0),
    "torch": _torch,
    "lite": lambda: _rescale(1 / 128, -127 / 128),
    "none": lambda: [],
    "unit": lambda: _rescale(1 / 255),
}
