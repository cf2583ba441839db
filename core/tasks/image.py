"""Pictures: what `core.tasks.Task` asks, by the rooms that know pictures."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import catalog, explanations
from core.config import PICTURE_POOLINGS, RunConfig
from core.data import patients
from core.data import prepare as folders
from core.data import scan as scans
from core.data.image_source import Source, decoded, image_size  # noqa: F401 -- Source is given as it is
from core.data.manifest import Manifest
from core.data.pixels import inspect, read_pixels, too_large
from core.data.reading import AS_STORED, reading
from core.errors import ConfigError, DataError, TooLargeError, unknown
from core.explanations import Explanation
from core.models.image_network import base, build, inference, servable  # noqa: F401 -- given as they are
from core.presets import Preset
from core.tasks import Exhibit, Explaining, Progress, Wording

if TYPE_CHECKING:
    import keras

    from core.exports.story import Story
    from core.predict import Predictors
    from core.record import Run

NOUN = "pictures"
WORDING = Wording(
    one="a picture",
    classifier="An image",
    verb="see",
    others="camera, place, time or population",
    groups="camera, place, sex, age",
)
DEFAULT_BACKBONE = catalog.DEFAULT
WEIGHTS = "file"
LIBRARIES: tuple[str, ...] = ()
AT_ONCE = 1  # each has a size of its own
TYPED = False
SENT_AS = "a picture in any format that Pillow reads, in the field `file`"
SENT_PIXELS = 50_000_000  # width x height of a picture in a request: resizing needs 12 bytes a pixel
EXPLAINING = Explaining(
    methods=explanations.METHODS,
    found="The map",
    schema=explanations.SCHEMA,
    draw=lambda pixels, found: explanations.overlay(pixels, found.grid),
)

# Found on photos of cats and dogs and on brain scans, see CONTRIBUTING.md.
_MEASURED = {
    "phase1": {"epochs": 20, "learning_rate": 3e-3, "schedule": "cosine"},
    "phase2": {"epochs": 10, "learning_rate": 3e-4, "schedule": "cosine"},
}

PRESETS: dict[str, Preset] = {
    "recommended": Preset("Recommended", "What did best on our data sets. A good start for most.", _MEASURED),
    "quick": Preset(
        "Quick look",
        "A first answer in under a minute: small pictures, few epochs.",
        {
            "image_size": 128,
            "unfreeze": "blocks:2",
            "phase1": {"epochs": 8, "learning_rate": 3e-3},
            "phase2": {"epochs": 4, "learning_rate": 3e-4, "schedule": "cosine"},
        },
    ),
    "tutorial": Preset(
        "Tutorial",
        "The classic recipe to the letter: VGG16 at 150 pixels, pixels divided by 255, the last four layers.",
        {
            "backbone": "VGG16",
            "image_size": 150,
            "preprocessing": "unit",
            "unfreeze": "layers:4",
            "head": {"pooling": "flatten", "hidden_units": 256, "dropout": 0.0},
            "phase1": {"epochs": 10, "learning_rate": 1e-3},
            "phase2": {"epochs": 10, "learning_rate": 1e-5},
            "early_stopping": False,
        },
    ),
    "medical": Preset(
        "Medical",
        "For scans: no mirroring or colour changes, mild rotation and contrast, rare classes weighed up, calibrated. "
        "This is no medical device.",
        {
            **_MEASURED,
            "class_weights": True,
            "calibrate": True,
            "augmentation": "views:2",
            "augment": {"flip": False, "rotation": 5.0, "zoom": 0.0, "shift": 0.0, "brightness": 0.0, "contrast": 0.1},
        },
    ),
}


def reads(data: Path) -> bool:
    """Whether a data set is of this modality; pictures take what no other task does."""
    return data.is_dir()


def refuse(config: RunConfig) -> None:
    """Raise ConfigError for settings that no pictures could mend."""
    row = catalog.backbone(config.backbone)
    if config.image_size and config.image_size < row.smallest_size:
        raise ConfigError(
            f"image_size must be at least {row.smallest_size} pixels for {row.key}. Received: {config.image_size}."
        )
    if config.head.pooling not in PICTURE_POOLINGS:
        raise ConfigError(unknown("pooling of pictures", config.head.pooling, PICTURE_POOLINGS))
    if config.lora_rank:
        raise ConfigError(
            "lora_rank must be 0 for pictures: LoRA goes beside attention layers, and their networks have none. "
            f"Received: {config.lora_rank}."
        )


def scan(config: RunConfig, progress: Progress | None = None, *, to_train: bool = True) -> scans.Scan:
    """What the data set of `config` holds.

    Raises:
        DataError: it cannot train a classifier (or score one, which asks for less), or does not tell the patients as
            the settings say.
    """
    found = scans.scan(config.data, progress=progress, to_train=to_train)
    if to_train:
        patients.patients(found, config)
    return found


def cached(config: RunConfig) -> scans.Scan | None:
    """An earlier scan of the data set of `config` if it still holds; None otherwise."""
    return scans.cached(config.data)


def prepare(config: RunConfig, progress: Progress | None = None) -> Manifest:
    """The manifest of a run: every usable picture with its class, split and content hash."""
    return folders.manifest(config, progress=progress)


def read(paths: Sequence[str | Path], config: RunConfig) -> Iterator[np.ndarray | DataError]:
    """The pixels of each file, uint8 `(H, W, 3)`, in order, or why there are none."""
    return decoded(paths, reading(config))


def examples(found: scans.Scan, config: RunConfig) -> Iterator[np.ndarray | DataError]:
    """The pixels of every picture of a scan, in order, or why there are none."""
    return read([Path(found.root) / file.path for file in found.files], config)


def received(sent: bytes, config: RunConfig) -> np.ndarray:
    """The pixels of a picture in a request, uint8 `(H, W, 3)`.

    Raises:
        TooLargeError: it holds more than SENT_PIXELS.
        DataError: it cannot be read.
    """
    _, _, (width, height), _ = inspect(sent)
    if width * height > SENT_PIXELS:
        raise TooLargeError(too_large(width, height, SENT_PIXELS))
    return read_pixels(sent, reading(config))


def blank() -> np.ndarray:
    """A black picture."""
    return np.zeros((224, 224, 3), np.uint8)


def explained(
    model: "keras.Model",
    answer: Callable[..., np.ndarray],
    manifest: Manifest,
    config: RunConfig,
    rows: Iterable[int],
    phase: int,
) -> Any:
    """What is found out about examples' answers once a phase has ended: nothing, heat maps are made on demand."""
    return {}


def explainer(predictors: "Predictors") -> Callable[[np.ndarray, str | None, str, int], Explanation]:
    """A function from pixels, class, method and phase to where the network looks."""
    from core.explain import Explainers

    explainers = Explainers(predictors.run)
    return lambda pixels, label, method, phase: explainers.of(phase).explain(pixels, label, method)


def recipe(config: RunConfig) -> dict[str, Any]:
    """What shapes a picture before the trunk sees it; part of the feature store's key."""
    shape: dict[str, Any] = {"image_size": image_size(config), "preprocessing": config.preprocessing}
    if reading(config) != AS_STORED:
        shape["reading"] = list(reading(config))
    if config.views:
        shape |= {"seed": config.seed, "augment": dataclasses.asdict(config.augment), "copies_by": "content"}
    return shape


def size(config: RunConfig) -> str:
    """How large the network sees a picture, in words."""
    return f"{image_size(config)} pixels a side"


def resized(numbers: int, config: RunConfig, structure: Mapping[str, Any]) -> int:
    """The same count: a network for pictures is described at the run's own size."""
    return numbers


def script(run: "Run", config: RunConfig, dataset: dict[str, Any]) -> str:
    """The standalone train.py of a run on pictures."""
    from core.exports import image_script

    return image_script.script(run, config, dataset)


def shown(told: "Story") -> Exhibit:
    """A run's pictures in its report."""
    from core.exports.image_examples import Pictures

    return Pictures(told)


if TYPE_CHECKING:
    from core.tasks import Task, image

    _GIVEN: Task = image  # the type checker compares this file with the list
