"""Pictures on their way to a network: those of a manifest as tensors, those of any files as pixels."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core import catalog
from core.config import RunConfig
from core.data import patients
from core.data.manifest import Manifest
from core.data.pixels import read_pixels
from core.data.reading import AS_STORED, Reading, reading
from core.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf

AHEAD = 4  # pictures that are decoded while the model works


def image_size(config: RunConfig) -> int:
    """Pixels a side that the network sees."""
    return config.image_size or catalog.backbone(config.backbone).default_size


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
        self.lengths: np.ndarray | None = None
        self.notes: tuple[str, ...] = tuple(patients.told(manifest.files))
        self.specs: tuple[tf.TensorSpec, ...] = (tf.TensorSpec((None, self._size, self._size, 3), tf.float32),)

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


def decoded(paths: Iterable[str | Path], how: Reading = AS_STORED) -> Iterator[np.ndarray | DataError]:
    """Pixels of each picture in order, or why there are none; a few are decoded ahead, by threads."""

    def read(path: str | Path) -> np.ndarray | DataError:
        try:
            return read_pixels(path, how)
        except DataError as error:
            return error

    with ThreadPoolExecutor(AHEAD) as pool:
        rest = iter(paths)
        waiting = [pool.submit(read, path) for path in islice(rest, AHEAD)]
        while waiting:
            result = waiting.pop(0).result()
            waiting += [pool.submit(read, path) for path in islice(rest, 1)]
            yield result
