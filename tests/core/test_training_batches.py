"""Batches of texts: of about one length, cropped to what is in them, in another order each epoch."""

import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from core.config import PhaseConfig
from core.training import batches
from core.training.fitting import WarmupThenLinear, optimizer
from core.training.store import ArraySpec, FeatureStore

N, LONGEST, BATCH = 200, 64, 8
LENGTHS = np.random.default_rng(0).integers(2, LONGEST + 1, N)
MASKS = (np.arange(LONGEST) < LENGTHS[:, None]).astype("int32")  # (N, L)
WINDOW = batches.WINDOW * BATCH


class Texts:
    """A source whose token ids name the text that they are of."""

    specs = (tf.TensorSpec((None, None), tf.int32),) * 2
    notes = ()
    lengths = LENGTHS
    masks = tf.constant(MASKS)

    def load(self, index):
        mask = tf.gather(self.masks, index)
        return (mask * (1 + index[:, None]), mask), tf.ones_like(index, tf.bool)

    def augment(self, tensors, keys, view):
        return tensors


@pytest.fixture(scope="module")
def entry(tmp_path_factory):
    """The same as stored activations."""
    store = FeatureStore(tmp_path_factory.mktemp("store"), 10**8)
    writer = store.create("a", N, [ArraySpec((LONGEST,), "int32")] * 2, {"examples": N})
    writer.append([MASKS * np.arange(1, N + 1)[:, None].astype("int32"), MASKS], np.ones(N, bool))
    return writer.commit()


def made(kind, entry, order):
    labels = np.zeros((N, 1), "float32")
    if kind == "stored":
        return batches.stored(entry, np.arange(N)[None], labels, BATCH, order, LENGTHS)
    return batches.fresh(Texts(), np.arange(N), labels, BATCH, order)


def epoch(data):
    """Of each batch its texts, and how wide it is."""
    return [(ids[:, 0].numpy() - 1, ids.shape[1], mask.shape[1]) for (ids, mask), _ in data]


@pytest.mark.parametrize("kind", ["stored", "fresh"])
def test_each_batch_is_cropped_to_its_longest_text(kind, entry):
    for order in (None, batches.EpochOrder(3, LENGTHS)):
        seen = epoch(made(kind, entry, order))
        assert sorted(np.concatenate([rows for rows, _, _ in seen])) == list(range(N))
        assert all(ids == mask == LENGTHS[rows].max() for rows, ids, mask in seen)


@pytest.mark.parametrize("kind", ["stored", "fresh"])
def test_training_pads_little_and_shuffles_anew_each_epoch(kind, entry):
    order = batches.EpochOrder(3, LENGTHS)
    data, tokens = made(kind, entry, order), []
    for n in (0, 1, 0):
        order.epoch.assign(n)
        seen = epoch(data)
        tokens.append(np.concatenate([rows for rows, _, _ in seen]).tolist())
        computed = sum(len(rows) * width for rows, width, _ in seen)
        assert computed < 1.15 * LENGTHS.sum() < 0.7 * N * LONGEST
        assert [len(rows) for rows, _, _ in seen] == [BATCH] * (N // BATCH)
        assert np.ptp([width for _, width, _ in seen[:3]]) > 0  # not the shortest first
    assert tokens[0] == tokens[2] != tokens[1]


def operations(data):
    """The kinds of all operations of a data set and of the functions in it."""
    kinds = set()
    for function in data._functions():
        graph = function.function.graph.as_graph_def()
        nodes = [*graph.node, *(node for inner in graph.library.function for node in inner.node_def)]
        kinds |= {node.op for node in nodes}
    return kinds.union(*map(operations, data._inputs()))


def test_no_python_runs_between_the_store_and_the_network(entry):
    data = made("stored", entry, batches.EpochOrder(3, LENGTHS))
    found = operations(data)
    assert {"GatherV2", "StatelessShuffle"} <= found
    assert not [kind for kind in found if "PyFunc" in kind]
    by_python = data.map(lambda x, y: tf.numpy_function(np.abs, [y], tf.float32))
    assert [kind for kind in operations(by_python) if "PyFunc" in kind]


def test_no_tuner_sleeps_on_when_the_examples_end(entry):
    pipelines = [
        made("stored", entry, None),
        made("fresh", entry, None),
        batches.loaded(Texts(), np.arange(N), np.full(N, -1), BATCH),
    ]
    for data in pipelines:
        assert data.options().autotune.enabled is False


def test_an_order_by_length_holds_every_example_once_with_the_odd_ones_last():
    for n in (1, BATCH - 1, BATCH, 3 * WINDOW + 5):
        lengths = np.random.default_rng(n).integers(2, 65, n)
        order = batches.EpochOrder(0).by_length(lengths, BATCH).numpy()
        assert sorted(order) == list(range(n))
        whole = lengths[order[: n // BATCH * BATCH]].reshape(-1, BATCH)
        assert (np.diff(whole) >= 0).all()  # within a batch by length


def test_a_reading_order_is_by_length_within_each_window():
    rows = np.random.default_rng(1).permutation(N)[:150]
    order = batches.reading_order(LENGTHS, rows, 60)
    assert [sorted(order[i : i + 60]) for i in (0, 60, 120)] == [
        list(range(60)), list(range(60, 120)), list(range(120, 150))
    ]  # fmt: skip
    for i in (0, 60, 120):
        assert (np.diff(LENGTHS[rows[order[i : i + 60]]]) >= 0).all()
    assert batches.reading_order(None, rows, 60).tolist() == list(range(150))
    assert not len(batches.reading_order(LENGTHS, rows[:0], 60))


def test_reading_crops_too_and_pictures_are_left_whole():
    rows = batches.reading_order(LENGTHS, np.arange(N), N)
    widths = [mask.shape[1] for (_, mask), _ in batches.loaded(Texts(), rows, np.full(N, -1), BATCH)]
    assert widths == [LENGTHS[rows[i : i + BATCH]].max() for i in range(0, N, BATCH)]
    whole = (tf.zeros((2, LONGEST)),)
    assert batches._cropping(None)(whole, tf.constant([0, 1])) is whole


def test_the_rate_climbs_to_its_peak_and_falls_in_a_line_to_zero():
    rate = WarmupThenLinear(0.5, 4, 20)
    rates = np.array([float(rate(step)) for step in range(21)])
    np.testing.assert_allclose(rates[:4], [0.125, 0.25, 0.375, 0.5], rtol=1e-6)
    assert rates.argmax() == 3
    np.testing.assert_allclose(np.diff(rates[4:]), -0.5 / 16, rtol=1e-4)
    assert rates[19] == pytest.approx(0.5 / 16)  # the last step still learns
    assert rates[20] == 0.0
    assert float(rate(10_000)) == 0.0


@pytest.mark.parametrize(("warmup", "first"), [(0.0, 1.0), (0.25, 0.2)])
def test_a_phases_linear_schedule_covers_all_its_steps(warmup, first):
    config = PhaseConfig(epochs=4, learning_rate=1e-3, optimizer="adamw", schedule="linear", warmup=warmup)
    rate = optimizer(config, steps=5)._learning_rate
    rates = np.array([float(rate(step)) for step in range(21)]) / 1e-3
    assert rates[0] == pytest.approx(first)
    assert rates.max() == pytest.approx(1.0)
    assert rates[19] > rates[20] == 0.0
    assert WarmupThenLinear(**rate.get_config())(7) == rate(7)


def test_each_epoch_sees_the_next_copy_of_every_example_and_then_the_first_again(tmp_path):
    views, n = 3, 20
    copies = np.stack([np.repeat(np.arange(views), n), np.tile(np.arange(n), views)], axis=1)  # (views * n, 2)
    writer = FeatureStore(tmp_path, 10**6).create("a", len(copies), [ArraySpec((2,), "float32")], {})
    writer.append([copies], np.ones(len(copies), bool))
    order = batches.EpochOrder(3)
    positions = np.arange(views * n).reshape(views, n)
    data = batches.stored(writer.commit(), positions, np.arange(n), BATCH, order)
    for epoch in range(2 * views + 1):
        order.epoch.assign(epoch)
        seen, labels = (np.concatenate(parts) for parts in zip(*data.as_numpy_iterator(), strict=True))
        assert (seen[:, 0] == epoch % views).all()
        assert (seen[:, 1] == labels).all()
        assert sorted(labels) == list(range(n))


def test_a_stop_waits_for_no_batch_that_is_under_way():
    until = threading.Event()
    began = time.monotonic()

    def asked():
        if time.monotonic() - began > 0.3:
            raise InterruptedError

    data = [((tf.constant(n),), tf.constant([True])) for n in range(9)]
    try:
        with pytest.raises(InterruptedError):
            list(batches.passed(lambda x: until.wait(20), data, asked))
        assert time.monotonic() - began < 5
    finally:
        until.set()


def test_what_fails_leaves_nothing_under_way():
    under_way, others = threading.Event(), threading.Event()

    def answer(x):
        if not x:
            under_way.wait(20)
            raise MemoryError
        under_way.set()
        time.sleep(0.5)
        others.set()

    data = [((n,), tf.constant([True])) for n in range(2)]
    with pytest.raises(MemoryError):
        list(batches.passed(answer, data))
    assert others.is_set()
