"""The network of a run on pictures: for training, as it is saved, and as a function that answers."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core import catalog
from core.config import RunConfig
from core.data.image_source import image_size

if TYPE_CHECKING:
    import keras

    from core.training.network import Network


def base(row: catalog.Backbone, size: int, weights: str) -> "tuple[keras.Model, tuple[Any, ...]]":
    """A backbone without head, and those of its inputs that later layers read too: none."""
    from core.models.backbones import build_base

    return build_base(row, size, weights), ()


def build(config: RunConfig, n_classes: int) -> "Network":
    """The network of a run. Its pipeline yields resized RGB pixels 0…255, `(N, S, S, 3)` float32."""
    import keras

    from core.models.heads import classifier, pooling_layers
    from core.models.preprocess import preprocess_layers
    from core.training.network import Network

    backbone, size = catalog.backbone(config.backbone), image_size(config)
    base_model, side = base(backbone, size, config.weights)
    pixels = keras.Input((size, size, 3), name="pixels")
    last = keras.Input(base_model.output.shape[1:], name="last_activations")
    pooling = keras.Model(last, _through(pooling_layers(config.head), last), name="pooling")
    return Network(
        inputs=keras.Model(pixels, _through(preprocess_layers(backbone, config.preprocessing), pixels), name="inputs"),
        base=base_model,
        side=side,
        pooling=pooling,
        classifier=classifier(config.head, pooling.output.shape[-1], n_classes, config.seed),
    )


def servable(network: "Network", config: RunConfig, n_classes: int) -> "keras.Model":
    """The model that is saved: RGB pixels 0…255 `(N, H, W, 3)` of any size -> probabilities `(N, n_classes)`."""
    import keras

    from core.models.heads import to_probabilities

    size = image_size(config)
    pixels = keras.Input((None, None, 3), name="pixels")
    resized = keras.layers.Resizing(size, size, "bilinear", antialias=True, name="resize")(pixels)
    logits = network.classifier(network.pooling(network.base(network.inputs(resized))))
    return keras.Model(pixels, to_probabilities(logits, n_classes), name="thaw")


def inference(model: "keras.Model") -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """A function from pictures of one size, each uint8 `(H, W, 3)`, to probabilities float32 `(N, n_classes)`."""
    import tensorflow as tf

    from core.models.freeze import frozen

    spec = tf.TensorSpec((None, None, None, 3), tf.uint8)
    call = frozen(lambda x: model(tf.cast(x, tf.float32), training=False), spec)
    return lambda batch: call(batch[0][None] if len(batch) == 1 else np.stack(batch))[0].numpy()


def _through(layers: list[Any], tensor: Any) -> Any:
    for layer in layers:
        tensor = layer(tensor)
    return tensor
