"""Pictures: how they become tensors, which network reads them, and the model that takes raw pixels.

Every task offers the same four: `prepare` (config -> Manifest), `build` (config, n_classes -> Network),
`Source` (tensors of single examples, for tf.data) and `servable` (the model that is saved).
"""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from core import catalog
from core.config import RunConfig
from core.data.augment import augment
from core.data.manifest import Manifest
from core.data.pipeline import decode_and_resize
from core.data.prepare import manifest as prepare  # noqa: F401 - part of what a task offers
from core.models.backbones import build_base
from core.models.heads import classifier, pooling_layers, to_probabilities
from core.models.preprocess import preprocess_layers
from core.training.network import Network

NOUN = "pictures"


def image_size(config: RunConfig) -> int:
    """Pixels a side that the network sees."""
    return config.image_size or catalog.backbone(config.backbone).default_size


def build(config: RunConfig, n_classes: int) -> Network:
    """The network of a run. Its pipeline yields resized RGB pixels 0…255, `(N, S, S, 3)` float32."""
    backbone, size = catalog.backbone(config.backbone), image_size(config)
    base = build_base(backbone, size, config.weights)
    pixels = keras.Input((size, size, 3), name="pixels")
    last = keras.Input(base.output.shape[1:], name="last_activations")
    pooling = keras.Model(last, _through(pooling_layers(config.head), last), name="pooling")
    return Network(
        inputs=keras.Model(pixels, _through(preprocess_layers(backbone, config.preprocessing), pixels), name="inputs"),
        base=base,
        side=(),
        pooling=pooling,
        classifier=classifier(config.head, pooling.output.shape[-1], n_classes, config.seed),
    )


def recipe(config: RunConfig) -> dict[str, Any]:
    """What shapes a picture before the trunk sees it; part of the feature store's key."""
    shape: dict[str, Any] = {"image_size": image_size(config), "preprocessing": config.preprocessing}
    if config.views:
        shape |= {"seed": config.seed, "augment": dataclasses.asdict(config.augment)}
    return shape


class Source:
    """The pictures of a manifest as tensors."""

    def __init__(self, manifest: Manifest, config: RunConfig) -> None:
        """Paths go in as one tensor."""
        self._paths = tf.constant([p.encode("utf-8", "surrogateescape") for p in manifest.paths()])
        self._size, self._seed, self._settings = image_size(config), config.seed, config.augment
        self.specs = (tf.TensorSpec((None, self._size, self._size, 3), tf.float32),)

    def load(self, index: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], tf.Tensor]:
        """One picture by its place in the manifest: `((pixels (S, S, 3) float32 0…255,), ok)`."""
        image, ok = decode_and_resize(tf.gather(self._paths, index), self._size)
        return (image,), ok

    def augment(self, tensors: tuple[tf.Tensor, ...], keys: tf.Tensor, view: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Augmented copies of a batch; they depend on the seed, the view and the keys only."""
        return (augment(tensors[0], keys, view, self._seed, self._settings),)


def servable(network: Network, config: RunConfig, n_classes: int) -> keras.Model:
    """The model that is saved: RGB pixels 0…255 `(N, H, W, 3)` of any size -> probabilities `(N, n_classes)`."""
    size = image_size(config)
    pixels = keras.Input((None, None, 3), name="pixels")
    resized = keras.layers.Resizing(size, size, "bilinear", antialias=True, name="resize")(pixels)
    logits = network.classifier(network.pooling(network.base(network.inputs(resized))))
    return keras.Model(pixels, to_probabilities(logits, n_classes), name="thaw")


def _through(layers: list[Any], tensor: Any) -> Any:
    for layer in layers:
        tensor = layer(tensor)
    return tensor
