"""A run with a test split whose phase 2 ended worse: what the files say, and which model is kept."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.data.pixels import read_pixels
from core.evaluation.intervals import mcnemar_exact
from core.evaluation.metrics import figures
from core.exporters import export
from core.exports.model_card import card
from core.exports.report import report
from core.record import Run


@pytest.fixture(scope="module")
def run(trained_on_three_splits):
    return Run(trained_on_three_splits)


def answers(run, phase, split):
    """Probabilities (N, C) and labels (N,) of a split after a phase, from the run's table."""
    classes = run.dataset()["classes"]
    rows = [row for row in run.predictions() if row["split"] == split]
    p = np.array([[float(row[f"p{phase}:{name}"]) for name in classes] for row in rows])
    return p, np.array([classes.index(row["label"]) for row in rows])


def counts(run, split):
    """How many of a split phase 2 mended and broke, from the run's table."""
    (one, labels), (two, _) = (answers(run, phase, split) for phase in (1, 2))
    before, after = one.argmax(1) == labels, two.argmax(1) == labels
    return int((~before & after).sum()), int((before & ~after).sum())


def test_a_phase_2_that_ends_worse_is_not_kept(run):
    found, status = run.evaluation(2), json.loads(run.status_file.read_bytes())
    mended, broken = counts(run, "validation")
    assert broken > mended
    assert status["kept"] == found["kept"] == 1
    assert (found["mended"], found["broken"]) == (mended, broken)
    assert found["mcnemar_p"] == pytest.approx(mcnemar_exact(mended, broken))
    assert found["accuracy"] < run.evaluation(1)["accuracy"]
    assert "phase 2 made it worse" in found["verdict"]


def test_the_runs_model_answers_as_phase_1s_does(run):
    import keras

    kept = keras.saving.load_model(run.model_file)
    dataset, (expected, _) = run.dataset(), answers(run, 1, "validation")
    paths = [row["path"] for row in run.predictions() if row["split"] == "validation"]
    got = [kept.predict(read_pixels(Path(dataset["root"]) / path)[None], verbose=0)[0] for path in paths]
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert np.abs(expected - answers(run, 2, "validation")[0]).max() > 0.1


@pytest.mark.parametrize("phase", [1, 2])
def test_figures_on_the_test_split_are_those_of_its_rows_alone(run, phase):
    found, (p, labels) = run.evaluation(phase), answers(run, phase, "test")
    assert (found["n"], found["test"]["n"]) == (20, len(labels)) == (20, 14)
    expected = figures(p.astype("float32"), labels, run.dataset()["classes"])
    for key in ("accuracy", "accuracy_interval", "balanced_accuracy", "macro_f1", "confusion", "baseline"):
        assert found["test"][key] == expected[key]
    assert found["test"]["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert found["test"]["accuracy"] != found["accuracy"]
    assert set(found["test"]) == set(expected) - {"temperature"}  # which is fitted on held-out ones
    assert found["temperature"]


def test_phases_are_compared_on_the_test_split_too_and_it_decides_nothing(run):
    found = run.evaluation(2)["test_comparison"]
    assert (found["mended"], found["broken"]) == counts(run, "test")
    assert found["n"] == 14
    assert "test_comparison" not in run.evaluation(1)


def test_report_and_card_name_the_examples_of_every_figure(run):
    one, two = run.evaluation(1), run.evaluation(2)
    made = report(run).replace("\N{NO-BREAK SPACE}", " ")
    for where, here in (("held-out", (one, two)), ("test", (one["test"], two["test"]))):
        shares = "".join(rf"</td><td[^>]*>{100 * figures['accuracy']:.1f} %" for figures in here)
        assert re.search(rf"Accuracy on {where} pictures{shares}", made)
    for text in (made, card(run)):
        assert f"On the held-out pictures {two['verdict']}" in text
        assert f"On the test pictures {two['test_comparison']['verdict']}" in text
        assert "14 test pictures" in text
        assert f"{100 * one['test']['accuracy']:.1f} %" in text
        assert "The test pictures were used for nothing but these figures" in text
        assert "On the 20 held-out pictures, which chose epoch and model" in text


def test_the_script_comes_to_the_runs_test_accuracy_with_the_kept_weights(run, tmp_path):
    made = export(run, "code", tmp_path / "train.py")
    done = subprocess.run(
        [sys.executable, made], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = {
        name: float(re.search(rf"{name}: ([\d.]+)", done.stdout)[1])
        for name in ("test accuracy of the kept model", "held-out accuracy of the kept model")
    }
    one = run.evaluation(1)
    assert said["test accuracy of the kept model"] == pytest.approx(one["test"]["accuracy"], abs=0.005)
    assert said["held-out accuracy of the kept model"] == pytest.approx(one["accuracy"], abs=0.005)
