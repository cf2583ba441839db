"""Random copies of pictures that depend on nothing but seed, view and example. Also a process that shows some.

`python -m core.data.augment --out DIR --size 160 [--copies 3] [--seed 0] [--settings '{"rotation": 20}'] FILE…`
writes `0-0.png` (the first picture as it is read), `0-1.png`, `0-2.png`, … its copies, `1-0.png`, …
"""

import argparse
import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from core.config import AugmentConfig
from core.data.pipeline import pixels

_DRAWS = 8  # uniform numbers drawn for each picture; the order below is part of what a seed means


def augment(images: tf.Tensor, keys: tf.Tensor, view: tf.Tensor | int, seed: int, settings: AugmentConfig) -> tf.Tensor:
    """A changed copy of each picture.

    Flip, rotation, zoom and shift are one bilinear resampling; what comes from outside is mirrored at the edge.
    Then contrast is scaled about the picture's mean and brightness added. The result for one picture is the same in
    whatever batch it comes.

    Args:
        images: `float32 (B, S, S, 3)`, 0 to 255.
        keys: `int32 (B,)`, the examples' own numbers.
        view: `int ()`, which copy: an epoch, or the number of a view.
        seed: of the run.
        settings: how far copies may differ.

    Returns:
        `float32 (B, S, S, 3)`, clipped to 0 to 255.
    """
    draws = _draws(keys, view, seed)
    moved = _resample(images, _matrices(draws, settings)) if _moves(settings) else images
    return _recolour(moved, draws, settings)


def _draws(keys: tf.Tensor, view: tf.Tensor | int, seed: int) -> tf.Tensor:
    """Uniform numbers in [-1, 1), `float32 (B, _DRAWS)`, one row for each key."""
    base = tf.random.experimental.stateless_fold_in(tf.constant([seed, 0x7461], tf.int32), tf.cast(view, tf.int32))

    def row(key: tf.Tensor) -> tf.Tensor:
        own = tf.random.experimental.stateless_fold_in(base, key)
        return tf.random.stateless_uniform((_DRAWS,), own, -1.0, 1.0)

    return tf.map_fn(row, tf.cast(keys, tf.int32), fn_output_signature=tf.TensorSpec((_DRAWS,), tf.float32))


def _moves(s: AugmentConfig) -> bool:
    return s.flip or any((s.rotation, s.zoom, s.shift))


def _matrices(draws: tf.Tensor, s: AugmentConfig) -> tf.Tensor:
    """From output to input, on coordinates from -1 to 1 about the centre: `float32 (B, 2, 3)`."""
    mirror = tf.where(draws[:, 0] < 0, -1.0, 1.0) if s.flip else tf.ones_like(draws[:, 0])
    angle = draws[:, 1] * (s.rotation * math.pi / 180)
    scale = tf.exp(draws[:, 2] * math.log1p(s.zoom))  # as often in as out
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    across = tf.stack([cos * mirror, -sin * mirror, 2 * s.shift * draws[:, 3]], axis=1)
    down = tf.stack([sin, cos, 2 * s.shift * draws[:, 4]], axis=1)
    return tf.stack([across, down], axis=1)


def _resample(images: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
    """Bilinear samples of `images (B, H, W, 3)` at the points that `matrices` name, mirrored beyond the edge."""
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    half_h, half_w = (tf.cast(n - 1, tf.float32) / 2 for n in (height, width))
    ys = tf.cast(tf.range(height), tf.float32) - half_h
    xs = tf.cast(tf.range(width), tf.float32) - half_w
    turn = matrices[:, :, :2]
    offset = matrices[:, :, 2] * tf.stack([half_w, half_h])  # (B, 2), in pixels
    # x' = a x + b y + c, by broadcasting: (B, H, W)
    x = turn[:, 0, 0, None, None] * xs + turn[:, 0, 1, None, None] * ys[:, None] + offset[:, 0, None, None] + half_w
    y = turn[:, 1, 0, None, None] * xs + turn[:, 1, 1, None, None] * ys[:, None] + offset[:, 1, None, None] + half_h
    x, y = _mirror(x, width), _mirror(y, height)
    x0, y0 = tf.floor(x), tf.floor(y)
    dx, dy = (x - x0)[..., None], (y - y0)[..., None]  # (B, H, W, 1)
    left, top = tf.cast(x0, tf.int32), tf.cast(y0, tf.int32)
    right, bottom = tf.minimum(left + 1, width - 1), tf.minimum(top + 1, height - 1)
    flat = tf.reshape(images, (tf.shape(images)[0], height * width, 3))

    def at(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        return tf.gather(flat, row * width + column, batch_dims=1)  # (B, H, W, 3)

    above = at(top, left) * (1 - dx) + at(top, right) * dx
    below = at(bottom, left) * (1 - dx) + at(bottom, right) * dx
    return tf.ensure_shape(above * (1 - dy) + below * dy, images.shape)


def _mirror(at: tf.Tensor, n: tf.Tensor) -> tf.Tensor:
    """Coordinates folded back into 0 to n - 1."""
    last = tf.cast(n - 1, tf.float32)
    period = tf.maximum(2 * last, 1.0)
    folded = tf.math.floormod(at, period)
    return tf.clip_by_value(tf.where(folded > last, period - folded, folded), 0.0, last)


def _recolour(images: tf.Tensor, draws: tf.Tensor, s: AugmentConfig) -> tf.Tensor:
    """Contrast about each picture's mean, then brightness."""
    if s.contrast:
        mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
        images = mean + (images - mean) * (1 + s.contrast * draws[:, 5, None, None, None])
    if s.brightness:
        images = images + 255 * s.brightness * draws[:, 6, None, None, None]
    return tf.clip_by_value(images, 0.0, 255.0)


def preview(
    paths: Sequence[str], settings: AugmentConfig, size: int, out_dir: Path, *, copies: int = 3, seed: int = 0
) -> list[list[Path]]:
    """Write each picture and its copies as PNG files.

    Returns:
        For every picture that can be read, the file of the picture itself and those of its copies.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for index, images, ok in pixels(paths, size, batch=16):
        views = [images] + [augment(images, index, view, seed, settings) for view in range(copies)]
        for i, number in enumerate(index.numpy()):
            if ok[i]:
                files = [out_dir / f"{number}-{v}.png" for v in range(copies + 1)]
                for view, file in zip(views, files, strict=True):
                    whole = tf.cast(tf.round(view[i]), tf.uint8)
                    tf.io.write_file(str(file), tf.io.encode_png(whole))
                written.append(files)
    return written


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a preview as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m core.data.augment", description="Show augmented copies.")
    parser.add_argument("files", nargs="+", help="pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder for the PNG files")
    parser.add_argument("--size", type=int, default=160, help="pixels a side")
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--settings", type=json.loads, default={}, help="AugmentConfig as JSON")
    given = parser.parse_args(arguments)
    known = {f.name for f in dataclasses.fields(AugmentConfig)}
    settings = AugmentConfig(**{k: v for k, v in given.settings.items() if k in known})
    preview(given.files, settings, given.size, given.out, copies=given.copies, seed=given.seed)


if __name__ == "__main__":
    main()
