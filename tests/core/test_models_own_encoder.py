"""A folder of weights is taken for what its configuration says, in refusals, on the page and in the script."""

import json

import keras_hub
import pytest

from core.catalog import BACKBONES
from core.config import from_json
from core.errors import ConfigError
from core.exports.script_parts import fine_tuned
from core.models import own_encoder, text_backbones, thaw
from core.models.describe import describe
from core.models.structure import structure
from core.presets import preset
from core.train_settings import refuse_settings

TEXT = [row for row in BACKBONES.values() if row.task == "text"]
HUGGING_FACE = {
    "bert": ["num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size", "vocab_size"],
    "distilbert": ["n_layers", "n_heads", "dim", "hidden_dim", "vocab_size"],
}


def settings(folder, **changed):
    given = {"weights": str(folder), "unfreeze": "blocks:1", "sequence_length": 16, **changed}
    return from_json(given, preset("recommended", "text"))


def encoder(folder, name="Bert", layers=5):
    """A small encoder in a folder of KerasHub's."""
    make = getattr(keras_hub.models, f"{name}Backbone")
    make(9, layers, 2, 16, 32, max_sequence_length=16).save_to_preset(str(folder))
    return folder


@pytest.mark.parametrize("row", TEXT, ids=lambda row: row.key)
def test_what_is_worked_out_for_any_dimensions_is_what_was_described(row):
    assert own_encoder.adapted(row, row.encoder) == structure(row.key, row.default_size)


@pytest.mark.parametrize("name", ["Bert", "DistilBert", "Roberta"])
def test_a_folders_structure_is_that_of_the_network_in_it(name, tmp_path):
    config = settings(encoder(tmp_path, name))
    row = BACKBONES[config.backbone]
    base, side = text_backbones.build_base(row, config.weights)
    assert own_encoder.structure_of(config) == describe(base, row, side)


@pytest.mark.parametrize("backbone", ["bert_tiny_en_uncased", "MiniLM"])
def test_refusals_and_the_script_count_the_folders_layers(backbone, tmp_path):
    config = settings(encoder(tmp_path), backbone=backbone)
    for unfreeze, first in (("blocks:1", 4), ("blocks:3", 2)):
        asked = config.replace(unfreeze=unfreeze)
        refuse_settings(asked)
        names = [f"transformer_layer_{k}" for k in range(first, 5)]
        assert sorted(thaw.learning(asked, own_encoder.structure_of(asked))) == names
        assert fine_tuned(asked, own_encoder.structure_of(asked)) == names
    with pytest.raises(ConfigError, match="5 blocks"):
        refuse_settings(config.replace(unfreeze="blocks:6"))


def test_texts_longer_than_the_folders_encoder_reads_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"at most 16 tokens.*Received: 17"):
        refuse_settings(settings(encoder(tmp_path), sequence_length=17))


def test_ranks_are_measured_by_the_folders_attention(tmp_path):
    with pytest.raises(ConfigError, match="below 8, the width of an attention head"):
        refuse_settings(settings(encoder(tmp_path), lora_rank=8))


@pytest.mark.parametrize("kind", HUGGING_FACE)
def test_a_configuration_of_hugging_face_is_understood(kind, tmp_path):
    told = {"model_type": kind, "max_position_embeddings": 40}
    told |= dict(zip(HUGGING_FACE[kind], (3, 2, 16, 32, 50), strict=True))
    (tmp_path / "config.json").write_text(json.dumps(told))
    found = own_encoder.row_of(settings(tmp_path)).encoder
    assert (found.layers, found.heads, found.width, found.hidden, found.vocabulary) == (3, 2, 16, 32, 50)
    assert found.positions == 40


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"model_type": "bert", "num_hidden_layers": "many"}', "[" * 9_999]
)
def test_a_folder_that_does_not_tell_is_taken_for_the_catalogues(content, tmp_path):
    (tmp_path / "config.json").write_text(content)
    assert own_encoder.row_of(settings(tmp_path)) == BACKBONES["MiniLM"]


def test_a_network_of_another_kind_has_no_structure(tmp_path):
    told = dict(zip([*HUGGING_FACE["bert"], "max_position_embeddings"], (3, 2, 16, 32, 50, 40), strict=True))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "electra", **told}))
    assert own_encoder.structure_of(settings(tmp_path)) is None
