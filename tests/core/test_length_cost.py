"""Tokens counted without TensorFlow, and what each sequence length costs."""

import numpy as np
import pytest

from core.catalog import Encoder, backbone
from core.data.token_counts import LONGEST, MARKS, token_counts
from core.length_cost import length_costs
from tests.core.text_data import needs_minilm

TINY = Encoder("Bert", 2, 2, 4, 8, 100)
TEXTS = ["Hello café!", "", "untranslatable antidisestablishmentarianism", "很好 movie", "a\tb\nc 🎬", "\ud800 x"]


@needs_minilm
def test_counts_are_those_of_the_tokeniser_that_trains():
    import tensorflow as tf

    from core.models.text_backbones import counter

    row = backbone("MiniLM")
    count = tf.function(counter(row, "pretrained"))
    raw = [text.encode("utf-8", "replace") for text in TEXTS]
    counts, counted = token_counts(TEXTS, row)
    assert counted
    assert counts == (count(tf.constant(raw)).numpy() + MARKS).tolist()


def test_without_a_vocabulary_words_and_signs_are_guessed_from(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    row = backbone("bert_base_zh")
    counts, counted = token_counts(["one two, three four!", "", "很好吗"], row)
    assert not counted
    assert counts == [MARKS + 7, MARKS, MARKS + 4]  # 1.2 tokens for each of 6 and of 3 pieces
    (tmp_path / "tokenizer.json").write_text('{"module": "keras_hub"}')
    assert token_counts(["one"], row, str(tmp_path)) == ([MARKS + 1], False)


def test_only_the_beginning_of_a_huge_text_is_looked_at(tmp_path):
    row = backbone("bert_base_zh")
    assert token_counts(["好" * 10**6], row, str(tmp_path))[0] == [MARKS + round(1.2 * LONGEST)]


def test_costs_by_hand():
    found = length_costs([4, 8, 8, 16], TINY, 2, 8, (4, 16))
    assert [(one.length, one.cut) for one in found] == [(4, 0.75), (8, 0.25), (16, 0.0)]

    def work(*batches):
        return sum(2 * length * (4 * 4 * 4 + 2 * 4 * 8 + 2 * length * 4) for length in batches)

    expected = np.array([work(4, 4), work(8, 8), work(8, 16)]) / work(8, 8)
    assert [one.work for one in found] == pytest.approx(expected)


def test_a_length_that_no_text_reaches_costs_nothing_more():
    found = length_costs([10, 20, 30], TINY, 2, 64)
    assert [one.length for one in found] == [64, 128, 256, 512]
    assert {one.work for one in found} == {1.0}
    assert {one.cut for one in found} == {0.0}


def test_long_texts_cost_more_than_in_proportion():
    found = {one.length: one.work for one in length_costs([600] * 40, TINY, 32, 64)}
    assert found[512] > 8 * found[64]
