"""Try it while somebody types: the answer follows by itself, and what is typed stays text."""

import re

import numpy as np
import pytest

from core.config import RunConfig
from core.files import write_json
from tests.core.served_run import text_run

pytestmark = pytest.mark.browser


@pytest.fixture
def run(app, monkeypatch):
    """A run among the app's own, whose model goes by the words good and bad."""
    import keras

    monkeypatch.setenv("THAW_RUNS", str(app.runs))
    made = text_run()
    config = RunConfig(data="reviews.csv", task="text", backbone="MiniLM")
    write_json(made.config_file, {**config.to_json(), "versions": {}, "created": 0})
    model = keras.saving.load_model(made.phase_model_file(1))
    kernel = np.array([[0, 0], [0, 3], [3, 0], [0, 0]])  # unknown, good, bad, film -> bad, good
    model.layers[-1].set_weights([kernel, np.zeros(2)])
    model.save(made.phase_model_file(1))
    return made


def test_the_answer_follows_what_is_typed_without_a_click(app, page, run):
    page.goto(f"{app.address}/try?run={run.id}")
    box = page.get_by_role("textbox", name="Text", exact=True)
    box.click()
    page.keyboard.type("a good film")
    answer = page.locator(".thaw-answer")
    answer.filter(has_text=re.compile("^good$")).wait_for(timeout=120_000)  # the first one loads the model
    page.locator(".thaw-words mark.for", has_text=re.compile("^good$")).wait_for()
    assert box.evaluate("node => node === document.activeElement")  # nobody left the box

    page.keyboard.type(", no: bad <b id=typed>bold</b>")
    page.locator(".thaw-words mark").filter(has_text=re.compile("^bad$")).first.wait_for()
    assert page.locator(".thaw-words").inner_text() == "a good film, no: bad <b id=typed>bold</b>"
    assert page.locator("#typed").count() == 0

    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("a bad film")
    answer.filter(has_text=re.compile("^bad$")).wait_for()
    page.locator(".thaw-words mark.for", has_text=re.compile("^bad$")).wait_for()
    assert box.input_value() == "a bad film"
    assert page.get_by_test_id("stException").count() == page.get_by_test_id("stAlertContentError").count() == 0
