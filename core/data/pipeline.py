"""Files to batches of pixels, decoded in C++ where that equals Pillow exactly, by Pillow elsewhere."""

import io
import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from PIL import Image

from core.data.pixels import MAX_PIXELS, inspect, read_pixels
from core.data.reading import AS_STORED, Reading
from core.errors import DataError

# What a file's bytes hold when its pixels depend on more than the plain decoder looks at.
_JPEG_TURNED = ("Exif", "tiff:Orientation")
_PNG_SPECIAL = ("eXIf", "iTXt", "zTXt", "Raw profile", "tiff:Orientation", "tRNS", "acTL")


def _small_jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("L", (1, 1)).save(out, "JPEG")
    return out.getvalue()


_SMALL_JPEG = _small_jpeg()  # stands in where an operation wants a JPEG and the file is none


def pixels(
    paths: Sequence[str], size: int, *, batch: int, ordered: bool = True, reading: Reading = AS_STORED
) -> tf.data.Dataset:
    """Read pictures in parallel and ahead.

    Args:
        paths: files, as Python spells their names.
        size: pixels a side after resizing.
        batch: pictures a batch; the last one may be smaller.
        ordered: keep the order of `paths`; without it, batches come as they are ready.
        reading: the window and the frame, where a file leaves a choice.

    Returns:
        Batches of `(index int32 (B,), images float32 (B, size, size, 3) in 0…255, ok bool (B,))`, where `index`
        counts in `paths`. A picture that cannot be read is all zeros with `ok` False.
    """
    rows = tf.data.Dataset.from_tensor_slices((tf.range(len(paths)), path_tensor(paths)))
    ready = rows.map(
        lambda index, path: (index, *decode_and_resize(path, size, reading)),
        num_parallel_calls=max(2, len(os.sched_getaffinity(0))),
        deterministic=ordered,
    )
    return ready.batch(batch).prefetch(2)


def path_tensor(paths: Sequence[str]) -> tf.Tensor:
    """Paths as one constant `tf.string (N,)`; names that are not UTF-8 keep their bytes."""
    return tf.constant(np.array([os.fsencode(p) for p in paths], dtype=object), tf.string, shape=(len(paths),))


def decode_and_resize(path: tf.Tensor, size: int, reading: Reading = AS_STORED) -> tuple[tf.Tensor, tf.Tensor]:
    """One picture from its path, for `tf.data.Dataset.map`.

    The resize is the one of `keras.layers.Resizing(size, size, "bilinear", antialias=True)`.

    Returns:
        `(image float32 (size, size, 3) in 0…255, ok bool ())`; zeros and False where the file cannot be read.
    """
    image, ok = _decode_if_plain(path, with_metadata=False)
    image, ok = tf.cond(ok, lambda: (image, ok), lambda: _decode_special(path, reading))
    resized = tf.image.resize(image, (size, size), "bilinear", antialias=True)
    return tf.ensure_shape(resized, (size, size, 3)), ok


def _decode_special(path: tf.Tensor, reading: Reading) -> tuple[tf.Tensor, tf.Tensor]:
    """A photo whose metadata leave it upright is decoded as plain ones are, everything else by Pillow."""
    is_upright = tf.ensure_shape(tf.numpy_function(_is_upright_jpeg, [path], tf.bool), ())
    none = (tf.zeros((1, 1, 3), tf.uint8), False)
    image, ok = tf.cond(is_upright, lambda: _decode_if_plain(path, with_metadata=True), lambda: none)
    return tf.cond(ok, lambda: (image, ok), lambda: _decode_elsewhere(path, reading))


def _decode_if_plain(path: tf.Tensor, *, with_metadata: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """`uint8 (H, W, 3)` and True, or zeros and False for what TensorFlow cannot decode just as Pillow does.

    A decoder's error cannot be caught within a graph, but a data set can leave out what failed. Its function is made
    anew for every picture, so it holds no branches, which are functions too.
    """

    def decode(path: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        data = tf.io.read_file(path)
        is_plain = _is_plain_jpeg(data, with_metadata) | _is_plain_png(data)
        with tf.control_dependencies([tf.debugging.Assert(is_plain, ["not plain"])]):
            return tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"), True  # decodes PNG too

    none = tf.data.Dataset.from_tensors((tf.zeros((1, 1, 3), tf.uint8), False))
    decoded = tf.data.Dataset.from_tensors(path).map(decode).ignore_errors()
    return decoded.concatenate(none).take(1).get_single_element()


def _is_plain_jpeg(data: tf.Tensor, with_metadata: bool) -> tf.Tensor:
    """A JPEG of grey or three colours, complete and not too large, with or without metadata that may turn it."""
    is_jpeg = tf.strings.substr(data, 0, 3) == b"\xff\xd8\xff"
    is_whole = tf.strings.substr(data, -2, 2) == b"\xff\xd9"
    shape = tf.cast(tf.image.extract_jpeg_shape(tf.where(is_jpeg, data, _SMALL_JPEG)), tf.int64)
    is_plain = is_jpeg & is_whole & ((shape[2] == 1) | (shape[2] == 3)) & (shape[0] * shape[1] <= MAX_PIXELS)
    return is_plain if with_metadata else is_plain & ~_holds(data, _JPEG_TURNED)


def _is_plain_png(data: tf.Tensor) -> tf.Tensor:
    """A PNG of eight bits, grey or RGB, without transparency, metadata that turns it, animation or interlacing."""
    is_png = tf.strings.substr(data, 0, 8) == b"\x89PNG\r\n\x1a\n"
    header = tf.cast(tf.io.decode_raw(tf.strings.substr(data, 16, 13), tf.uint8), tf.int64)
    sides = tf.reshape(header[:8], (2, 4)) * tf.constant([1 << 24, 1 << 16, 1 << 8, 1], tf.int64)
    is_small = tf.reduce_prod(tf.reduce_sum(sides, axis=1)) <= MAX_PIXELS
    depth, colour, interlace = header[8], header[9], header[12]
    is_simple = (depth == 8) & ((colour == 0) | (colour == 2)) & (interlace == 0)
    words = tf.where(is_png, data, "")  # a JPEG need not be searched for a PNG's words
    return is_png & is_small & is_simple & ~_holds(words, _PNG_SPECIAL)


def _holds(data: tf.Tensor, words: Sequence[str]) -> tf.Tensor:
    """Whether any of the words occurs in the bytes. (Splitting searches at memory speed, a regular expression not.)"""
    pieces = [tf.raw_ops.StringSplitV2(input=[data], sep=word, maxsplit=1).values for word in words]
    return tf.reduce_any([tf.size(found) > 1 for found in pieces])


def _is_upright_jpeg(path: bytes) -> bool:
    try:
        with open(path, "rb", buffering=0) as file:
            if file.read(3) != b"\xff\xd8\xff":
                return False
        kind, _, _, orientation = inspect(os.fsdecode(path))
    except (OSError, DataError):
        return False
    return kind in ("JPEG", "MPO") and orientation == 1


def _decode_elsewhere(path: tf.Tensor, reading: Reading) -> tuple[tf.Tensor, tf.Tensor]:
    """`uint8 (H, W, 3)` by `read_pixels`, and whether it could be read."""

    def read(path: bytes) -> tuple[np.ndarray, bool]:
        try:
            return read_pixels(os.fsdecode(path), reading), True
        except DataError:
            return np.zeros((1, 1, 3), np.uint8), False

    image, ok = tf.numpy_function(read, [path], (tf.uint8, tf.bool))
    return tf.ensure_shape(image, (None, None, 3)), tf.ensure_shape(ok, ())
