import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from core.models.fold import fold_depthwise
from core.models.freeze import frozen

SPEC = tf.TensorSpec((None, 8, 8, 3), tf.float32)


def _network(multiplier=1, also_read=False):
    """A depthwise convolution and its BatchNormalization, with statistics that are not the initial ones."""
    keras.utils.set_random_seed(3)
    pixels = keras.Input((8, 8, 3))
    deep = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, depth_multiplier=multiplier)(pixels)
    normal = keras.layers.BatchNormalization(epsilon=1e-3)
    x = keras.layers.ReLU(6.0)(normal(deep))
    x = keras.layers.Conv2D(4, 1)(x)
    model = keras.Model(pixels, [x, deep] if also_read else x)
    random = np.random.default_rng(0)
    normal.set_weights([random.uniform(0.5, 2, w.shape) for w in normal.weights])
    return model


def _constant(model):
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(SPEC)
    return convert_variables_to_constants_v2(function, lower_control_flow=False)


def _kinds(function):
    """Kinds of the operations that the result depends on."""
    found, todo = set(), [t.op for t in function.outputs]
    while todo:
        operation = todo.pop()
        found.add(operation.type)
        todo += [t.op for t in operation.inputs]
    return found


@pytest.fixture
def pixels():
    return np.random.default_rng(1).uniform(0, 255, (2, 8, 8, 3)).astype("float32")


@pytest.mark.parametrize("multiplier", [1, 2])
def test_folding_changes_nothing_but_the_work(pixels, multiplier):
    model = _network(multiplier)
    folded = fold_depthwise(_constant(model))
    assert "Mul" in _kinds(_constant(model))
    assert "Mul" not in _kinds(folded)
    assert "BiasAdd" in _kinds(folded)
    expected = model(pixels, training=False).numpy()
    np.testing.assert_allclose(
        frozen(lambda x: model(x, training=False), SPEC)(pixels)[0], expected, rtol=1e-5, atol=1e-4
    )


def test_a_convolution_that_others_read_too_is_left_alone(pixels):
    model = _network(also_read=True)
    assert "Mul" in _kinds(fold_depthwise(_constant(model)))
    for got, expected in zip(frozen(lambda x: model(x, training=False), SPEC)(pixels), model(pixels), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-4)


def test_a_scale_that_depends_on_the_picture_is_left_alone(pixels):
    layer = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)
    layer.build((None, 8, 8, 3))
    answer = frozen(lambda x: layer(x) * tf.reduce_mean(x, [0, 1, 2]) + 1.0, SPEC)
    np.testing.assert_allclose(answer(pixels)[0], layer(pixels) * pixels.mean((0, 1, 2)) + 1.0, rtol=1e-4, atol=1e-2)
