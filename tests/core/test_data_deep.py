"""Sixteen bits keep their range until they are windowed, whatever else a picture has beside its grey."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.pixels import is_deep, read_pixels, thumbnail
from core.data.reading import Reading, window
from core.data.scan import scan
from core.errors import DataError
from tests.core.deep_pictures import VALUES, png, tiff

WINDOW = Reading(2048, 4096)
COLOUR = np.stack([VALUES, VALUES[::-1], VALUES.T], 2)


def written(folder: Path, kind: str, values=VALUES) -> Path:
    name, _, how = kind.partition(" ")
    if name == "tiff":
        return tiff(folder / "x.tif", how[0], values=values, compressed=how.endswith("deflate"))
    return png(folder / "x.png", int(name), values=values, adaptive=bool(how))


KINDS = [
    "4",
    "4 adaptive",
    "2",
    "2 adaptive",
    "6",
    "6 adaptive",
    "tiff <",
    "tiff >",
    "tiff < deflate",
    "tiff > deflate",
]


@pytest.mark.parametrize("kind", KINDS)
def test_grey_with_alpha_and_grey_in_colour_are_windowed_whole(tmp_path, kind):
    path = written(tmp_path, kind)
    want = np.repeat(window(VALUES, 2048, 4096)[:, :, None], 3, axis=2)
    assert np.array_equal(read_pixels(path, WINDOW), want)
    assert np.array_equal(read_pixels(path.read_bytes(), WINDOW), want)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(thumbnail(path, 8, WINDOW)))), want)
    assert np.array_equal(read_pixels(path)[:, :, 0], VALUES >> 8)
    assert is_deep(path)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind[0] != "4"])
def test_each_colour_goes_through_the_same_window(tmp_path, kind):
    path = written(tmp_path, kind, COLOUR)
    assert np.array_equal(read_pixels(path, WINDOW), window(COLOUR, 2048, 4096))
    assert np.array_equal(read_pixels(path), COLOUR >> 8)


def test_eight_bits_have_no_window(tmp_path):
    for name, mode in (("a.png", "RGB"), ("b.png", "LA"), ("c.tif", "RGB"), ("d.jpg", "L")):
        Image.new(mode, (8, 8), 77 if mode == "L" else (77,) * len(mode)).save(tmp_path / name)
        assert not is_deep(tmp_path / name)
        assert read_pixels(tmp_path / name, WINDOW).min() == 77


def test_orientation_is_kept(tmp_path):
    data = bytearray(png(tmp_path / "x.png", 4).read_bytes())
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("L", (1, 1)).save(out, "PNG", exif=exif)
    at = out.getvalue().index(b"eXIf") - 4
    data[33:33] = out.getvalue()[at : at + 12 + int.from_bytes(out.getvalue()[at : at + 4], "big")]
    assert np.array_equal(read_pixels(bytes(data), WINDOW)[:, :, 0], np.rot90(window(VALUES, 2048, 4096), -1))


@pytest.mark.parametrize("kind", KINDS)
def test_cut_short_at_any_byte_they_are_read_or_refused(tmp_path, kind):
    data = written(tmp_path, kind).read_bytes()
    for end in range(len(data)):
        with contextlib.suppress(DataError):
            assert read_pixels(data[:end], WINDOW).shape == (8, 8, 3)
    with pytest.raises(DataError):
        read_pixels(data[: len(data) // 2], WINDOW)


@pytest.mark.parametrize("kind", ["4", "2", "6"])
def test_the_scan_tells_of_a_range_that_would_be_lost(tmp_path, kind):
    for label in ("a", "b"):
        for i in range(3):
            values = np.random.default_rng(i + 10 * (label == "b")).integers(0, 4096, (9, 9)).astype(np.uint16)
            values[0, 0] = 4095
            png(tmp_path / label / f"{i}.png", int(kind), values=values)
    notes = " ".join(scan(tmp_path).notes)
    assert "The pictures are grey" in notes
    assert "window_center=2048 and window_width=4096" in notes


def test_deep_colour_that_would_be_black_is_told_too(tmp_path):
    for label in ("a", "b"):
        for i in range(2):
            png(tmp_path / label / f"{i}.png", 2, values=COLOUR + np.uint16(i + 2 * (label == "b")))
    (note,) = scan(tmp_path).notes
    assert "window_width=4096" in note
