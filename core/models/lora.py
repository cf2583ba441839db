"""LoRA: two small matrices learn beside a kernel that stays frozen (Hu et al. 2021, arXiv:2106.09685).

Keras's own `enable_lora` adds them, to the query and value projections of attention, as the paper and KerasHub do. It
factorises a kernel `(width, heads, head width)` at its last axis, into `A (width, heads, rank)` and
`B (rank, head width)`. A saved model holds the sum in place of the kernel: it loads as one that never had LoRA.
"""

from collections.abc import Set
from typing import Any

import keras

TARGETS = ("query", "value", "query_dense", "value_dense")  # as keras_hub's Backbone.default_lora_layer_names


def projections(layer: keras.layers.Layer) -> list[Any]:
    """The parts of a layer that LoRA goes beside, in order; none where there is no attention."""
    return [part for part in layer._flatten_layers() if part.name in TARGETS and hasattr(part, "enable_lora")]


def parameters_a_rank(layer: keras.layers.Layer) -> int:
    """How many parameters LoRA adds to a layer for each rank."""
    return sum(int(keras.ops.size(p.kernel)) // p.kernel.shape[-1] + p.kernel.shape[-1] for p in projections(layer))


def enable(base: keras.Model, layers: Set[str], rank: int, seed: int) -> None:
    """Add LoRA to some layers of a base. It changes no answer yet, for `B` starts at zero.

    Args:
        base: a functional model.
        layers: names of layers of `base.layers`.
        rank: columns of `A`, rows of `B`.
        seed: of `A`, so that a run that is taken up again starts alike.
    """
    found = [p for layer in base.layers if layer.name in layers for p in projections(layer)]
    for place, part in enumerate(found):
        part.enable_lora(rank, a_initializer=keras.initializers.HeUniform(seed + place))


def alone(layer: keras.layers.Layer) -> None:
    """Where a layer has LoRA, let nothing of it learn but LoRA's matrices."""
    adapted = [part for part in layer._flatten_layers() if getattr(part, "lora_enabled", False)]
    learning = {id(matrix) for part in adapted for matrix in (part.lora_kernel_a, part.lora_kernel_b)}
    for weight in layer.weights if adapted else ():
        weight.trainable = id(weight) in learning
