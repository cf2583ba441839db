"""Before the start, the Train page says in a sentence what is kept and what is computed again."""

import pytest

from components.cost_words import in_words
from core.config import HeadConfig, RunConfig
from core.cost import estimate
from tests.core.test_cost import STRUCTURE

FEATURES = 100 * 8 * 4 / 1e9  # GB of phase 1; at the cut it takes 100 * 4 * 4 * 8 * 2 bytes


def words(monkeypatch, thawed=("b",), limit=1.0, **settings):
    monkeypatch.setenv("THAW_CACHE_GB", str(limit))
    config = RunConfig(**settings)
    return in_words(config, estimate(config, STRUCTURE, frozenset(thawed), 90, 10))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "Each picture goes through the frozen part once"),
        ({}, "Phase 2 starts from the kept output of `join`."),
        ({"augmentation": "views:3"}, "3 changed copies of each picture go through the frozen part once"),
        ({"augmentation": "live"}, "Nothing is kept, so each epoch takes many times longer."),
        ({"cache": False}, "Without the cache, the frozen part is computed again in every epoch."),
        ({"unfreeze": "none", "thawed": ()}, "There is no phase 2: the network stays frozen."),
        ({"thawed": ("a",)}, "Phase 2 thaws down to the input, so there it trains the plain, slower way."),
        ({"thawed": (), "unfreeze": "layers:1"}, "Nothing in what is thawed can learn, so there is no phase 2."),
        (
            {"head": HeadConfig(pooling="flatten"), "limit": 300e-7},
            "The features of phase 1 would not fit into the cache (THAW_CACHE_GB): there the frozen part is computed "
            "again in every epoch. Phase 2 starts from the kept output of `join`",
        ),
        ({"limit": 0}, "would not fit into the cache (THAW_CACHE_GB): it is computed again in every epoch."),
        ({"limit": 2 * FEATURES}, "The output of `join` would not fit into the cache (THAW_CACHE_GB): phase 2 trains"),
    ],
)
def test_what_is_planned_is_said(settings, said, monkeypatch):
    assert said in words(monkeypatch, **settings)


def test_what_is_kept_is_told_in_megabytes(monkeypatch):
    monkeypatch.setenv("THAW_CACHE_GB", "1")
    config = RunConfig()
    cost = estimate(config, STRUCTURE, frozenset({"b"}), 90_000, 10_000)
    assert ": about 29 MB." in in_words(config, cost)  # (8 * 4 + 4 * 4 * 8 * 2) * 100,000
