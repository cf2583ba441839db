"""The results of a medical run begin with sensitivity and specificity, and what is decided there is kept."""

import json

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components.numbers import interval
from core import decision
from core.evaluation.calibration import apply_temperature
from core.evaluation.intervals import clopper_pearson
from core.exports.story import story

SECTION = """
from components.results import medical
from components.results.report import report
from core.record import Run
found = report(Run({path!r}))
if medical.is_medical(found):
    medical.show(found)
"""


def opened(run):
    app = AppTest.from_string(SECTION.format(path=str(run.path)), default_timeout=30).run()
    assert not app.exception
    return app


@pytest.fixture
def medical(pictures, run_of):
    """A finished run of the Medical preset."""
    return _medical(run_of(pictures))


@pytest.fixture
def of_three(third, run_of):
    """One of three classes, the first of which is the one to be found."""
    return _medical(run_of(third))


def _medical(run):
    settings = json.loads(run.config_file.read_text())
    run.config_file.write_text(json.dumps({**settings, "preset": "medical", "calibrate": True}))
    return run


def _shares(run):
    """The kept model's probabilities of the held-out pictures, as they are answered, and their labels."""
    classes, rows = run.dataset()["classes"], run.predictions()
    p = np.array([[float(row[f"p2:{name}"]) for name in classes] for row in rows])
    fitted = decision.temperature({}, True, run.evaluation(2))
    return apply_temperature(p, fitted or 1.0), np.array([classes.index(row["label"]) for row in rows])


def test_notice_and_both_figures_come_first(medical):
    app = opened(medical)
    assert "no medical device" in app.info[0].value
    first = next(node.proto.body for node in app.get("html") if "thaw-figure" in node.proto.body)
    assert "sensitivity, likely" in first
    assert "specificity, likely" in first


def test_it_says_where_nothing_tells_the_patients_apart(medical):
    unknown = "Nothing tells which pictures show the same patient."
    assert unknown in opened(medical).info[0].value
    assert unknown in story(medical).limits()[-2]

    dataset = medical.dataset()
    medical.dataset_file.write_text(json.dumps({**dataset, "files": [{**f, "patient": "a"} for f in dataset["files"]]}))
    assert unknown not in opened(medical).info[0].value
    assert not any(unknown in said for said in story(medical).limits())


def test_threshold_is_kept_and_dropped(medical):
    app = opened(medical)
    app.button(key="medical-threshold").click().run()
    chosen = medical.notes()["threshold"]
    assert chosen["class"] in medical.dataset()["classes"]
    assert 0 <= chosen["value"] <= 1
    app.button(key="medical-no-threshold").click().run()
    assert medical.notes()["threshold"] is None
    assert not app.exception


def test_of_several_classes_one_is_found_at_the_sensitivity_that_is_chosen(of_three):
    classes, (p, labels) = of_three.dataset()["classes"], _shares(of_three)
    before = of_three.evaluation(2)
    app = opened(of_three)
    assert len(app.dataframe) == 1  # each class against the others
    app.button_group(key=f"medical-positive-{of_three.id}").set_value(0).run()
    for goal, wanted in ((0.8, 5), (1.0, 6)):  # of six
        app.select_slider(key=f"medical-sensitivity-{of_three.id}").set_value(goal).run()
        app.button(key="medical-threshold").click().run()
        assert not app.exception
        noted = of_three.notes()["threshold"]
        assert noted["class"] == classes[0]
        called = p[:, 0] >= noted["value"]
        assert called[labels == 0].sum() == wanted
        assert (p[labels == 0, 0] > noted["value"] + 1e-3).sum() < wanted  # no higher line finds as many
        figures = " ".join(node.proto.body for node in app.get("html"))
        assert f"{100 * wanted / 6:.1f} %" in figures
        assert f"sensitivity, likely {interval(clopper_pearson(wanted, 6))}" in figures
        passed = int((~called[labels != 0]).sum())
        assert f"specificity, likely {interval(clopper_pearson(passed, 12))}" in figures
    assert any("all else by the most probable of the others" in caption.value for caption in app.caption)
    assert of_three.evaluation(2) == before  # accuracy stays that of the most probable class
    app.button(key="medical-no-threshold").click().run()
    assert of_three.notes()["threshold"] is None


def test_a_class_without_held_out_pictures_has_no_threshold(of_three):
    classes = of_three.dataset()["classes"]
    lines = of_three.predictions_file.read_text().splitlines(keepends=True)
    of_three.predictions_file.write_text("".join(line for line in lines if f",{classes[0]},validation" not in line))
    app = opened(of_three)
    app.button_group(key=f"medical-positive-{of_three.id}").set_value(0).run()
    assert any("nothing to choose a threshold on" in caption.value for caption in app.caption)
    assert not app.button


def test_other_runs_have_no_medical_section(pictures, run_of):
    app = opened(run_of(pictures))
    assert not app.info
