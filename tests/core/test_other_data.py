"""A run scored on other data: asked for, made by a job, kept beside the run."""

import json
import os
import time

import pytest
from served_run import make_run, picture

from core import other_data, run_jobs
from core.data import texts
from core.errors import DataError, RunError
from core.evaluate import evaluate
from core.files import write_json


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The one folder that may be read: two classes of four pictures, and one that is damaged."""
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path / "data"))
    for k in range(8):
        picture(tmp_path / "data" / "ab"[k % 2] / f"{k}.png", seed=k)
    (tmp_path / "data" / "a" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "data" / "a" / "drawing.svg").write_text("<svg/>")
    return tmp_path / "data"


def score(run, data):
    other_data.ask(run, str(data))
    run_jobs.start(run, "evaluate")
    until = time.monotonic() + 120
    while run_jobs.poll(run, "evaluate")["state"] == "running" and time.monotonic() < until:
        time.sleep(0.1)
    return run_jobs.poll(run, "evaluate")


def test_where_the_runs_folder_has_no_room_for_a_request_that_is_said_and_no_job_is_there(data):
    run = make_run(("a", "b"), phases=())
    for folder in (run.other_data_request.parent, run.job_file("evaluate").parent):
        if not folder.exists():
            folder.write_bytes(b"")  # a file where the folder belongs: rights would not hold root back
    with pytest.raises(RunError, match=r"^The run '[^']+' cannot be changed: "):
        other_data.ask(run, str(data))
    with pytest.raises(RunError, match=r"^The run '[^']+' cannot be changed: "):
        run_jobs.start(run, "evaluate")
    assert run_jobs.poll(run, "evaluate") == {"state": "none", "message": ""}


def test_figures_are_made_on_demand_and_kept_until_there_are_new_ones(data):
    run = make_run(("a", "b"))
    write_json(run.evaluation_file(2), evaluate(run, data))
    assert other_data.read(run) is None
    assert score(run, data) == {"state": "done", "message": ""}
    kept = other_data.read(run)
    assert (kept["n"], kept["current"], kept["own"]) == (8, True, False)
    assert kept["left_out"] == ["a/drawing.svg", "a/torn.png"]
    assert kept["against"]["difference"] == 0
    (data / "strange").mkdir()
    picture(data / "strange" / "c" / "1.png")
    picture(data / "strange" / "a" / "1.png")
    assert "does not know: 'c'" in score(run, data / "strange")["message"]
    assert other_data.read(run) == kept


def test_figures_are_of_the_most_probable_class_whatever_line_is_drawn(data):
    run = make_run(("a", "b", "c"))
    before = evaluate(run, data)
    run.write_notes(threshold={"class": "c", "value": 0.0})  # calls everything c
    assert evaluate(run, data) == before


def test_figures_of_another_model_are_told_apart(data):
    run = make_run(("a", "b"))
    write_json(run.other_data_file, {**evaluate(run, data), "model": run.phase_model_file(2).stat().st_mtime_ns})
    assert other_data.read(run)["current"]
    os.utime(run.phase_model_file(2), (1, 1))
    assert not other_data.read(run)["current"]


@pytest.mark.parametrize(
    "content", ["[]", "{}", '{"n": 3, "accuracy": 7}', '{"n": 3, "accuracy": 0.5, "per_class": [1]}']
)
def test_damaged_figures_are_none(content):
    run = make_run(phases=())
    run.other_data_file.write_text(content)
    run.other_data_request.parent.mkdir()
    run.other_data_request.write_text(content)
    assert other_data.read(run) is None
    assert other_data.asked(run) == ""
    with pytest.raises(DataError, match="No other data"):
        other_data.score(run)


def test_the_runs_own_data_are_no_test(data):
    run = make_run(("a", "b"))
    config = json.loads(run.config_file.read_text())
    write_json(run.config_file, {**config, "data": str(data)})
    for path in (data, data / "a" / ".."):
        found = evaluate(run, path)
        assert (found["own"], found["against"]) == (True, None)


def test_a_run_whose_own_figures_are_damaged_is_scored_all_the_same(data):
    run = make_run(("a", "b"))
    run.evaluation_file(2).write_text('{"accuracy": 0.5}')
    assert evaluate(run, data)["against"] is None


def test_a_path_is_taken_as_it_was_pasted(data):
    run = make_run(("a", "b"), phases=())
    other_data.ask(run, f' "{data}" ')
    assert other_data.asked(run) == str(data.resolve())


def test_what_lies_outside_the_allowed_roots_is_refused_when_asked_for_and_when_read(data, tmp_path):
    run = make_run(("a", "b"))
    picture(tmp_path / "else" / "a" / "1.png")
    with pytest.raises(DataError, match="allowed roots"):
        other_data.ask(run, str(tmp_path / "else"))
    with pytest.raises(DataError, match="first"):
        other_data.ask(run, " ")
    run.other_data_request.parent.mkdir(exist_ok=True)
    write_json(run.other_data_request, {"data": str(tmp_path / "else")})
    with pytest.raises(DataError, match="allowed roots"):
        other_data.score(run)


def test_a_table_that_a_link_leads_to_out_of_the_roots_is_no_data(data, tmp_path):
    (tmp_path / "secret.csv").write_text("text,label\na,b\nc,d\n")
    folder = data / "texts"
    folder.mkdir()
    (folder / "x.csv").symlink_to(tmp_path / "secret.csv")
    assert texts.source(str(folder)) == folder
    assert not texts.is_text(folder)
    (data / "inside.csv").write_text("text,label\na,b\nc,d\n")
    (folder / "x.csv").unlink()
    (folder / "x.csv").symlink_to(data / "inside.csv")
    assert texts.source(str(folder)) == folder / "x.csv"
