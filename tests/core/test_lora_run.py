"""A run with LoRA on a small real encoder: what its worker writes, and that a kill changes nothing of it."""

import html
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from core import launcher, record
from core.config import apply, from_json
from core.data import text_scan
from core.exports.model_card import card
from core.exports.report import report
from core.run_list import summary
from tests.core.test_tasks_text import KERAS_HUB_ONLY
from tests.core.test_training_resume import finish, kill_at, same_end, wait
from tests.core.text_data import small_encoder, write_reviews

SETTINGS = {
    "task": "text",
    "backbone": "bert_tiny_en_uncased",
    "sequence_length": 16,
    "unfreeze": "blocks:1",
    "lora_rank": 3,
    "phase1": {"epochs": 2},
    "phase2": {"epochs": 3, "learning_rate": 1e-2, "optimizer": "adamw", "weight_decay": 0.01, "schedule": "linear"},
    "batch_size": 8,
    "patience": 5,
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def config(encoder, tmp_path_factory):
    reviews = write_reviews(tmp_path_factory.mktemp("reviews") / "reviews.csv")
    return from_json({"data": str(reviews), "weights": str(encoder), **SETTINGS})


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory):
    home = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:  # a fixture of a module comes before those of each test
        patch.setenv("THAW_CACHE_DIR", str(home / "cache"))
        run = launcher.start(config, home / "runs")
        assert wait(run) == record.DONE, run.status()
    return run


def test_phase_2_trains_lora_and_the_head_from_the_store(trained):
    one, two = trained.events(("phase",))
    assert (one["mode"], two["mode"]) == ("cached", "cached")
    assert one["trainable"] == 17
    assert two["trainable"] - one["trainable"] == 2 * 3 * (16 * 2 + 16 // 2)


def test_lora_moves_query_and_value_of_the_chosen_block_and_the_saved_model_has_no_matrix_of_its_own(trained):
    first, second = (keras.saving.load_model(trained.phase_model_file(n)).get_layer("encoder") for n in (1, 2))
    before, after = ({v.path: v.numpy() for v in model.weights} for model in (first, second))
    assert before.keys() == after.keys()
    changed = {path for path, value in after.items() if not np.array_equal(before[path], value)}
    parts = {path.split("/", 1)[1] for path in changed}
    assert parts == {"self_attention_layer/query/kernel", "self_attention_layer/value/kernel"}
    assert {path.split("/")[0] for path in changed} == {"transformer_layer_1"}


def test_a_process_with_keras_alone_agrees_with_the_table(trained):
    classes, rows = trained.dataset()["classes"], trained.predictions()
    texts = text_scan.contents(text_scan.scan(trained.config()), trained.config())
    asked = [texts[int(row["path"].partition("#")[2]) - 2] for row in rows]
    command = [sys.executable, "-c", KERAS_HUB_ONLY, str(trained.phase_model_file(2))]
    said = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    table = [[float(row[f"p2:{c}"]) for c in classes] for row in rows]
    np.testing.assert_allclose(json.loads(said.stdout.splitlines()[-1])[0], table, atol=1e-5)


def test_report_model_card_and_list_of_runs_name_lora_with_what_it_cost(trained):
    words = "LoRA of rank 3 beside the attention of the last block"
    page, found = report(trained).replace("\N{NO-BREAK SPACE}", " "), trained.evaluation(2)
    assert f"Phase 2 ({words}): {found['verdict']}" in html.unescape(page)
    assert "After phase 2, LoRA" in page
    assert "thawed</t" not in page
    assert f"Phase 2, LoRA: {words}" in card(trained)
    assert found["seconds"] > 0
    assert found["megabytes"].keys() == {"model", "stored", "memory_peak"}
    assert (summary(trained)["unfreeze"], summary(trained)["lora_rank"]) == ("blocks:1", 3)


@pytest.mark.parametrize("epoch", [3, pytest.param(4, marks=pytest.mark.slow), pytest.param(5, marks=pytest.mark.slow)])
def test_a_run_killed_in_phase_2_comes_to_the_same_end(config, trained, tmp_path, epoch):
    run = launcher.start(config, tmp_path)
    kill_at(run, "epoch", epoch)
    finish(run)
    same_end(run, trained)


@pytest.mark.slow
def test_without_the_store_lora_comes_to_the_same(config, tmp_path):
    still = apply(config, {"head.dropout": "0"})
    ended = []
    for name, cache in (("kept", "on"), ("plain", "off")):
        run = launcher.start(apply(still, {"cache": cache}), tmp_path / name)
        assert wait(run) == record.DONE, run.status()
        ended.append(run)
    assert [e["mode"] for e in ended[1].events(("phase",))] == ["plain", "plain"]
    for phase in (1, 2):
        kept, plain = (run.evaluation(phase)["loss"] for run in ended)
        assert kept == pytest.approx(plain, abs=0.02)
