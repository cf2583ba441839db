"""The new layers on top of a backbone. They give logits; probabilities are a step of their own."""

from typing import Any

import keras

from core.config import TEXT_POOLINGS, HeadConfig
from core.errors import ConfigError, unknown


def pooling_layers(head: HeadConfig) -> list[keras.layers.Layer]:
    """From a map `(N, h, w, C)` to features: `(N, C)` for avg and max, `(N, h·w·C)` for flatten."""
    layers = {
        "avg": keras.layers.GlobalAveragePooling2D,
        "max": keras.layers.GlobalMaxPooling2D,
        "flatten": keras.layers.Flatten,
    }
    if head.pooling not in layers:
        raise ConfigError(unknown("pooling", head.pooling, layers))
    return [layers[head.pooling](name="pooling")]


def text_pooling(head: HeadConfig, width: int) -> keras.Model:
    """From hidden states `(N, L, width)` and padding mask `(N, L)` to features `(N, width)`; padding never counts.

    `avg` is the mean over tokens, `max` the largest value over tokens, `cls` the first token's vector.
    """
    if head.pooling not in TEXT_POOLINGS:
        raise ConfigError(unknown("pooling of texts", head.pooling, TEXT_POOLINGS))
    states = keras.Input((None, width), name="hidden_states")
    mask = keras.Input((None,), dtype="int32", name="mask")
    if head.pooling == "avg":
        features = keras.layers.GlobalAveragePooling1D(name="pooling")(states, mask=mask)
    elif head.pooling == "max":
        out = keras.ops.expand_dims(keras.ops.cast(1 - mask, "float32"), -1) * -1e9  # (N, L, 1)
        features = keras.ops.max(states + out, axis=1)
    else:
        features = states[:, 0]
    return keras.Model([states, mask], features, name="pooling")


def n_logits(n_classes: int) -> int:
    """One logit for two classes (that of the second), otherwise one for every class."""
    return 1 if n_classes == 2 else n_classes


def classifier(head: HeadConfig, n_features: int, n_classes: int, seed: int) -> keras.Model:
    """A head with seeded random weights.

    Args:
        head: hidden units and dropout.
        n_features: width of the input.
        n_classes: at least two.
        seed: of the weights and of dropout.

    Returns:
        A model from `(N, n_features)` to float32 logits `(N, 1)` for two classes, else `(N, n_classes)`.
    """
    inputs = x = keras.Input((n_features,), name="features")
    if head.hidden_units:
        x = _dense(head.hidden_units, "relu", seed, "hidden")(x)
    if head.dropout:
        x = keras.layers.Dropout(head.dropout, seed=seed + 2, name="dropout")(x)
    logits = _dense(n_logits(n_classes), None, seed + 1, "logits", dtype="float32")(x)
    return keras.Model(inputs, logits, name="classifier")


def _dense(units: int, activation: str | None, seed: int, name: str, dtype: str | None = None) -> keras.layers.Layer:
    start = keras.initializers.GlorotUniform(seed)
    return keras.layers.Dense(units, activation, kernel_initializer=start, dtype=dtype, name=name)


def to_probabilities(logits: Any, n_classes: int) -> Any:
    """A probability for every class, in class order, by built-in layers.

    Args:
        logits: Keras tensor `(N, 1)` for two classes, else `(N, n_classes)`.
        n_classes: at least two.

    Returns:
        Keras tensor `(N, n_classes)`, float32, 0 to 1. Rows sum to one.
    """
    if n_classes != 2:
        return keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
    other = keras.layers.Rescaling(-1.0, dtype="float32", name="other_logit")(logits)
    both = keras.layers.Concatenate(dtype="float32", name="both_logits")([other, logits])  # (N, 2)
    return keras.layers.Activation("sigmoid", dtype="float32", name="probabilities")(both)
