"""What learns, what stays, and that the parts of a cut network are the whole network."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.config import PhaseConfig, RunConfig
from core.models.cuts import deepest_cut
from core.tasks import image
from core.training import fitting
from core.training.batches import EpochOrder
from core.training.callbacks import EpochClock
from core.training.network import FEW, Network

THAWED = frozenset({"conv2", "bn2", "drop2"})


@pytest.fixture
def network():
    keras.utils.set_random_seed(3)
    x = keras.Input((8, 8, 3))
    y = keras.layers.Conv2D(4, 3, name="conv1")(x)
    y = keras.layers.BatchNormalization(name="bn1")(y)
    y = keras.layers.Dropout(0.5, name="drop1")(y)
    cut = keras.layers.ReLU(name="relu1")(y)
    y = keras.layers.Conv2D(4, 3, name="conv2")(cut)
    y = keras.layers.BatchNormalization(name="bn2")(y)
    y = keras.layers.Dropout(0.5, name="drop2")(y)
    base = keras.Model(x, y)
    pixels, last = keras.Input((8, 8, 3), name="pixels"), keras.Input(base.output.shape[1:])
    features = keras.Input((4,))
    return Network(
        inputs=keras.Model(pixels, keras.layers.Rescaling(1 / 255)(pixels)),
        base=base,
        side=(),
        pooling=keras.Model(last, keras.layers.GlobalAveragePooling2D()(last)),
        classifier=keras.Model(features, keras.layers.Dense(3)(features)),
    )


def pictures(n=24):
    return np.random.default_rng(0).uniform(0, 255, (n, 8, 8, 3)).astype("float32")


def weights(network):
    return {
        f"{layer.name}/{i}": value.copy()
        for layer in network.base.layers
        for i, value in enumerate(layer.get_weights())
    }


def fit(network, model, thawed, epochs=2):
    network.set_learning(thawed)
    model.compile(optimizer=fitting.optimizer(PhaseConfig(), 3), loss=fitting.loss(3), metrics=[fitting.accuracy(3)])
    model.fit(pictures(), np.arange(24) % 3, epochs=epochs, verbose=0)
    return model


def test_features_from_folded_constants_agree_with_the_network():
    network = image.build(RunConfig(task="image", image_size=64), 2)
    trunk = network.trunk(None)
    spec = tf.TensorSpec((None, 64, 64, 3), tf.float32)
    folded = network.inference(lambda x: trunk(x, training=False), spec, examples=FEW)
    pixels = np.random.default_rng(0).uniform(0, 255, (8, 64, 64, 3)).astype("float32")
    expected = network.pooling(network.base(network.inputs(pixels), training=False)).numpy()
    apart = np.linalg.norm(folded(pixels)[0].numpy() - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert apart.max() < 1e-3


def test_phase_1_changes_no_weight_of_the_backbone_even_without_the_cache(network):
    before = weights(network)
    fit(network, network.complete(), frozenset())
    assert all(np.array_equal(before[k], v) for k, v in weights(network).items())


def test_phase_2_changes_the_thawed_set_only_and_no_statistic(network):
    before = weights(network)
    fit(network, network.complete(), THAWED)
    changed = {k for k, v in weights(network).items() if not np.array_equal(before[k], v)}
    assert changed == {"conv2/0", "conv2/1"}


def test_flags_are_right_after_freezing_and_thawing_in_turn(network):
    for thawed in (frozenset(), THAWED, frozenset(), THAWED):
        network.set_learning(thawed)
        learning = {v.path.split("/")[0] for v in network.base.trainable_variables}
        assert learning == ({"conv2"} if thawed else set())


def test_optimizer_has_exactly_the_trainable_variables(network):
    model = fit(network, network.complete(), THAWED)
    moments = [v for v in model.optimizer.variables if "momentum" in v.path]
    assert len(moments) == len(model.trainable_variables) == 4
    shapes = sorted(tuple(v.shape) for v in model.trainable_variables)
    assert sorted(tuple(v.shape) for v in moments) == shapes


def test_trunk_and_learner_are_the_complete_network_to_the_bit(network):
    cut = deepest_cut(network.base, THAWED)
    assert cut is network.base.get_layer("relu1").output
    features, at_cut = network.trunk(cut)(pictures())
    complete = network.complete()(pictures())
    np.testing.assert_array_equal(network.learner(cut)(at_cut), complete)
    np.testing.assert_array_equal(network.classifier(features), complete)


def test_learner_shares_the_weights_of_the_whole(network):
    cut = deepest_cut(network.base, THAWED)
    network.set_learning(THAWED)
    learner = network.learner(cut)
    before = network.complete()(pictures()).numpy()
    learner.trainable_variables[0].assign_add(tf.ones_like(learner.trainable_variables[0]))
    assert not np.allclose(network.complete()(pictures()).numpy(), before)


def test_frozen_dropout_is_off_and_comes_back(network):
    with network.frozen_dropout_off(THAWED):
        assert (network.base.get_layer("drop1").rate, network.base.get_layer("drop2").rate) == (0.0, 0.5)
    assert network.base.get_layer("drop1").rate == 0.5


def test_dropout_depends_on_seed_and_epoch_only(network):
    model = network.complete()
    network.set_learning(THAWED)
    clock = EpochClock(EpochOrder(0), 0)
    clock.set_model(model)
    answers = []
    for epoch in (0, 1, 0):
        clock.on_epoch_begin(epoch)
        answers.append(model(pictures(), training=True).numpy())
    np.testing.assert_array_equal(answers[0], answers[2])
    assert not np.allclose(answers[0], answers[1])


def test_order_of_an_epoch_is_a_permutation_that_changes_with_it():
    order = EpochOrder(5)
    first = order.permutation(50).numpy()
    order.epoch.assign(1)
    second = order.permutation(50).numpy()
    order.epoch.assign(0)
    assert sorted(first) == list(range(50))
    assert first.tolist() != second.tolist()
    assert first.tolist() == order.permutation(50).numpy().tolist()
