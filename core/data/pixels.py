"""From a picture's bytes to RGB pixels: the one authority, by Pillow and pydicom, that every other way must equal."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.data import deep, dicom
from core.data.reading import AS_STORED, MAX_PIXELS, Reading, window
from core.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

# Not pictures by themselves: these start Ghostscript or Windows' renderer, or are containers without pixels.
_NOT_OPENED = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG", "PDF"}
Image.init()
FORMATS = tuple(name for name in Image.OPEN if name not in _NOT_OPENED)

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)
# Pillow warns of damaged metadata; the pixels are what counts here.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_ORIENTATION, _BITS_PER_SAMPLE = 0x0112, 0x0102
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_pixels(source: str | Path | bytes, reading: Reading = AS_STORED) -> np.ndarray:
    """One frame of a picture, upright, in colour: `uint8 (H, W, 3)`, 0 to 255.

    DICOM goes through `core.data.dicom`. Elsewhere sixteen bits go through the window, if one is chosen (colours each
    through the same), and are otherwise reduced to the high byte (as libpng's `png_set_strip_16` does), transparency
    is dropped, and everything else is Pillow's `convert("RGB")`.

    Args:
        source: a path, or the bytes of a file.
        reading: the window for more than eight bits, and the frame of DICOM and TIFF files. Of others it is the first.

    Raises:
        DataError: the bytes are no picture, are damaged, hold more than MAX_PIXELS, or have no such frame.
    """
    if dicom.is_dicom(source):
        return np.ascontiguousarray(dicom.pixels(source, dicom_header(source), reading))
    return _decoded(source, reading)


def thumbnail(source: str | Path | bytes, side: int, reading: Reading = AS_STORED) -> bytes:
    """A small copy with sides of at most `side` pixels: PNG for tiny pictures, JPEG for the others.

    Raises:
        DataError: as for `read_pixels`.
    """
    small = Image.fromarray(_pixels_for(source, side, reading))
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "PNG" if max(small.size) <= 64 else "JPEG", quality=85)
    return out.getvalue()


def _pixels_for(source: str | Path | bytes, side: int, reading: Reading) -> np.ndarray:
    """As `read_pixels`; of a JPEG at a fraction of its size, though not below `side`."""
    if dicom.is_dicom(source):
        return read_pixels(source, reading)
    return _decoded(source, reading, side)


def _decoded(source: str | Path | bytes, reading: Reading, side: int = 0) -> np.ndarray:
    """What Pillow reads, of a JPEG at a fraction of its size where a `side` will do."""
    with _opened(source, reading.frame) as image:
        if side and image.format == "JPEG":
            image.draft("RGB", (side, side))
        if reading.width and deep.is_cut(image):
            return _windowed(source, image, reading)
        return np.ascontiguousarray(_upright(_rgb(_loaded(image), reading), _orientation(image)))


def _windowed(source: str | Path | bytes, image: Image.Image, reading: Reading) -> np.ndarray:
    """Sixteen bits that Pillow would cut, through the window."""
    try:
        values = deep.values(image, lambda: _opened(source, reading.frame))
    except Exception as error:  # noqa: BLE001
        raise DataError(_reason(error)) from None
    levels = window(values, reading.center, reading.width)
    if levels.ndim == 2:
        levels = np.repeat(levels[:, :, None], 3, axis=2)
    return np.ascontiguousarray(_upright(levels, _orientation(image)))


def is_deep(source: str | Path | bytes) -> bool:
    """Whether a picture other than DICOM has more than eight bits a channel, without decoding.

    Raises:
        DataError: as for `inspect`.
    """
    if dicom.is_dicom(source):
        return False
    with _opened(source) as image:
        return deep.is_deep(image)


def inspect(source: str | Path | bytes) -> tuple[str, str, tuple[int, int], int]:
    """Format, mode, (width, height) as stored and EXIF orientation (1 to 8), without decoding.

    The mode is Pillow's, or DICOM's photometric interpretation.

    Raises:
        DataError: the source is no picture or holds more than MAX_PIXELS.
    """
    if dicom.is_dicom(source):
        about = dicom_header(source)
        return "DICOM", str(about.PhotometricInterpretation), (int(about.Columns), int(about.Rows)), 1
    with _opened(source) as image:
        return image.format or "", image.mode, image.size, _orientation(image)


def dicom_header(source: str | Path | bytes) -> "Dataset":
    """The header of a DICOM picture, `core.data.dicom.header`, if the picture is not too large.

    Raises:
        DataError: it holds no picture, is damaged, or holds more than MAX_PIXELS.
    """
    about = dicom.header(source)
    width, height = int(about.Columns), int(about.Rows)
    if width * height > MAX_PIXELS:
        raise DataError(too_large(width, height))
    return about


def _opened(source: str | Path | bytes, frame: int = 0) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    except Image.UnidentifiedImageError:
        raise DataError(_no_picture(source)) from None
    except Exception as error:  # noqa: BLE001 -- Pillow's readers of damaged files raise nearly anything
        raise DataError(_reason(error)) from None
    if frame and image.format == "TIFF":
        _seek(image, frame)
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise DataError(too_large(width, height))
    return image


def _seek(image: Image.Image, frame: int) -> None:
    """Go to a frame of a file that has several."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        if frame >= frames:
            image.close()
            raise DataError(f"It holds the frames 0 to {frames - 1}. Received: frame={frame}.")
        image.seek(frame)


def _loaded(image: Image.Image) -> Image.Image:
    try:
        image.load()
    except Exception as error:  # noqa: BLE001
        raise DataError(_reason(error)) from None
    return image


def _rgb(image: Image.Image, reading: Reading) -> np.ndarray:
    """`uint8 (H, W, 3)` as stored."""
    if (image.mode == "F" and reading.width) or image.mode.startswith("I"):  # Pillow's own convert would clip at 255
        values = np.asarray(image)
        if reading.width:
            grey = window(values, reading.center, reading.width)
        else:
            twelve = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE) == (12,)
            grey = (values.clip(0, 65535) >> (4 if twelve else 8)).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
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


def too_large(width: int, height: int, most: int = MAX_PIXELS) -> str:
    """The sentence for a picture of more than `most` pixels."""
    return f"{width} x {height} pixels are more than the limit of {most // 1_000_000} megapixels; scale it down."


def _reason(error: Exception) -> str:
    """A sentence that says why Pillow could not read it."""
    if isinstance(error, FileNotFoundError):
        return "The file does not exist."
    if isinstance(error, PermissionError):
        return "The file may not be read: permission denied."
    if isinstance(error, IsADirectoryError):
        return "This is a folder. Name the pictures in it."
    if isinstance(error, OSError) and error.strerror:
        return f"The file cannot be opened: {error.strerror}."
    if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
        return f"It holds more than the limit of {MAX_PIXELS // 1_000_000} megapixels; scale it down."
    return f"It is damaged: {str(error).strip().rstrip('.') or type(error).__name__}."


def _no_picture(source: str | Path | bytes) -> str:
    """A sentence on a file that Pillow does not know, by its first bytes and its name."""
    head = _first_bytes(source)
    if not head:
        return "The file is empty (0 bytes)."
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "It is a HEIC picture, as iPhones take them, which cannot be read. Save it as JPEG or PNG."
    if not isinstance(source, bytes) and Path(source).suffix.lower() in dicom.ENDINGS:
        return "It lacks the mark of DICOM, DICM after 128 bytes. Save it with its preamble and file meta information."
    return "It is not a picture in a format that can be read. Save it as JPEG or PNG."


def _first_bytes(source: str | Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:12]
    try:
        with open(source, "rb") as file:
            return file.read(12)
    except OSError as error:
        raise DataError(_reason(error)) from None
