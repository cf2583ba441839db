"""Loading Keras weights files into a backbone, after checking that they are of that network.

Understands both of Keras's layouts, whatever the file is called: `.h5` (layers in order, also a whole saved
model) and `.weights.h5` (Keras 3). A file with the ImageNet classifier on top serves as well: its last layers
are left out. Names are no criterion, for the published files carry those of older versions; every shape is.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np

from core.models.weights_file import MOST_TOP_LAYERS, Datasets, MismatchError, by_path, in_order, in_words, snake_case

_IMAGENET_STD = (0.229, 0.224, 0.225)

Arrays = list[np.ndarray]
Pairs = list[tuple[keras.layers.Layer, Arrays]]


def load(base: keras.Model, path: str | Path, title: str) -> None:
    """Put the weights of a file into `base`. On an error `base` is unchanged.

    Args:
        base: a backbone without a classifier.
        path: a Keras `.h5` or `.weights.h5` file, with or without a classifier.
        title: the network's name for people.

    Raises:
        WeightsError: the file cannot be read, is no such file, or is of another network.
    """
    with in_words(title, path), h5py.File(path, "r") as file:
        group = file.get("model_weights", file)
        pairs = _by_path(base, group) if "layers" in group else _by_order(base, group)
    for layer, arrays in pairs:
        for variable, array in zip(_variables(layer), arrays, strict=True):
            variable.assign(array)
        if isinstance(layer, keras.layers.Normalization):
            _finish(layer)


def _by_order(base: keras.Model, group: Any) -> Pairs:
    """Match the layers that have weights in their order, as Keras does for `.h5`."""
    layers = [layer for layer in base.layers if layer.weights]
    return [_pair(layer, *found) for layer, found in zip(layers, in_order(group, len(layers)), strict=True)]


def _by_path(base: keras.Model, group: Any) -> Pairs:
    """Match by the paths of Keras 3, which count the layers of each class."""
    saved = dict(by_path(group["layers"]))
    pairs = [_pair(layer, path, saved.pop(path, [])) for path, layer in _paths(base.layers) if _variables(layer)]
    if len(saved) > MOST_TOP_LAYERS:
        raise MismatchError(f"it has {len(saved)} more layers, among them {min(saved)}")
    return pairs


def _pair(layer: keras.layers.Layer, name: str, arrays: Datasets) -> tuple[keras.layers.Layer, Arrays]:
    wanted, received = [tuple(v.shape) for v in _variables(layer)], [a.shape for a in arrays]
    if wanted != received:
        raise MismatchError(f"{layer.name} needs weights of shape {_listed(wanted)}, {name} has {_listed(received)}")
    return layer, [np.asarray(a) for a in arrays]


def _listed(shapes: Iterable[tuple[int, ...]]) -> str:
    return ", ".join("×".join(map(str, shape)) or "one number" for shape in shapes) or "none"


def _variables(layer: keras.layers.Layer) -> list[Any]:
    """All weights in the order of the files: those that can train first, whatever is frozen at the moment.

    The state of random number generators is no weight.
    """
    parts = list(layer._flatten_layers())
    first = [v for part in parts for v in part._trainable_variables]
    return first + [v for part in parts for v in part._non_trainable_variables]


def _paths(layers: list[keras.layers.Layer], prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """The path that Keras 3 gives to every layer: its class, numbered."""
    seen: dict[str, int] = {}
    for layer in layers:
        kind = snake_case(type(layer).__name__)
        number = seen[kind] = seen.get(kind, -1) + 1
        path = f"{prefix}{kind}_{number}" if number else prefix + kind
        if isinstance(layer, keras.Model):
            yield from _paths(layer.layers, f"{path}/")
        else:
            yield path, layer


def _finish(layer: keras.layers.Layer) -> None:
    """Make loaded statistics count.

    The published EfficientNet files hold the standard deviation where a variance belongs, which Keras mends by
    one more Rescaling when it loads them itself. Here the variance is put right instead, so that a network has
    the same layers whatever its weights. See https://github.com/keras-team/keras/issues/16095.
    """
    variance = layer._non_trainable_variables[1]  # after the mean
    if np.allclose(np.ravel(variance), _IMAGENET_STD, atol=1e-4):
        variance.assign(np.reshape(np.square(_IMAGENET_STD), variance.shape))
    layer.finalize_state()
