"""Every page, empty and full, without a browser."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from components import selection
from core import record, run_list
from core.config import RunConfig
from core.data.scan import scan

ROOT = Path(__file__).parents[2]
PAGES = ("data", "train", "results", "try_it", "runs")


def _open(page, **query):
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.run()
    app.switch_page(f"components/pages/{page}.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def _errors(app):
    return [error.value for error in [*app.error, *app.exception]]


def _plain(elements):
    """What elements say, without the escapes of Markdown."""
    return " ".join(element.value for element in elements).replace("\\", "")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_data_or_runs_says_what_will_be_there(page):
    app = _open(page)
    assert not _errors(app)
    assert app.main.children


@pytest.mark.parametrize("page", ["data", "train"])
def test_a_page_with_scanned_data_shows_it(page, pictures):
    scan(pictures)
    app = _open(page, data=str(pictures))
    assert not _errors(app)


def test_a_run_named_with_half_an_emoji_hides_no_other(pictures, run_of):
    half = run_of(pictures)
    half.write_notes(name="half \ud83d")
    run_of(pictures, name="whole")
    app = _open("runs")
    assert not _errors(app)
    assert sorted(app.dataframe[0].value["name"]) == ["half \N{REPLACEMENT CHARACTER}", "whole"]
    for page in ("train", "results", "runs"):
        assert not _errors(_open(page, run=half.id)), page


def test_start_is_possible_once_there_is_data(pictures):
    scan(pictures)
    assert _open("train").button(key="start").disabled
    assert not _open("train", data=str(pictures)).button(key="start").disabled


def test_names_of_any_bytes_are_shown(tmp_path, monkeypatch, run_of):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    root = tmp_path / os.fsdecode(b"pets \xff <i>")
    for name in (b"bad\xfe", b"new\nline :red[x]"):
        folder = root / os.fsdecode(name)
        folder.mkdir(parents=True)
        for n in range(12):
            Image.new("RGB", (9, 9), (n, 0, 0)).save(folder / f"{n}.png")
    scan(root)
    run = run_of(root)
    for page in ("data", "train", "results", "runs"):
        app = _open(page, data=selection.address_of(root), **({} if page == "train" else {"run": run.id}))
        assert not _errors(app), page
    assert not _open("train", data=selection.address_of(root)).button(key="start").disabled


@pytest.mark.parametrize("page", ["results", "runs", "train"])
def test_a_page_shows_a_run_that_has_ended(page, pictures, run_of):
    run = run_of(pictures)
    app = _open(page, run=run.id)
    assert not _errors(app)


@pytest.mark.parametrize("state", ["stopped", "failed", "interrupted"])
def test_the_train_page_says_how_a_run_ended(state, pictures, run_of):
    run = run_of(pictures, state="running" if state == "interrupted" else state)
    if state == "failed":
        run.write_status(**{**run.status(), "error": "The disk is *full*. Free some space."})
    app = _open("train", run=run.id)
    assert not app.exception
    assert app.button(key="resume")
    said = {"stopped": "best model so far is kept", "failed": "*full*. Free", "interrupted": "worker ended without"}
    assert said[state] in _plain([*app.error, *app.info])


def test_a_run_that_waits_shows_its_place_and_can_be_stopped(pictures):
    run = run_list.create_run(RunConfig(data=str(pictures)), {})
    with run.lock().acquire():
        run.write_status(state=record.QUEUED, message="Waiting: number 2 in line", place=2, heartbeat=time.time())
        app = _open("train", run=run.id)
        assert "Waiting for its turn: place 2 in line." in " ".join(html.value for html in app.get("html"))
        app.button(key="stop").click().run()
        assert not _errors(app)
        assert run.request()["action"] == "stop"


def test_skip_is_offered_in_phase_1_alone_and_never_beside_a_stop(pictures):
    run = run_list.create_run(RunConfig(data=str(pictures)), {})
    with run.lock().acquire():
        run.write_status(state=record.RUNNING, phase=1, heartbeat=time.time())
        app = _open("train", run=run.id)
        assert not app.button(key="skip").disabled
        run.write_status(state=record.RUNNING, phase=2, heartbeat=time.time())
        assert app.run().button(key="skip").disabled
        run.write_status(state=record.RUNNING, phase=1, heartbeat=time.time())
        app.run().button(key="stop").click().run()
        assert app.button(key="skip").disabled
        assert run.request()["action"] == "stop"
        assert not _errors(app)


def test_a_damaged_run_hides_no_other(pictures, run_of):
    good, bad = run_of(pictures), run_of(pictures)
    bad.config_file.write_text("{")
    app = _open("runs")
    assert not _errors(app)
    rows = app.dataframe[0].value
    assert sorted(rows["reason"]) == ["", f"The run {bad.id!r} is damaged: config.json cannot be read."]
    assert not _errors(_open("results", run=good.id))


@pytest.mark.parametrize("path", ["/etc", "/does/not/exist"])
def test_data_outside_the_roots_is_refused_in_a_sentence(path, pictures):
    app = _open("data", data=path)
    assert len(app.error) == 1
    assert not app.exception
    assert "Traceback" not in app.error[0].value


@pytest.mark.parametrize("page", ["train", "results", "try_it"])
@pytest.mark.parametrize("name", ["../../etc", "no-such", "a/b"])
def test_a_run_that_does_not_exist_is_told_and_not_looked_for_elsewhere(name, page):
    app = _open(page, run=name)
    assert not _errors(app)
    assert f"There is no run '{name}'" in _plain(app.warning)


@pytest.mark.parametrize("page", ["train", "results"])
def test_no_other_run_is_shown_in_silence_in_place_of_one_that_does_not_exist(page, pictures, run_of):
    run = run_of(pictures, state="running")
    with run.lock().acquire():
        app = _open(page, run="no-such")
        assert "There is no run 'no-such'" in _plain(app.warning)
        assert app.query_params["run"] in ("no-such", ["no-such"])
        assert not _open(page, run=run.id).warning


def test_a_preset_changes_the_settings(pictures):
    scan(pictures)
    app = _open("train", data=str(pictures))
    app.button_group(key="preset").set_value("tutorial").run()
    assert app.session_state["draft"].backbone == "VGG16"
    assert app.session_state["draft"].unfreeze == "layers:4"
    assert any("255" in warning.value for warning in app.warning)


def test_open_settings_follow_a_preset():
    app = _open("train")
    app.session_state["fold-settings"] = True
    app.run()
    assert app.toggle(key="set-early_stopping").value
    app.button_group(key="preset").set_value("tutorial").run()
    assert not app.toggle(key="set-early_stopping").value
    assert app.number_input(key="set-head.hidden_units").value == 256
    assert app.selectbox(key="set-head.pooling").value == "flatten"
    assert app.slider(key="thaw-layers").value == 4


def test_the_thaw_control_and_the_settings_stay_in_step(pictures):
    app = _open("train")
    app.slider(key="thaw-blocks").set_value(7).run()
    assert app.session_state["draft"].unfreeze == "blocks:7"
    app.button_group(key="thaw-mode").set_value("all").run()
    assert app.session_state["draft"].unfreeze == "all"


def test_a_setting_that_breaks_a_rule_is_told_and_not_taken():
    app = _open("train")
    app.session_state["fold-settings"] = True
    app.run()
    app.number_input(key="set-phase1.learning_rate").set_value(0.0).run()
    assert app.session_state["draft"].phase1.learning_rate > 0
    assert any("learning" in error.value for error in app.error)


def test_every_page_leaves_tensorflow_alone(pictures, run_of):
    scan(pictures)
    run = run_of(pictures)
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from streamlit.testing.v1 import AppTest
app = AppTest.from_file({str(ROOT / "streamlit_app.py")!r}, default_timeout=60).run()
for page in {PAGES!r}:
    app.switch_page(f"components/pages/{{page}}.py")
    app.query_params["data"], app.query_params["run"] = {str(pictures)!r}, {run.id!r}
    app.run()
    assert not app.exception, app.exception
heavy = {{"tensorflow", "keras", "keras_hub", "torch"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
