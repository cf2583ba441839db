"""Grad-CAM and occlusion: what they must equal, where they must look, and that weights matter to them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import spearmanr

from core.catalog import BACKBONES
from core.config import HeadConfig, RunConfig
from core.data.pixels import read_pixels
from core.errors import ConfigError, RunError
from core.explain import CELLS, Explainer, Parts
from core.explanations import EMBER, Explanation, keep, kept, overlaid, overlay
from core.record import Run
from core.tasks import image

# The smallest of each architecture: they end in an activation, a normalisation, a pooling, a concatenation.
FAMILIES = (
    *("EfficientNetLite0", "VGG16", "ResNet50", "ResNet50V2", "InceptionV3", "InceptionResNetV2", "Xception"),
    *("MobileNetV2", "MobileNetV3Small", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "ConvNeXtTiny"),
    "NASNetMobile",
)
NOISE = np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)


def network(n_classes=3, backbone="EfficientNetLite0", size=96, **settings):
    """The parts of a run's network and the model that it would save."""
    config = RunConfig(backbone=backbone, image_size=size, **settings)
    built = image.build(config, n_classes)
    return built, image.servable(built, config, n_classes)


def test_with_average_pooling_and_a_linear_head_grad_cam_is_cam():
    """Zhou et al. 2016: the map is the sum of the last channels, weighed by the head's own weights."""
    built, model = network()
    parts = Parts(model, 3)
    resized = parts.resized(NOISE)
    last = np.asarray(built.base(built.inputs(resized), training=False))[0]  # (h, w, K)
    for index in range(3):
        cam = np.maximum(last @ built.classifier.get_layer("logits").kernel.numpy()[:, index], 0)
        assert parts.gradcam(resized, index) == pytest.approx(cam / max(cam.max(), 1e-12), abs=1e-4)


@pytest.mark.parametrize("pooling", ["avg", "max", "flatten"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_logits_are_the_models_own_whatever_the_head(pooling, n_classes):
    head = HeadConfig(pooling=pooling, hidden_units=4)
    _, model = network(n_classes, "MobileNetV3Small", 64, weights="random", head=head)
    parts = Parts(model, n_classes)
    logits = parts.logits(parts.resized(NOISE))[0]
    expected = model(NOISE[None].astype("float32"), training=False).numpy()[0]
    got = 1 / (1 + np.exp(-logits)) if n_classes == 2 else np.exp(logits) / np.exp(logits).sum()
    assert got == pytest.approx(expected, abs=1e-5)
    assert parts.gradcam(parts.resized(NOISE), 1).shape == (2, 2)


def likeness_to_random(key, weights):
    """How alike a backbone's maps are before and after all weights change places, 0 to 1: Adebayo et al.'s measure.

    That is the absolute rank correlation over a whole map, here the mean of four shufflings. Of two classes, what
    speaks against one speaks for the other, so both together are the map with its signs. With the same weights they
    are asked for twice, and equal.
    """
    keras.utils.set_random_seed(0)
    built, model = network(2, key, 160, weights=weights)
    rows = np.linspace(0, 1, 160)
    pictures = [np.outer(np.sin(rows * k) ** 2, rows)[:, :, None] * [255, 180, 90] for k in (3, 9, 27)]

    def maps():
        parts = Parts(model, 2)
        resized = [parts.resized(p.astype("uint8")) for p in pictures]
        return [(parts.gradcam(r, 0) - parts.gradcam(r, 1)).ravel() for r in resized]

    before = maps()
    assert np.array_equal(before, maps())
    random, likeness = np.random.default_rng(1), []
    for _ in range(4):
        for weight in (*built.base.weights, *built.classifier.weights):
            weight.assign(random.permutation(weight.numpy().ravel()).reshape(weight.shape))
        likeness += [abs(spearmanr(a, b).statistic) for a, b in zip(before, maps(), strict=True)]
    return np.mean(likeness)


@pytest.mark.parametrize("key", ["EfficientNetLite0", "EfficientNetLite2"])
def test_random_weights_make_another_map(key, eager):
    """The sanity check of Adebayo et al. 2018: a map that ignores what was learned explains nothing."""
    assert likeness_to_random(key, "pretrained") < 0.4


@pytest.mark.parametrize("key", ["VGG16", "ResNet50V2", "MobileNetV2"])
def test_other_weights_make_another_map_of_every_kind_of_backbone(key, eager):
    """What these have learned is not on board: random weights against others."""
    assert likeness_to_random(key, "random") < 0.7


@pytest.mark.slow
@pytest.mark.parametrize("row", [b for b in BACKBONES.values() if b.task == "image"], ids=lambda b: b.key)
def test_other_weights_make_another_map_of_every_backbone_of_the_catalogue(row, eager):
    assert likeness_to_random(row.key, "random") < 0.7


def test_occlusion_finds_the_corner_that_decides():
    """A network that adds up the brightness of the upper left quarter and looks at nothing else."""
    corner = np.zeros((32, 32, 3, 1), "float32")
    corner[:16, :16] = 1
    pixels = keras.Input((None, None, 3))
    resized = keras.layers.Resizing(32, 32, name="resize")(pixels)
    summed = keras.layers.Conv2D(1, 32, use_bias=False)(resized)
    features = keras.Input((1,))
    head = keras.Model(features, keras.layers.Dense(1)(features), name="classifier")
    model = keras.Model(pixels, head(keras.layers.Flatten()(summed)))
    model.layers[2].set_weights([corner / 1000])
    head.set_weights([np.ones((1, 1), "float32"), np.zeros(1, "float32")])
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:16, :16] = 255
    parts = Parts(model, 2)
    grid = parts.occlusion(parts.resized(picture), 1)
    assert grid.shape == (CELLS, CELLS)
    assert grid[:4, :4].min() > 0.3
    assert grid[5:].max() == grid[:, 5:].max() == 0
    assert parts.occlusion(parts.resized(picture), 0).max() == 0  # covering it only helps the other class


def test_a_model_of_another_maker_is_refused():
    plain = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    with pytest.raises(RunError, match="not made by Thaw"):
        Parts(plain, 2)


def test_a_run_explains_its_pictures_for_any_class_and_phase(trained):
    run = Run(trained)
    row = run.predictions()[0]
    pixels = read_pixels(f"{run.dataset()['root']}/{row['path']}")
    for phase in (1, 2):
        explainer = Explainer(run, phase)
        for label in run.dataset()["classes"]:
            for method in ("gradcam", "occlusion"):
                found = explainer.explain(pixels, label, method)
                assert (found.label, found.method, found.phase) == (label, method, phase)
                assert found.probability == pytest.approx(float(row[f"p{phase}:{label}"]), abs=1e-4)
                assert found.grid.min() >= 0
                assert found.grid.max() <= 1
    assert explainer.explain(pixels).probability >= 0.5
    with pytest.raises(ConfigError, match="Unknown class"):
        explainer.explain(pixels, "neither")
    with pytest.raises(ConfigError, match="Unknown method"):
        explainer.explain(pixels, None, "tea leaves")


def test_an_explanation_is_kept_for_its_picture_and_model(tmp_path):
    run, found = Run(tmp_path), Explanation("été 🐈", "gradcam", 1, 0.75, np.eye(3, dtype=np.float32))
    (tmp_path / "models").mkdir()
    run.phase_model_file(1).write_bytes(b"")
    assert kept(run, b"picture", None, "gradcam", 1) is None
    keep(run, b"picture", None, found)
    again = kept(run, b"picture", None, "gradcam", 1)
    assert again.to_json() == found.to_json()
    assert kept(run, b"another", None, "gradcam", 1) is None
    assert kept(run, b"picture", "été 🐈", "gradcam", 1) is None
    assert kept(run, b"picture", None, "occlusion", 1) is None


def test_the_overlay_glows_where_the_map_does_and_only_there():
    grid = np.zeros((2, 2), np.float32)
    grid[0, 0] = 1
    image = np.asarray(overlaid(np.full((100, 200, 3), 100, np.uint8), grid, 64))
    assert image.shape == (32, 64, 3)
    assert image[2, 2].astype(float) == pytest.approx(0.55 * 100 + 0.45 * np.array(EMBER), abs=2)
    assert image[-2, -2].astype(float) == pytest.approx([60, 60, 60], abs=3)
    assert overlay(NOISE, grid).startswith(b"\x89PNG")


def explains_itself(row):
    """A map of the right shape for each class, with something on it; of random weights, since any will do.

    Of two classes: what speaks against one speaks for the other. Random weights may speak against all of three.
    """
    built, model = network(2, row.key, 96 if row.smallest_size <= 32 else 144, weights="random")
    parts = Parts(model, 2)
    resized = parts.resized(NOISE)
    maps = [parts.gradcam(resized, index) for index in range(2)]
    assert maps[0].shape == tuple(built.base.output.shape[1:3])
    assert maps[0].size > 1
    assert all(np.isfinite(m).all() and m.min() >= 0 and m.max() <= 1 for m in maps)
    assert any(m.max() == 1 for m in maps)


@pytest.mark.parametrize("key", FAMILIES)
def test_every_kind_of_backbone_explains_itself(key, eager):
    explains_itself(BACKBONES[key])


@pytest.fixture
def eager():
    """One picture is through a network sooner than a graph of it is made."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.slow
@pytest.mark.parametrize("row", [b for b in BACKBONES.values() if b.task == "image"], ids=lambda b: b.key)
def test_every_backbone_of_the_catalogue_explains_itself(row):
    explains_itself(row)
