"""Sixteen-bit values where Pillow opens a picture with eight bits a channel: PNG with alpha or colour, TIFF in colour.

Pillow hands out one byte of each value, and which one follows from the byte order that it is told. So the picture is
decoded once in its own order and once in the other.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

_WIDE = ("I", "I;16", "I;16B")  # modes in which Pillow keeps the values
_SWAPPED = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}
_COLOURS = ("RGB", "RGBA", "RGBX")


def is_deep(image: Image.Image) -> bool:
    """Whether a picture that is open and not yet loaded has more than eight bits a channel."""
    return image.mode in _WIDE or is_cut(image)


def is_cut(image: Image.Image) -> bool:
    """Whether Pillow would cut the sixteen bits of an image that is not yet loaded to eight."""
    return all(_order(tile) for tile in _tiles(image)) and bool(_tiles(image))


def values(image: Image.Image, again: Callable[[], Image.Image]) -> np.ndarray:
    """The whole values of a picture that `is_cut`: `uint16 (H, W)` of grey, `(H, W, 3)` of colour, without alpha.

    Args:
        image: open and not yet loaded; it is loaded then.
        again: opens the same picture anew.

    Raises:
        OSError, SyntaxError: its data are damaged. Other errors of Pillow's readers come through as well.
    """
    if _raw(_tiles(image)[0]) == "LA;16B":  # four bytes a pixel, as RGBA has
        high, low = np.moveaxis(_decoded(image, lambda raw: "RGBA"), 2, 0)[:2]
    else:
        with again() as other:
            low = _decoded(other, _swapped)[..., :3]
        high = _decoded(image, str)[..., :3]
    return high.astype(np.uint16) << 8 | low


def _decoded(image: Image.Image, raw_mode: Callable[[str], str]) -> np.ndarray:
    """`uint8 (H, W, C)`, of the bytes that a raw mode made of the picture's own selects."""
    image.tile = [_with_raw(tile, raw_mode(_raw(tile))) for tile in _tiles(image)]  # type: ignore[attr-defined]
    return np.asarray(image)


def _tiles(image: Image.Image) -> list[Any]:
    """Pillow's orders to its decoders: name, extents, offset, and arguments of which the first is the raw mode."""
    return getattr(image, "tile", [])


def _raw(tile: Any) -> str:
    args = tile.args if isinstance(tile.args, tuple) else (tile.args,)
    return str(args[0]) if args else ""


def _with_raw(tile: Any, raw: str) -> Any:
    return tile._replace(args=(raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw)


def _order(tile: Any) -> str:
    """The byte order in a raw mode of sixteen bits, "" for other ones."""
    raw = _raw(tile)
    colours, _, order = raw.partition(";")
    return order if raw == "LA;16B" or (colours in _COLOURS and order in _SWAPPED) else ""


def _swapped(raw: str) -> str:
    colours, _, order = raw.partition(";")
    return f"{colours};{_SWAPPED[order]}"
