"""Describing a network as plain data, so that the page can draw it without TensorFlow.

`python -m core.models.describe KEY SIZE` writes the description where `core.models.structure` finds it.
"""

import sys
from collections.abc import Sequence
from typing import Any

import keras

from core import tasks
from core.catalog import BACKBONES, Backbone, backbone
from core.errors import ThawError
from core.models import lora, structure
from core.models.blocks import block_of, in_order
from core.models.cuts import layers_at_cuts, thawable_weights
from core.presets import preset, presets


def describe(base: keras.Model, row: Backbone, side: Sequence[Any] = ()) -> dict[str, Any]:
    """The structure of a network, in the layout that `core.models.structure` documents.

    Args:
        base: the backbone without pooling and classifier.
        row: its row in the catalogue.
        side: inputs of the base that travel along with every cut.
    """
    blocks = block_of(row.blocks, [layer.name for layer in base.layers])
    cuts = layers_at_cuts(base, side)
    size = base.inputs[0].shape[1] or row.default_size  # the axis of tokens is open
    layers = [_layer(layer, block, layer.name in cuts, size) for layer, block in zip(base.layers, blocks, strict=True)]
    attention = {layer.name: count for layer in base.layers if (count := lora.parameters_a_rank(layer))}
    return {
        "backbone": row.key,
        "image_size": size,
        "blocks": [structure.block(name, [x for x in layers if x["block"] == name]) for name in in_order(blocks)],
        "layers": layers,
        "feature_shape": _shape(base.output, size),
        **({"lora": attention} if attention else {}),
    }


def _layer(layer: keras.layers.Layer, block: str, cut: bool, size: int) -> dict[str, Any]:
    return {
        "name": layer.name,
        "type": type(layer).__name__,
        "block": block,
        "output_shape": _shape(layer.output, size),
        "params": layer.count_params(),
        "thawable": sum(int(keras.ops.size(v)) for v in thawable_weights(layer)),
        "cut": cut,
    }


def _shape(tensor: Any, size: int) -> list[int]:
    """Height, width and channels of a picture's map, or tokens and width; fewer where a layer gives something else."""
    return [int(n or size) for n in tensor.shape[1:]]


def _described(row: Backbone, size: int) -> dict[str, Any]:
    base, side = tasks.task(row.task).base(row, size, "random")
    return describe(base, row, side)


def _preset_sizes() -> list[tuple[str, int]]:
    """Backbones and image sizes that presets ask for, where that is not the backbone's own size."""
    asked = [preset(name) for name in presets()]
    return [(config.backbone, config.image_size) for config in asked if config.image_size]


def main(arguments: list[str]) -> int:
    """Describe one backbone at one size, or with `--shipped` every one at its default size and at those of presets."""
    if arguments == ["--shipped"]:
        sizes = [(row.key, row.default_size) for row in BACKBONES.values()]
        for key, side in dict.fromkeys([*sizes, *_preset_sizes()]):
            structure.write(_described(BACKBONES[key], side), structure.SHIPPED)
        return 0
    try:
        key, size = arguments
        row = backbone(key)
        structure.write(_described(row, int(size)))
    except ThawError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
