"""Which layers a choice of `unfreeze` thaws, and how many parameters then train. Without TensorFlow."""

from math import prod
from typing import Any

from core.config import HeadConfig, RunConfig
from core.errors import ConfigError, unknown
from core.models.blocks import BESIDE, STEM

Structure = dict[str, Any]  # as core.models.describe makes it


def learning(config: RunConfig, structure: Structure) -> frozenset[str]:
    """The names of the layers that learn in phase 2: thawed, or through LoRA, which goes beside attention alone.

    Raises:
        ConfigError: as for `resolve`, or there is no attention in what LoRA is to go beside.
    """
    chosen = resolve(config.unfreeze, structure)
    if not config.lora_rank or not chosen:
        return chosen
    adapted = chosen & frozenset(structure.get("lora", ()))
    if not adapted:
        raise ConfigError(
            "LoRA goes beside attention layers, and what unfreeze chooses has none: choose blocks, or set lora_rank to "
            f"0. Received: {config.unfreeze!r}."
        )
    return adapted


def resolve(unfreeze: str, structure: Structure) -> frozenset[str]:
    """The names of the layers that learn in phase 2.

    `blocks:N` takes the last N blocks of the network's paper and what comes after them (the `top`); the stem is
    thawed by `all`. `layers:N` takes the last N of `base.layers`, as the tutorial's `base_model.layers[-N:]`.
    Layers without weights that could train, BatchNormalization among them, are left out.

    Raises:
        ConfigError: a name is unknown, a count goes beyond the network, or the text is of none of these forms.
    """
    chosen = selected(unfreeze, structure)
    return frozenset(row["name"] for row in structure["layers"] if row["name"] in chosen and row["thawable"])


def selected(unfreeze: str, structure: Structure) -> frozenset[str]:
    """The names of all layers that `unfreeze` speaks of, whether or not they have weights.

    Raises:
        ConfigError: as for `resolve`.
    """
    kind, _, rest = unfreeze.partition(":")
    layers = structure["layers"]
    if unfreeze == "none":
        return frozenset()
    if unfreeze == "all":
        return frozenset(row["name"] for row in layers)
    if kind == "layers":
        n = _count(rest, len(layers), "layers", structure)
        return frozenset(row["name"] for row in layers[len(layers) - n :])
    if kind == "blocks":
        return _last_blocks(rest, structure)
    if kind == "names" and rest:
        return _by_name(rest.split(","), layers)
    raise ConfigError(f"unfreeze must be none, all, blocks:N, layers:N or names:a,b,c. Received: {unfreeze!r}.")


def block_names(structure: Structure) -> list[str]:
    """The blocks that `blocks:N` counts: those of the paper, without stem and top."""
    return [row["name"] for row in structure["blocks"] if row["name"] not in BESIDE]


def counts(structure: Structure, config: RunConfig, n_classes: int) -> dict[str, int]:
    """How many parameters train in each phase, and how many the whole network has.

    Returns:
        `phase1`: those of the head. `phase2`: those of the head and of the thawed layers, without
        BatchNormalization, which stays frozen, or of LoRA in their place. `total`: all of the saved network.

    Raises:
        ConfigError: as for `learning`.
    """
    phase1 = head_parameters(config.head, structure["feature_shape"], n_classes)
    phase2 = phase1 + sum(learners(structure, config).values())
    return {"phase1": phase1, "phase2": phase2, "total": phase1 + sum(row["params"] for row in structure["layers"])}


def learners(structure: Structure, config: RunConfig) -> dict[str, int]:
    """The layers that learn in phase 2, and how many parameters each has that do.

    Raises:
        ConfigError: as for `learning`.
    """
    chosen = learning(config, structure)
    able = {row["name"]: row["thawable"] for row in structure["layers"]}
    return {name: structure["lora"][name] * config.lora_rank if config.lora_rank else able[name] for name in chosen}


def head_parameters(head: HeadConfig, feature_shape: list[int], n_classes: int) -> int:
    """How many weights the head has on features `(h, w, C)` of pictures or `(L, C)` of texts. All of them train."""
    n_features = prod(feature_shape) if head.pooling == "flatten" else feature_shape[-1]
    outputs = 1 if n_classes == 2 else n_classes
    if head.hidden_units:
        return (n_features + 1) * head.hidden_units + (head.hidden_units + 1) * outputs
    return (n_features + 1) * outputs


def _count(text: str, most: int, what: str, structure: Structure) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise ConfigError(f"{structure['backbone']} has {most} {what}; unfreeze takes 0 to {most}. Received: {text!r}.")
    return int(text)


def _last_blocks(text: str, structure: Structure) -> frozenset[str]:
    blocks = block_names(structure)
    n = _count(text, len(blocks), "blocks", structure)
    if n == 0:
        return frozenset()
    frozen = {STEM, *blocks[: len(blocks) - n]}
    return frozenset(row["name"] for row in structure["layers"] if row["block"] not in frozen)


def _by_name(names: list[str], layers: list[dict[str, Any]]) -> frozenset[str]:
    known = [row["name"] for row in layers]
    for name in names:
        if name not in known:
            raise ConfigError(unknown("layer", name, known))
    return frozenset(names)
