"""Weights files of Keras, in both layouts, with and without a classifier, right and wrong."""

import functools

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from core.catalog import BACKBONES
from core.errors import WeightsError
from core.models import weights_file
from core.models.backbones import build_base
from core.models.weights import locate
from core.models.weights_file import refuse_another_networks
from tests.core.odd_data import another_networks

SMALL = BACKBONES["MobileNetV3Small"]
SIZE = 32


@functools.cache
def keras_model(key=SMALL.key, **options):
    """A network as Keras itself builds it, with statistics that are not those of a fresh one."""
    options = {"include_top": False, "input_shape": (SIZE, SIZE, 3)} | options
    model = getattr(keras.applications, key)(weights=None, **options)
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([w + rng.uniform(0.1, 0.5, w.shape).astype("float32") for w in layer.get_weights()])
    return model


def save_ordered(model, path):
    """The layout of the published `.h5` files."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return path


def save_by_path(model, path):
    """The layout of Keras 3, under any file name."""
    model.save_weights(path.with_suffix(".weights.h5"))
    return path.with_suffix(".weights.h5").rename(path)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).uniform(0, 255, (2, SIZE, SIZE, 3)).astype("float32")


@pytest.mark.parametrize("save", [save_ordered, save_by_path])
@pytest.mark.parametrize("name", ["mine.h5", "mine.weights.h5", "weights of Zoë 写真.h5"])
def test_weights_arrive_in_both_layouts_whatever_the_name(tmp_path, pixels, save, name):
    theirs = keras_model()
    base = build_base(SMALL, SIZE, str(path := save(theirs, tmp_path / name)))
    refuse_another_networks(SMALL, path)  # does not
    assert np.array_equal(np.asarray(base(pixels)), np.asarray(theirs(pixels)))


@pytest.mark.parametrize("save", [save_ordered, save_by_path])
def test_a_file_with_the_classifier_on_top_serves_as_well(tmp_path, pixels, save):
    whole = keras_model(include_top=True, classes=7)
    base = build_base(SMALL, SIZE, str(path := save(whole, tmp_path / "top.h5")))
    refuse_another_networks(SMALL, path)
    inside = keras.Model(
        whole.input, [layer for layer in whole.layers if layer.output.shape[1:] == base.output.shape[1:]][-1].output
    )
    assert np.array_equal(np.asarray(base(pixels)), np.asarray(inside(pixels)))


def test_a_whole_saved_model_serves_as_well(tmp_path, pixels):
    theirs = keras_model()
    theirs.save(tmp_path / "whole.h5")
    base = build_base(SMALL, SIZE, str(tmp_path / "whole.h5"))
    refuse_another_networks(SMALL, tmp_path / "whole.h5")
    assert np.array_equal(np.asarray(base(pixels)), np.asarray(theirs(pixels)))


@pytest.mark.parametrize("save", [save_ordered, save_by_path])
@pytest.mark.slow
@pytest.mark.parametrize("key", ["EfficientNetB0", "ConvNeXtTiny"])
def test_nested_layers_and_generators_of_dropout_are_no_obstacle(tmp_path, pixels, save, key):
    theirs = keras_model(key)
    base = build_base(BACKBONES[key], SIZE, str(path := save(theirs, tmp_path / "x.h5")))
    refuse_another_networks(BACKBONES[key], path)
    assert np.array_equal(np.asarray(base(pixels)), np.asarray(theirs(pixels)))


@pytest.mark.parametrize("save", [save_ordered, save_by_path])
@pytest.mark.parametrize(
    ("key", "include_top"), [("MobileNetV3Large", False), ("MobileNetV2", False), ("MobileNetV2", True)]
)
def test_weights_of_another_network_are_refused_and_named(tmp_path, save, key, include_top):
    path = save(keras_model(key, include_top=include_top), tmp_path / "other.h5")
    for refused in (lambda: build_base(SMALL, SIZE, str(path)), lambda: refuse_another_networks(SMALL, path)):
        with pytest.raises(WeightsError, match="another network than MobileNet V3 Small"):
            refused()


def test_a_smaller_network_is_not_filled_from_a_larger_ones_file(tmp_path):
    inputs = keras.Input((SIZE, SIZE, 3))
    x = keras_model()(inputs)
    for _ in range(4):
        x = keras.layers.Dense(3)(x)
    for save in (save_ordered, save_by_path):
        path = save(keras.Model(inputs, x), tmp_path / "more.h5")
        with pytest.raises(WeightsError):
            build_base(SMALL, SIZE, str(path))
        with pytest.raises(WeightsError):
            refuse_another_networks(SMALL, path)


def test_files_that_are_no_weights_are_refused(tmp_path):
    text, empty, plain, gone = (tmp_path / name for name in ("text.h5", "empty.h5", "plain.h5", "gone.h5"))
    text.write_text("no HDF5 file")
    empty.write_bytes(b"")
    with h5py.File(plain, "w") as file:
        file["layers"] = np.zeros(3)
    half = save_ordered(keras_model(), tmp_path / "half.h5")
    half.write_bytes(half.read_bytes()[:100_000])
    for path in (text, empty, plain, half):
        with pytest.raises(WeightsError, match=path.name):
            build_base(SMALL, SIZE, str(path))
    for path in (text, empty, plain):
        with pytest.raises(WeightsError, match=path.name):
            refuse_another_networks(SMALL, path)
    with pytest.raises(WeightsError, match=r"no weights file .*gone\.h5"):
        build_base(SMALL, SIZE, str(gone))


@pytest.mark.parametrize("place", [857, 907])  # at one HDF5 crashes, at the other it comes to no end
def test_damage_that_breaks_the_reader_breaks_nothing_else(tmp_path, monkeypatch, place):
    monkeypatch.setattr(weights_file, "_LOOK_SECONDS", 5)
    path = another_networks(tmp_path / "torn.h5")
    data = bytearray(path.read_bytes())
    data[place] = 255
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"torn\.h5' is damaged"):
        refuse_another_networks(SMALL, path)


def test_a_lite_network_takes_keras_files_and_others_take_no_pth(tmp_path):
    lite = BACKBONES["EfficientNetLite0"]
    first = build_base(lite, SIZE, "pretrained")
    again = build_base(lite, SIZE, str(save_by_path(first, tmp_path / "lite.h5")))
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), again.get_weights(), strict=True))
    refuse_another_networks(lite, locate(lite).path)
    other = locate(BACKBONES["EfficientNetLite1"]).path
    with pytest.raises(WeightsError, match=r"lite1-.*does not fit EfficientNet-Lite 0"):
        build_base(lite, SIZE, str(other))
    with pytest.raises(WeightsError, match=r"lite1-.*another network than EfficientNet-Lite 0: it has 4,"):
        refuse_another_networks(lite, other)
    (tmp_path / "x.pth").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"VGG16 takes a Keras \.h5 file"):
        build_base(BACKBONES["VGG16"], SIZE, str(tmp_path / "x.pth"))
    with pytest.raises(WeightsError, match=r"VGG16 takes a Keras \.h5 file"):
        refuse_another_networks(BACKBONES["VGG16"], tmp_path / "x.pth")


@pytest.mark.slow
def test_published_efficientnet_statistics_are_understood_as_keras_does(tmp_path, pixels, monkeypatch):
    """The published file holds deviations for variances; Keras adds a Rescaling when it loads that file itself."""
    from keras.src.applications import efficientnet

    theirs = keras_model("EfficientNetB0")
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    theirs.get_layer(index=2).set_weights([mean, deviation, np.array(0)])
    (tmp_path / "models").mkdir()
    path = save_ordered(theirs, tmp_path / "models" / "efficientnetb0_notop.h5")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.backend.config.keras_home", lambda: str(tmp_path))
    monkeypatch.setitem(efficientnet.WEIGHTS_HASHES, "b0", (None, None))
    published = keras.applications.EfficientNetB0(include_top=False, weights="imagenet", input_shape=(SIZE, SIZE, 3))
    base = build_base(BACKBONES["EfficientNetB0"], SIZE, "pretrained")
    assert base.count_params() == published.count_params()
    assert path.exists()
    assert np.asarray(base(pixels)) == pytest.approx(np.asarray(published(pixels)), rel=1e-3, abs=1e-4)
