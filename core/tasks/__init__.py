"""What differs between modalities, one file each, and nothing else."""

from importlib import import_module
from types import ModuleType

from core.errors import ConfigError, unknown

TASKS = ("image", "text")


def task(name: str) -> ModuleType:
    """The module of a modality; see `core.tasks.image` for what each offers.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in TASKS:
        raise ConfigError(unknown("task", name, TASKS))
    return import_module(f"core.tasks.{name}")
