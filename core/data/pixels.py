"""From a picture's bytes to RGB pixels: the one authority, by Pillow, that every other way must equal."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from core.errors import DataError

MAX_PIXELS = 100_000_000  # width x height; a larger picture is taken for a decompression bomb

# Not pictures by themselves: these start Ghostscript or Windows' renderer, or are containers without pixels.
_NOT_OPENED = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "PDF"}
Image.init()
FORMATS = tuple(name for name in Image.OPEN if name not in _NOT_OPENED)

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)
# Pillow warns of damaged metadata; the pixels are what counts here.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_ORIENTATION = 0x0112
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_pixels(source: str | Path | bytes) -> np.ndarray:
    """The first frame of a picture, upright, in colour: `uint8 (H, W, 3)`, 0 to 255.

    Sixteen bits are reduced to the high byte (as libpng's `png_set_strip_16` does), transparency is dropped,
    and everything else is Pillow's `convert("RGB")`.

    Args:
        source: a path, or the bytes of a file.

    Raises:
        DataError: the bytes are no picture, are damaged, or hold more than MAX_PIXELS.
    """
    with _opened(source) as image:
        return np.ascontiguousarray(_upright(_rgb(_loaded(image)), _orientation(image)))


def thumbnail(source: str | Path | bytes, side: int) -> bytes:
    """A small copy with sides of at most `side` pixels: PNG for tiny pictures, JPEG for the others.

    Raises:
        DataError: as for `read_pixels`.
    """
    with _opened(source) as image:
        if image.format == "JPEG":
            image.draft("RGB", (side, side))  # decodes at a fraction of the size
        pixels = _upright(_rgb(_loaded(image)), _orientation(image))
    small = Image.fromarray(np.ascontiguousarray(pixels))
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "PNG" if max(small.size) <= 64 else "JPEG", quality=85)
    return out.getvalue()


def inspect(source: str | Path | bytes) -> tuple[str, str, tuple[int, int], int]:
    """Format, Pillow mode, (width, height) as stored and EXIF orientation (1 to 8), without decoding.

    Raises:
        DataError: the source is no picture or holds more than MAX_PIXELS.
    """
    with _opened(source) as image:
        return image.format or "", image.mode, image.size, _orientation(image)


def _opened(source: str | Path | bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    except Exception as error:  # noqa: BLE001 -- Pillow's readers of damaged files raise nearly anything
        raise DataError(_reason(source, error)) from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise DataError(too_large(width, height))
    return image


def _loaded(image: Image.Image) -> Image.Image:
    try:
        image.load()
    except Exception as error:  # noqa: BLE001
        raise DataError(_reason(b"", error)) from None
    return image


def _rgb(image: Image.Image) -> np.ndarray:
    """`uint8 (H, W, 3)` as stored."""
    if image.mode.startswith("I"):  # I;16, I;16B, I: Pillow's own convert would clip at 255
        grey = np.asarray(image).clip(0, 65535) >> 8
        return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)
    if image.mode == "RGB":
        return np.asarray(image)
    image.info.pop("transparency", None)  # dropped by convert, which would warn of it
    return np.asarray(image.convert("RGB"))


def _orientation(image: Image.Image) -> int:
    """EXIF (or XMP) orientation, 1 where there is none or it is damaged. After `load`, what is left to do."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001
        return 1
    return value if value in _TRANSPOSE else 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    if orientation == 1:
        return pixels
    return np.asarray(Image.fromarray(pixels).transpose(_TRANSPOSE[orientation]))


def too_large(width: int, height: int) -> str:
    """The sentence for a picture above the limit."""
    return f"{width} x {height} pixels are more than the limit of {MAX_PIXELS // 1_000_000} megapixels; scale it down."


def _reason(source: str | Path | bytes, error: Exception) -> str:
    """A sentence that says why Pillow could not read it."""
    if isinstance(error, FileNotFoundError):
        return "The file does not exist."
    if isinstance(error, PermissionError):
        return "The file may not be read: permission denied."
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"It holds more than the limit of {MAX_PIXELS // 1_000_000} megapixels; scale it down."
    if isinstance(error, Image.UnidentifiedImageError):
        return "Its content is not a picture in a format that Pillow reads."
    return f"It is damaged: {str(error).strip().rstrip('.') or type(error).__name__}."
