"""From a DICOM file to RGB pixels, and to the patient it is of. pydicom is imported when the first file is read.

The steps are those of DICOM PS3.3 C.11: the modality's rescale or table, then a window or the VOI table, then the
inversion of MONOCHROME1. Messages never quote the file's elements, because those name people.
"""

import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.deflated import readable
from core.data.dicom_frames import decoded
from core.data.reading import AS_STORED, Reading, to_grey, window
from core.errors import DataError

if TYPE_CHECKING:
    from pydicom import Dataset

ENDINGS = (".dcm", ".dicom", ".ima")
_PREAMBLE = 128  # bytes before the mark
_MARK = b"DICM"
_NOT_DICOM = (b"\xff\xd8\xff", b"\x89PNG")  # a JPEG or PNG is one, whatever stands where the mark would
_SHAPING = (
    *("RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
)
# They would quote values, and so people, in a run's log.
warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")


def is_dicom(source: str | Path | bytes) -> bool:
    """Whether a file, or its bytes, bear the DICOM mark. A file that cannot be opened does not."""
    if isinstance(source, bytes):
        return source[_PREAMBLE : _PREAMBLE + 4] == _MARK and not source.startswith(_NOT_DICOM)
    try:
        with open(source, "rb", buffering=0) as file:
            return is_dicom(file.read(_PREAMBLE + 4))
    except (OSError, ValueError):
        return False


def header(source: str | Path | bytes) -> "Dataset":
    """All elements before the pixels.

    Raises:
        DataError: they cannot be read, the file holds no picture, or it inflates to far more than one.
    """
    import pydicom

    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)  # here, because the import sets it too
    try:
        found = pydicom.dcmread(readable(source), stop_before_pixels=True)
        whole = int(found.Rows) > 0 and int(found.Columns) > 0 and bool(found.file_meta.TransferSyntaxUID)
        whole = whole and bool(found.PhotometricInterpretation)
    except DataError:
        raise
    except AttributeError:
        raise DataError("This DICOM file holds no picture.") from None
    except Exception:  # noqa: BLE001 -- pydicom raises nearly anything, and quotes values
        raise DataError("It is damaged: its DICOM header cannot be read.") from None
    if not whole:
        raise DataError("This DICOM file holds no picture.")
    return found


def pixels(source: str | Path | bytes, about: "Dataset", reading: Reading = AS_STORED) -> np.ndarray:
    """One frame as `uint8 (H, W, 3)`: grey ones windowed and repeated, colour ones as RGB.

    Without any window, eight bits keep their values, and more are spread from the frame's lowest to its highest.

    Args:
        source: a path, or the bytes of a file.
        about: its `header`.
        reading: the window and the frame.

    Raises:
        DataError: there is no such frame, or its pixels are damaged or compressed in a way that cannot be decoded.
    """
    try:
        return _pixels(source, about, reading)
    except DataError:
        raise
    except Exception:  # noqa: BLE001 -- elements are decoded when asked for, and may be anything
        raise DataError("It is damaged: its DICOM header cannot be read.") from None


def patient(about: "Dataset") -> str:
    """Who is pictured, "" where the file does not say. For `core.data.pseudonym` only."""
    try:
        return str(about.get("PatientID") or "").strip()
    except Exception:  # noqa: BLE001
        return ""


def _pixels(source: str | Path | bytes, about: "Dataset", reading: Reading) -> np.ndarray:
    frame = _frame(about, reading.frame)
    values = decoded(source, about.file_meta.TransferSyntaxUID, frame)
    if about.PhotometricInterpretation == "PALETTE COLOR":
        from pydicom.pixels import apply_color_lut

        coloured = apply_color_lut(values, about)
        return coloured[..., :3] if coloured.dtype == np.uint8 else (coloured[..., :3] >> 8).astype(np.uint8)
    if values.ndim == 3:
        return (values[..., :3] >> max(0, int(about.BitsStored) - 8)).astype(np.uint8)
    grey = _grey(values, about, _of_frame(about, frame), reading)
    if about.PhotometricInterpretation == "MONOCHROME1":
        grey = 255 - grey
    return np.repeat(grey[:, :, None], 3, axis=2)


def _frame(about: "Dataset", wanted: int) -> int:
    """The frame to read; a file with one frame has only that to give."""
    try:
        frames = int(about.get("NumberOfFrames") or 1)
    except (TypeError, ValueError):
        raise DataError("It is damaged: its number of frames cannot be read.") from None
    if frames > 1 and wanted >= frames:
        raise DataError(f"It holds the frames 0 to {frames - 1}. Received: frame={wanted}.")
    return wanted if frames > 1 else 0


def _of_frame(about: "Dataset", frame: int) -> "Dataset":
    """The elements that shape this frame's values: of the file, of all its frames, of the frame; the last one wins."""
    from pydicom import Dataset

    places = [about]
    for name, number in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", frame)):
        groups = about.get(name) or []
        for inner in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            if number < len(groups):
                places += list(groups[number].get(inner) or [])[:1]
    found = Dataset()
    found.file_meta = about.file_meta  # tells the byte order of tables
    for place in places:
        for name in _SHAPING:
            if name in place:
                found.add(place[name])
    return found


def _grey(values: np.ndarray, about: "Dataset", shaping: "Dataset", reading: Reading) -> np.ndarray:
    """`uint8 (H, W)`, as the chosen window, the stored window or table, or the range of the values has it."""
    from pydicom.pixels import apply_modality_lut, apply_voi

    try:
        scaled = apply_modality_lut(values, shaping)
        if reading.width:
            return window(scaled, reading.center, reading.width)
        if shaping.get("VOILUTSequence"):
            bits = int(shaping.VOILUTSequence[0].LUTDescriptor[2])
            return to_grey(apply_voi(np.rint(scaled).astype(np.int64), shaping) * (255 / (2**bits - 1)))
        center, width = (_first(shaping.get(name)) for name in ("WindowCenter", "WindowWidth"))
        if center is not None and width is not None and width > 0:
            return window(scaled, center, width, str(shaping.get("VOILUTFunction") or "LINEAR"))
        return _whole_range(values, scaled, about)
    except Exception:  # noqa: BLE001 -- elements of a wrong kind; their values are not for messages
        raise DataError("It is damaged: its DICOM window or rescale cannot be read.") from None


def _first(value: Any) -> float | None:
    """The first of one or several alternatives, such as the windows for brain and for bone."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return None if value in (None, "") else float(value)
    return _first(next(iter(value), None))


def _whole_range(values: np.ndarray, scaled: np.ndarray, about: "Dataset") -> np.ndarray:
    bits = int(about.get("BitsStored") or 0)  # floating-point pixels have none
    if 0 < bits <= 8 and not about.get("PixelRepresentation") and np.array_equal(values, scaled):
        return to_grey(values * (255 / (2**bits - 1)))
    inside = np.isfinite(scaled)
    if (padding := about.get("PixelPaddingValue")) is not None:  # marks what was never pictured
        limit = about.get("PixelPaddingRangeLimit", padding)
        inside &= (values < min(padding, limit)) | (values > max(padding, limit))
    known = scaled[inside]
    if known.size == 0 or known.max() == known.min():
        return np.zeros(values.shape, np.uint8)
    low, high = float(known.min()), float(known.max())
    return to_grey((scaled - low) * (255 / (high - low)))
