"""The results of a medical run begin with sensitivity and specificity, and what is decided there is kept."""

import json

import pytest
from streamlit.testing.v1 import AppTest

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
    run = run_of(pictures)
    settings = json.loads(run.config_file.read_text())
    run.config_file.write_text(json.dumps({**settings, "preset": "medical", "calibrate": True}))
    return run


def test_notice_and_both_figures_come_first(medical):
    app = opened(medical)
    assert "no medical device" in app.info[0].value
    first = next(node.proto.body for node in app.get("html") if "thaw-figure" in node.proto.body)
    assert "sensitivity, likely" in first
    assert "specificity, likely" in first


def test_threshold_is_kept_and_dropped(medical):
    app = opened(medical)
    app.button(key="medical-threshold").click().run()
    chosen = medical.notes()["threshold"]
    assert chosen["class"] in medical.dataset()["classes"]
    assert 0 <= chosen["value"] <= 1
    app.button(key="medical-no-threshold").click().run()
    assert medical.notes()["threshold"] is None
    assert not app.exception


def test_other_runs_have_no_medical_section(pictures, run_of):
    app = opened(run_of(pictures))
    assert not app.info
