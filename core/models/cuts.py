"""Where a network can be cut in two: the tensors that carry everything.

At such a tensor `trunk = keras.Model(base.input, cut)` and `tail = keras.Model(cut, base.output)` share the
layers and the weights of `base`, and `tail(trunk(x))` equals `base(x)` to the bit.
"""

from collections.abc import Iterator, Sequence, Set
from typing import Any

import keras


def cut_points(base: keras.Model, side: Sequence[Any] = ()) -> list[Any]:
    """Every tensor through which all paths from input to output go, in order.

    The first is the input, the last the output. Takes time linear in the number of layers.

    Args:
        base: a functional model of one output, and of one input beside those in `side`.
        side: inputs that travel along with every cut.

    Returns:
        Symbolic Keras tensors.
    """
    return [tensor for tensor, _ in _sweep(base, side)]


def layers_at_cuts(base: keras.Model, side: Sequence[Any] = ()) -> set[str]:
    """Names of the layers after which everything goes through one tensor: theirs, or a plain sum behind it."""
    names, last = set(), ""
    for tensor, before in _sweep(base, side):
        last = next((x.name for x in reversed(before) if isinstance(x, keras.layers.Layer)), last)
        made_by = tensor._keras_history.operation
        names.add(made_by.name if isinstance(made_by, keras.layers.Layer) else last)
    return names


def deepest_cut(base: keras.Model, learning: Set[str], side: Sequence[Any] = ()) -> Any | None:
    """The last cut that leaves every learning layer behind it, so that what comes before can be computed once.

    Args:
        base: a functional model of one output.
        learning: names of layers of `base.layers` that will train.
        side: inputs that later layers read too (a padding mask) and that travel along with every cut.

    Returns:
        A symbolic Keras tensor; the output where nothing learns; None where no layer whose weights could train
        lies before any cut, so that nothing would be saved.
    """
    best, worth = None, False
    for tensor, before in _sweep(base, side):
        if any(operation.name in learning for operation in before):
            break
        worth = worth or any(trains(operation) for operation in before)
        best = tensor if worth else None
    return best


def rest(base: keras.Model, at: Sequence[Any], until: Any | None = None) -> keras.Model:
    """What comes after a cut, sharing the layers of `base`: from `[cut, *side]` to a later cut, or to its output.

    Every layer is called once more. (`keras.Model(cut, base.output)` copies the graph instead, and thereby spoils an
    input that is in `at`: the base can then no longer be saved.)
    """
    inputs = [keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in at]
    made = {id(t): new for t, new in zip(at, inputs, strict=True)}
    end = id(base.outputs[0] if until is None else until)
    for node in calls(base):
        if end in made:
            break
        if not node.is_input and all(id(t) in made for t in node.input_tensors) and id(node.outputs[0]) not in made:
            args, kwargs = node.arguments.fill_in(made)
            outputs = node.operation(*args, **kwargs)
            made.update((id(t), new) for t, new in zip(node.outputs, keras.tree.flatten(outputs), strict=True))
    return keras.Model(inputs[0] if len(inputs) == 1 else inputs, made[end])


def calls(base: keras.Function) -> list[Any]:
    """The calls (Keras's nodes) that make up a functional model, in topological order."""
    return [node for _, level in sorted(base._nodes_by_depth.items(), reverse=True) for node in level]


def trains(operation: Any) -> bool:
    """Whether an operation is a layer with weights that training can change."""
    return thawable_weights(operation) != []


def thawable_weights(operation: Any) -> list[Any]:
    """The variables of a layer that would train once thawed: none of BatchNormalization, none of statistics.

    Nested layers count with their parent. What is frozen at the moment counts all the same.
    """
    if not isinstance(operation, keras.layers.Layer):
        return []
    weights = []
    for layer in operation._flatten_layers():
        if not isinstance(layer, (keras.layers.BatchNormalization, keras.layers.Normalization)):
            weights += [v for v in layer._trainable_variables if not _of_statistics(v)]
    return weights


def _of_statistics(variable: Any) -> bool:
    return variable.dtype in ("int32", "uint32", "int64")


def _sweep(base: keras.Model, side: Sequence[Any] = ()) -> Iterator[tuple[Any, list[Any]]]:
    """Each cut, with the operations that lie between it and the cut before.

    Walks the graph in topological order and keeps the set of tensors that are made and still needed; where
    that set has one member, everything goes through it.
    """
    nodes = calls(base)
    needed: dict[int, int] = {id(base.outputs[0]): 1}
    for node in nodes:
        for tensor in node.input_tensors:
            needed[id(tensor)] = needed.get(id(tensor), 0) + 1
    beside = {id(tensor) for tensor in side}
    open_tensors = {id(t): t for t in base.inputs if id(t) not in beside}
    before: list[Any] = []
    for node in nodes:
        before.append(node.operation)
        for tensor in node.input_tensors:
            needed[id(tensor)] -= 1
            if not needed[id(tensor)]:
                open_tensors.pop(id(tensor), None)
        open_tensors.update((id(t), t) for t in node.outputs if needed.get(id(t)) and id(t) not in beside)
        if len(open_tensors) == 1:
            yield next(iter(open_tensors.values())), before
            before = []
