"""What a network computes, in words that are the same in every process: models of equal words and weights agree."""

import json
from typing import Any

import keras

from core.models.cuts import calls


def recipe(model: keras.Model) -> str:
    """Every call of a functional model in order, what it is given, and what the model returns, as JSON.

    Layers are told by type and settings, and so are operations of `keras.ops`, which Keras does not count among
    `layers`. Tensors go by the order in which they are made, for names count what the process has built.
    """
    return json.dumps(_told(model), sort_keys=True, default=str)


def _told(model: keras.Function) -> list[Any]:
    places = {id(tensor): f"#{i}" for i, tensor in enumerate(model.inputs)}
    told = []
    for call in calls(model):
        if not call.is_input:
            told.append([_described(call.operation), call.arguments.fill_in(places)])
            places |= {id(tensor): f"#{len(places) + i}" for i, tensor in enumerate(call.outputs)}
    return [told, [places[id(tensor)] for tensor in model.outputs]]


def _described(operation: Any) -> list[Any]:
    """Type and settings of an operation, and of the layers in it."""
    if isinstance(operation, keras.Function):
        return _told(operation)
    if not isinstance(operation, keras.layers.Layer):
        settings = {k: v for k, v in vars(operation).items() if k != "name" and not k.startswith("_")}
        return [type(operation).__name__, settings]
    layers = [part for part in operation._flatten_layers() if not isinstance(part, keras.Model)]
    return [[type(part).__name__, _settings(part)] for part in layers]


def _settings(layer: keras.layers.Layer) -> dict[str, Any]:
    """What shapes a layer's answer, without its name and flags."""
    return {k: v for k, v in layer.get_config().items() if k not in ("name", "trainable", "dtype")}
