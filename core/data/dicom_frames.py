"""The stored values of one DICOM frame, by the decoder that suits its compression, or else by the next one."""

from pathlib import Path
from typing import Any

import numpy as np

from core.data import gdcm
from core.data.deflated import readable
from core.errors import DataError

# Who decodes what, and who tries next: Pillow and CharLS before GDCM, because they follow upstream's security fixes
# sooner.
_DECODERS = {
    "1.2.840.10008.1.2.4.50": ("pillow", "gdcm"),  # JPEG, 8 bits
    "1.2.840.10008.1.2.4.51": ("pillow", "gdcm"),  # JPEG, 12 bits, of which they read those with 8
    "1.2.840.10008.1.2.4.57": ("gdcm",),  # JPEG, lossless
    "1.2.840.10008.1.2.4.70": ("gdcm",),
    "1.2.840.10008.1.2.4.80": ("pyjpegls", "gdcm"),
    "1.2.840.10008.1.2.4.81": ("pyjpegls", "gdcm"),
    "1.2.840.10008.1.2.4.90": ("pillow", "gdcm"),  # JPEG 2000
    "1.2.840.10008.1.2.4.91": ("pillow", "gdcm"),
}
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def decoded(source: str | Path | bytes, syntax: Any, frame: int) -> np.ndarray:
    """The stored values of one frame, `(H, W)`, or `(H, W, 3)` in RGB.

    Args:
        source: a path, or the bytes of a file.
        syntax: its transfer syntax, a `pydicom.uid.UID`.
        frame: from 0.

    Raises:
        DataError: the file holds no pixels, or they are damaged or compressed in a way that cannot be decoded.
    """
    reasons = []
    for plugin in _DECODERS.get(syntax, ("",)):
        try:
            if plugin == "gdcm":
                return gdcm.decoded(source if isinstance(source, bytes) else Path(source).read_bytes(), frame)
            return stored(source, frame, plugin)
        except Exception as error:  # noqa: BLE001 -- decoders of damaged files raise nearly anything
            reasons.append(str(error))
    raise DataError(_refusal(source, syntax, reasons)) from None


def stored(source: str | Path | bytes, frame: int, plugin: str) -> np.ndarray:
    """The same by one of pydicom's plugins, "" for data that need none.

    Only the frame's bytes are read, unless the file's elements are deflated or in no order that allows it.
    """
    from pydicom import dcmread
    from pydicom.pixels import pixel_array

    try:
        return pixel_array(readable(source), index=frame, decoding_plugin=plugin)
    except (AttributeError, ValueError):  # it found no pixels, or not where it looked
        return pixel_array(dcmread(readable(source)), index=frame, decoding_plugin=plugin)


def _refusal(source: str | Path | bytes, syntax: Any, reasons: list[str]) -> str:
    """Why no decoder reads it; reasons of decoders are not quoted, because they may name people."""
    if not _has_decoder(syntax) or any("does not support" in reason for reason in reasons):
        name = syntax.name if syntax.name != syntax else "an unknown syntax"  # a damaged one may hold anything
        return (
            f"Its pixels are compressed as {name}, which cannot be decoded here. Save it uncompressed, "
            "as lossless JPEG, JPEG-LS or JPEG 2000."
        )
    if not _holds_pixels(source):
        return "This DICOM file holds no picture."
    return "It is damaged: its DICOM pixels cannot be decoded."


def _holds_pixels(source: str | Path | bytes) -> bool:
    """Whether pixels of any kind are there; taken for granted where the file cannot be read so far."""
    from pydicom import dcmread

    try:
        found = dcmread(readable(source), specific_tags=list(_PIXELS))
        return any(name in found for name in _PIXELS)
    except Exception:  # noqa: BLE001
        return True


def _has_decoder(syntax: Any) -> bool:
    """Whether any installed package decodes a transfer syntax."""
    from pydicom.pixels import get_decoder

    try:
        return bool(get_decoder(syntax).is_available)
    except NotImplementedError:
        return False
