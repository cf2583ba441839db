"""How a phase will be trained: what learns, where the network is cut, and whether the frozen part is stored."""

from dataclasses import dataclass
from typing import Any

from core.config import RunConfig
from core.models.cuts import deepest_cut
from core.training.extract import array_specs
from core.training.network import Network
from core.training.store import FeatureStore, size_of, that_fit

CACHED, PLAIN = "cached", "plain"


@dataclass(frozen=True)
class Plan:
    """One phase's way to train."""

    phase: int
    thawed: frozenset[str]  # names of the base's layers that learn
    mode: str  # CACHED or PLAIN
    cut: Any | None  # where the learner begins in phase 2 when cached; None: at the features, or at the examples
    why: str  # a sentence for people
    size: int = 0  # bytes that it keeps in the store


def plan(
    phase: int,
    network: Network,
    config: RunConfig,
    thawed: frozenset[str],
    rows: int,
    store: FeatureStore,
    earlier: list[Plan],
) -> Plan:
    """The plan for a phase, after the `earlier` ones; `rows` is how many examples, copies included, it would store."""
    if not config.cache:
        return Plan(phase, thawed, PLAIN, None, "The cache is off: the frozen part is computed again every epoch.")
    if config.augmentation == "live":
        return Plan(phase, thawed, PLAIN, None, "Live augmentation: every epoch sees new copies, so nothing is stored.")
    cut = deepest_cut(network.base, thawed, network.side) if phase == 2 else None
    if phase == 2 and cut is None:
        return Plan(phase, thawed, PLAIN, None, "No cut lies below what learns: the whole network is trained plainly.")
    size = size_of(rows, array_specs(network, cut))
    sizes = [*(p.size for p in earlier), size]
    if not that_fit(sizes, store.limit)[-1]:
        beside = " in all" if sum(sizes) > size else ""
        return Plan(
            phase,
            thawed,
            PLAIN,
            None,
            f"The frozen part would take {sum(sizes) / 1e9:.1f} GB{beside} and the store holds "
            f"{store.limit / 1e9:.1f} GB (THAW_CACHE_GB): it is computed again every epoch.",
        )
    why = f"The frozen part is computed once and stored: {size / 1e6:,.0f} MB."
    return Plan(phase, thawed, CACHED, cut, why, size)


def without_room(p: Plan) -> Plan:
    """The plan where the store has no room beside what other runs keep in use."""
    why = "The store (THAW_CACHE_GB) has no room beside what other runs use: the frozen part is computed every epoch."
    return Plan(p.phase, p.thawed, PLAIN, None, why)
