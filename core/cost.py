"""What a choice of thawing and augmentation will cost in disk and passes, told before the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from core import catalog, environment, tasks
from core.config import RunConfig
from core.training.store import as_stored, that_fit


@dataclass(frozen=True)
class Cost:
    """What the frozen part of a run costs."""

    learns: bool  # whether anything of the network learns in phase 2; without that there is none
    cut: str | None  # the layer whose activations phase 2 starts from, None where nothing can be cut
    cached1: bool  # whether phase 1 trains on kept features
    cached2: bool  # whether phase 2 trains on kept activations
    megabytes: float  # on disk, for both phases
    passes: int  # how often every picture goes through the frozen part for the caches, 0 without one


def estimate(
    config: RunConfig, structure: Mapping[str, Any], thawed: frozenset[str], n_train: int, n_held_out: int
) -> Cost:
    """Disk and passes of a run.

    Args:
        config: its settings.
        structure: blocks and layers, as `core.models.structure` describes them.
        thawed: names of the layers that learn in phase 2.
        n_train: pictures that it learns from.
        n_held_out: pictures that it is judged by.
    """
    live = config.augmentation == "live"
    keeps = config.cache and not live
    learns = bool(thawed and config.phase2.epochs)
    cut = deepest_cut(structure, thawed) if learns else None
    views = config.views or 1
    pictures = n_train * views + n_held_out
    one = _feature_bytes(config, structure)
    two = as_stored(tuple(cut["output_shape"])).row_bytes if cut else 0
    two = tasks.task(catalog.backbone(config.backbone).task).resized(two, config, structure)
    sizes = [pictures * size if keeps else 0 for size in (one, two)]
    fit = that_fit(sizes, environment.cache_bytes())
    needed = [size if fits else 0 for size, fits in zip(sizes, fit, strict=True)]
    return Cost(
        learns=learns,
        cut=cut["name"] if cut else None,
        cached1=needed[0] > 0,
        cached2=needed[1] > 0,
        megabytes=sum(needed) / 1e6,
        passes=views if any(needed) else 0,
    )


def deepest_cut(structure: Mapping[str, Any], thawed: frozenset[str]) -> Mapping[str, Any] | None:
    """The last layer through which everything goes before the first thawed one.

    None where there is none, or where nothing that could learn lies before it: keeping its output would save nothing.
    """
    last, worth = None, False
    for layer in structure["layers"]:
        if layer["name"] in thawed:
            break
        worth = worth or bool(layer["thawable"])
        if layer["cut"] and worth:
            last = layer
    return last


def _feature_bytes(config: RunConfig, structure: Mapping[str, Any]) -> int:
    """Bytes of one example's features in phase 1: a vector, of the map's channels or of all its numbers."""
    shape = structure["feature_shape"]
    return as_stored((prod(shape) if config.head.pooling == "flatten" else shape[-1],)).row_bytes
