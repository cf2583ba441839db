"""The port of EfficientNet-Lite, checked against real pictures and against the published tensors."""

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from core.catalog import BACKBONES
from core.errors import WeightsError
from core.models import lite, pth
from core.models.weights import locate

VERSIONS = (0, 1, 2)
PALACE, DAISY, HONEYCOMB = 698, 985, 599  # places in ImageNet's list of 1000 classes
DOGS, CATS = range(151, 269), range(281, 286)


def tensors_of(version):
    return pth.read(locate(BACKBONES[f"EfficientNetLite{version}"]).path)


@pytest.fixture(scope="module")
def classifiers():
    """Each version at its default size, with its classifier of 1000 classes."""
    models = {v: lite.build(v, BACKBONES[f"EfficientNetLite{v}"].default_size, classes=1000) for v in VERSIONS}
    for version, model in models.items():
        lite.port(model, tensors_of(version))
    return models


def prepared(picture, size):
    """The central 87.5 %, bicubic, as EfficientNet-Lite was evaluated: `(size, size, 3)`."""
    width, height = picture.size
    side = round(min(width, height) * 0.875)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side)
    pixels = np.asarray(picture.convert("RGB").resize((size, size), Image.Resampling.BICUBIC, box=box), "float32")
    return (pixels - 127) / 128


def logits(model, pictures):
    return model.predict(np.stack([prepared(p, model.input.shape[1]) for p in pictures]), verbose=0)


@pytest.mark.parametrize(
    ("version", "name", "label", "logit"),
    [(0, "china.jpg", PALACE, 7.657), (1, "china.jpg", PALACE, 8.384), (2, "china.jpg", PALACE, 7.265),
     (0, "flower.jpg", DAISY, 7.395), (1, "flower.jpg", HONEYCOMB, 4.119), (2, "flower.jpg", HONEYCOMB, 7.024)],
)  # fmt: skip
def test_known_pictures_get_their_known_labels(classifiers, version, name, label, logit):
    pictures = load_sample_images()
    which = [file.rpartition("/")[2] for file in pictures.filenames].index(name)
    found = logits(classifiers[version], [Image.fromarray(pictures.images[which])])[0]
    assert found.argmax() == label
    assert found[label] == pytest.approx(logit, abs=0.05)  # JPEG decoders differ by a grey level


@pytest.mark.data
@pytest.mark.parametrize("version", VERSIONS)
def test_photos_of_cats_and_dogs_are_called_cats_and_dogs(classifiers, shared_data, version):
    for folder, classes in (("cats", CATS), ("dogs", DOGS)):
        files = sorted((shared_data / "cats_vs_dogs" / "validation" / folder).iterdir())[:24]
        labels = logits(classifiers[version], [Image.open(f) for f in files]).argmax(axis=1)
        assert np.mean([label in classes for label in labels]) >= 0.8


@pytest.mark.parametrize("version", VERSIONS)
def test_every_tensor_of_the_published_file_is_used_once_in_its_shape(classifiers, version):
    published = {k: v for k, v in tensors_of(version).items() if not k.endswith("num_batches_tracked")}
    ported = [np.asarray(w) for w in classifiers[version].weights]
    assert len(ported) == len(published)
    assert sum(w.size for w in ported) == sum(v.size for v in published.values())
    assert sorted(tuple(sorted(w.shape)) for w in ported) == sorted(tuple(sorted(v.shape)) for v in published.values())
    assert sum(float(np.abs(w).sum()) for w in ported) == pytest.approx(
        sum(float(np.abs(v).sum()) for v in published.values()), rel=1e-5
    )


@pytest.mark.parametrize(
    ("layer", "name", "axes"),
    [("stem_conv", "_conv_stem.weight", (2, 3, 1, 0)),
     ("block1a_dwconv", "_blocks.0._depthwise_conv.weight", (2, 3, 0, 1)),
     ("block2b_expand_conv", "_blocks.2._expand_conv.weight", (2, 3, 1, 0)),
     ("top_conv", "_conv_head.weight", (2, 3, 1, 0)), ("predictions", "_fc.weight", (1, 0))],
)  # fmt: skip
def test_kernels_are_the_published_ones_with_their_axes_in_keras_order(classifiers, layer, name, axes):
    kernel = np.asarray(classifiers[0].get_layer(layer).weights[0])
    assert np.array_equal(kernel, tensors_of(0)[name].transpose(axes))


@pytest.mark.parametrize(("version", "channels", "blocks"), [(0, 320, 16), (1, 320, 21), (2, 352, 21)])
def test_stem_and_head_are_never_scaled(version, channels, blocks):
    model = lite.build(version, 64)
    assert model.get_layer("stem_conv").filters == 32
    assert model.output.shape == (None, 2, 2, 1280)
    assert model.get_layer("block7a_project_conv").filters == channels
    assert len([layer for layer in model.layers if layer.name.endswith("project_conv")]) == blocks


@pytest.mark.parametrize("size", [32, 33, 95, 150])
def test_the_map_has_a_thirty_second_of_the_side_rounded_up(size):
    assert lite.build(0, size).output.shape[1] == -(-size // 32)


def test_tensors_of_another_version_are_refused_and_change_nothing():
    model = lite.build(0, 32)
    before = [np.asarray(w) for w in model.weights]
    for version in (1, 2):
        with pytest.raises(WeightsError, match="another network"):
            lite.port(model, tensors_of(version))
    assert all(np.array_equal(a, np.asarray(b)) for a, b in zip(before, model.weights, strict=True))


def test_a_missing_tensor_is_named():
    tensors = tensors_of(0)
    del tensors["_blocks.3._bn1.running_var"]
    with pytest.raises(WeightsError, match=r"_blocks\.3\._bn1\.running_var"):
        lite.port(lite.build(0, 32), tensors)


def test_the_feature_map_is_the_classifiers_own(classifiers):
    base = lite.build(0, 224)
    lite.port(base, tensors_of(0))
    pixels = np.random.default_rng(0).uniform(-1, 1, (1, 224, 224, 3)).astype("float32")
    inside = keras.Model(classifiers[0].input, classifiers[0].get_layer("top_activation").output)
    assert np.array_equal(base.predict(pixels, verbose=0), inside.predict(pixels, verbose=0))
