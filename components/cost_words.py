"""The cost of a run in a sentence or two."""

from components.nouns import noun
from components.numbers import megabytes
from core.config import RunConfig
from core.cost import Cost


def in_words(config: RunConfig, cost: Cost) -> str:
    """What is computed once, what is computed again, and what it takes on disk."""
    if config.augmentation == "live":
        return (
            "Live augmentation: every picture is changed anew and goes through the whole network in every epoch. "
            "Nothing is kept, so each epoch takes many times longer."
        )
    if not config.cache:
        return "Without the cache, the frozen part is computed again in every epoch."
    if not (cost.cached1 or cost.cached2):
        return "The frozen part would not fit into the cache (THAW_CACHE_GB): it is computed again in every epoch."
    about = f"about {megabytes(cost.megabytes)}"
    if not cost.cached1:
        return (
            "The features of phase 1 would not fit into the cache (THAW_CACHE_GB): there the frozen part is computed "
            f"again in every epoch. Phase 2 starts from the kept output of `{cost.cut}`: {about}."
        )
    one = noun(config.task)
    views = f"{config.views} changed copies of each {one} go" if config.views else f"Each {one} goes"
    once = f"{views} through the frozen part once, then only what learns is computed: {about}."
    if config.unfreeze == "none" or not config.phase2.epochs:
        return f"{once} There is no phase 2: the network stays frozen."
    if not cost.learns:
        return f"{once} Nothing in what is thawed can learn, so there is no phase 2."
    if not cost.cached2 and cost.cut:
        return (
            f"{once} The output of `{cost.cut}` would not fit into the cache (THAW_CACHE_GB): phase 2 trains plainly."
        )
    if not cost.cached2:
        return f"{once} Phase 2 thaws down to the input, so there it trains the plain, slower way."
    return f"{once} Phase 2 starts from the kept output of `{cost.cut}`."
