"""Heat maps of a run's pictures: kept in the run, drawn on the picture, asked of its service. Needs no TensorFlow."""

import hashlib
import io
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.errors import DataError
from core.files import read_json, write_json
from core.record import Run

SCHEMA = {  # of what `to_json` gives beside class, method, phase and probability, as OpenAPI has it
    "grid": {
        "type": "array",
        "items": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}},
        "description": "rows from top to bottom",
    }
}
METHODS = ("gradcam", "occlusion")
EMBER = (255, 106, 0)  # what speaks for the class glows


@dataclass(frozen=True)
class Explanation:
    """Where a network finds what speaks for a class."""

    label: str  # the class
    method: str  # one of METHODS
    phase: int
    probability: float  # of the class, uncalibrated
    grid: np.ndarray  # float32 (h, w), 0 to 1; all 0 where nothing speaks for the class

    def to_json(self) -> dict[str, Any]:
        """As plain data; the class is called `class`."""
        grid = [[round(float(value), 4) for value in row] for row in self.grid]
        about = {"class": self.label, "method": self.method, "phase": self.phase, "probability": self.probability}
        return {**about, "grid": grid}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Explanation":
        """What `to_json` wrote."""
        label, method, phase, probability = (data[name] for name in ("class", "method", "phase", "probability"))
        return Explanation(label, method, phase, probability, np.array(data["grid"], np.float32))


def heat_map(
    run: Run,
    source: str | Path | bytes,
    *,
    label: str | None = None,
    method: str = METHODS[0],
    phase: int | None = None,
) -> Explanation:
    """The explanation of a picture, from the run's folder or else from its prediction service, and kept.

    Args:
        run: a run on pictures with a model.
        source: the picture's file, or its bytes.
        label: a class; by default the most probable one.
        method: one of METHODS.
        phase: by default the kept one.

    Raises:
        DataError: the picture cannot be read.
        RunError: the service cannot answer now, or the run has no such model.
    """
    data = picture_bytes(source)
    phase = phase or run.kept()
    if found := kept(run, data, label, method, phase):
        return found
    from core.service_client import service

    answering = service(run)
    answering.wait()
    found = Explanation.from_json(answering.explain(data, label=label, method=method, phase=phase))
    keep(run, data, label, found)
    return found


def picture_bytes(source: str | Path | bytes) -> bytes:
    """The bytes of a picture. Raises DataError where its file cannot be read."""
    try:
        return source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise DataError(f"The picture {str(source)!r} cannot be read: {error.strerror}.") from None


def kept(run: Run, data: bytes, label: str | None, method: str, phase: int) -> Explanation | None:
    """The explanation that `keep` left in the run; None where there is none of this model."""
    try:
        return Explanation.from_json(read_json(place(run, data, label, method, phase)))
    except (OSError, TypeError, KeyError, ValueError):
        return None


def keep(run: Run, data: bytes, label: str | None, found: Explanation) -> None:
    """Leave an explanation in the run, under what was asked for."""
    leave(place(run, data, label, found.method, found.phase), found.to_json())


def overlay(pixels: np.ndarray, grid: np.ndarray, side: int = 512) -> bytes:
    """The picture with the map on it, as a PNG of at most `side` pixels.

    What speaks for the class glows; the rest is dimmed.

    Args:
        pixels: uint8 (H, W, 3), as the run reads the picture.
        grid: float (h, w), 0 to 1.
        side: pixels.
    """
    return encoded(overlaid(pixels, grid, side), "PNG")


def overlaid(pixels: np.ndarray, grid: np.ndarray | None, side: int = 512) -> Image.Image:
    """As `overlay`, before it is encoded; without a map, the picture alone in the same size."""
    image = Image.fromarray(pixels)
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    resized = image.resize(size, Image.Resampling.BILINEAR)
    if grid is None:
        return resized
    picture = np.asarray(resized, np.float32)
    heat = np.asarray(Image.fromarray(grid.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    heat = np.clip(heat, 0, 1)[:, :, None]  # (H, W, 1)
    grey = picture.mean(axis=2, keepdims=True)
    cold = 0.6 * (0.6 * grey + 0.4 * picture)
    warm = 0.55 * picture + 0.45 * np.array(EMBER, np.float32)
    return Image.fromarray(np.clip(cold + heat * (warm - cold), 0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str) -> bytes:
    """The bytes of a picture as PNG or JPEG."""
    out = io.BytesIO()
    image.save(out, kind, **({"quality": 82} if kind == "JPEG" else {}))
    return out.getvalue()


def place(run: Run, data: bytes, label: str | None, method: str, phase: int) -> Path:
    """Where an explanation is kept: a name made of the example, what is asked, and the model that answers."""
    asked = repr((label, method, phase, _mark(run.phase_model_file(phase)))).encode("utf-8", "surrogateescape")
    return run.explanations / f"{hashlib.blake2b(asked + data, digest_size=16).hexdigest()}.json"


def leave(file: Path, found: dict[str, Any]) -> None:
    """Write an explanation to its `place`. Where the run may not be written to, it is made again next time."""
    with suppress(OSError):
        file.parent.mkdir(exist_ok=True)
        write_json(file, found, durable=False)


def _mark(model: Path) -> str:
    """What tells a model file from another: the checksums in its archive's directory. Survives a copy of the run."""
    try:
        with zipfile.ZipFile(model) as archive:
            return ",".join(f"{part.filename}:{part.CRC:08x}" for part in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return ""
