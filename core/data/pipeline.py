"""Files to batches of pixels, decoded in C++ where that equals Pillow exactly, by Pillow elsewhere.

```
paths ─Python─▶ bytes of plain files ─TensorFlow─▶ pixels
                everything else, and what that could not decode ─Pillow─▶ pixels
```
"""

import os
import struct
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from core.data.pixels import MAX_PIXELS, inspect, read_pixels
from core.data.reading import AS_STORED, Reading
from core.errors import DataError

# What a file's bytes hold when its pixels depend on more than the plain decoder looks at.
_JPEG_MAY_TURN = (b"Exif", b"tiff:Orientation")
_PNG_SPECIAL = (b"eXIf", b"iTXt", b"zTXt", b"Raw profile", b"tiff:Orientation", b"tRNS", b"acTL")
_NO_FRAME = {0xC4, 0xC8, 0xCC}  # JPEG markers among those of frame headers that are none
_PLAIN_COLOURS = {0, 2}  # PNG: grey, RGB


def pixels(paths: Sequence[str], size: int, *, batch: int, reading: Reading = AS_STORED) -> tf.data.Dataset:
    """Read pictures in parallel and ahead.

    Args:
        paths: files, as Python spells their names.
        size: pixels a side after resizing.
        batch: pictures a batch; the last one may be smaller.
        reading: the window and the frame, where a file leaves a choice.

    Returns:
        Batches of `(index int32 (B,), images float32 (B, size, size, 3) in 0…255, ok bool (B,))`, where `index`
        counts in `paths`. A picture that cannot be read is all zeros with `ok` False.
    """
    rows = tf.data.Dataset.from_tensor_slices((tf.range(len(paths)), path_tensor(paths))).batch(batch)
    ready = rows.map(
        lambda index, chosen: (index, *decode_and_resize(chosen, size, reading)),
        num_parallel_calls=max(2, len(os.sched_getaffinity(0))),
        deterministic=True,
    )
    return ready.prefetch(2)


def path_tensor(paths: Sequence[str]) -> tf.Tensor:
    """Paths as one constant `tf.string (N,)`; names that are not UTF-8 keep their bytes."""
    return tf.constant(np.array([os.fsencode(p) for p in paths], dtype=object), tf.string, shape=(len(paths),))


def decode_and_resize(paths: tf.Tensor, size: int, reading: Reading = AS_STORED) -> tuple[tf.Tensor, tf.Tensor]:
    """A batch of pictures from their paths `(B,)`, for `tf.data.Dataset.map`.

    The resize is the one of `keras.layers.Resizing(size, size, "bilinear", antialias=True)`.

    Returns:
        `(images float32 (B, size, size, 3) in 0…255, ok bool (B,))`; zeros and False where a file cannot be read.
    """
    plain = tf.ensure_shape(tf.numpy_function(_plain_bytes, [paths], tf.string), paths.shape)
    places, images = _decoded(plain, size)
    n = tf.shape(paths)[0]
    images, ok = tf.cond(
        tf.size(places) == n,
        lambda: (images, tf.ones_like(paths, tf.bool)),
        lambda: _with_the_rest(places, images, paths, size, reading),
    )
    return tf.ensure_shape(images, (None, size, size, 3)), tf.ensure_shape(ok, paths.shape)


def _decoded(data: tf.Tensor, size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """What TensorFlow can decode of a batch of files: places in it `int32 (n,)`, and `float32 (n, size, size, 3)`.

    A decoder's error cannot be caught within a graph, but a data set can leave out what failed.
    """

    def decode(place: tf.Tensor, data: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")  # decodes PNG too
        return place, _resized(image, size)

    end = tf.data.Dataset.from_tensors((tf.constant(-1), tf.zeros((size, size, 3))))  # a data set must hold something
    rows = tf.data.Dataset.from_tensor_slices((tf.range(tf.size(data)), data))
    rows = rows.map(decode).ignore_errors().concatenate(end).batch(tf.size(data, tf.int64) + 1)
    places, images = rows.get_single_element()
    return places[:-1], images[:-1]


def _with_the_rest(
    places: tf.Tensor, images: tf.Tensor, paths: tf.Tensor, size: int, reading: Reading
) -> tuple[tf.Tensor, tf.Tensor]:
    """The whole batch `(B, size, size, 3)` and which could be read `(B,)`: Pillow reads what is not in `places`."""
    n = tf.shape(paths)[0]
    known = tf.scatter_nd(places[:, None], tf.ones_like(places), [n]) > 0
    left = tf.cast(tf.where(~known)[:, 0], tf.int32)
    others, readable = tf.map_fn(
        lambda path: _by_pillow(path, size, reading),
        tf.gather(paths, left),
        fn_output_signature=(tf.TensorSpec((size, size, 3), tf.float32), tf.TensorSpec((), tf.bool)),
    )
    order = tf.concat([places, left], 0)[:, None]
    ok = tf.concat([tf.ones_like(places, tf.bool), readable], 0)
    whole = tf.scatter_nd(order, tf.concat([images, others], 0), [n, size, size, 3])
    return whole, tf.scatter_nd(order, tf.cast(ok, tf.int32), [n]) > 0


def _by_pillow(path: tf.Tensor, size: int, reading: Reading) -> tuple[tf.Tensor, tf.Tensor]:
    """`float32 (size, size, 3)` by `read_pixels`, and whether it could be read."""

    def read(path: bytes) -> tuple[np.ndarray, bool]:
        try:
            return read_pixels(os.fsdecode(path), reading), True
        except DataError:
            return np.zeros((1, 1, 3), np.uint8), False

    image, ok = tf.numpy_function(read, [path], (tf.uint8, tf.bool))
    return _resized(tf.ensure_shape(image, (None, None, 3)), size), tf.ensure_shape(ok, ())


def _resized(image: tf.Tensor, size: int) -> tf.Tensor:
    return tf.ensure_shape(tf.image.resize(image, (size, size), "bilinear", antialias=True), (size, size, 3))


def _plain_bytes(paths: np.ndarray) -> np.ndarray:
    """Each file's bytes where TensorFlow decodes them just as Pillow does, else none; objects `(B,)` both."""
    return np.array([_plain(path) for path in paths], dtype=object)


def _plain(path: bytes) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            data = file.read()
    except OSError:
        return b""
    return data if _is_plain_jpeg(data) or _is_plain_png(data) else b""


def _is_plain_jpeg(data: bytes) -> bool:
    """A JPEG of grey or three colours, complete, not too large and upright."""
    if not (data.startswith(b"\xff\xd8\xff") and data.endswith(b"\xff\xd9")):
        return False
    height, width, channels = _jpeg_frame(data)
    if channels not in (1, 3) or height * width > MAX_PIXELS:
        return False
    return not any(word in data for word in _JPEG_MAY_TURN) or _is_upright(data)


def _jpeg_frame(data: bytes) -> tuple[int, int, int]:
    """Height, width and number of channels as a JPEG's frame header has them; zeros where there is none."""
    at = 2
    while at + 10 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            return struct.unpack_from(">HHB", data, at + 5)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return 0, 0, 0


def _is_upright(data: bytes) -> bool:
    try:
        kind, _, _, orientation = inspect(data)
    except DataError:
        return False
    return kind in ("JPEG", "MPO") and orientation == 1


def _is_plain_png(data: bytes) -> bool:
    """A PNG of eight bits, grey or RGB, without transparency, metadata that turns it, animation or interlacing."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or len(data) < 29:
        return False
    width, height, depth, colour, _, _, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    is_simple = depth == 8 and colour in _PLAIN_COLOURS and not interlace and width * height <= MAX_PIXELS
    return is_simple and not any(word in data for word in _PNG_SPECIAL)
