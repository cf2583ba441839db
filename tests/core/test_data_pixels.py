import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from data_pictures import picture, smooth
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data.pixels import inspect, read_pixels, thumbnail
from core.errors import DataError


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def test_a_path_and_its_bytes_give_the_same(tmp_path):
    picture().save(tmp_path / "a.png")
    want = np.asarray(picture())
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), (tmp_path / "a.png").read_bytes()):
        got = read_pixels(source)
        assert got.dtype == np.uint8
        assert np.array_equal(got, want)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_honoured(kind, orientation):
    image = picture()
    want = np.asarray(image)
    want = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a),
    }[orientation](want)
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(read_pixels(encoded(image, kind, exif=turned(orientation), **options)), want)


def test_sixteen_bits_are_reduced_to_the_high_byte():
    wide = (np.arange(12 * 9).reshape(9, 12) * 600).astype(np.uint16)
    want = np.repeat((wide >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    for data in (
        encoded(Image.fromarray(wide), "PNG"),
        encoded(Image.fromarray(wide), "TIFF"),
        encoded(Image.fromarray(wide.astype(np.int32)), "TIFF"),
    ):
        assert np.array_equal(read_pixels(data), want)


def test_a_tiff_of_twelve_bits_keeps_its_range():
    values = (4095, 2048, 0, 16)
    packed = b"".join((a << 12 | b).to_bytes(3, "big") for a, b in (values[:2], values[2:]))
    tags = ((256, 4), (257, 1), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1), (279, len(packed)))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    data = struct.pack("<2sHI", b"II", 42, 8 + len(packed)) + packed  # the pixels lie between header and directory
    data += struct.pack("<H", len(tags)) + entries + bytes(4)
    assert read_pixels(data)[0, :, 0].tolist() == [255, 128, 0, 1]


def test_transparency_is_dropped_without_a_warning():
    image = picture().convert("P")
    want = np.asarray(image.convert("RGB"))
    assert np.array_equal(read_pixels(encoded(image, "PNG", transparency=3)), want)
    assert np.array_equal(read_pixels(encoded(image, "PNG", transparency=bytes(range(256)))), want)
    with_alpha = picture()
    with_alpha.putalpha(7)
    assert np.array_equal(read_pixels(encoded(with_alpha, "PNG")), np.asarray(picture()))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "JPEG"])
def test_a_grey_value_goes_into_all_three_channels_unchanged(kind):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    data = io.BytesIO()
    Image.fromarray(grey).save(data, kind)
    values = np.asarray(Image.open(data))  # of a JPEG, not what was put in
    assert kind == "JPEG" or np.array_equal(values, grey)
    pixels = read_pixels(data.getvalue())
    assert np.array_equal(pixels, np.repeat(values[:, :, None], 3, axis=2))


def test_the_first_frame_counts():
    data = encoded(picture(), "WEBP", lossless=True, save_all=True, append_images=[picture(1)])
    assert np.array_equal(read_pixels(data), np.asarray(picture()))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("L", "PNG"), ("1", "PNG"), ("LA", "PNG"), ("CMYK", "TIFF"), ("YCbCr", "TIFF"), ("LAB", "TIFF"), ("F", "TIFF")],
)
def test_every_mode_becomes_rgb(mode, kind):
    image = picture().convert("RGB").convert("L" if mode == "F" else mode if mode != "LAB" else "RGB")
    if mode == "LAB":
        image = Image.merge("LAB", image.split())
    image = image.convert("F") if mode == "F" else image
    pixels = read_pixels(encoded(image, kind))
    assert pixels.shape == (9, 12, 3)
    assert np.array_equal(pixels, np.asarray(image.convert("RGB")))


def _refused(source, words):
    with pytest.raises(DataError, match=words):
        read_pixels(source)


def test_what_is_no_picture_is_refused_with_its_reason(tmp_path):
    _refused(b"", r"^The file is empty \(0 bytes\)\.$")
    _refused(b"I am a text", "not a picture")
    _refused(tmp_path / "missing.png", "does not exist")
    _refused(tmp_path, r"^This is a folder\. Name the pictures in it\.$")
    _refused(encoded(smooth(), "JPEG")[:-100], "truncated")
    _refused(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture")


def test_an_empty_file_and_an_iphones_format_are_told_by_any_name(tmp_path):
    (tmp_path / "a.jpg").touch()
    _refused(tmp_path / "a.jpg", r"^The file is empty \(0 bytes\)\.$")
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    (tmp_path / "b.jpg").write_bytes(heic)
    for source in (heic, tmp_path / "b.jpg"):
        _refused(source, r"^It is a HEIC picture, .*\. Save it as JPEG or PNG\.$")
    _refused(b"I am a text", r"\. Save it as JPEG or PNG\.$")


def test_a_file_that_cannot_be_opened_is_not_called_damaged(tmp_path):
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    _refused(tmp_path / "self.png", "^The file cannot be opened: Too many levels of symbolic links")


def test_a_bomb_is_refused_before_it_is_decoded():
    _refused(encoded(Image.new("1", (10_001, 10_000)), "PNG"), "megapixels")
    bomb = bytearray(encoded(picture(), "PNG"))
    bomb[16:24] = (30_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    _refused(bytes(bomb), "megapixels")


def test_inspect_reads_the_header_only():
    data = encoded(smooth(), "JPEG", exif=turned(6))
    assert inspect(data) == ("JPEG", "RGB", (40, 30), 6)
    assert inspect(encoded(picture(), "PNG")) == ("PNG", "RGB", (12, 9), 1)


def test_damaged_metadata_does_not_hide_the_picture():
    data = bytearray(encoded(smooth(), "JPEG", exif=turned(6)))
    at = data.index(b"Exif")
    data[at + 6 : at + 14] = b"\xff" * 8
    assert read_pixels(bytes(data)).shape == (30, 40, 3)


def test_thumbnails_are_small_and_upright():
    large = Image.open(io.BytesIO(thumbnail(encoded(smooth(400, 300), "JPEG", exif=turned(6)), 100)))
    assert (large.format, large.size) == ("JPEG", (75, 100))
    small = Image.open(io.BytesIO(thumbnail(encoded(picture(), "PNG"), 100)))
    assert (small.format, small.size) == ("PNG", (12, 9))
    with pytest.raises(DataError):
        thumbnail(b"no picture", 100)


def _encodings():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8))
    moving = {"save_all": True, "append_images": [noise.rotate(90)]}
    kinds = {"PNG": {}, "JPEG": {"exif": Image.Exif()}, "GIF": moving, "WEBP": moving, "BMP": {}, "TIFF": {}, "PPM": {}}
    for kind, more in kinds.items():
        out = io.BytesIO()
        noise.save(out, kind, **more)
        yield out.getvalue()


ENCODED = tuple(_encodings())
CHANGES = st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=4)), max_size=6)


@settings(max_examples=150)
@given(st.sampled_from(ENCODED), CHANGES, st.integers(0, 300), st.sampled_from([24, 320]))
def test_any_damage_gives_pixels_or_a_sentence(encoded, changes, cut, side):
    data = bytearray(encoded)
    for at, put in changes:
        at %= len(data)
        data[at : at + len(put)] = put
    damaged = bytes(data[: len(data) - cut % len(data)])
    for read in (read_pixels, lambda source: thumbnail(source, side), inspect):
        with contextlib.suppress(DataError):  # and nothing else, warnings included
            assert len(read(damaged))
