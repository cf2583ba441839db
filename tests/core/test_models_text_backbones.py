"""Text encoders: where they are cut, what padding may do, and what is said when weights are missing."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.catalog import BACKBONES, Encoder, backbone
from core.config import HeadConfig, RunConfig
from core.errors import ConfigError, WeightsError
from core.models import fetch_preset, text_backbones, weights
from core.models.cuts import cut_points, deepest_cut, rest
from core.models.heads import text_pooling
from core.models.structure import structure
from core.models.thaw import block_names, counts, resolve
from tests.core.text_data import needs_minilm

TEXT = [row for row in BACKBONES.values() if row.task == "text"]


def tiny(family="Bert", key="bert_tiny_en_uncased"):
    """An encoder of two small layers with random weights."""
    keras.utils.set_random_seed(0)
    row = dataclasses.replace(backbone(key), encoder=Encoder(family, 2, 2, 16, 32, 50))
    return text_backbones.build_base(row, "random")


def ids_and_mask(length=7, pad=0):
    ids = np.zeros((2, length + pad), "int32")
    ids[0, :length], ids[1, :3] = np.arange(1, length + 1), (5, 6, 7)
    return [tf.constant(ids), tf.constant((ids > 0).astype("int32"))]


@pytest.mark.parametrize("row", TEXT, ids=lambda row: row.key)
def test_every_encoder_has_its_layers_as_blocks_and_embeddings_apart(row):
    described = structure(row.key, row.default_size)
    assert len(block_names(described)) == row.encoder.layers
    assert sum(layer["params"] for layer in described["layers"]) == row.parameters
    assert resolve("blocks:2", described) == {f"transformer_layer_{row.encoder.layers - k}" for k in (1, 2)}
    assert counts(described, RunConfig(unfreeze="none"), 2)["phase1"] == row.encoder.width + 1
    assert [layer["name"] for layer in described["layers"] if layer["cut"]][-1] == max(resolve("blocks:1", described))


@pytest.mark.parametrize("family", ["Bert", "DistilBert", "Roberta"])
def test_every_layer_is_a_cut_and_its_two_sides_make_the_whole(family):
    base, side = tiny(family)
    x = ids_and_mask()
    whole = base(x).numpy()
    cuts = cut_points(base, side)
    assert [t._keras_history.operation.name for t in cuts][-3:] == [
        "embeddings_dropout", "transformer_layer_0", "transformer_layer_1"
    ]  # fmt: skip
    cut = deepest_cut(base, {"transformer_layer_1"}, side)
    trunk = keras.Model(base.inputs, cut)
    np.testing.assert_array_equal(rest(base, [cut, *side])([trunk(x), x[1]]).numpy(), whole)


def test_a_base_that_was_cut_can_still_be_saved(tmp_path):
    base, side = tiny()
    rest(base, [deepest_cut(base, {"transformer_layer_1"}, side), *side])
    base.save(tmp_path / "base.keras")
    loaded = keras.saving.load_model(tmp_path / "base.keras")
    np.testing.assert_array_equal(loaded(ids_and_mask()).numpy(), base(ids_and_mask()).numpy())


@pytest.mark.parametrize("pooling", ["avg", "max", "cls"])
def test_padding_changes_no_feature(pooling):
    base, _ = tiny()
    pool = text_pooling(HeadConfig(pooling=pooling), 16)
    features = [pool([base(x), x[1]]).numpy() for x in (ids_and_mask(), ids_and_mask(pad=9))]
    np.testing.assert_allclose(features[0], features[1], atol=1e-6)


def test_a_pooling_for_pictures_is_refused():
    with pytest.raises(ConfigError, match=r"flatten.*avg, max, cls"):
        text_pooling(HeadConfig(pooling="flatten"), 16)


@needs_minilm
def test_tokens_are_marked_cut_and_padded():
    model = text_backbones.tokens(backbone("MiniLM"), "pretrained", 8)
    texts = tf.constant(["Hello café", "", "b " * 50])
    for ids, mask in (model(texts), model.predict(texts, verbose=0)):
        assert np.array(ids).tolist() == [
            [101, 7592, 7668, 102, 0, 0, 0, 0],
            [101, 102, 0, 0, 0, 0, 0, 0],
            [101, 1038, 1038, 1038, 1038, 1038, 1038, 102],
        ]
        assert np.array(mask).sum(axis=1).tolist() == [4, 2, 8]


@needs_minilm
def test_the_default_encoder_knows_that_a_cat_is_nearer_to_a_kitten_than_to_a_car():
    row = backbone("MiniLM")
    base, _ = text_backbones.build_base(row)
    ids, mask = text_backbones.tokens(row, "pretrained", 16)(tf.constant(["a cat", "a kitten", "a car"]))
    features = text_pooling(HeadConfig(), 384)([base([ids, mask]), mask]).numpy()
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    assert unit[0] @ unit[1] > 0.7 > unit[0] @ unit[2]


KAGGLE = """
import os, pathlib, time
class clients: pass
def model_download(handle):
    folder = pathlib.Path(os.environ["KAGGLEHUB_CACHE"]) / "models" / handle
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{{}}")
    weights = folder / "model.weights.h5"
    {what}
    return str(folder)
"""
DRIP = "for n in range(5): time.sleep(0.5); weights.write_bytes(bytes(n))"


@pytest.fixture
def kaggle(tmp_path, monkeypatch):
    """Puts a client in the place of Kaggle's that keeps `config.json` and then does as it is told."""

    def pretend(what):
        (tmp_path / "stub").mkdir(exist_ok=True)
        (tmp_path / "stub" / "kagglehub.py").write_text(KAGGLE.format(what=what))

    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "stub"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    return pretend


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("raise OSError('no route to the server\\nand more')", "no route to the server"),
        ("weights.write_text('half'); raise OSError('the line broke')", "the line broke"),
        ("weights.write_text('half'); time.sleep(60)", "nothing arrived for 1 seconds"),
        ("os._exit(7)", "ended with 7"),
    ],
)
def test_whatever_ends_a_download_what_to_put_where_is_told(what, reason, kaggle, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch_preset, "STALL_SECONDS", 1.0)
    kaggle(what)
    row = backbone("bert_tiny_en_uncased")
    for _ in range(2):  # what has arrived is not taken for the whole
        with pytest.raises(WeightsError) as error:
            text_backbones.build_base(row)
        message = str(error.value)
        assert f"{reason})" in message
        assert row.weights_url in message
        assert (
            f"model.weights.h5, tokenizer.json and the folder assets of the preset into {tmp_path}/models/" in message
        )
        assert weights.locate(row).state == weights.DOWNLOAD


def test_a_slow_download_that_goes_on_is_waited_for(kaggle, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch_preset, "STALL_SECONDS", 1.5)
    kaggle(DRIP)
    row = backbone("bert_tiny_en_uncased")
    assert text_backbones.folder(row, "pretrained") == tmp_path / "kaggle" / "models" / weights.preset_handle(row)
    assert weights.locate(row).state == weights.HERE


def test_a_preset_in_keras_own_models_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    row = backbone("roberta_base_en")
    assert weights.locate(row).state == weights.DOWNLOAD
    folder = tmp_path / "models" / "roberta_base_en"
    folder.mkdir(parents=True)
    for name in ("config.json", "model.weights.h5"):
        (folder / name).write_text("{}")
    assert weights.locate(row).path == folder


def test_a_folder_without_weights_is_refused_with_what_it_must_hold(tmp_path):
    with pytest.raises(WeightsError, match=r"config\.json, model\.safetensors"):
        text_backbones.build_base(backbone("MiniLM"), str(tmp_path))
    with pytest.raises(WeightsError, match="no weights folder"):
        text_backbones.build_base(backbone("MiniLM"), str(tmp_path / "nowhere"))


def test_a_folder_that_kerashub_saved_is_read(tmp_path):
    import keras_hub

    encoder = keras_hub.models.BertBackbone(50, 2, 2, 16, 32, max_sequence_length=12)
    encoder.save_to_preset(str(tmp_path))
    base, _ = text_backbones.build_base(backbone("bert_tiny_en_uncased"), str(tmp_path))
    x = ids_and_mask()
    feed = {"token_ids": x[0], "padding_mask": x[1], "segment_ids": tf.zeros_like(x[0])}
    np.testing.assert_allclose(base(x).numpy(), encoder(feed)["sequence_output"].numpy(), atol=1e-6)
