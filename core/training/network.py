"""A network as the trainer sees it: what is frozen, what learns, and where the two can be cut apart."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from core.models import lora
from core.models.cuts import rest
from core.models.freeze import frozen

FEW = 1_000  # examples below which turning variables into constants, over a second, costs more than it saves


@dataclass(frozen=True)
class Network:
    """The parts of a classifier. All models share their layers, so training one part updates the whole."""

    inputs: keras.Model  # what the pipeline yields -> what the base takes (preprocessing, built-in layers only)
    base: keras.Model  # the pretrained backbone -> its last activations
    side: tuple[Any, ...]  # inputs of the base that later layers read too (a padding mask); empty for pictures
    pooling: keras.Model  # [last activations, *side] -> features (N, F)
    classifier: keras.Model  # features (N, F) -> logits (N, 1) for two classes, else (N, n_classes)
    length: int = 0  # the most that an open axis (tokens) can have, 0 where all axes are fixed

    def set_learning(self, thawed: frozenset[str], mixed: bool = False) -> None:
        """Let the classifier and the `thawed` layers of the base learn, or their LoRA; freeze everything else.

        BatchNormalization stays frozen: its statistics would move even with `training=False`.
        Flags are set layer by layer, because setting a parent to the value that it has changes no child.
        """
        self.base.trainable = True
        for layer in self.base.layers:
            for part in layer._flatten_layers():
                part.trainable = layer.name in thawed and not isinstance(part, keras.layers.BatchNormalization)
            if layer.name in thawed:
                lora.alone(layer)
        self.inputs.trainable = False
        self.classifier.trainable = True
        for layer in self._leaves():
            layer.dtype_policy = "mixed_float16" if mixed else "float32"

    def trunk(self, cut: Any | None, *, features: bool = True) -> keras.Model:
        """What stays frozen: from the pipeline's tensors to features, to the activations at `cut`, or to both.

        Outputs are a list: features first where asked for, then `[cut, *side]` where there is a cut.
        """
        at_cut = [cut, *self.side] if cut is not None else []
        inside = keras.Model(unwrapped(self.base.inputs), [*at_cut, self.base.output])
        outer = [keras.Input(t.shape[1:], dtype=t.dtype) for t in self.inputs.inputs]
        *kept, last = _as_list(inside(self._preprocessed(outer)))
        side = self._side_of(outer)
        pooled = [self.pooling(unwrapped([last, *side]))] if features else []
        return keras.Model(unwrapped(outer), [*pooled, *kept])

    def between(self, start: Any, cut: Any) -> keras.Model:
        """What stays frozen after an earlier cut: from the activations at `start` to `[cut, *side]`."""
        outer = [keras.Input(t.shape[1:], dtype=t.dtype) for t in (start, *self.side)]
        later = rest(self.base, [start, *self.side], cut)(unwrapped(outer))
        return keras.Model(unwrapped(outer), [later, *outer[1:]])

    def learner(self, cut: Any | None) -> keras.Model:
        """What learns in phase 2: from the activations at `cut` (or, without one, the pipeline's tensors) to logits."""
        if cut is None:
            return self.complete()
        tail = self.tail(cut)
        return keras.Model(unwrapped(tail.inputs), self.classifier(tail.output))

    def tail(self, cut: Any) -> keras.Model:
        """From the activations at `cut` to features."""
        outer = [keras.Input(t.shape[1:], dtype=t.dtype) for t in (cut, *self.side)]
        last = rest(self.base, [cut, *self.side])(unwrapped(outer))
        return keras.Model(unwrapped(outer), self.pooling(unwrapped([last, *outer[1:]])))

    def complete(self) -> keras.Model:
        """The whole way, from the pipeline's tensors to logits."""
        outer = [keras.Input(t.shape[1:], dtype=t.dtype) for t in self.inputs.inputs]
        last = self.base(self._preprocessed(outer))
        side = self._side_of(outer)
        return keras.Model(unwrapped(outer), self.classifier(self.pooling(unwrapped([last, *side]))))

    def inference(
        self, function: Callable[..., Any], *specs: tf.TensorSpec, examples: int = FEW
    ) -> Callable[..., list[tf.Tensor]]:
        """`function` of parts of this network as a graph for the weights as they are now, to be used at once.

        Where there is BatchNormalization to fold, and are enough `examples` for that to pay, variables are turned into
        constants; elsewhere that only costs time.
        """
        if self.folds(examples):
            return frozen(function, *specs)
        graph = tf.function(function, input_signature=specs, autograph=False)
        return lambda *tensors: _as_list(graph(*tensors))

    def folds(self, examples: int) -> bool:
        """Whether `inference` folds BatchNormalization for so many examples: its answers are then millionths apart."""
        layers = self.base._flatten_layers(include_self=False)
        return examples >= FEW and any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers)

    @contextmanager
    def frozen_dropout_off(self, thawed: frozenset[str]) -> Iterator[None]:
        """Switch dropout off in layers that do not learn: a frozen layer gives the same answer every epoch."""
        rates = [
            (part, name, getattr(part, name))
            for layer in self.base.layers
            if layer.name not in thawed
            for part in layer._flatten_layers()
            for name in ("rate", "drop_path_rate")
            if isinstance(getattr(part, name, None), float)
        ]
        try:
            for part, name, _ in rates:
                setattr(part, name, 0.0)
            yield
        finally:
            for part, name, rate in rates:
                setattr(part, name, rate)

    def _preprocessed(self, outer: list[Any]) -> Any:
        return self.inputs(unwrapped(outer))

    def _side_of(self, outer: list[Any]) -> list[Any]:
        """The side tensors as the pipeline gives them; they pass the preprocessing unchanged, by name."""
        by_name = {t.name: outer[i] for i, t in enumerate(self.inputs.inputs)}
        return [by_name[t.name] for t in self.side]

    def _leaves(self) -> list[keras.layers.Layer]:
        models = (self.base, self.pooling, self.classifier)  # preprocessing stays in float32
        layers = [layer for model in models for layer in model._flatten_layers(include_self=False)]
        return [layer for layer in layers if not isinstance(layer, keras.Model)]


def unwrapped(tensors: Sequence[Any]) -> Any:
    """The one tensor of a sequence of one, else the list: as Keras wants a model's inputs."""
    return tensors[0] if len(tensors) == 1 else list(tensors)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
