import pytest

from core.config import HeadConfig, RunConfig
from core.cost import deepest_cut, estimate

STRUCTURE = {
    "feature_shape": [4, 4, 8],
    "layers": [
        {"name": "input", "thawable": 0, "cut": True, "output_shape": [16, 16, 3]},
        {"name": "a", "thawable": 10, "cut": True, "output_shape": [8, 8, 4]},
        {"name": "branch", "thawable": 10, "cut": False, "output_shape": [8, 8, 4]},
        {"name": "join", "thawable": 0, "cut": True, "output_shape": [4, 4, 8]},
        {"name": "b", "thawable": 10, "cut": True, "output_shape": [4, 4, 8]},
    ],
}


def test_the_cut_is_the_last_one_before_what_learns():
    assert deepest_cut(STRUCTURE, frozenset({"b"}))["name"] == "join"
    assert deepest_cut(STRUCTURE, frozenset({"branch", "b"}))["name"] == "a"


def test_there_is_no_cut_where_nothing_would_be_saved():
    assert deepest_cut(STRUCTURE, frozenset({"a"})) is None


def test_vectors_take_four_bytes_and_maps_two():
    cost = estimate(RunConfig(), STRUCTURE, frozenset({"b"}), 90, 10)
    assert cost.megabytes == 100 * (8 * 4 + 4 * 4 * 8 * 2) / 1e6
    flat = estimate(RunConfig(head=HeadConfig(pooling="flatten")), STRUCTURE, frozenset(), 90, 10)
    assert flat.megabytes == 100 * 4 * 4 * 8 * 4 / 1e6  # a vector too


def test_copies_multiply_the_training_pictures_alone():
    cost = estimate(RunConfig(augmentation="views:3"), STRUCTURE, frozenset(), 90, 10)
    assert cost.megabytes == (3 * 90 + 10) * 8 * 4 / 1e6
    assert cost.passes == 3


def test_live_augmentation_and_no_cache_keep_nothing():
    for config in (RunConfig(augmentation="live"), RunConfig(cache=False)):
        cost = estimate(config, STRUCTURE, frozenset({"b"}), 90, 10)
        assert (cost.cached1, cost.cached2, cost.megabytes, cost.passes) == (False, False, 0, 0)


def test_what_does_not_fit_into_the_store_is_not_kept(monkeypatch):
    monkeypatch.setenv("THAW_CACHE_GB", "0.00001")
    cost = estimate(RunConfig(), STRUCTURE, frozenset({"b"}), 90, 10)
    assert (cost.cached1, cost.cached2) == (True, False)
    monkeypatch.setenv("THAW_CACHE_GB", "0.000028")  # either of 3,200 and 25,600 bytes, but not both
    assert not estimate(RunConfig(), STRUCTURE, frozenset({"b"}), 90, 10).cached2


@pytest.mark.parametrize("pooling", ["avg", "flatten"])
def test_what_is_foretold_is_what_the_network_stores(pooling):
    from core import tasks
    from core.models.structure import structure
    from core.training.extract import array_specs
    from core.training.store import size_of

    config = RunConfig(weights="random", image_size=224, head=HeadConfig(pooling=pooling))
    network = tasks.task("image").build(config, 2)
    described, thawed = structure(config.backbone, 224), frozenset({"top_conv"})
    at_cut = network.base.get_layer(deepest_cut(described, thawed)["name"]).output
    stored = [size_of(100, array_specs(network, cut)) for cut in (None, at_cut)]
    assert estimate(config, described, thawed, 90, 10).megabytes == sum(stored) / 1e6
