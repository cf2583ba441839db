"""Runs that freeze, are renamed or are deleted while they are open on a page."""

import os
import shutil
import signal
import time

import pytest
from test_pages import _errors, _open

from core import launcher, record
from core.config import from_json
from tests.core.test_training_resume import wait
from tests.core.test_training_survives import until


def _html(app):
    return " ".join(element.value for element in app.get("html"))


def test_a_frozen_worker_is_told_by_its_heartbeat(pictures, run_of):
    run = run_of(pictures)
    status = {"state": record.RUNNING, "phase": 1, "epoch": 1, "epochs": 4, "message": "Phase 1: training"}
    with run.lock().acquire():
        run.write_status(**status, heartbeat=time.time() - 100)
        app = _open("train", run=run.id)
        assert "The worker has not been heard of for 1" in _html(app)
        assert app.button(key="stop")
        run.write_status(**status, heartbeat=time.time())
        assert "not been heard of" not in _html(app.run())
        assert not _errors(app)


def test_workers_frozen_while_they_train_and_while_they_wait_are_told_on_the_page(pictures, monkeypatch):
    long = {"image_size": 32, "weights": "random", "unfreeze": "none", "phase1": {"epochs": 5000}}
    settings = from_json({"data": str(pictures), **long, "early_stopping": False})
    runs = [launcher.start(settings.replace(name=name)) for name in ("trains", "waits")]
    until(lambda: runs[0].status().get("pid") and runs[0].status().get("phase") == 1)
    until(lambda: runs[1].status().get("place") == 1)
    monkeypatch.setattr(record, "SILENT_SECONDS", 4)
    workers = [run.status()["pid"] for run in runs]
    for run in runs:
        assert "not been heard of" not in _html(_open("train", run=run.id))
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        for run in runs:
            until(lambda run=run: run.status()["stale_s"] > 5)
            app = _open("train", run=run.id)
            assert "The worker has not been heard of for" in _html(app)
            assert f"kill -CONT {run.status()['pid']} wakes a frozen one" in _html(app)
            assert not _errors(app)
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
    for run in reversed(runs):
        until(lambda run=run: run.status()["stale_s"] < 3)
        app = _open("train", run=run.id)
        assert "not been heard of" not in _html(app)
        app.button(key="stop").click().run()
        assert wait(run) == record.STOPPED


@pytest.mark.parametrize("page", ["train", "results", "runs", "try_it"])
def test_a_page_survives_that_its_run_is_renamed_moved_or_deleted_elsewhere(pictures, run_of, page):
    other, run = run_of(pictures, name="another"), run_of(pictures)
    run.config_file.touch()
    app = _open(page, run=run.id)
    run.write_notes(name="renamed <i>elsewhere</i>")
    assert not _errors(app.run())
    run.path.rename(run.path.with_name("moved-20260101"))
    assert not app.run().exception
    assert not [error for error in _errors(app) if "did not foresee" in error]
    shutil.rmtree(run.path.with_name("moved-20260101"))
    assert not app.run().exception
    assert not [error for error in _errors(app) if "did not foresee" in error]
    assert other.state() == record.DONE


def test_what_is_asked_of_a_run_that_was_deleted_meanwhile_is_refused_in_a_sentence(pictures, run_of):
    run = run_of(pictures)
    app = _open("results", run=run.id, part="take")
    shutil.rmtree(run.path)
    app.button(key="make-report").click().run()
    assert not app.exception
    assert "was deleted or renamed meanwhile" in " ".join(_errors(app))


def test_ticks_are_forgotten_when_the_runs_are_others_so_that_none_moves_to_another_run(pictures, run_of):
    runs = [run_of(pictures, name=name) for name in "ab"]
    app = _open("runs")
    table = app.dataframe[0].key
    runs[0].write_notes(name="renamed")
    assert app.run().dataframe[0].key == table
    shutil.rmtree(runs[0].path)
    assert app.run().dataframe[0].key != table
    assert not _errors(app)
