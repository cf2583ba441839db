"""What a run chooses about reading pictures of more than eight bits or of several frames."""

from typing import NamedTuple

import numpy as np

from core.config import RunConfig

MAX_PIXELS = 100_000_000  # width x height; a larger picture is taken for a decompression bomb


class Reading(NamedTuple):
    """How values become grey levels, and which frame is read. The default is what the file itself says."""

    center: float = 0.0  # of the window, in the file's own unit (Hounsfield units for CT)
    width: float = 0.0  # of the window; 0 for the one stored in the file
    frame: int = 0  # of DICOM and TIFF files with several, from 0


AS_STORED = Reading()


def reading(config: RunConfig) -> Reading:
    """How the pictures of a run are read."""
    return Reading(config.window_center, config.window_width, config.frame)


def window(values: np.ndarray, center: float, width: float, function: str = "LINEAR") -> np.ndarray:
    """Values in a window spread over all grey levels; what lies outside becomes black or white.

    Args:
        values: any shape, in the unit of the window.
        center: of the window.
        width: of the window, above 0.
        function: LINEAR, LINEAR_EXACT or SIGMOID, as DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3 define them.

    Returns:
        uint8 of the same shape, 0 to 255.
    """
    x = values.astype(np.float64)
    if function == "SIGMOID":
        with np.errstate(over="ignore"):  # far below the window the exponential is infinite and the result 0
            return to_grey(255 / (1 + np.exp(-4 * (x - center) / width)))
    if function == "LINEAR_EXACT":
        return to_grey(((x - center) / width + 0.5) * 255)
    if width <= 1:  # the standard's step
        return np.where(x > center - 0.5, 255, 0).astype(np.uint8)
    return to_grey(((x - (center - 0.5)) / (width - 1) + 0.5) * 255)


def to_grey(levels: np.ndarray) -> np.ndarray:
    """Float levels as uint8, rounded and clipped to 0…255; what is not a number is black."""
    rounded = np.rint(levels).clip(0, 255)
    if np.isnan(rounded).any():
        rounded = np.nan_to_num(rounded, nan=0.0)
    return rounded.astype(np.uint8)
