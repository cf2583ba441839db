import keras
import numpy as np
import pytest

from core.config import HeadConfig
from core.errors import ConfigError
from core.models.heads import classifier, pooling_layers, to_probabilities
from core.models.thaw import head_parameters


@pytest.mark.parametrize(("pooling", "width"), [("avg", 5), ("max", 5), ("flatten", 60)])
def test_pooling_makes_features_of_a_map(pooling, width):
    features = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    (layer,) = pooling_layers(HeadConfig(pooling=pooling))
    assert layer(features).shape == (2, width)


def test_an_unknown_pooling_lists_the_known_ones():
    with pytest.raises(ConfigError, match="avg, max, flatten"):
        pooling_layers(HeadConfig(pooling="median"))


@pytest.mark.parametrize(("n_classes", "outputs"), [(2, 1), (3, 3), (10, 10)])
@pytest.mark.parametrize("hidden", [0, 7])
@pytest.mark.parametrize("pooling", ["avg", "flatten"])
def test_two_classes_get_one_logit_more_get_one_each(n_classes, outputs, hidden, pooling):
    head = HeadConfig(pooling=pooling, hidden_units=hidden)
    n_features = 5 if pooling == "avg" else 60
    model = classifier(head, n_features, n_classes, seed=3)
    assert model.output.shape == (None, outputs)
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert trainable == head_parameters(head, [3, 4, 5], n_classes)


def test_the_same_seed_gives_the_same_head():
    head = HeadConfig(hidden_units=4)
    first, again, other = (classifier(head, 6, 3, seed) for seed in (1, 1, 2))
    x = np.ones((1, 6), "float32")
    assert np.array_equal(first.predict(x, verbose=0), again.predict(x, verbose=0))
    assert not np.array_equal(first.predict(x, verbose=0), other.predict(x, verbose=0))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_in_class_order_sum_to_one_and_survive_saving(tmp_path, n_classes):
    logits = np.array([[-30.0], [0.0], [2.0]] if n_classes == 2 else [[0, 1, 2], [9, 0, 0], [0, 0, 0]], "float32")
    inputs = keras.Input((logits.shape[1],))
    keras.Model(inputs, to_probabilities(inputs, n_classes)).save(tmp_path / "m.keras")
    model = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    found = model.predict(logits, verbose=0)
    if n_classes == 2:
        second = 1 / (1 + np.exp(-logits[:, 0].astype("float64")))
        expected = np.stack([1 - second, second], axis=1)
    else:
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert found == pytest.approx(expected, abs=1e-6)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert found.dtype == np.float32
