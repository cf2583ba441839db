"""LoRA beside the attention of real, small encoders: what learns, what is cached, what is saved."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.catalog import Encoder, backbone
from core.config import HeadConfig, PhaseConfig, RunConfig, from_json
from core.errors import ConfigError
from core.models import lora, thaw
from core.models.cuts import deepest_cut
from core.models.describe import describe
from core.models.heads import classifier, text_pooling
from core.models.structure import structure
from core.models.text_backbones import build_base
from core.presets import preset
from core.train_settings import refuse_settings
from core.training import fitting
from core.training.network import Network

LAST = frozenset({"transformer_layer_1"})


def tiny(family="Bert"):
    """An encoder of two layers, 16 wide, with two heads, and its row."""
    keras.utils.set_random_seed(0)
    row = dataclasses.replace(backbone("bert_tiny_en_uncased"), encoder=Encoder(family, 2, 2, 16, 32, 50))
    return (*build_base(row, "random"), row)


def classifier_on(base, side):
    """The encoder with a head for three classes."""
    return Network(
        inputs=keras.Model(base.inputs, base.inputs, name="inputs"),
        base=base,
        side=side,
        pooling=text_pooling(HeadConfig(), 16),
        classifier=classifier(HeadConfig(), 16, 3, 0),
        length=7,
    )


@pytest.fixture
def network():
    base, side, _ = tiny()
    return classifier_on(base, side)


def texts(n=24):
    """Token ids and padding masks of `n` texts of three to seven tokens."""
    rng = np.random.default_rng(0)
    mask = (np.arange(7) < rng.integers(3, 8, (n, 1))).astype("int32")
    return [tf.constant(rng.integers(1, 50, (n, 7)).astype("int32") * mask), tf.constant(mask)]


def weights(model):
    return {v.path: v.numpy() for v in model.weights}


def fit(network, model):
    model.compile(optimizer=fitting.optimizer(PhaseConfig(learning_rate=0.05), 3), loss=fitting.loss(3))
    model.fit(texts(), np.arange(24) % 3, epochs=2, verbose=0)


@pytest.mark.parametrize("family", ["Bert", "DistilBert", "Roberta"])
def test_query_and_value_of_each_chosen_layer_get_two_matrices_and_nothing_else_of_the_base_learns(family):
    base, side, row = tiny(family)
    promised = describe(base, row, side)["lora"]
    network = classifier_on(base, side)
    lora.enable(base, LAST, 2, 0)
    for learning in (LAST, frozenset(), LAST):
        network.set_learning(learning)
        found = sorted(v.path.rpartition("transformer_layer_1/")[2] for v in base.trainable_variables)
        parts = [f"{part}/lora_kernel_{ab}" for part in ("query", "value") for ab in "ab"]
        assert [path.split("/", 1)[1] for path in found] == (parts if learning else [])
    assert sum(int(np.prod(v.shape)) for v in base.trainable_variables) == 2 * promised["transformer_layer_1"]


def test_lora_changes_no_answer_before_it_has_learned(network):
    before = network.complete()(texts()).numpy()
    lora.enable(network.base, LAST, 4, 0)
    np.testing.assert_array_equal(network.complete()(texts()).numpy(), before)


def test_training_moves_lora_and_the_head_alone(network):
    lora.enable(network.base, LAST, 4, 0)
    network.set_learning(LAST)
    model = network.complete()
    before = weights(model)
    fit(network, model)
    changed = {path for path, value in weights(model).items() if not np.array_equal(before[path], value)}
    ours = {path for path in before if "lora_kernel" in path or path.startswith("logits")}
    assert len(ours) == 6
    assert changed == ours


def test_the_trunk_below_the_cut_never_changes_and_the_learner_is_the_rest_of_the_whole(network):
    cut = deepest_cut(network.base, LAST, network.side)
    assert cut._keras_history.operation.name == "transformer_layer_0"
    trunk = network.trunk(cut, features=False)
    stored = [t.numpy() for t in trunk(texts(), training=False)]
    lora.enable(network.base, LAST, 4, 0)
    network.set_learning(LAST)
    learner = network.learner(cut)
    learner.compile(optimizer="adam", loss=fitting.loss(3))
    learner.fit(stored, np.arange(24) % 3, epochs=2, verbose=0)
    np.testing.assert_array_equal(trunk(texts(), training=False)[0], stored[0])
    np.testing.assert_array_equal(
        learner(stored, training=False).numpy(), network.complete()(texts(), training=False).numpy()
    )


def test_the_saved_model_holds_the_sum_and_no_matrix(network, tmp_path):
    lora.enable(network.base, LAST, 4, 0)
    network.set_learning(LAST)
    fit(network, network.complete())
    model = network.complete()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert not any("lora" in path for path in weights(loaded))
    np.testing.assert_allclose(loaded(texts()).numpy(), model(texts(), training=False).numpy(), atol=1e-6)


def test_the_same_seed_starts_alike(network):
    starts = []
    for seed in (3, 3, 4):
        base, _, _ = tiny()
        lora.enable(base, LAST, 4, seed)
        starts.append(
            np.concatenate([v.ravel() for path, v in weights(base).items() if path.endswith("lora_kernel_a")])
        )
    np.testing.assert_array_equal(starts[0], starts[1])
    assert not np.allclose(starts[0], starts[2])


def test_the_page_counts_what_the_network_has():
    described, config = structure("MiniLM", 64), RunConfig(unfreeze="blocks:3", lora_rank=8)
    n = thaw.counts(described, config, 2)
    assert n["phase2"] - n["phase1"] == 3 * 2 * 8 * (384 * 12 + 384 // 12)
    assert n["total"] == thaw.counts(described, config.replace(lora_rank=0), 2)["total"]


def test_lora_leaves_embeddings_frozen_so_that_all_blocks_still_have_a_cut_below():
    described = structure("MiniLM", 64)
    everything = thaw.learning(RunConfig(unfreeze="all", lora_rank=4), described)
    assert everything == {f"transformer_layer_{k}" for k in range(6)}
    assert "token_embedding" in thaw.learning(RunConfig(unfreeze="all"), described)


def test_lora_beside_nothing_is_refused_and_without_a_phase_2_it_says_nothing():
    described = structure("MiniLM", 64)
    with pytest.raises(ConfigError, match=r"choose blocks.*'names:token_embedding'"):
        thaw.learning(RunConfig(unfreeze="names:token_embedding", lora_rank=4), described)
    assert thaw.learning(RunConfig(unfreeze="none", lora_rank=4), described) == frozenset()


@pytest.mark.parametrize(
    ("task", "rank", "words"),
    [
        ("image", 8, "lora_rank must be 0 for pictures"),
        ("text", 32, "below 32.*Received: 32"),
        ("text", -1, "1 to 256"),
    ],
)
def test_ranks_that_make_no_sense_are_refused(task, rank, words):
    with pytest.raises(ConfigError, match=words):
        refuse_settings(from_json({"lora_rank": rank}, preset("recommended", task)))
