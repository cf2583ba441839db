"""tf.data pipelines for the two ways to train: from stored activations, and from the examples themselves.

The order of an epoch depends on (seed, epoch) only. `epoch` is a variable that the pipelines read when an
epoch begins, so that one data set serves a whole phase and a resumed run sees what an undisturbed one sees.
"""

from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from core.training.store import Entry

Tensors = tuple[tf.Tensor, ...]
VANISHED = "An example that could be read when the run began can no longer be read. Its place in the manifest:"


class Source(Protocol):
    """Examples of a manifest as tensors; each task brings its own."""

    specs: tuple[tf.TensorSpec, ...]  # of a batch

    def load(self, index: tf.Tensor) -> tuple[Tensors, tf.Tensor]:
        """One example by its place in the manifest, and whether it could be read."""

    def augment(self, tensors: Tensors, keys: tf.Tensor, view: tf.Tensor) -> Tensors:
        """Augmented copies of a batch."""


def loaded(source: Source, rows: np.ndarray, views: np.ndarray, batch: int) -> tf.data.Dataset:
    """Batches of `(tensors, ok)` in the order given, each batch of one view.

    Args:
        source: the examples.
        rows: int `(n,)`, places in the manifest.
        views: int `(n,)`, the augmented copy's number for each row, -1 for the original; equal ones stand together.
        batch: examples a step.
    """
    starts = np.flatnonzero(np.diff(views, prepend=-2))
    parts = [
        _loaded_view(source, part, int(views[start]), batch)
        for start, part in zip(starts, np.split(rows, starts[1:]), strict=True)
    ]
    data = parts[0]
    for part in parts[1:]:
        data = data.concatenate(part)
    return data.prefetch(2)


def _loaded_view(source: Source, rows: np.ndarray, view: int, batch: int) -> tf.data.Dataset:
    data = tf.data.Dataset.from_tensor_slices(rows.astype("int32"))
    data = data.map(lambda row: (*source.load(row), row), tf.data.AUTOTUNE, deterministic=True).batch(batch)
    if view < 0:
        return data.map(lambda x, ok, row: (x, ok))
    return data.map(lambda x, ok, row: (source.augment(x, row, tf.constant(view)), ok), tf.data.AUTOTUNE)


def stored(
    entry: Entry, positions: np.ndarray, labels: np.ndarray, batch: int, order: "EpochOrder | None" = None
) -> tf.data.Dataset:
    """Batches of `(activations, label)` from the store.

    Args:
        entry: the stored activations.
        positions: int `(views, n)`, where in the entry each example's copies lie.
        labels: `(n,)` in the loss's dtype.
        batch: examples a step.
        order: shuffles anew each epoch; without it, the order given.
    """
    places, targets = tf.constant(positions.astype("int32")), tf.constant(labels)

    def take(i: tf.Tensor) -> tuple[Any, tf.Tensor]:
        view = tf.math.floormod(order.epoch, len(positions)) if order is not None else 0
        place = tf.gather(tf.gather(places, view), i)
        values = [tf.gather(_mapped(entry, k), place) for k in range(len(entry.specs))]
        return _unwrapped(tuple(_widened(v) for v in values)), tf.gather(targets, i)

    data = _indices(len(labels), order).batch(batch).map(take, tf.data.AUTOTUNE, deterministic=True)
    return _sized(data.prefetch(4), len(labels), batch)


def fresh(
    source: Source,
    rows: np.ndarray,
    labels: np.ndarray,
    batch: int,
    order: "EpochOrder | None" = None,
    augmented: bool = False,
    views: int = 0,
) -> tf.data.Dataset:
    """Batches of `(tensors, label)`, read from the examples anew each epoch.

    With `augmented` each epoch sees other copies; with `views`, the same few in turn.
    """
    places, targets = tf.constant(rows.astype("int32")), tf.constant(labels)

    def load(i: tf.Tensor) -> tuple[Tensors, tf.Tensor, tf.Tensor]:
        row = tf.gather(places, i)
        tensors, ok = source.load(row)
        with tf.control_dependencies([tf.debugging.Assert(ok, [VANISHED, row])]):
            return tuple(tf.identity(t) for t in tensors), row, tf.gather(targets, i)

    def finish(x: Tensors, row: tf.Tensor, label: tf.Tensor) -> tuple[Any, tf.Tensor]:
        if augmented and order is not None:
            view = tf.math.floormod(order.epoch, views) if views else order.epoch
            x = source.augment(x, row, tf.cast(view, tf.int32))
        return _unwrapped(x), label

    data = _indices(len(labels), order).map(load, tf.data.AUTOTUNE, deterministic=True)
    data = data.batch(batch).map(finish, tf.data.AUTOTUNE, deterministic=True)
    return _sized(data.prefetch(2), len(labels), batch)


class EpochOrder:
    """A permutation for each epoch, from (seed, epoch)."""

    def __init__(self, seed: int) -> None:
        """`epoch` is to be set before each epoch."""
        self.seed = seed
        self.epoch = tf.Variable(0, trainable=False, dtype=tf.int64)

    def permutation(self, n: int) -> tf.Tensor:
        """The order of `n` examples in this epoch, int32 `(n,)`."""
        seed = tf.stack([tf.constant(self.seed, tf.int64), self.epoch])
        return tf.random.experimental.stateless_shuffle(tf.range(n, dtype=tf.int32), seed)


def _indices(n: int, order: EpochOrder | None) -> tf.data.Dataset:
    if order is None:
        return tf.data.Dataset.range(n, output_type=tf.int32)

    def shuffled(_: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(order.permutation(n))

    return tf.data.Dataset.from_tensors(0).flat_map(shuffled)


def _mapped(entry: Entry, i: int) -> tf.Tensor:
    """A stored array as a memory-mapped constant: nothing is read before it is gathered."""
    spec = entry.specs[i]
    return tf.raw_ops.ImmutableConst(
        dtype=tf.as_dtype(spec.dtype), shape=(entry.rows, *spec.shape), memory_region_name=str(entry.file(i))
    )


def _widened(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(values, tf.float32) if values.dtype == tf.float16 else values


def _unwrapped(tensors: Tensors) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def _sized(data: tf.data.Dataset, n: int, batch: int) -> tf.data.Dataset:
    return data.apply(tf.data.experimental.assert_cardinality(-(-n // batch)))
