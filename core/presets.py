"""Ready-made settings, as plain data over the defaults of `RunConfig`."""

from typing import Any, NamedTuple

from core.config import RunConfig, from_json
from core.errors import ConfigError, unknown


class Preset(NamedTuple):
    """A named set of settings."""

    title: str
    summary: str  # one sentence for people
    settings: dict[str, Any]  # what differs from the defaults of RunConfig


PRESETS: dict[str, Preset] = {
    "recommended": Preset("Recommended", "What did best on our three data sets. A good start for most.", {}),
    "quick": Preset(
        "Quick look",
        "A first answer in under a minute: small pictures, few epochs.",
        {
            "image_size": 128,
            "unfreeze": "blocks:2",
            "phase1": {"epochs": 8, "learning_rate": 3e-3},
            "phase2": {"epochs": 4},
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
        "For scans: no mirroring or colour changes, rare classes weighed up. This is no medical device.",
        {
            "class_weights": True,
            "augment": {"flip": False, "rotation": 5.0, "zoom": 0.0, "shift": 0.0, "brightness": 0.0, "contrast": 0.1},
        },
    ),
}


def preset(name: str) -> RunConfig:
    """The settings of a preset.

    Raises:
        ConfigError: there is no preset of that name.
    """
    if name not in PRESETS:
        raise ConfigError(unknown("preset", name, PRESETS))
    return from_json({**PRESETS[name].settings, "preset": name})
