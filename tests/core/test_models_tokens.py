"""Raw strings become the ids and marks that each encoder was trained with, whatever its tokeniser fills with."""

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from core.catalog import backbone
from core.models import text_backbones

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "film"]
ROBERTA = {t: n for n, t in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b", "ab", "Ġab", "Ġ", "Ġa"])}


def saved(folder, name, tokenizer, tokens):
    """The folder of an encoder of two small layers with a tokeniser."""
    backbone_class = getattr(keras_hub.models, f"{name}Backbone")
    backbone_class(tokens, 2, 2, 16, 32, max_sequence_length=16).save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return str(folder)


def bert(folder, known):
    return saved(folder, "Bert", keras_hub.tokenizers.BertTokenizer(known, lowercase=True), len(known))


def distil_bert(folder):
    return saved(folder, "DistilBert", keras_hub.tokenizers.DistilBertTokenizer(BERT, lowercase=True), len(BERT))


def roberta(folder):
    tokenizer = keras_hub.tokenizers.RobertaTokenizer(ROBERTA, ["a b", "Ġ a", "Ġa b"])
    return saved(folder, "Roberta", tokenizer, len(ROBERTA))


def both_ways(model, texts, tmp_path):
    """Ids and mask as lists: eagerly, in a graph, and both after loading in safe mode."""
    model.save(tmp_path / "tokens.keras")
    for one in (model, keras.saving.load_model(tmp_path / "tokens.keras")):
        for run in (one, tf.function(one, input_signature=[tf.TensorSpec((None,), tf.string)])):
            ids, mask = run(tf.constant(texts))
            yield np.array(ids).tolist(), np.array(mask).tolist()


@pytest.mark.parametrize("make", [lambda folder: bert(folder, BERT), distil_bert], ids=["Bert", "DistilBert"])
def test_wordpiece_texts_are_marked_cut_and_filled(make, tmp_path):
    row = backbone("bert_tiny_en_uncased")
    model = text_backbones.tokens(row, make(tmp_path / "preset"), 6)
    for ids, mask in both_ways(model, ["A good", "", "a weird", "a a a a a a"], tmp_path):
        assert ids == [[2, 5, 6, 3, 0, 0], [2, 3, 0, 0, 0, 0], [2, 5, 1, 3, 0, 0], [2, 5, 5, 5, 5, 3]]
        assert mask == [[1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]]


@pytest.mark.parametrize(
    "known",
    [
        ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]", "a", "good"],
        ["[CLS]", "a", "good", "[SEP]", "[UNK]", "[MASK]", "[PAD]"],
        ["good", "[UNK]", "[CLS]", "a", "[PAD]", "[SEP]", "[MASK]"],
    ],
)
def test_a_vocabulary_need_not_begin_with_its_padding(known, tmp_path):
    model = text_backbones.tokens(backbone("bert_tiny_en_uncased"), bert(tmp_path / "preset", known), 7)
    told = {token: known.index(f"[{token}]") for token in ("CLS", "SEP", "PAD", "UNK")}
    words = [["a", "good"], [], ["a", "UNK"], ["UNK", "a", "good"]]
    expected = [
        [told["CLS"], *(told.get(w, known.index(w) if w in known else 0) for w in row), told["SEP"]] for row in words
    ]
    for ids, mask in both_ways(model, ["a good", "", "a weird", "odd a good"], tmp_path):
        assert ids == [row + [told["PAD"]] * (7 - len(row)) for row in expected]
        assert mask == [[1] * len(row) + [0] * (7 - len(row)) for row in expected]


def test_roberta_counts_no_padding_and_ends_behind_the_text(tmp_path):
    model = text_backbones.tokens(backbone("roberta_base_en"), roberta(tmp_path / "preset"), 8)
    for ids, mask in both_ways(model, ["ab ab", "a", "", "a<s>b<pad>a", "a" * 9], tmp_path):
        assert ids == [
            [0, 7, 9, 7, 2, 1, 1, 1],
            [0, 5, 2, 1, 1, 1, 1, 1],
            [0, 2, 1, 1, 1, 1, 1, 1],
            [0, 5, 0, 6, 1, 5, 2, 1],  # marks that are written in a text are tokens of it
            [0, 5, 5, 5, 5, 5, 5, 2],
        ]
        assert [sum(row) for row in mask] == [5, 3, 2, 7, 8]
        assert all(row == sorted(row, reverse=True) for row in mask)
