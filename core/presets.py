"""Ready-made settings: plain data over the defaults of `RunConfig`. Each task brings its own."""

from typing import Any, NamedTuple

from core import tasks
from core.config import RunConfig, from_json
from core.errors import ConfigError, unknown


class Preset(NamedTuple):
    """A named set of settings."""

    title: str
    summary: str  # one sentence for people
    settings: dict[str, Any]  # what differs from the defaults of RunConfig


def presets(task: str = "image") -> dict[str, Preset]:
    """The presets of a task by name."""
    return tasks.task(task).PRESETS


def preset(name: str, task: str = "image") -> RunConfig:
    """The settings of a preset.

    Raises:
        ConfigError: there is no preset of that name.
    """
    known = presets(task)
    if name not in known:
        raise ConfigError(unknown("preset", name, known))
    start = {"task": task, "preset": name, "backbone": tasks.task(task).DEFAULT_BACKBONE}
    return from_json({**start, **known[name].settings})
