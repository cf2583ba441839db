"""The network of a run on texts: for training, as it is saved, and as a function that answers."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core import catalog
from core.config import RunConfig

if TYPE_CHECKING:
    import keras

    from core.training.network import Network


def base(row: catalog.Backbone, size: int, weights: str) -> "tuple[keras.Model, tuple[Any, ...]]":
    """An encoder without head, and those of its inputs that later layers read too: the padding mask."""
    from core.models.text_backbones import build_base

    return build_base(row, weights)


def build(config: RunConfig, n_classes: int) -> "Network":
    """The network of a run. Its pipeline yields token ids and padding mask, both int32 `(N, L)`."""
    import keras

    from core.models.heads import classifier, text_pooling
    from core.training.network import Network

    row = catalog.backbone(config.backbone)
    encoder, side = base(row, config.sequence_length, config.weights)
    for place, part in enumerate(p for p in encoder._flatten_layers() if hasattr(p, "seed_generator")):
        part.seed_generator.state.assign([config.seed + place, 0])  # else dropout would start from what Python drew
    pooling = text_pooling(config.head, encoder.output.shape[-1])
    return Network(
        inputs=keras.Model(encoder.inputs, encoder.inputs, name="inputs"),
        base=encoder,
        side=side,
        pooling=pooling,
        classifier=classifier(config.head, pooling.output.shape[-1], n_classes, config.seed),
        length=config.sequence_length,
    )


def servable(network: "Network", config: RunConfig, n_classes: int) -> "keras.Model":
    """The model that is saved: raw strings `(N,)` -> probabilities `(N, n_classes)`."""
    import keras

    from core.models.heads import to_probabilities
    from core.models.text_backbones import tokens

    model = tokens(catalog.backbone(config.backbone), config.weights, config.sequence_length)
    text = keras.Input((), dtype="string", name="text")
    ids, mask = model(text)
    logits = network.classifier(network.pooling([network.base([ids, mask]), mask]))
    return keras.Model(text, to_probabilities(logits, n_classes), name="thaw")


def inference(model: "keras.Model") -> Callable[[Sequence[str]], np.ndarray]:
    """A function from texts to probabilities float32 `(N, n_classes)`."""
    import tensorflow as tf

    run = tf.function(_cropped(model), input_signature=[tf.TensorSpec((None,), tf.string)])
    return lambda batch: run(_strings(batch)).numpy()


def inference_by(model: "keras.Model", answer: Callable[..., np.ndarray]) -> Callable[[Sequence[str]], np.ndarray]:
    """`inference` by a graph of all that follows the tokens, where there is one already: making one takes seconds.

    `answer` is a function from token ids and padding mask, int32 `(N, L)`, to probabilities float32 `(N, n_classes)`.
    """
    tokens = model.get_layer("tokens")
    return lambda batch: answer(*_tokens(tokens, _strings(batch)))


def _strings(batch: Sequence[str]) -> Any:
    import tensorflow as tf

    return tf.constant([t.encode("utf-8", "replace") for t in batch])


def _tokens(tokens: Any, text: Any) -> tuple[Any, Any]:
    """Token ids and padding mask of strings `(N,)`, both up to the longest of them."""
    import tensorflow as tf

    ids, mask = tokens(text, training=False)
    longest = tf.reduce_max(tf.reduce_sum(mask, axis=1))
    return ids[:, :longest], mask[:, :longest]  # (N, L)


def _cropped(model: "keras.Model") -> Callable[[Any], Any]:
    """A servable that computes no padding beyond a batch's longest text. Another maker's model is left as it is."""
    from core.models.heads import to_probabilities

    parts = {layer.name: layer for layer in model.layers}
    if not {"tokens", "encoder", "pooling", "classifier"} <= set(parts):
        return lambda text: model(text, training=False)

    def run(text: Any) -> Any:
        ids, mask = _tokens(parts["tokens"], text)
        states = parts["encoder"]([ids, mask], training=False)
        logits = parts["classifier"](parts["pooling"]([states, mask], training=False), training=False)
        return to_probabilities(logits, model.output_shape[-1])

    return run
