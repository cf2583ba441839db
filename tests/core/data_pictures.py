"""Tiny pictures and folders for the tests of core.data."""

from pathlib import Path

import numpy as np
from PIL import Image


def picture(number: int = 0, width: int = 12, height: int = 9) -> Image.Image:
    """A coloured picture, a different one for every number."""
    pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def smooth(width: int = 40, height: int = 30) -> Image.Image:
    """A picture with gradients, as JPEG likes them."""
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 255 / width, y * 255 / height, (x + y) * 3 % 256], axis=2)
    return Image.fromarray(pixels.astype(np.uint8))


def fill(folder: Path, count: int, first: int = 0, ending: str = ".png") -> Path:
    """Write `count` different pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        picture(number).save(folder / f"{number}{ending}")
    return folder


def class_folders(root: Path, count: int = 10, classes: tuple[str, ...] = ("cat", "dog")) -> Path:
    """A data set of class folders."""
    for label, name in enumerate(classes):
        fill(root / name, count, 1000 * label)
    return root


def split_folders(root: Path, train: int = 10, validation: int = 10, name: str = "validation") -> Path:
    """A data set of two classes in split folders."""
    for label, label_name in enumerate(("cat", "dog")):
        fill(root / "train" / label_name, train, 1000 * label)
        fill(root / name / label_name, validation, 1000 * label + 500)
    return root
