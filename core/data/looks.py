"""What a glance at some of a data set's pictures tells: whether they are all grey, and of how many bits."""

import io
import os
from collections.abc import Sequence

import numpy as np
from PIL import Image

from core.data import pixels
from core.errors import DataError

LOOKED_AT = 48  # pictures, spread evenly
_SIDE = 64  # pixels of the copies that are compared
_GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "F", "MONOCHROME1", "MONOCHROME2")
_TOLERANCE = 2  # levels: what JPEG's colour conversion leaves between the channels of a grey picture


def notes(root: str, paths: Sequence[str]) -> list[str]:
    """Sentences about the pictures at `paths`, relative to `root`. The first one in 8-bit colour ends the looking."""
    chosen = [os.path.join(root, path) for path in paths[:: max(1, len(paths) // LOOKED_AT)]]  # noqa: PTH118
    read, deep, grey = 0, [], True
    for path in chosen:
        try:
            is_grey = pixels.inspect(path)[1] in _GREY or _is_grey(path)
            is_deep = pixels.is_deep(path)
        except DataError:
            continue
        if not is_grey and not is_deep:
            return []
        read, grey = read + 1, grey and is_grey
        deep += [path] if is_deep else []
    found = ["The pictures are grey. A grey value goes into the network's red, green and blue alike, unchanged."]
    return (found if read and grey else []) + _dark(deep)


def _is_grey(path: str) -> bool:
    """Whether the three channels of a small copy are equal, as far as JPEG keeps them so."""
    copy = Image.open(io.BytesIO(pixels.thumbnail(path, _SIDE)))  # a PNG at this size
    return bool(np.ptp(np.asarray(copy).astype(int), axis=2).max() <= _TOLERANCE)


def _dark(deep: Sequence[str]) -> list[str]:
    """Pictures of 16 bits that use the lowest few lose nearly all with the high byte alone."""
    if not deep:
        return []
    highest = max(int(pixels.read_pixels(path).max()) for path in deep)
    if highest >= 64:
        return []
    return [
        f"The pictures have 16 bits, of which none is above {(highest + 1) * 256 - 1:,}: they will be nearly black. "
        f"Set window_center={(highest + 1) * 128} and window_width={(highest + 1) * 256} to use the range."
    ]
