"""Random copies of pictures that depend on nothing but seed, view and example. Also a process that shows some.

`python -m core.data.augment --out DIR --size 160 [--copies 3] [--seed 0] [--settings '{"rotation": 20}']
[--reading '[40, 80, 0]'] FILE…`
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
from core.data.reading import AS_STORED, Reading

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
    if _moves(settings):
        side = tf.cast(tf.shape(images)[1], tf.float32)
        images = _resample(images, _transforms(draws, side, settings))
    return _recolour(images, draws, settings)


def _draws(keys: tf.Tensor, view: tf.Tensor | int, seed: int) -> tf.Tensor:
    """Uniform numbers in [-1, 1), `float32 (B, _DRAWS)`, one row for each key."""
    base = tf.random.experimental.stateless_fold_in(tf.constant([seed, 0x7461], tf.int32), tf.cast(view, tf.int32))

    def row(key: tf.Tensor) -> tf.Tensor:
        own = tf.random.experimental.stateless_fold_in(base, key)
        return tf.random.stateless_uniform((_DRAWS,), own, -1.0, 1.0)

    return tf.map_fn(row, tf.cast(keys, tf.int32), fn_output_signature=tf.TensorSpec((_DRAWS,), tf.float32))


def _moves(s: AugmentConfig) -> bool:
    return s.flip or any((s.rotation, s.zoom, s.shift))


def _transforms(draws: tf.Tensor, side: tf.Tensor, s: AugmentConfig) -> tf.Tensor:
    """From output pixels to input pixels, as eight numbers of a projective map each: `float32 (B, 8)`."""
    mirror = tf.where(draws[:, 0] < 0, -1.0, 1.0) if s.flip else tf.ones_like(draws[:, 0])
    angle = draws[:, 1] * (s.rotation * math.pi / 180)
    scale = tf.exp(draws[:, 2] * math.log1p(s.zoom))  # as often in as out
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    centre = (side - 1) / 2
    xx, xy, yx, yy = cos * mirror, -sin * mirror, sin, cos
    x0 = centre - (xx + xy) * centre + s.shift * draws[:, 3] * side
    y0 = centre - (yx + yy) * centre + s.shift * draws[:, 4] * side
    zero = tf.zeros_like(x0)
    return tf.stack([xx, xy, x0, yx, yy, y0, zero, zero], axis=1)


def _resample(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    """Bilinear samples of `images (B, S, S, 3)` where `transforms` point, mirrored beyond the edge."""
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(moved, images.shape)


def _recolour(images: tf.Tensor, draws: tf.Tensor, s: AugmentConfig) -> tf.Tensor:
    """Contrast about each picture's mean, then brightness."""
    if s.contrast:
        mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
        images = mean + (images - mean) * (1 + s.contrast * draws[:, 5, None, None, None])
    if s.brightness:
        images = images + 255 * s.brightness * draws[:, 6, None, None, None]
    return tf.clip_by_value(images, 0.0, 255.0)


def preview(
    paths: Sequence[str],
    settings: AugmentConfig,
    size: int,
    out_dir: Path,
    *,
    copies: int = 3,
    seed: int = 0,
    reading: Reading = AS_STORED,
) -> list[list[Path]]:
    """Write each picture, read in the chosen window and frame, and its copies as PNG files.

    Returns:
        For every picture that can be read, the file of the picture itself and those of its copies.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    written = []
    for index, images, ok in pixels(paths, size, batch=16, reading=reading):
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
    parser.add_argument("--reading", type=json.loads, default=AS_STORED, help="window centre, width and frame as JSON")
    given = parser.parse_args(arguments)
    known = {f.name for f in dataclasses.fields(AugmentConfig)}
    settings = AugmentConfig(**{k: v for k, v in given.settings.items() if k in known})
    how = Reading(*given.reading)
    preview(given.files, settings, given.size, given.out, copies=given.copies, seed=given.seed, reading=how)


if __name__ == "__main__":
    main()
