"""The pictures to measure on: the shared data set where it lies beside the repository, else made ones."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data" / "cats_vs_dogs"


def cats_and_dogs(home: Path, quick: bool = False) -> tuple[Path, str]:
    """A folder of 1,441 + 361 photos of two classes, and what it is in words; a few dozen when `quick`."""
    if SHARED.is_dir() and not quick:
        return SHARED, "cats_vs_dogs"
    counts = {"train": 48, "validation": 16} if quick else {"train": 1441, "validation": 361}
    return made(home / "made_photos", counts, (500, 375)), "made photos"


def made(root: Path, counts: dict[str, int], size: tuple[int, int]) -> Path:
    """JPEGs of noise over a gradient, `counts` a split, in two classes; each file is different.

    Args:
        root: folder to make; kept as it is when it exists.
        counts: pictures a split.
        size: (width, height) in pixels.
    """
    if root.exists():
        return root
    patterns = [_jpeg(seed, size) for seed in range(16)]
    for split, n in counts.items():
        for i in range(n):
            folder = root / split / ("even", "odd")[i % 2]
            if i < 2:
                folder.mkdir(parents=True)
            data = patterns[i // 2 % 8 * 2 + i % 2]
            # A comment segment makes the bytes, and so the content hash, of each file its own.
            mark = f"{split} {i}".encode()
            (folder / f"{i:06d}.jpg").write_bytes(
                data[:2] + b"\xff\xfe" + (len(mark) + 2).to_bytes(2, "big") + mark + data[2:]
            )
    return root


def _jpeg(seed: int, size: tuple[int, int]) -> bytes:
    width, height = size
    random = np.random.default_rng(seed)
    slope = np.linspace(0, 120, width if seed % 2 else height)
    ground = np.broadcast_to(slope if seed % 2 else slope[:, None], (height, width))
    pixels = ground[..., None] + random.normal(80, 25, (height, width, 3))
    out = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(out, "JPEG", quality=90)
    return out.getvalue()


def files(root: Path, split: str = "train") -> list[str]:
    """Paths of the pictures of a split, sorted."""
    found = []
    for folder, _, names in os.walk(root / split):
        found += [os.path.join(folder, name) for name in names]  # noqa: PTH118
    return sorted(found)
