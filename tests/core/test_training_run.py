"""What a finished run leaves, and that it is what the files say."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.data.pixels import read_pixels
from core.record import Run
from tests.core.conftest import make_pictures, train

KERAS_ONLY = """
import sys, json, numpy as np, keras
model = keras.saving.load_model(sys.argv[1])
out = [model.predict(np.load(f)[None], verbose=0)[0].tolist() for f in sys.argv[2:]]
assert not any(m.split(".")[0] == "core" for m in sys.modules)
print(json.dumps(out))
"""


def test_every_file_of_the_contract_is_there(trained):
    names = {p.relative_to(trained).as_posix() for p in trained.rglob("*") if p.is_file()}
    assert {
        *("config.json", "dataset.json", "status.json", "events.jsonl", "predictions.csv", "model.keras", "worker.log"),
        *("evaluation/phase1.json", "evaluation/phase2.json", "models/phase1.keras", "models/phase2.keras"),
    } <= names
    assert not [n for n in names if n.endswith(".tmp")]


def test_epochs_are_counted_over_the_whole_run(trained):
    rows = Run(trained).events(("epoch",))
    assert [(r["phase"], r["epoch"]) for r in rows] == [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5)]
    keys = {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"}
    assert all(keys <= r.keys() for r in rows)


def test_class_order_is_one_list(trained):
    run = Run(trained)
    classes = run.dataset()["classes"]
    assert classes == ["<script>", "été 🐈"]
    assert [r["class"] for r in run.evaluation(1)["per_class"]] == classes
    header = list(run.predictions()[0])
    assert header[3:] == [f"p{n}:{c}" for n in (1, 2) for c in classes]


def test_evaluation_equals_the_table(trained):
    run = Run(trained)
    classes, rows = run.dataset()["classes"], [r for r in run.predictions() if r["split"] == "validation"]
    for phase in (1, 2):
        p = np.array([[float(r[f"p{phase}:{c}"]) for c in classes] for r in rows])
        labels = np.array([classes.index(r["label"]) for r in rows])
        figures = run.evaluation(phase)
        assert figures["n"] == len(rows) == 8
        assert figures["accuracy"] == pytest.approx((p.argmax(1) == labels).mean())
        assert figures["loss"] == pytest.approx(-np.log(p[np.arange(len(p)), labels]).mean(), rel=1e-5)


@pytest.mark.parametrize("phase", [1, 2])
def test_saved_model_needs_keras_only_and_agrees_with_the_table(trained, tmp_path, phase):
    run = Run(trained)
    dataset, rows = run.dataset(), run.predictions()
    arrays = []
    for i, row in enumerate(rows):
        np.save(tmp_path / f"{i}.npy", read_pixels(Path(dataset["root"]) / row["path"]))
        arrays.append(str(tmp_path / f"{i}.npy"))
    said = subprocess.run(
        [sys.executable, "-c", KERAS_ONLY, str(run.phase_model_file(phase)), *arrays],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    table = [[float(r[f"p{phase}:{c}"]) for c in dataset["classes"]] for r in rows]
    np.testing.assert_allclose(json.loads(said.stdout.splitlines()[-1]), table, atol=1e-5)


def test_only_what_was_thawed_has_changed(trained):
    import keras

    from core import catalog
    from core.models.backbones import build_base
    from core.models.structure import structure
    from core.models.thaw import resolve

    original = build_base(catalog.backbone("EfficientNetLite0"), 32, "pretrained")
    bases = {}
    for phase in (1, 2):
        model = keras.saving.load_model(Run(trained).phase_model_file(phase))
        bases[phase] = next(layer for layer in model.layers if layer.name == original.name)
    thawed = resolve("blocks:1", structure("EfficientNetLite0", 224))
    changed = set()
    for layer in original.layers:
        for i, value in enumerate(layer.get_weights()):
            assert np.array_equal(value, bases[1].get_layer(layer.name).get_weights()[i])
            if not np.array_equal(value, bases[2].get_layer(layer.name).get_weights()[i]):
                changed.add((layer.name, type(layer).__name__))
    assert changed
    assert all("BatchNormalization" not in kind for _, kind in changed)
    assert {name for name, _ in changed} <= thawed
    assert "top_conv" in thawed
    assert "block1a_dwconv" not in thawed


def test_same_seed_gives_the_same_history(pictures, trained):
    said = train(pictures)
    keys = ("phase", "epoch", "loss", "accuracy", "val_loss", "val_accuracy")
    histories = [
        [[e[k] for k in keys] for e in Run(folder).events(("epoch",))] for folder in (trained, Path(said["run_dir"]))
    ]
    assert histories[0] == histories[1]


def test_cached_and_plain_training_agree(tmp_path):
    data = make_pictures(tmp_path / "data", ["a", "b", "c"], 15)
    cached, plain = (train(data, "--set", f"cache={c}", "--set", "head.dropout=0") for c in ("on", "off"))
    for phase in ("phase1", "phase2"):
        assert cached[phase]["val_accuracy"] == pytest.approx(plain[phase]["val_accuracy"], abs=0.005)
        assert cached[phase]["val_loss"] == pytest.approx(plain[phase]["val_loss"], rel=0.02)


@pytest.mark.parametrize("mode", ["views:2", "live"])
def test_augmented_training_runs_to_its_end(pictures, mode):
    said = train(pictures, "--set", f"augmentation={mode}")
    assert said["state"] == "done"
    modes = [e["mode"] for e in Run(said["run_dir"]).events(("phase",))]
    assert modes == (["cached"] * 2 if mode != "live" else ["plain"] * 2)


def test_unreadable_picture_is_left_out_and_noted(tmp_path):
    data = make_pictures(tmp_path / "data", ["a", "b"], 10)
    good = (data / "a" / "a 0.jpg").read_bytes()
    (data / "a" / "broken inside.jpg").write_bytes(good[:300] + b"\xff\xd9" * 20 + good[-2:])
    said = train(data)
    run = Run(said["run_dir"])
    assert said["state"] == "done"
    assert all("broken" not in f["path"] for f in run.dataset()["files"])


def test_second_run_with_another_head_takes_the_frozen_part_from_the_store(pictures):
    train(pictures)
    said = train(pictures, "--set", "head.hidden_units=8", "--set", "seed=0")
    notes = [e["message"] for e in Run(said["run_dir"]).events(("note",))]
    assert any("in the store already" in note for note in notes)
