"""What a run computes of the frozen part, and what it takes from the store."""

import numpy as np
import pytest

from core import tasks
from core.config import from_json
from core.exports.train_script import script
from core.files import read_json, write_json
from core.models.cuts import cut_points
from core.run_list import create_run
from core.training import extract, network
from core.training.batches import loaded
from core.training.examples import Examples
from core.training.extract import FROM_STORED as ONWARD
from core.training.extract import ONCE, Target, activations
from core.training.reporter import Reporter
from core.training.store import FeatureStore
from core.training.trainer import train
from tests.core.conftest import make_pictures
from tests.core.text_data import needs_minilm, small_encoder, write_reviews


def run_of(data, **settings):
    """A finished run whose result depends on nothing but its settings."""
    small = {"task": "image", "image_size": 32, "unfreeze": "blocks:1", "head": {"dropout": 0.0}}
    short = {"phase1": {"epochs": 2}, "phase2": {"epochs": 2}}
    run = create_run(from_json({"data": str(data), **small, **short, **settings}), {})
    train(run, Reporter(run))
    assert run.status()["state"] == "done"
    return run


def passes(run):
    """What was computed of the frozen part, in order."""
    stages = [event["message"] for event in run.events(("stage",))]
    return [stage.partition(":")[0] for stage in stages if stage.startswith("Computing")]


def built(tmp_path, image_size):
    """A run on twenty pictures, its examples, the network and the rows that are stored."""
    data = make_pictures(tmp_path / "data", ["a", "b"], 10)
    config = from_json({"data": str(data), "task": "image", "image_size": image_size})
    examples = Examples(run := create_run(config, {}), config, tasks.task("image"), Reporter(run))
    return run, examples, tasks.task("image").build(config, 2), examples.stored_rows()


def keras_says(trunk, examples, rows):
    """The answers of a network to all examples, batch by batch."""
    pictures = loaded(examples.source, rows.index, rows.views, 32)
    return np.concatenate([trunk.predict_on_batch(x) for (x,), _ in pictures])


def assert_alike(one, other):
    """That both say nearly the same of the same examples after phase 2."""
    tables = [
        {row["path"]: [float(v) for k, v in row.items() if k.startswith("p2:")] for row in run.predictions()}
        for run in (one, other)
    ]
    assert tables[0].keys() == tables[1].keys()
    np.testing.assert_allclose(list(tables[0].values()), list(tables[1].values()), atol=0.01)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory):
    """Pictures of three classes, one of them broken inside."""
    data = make_pictures(tmp_path_factory.mktemp("spoilt"), ["a", "b", "c"], 10)
    good = (data / "a" / "a 0.jpg").read_bytes()
    (data / "a" / "broken inside.jpg").write_bytes(good[:300] + b"\xff\xd9" * 20 + good[-2:])
    return data


def test_a_later_cut_is_computed_from_a_stored_earlier_one(spoilt, tmp_path, monkeypatch):
    assert passes(run_of(spoilt, unfreeze="blocks:2")) == [ONCE]  # for both phases
    second = run_of(spoilt)
    assert passes(second) == [ONWARD]
    assert passes(run_of(spoilt)) == []
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cold"))
    alone = run_of(spoilt)
    assert passes(alone) == [ONCE]
    assert_alike(second, alone)


def test_every_run_on_maps_that_were_computed_from_stored_ones_hears_of_it(tmp_path, monkeypatch):
    """Also one that finds them as another run left them, and one that forgot its events when it was resumed."""
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))
    data = make_pictures(tmp_path / "data", ["a", "b"], 10)
    early, made, used = (run_of(data, unfreeze=what) for what in ("blocks:2", "blocks:1", "blocks:1"))
    assert [passes(run) for run in (early, made, used)] == [[ONCE], [ONWARD], []]
    twice = [[e["message"] for e in run.events(("note",)) if "stored_from" in e] for run in (early, made, used)]
    assert twice[0] == []
    assert len(twice[1]) == 1
    assert twice[1] == twice[2]
    assert ["rounded there too" in script(run) for run in (early, made, used)] == [False, True, True]


def _mark_unreadable(tensors):
    """As after a pass during which a drive was away: of the stored entry with these tensors."""
    (key,) = [entry["key"] for entry in FeatureStore().entries() if entry["about"]["tensors"] == tensors]
    file = FeatureStore().folder / key / "meta.json"
    write_json(file, {**read_json(file), "unreadable": [3]})
    return file


def test_an_example_that_could_not_be_read_once_is_tried_again_before_the_store_serves(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))
    data = make_pictures(tmp_path / "data", ["a", "b"], 10)
    run_of(data, unfreeze="none")
    file = _mark_unreadable("features")
    again = run_of(data, unfreeze="none")
    assert passes(again) == [ONCE]
    assert len(again.dataset()["files"]) == 20
    assert read_json(file)["unreadable"] == []


def test_nothing_is_computed_on_from_a_picture_that_could_not_be_read_once(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))
    data = make_pictures(tmp_path / "data", ["a", "b"], 10)
    run_of(data, unfreeze="blocks:2")
    (cut,) = {entry["about"]["tensors"] for entry in FeatureStore().entries()} - {"features"}
    _mark_unreadable(cut)
    again = run_of(data)
    assert passes(again) == [ONCE]
    assert len(again.dataset()["files"]) == 20
    assert not any("Left out" in event["message"] for event in again.events(("note",)))
    assert not any(read_json(file)["unreadable"] for file in tmp_path.glob("cache/features/*/meta.json"))


def test_a_further_pass_is_announced_and_goes_on_with_what_fitted_and_no_look_follows_it(tmp_path, monkeypatch):
    """Where the memory is scarce, and an example that could not be read seems to be back after every pass."""
    sizes, looks = [], []

    def scarce(source, rows, views, batch):
        sizes.append(batch)
        if batch > 8:
            raise MemoryError
        return loaded(source, rows, views, batch)

    monkeypatch.setattr(extract.batches, "loaded", scarce)
    monkeypatch.setattr(extract, "_readable_now", lambda *lost: looks.append(lost) or True)
    run, examples, parts, rows = built(tmp_path, 32)
    targets, store = [Target(parts, None, rows)], FeatureStore(tmp_path / "store")
    activations(parts, examples.source, rows, targets, store, Reporter(run))
    assert sizes == [32, 16, 8, 8]
    assert len([note for note in run.events(("note",)) if "memory" in note["message"]]) == 2
    assert passes(run) == [ONCE, ONCE]
    assert len(looks) == 1


def test_what_another_run_reads_serves_this_one_too_with_what_it_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))
    data = make_pictures(tmp_path / "data", ["a", "b"], 10)
    run_of(data, unfreeze="none")
    file = _mark_unreadable("features")
    other = FeatureStore().find(file.parent.name)
    try:
        again = run_of(data, unfreeze="none")
    finally:
        other.close()
    assert passes(again) == []
    assert len(again.dataset()["files"]) == 19


def test_maps_are_what_keras_says_to_the_bit_however_many_there_are(tmp_path, monkeypatch):
    """Folded BatchNormalization would round some of them otherwise."""
    monkeypatch.setattr(network, "FEW", 1)
    run, examples, parts, rows = built(tmp_path, 64)
    target = Target(parts, cut_points(parts.base)[-6], rows)
    found = activations(parts, examples.source, rows, [target], FeatureStore(tmp_path / "store"), Reporter(run))
    expected = keras_says(parts.trunk(target.cut, features=False), examples, rows)
    np.testing.assert_array_equal(found.entries[0].mapped(0), expected.astype("float16"))


def test_features_that_were_folded_for_phase_1_alone_are_computed_anew_where_phase_2_follows(tmp_path, monkeypatch):
    monkeypatch.setattr(network, "FEW", 1)
    run, examples, parts, rows = built(tmp_path, 64)
    target, store = Target(parts, None, rows), FeatureStore(tmp_path / "store")

    def stored(exact):
        reporter = Reporter(create_run(run.config(), {}))
        found = activations(parts, examples.source, rows, [target], store, reporter, exact=exact)
        return passes(reporter.run), found.entries[0].mapped(0).copy()

    assert [stored(exact=False)[0] for _ in range(2)] == [[ONCE], []]
    done, features = stored(exact=True)
    assert done == [ONCE]
    np.testing.assert_array_equal(features, keras_says(parts.trunk(None, features=True), examples, rows))
    assert [stored(exact)[0] for exact in (True, False)] == [[], []]


@needs_minilm
def test_texts_go_on_from_a_stored_cut_with_their_masks(tmp_path):
    settings = {"task": "text", "backbone": "MiniLM", "sequence_length": 16}
    config = from_json({"data": str(write_reviews(tmp_path / "reviews.csv")), **settings})
    run = create_run(config, {})
    examples = Examples(run, config, tasks.task("text"), Reporter(run))
    parts, rows = tasks.task("text").build(config, 2), examples.stored_rows()
    early, late = (Target(parts, cut, rows) for cut in cut_points(parts.base, parts.side)[-3:-1])

    def stored(target, store):
        reporter = Reporter(create_run(config, {}))
        found = activations(parts, examples.source, rows, [target], FeatureStore(tmp_path / store), reporter)
        return passes(reporter.run), [found.entries[0].mapped(i) for i in range(len(target.specs))]

    assert stored(early, "one")[0] == [ONCE]
    (by, onward), (_, whole) = stored(late, "one"), stored(late, "other")
    assert by == [ONWARD]
    assert len(onward) == 2
    np.testing.assert_array_equal(onward[1], whole[1])
    inside = whole[1].astype(bool)  # what lies beyond a text's end is not looked at
    np.testing.assert_allclose(onward[0][inside], whole[0][inside], atol=0.02)
    assert np.abs(whole[0][inside]).mean() > 0.1


@needs_minilm
def test_each_pooling_of_texts_has_features_of_its_own(tmp_path):
    """Two of them are made of operations that are no layers, on the same weights, and give vectors of one width."""
    settings = {"task": "text", "backbone": "MiniLM", "sequence_length": 16}
    data = str(write_reviews(tmp_path / "reviews.csv"))

    def key(pooling):
        config = from_json({"data": data, **settings, "head": {"pooling": pooling}})
        examples = Examples(run := create_run(config, {}), config, tasks.task("text"), Reporter(run))
        return Target(tasks.task("text").build(config, 2), None, examples.stored_rows()).key

    found = [key(pooling) for pooling in ("avg", "max", "cls", "max")]
    assert found[1] == found[3]
    assert len(set(found)) == 3


def test_texts_come_to_the_same_with_and_without_the_store(tmp_path):
    """Both ways see the texts in one order, in phase 1 too, where what is stored has no length."""
    encoder, data = small_encoder(tmp_path / "encoder"), write_reviews(tmp_path / "reviews.csv", 60)
    small = {"task": "text", "backbone": "bert_tiny_en_uncased", "weights": str(encoder), "sequence_length": 16}
    kept, plain = (run_of(data, **small, batch_size=8, cache=cache) for cache in (True, False))
    assert [[e["mode"] for e in run.events(("phase",))] for run in (kept, plain)] == [["cached"] * 2, ["plain"] * 2]
    for one, other in zip(kept.events(("epoch",)), plain.events(("epoch",)), strict=True):
        assert one["val_accuracy"] == pytest.approx(other["val_accuracy"], abs=0.005)
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-4 if one["phase"] == 1 else 0.01)


def test_where_everything_is_thawed_phase_2_trains_plainly_and_says_so(spoilt):
    one, two = run_of(spoilt, unfreeze="all").events(("phase",))
    assert (one["mode"], two["mode"]) == ("cached", "plain")
    assert two["message"] == "No cut lies below what learns: the whole network is trained plainly."


def test_constants_and_variables_train_and_judge_alike(spoilt, monkeypatch):
    """A few examples go through the variables, many through constants with BatchNormalization folded into them."""
    monkeypatch.setattr(network, "FEW", 10**6)
    plain = run_of(spoilt, cache=False)
    monkeypatch.setattr(network, "FEW", 1)
    assert_alike(plain, run_of(spoilt))
