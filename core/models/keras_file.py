"""Loading Keras weights files into a backbone, after checking that they are of that network.

Understands both of Keras's layouts, whatever the file is called: `.h5` (layers in order, also a whole saved
model) and `.weights.h5` (Keras 3). A file with the ImageNet classifier on top serves as well: its last layers
are left out. Names are no criterion, for the published files carry those of older versions; every shape is.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np

from core.errors import WeightsError

_MOST_TOP_LAYERS = 3  # layers with weights in a classifier: VGG has three
_IMAGENET_STD = (0.229, 0.224, 0.225)

Arrays = list[np.ndarray]
Datasets = list[Any]  # of HDF5: a shape, and values that are read only once that shape is right
Pairs = list[tuple[keras.layers.Layer, Arrays]]


class _MismatchError(Exception):
    """What does not fit, in words."""


def load(base: keras.Model, path: str | Path, title: str) -> None:
    """Put the weights of a file into `base`. On an error `base` is unchanged.

    Args:
        base: a backbone without a classifier.
        path: a Keras `.h5` or `.weights.h5` file, with or without a classifier.
        title: the network's name for people.

    Raises:
        WeightsError: the file cannot be read, is no such file, or is of another network.
    """
    try:
        with h5py.File(path, "r") as file:
            group = file.get("model_weights", file)
            pairs = _by_path(base, group) if "layers" in group else _by_order(base, group)
    except _MismatchError as error:
        raise WeightsError(
            f"The file {str(path)!r} holds weights of another network than {title}: {error}. "
            "Choose the backbone that the file was made for, or another file."
        ) from None
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise WeightsError(f"{str(path)!r} is damaged, or no Keras weights file ({error}).") from None
    for layer, arrays in pairs:
        for variable, array in zip(_variables(layer), arrays, strict=True):
            variable.assign(array)
        if isinstance(layer, keras.layers.Normalization):
            _finish(layer)


def _by_order(base: keras.Model, group: Any) -> Pairs:
    """Match the layers that have weights in their order, as Keras does for `.h5`."""
    saved = [(name, arrays) for name in _names(group, "layer_names") if (arrays := _datasets(group[name]))]
    layers = [layer for layer in base.layers if layer.weights]
    if not 0 <= len(saved) - len(layers) <= _MOST_TOP_LAYERS:
        raise _MismatchError(f"it has {len(saved)} layers with weights where {len(layers)} are needed")
    return [_pair(layer, *found) for layer, found in zip(layers, saved[: len(layers)], strict=True)]


def _by_path(base: keras.Model, group: Any) -> Pairs:
    """Match by the paths of Keras 3, which count the layers of each class."""
    saved = dict(_saved_paths(group["layers"]))
    pairs = [_pair(layer, path, saved.pop(path, [])) for path, layer in _paths(base.layers) if _variables(layer)]
    if len(saved) > _MOST_TOP_LAYERS:
        raise _MismatchError(f"it has {len(saved)} more layers, among them {min(saved)}")
    return pairs


def _pair(layer: keras.layers.Layer, name: str, arrays: Datasets) -> tuple[keras.layers.Layer, Arrays]:
    wanted, received = [tuple(v.shape) for v in _variables(layer)], [a.shape for a in arrays]
    if wanted != received:
        raise _MismatchError(f"{layer.name} needs weights of shape {_listed(wanted)}, {name} has {_listed(received)}")
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


def _names(group: Any, attribute: str) -> list[str]:
    """A list of names, which HDF5 keeps in pieces when it is long."""
    pieces = [attribute] if attribute in group.attrs else []
    while f"{attribute}{len(pieces)}" in group.attrs:
        pieces.append(f"{attribute}{len(pieces)}")
    if not pieces:
        raise ValueError(f"it has no {attribute}")
    return [n.decode() if isinstance(n, bytes) else str(n) for piece in pieces for n in group.attrs[piece]]


def _datasets(layer_group: Any) -> Datasets:
    return [layer_group[name] for name in _names(layer_group, "weight_names")]


def _saved_paths(group: Any, prefix: str = "") -> Iterator[tuple[str, Datasets]]:
    """Path and weights of every layer of a Keras 3 file, nested ones included."""
    for name, layer in group.items():
        if "layers" in layer:
            yield from _saved_paths(layer["layers"], f"{prefix}{name}/")
        elif len(layer.get("vars", ())):
            yield prefix + name, [layer["vars"][key] for key in sorted(layer["vars"], key=int)]


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


def snake_case(name: str) -> str:
    """A class's name as Keras writes it in the names it makes up: `Conv2D` is `conv2d`, `ReLU` is `re_lu`."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


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
