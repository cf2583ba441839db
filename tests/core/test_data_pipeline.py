"""The one promise: what the pipeline decodes equals `read_pixels`, resized as Keras resizes it."""

import os

import keras
import numpy as np
import tensorflow as tf
from data_pictures import picture, smooth
from PIL import Image

from core.data import pipeline
from core.data.pixels import read_pixels
from core.errors import DataError

SIDE = 16


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def write_all_kinds(folder):
    """Pictures of every kind that Pillow writes, and damaged ones; the names of those that need no Pillow."""
    image, grey16 = smooth(), Image.fromarray((np.arange(1200).reshape(30, 40) * 50).astype(np.uint16))
    palette, alpha = image.quantize(20), image.convert("RGBA")
    alpha.putalpha(90)
    plain = {
        "plain.jpg": (image, {}),
        "fine.jpg": (image, {"subsampling": 0, "quality": 95}),
        "halved.jpg": (image, {"subsampling": 1}),
        "progressive.jpg": (image, {"progressive": True}),
        "grey.jpg": (image.convert("L"), {}),
        "exif1.jpg": (image, {"exif": exif(1)}),
        "one.jpg": (image.resize((1, 1)), {}),
        "plain.png": (image, {}),
        "grey.png": (image.convert("L"), {}),
        "narrow.png": (image.resize((1, 50)), {}),
    }
    special = {
        "cmyk.jpg": (image.convert("CMYK"), {}),
        "xmp.jpg": (image, {"xmp": b'<x tiff:Orientation="6"/>'}),
        "exif6.png": (image, {"exif": exif(6)}),
        "exif6.tif": (image, {"exif": exif(6)}),
        "exif6.webp": (image, {"exif": exif(6)}),
        "palette.png": (palette, {}),
        "palette_clear.png": (palette, {"transparency": 3}),
        "palette_alpha.png": (palette, {"transparency": bytes(range(20))}),
        "alpha.png": (alpha, {}),
        "grey_alpha.png": (image.convert("LA"), {}),
        "clear.png": (image, {"transparency": (1, 2, 3)}),
        "bits.png": (image.convert("1"), {}),
        "deep.png": (grey16, {}),
        "deep.tif": (grey16, {}),
        "moving.png": (image, {"save_all": True, "append_images": [picture(1, 40, 30)]}),
        "moving.gif": (palette, {"save_all": True, "append_images": [palette.transpose(0)]}),
        "moving.webp": (image, {"save_all": True, "append_images": [picture(1, 40, 30)]}),
        "plain.bmp": (image, {}),
        "lzw.tif": (image, {"compression": "tiff_lzw"}),
        "cmyk.tif": (image.convert("CMYK"), {}),
    } | {f"exif{n}.jpg": (image, {"exif": exif(n)}) for n in range(2, 9)}
    for name, (made, options) in (plain | special).items():
        made.save(folder / name, **options)
    whole = (folder / "plain.jpg").read_bytes()
    damaged = {
        "cut.jpg": whole[: len(whole) // 2],
        "cut_with_end.jpg": whole[: len(whole) // 2] + b"\xff\xd9",
        "no_end.jpg": whole[:-2],
        "trailing.jpg": whole + b"more",
        "header.jpg": whole[:100] + b"\xff\xd9",
        "tables.jpg": whole.replace(b"\xff\xc4", b"\xff\xc4\xff\xff", 1),
        "text.jpg": b"I am a text",
        "empty.png": b"",
        "cut.png": (folder / "plain.png").read_bytes()[:60],
        "adam7.png": _interlaced(),
        os.fsdecode(b"\xff\xfe\n.jpg"): whole,
    }
    for name, data in damaged.items():
        (folder / name).write_bytes(data)
    (folder / "folder.jpg").mkdir()
    return list(plain), [*special, *damaged, "folder.jpg", "missing.jpg"]


def _interlaced():
    """An interlaced 8 x 8 grey PNG: one row of one pixel in pass 1, and so on. Pillow cannot write one."""
    import struct
    import zlib

    rows = []
    for x0, y0, dx, dy in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        for y in range(y0, 8, dy):
            rows.append(b"\0" + bytes((y * 8 + x) * 4 % 256 for x in range(x0, 8, dx)))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )


def differing(paths):
    """The paths whose picture in the pipeline is not Pillow's."""
    resize = keras.layers.Resizing(SIDE, SIDE, "bilinear", antialias=True)
    wrong, seen = [], []
    for index, images, ok in pipeline.pixels(paths, SIDE, batch=7):
        for row, image, usable in zip(index.numpy(), images.numpy(), ok.numpy(), strict=True):
            seen.append(row)
            try:
                pixels = read_pixels(paths[row])
            except DataError:
                same = not usable and not image.any()
            else:
                same = usable and np.array_equal(image, resize(pixels[None].astype(np.float32))[0])
            if not same:
                wrong.append(paths[row])
    assert seen == list(range(len(paths)))
    return wrong


def test_every_kind_equals_pillow_and_ordinary_ones_need_no_python(tmp_path, monkeypatch):
    plain, special = write_all_kinds(tmp_path)
    paths = [os.path.join(tmp_path, name) for name in plain + special]  # noqa: PTH118
    assert differing(paths) == []

    slow = []
    real = pipeline.read_pixels
    monkeypatch.setattr(pipeline, "read_pixels", lambda path, _: slow.append(os.path.basename(path)) or real(path))  # noqa: PTH119
    assert len(list(pipeline.pixels(paths, SIDE, batch=100))) == 1
    assert not set(slow) & set(plain)
    assert {"cmyk.jpg", "deep.png", "palette.png", "exif6.jpg", "xmp.jpg", "adam7.png"} <= set(slow)


def test_damaged_bytes_anywhere_equal_pillow_or_are_marked(tmp_path):
    random = np.random.default_rng(0)
    paths = []
    smooth().save(tmp_path / "a.jpg")
    smooth().save(tmp_path / "a.png")
    for ending in (".jpg", ".png"):
        whole = (tmp_path / f"a{ending}").read_bytes()
        for number in range(40):
            data = bytearray(whole)
            for at in random.integers(2, len(data) - 2, 3):
                data[at] = random.integers(256)
            path = tmp_path / f"{number}{ending}"
            path.write_bytes(data)
            paths.append(str(path))
    assert differing(paths) == []


def test_photos_equal_pillow(shared_data):
    photos = sorted(str(p) for p in (shared_data / "cats_vs_dogs" / "validation").rglob("*.jpg"))[::12]
    scans = sorted(str(p) for p in (shared_data / "brain_mri").rglob("*.jpg"))[::100]
    assert differing(photos + scans) == []


def test_a_jpeg_of_too_many_pixels_is_not_decoded(tmp_path):
    smooth().save(tmp_path / "a.jpg")
    data = bytearray((tmp_path / "a.jpg").read_bytes())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\x00\xff\x00"
    (tmp_path / "a.jpg").write_bytes(data)
    ((_, images, ok),) = pipeline.pixels([str(tmp_path / "a.jpg")], SIDE, batch=1)
    assert not ok.numpy().any()
    assert not images.numpy().any()


def test_paths_come_in_order_with_the_last_batch_smaller(tmp_path):
    for number in range(10):
        picture(number).save(tmp_path / f"{number}.png")
    batches = list(pipeline.pixels([str(tmp_path / f"{n}.png") for n in range(10)], 8, batch=4))
    assert [b[1].shape for b in batches] == [(4, 8, 8, 3), (4, 8, 8, 3), (2, 8, 8, 3)]
    rows = np.concatenate([b[0] for b in batches])
    assert list(rows) == list(range(10))
    assert rows.dtype == np.int32
    assert batches[0][1].dtype == tf.float32


def test_no_paths_give_no_batches():
    assert list(pipeline.pixels([], 8, batch=4)) == []


def test_a_training_data_set_may_shuffle_and_decode(tmp_path):
    smooth().save(tmp_path / "a.jpg")
    paths = pipeline.path_tensor([str(tmp_path / "a.jpg")] * 5)
    rows = tf.data.Dataset.from_tensor_slices(paths).shuffle(5, seed=1).batch(5)
    images = list(rows.map(lambda batch: pipeline.decode_and_resize(batch, SIDE)))
    assert images[0][0].shape == (5, SIDE, SIDE, 3)
    assert images[0][1].numpy().all()


def test_sixteen_bits_through_a_window_equal_pillow(tmp_path):
    from core.data.reading import Reading
    from tests.core.deep_pictures import png, tiff

    paths = [str(png(tmp_path / f"{colour}.png", colour)) for colour in (0, 2, 4, 6)]
    paths += [str(tiff(tmp_path / "a.tif", "<")), str(tiff(tmp_path / "b.tif", ">", compressed=True))]
    ((_, images, usable),) = pipeline.pixels(paths, 8, batch=9, reading=Reading(2048, 4096))
    assert np.all(usable)
    for path, image in zip(paths, images, strict=True):
        assert np.array_equal(image, read_pixels(path, Reading(2048, 4096)))
        assert len(np.unique(image)) == 64
