"""Pictures: how they are found and become tensors, which network reads them, and the model that takes raw pixels."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import catalog
from core.config import PICTURE_POOLINGS, RunConfig
from core.data import patients
from core.data import prepare as folders
from core.data import scan as scans
from core.data.manifest import Manifest
from core.data.reading import AS_STORED, reading
from core.errors import ConfigError, unknown
from core.presets import Preset

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

    from core.errors import DataError
    from core.training.network import Network

NOUN = "pictures"
DEFAULT_BACKBONE = catalog.DEFAULT

# Found on photos of cats and dogs and on brain scans, see CONTRIBUTING.md.
_MEASURED = {
    "phase1": {"epochs": 20, "learning_rate": 3e-3, "schedule": "cosine"},
    "phase2": {"epochs": 10, "learning_rate": 3e-4, "schedule": "cosine"},
}

PRESETS: dict[str, Preset] = {
    "recommended": Preset("Recommended", "What did best on our data sets. A good start for most.", _MEASURED),
    "quick": Preset(
        "Quick look",
        "A first answer in under a minute: small pictures, few epochs.",
        {
            "image_size": 128,
            "unfreeze": "blocks:2",
            "phase1": {"epochs": 8, "learning_rate": 3e-3},
            "phase2": {"epochs": 4, "learning_rate": 3e-4, "schedule": "cosine"},
        },
    ),
    "tutorial": Preset(
        "Tutorial",
        "The classic recipe to the letter: VGG16 at 150 pixels, pixels divided by 255, the last four layers.",
        {
            "backbone": "VGG16",
            "image_size": 150,
            "preprocessing": "unit",
            "unfreeze": "layers:4",
            "head": {"pooling": "flatten", "hidden_units": 256, "dropout": 0.0},
            "phase1": {"epochs": 10, "learning_rate": 1e-3},
            "phase2": {"epochs": 10, "learning_rate": 1e-5},
            "early_stopping": False,
        },
    ),
    "medical": Preset(
        "Medical",
        "For scans: no mirroring or colour changes, mild rotation and contrast, rare classes weighed up, calibrated. "
        "This is no medical device.",
        {
            **_MEASURED,
            "class_weights": True,
            "calibrate": True,
            "augmentation": "views:2",
            "augment": {"flip": False, "rotation": 5.0, "zoom": 0.0, "shift": 0.0, "brightness": 0.0, "contrast": 0.1},
        },
    ),
}


def reads(data: Path) -> bool:
    """Whether a data set is of this modality; pictures take what no other task does."""
    return data.is_dir()


def refuse(config: RunConfig) -> None:
    """Raise ConfigError for settings that no pictures could mend."""
    row = catalog.backbone(config.backbone)
    if config.image_size and config.image_size < row.smallest_size:
        raise ConfigError(
            f"image_size must be at least {row.smallest_size} pixels for {row.key}. Received: {config.image_size}."
        )
    if config.head.pooling not in PICTURE_POOLINGS:
        raise ConfigError(unknown("pooling of pictures", config.head.pooling, PICTURE_POOLINGS))
    if config.lora_rank:
        raise ConfigError(
            "lora_rank must be 0 for pictures: LoRA goes beside attention layers, and their networks have none. "
            f"Received: {config.lora_rank}."
        )


def scan(
    config: RunConfig, progress: Callable[[int, int | None], None] | None = None, *, to_train: bool = True
) -> scans.Scan:
    """What the data set of `config` holds.

    Raises:
        DataError: it cannot train a classifier (or score one, which asks for less), or does not tell the patients as
            the settings say.
    """
    found = scans.scan(config.data, progress=progress, to_train=to_train)
    if to_train:
        patients.patients(found, config)
    return found


def cached(config: RunConfig) -> scans.Scan | None:
    """An earlier scan of the data set of `config` if it still holds; None otherwise."""
    return scans.cached(config.data)


def prepare(config: RunConfig, progress: Callable[[int, int | None], None] | None = None) -> Manifest:
    """The manifest of a run: every usable picture with its class, split and content hash."""
    return folders.manifest(config, progress=progress)


def read(paths: "Sequence[str | Path]", config: RunConfig) -> "Iterator[np.ndarray | DataError]":
    """The pixels of each file, uint8 `(H, W, 3)`, in order, or why there are none."""
    from core.predict import decoded

    return decoded(paths, reading(config))


def examples(found: scans.Scan, config: RunConfig) -> "Iterator[np.ndarray | DataError]":
    """The pixels of every picture of a scan, in order, or why there are none."""
    return read([Path(found.root) / file.path for file in found.files], config)


def inference(model: "keras.Model") -> "Callable[[np.ndarray], np.ndarray]":
    """A function from a batch of pixels, uint8 `(N, H, W, 3)`, to probabilities float32 `(N, n_classes)`."""
    import tensorflow as tf

    from core.models.freeze import frozen

    spec = tf.TensorSpec((None, None, None, 3), tf.uint8)
    call = frozen(lambda x: model(tf.cast(x, tf.float32), training=False), spec)
    return lambda batch: call(batch)[0].numpy()


def explained(model: "keras.Model", manifest: Manifest, config: RunConfig, rows: Iterable[int], phase: int) -> Any:
    """What is found out about examples' answers once a phase has ended: nothing, heat maps are made on demand."""
    return {}


def image_size(config: RunConfig) -> int:
    """Pixels a side that the network sees."""
    return config.image_size or catalog.backbone(config.backbone).default_size


def recipe(config: RunConfig) -> dict[str, Any]:
    """What shapes a picture before the trunk sees it; part of the feature store's key."""
    shape: dict[str, Any] = {"image_size": image_size(config), "preprocessing": config.preprocessing}
    if reading(config) != AS_STORED:
        shape["reading"] = list(reading(config))
    if config.views:
        shape |= {"seed": config.seed, "augment": dataclasses.asdict(config.augment), "copies_by": "content"}
    return shape


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


class Source:
    """The pictures of a manifest as tensors."""

    def __init__(self, manifest: Manifest, config: RunConfig) -> None:
        """Paths go in as one tensor."""
        import tensorflow as tf

        from core.data.pipeline import path_tensor

        self._paths = path_tensor(manifest.paths())
        self._size, self._seed, self._settings = image_size(config), config.seed, config.augment
        self._reading = reading(config)
        self._numbers = tf.constant([file.number for file in manifest.files], tf.int32)
        self.lengths, self.notes = None, tuple(patients.told(manifest.files))
        self.specs = (tf.TensorSpec((None, self._size, self._size, 3), tf.float32),)

    def load(self, index: "tf.Tensor") -> "tuple[tuple[tf.Tensor, ...], tf.Tensor]":
        """Pictures by their places in the manifest `(B,)`: `((pixels (B, S, S, 3) float32 0…255,), ok (B,))`."""
        import tensorflow as tf

        from core.data.pipeline import decode_and_resize

        images, ok = decode_and_resize(tf.gather(self._paths, index), self._size, self._reading)
        return (images,), ok

    def augment(
        self, tensors: "tuple[tf.Tensor, ...]", index: "tf.Tensor", view: "tf.Tensor"
    ) -> "tuple[tf.Tensor, ...]":
        """Augmented copies of a batch by their places `(B,)`; they depend on the seed, the view and the contents only.

        Places would not do: a run leaves out what cannot be read, and its resume reads a manifest without it.
        """
        import tensorflow as tf

        from core.data.augment import augment

        return (augment(tensors[0], tf.gather(self._numbers, index), view, self._seed, self._settings),)


def servable(network: "Network", config: RunConfig, n_classes: int) -> "keras.Model":
    """The model that is saved: RGB pixels 0…255 `(N, H, W, 3)` of any size -> probabilities `(N, n_classes)`."""
    import keras

    from core.models.heads import to_probabilities

    size = image_size(config)
    pixels = keras.Input((None, None, 3), name="pixels")
    resized = keras.layers.Resizing(size, size, "bilinear", antialias=True, name="resize")(pixels)
    logits = network.classifier(network.pooling(network.base(network.inputs(resized))))
    return keras.Model(pixels, to_probabilities(logits, n_classes), name="thaw")


def _through(layers: list[Any], tensor: Any) -> Any:
    for layer in layers:
        tensor = layer(tensor)
    return tensor
