"""tf.data pipelines for the two ways to train: from stored activations, and from the examples themselves.

The order of an epoch depends on (seed, epoch) only. `epoch` is a variable that the pipelines read when an
epoch begins, so that one data set serves a whole phase and a resumed run sees what an undisturbed one sees.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from core.training.store import Entry

Tensors = tuple[tf.Tensor, ...]
Batches = Iterable[tuple[Tensors, tf.Tensor]]  # and which of a batch's examples could be read `(B,)`
AT_ONCE = 2  # batches that go through a network at a time
LOOK_SECONDS = 0.2
WINDOW = 32  # batches among which examples are sorted by length
# These functions are tensor operations alone, and AutoGraph's look for Python to convert would take half a second.
_as_it_is = tf.autograph.experimental.do_not_convert
VANISHED = "An example that could be read when the run began can no longer be read. Its place in the manifest:"


class Source(Protocol):
    """Examples of a manifest as tensors; each task brings its own."""

    specs: tuple[tf.TensorSpec, ...]  # of a batch
    lengths: np.ndarray | None  # how much of its first axis each example fills, None where all fill theirs
    notes: tuple[str, ...]  # what people should know of how the examples are read

    def load(self, index: tf.Tensor) -> tuple[Tensors, tf.Tensor]:
        """A batch of examples by their places in the manifest `(B,)`, and which could be read `(B,)`."""

    def augment(self, tensors: Tensors, index: tf.Tensor, view: tf.Tensor) -> Tensors:
        """Augmented copies of a batch by its examples' places `(B,)`; other examples have no part in them."""


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
    return _as_written(data.prefetch(2))


def passed(
    function: Callable[..., Any], data: Batches, meanwhile: Callable[[], None] = lambda: None
) -> Iterator[tuple[Any, tf.Tensor]]:
    """`(function(*tensors), ok)` of each batch of `loaded`, in order, `AT_ONCE` batches at a time.

    A graph alone leaves cores waiting between its operations; another one's operations fill these gaps. A batch may
    take seconds: `meanwhile` is called before each, and every LOOK_SECONDS; what it raises ends the pass at once.
    """
    waiting: deque[tuple[Future[Any], tf.Tensor]] = deque()
    pool, failed = ThreadPoolExecutor(AT_ONCE), False

    def first() -> tuple[Any, tf.Tensor]:
        nonlocal failed
        future, ok = waiting.popleft()
        meanwhile()
        while not wait([future], LOOK_SECONDS).done:
            meanwhile()
        failed = future.exception() is not None
        return future.result(), ok

    try:
        for tensors, ok in data:
            waiting.append((pool.submit(function, *tensors), ok))
            if len(waiting) > AT_ONCE:
                yield first()
        while waiting:
            yield first()
    finally:
        # What has not begun never will. What is under way is waited for where its memory may have been too much.
        pool.shutdown(wait=failed, cancel_futures=True)


def _loaded_view(source: Source, rows: np.ndarray, view: int, batch: int) -> tf.data.Dataset:
    data = tf.data.Dataset.from_tensor_slices(rows.astype("int32")).batch(batch)
    data = data.map(_as_it_is(lambda row: (*source.load(row), row)), tf.data.AUTOTUNE, deterministic=True)
    cropped = _cropping(source.lengths)
    if view < 0:
        return data.map(_as_it_is(lambda x, ok, row: (cropped(x, row), ok)))
    augment = _as_it_is(lambda x, ok, row: (source.augment(x, row, tf.constant(view)), ok))
    return data.map(augment, tf.data.AUTOTUNE)


def stored(
    entry: Entry,
    positions: np.ndarray,
    labels: np.ndarray,
    batch: int,
    order: "EpochOrder | None" = None,
    lengths: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Batches of `(activations, label)` from the store.

    Args:
        entry: the stored activations.
        positions: int `(views, n)`, where in the entry each example's copies lie.
        labels: `(n,)` in the loss's dtype.
        batch: examples a step.
        order: shuffles anew each epoch; without it, the order given.
        lengths: int `(n,)`, how much of its first axis each example fills; batches are cropped to the longest in them.
    """
    places, targets, cropped = tf.constant(positions.astype("int32")), tf.constant(labels), _cropping(lengths)
    # TensorFlow's own `ImmutableConst` is taken for a constant, which it folds: it reads and copies the whole file.
    mapped = [tf.experimental.dlpack.from_dlpack(entry.mapped(k).__dlpack__()) for k in range(len(entry.specs))]

    @_as_it_is
    def take(i: tf.Tensor) -> tuple[Any, tf.Tensor]:
        view = tf.math.floormod(order.epoch, len(positions)) if order is not None else 0
        place = tf.gather(tf.gather(places, view), i)
        values = [tf.gather(array, place) for array in mapped]
        return _unwrapped(cropped(tuple(_widened(v) for v in values), i)), tf.gather(targets, i)

    data = _indices(len(labels), order, batch).batch(batch).map(take, tf.data.AUTOTUNE, deterministic=True)
    return _as_written(_sized(data.prefetch(4), len(labels), batch))


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
    places, targets, cropped = tf.constant(rows.astype("int32")), tf.constant(labels), _cropping(source.lengths)

    @_as_it_is
    def load(i: tf.Tensor) -> tuple[Tensors, tf.Tensor, tf.Tensor]:
        row = tf.gather(places, i)
        tensors, ok = source.load(row)
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(ok), [VANISHED, row[~ok]])]):
            return tuple(tf.identity(t) for t in tensors), row, tf.gather(targets, i)

    @_as_it_is
    def finish(x: Tensors, row: tf.Tensor, label: tf.Tensor) -> tuple[Any, tf.Tensor]:
        if augmented and order is not None:
            view = tf.math.floormod(order.epoch, views) if views else order.epoch
            x = source.augment(x, row, tf.cast(view, tf.int32))
        return _unwrapped(cropped(x, row)), label

    data = _indices(len(labels), order, batch).batch(batch).map(load, tf.data.AUTOTUNE, deterministic=True)
    data = data.map(finish, tf.data.AUTOTUNE, deterministic=True)
    return _as_written(_sized(data.prefetch(2), len(labels), batch))


class EpochOrder:
    """The order of the examples in each epoch, from (seed, epoch)."""

    def __init__(self, seed: int, lengths: np.ndarray | None = None) -> None:
        """`epoch` is to be set before each epoch; with `lengths`, int `(n,)`, each batch is of about one length."""
        self.seed, self.lengths = seed, lengths
        self.epoch = tf.Variable(0, trainable=False, dtype=tf.int64)

    def of(self, n: int, batch: int) -> tf.Tensor:
        """The order of `n` examples in this epoch, int32 `(n,)`, for batches of so many."""
        return self.permutation(n) if self.lengths is None else self.by_length(self.lengths, batch)

    def permutation(self, n: int) -> tf.Tensor:
        """`n` places in any order, int32 `(n,)`."""
        return tf.random.experimental.stateless_shuffle(tf.range(n, dtype=tf.int32), self._seed(0))

    def by_length(self, lengths: np.ndarray, batch: int) -> tf.Tensor:
        """The places of examples of these lengths in an order by which a batch's are about as long, int32 `(n,)`.

        Of every `WINDOW` batches of the permutation the examples are sorted by length, and then whole batches shuffled.
        """
        n = len(lengths)
        permutation, whole = self.permutation(n), n // batch * batch
        window = tf.range(n, dtype=tf.int32) // (WINDOW * batch)
        keys = window * (int(lengths.max()) + 1) + tf.gather(tf.constant(lengths.astype("int32")), permutation)
        ordered = tf.gather(permutation, tf.argsort(keys, stable=True))
        full = tf.random.experimental.stateless_shuffle(tf.reshape(ordered[:whole], (-1, batch)), self._seed(1))
        return tf.concat([tf.reshape(full, (-1,)), ordered[whole:]], 0)

    def _seed(self, draw: int) -> tf.Tensor:
        return tf.stack([tf.constant(self.seed + (draw << 32), tf.int64), self.epoch])


def reading_order(lengths: np.ndarray | None, rows: np.ndarray, window: int) -> np.ndarray:
    """Places in `rows`, of every `window` of them the shortest examples first, so that batches can be cropped."""
    if lengths is None or not len(rows):
        return np.arange(len(rows))
    return np.lexsort((lengths[rows], np.arange(len(rows)) // window))


def _cropping(lengths: np.ndarray | None) -> Callable[[Tensors, tf.Tensor], Tensors]:
    """Crops a batch's tensors to the longest example in it, given the examples' places in `lengths`."""
    if lengths is None:
        return lambda tensors, places: tensors
    known = tf.constant(lengths.astype("int32"))

    def cropped(tensors: Tensors, places: tf.Tensor) -> Tensors:
        longest = tf.reduce_max(tf.gather(known, places))
        return tuple(t[:, :longest] for t in tensors)

    return cropped


def _indices(n: int, order: EpochOrder | None, batch: int) -> tf.data.Dataset:
    if order is None:
        return tf.data.Dataset.range(n, output_type=tf.int32)

    @_as_it_is
    def shuffled(_: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(order.of(n, batch))

    return tf.data.Dataset.from_tensors(0).flat_map(shuffled)


def _as_written(data: tf.data.Dataset) -> tf.data.Dataset:
    """Without the rewriting of tf.data, which copies every tensor that a function holds at the start of each epoch,
    and without its tuner, which may sleep on when the data ends: the end is then seen up to as long after as it took.
    """
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    return data.with_options(options)


def _widened(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(values, tf.float32) if values.dtype == tf.float16 else values


def _unwrapped(tensors: Tensors) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors


def _sized(data: tf.data.Dataset, n: int, batch: int) -> tf.data.Dataset:
    return data.apply(tf.data.experimental.assert_cardinality(-(-n // batch)))
