import keras
import numpy as np
import pytest

from core.catalog import BACKBONES
from core.models.backbones import build_base
from core.models.cuts import cut_points, deepest_cut, thawable_weights


@pytest.fixture
def forked():
    """input - a - (b | skip) - add - bn - c: cuts at input, a, add, bn and c."""
    x = inputs = keras.Input((8, 8, 3), name="in")
    x = skip = keras.layers.Conv2D(4, 3, padding="same", name="a")(x)
    x = keras.layers.Conv2D(4, 3, padding="same", name="b1")(x)
    x = keras.layers.Conv2D(4, 3, padding="same", name="b2")(x)
    x = keras.layers.Add(name="add")([x, skip])
    x = keras.layers.BatchNormalization(name="bn")(x)
    return keras.Model(inputs, keras.layers.Conv2D(2, 1, name="c")(x))


def names(tensors):
    return [t._keras_history.operation.name for t in tensors]


def test_cuts_are_where_everything_passes_through_one_tensor(forked):
    assert names(cut_points(forked)) == ["in", "a", "add", "bn", "c"]


@pytest.mark.parametrize(("key", "n"), [("VGG16", 19), ("EfficientNetLite0", 69), ("MobileNetV3Small", None)])
def test_backbones_have_the_cuts_that_were_counted(key, n):
    base = build_base(BACKBONES[key], BACKBONES[key].smallest_size, "random")
    found = cut_points(base)
    assert found[0] is base.input
    assert found[-1] is base.output
    assert n is None or len(found) == n


@pytest.mark.parametrize(
    ("learning", "cut"),
    [(set(), "c"), ({"c"}, "bn"), ({"bn"}, "add"), ({"b2"}, "a"), ({"b1", "c"}, "a"), ({"a"}, None)],
)
def test_the_deepest_cut_leaves_all_that_learns_behind_it(forked, learning, cut):
    found = deepest_cut(forked, learning)
    assert (found if found is None else names([found])[0]) == cut


def test_a_cut_that_saves_no_layer_with_weights_is_none():
    x = inputs = keras.Input((8, 8, 3))
    x = keras.layers.Normalization(name="norm")(keras.layers.Rescaling(2.0)(x))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 1, name="c")(x))
    assert deepest_cut(model, {"c"}) is None


def test_trunk_and_tail_give_the_base_to_the_bit(forked):
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    for cut in cut_points(forked)[1:-1]:
        trunk, tail = keras.Model(forked.input, cut), keras.Model(cut, forked.output)
        assert np.array_equal(np.asarray(tail(trunk(x))), np.asarray(forked(x)))


def test_thawable_weights_are_told_whatever_is_frozen_now(forked):
    shapes = {layer.name: [tuple(v.shape) for v in thawable_weights(layer)] for layer in forked.layers}
    forked.trainable = False
    assert {layer.name: [tuple(v.shape) for v in thawable_weights(layer)] for layer in forked.layers} == shapes
    assert shapes["c"] == [(1, 1, 4, 2), (2,)]
    assert shapes["bn"] == shapes["add"] == shapes["in"] == []
