"""What is stored under which key: whatever shapes the frozen part's output changes it, and nothing else does."""

import shutil

import numpy as np
import pytest
from PIL import Image

from core import catalog, tasks
from core.config import from_json
from core.models import thaw
from core.models.cuts import deepest_cut
from core.models.describe import describe
from core.run_list import create_run
from core.training.examples import Examples
from core.training.extract import Target
from core.training.reporter import Reporter
from tests.core.conftest import make_pictures


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """Pictures whose split is given by their folders, so that the seed does not change it."""
    root = tmp_path_factory.mktemp("split")
    for seed, name in enumerate(("train", "validation")):
        make_pictures(root / name, ["a", "b"], 6, seed)
    return root


def examples_of(data, **settings):
    config = from_json({"data": str(data), "task": "image", "image_size": 32, "unfreeze": "blocks:1", **settings})
    run = create_run(config, {})
    reporter = Reporter(run)
    try:
        return config, Examples(run, config, tasks.task("image"), reporter)
    finally:
        reporter.close("done")


def keys(data, **settings):
    """The keys of a run's features and of its activations at the cut, as the trainer makes them."""
    config, examples = examples_of(data, **settings)
    network = tasks.task("image").build(config, examples.n_classes)
    structure = describe(network.base, catalog.backbone(config.backbone), network.side)
    cut = deepest_cut(network.base, thaw.learning(config, structure), network.side)
    assert cut is not None
    rows = examples.stored_rows()
    return Target(network, None, rows).key, Target(network, cut, rows).key


@pytest.fixture(scope="module")
def usual(split, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_RUNS", str(tmp_path_factory.mktemp("usual") / "runs"))
        return keys(split), keys(split, augmentation="views:2")


SHAPING = [
    {"image_size": 64},
    {"preprocessing": "unit"},
    {"weights": "random"},
    {"augmentation": "views:2"},
]
OF_COPIES = [{"augmentation": "views:3"}, {"seed": 8}, {"augment": {"rotation": 20.0}}]
NEUTRAL = [
    {"head": {"hidden_units": 8, "dropout": 0.5}},
    {"phase1": {"learning_rate": 0.01}, "phase2": {"epochs": 9}},
    {"seed": 8},
    {"augment": {"rotation": 20.0}},
    {"batch_size": 4},
]


@pytest.mark.parametrize("change", SHAPING, ids=str)
def test_what_shapes_the_frozen_part_changes_both_keys(change, split, usual):
    features, at_cut = keys(split, **change)
    assert features != usual[0][0]
    assert at_cut != usual[0][1]


@pytest.mark.parametrize("change", OF_COPIES, ids=str)
def test_what_shapes_the_copies_changes_both_keys(change, split, usual):
    features, at_cut = keys(split, **{"augmentation": "views:2", **change})
    assert features != usual[1][0]
    assert at_cut != usual[1][1]


@pytest.mark.parametrize("change", NEUTRAL, ids=str)
def test_another_head_rate_or_seed_finds_what_is_stored(change, split, usual):
    assert keys(split, **change) == usual[0]


def test_another_cut_changes_its_key_alone(split, usual):
    features, at_cut = keys(split, unfreeze="blocks:3")
    assert features == usual[0][0]
    assert at_cut != usual[0][1]


@pytest.mark.parametrize("where", ["train", "validation"])
def test_another_content_under_the_same_name_changes_both_keys(where, split, usual, tmp_path):
    data = shutil.copytree(split, tmp_path / "data")
    assert keys(data) == usual[0]  # elsewhere, with other times
    Image.new("RGB", (50, 50), (1, 2, 3)).save(data / where / "a" / "a 1.png")
    features, at_cut = keys(data)
    assert features != usual[0][0]
    assert at_cut != usual[0][1]


def test_copies_lie_in_the_store_where_training_looks_for_them(split):
    _, examples = examples_of(split, augmentation="views:3")
    stored, train, held_out = examples.stored_rows(), examples.rows("train"), examples.rows("validation")
    places = examples.positions(train, copies=True)  # (3, n)
    assert (stored.index[places] == train).all()
    assert (stored.views[places] == np.arange(3)[:, None]).all()
    assert (stored.index[examples.positions(held_out)] == held_out).all()
    assert (stored.views[examples.positions(held_out)] == -1).all()
