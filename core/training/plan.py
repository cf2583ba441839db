"""How a phase will be trained: what learns, where the network is cut, and whether the frozen part is stored."""

from dataclasses import dataclass
from typing import Any

from core.config import RunConfig
from core.models.cuts import deepest_cut
from core.training.extract import array_specs
from core.training.network import Network
from core.training.store import FeatureStore

CACHED, PLAIN = "cached", "plain"


@dataclass(frozen=True)
class Plan:
    """One phase's way to train."""

    phase: int
    thawed: frozenset[str]  # names of the base's layers that learn
    mode: str  # CACHED or PLAIN
    cut: Any | None  # where the learner begins in phase 2 when cached; None: at the features, or at the examples
    why: str  # a sentence for people


def plan(
    phase: int, network: Network, config: RunConfig, thawed: frozenset[str], rows: int, store: FeatureStore
) -> Plan:
    """The plan for a phase. `rows` is how many examples, copies included, the store would hold."""
    if not config.cache:
        return Plan(phase, thawed, PLAIN, None, "The cache is off: the frozen part is computed again every epoch.")
    if config.augmentation == "live":
        return Plan(phase, thawed, PLAIN, None, "Live augmentation: every epoch sees new copies, so nothing is stored.")
    cut = deepest_cut(network.base, thawed, network.side) if phase == 2 else None
    if phase == 2 and cut is None:
        return Plan(phase, thawed, PLAIN, None, "No cut lies below what learns: the whole network is trained plainly.")
    specs = array_specs(network, cut)
    size = rows * sum(spec.row_bytes for spec in specs) / 1e9
    if not store.fits(rows, specs):
        return Plan(
            phase,
            thawed,
            PLAIN,
            None,
            f"The frozen part would take {size:.1f} GB and the store holds {store.limit / 1e9:.1f} GB "
            "(THAW_CACHE_GB): it is computed again every epoch.",
        )
    return Plan(phase, thawed, CACHED, cut, f"The frozen part is computed once and stored: {size * 1000:,.0f} MB.")
