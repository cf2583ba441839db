"""A run on texts, from a table to saved models that read raw strings."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core import catalog
from core.config import from_json
from core.errors import ConfigError
from core.exporters import export
from core.models.text_backbones import tokens
from core.predict import Predictor, load_model
from core.presets import preset
from core.record import Run
from core.tasks import text
from core.train_settings import refuse_settings
from core.words import look_with, of_samples
from tests.core.conftest import core
from tests.core.text_data import needs_minilm, write_reviews

pytestmark = needs_minilm

SMALL = [
    "--epochs1",
    "3",
    "--epochs2",
    "1",
    "--unfreeze",
    "blocks:1",
    "--set",
    "sequence_length=16",
    "head.hidden_units=0",
]
KERAS_HUB_ONLY = """
import json, sys, keras, keras_hub, numpy as np
texts = json.load(sys.stdin)
said = []
for file in sys.argv[1:]:
    model = keras.saving.load_model(file)
    said.append(model.predict(np.array(texts, dtype=object), verbose=0).tolist())
assert not any(m.split(".")[0] == "core" for m in sys.modules)
print(json.dumps(said))
"""


def train(data, *arguments, **environment):
    return json.loads(core("train", "--data", str(data), *SMALL, *arguments, "--json", **environment).stdout)


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    """Forty reviews; one in eight is longer than the sequence length."""
    return write_reviews(tmp_path_factory.mktemp("reviews") / "reviews.csv")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text_runs")
    return {"THAW_RUNS": str(folder / "runs"), "THAW_CACHE_DIR": str(folder / "cache")}


@pytest.fixture(scope="module")
def trained(reviews, home):
    """The folder of a finished run of both phases."""
    said = train(reviews, **home)
    assert said["state"] == "done"
    return Path(said["run_dir"])


def test_both_phases_train_from_the_store(trained):
    run = Run(trained)
    assert run.dataset()["task"] == "text"
    phases = run.events(("phase",))
    assert [e["mode"] for e in phases] == ["cached", "cached"]
    assert phases[0]["trainable"] == 385
    assert [(e["phase"], e["epoch"]) for e in run.events(("epoch",))] == [(1, 1), (1, 2), (1, 3), (2, 4)]
    assert run.evaluation(2)["n"] == len([r for r in run.predictions() if r["split"] == "validation"]) == 8


def test_the_share_of_cut_texts_is_told(trained):
    assert any("longer than 16 tokens" in e["message"] for e in Run(trained).events(("note",)))


def test_saved_models_read_strings_and_agree_with_the_table(trained):
    run = Run(trained)
    classes, rows = run.dataset()["classes"], run.predictions()
    texts = dict(enumerate(_texts(run)))
    asked = [texts[int(row["path"].partition("#")[2]) - 2] for row in rows]
    files = [str(run.phase_model_file(phase)) for phase in (1, 2)]
    said = subprocess.run(
        [sys.executable, "-c", KERAS_HUB_ONLY, *files],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    for phase, got in zip((1, 2), json.loads(said.stdout.splitlines()[-1]), strict=True):
        table = [[float(row[f"p{phase}:{c}"]) for c in classes] for row in rows]
        np.testing.assert_allclose(got, table, atol=1e-5)


def test_the_words_of_the_samples_are_those_of_the_saved_models(trained):
    run = Run(trained)
    found, shown = of_samples(run), run.events(("samples",))[-1]["rows"]
    assert set(found) == {1, 2}
    texts = dict(zip((f["path"] for f in run.dataset()["files"]), _texts(run), strict=True))
    for phase, by_path in found.items():
        assert list(by_path) == [run.dataset()["files"][row]["path"] for row in shown]
        path = next(iter(by_path))
        again = look_with(Predictor(run, phase), texts[path])
        assert again.label == by_path[path].label
        assert [w.without for w in again.words] == pytest.approx([w.without for w in by_path[path].words], abs=1e-4)


def test_the_words_of_the_samples_are_asked_of_the_graph_that_judged(trained):
    """Another graph of the encoder takes seconds, most of the look into it: here there is no encoder to make one of."""
    import keras

    config = Run(trained).config()
    strings = keras.Input((), dtype="string")
    only_tokens = tokens(catalog.backbone(config.backbone), config.weights, config.sequence_length)
    asked = []

    def answer(ids, mask):
        asked.append((ids.shape, int(mask.numpy().sum(axis=1).max())))
        return np.tile(np.float32([0.25, 0.75]), (len(ids), 1))

    manifest = text.prepare(config)
    found = text.explained(keras.Model(strings, only_tokens(strings)), answer, manifest, config, [0, 1], 1)
    assert [words["probability"] for words in found.values()] == [0.75, 0.75]
    assert [shape[0] for shape, _ in asked] == [1 + len(words["words"]) for words in found.values()]
    assert all(shape[1] == longest for shape, longest in asked)  # nothing is computed of padding that nobody fills


def test_padding_that_nobody_fills_changes_no_answer(trained):
    run = Run(trained)
    predictor, whole = Predictor(run, 2), load_model(run, 2)
    texts = ["a dull film", "", "superb " * 40]
    for batch in (texts, texts[:1], texts[1:2]):
        expected = whole.predict(np.array(batch, dtype=object), verbose=0)
        np.testing.assert_allclose(list(predictor.predict_all(batch)), expected, atol=1e-6)


def test_the_exported_script_stands_alone_and_comes_to_the_runs_own_figures(trained, tmp_path):
    run = Run(trained)
    check_script(run, tmp_path, 0.02)
    script = (tmp_path / "train.py").read_text(encoding="utf-8")
    tree = ast.parse(script)
    imported = {n.name.split(".")[0] for x in ast.walk(tree) if isinstance(x, ast.Import) for n in x.names}
    assert imported <= {"argparse", "csv", "json", "keras", "keras_hub", "numpy", "tensorflow"}
    assert len(script.splitlines()) < 200


@pytest.mark.slow
@pytest.mark.parametrize("settings", [["lora_rank=2"], ["phase2.schedule=linear", "head.pooling=cls"]])
def test_other_ways_to_fine_tune_have_a_script_too(reviews, home, tmp_path, settings):
    said = train(reviews, *(part for setting in settings for part in ("--set", setting)), **home)
    check_script(Run(said["run_dir"]), tmp_path, 0.05)


def check_script(run, folder, tolerance):
    """Export the script, run it, and compare its accuracies, and its losses within a share, with the run's."""
    made = export(run, "code", folder / "train.py")
    done = subprocess.run([sys.executable, made, "--out", "m.keras"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    for phase in (1, 2):
        got = float(re.search(rf"after phase {phase}: ([\d.]+)", done.stdout)[1])
        assert got == pytest.approx(run.evaluation(phase)["accuracy"], abs=0.005)
    losses = [float(loss) for loss in re.findall(r"val_loss: ([\d.]+)", done.stdout)]
    assert losses == pytest.approx([e["val_loss"] for e in run.events(("epoch",))], rel=tolerance)
    assert (folder / "m.keras").is_file()


def test_only_what_was_thawed_has_changed(trained):
    import keras
    import keras_hub  # noqa: F401

    first, second = (keras.saving.load_model(Run(trained).phase_model_file(n)).get_layer("encoder") for n in (1, 2))
    changed = {
        a.name
        for a, b in zip(first.layers, second.layers, strict=True)
        if any(not np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))
    }
    assert changed == {"transformer_layer_5"}


def test_the_shell_answers_for_texts_and_scores_tables(trained, tmp_path, home):
    (tmp_path / "note.txt").write_text("what a wonderful, superb evening", encoding="utf-8")
    texts = ["an awful, dull, stupid film", "", "fürchterlich 🎬"]
    said = core("predict", str(trained), str(tmp_path / "note.txt"), "--text", *texts, "--json", **home)
    rows = json.loads(said.stdout)
    assert [row.get("text", row.get("path")) for row in rows] == [str(tmp_path / "note.txt"), *texts]
    assert all(sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5) for row in rows)
    assert [row["label"] for row in rows[:2]] == ["good", "bad"]
    other = write_reviews(tmp_path / "other.csv", 5, " indeed")
    score = json.loads(core("evaluate", str(trained), str(other), "--json", **home).stdout)
    assert score["n"] == 10
    assert score["accuracy"] > 0.5


@pytest.mark.slow
def test_training_without_the_store_comes_to_the_same(reviews, trained, home):
    said = train(reviews, "--set", "cache=off", "--set", "head.dropout=0", **home)
    cached = train(reviews, "--set", "head.dropout=0", **home)
    run = Run(said["run_dir"])
    assert [e["mode"] for e in run.events(("phase",))] == ["plain", "plain"]
    assert cached["phase1"]["val_loss"] == pytest.approx(said["phase1"]["val_loss"], abs=1e-3)
    assert cached["phase2"]["val_loss"] == pytest.approx(said["phase2"]["val_loss"], abs=0.05)
    notes = [e["message"] for e in Run(cached["run_dir"]).events(("note",))]
    assert any("in the store already" in note for note in notes)


@pytest.mark.parametrize(
    "settings", [{"backbone": "VGG16"}, {"augmentation": "live"}, {"head": {"pooling": "flatten"}}]
)
def test_settings_for_pictures_are_refused(settings):
    config = from_json(settings, preset("recommended", "text"))
    with pytest.raises(ConfigError, match=r"(?i)texts"):
        refuse_settings(config)


def _texts(run):
    from core.data import text_scan

    return text_scan.contents(text_scan.scan(run.config()), run.config())
