"""Ready-made settings: plain data over the defaults of `RunConfig`. Each task brings its own."""

from dataclasses import replace
from typing import Any, NamedTuple

from core import tasks
from core.catalog import backbone
from core.config import RunConfig, check, from_json
from core.errors import ConfigError, unknown
from core.models import thaw
from core.models.structure import structure

THAWED_SHARE = 1 / 3  # of a network's blocks: five of EfficientNet-Lite0's sixteen did best on our data sets
BARE_RATE = 0.1  # of the fine-tuning rate, for a network without normalisation, which large steps ruin

LORA_RATE = 10.0  # of the rate that suits thawing: LoRA's few matrices start at nothing and bear larger steps


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
    return with_preset(RunConfig(task=task, backbone=tasks.task(task).DEFAULT_BACKBONE), name)


def with_preset(config: RunConfig, name: str) -> RunConfig:
    """The settings with what a preset sets in place of their own.

    Raises:
        ConfigError: there is no preset of that name.
    """
    known = presets(config.task)
    if name not in known:
        raise ConfigError(unknown("preset", name, known))
    return from_json({"preset": name, **known[name].settings}, config)


def with_backbone(config: RunConfig, key: str) -> RunConfig:
    """The settings moved to another backbone: its weights and size, as large a share of its blocks, a rate it bears.

    Layers counted one by one and rates of their own, as in the tutorial, stay as they are.
    """
    row = backbone(key)
    if key == config.backbone:
        return config
    changes: dict[str, Any] = {"backbone": key, "weights": "pretrained"}
    if config.image_size:
        changes["image_size"] = max(config.image_size, row.smallest_size)
    if config.unfreeze.startswith(("blocks:", "names:")):
        blocks, bare = _shape(key)
        changes["unfreeze"] = f"blocks:{max(1, round(THAWED_SHARE * blocks))}"
        factor = (BARE_RATE if bare else 1.0) / (BARE_RATE if _shape(config.backbone)[1] else 1.0)
        rate = float(f"{config.phase2.learning_rate * factor:.3g}")
        changes["phase2"] = replace(config.phase2, learning_rate=rate)
    return check(replace(config, **changes))


def with_lora(config: RunConfig, rank: int) -> RunConfig:
    """The settings with LoRA of a rank in place of thawing, or without it (0), at a rate that suits."""
    was, will = (LORA_RATE if lora else 1.0 for lora in (config.lora_rank, rank))
    rate = float(f"{config.phase2.learning_rate * will / was:.3g}")
    return check(replace(config, lora_rank=rank, phase2=replace(config.phase2, learning_rate=rate)))


def _shape(key: str) -> tuple[int, bool]:
    """How many blocks a backbone has, and whether it goes without normalisation."""
    described = structure(key, backbone(key).default_size)
    if described is None:  # a network that was not shipped with its structure
        return 3, False
    return len(thaw.block_names(described)), not any("Normalization" in x["type"] for x in described["layers"])
