"""What differs between modalities, one file each, and nothing else.

Every task is a module with the same names; `core.tasks.image` documents them. None imports TensorFlow at its
top, because the page asks tasks too: what needs it imports it where it is used.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from core.errors import ConfigError, unknown

TASKS = ("text", "image")  # in the order in which they look at a data set; the last one takes what is left


def task(name: str) -> ModuleType:
    """The module of a modality.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in TASKS:
        raise ConfigError(unknown("task", name, TASKS))
    return import_module(f"core.tasks.{name}")


def detect(data: str | Path) -> str:
    """The name of the modality of a data set, told by its files."""
    return next((name for name in TASKS[:-1] if task(name).reads(Path(data))), TASKS[-1])
