import importlib

import keras
import numpy as np
import pytest

from core.catalog import BACKBONES
from core.errors import ConfigError
from core.models.preprocess import preprocess_layers

MODULES = {"VGG16": "vgg16", "ResNet50": "resnet50", "InceptionV3": "inception_v3", "Xception": "xception",
           "MobileNetV2": "mobilenet_v2", "ResNet50V2": "resnet_v2", "InceptionResNetV2": "inception_resnet_v2",
           "DenseNet121": "densenet", "NASNetMobile": "nasnet", "EfficientNetB0": "efficientnet",
           "EfficientNetV2B0": "efficientnet_v2", "ConvNeXtTiny": "convnext",
           "MobileNetV3Small": "mobilenet_v3"}  # fmt: skip


@pytest.fixture
def pixels():
    return np.random.default_rng(0).uniform(0, 255, (2, 5, 7, 3)).astype("float32")


def through(layers, x):
    for layer in layers:
        x = layer(x)
    return np.asarray(x)


@pytest.mark.parametrize("key", MODULES)
def test_the_arithmetic_is_that_of_keras(pixels, key):
    module = importlib.import_module(f"keras.applications.{MODULES[key]}")
    expected = np.asarray(module.preprocess_input(pixels.copy()))
    found = through(preprocess_layers(BACKBONES[key]), pixels)
    if BACKBONES[key].preprocessing in ("caffe", "none"):
        assert np.array_equal(found, expected)
    else:
        assert np.abs(found - expected).max() < 1e-6


def test_lite_subtracts_127_and_divides_by_128(pixels):
    found = through(preprocess_layers(BACKBONES["EfficientNetLite0"]), pixels)
    assert np.array_equal(found, (pixels - np.float32(127)) / np.float32(128))


@pytest.mark.parametrize("key", ["VGG16", "EfficientNetB0", "EfficientNetLite0"])
def test_unit_divides_by_255_whatever_the_network_wants(pixels, key):
    found = through(preprocess_layers(BACKBONES[key], "unit"), pixels)
    assert np.abs(found - pixels / 255).max() < 1e-7


@pytest.mark.parametrize("key", ["VGG16", "InceptionV3", "DenseNet121", "EfficientNetLite0"])
def test_it_is_saved_inside_the_model_loads_in_safe_mode_and_never_trains(pixels, tmp_path, key):
    inputs = x = keras.Input((None, None, 3))
    for layer in preprocess_layers(BACKBONES[key]):
        x = layer(x)
    model = keras.Model(inputs, x)
    assert model.trainable_variables == []
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    assert np.array_equal(np.asarray(again(pixels)), np.asarray(model(pixels)))


def test_it_stays_float32_under_mixed_precision(pixels):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        assert all(layer.compute_dtype == "float32" for key in MODULES for layer in preprocess_layers(BACKBONES[key]))
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_an_unknown_preprocessing_is_refused():
    with pytest.raises(ConfigError, match="backbone, unit"):
        preprocess_layers(BACKBONES["VGG16"], "zero-one")
