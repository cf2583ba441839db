"""Files to batches of pixels, decoded in C++ where that equals Pillow exactly, by Pillow elsewhere."""

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from core.data.pixels import MAX_PIXELS, inspect, read_pixels
from core.errors import DataError

# What a file's bytes hold when its pixels depend on more than the plain decoder looks at.
_JPEG_TURNED = ("Exif", "tiff:Orientation")
_PNG_SPECIAL = ("eXIf", "iTXt", "zTXt", "Raw profile", "tiff:Orientation", "tRNS", "acTL")


def pixels(paths: Sequence[str], size: int, *, batch: int, ordered: bool = True) -> tf.data.Dataset:
    """Read pictures in parallel and ahead.

    Args:
        paths: files, as Python spells their names.
        size: pixels a side after resizing.
        batch: pictures a batch; the last one may be smaller.
        ordered: keep the order of `paths`; without it, batches come as they are ready.

    Returns:
        Batches of `(index int32 (B,), images float32 (B, size, size, 3) in 0…255, ok bool (B,))`, where `index`
        counts in `paths`. A picture that cannot be read is all zeros with `ok` False.
    """
    rows = tf.data.Dataset.from_tensor_slices((tf.range(len(paths)), path_tensor(paths)))
    ready = rows.map(
        lambda index, path: (index, *decode_and_resize(path, size)),
        num_parallel_calls=max(2, len(os.sched_getaffinity(0))),
        deterministic=ordered,
    )
    return ready.batch(batch).prefetch(2)


def path_tensor(paths: Sequence[str]) -> tf.Tensor:
    """Paths as one constant `tf.string (N,)`; names that are not UTF-8 keep their bytes."""
    return tf.constant(np.array([os.fsencode(p) for p in paths], dtype=object), tf.string, shape=(len(paths),))


def decode_and_resize(path: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """One picture from its path, for `tf.data.Dataset.map`.

    The resize is the one of `keras.layers.Resizing(size, size, "bilinear", antialias=True)`.

    Returns:
        `(image float32 (size, size, 3) in 0…255, ok bool ())`; zeros and False where the file cannot be read.
    """
    # A decoder's error cannot be caught within a graph, but a data set can leave out what failed.
    plain = tf.data.Dataset.from_tensors(path).map(_decode_plain).ignore_errors()
    nothing = tf.data.Dataset.from_tensors((tf.zeros((1, 1, 3), tf.uint8), False))
    image, ok = plain.concatenate(nothing).take(1).get_single_element()
    image, ok = tf.cond(ok, lambda: (image, ok), lambda: _decode_by_pillow(path))
    resized = tf.image.resize(image, (size, size), "bilinear", antialias=True)
    return tf.ensure_shape(resized, (size, size, 3)), ok


def _decode_plain(path: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`uint8 (H, W, 3)` of a plain JPEG or PNG (the operation decodes both); an error for anything else."""
    data = tf.io.read_file(path)
    with tf.control_dependencies([tf.debugging.Assert(_is_plain(data), ["not plain"])]):
        return tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"), True


def _is_plain(data: tf.Tensor) -> tf.Tensor:
    """Whether TensorFlow decodes these bytes to exactly what `read_pixels` makes of them."""
    is_jpeg = tf.strings.substr(data, 0, 3) == b"\xff\xd8\xff"
    return tf.cond(is_jpeg, lambda: _is_plain_jpeg(data), lambda: _is_plain_png(data))


def _is_plain_jpeg(data: tf.Tensor) -> tf.Tensor:
    """Grey or three colours, complete, upright and not too large."""
    shape = tf.cast(tf.image.extract_jpeg_shape(data), tf.int64)
    is_whole = tf.strings.substr(data, -2, 2) == b"\xff\xd9"
    is_plain = is_whole & ((shape[2] == 1) | (shape[2] == 3)) & (shape[0] * shape[1] <= MAX_PIXELS)
    return is_plain & tf.cond(
        _holds(data, _JPEG_TURNED), lambda: tf.numpy_function(_is_upright, [data], tf.bool), lambda: True
    )


def _is_plain_png(data: tf.Tensor) -> tf.Tensor:
    """Eight bits of grey or RGB, without transparency, metadata that turns it, animation or interlacing."""
    is_png = tf.strings.substr(data, 0, 8) == b"\x89PNG\r\n\x1a\n"
    header = tf.cast(tf.io.decode_raw(tf.strings.substr(data, 16, 13), tf.uint8), tf.int64)
    sides = tf.reshape(header[:8], (2, 4)) * tf.constant([1 << 24, 1 << 16, 1 << 8, 1], tf.int64)
    is_small = tf.reduce_prod(tf.reduce_sum(sides, axis=1)) <= MAX_PIXELS
    depth, colour, interlace = header[8], header[9], header[12]
    is_simple = (depth == 8) & ((colour == 0) | (colour == 2)) & (interlace == 0)
    return is_png & is_small & is_simple & ~_holds(data, _PNG_SPECIAL)


def _holds(data: tf.Tensor, words: Sequence[str]) -> tf.Tensor:
    """Whether any of the words occurs in the bytes. (Splitting searches at memory speed, a regular expression not.)"""
    pieces = [tf.raw_ops.StringSplitV2(input=[data], sep=word, maxsplit=1).values for word in words]
    return tf.reduce_any([tf.size(found) > 1 for found in pieces])


def _is_upright(data: bytes) -> bool:
    try:
        return inspect(data)[3] == 1
    except DataError:
        return False


def _decode_by_pillow(path: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`uint8 (H, W, 3)` and whether it could be read."""
    image, ok = tf.numpy_function(_read, [path], (tf.uint8, tf.bool))
    return tf.ensure_shape(image, (None, None, 3)), tf.ensure_shape(ok, ())


def _read(path: bytes) -> tuple[np.ndarray, bool]:
    try:
        return read_pixels(os.fsdecode(path)), True
    except DataError:
        return np.zeros((1, 1, 3), np.uint8), False
