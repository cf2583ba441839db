"""The encoder that a run on texts has: the catalogue's, or the one in a folder of one's own. Needs no TensorFlow.

A folder's `config.json` tells its dimensions, in KerasHub's words or in those of Hugging Face; refusals, the page and
the standalone script all go by them.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from core import catalog
from core.catalog import BACKBONES, Backbone, Encoder
from core.config import RunConfig
from core.files import read_json
from core.models.structure import block, structure
from core.paths import expanded

_KERAS = ("num_layers", "num_heads", "hidden_dim", "intermediate_dim", "vocabulary_size", "max_sequence_length")
_BERT = (
    "num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size", "vocab_size",
    "max_position_embeddings",
)  # fmt: skip
_DISTIL = ("n_layers", "n_heads", "dim", "hidden_dim", "vocab_size", "max_position_embeddings")
_HUGGING_FACE = {
    "bert": ("Bert", _BERT),
    "distilbert": ("DistilBert", _DISTIL),
    "roberta": ("Roberta", _BERT),
    "xlm-roberta": ("Roberta", _BERT),
}
_ALIKE = {"XLMRoberta": "Roberta"}  # KerasHub's families that have the layers of another
_PADDED = 2  # positions that Hugging Face's RoBERTa keeps for padding
_MOST = (1_000, 1_000, 100_000, 1_000_000, 10_000_000, 1_000_000)  # of each dimension, beyond which a file is damaged


def row_of(config: RunConfig) -> Backbone:
    """The catalogue's row of a run's backbone; with weights from a folder, with the dimensions of the encoder there.

    `encoder` is None where the folder's network is of a kind that the catalogue does not have, and the row's own
    where the folder does not tell.

    Raises:
        ConfigError: there is no backbone of that name.
    """
    row = catalog.backbone(config.backbone)
    if row.encoder is None or not config.has_own_weights:
        return row
    told = _told(expanded(config.weights) / "config.json")
    return row if told is None else replace(row, encoder=told if told.family in _shipped() else None)


def structure_of(config: RunConfig) -> dict[str, Any] | None:
    """The structure of a run's backbone at its default size, None where it is not known.

    Raises:
        ConfigError: there is no backbone of that name.
    """
    row = row_of(config)
    if row.encoder == BACKBONES[row.key].encoder:
        return structure(row.key, row.default_size)
    return None if row.encoder is None else adapted(row, row.encoder)


def adapted(row: Backbone, encoder: Encoder) -> dict[str, Any] | None:
    """The structure of an encoder of any dimensions, made from that of the catalogue's first one of its family."""
    like = _shipped()[encoder.family]
    described = structure(like, BACKBONES[like].default_size)
    if described is None:
        return None
    stem = [_layer(x, encoder) for x in described["layers"] if x["block"] == "stem"]
    one = next(_layer(x, encoder) for x in described["layers"] if x["block"] != "stem")
    names = [(f"transformer_layer_{k}", f"layer_{k}") for k in range(encoder.layers)]
    blocks = [block("stem", stem), *(block(place, [one]) for _, place in names)]
    beside = 2 * (encoder.width * encoder.heads + encoder.width // encoder.heads)  # query and value, for each rank
    return {
        "backbone": row.key,
        "image_size": row.default_size,
        "blocks": blocks,
        "layers": [*stem, *({**one, "name": name, "block": place} for name, place in names)],
        "feature_shape": one["output_shape"],
        "lora": {name: beside for name, _ in names},
    }


def _shipped() -> dict[str, str]:
    """The first backbone of each family."""
    return {row.encoder.family: row.key for row in reversed(BACKBONES.values()) if row.encoder}


def _told(file: Path) -> Encoder | None:
    """What a configuration says of its encoder, None where it does not."""
    data = read_json(file)
    if not isinstance(data, dict):
        return None
    kind = data.get("model_type")
    if isinstance(data.get("config"), dict) and isinstance(data.get("class_name"), str):
        family = data["class_name"].removesuffix("Backbone")
        family, names, data = _ALIKE.get(family, family), _KERAS, data["config"]
    elif isinstance(kind, str):
        family, names = _HUGGING_FACE.get(kind, (kind, _BERT))
    else:
        return None
    found = [data.get(name) for name in names]
    if not all(type(n) is int and 0 < n <= most for n, most in zip(found, _MOST, strict=True)):
        return None
    layers, heads, width, hidden, vocabulary, positions = found
    padded = _PADDED if names is _BERT and family == "Roberta" else 0
    return Encoder(family, layers, heads, width, hidden, vocabulary, positions - padded)


def _layer(layer: dict[str, Any], encoder: Encoder) -> dict[str, Any]:
    """A layer of the template, in another encoder's dimensions."""
    e, w = encoder, encoder.width
    params = {
        "token_embedding": e.vocabulary * w,
        "position_embedding": e.positions * w,
        "segment_embedding": 2 * w,
        "TokenAndPositionEmbedding": (e.vocabulary + e.positions) * w,
        "LayerNormalization": 2 * w,
        "TransformerEncoder": 4 * (w * w + w) + 2 * w * e.hidden + e.hidden + w + 4 * w,
    }
    count = params.get(layer["name"], params.get(layer["type"], 0))
    return {
        **layer,
        "params": count,
        "thawable": count,
        "output_shape": [*layer["output_shape"][:1], *([w] if len(layer["output_shape"]) > 1 else [])],
    }
