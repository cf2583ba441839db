"""Every row of the catalogue: built, cut, trained a step, saved, and loaded by a process that knows only Keras."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from core.catalog import BACKBONES
from core.errors import ConfigError, WeightsError
from core.models.backbones import build_base
from core.models.cuts import cut_points, deepest_cut
from core.models.describe import describe
from core.models.describe import main as describe_main
from core.models.preprocess import preprocess_layers
from core.models.structure import start_describe, structure
from core.models.thaw import block_names, resolve

IMAGE = [b for b in BACKBONES.values() if b.task == "image"]
LITE = BACKBONES["EfficientNetLite0"]

LOAD = """
import sys, numpy as np, keras
model = keras.saving.load_model(sys.argv[1], safe_mode=True)
given = np.load(sys.argv[2])
assert np.array_equal(model.predict(given["x"], verbose=0), given["y"]), "another answer"
assert not [name for name in sys.modules if name.split(".")[0] == "core"]
"""


@pytest.fixture(scope="module", params=IMAGE, ids=lambda b: b.key)
def built(request):
    """A row and its base with random weights, at the smallest size."""
    return request.param, build_base(request.param, request.param.smallest_size, "random")


def pictures(row, base):
    """Two pictures of noise as the network wants them: `(2, S, S, 3)`."""
    x = np.random.default_rng(0).uniform(0, 255, (2, *base.input.shape[1:])).astype("float32")
    for layer in preprocess_layers(row):
        x = layer(x)
    return np.asarray(x)


@pytest.mark.slow
def test_a_row_builds_with_the_parameters_it_states(built):
    row, base = built
    assert base.count_params() == row.parameters
    assert base.input.shape == (None, row.smallest_size, row.smallest_size, 3)
    assert len(base.output.shape) == 4
    assert len({operation.name for operation in base.operations}) == len(base.operations)


@pytest.mark.slow
def test_a_row_has_the_layers_and_blocks_of_its_shipped_structure(built):
    row, base = built
    found, shipped = describe(base, row), structure(row.key, row.default_size)
    for part in ("name", "type", "block", "params", "thawable", "cut"):
        assert [x[part] for x in found["layers"]] == [x[part] for x in shipped["layers"]]
    assert len(block_names(found)) >= 5


@pytest.mark.slow
def test_the_layer_after_a_cut_reads_all_that_passes_there(built):
    row, base = built
    cuts, described = {id(tensor) for tensor in cut_points(base)}, describe(base, row)["layers"]
    after = [base.layers[i + 1].input for i, layer in enumerate(described[:-1]) if layer["cut"]]
    assert {id(tensor) for tensor in after} == cuts - {id(base.output)}


@pytest.mark.slow
def test_trunk_and_tail_of_a_row_give_its_base_to_the_bit(built):
    row, base = built
    cuts, x = cut_points(base), pictures(row, base)
    expected = np.asarray(base(x, training=False))  # operation by operation: a compiled graph fuses across cuts
    assert np.ptp(expected) > 0
    assert len(cuts) >= 5
    for cut in {id(cuts[i]): cuts[i] for i in (1, len(cuts) // 2, -2)}.values():
        trunk, tail = keras.Model(base.input, cut), keras.Model(cut, base.output)
        assert np.array_equal(tail(trunk(x, training=False), training=False), expected)


@pytest.mark.slow
def test_a_row_is_saved_and_loaded_by_a_process_that_imports_only_keras(built, tmp_path):
    row, base = built
    inputs = x = keras.Input((None, None, 3))
    for layer in (keras.layers.Resizing(*base.input.shape[1:3], antialias=True), *preprocess_layers(row), base):
        x = layer(x)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x))
    model.save(tmp_path / "m.keras")
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 50, 60, 3)).astype("float32")
    np.savez(tmp_path / "given.npz", x=pixels, y=model.predict(pixels, verbose=0))
    command = [sys.executable, "-c", LOAD, str(tmp_path / "m.keras"), str(tmp_path / "given.npz")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_a_row_trains_a_step_of_its_last_block_and_nothing_else_moves(built):
    row, base = built
    thawed = resolve("blocks:1", describe(base, row))
    assert deepest_cut(base, thawed) is not None
    base.trainable = True
    for layer in base.layers:
        for part in layer._flatten_layers():
            part.trainable = layer.name in thawed and not isinstance(part, keras.layers.BatchNormalization)
    x = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(base.output))
    model = keras.Model(base.input, x)
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mse")
    before = {layer.name: layer.get_weights() for layer in base.layers}
    model.train_on_batch(pictures(row, base), np.array([[100.0], [-100.0]]))
    moved = {
        layer.name
        for layer in base.layers
        if any(not np.array_equal(a, b) for a, b in zip(before[layer.name], layer.get_weights(), strict=True))
    }
    assert moved
    assert moved <= thawed


def test_names_do_not_depend_on_what_was_built_before():
    row = BACKBONES["MobileNetV3Small"]
    first, again = (build_base(row, 32, "random") for _ in range(2))
    assert [x.name for x in first.operations] == [x.name for x in again.operations]
    assert [x["name"] for x in structure(row.key, row.default_size)["layers"]] == [x.name for x in again.layers]


def test_weights_change_neither_layers_nor_names():
    random, pretrained = build_base(LITE, 32, "random"), build_base(LITE, 32)
    assert [x.name for x in random.layers] == [x.name for x in pretrained.layers]
    assert not np.array_equal(random.get_weights()[0], pretrained.get_weights()[0])


def test_too_small_pictures_are_refused():
    with pytest.raises(ConfigError, match=r"at least 75 pixels.*image_size=74"):
        build_base(BACKBONES["InceptionV3"], 74, "random")


def test_missing_pretrained_weights_are_told_before_anything_is_built(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / BACKBONES["VGG16"].weights_file).write_text("damaged")
    with pytest.raises(WeightsError, match=BACKBONES["VGG16"].weights_file):
        build_base(BACKBONES["VGG16"], 32)


def test_a_structure_of_another_size_is_described_by_a_process_and_kept(capfd):
    assert structure(LITE.key, 96) is None
    assert start_describe(LITE.key, 96).wait() == 0
    found = structure(LITE.key, 96)
    assert found == describe(build_base(LITE, 96, "random"), LITE)
    assert found["feature_shape"] == [3, 3, 1280]


def test_what_cannot_be_described_is_told(capsys):
    with pytest.raises(ConfigError, match="at least 32 pixels"):
        start_describe(LITE.key, 31)
    with pytest.raises(ConfigError, match="Unknown backbone"):
        structure("VGG17", 224)
    assert describe_main(["VGG16", "8"]) == 2
    assert "at least 32 pixels" in capsys.readouterr().err
