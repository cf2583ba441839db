"""Settings and data at their ends: rates that break everything, thousands of classes."""

import json

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from components.charts.curves import curves, in_words
from components.running_samples import answers
from core import launcher, record
from core.config import from_json
from core.run_list import create_run
from core.training import divergence
from core.training.reporter import Reporter
from tests.core.conftest import ROOT, core
from tests.core.test_training_resume import wait

PARTS = ("good", "wrong", "why", "phases", "take")
SMALL = {"image_size": 32, "unfreeze": "blocks:1", "phase1": {"epochs": 2}, "phase2": {"epochs": 2}}


def strict(text):
    """JSON as every other program reads it: without NaN and infinity."""

    def refuse(name):
        raise AssertionError(f"{name} in {text[:300]}")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.slow
def test_a_rate_of_a_million_is_explained_in_the_shell_and_on_its_page(pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_RUNS", str(tmp_path / "runs"))
    small = ["--image-size", "32", "--unfreeze", "none", "--epochs1", "2"]
    done = core("train", "--data", str(pictures), *small, "--set", "phase1.learning_rate=1e6", "--json", check=False)
    said = json.loads(done.stdout)
    assert done.returncode == {record.DONE: 0, record.FAILED: 1}[said["state"]]
    assert "smaller learning rate" in done.stderr
    assert "Traceback" not in done.stderr
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30).run()
    app.switch_page("components/pages/train.py")
    app.query_params["run"] = said["run_dir"].rpartition("/")[2]
    app.run()
    assert not app.exception
    assert not [e.value for e in app.error if "did not foresee" in e.value]


def test_what_is_no_number_is_null_wherever_it_is_written(tmp_path):
    run = create_run(from_json({"data": "x"}), {}, tmp_path)
    reporter = Reporter(run)
    reporter.event("batch", phase=1, epoch=1, step=1, steps=2, loss=float("nan"), accuracy=float("inf"))
    reporter.event("samples", phase=1, epoch=1, rows=[0], probabilities=[[float("nan"), 0.5]])
    reporter.status(images_per_second=float("inf"), eta_s=float("nan"))
    reporter.close(record.STOPPED, message="")
    batch, samples, _ = [strict(line) for line in run.events_file.read_text().splitlines()]
    assert (batch["loss"], batch["accuracy"], samples["probabilities"]) == (None, None, [[None, 0.5]])
    assert strict(run.status_file.read_text())["images_per_second"] is None
    for measure in ("loss", "accuracy"):
        drawn = curves(run.events(), measure, (2, 2), run.id)
        assert not any(trace["x"] for trace in drawn["data"])
        assert "No epoch" in in_words(run.events(), measure)
    (card,) = answers(["a", "b"], [{"label": 0}], [None], samples, samples)
    assert (card.truth, card.answer, card.probability, card.right) == ("a", "", None, None)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("phase", ["phase1", "phase2"])
def test_a_rate_of_a_million_ends_with_a_model_and_a_sentence(pictures, tmp_path, phase, optimizer):
    settings = {**SMALL, phase: {"epochs": 3, "learning_rate": 1e6, "optimizer": optimizer}}
    run = launcher.start(from_json({"data": str(pictures), **settings}), tmp_path)
    state = wait(run)
    said = [run.status().get("error", "")] if state == record.FAILED else [e["message"] for e in run.events(("note",))]
    assert state in (record.DONE, record.FAILED)
    assert [text for text in said if f"of {phase[:5]} {phase[5]} " in text and "smaller learning rate" in text], said
    assert run.model_file.is_file()
    for file in run.path.rglob("*.json"):
        strict(file.read_text())
    for line in run.events_file.read_text().splitlines():
        strict(line)
    assert np.isfinite([[float(v) for k, v in row.items() if k[:2] in ("p1", "p2")] for row in run.predictions()]).all()


def test_a_loss_far_above_that_of_guessing_is_noted_and_no_other():
    def said(loss, val_loss, phase=1):
        return divergence.note(1, [{"phase": phase, "loss": loss, "val_loss": val_loss}], (1e6, 3e-4), 2)

    assert "rose to 65,774" in said(65774.25, 0.0)
    assert "it was 1e+06" in said(0.7, 36e6)
    assert said(0.9, 1.4) == said(65774.25, 0.0, phase=2) == divergence.note(1, [], (1e6, 3e-4), 2) == ""


def test_phase_2_that_began_from_what_had_diverged_blames_phase_1():
    def said(of_phase_1):
        epochs = [{"phase": 1, "loss": loss, "val_loss": loss} for loss in of_phase_1]
        return divergence.note(2, [*epochs, {"phase": 2, "loss": 900.0, "val_loss": 900.0}], (1e6, 3e-4), 2)

    assert "Phase 1, from which phase 2 starts, had diverged already" in said([65774.25, 36e6])
    assert "learning rate of phase 1 (it was 1e+06)" in said([65774.25, 36e6])
    for sound in ([0.3, 36e6], []):  # the best epoch of phase 1 is what phase 2 begins from
        assert said(sound).endswith("A smaller learning rate (it was 0.0003) usually mends that.")


def two_thousand_classes(root):
    """Two tiny pictures in each of 2,000 classes; the folder."""
    for k in range(2000):
        folder = root / f"class {k:04d}"
        folder.mkdir(parents=True)
        for n in range(2):
            pixels = np.random.default_rng(2 * k + n).integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{n}.png")
    return root


def test_the_shell_scans_two_thousand_classes(tmp_path):
    data = two_thousand_classes(tmp_path / "data")
    found = json.loads(core("scan", str(data), "--json").stdout)
    assert [row["name"] for row in found["classes"]] == [f"class {k:04d}" for k in range(2000)]
    assert {row["count"] for row in found["classes"]} == {2}
    assert found["total"] == 4000
    assert core("scan", str(data)).stdout.count("\n  class ") == 2000


@pytest.mark.slow
def test_two_thousand_classes_of_two_pictures_train_and_are_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    monkeypatch.setenv("THAW_RUNS", str(tmp_path / "runs"))
    two_thousand_classes(tmp_path / "data")
    run = launcher.start(from_json({"data": str(tmp_path / "data"), **SMALL}), tmp_path / "runs")
    assert wait(run, 900) == record.DONE
    assert len(run.evaluation(2)["per_class"]) == 2000
    assert len(run.predictions()) == 2000
    pages = [*((page, {}) for page in ("data", "train", "runs", "try_it")), *(("results", {"part": p}) for p in PARTS)]
    for page, query in pages:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=300).run()
        app.switch_page(f"components/pages/{page}.py")
        for key, value in {"run": run.id, "data": str(tmp_path / "data"), **query}.items():
            app.query_params[key] = value
        app.run()
        assert not [*app.exception, *app.error], (page, query)
