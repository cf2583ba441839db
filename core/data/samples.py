"""Sample data sets, one decorated function each, kept in the app's own data folder once made."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core import environment
from core.data.fetch import Progress, fetch
from core.errors import DataError, unknown


@dataclass(frozen=True)
class Sample:
    """A data set that the app can fetch or write."""

    name: str
    title: str
    summary: str  # a sentence for people
    licence: str
    offline: bool  # whether it needs no internet
    size_mb: float  # to fetch or write
    make: Callable[[Path, Progress], None]  # fills an empty folder


SAMPLES: dict[str, Sample] = {}


def sample(
    name: str, title: str, summary: str, licence: str, *, offline: bool, size_mb: float
) -> Callable[[Callable[[Path, Progress], None]], Callable[[Path, Progress], None]]:
    """Register a function that fills an empty folder."""

    def register(make: Callable[[Path, Progress], None]) -> Callable[[Path, Progress], None]:
        SAMPLES[name] = Sample(name, title, summary, licence, offline, size_mb, make)
        return make

    return register


def ready(name: str) -> Path | None:
    """The sample's folder if it is on this machine, else None."""
    folder = environment.app_data_dir() / "samples" / _known(name).name
    return folder if folder.is_dir() else None


def get(name: str, progress: Progress | None = None) -> Path:
    """The sample's folder, made first if need be. It appears complete or not at all.

    Raises:
        DataError: the name is unknown, the server is out of reach, or the disk refuses.
    """
    wanted = _known(name)
    if folder := ready(name):
        return folder
    place = environment.app_data_dir() / "samples"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=place, ignore_cleanup_errors=True) as beside:
            made = Path(beside) / wanted.name
            made.mkdir()
            wanted.make(made, progress or _silent)
            if not (place / wanted.name).is_dir():
                made.rename(place / wanted.name)
    except OSError as error:
        raise DataError(f"{wanted.title} cannot be written to {str(place)!r}: {error.strerror or error}.") from None
    return place / wanted.name


def _known(name: str) -> Sample:
    if name not in SAMPLES:
        raise DataError(unknown("sample data set", name, SAMPLES))
    return SAMPLES[name]


def _silent(done: int, total: int | None) -> None:
    """No progress is wanted."""


@sample(
    "digits",
    "Handwritten digits",
    "1,797 scanned digits of 8 x 8 pixels in ten classes, from scikit-learn: there at once, without internet.",
    "CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)",
    offline=True,
    size_mb=0.2,
)
def digits(folder: Path, progress: Progress = _silent) -> None:
    """Write scikit-learn's digits as PNG files in class folders `0` to `9`."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8), from 0…16 to 0…255
    for label in range(10):
        (folder / str(label)).mkdir(parents=True)
    for number, (image, label) in enumerate(zip(images, bunch.target, strict=True)):
        Image.fromarray(image).save(folder / str(label) / f"digit-{number:04d}.png")
        if number % 200 == 0:
            progress(number, len(images))


@sample(
    "cats_and_dogs",
    "Cats and dogs",
    "The tutorial's 3,000 photos, 2,000 to train on and 1,000 held out.",
    "Microsoft Research, Kaggle Cats and Dogs; for research and teaching",
    offline=False,
    size_mb=68.6,
)
def cats_and_dogs(folder: Path, progress: Progress = _silent) -> None:
    """Fetch the filtered archive of TensorFlow's transfer learning tutorial."""
    fetch("https://storage.googleapis.com/mledu-datasets/cats_and_dogs_filtered.zip", folder, progress)


@sample(
    "flowers",
    "Flowers",
    "TensorFlow's 3,670 photos of daisies, dandelions, roses, sunflowers and tulips.",
    "Creative Commons Attribution, photo by photo (LICENSE.txt in the folder)",
    offline=False,
    size_mb=228.8,
)
def flowers(folder: Path, progress: Progress = _silent) -> None:
    """Fetch TensorFlow's flower photos."""
    url = "https://storage.googleapis.com/download.tensorflow.org/example_images/flower_photos.tgz"
    fetch(url, folder, progress)
