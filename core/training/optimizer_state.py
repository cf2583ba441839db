"""An optimizer's variables to and from a checkpoint, whatever number of parts its batches are split into."""

from typing import Any

import keras
import numpy as np

Values = list[np.ndarray]


def state(optimizer: keras.optimizers.Optimizer) -> tuple[Values, Values]:
    """The optimizer's variables in its order, and, where it accumulates gradients, what it has accumulated."""
    kept, accumulators = _variables(optimizer)
    return [v.numpy() for v in kept], [v.numpy() for v in accumulators]


def restore(
    optimizer: keras.optimizers.Optimizer, values: Values, accumulated: Values, parts_before: int, parts: int
) -> None:
    """Set an optimizer that was built to what `state` said.

    Args:
        optimizer: one with the same variables.
        values: its variables.
        accumulated: gradients of a batch that is not complete; dropped where batches are split differently now.
        parts_before: into how many parts batches were split then; each part counts as an iteration.
        parts: into how many they are split now.
    """
    kept, accumulators = _variables(optimizer)
    iterations = _inner(optimizer)._iterations
    for variable, value in zip(kept, values, strict=True):
        variable.assign(value // parts_before * parts if variable is iterations and parts != parts_before else value)
    if parts == parts_before:
        for variable, value in zip(accumulators, accumulated, strict=True):
            variable.assign(value)


def _variables(optimizer: keras.optimizers.Optimizer) -> tuple[list[Any], list[Any]]:
    """What lasts, and the accumulated gradients."""
    accumulators = list(getattr(_inner(optimizer), "_accumulated_gradients", None) or [])
    kept = [v for v in optimizer.variables if not any(v is a for a in accumulators)]
    return kept, accumulators


def _inner(optimizer: Any) -> Any:
    """The optimizer itself: under mixed precision Keras wraps it into one that scales the loss."""
    return getattr(optimizer, "inner_optimizer", optimizer)
