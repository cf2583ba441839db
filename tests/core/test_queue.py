"""The line of waiting runs: what lies beside it, freezes in it, or is deleted from it holds up nobody."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from core import queue, record, worker
from core.config import RunConfig
from core.files import write_json
from core.follow import bar_text
from core.record import Run
from core.run_list import create_run, summary
from tests.core.conftest import ROOT

WAIT = """
import sys
from pathlib import Path
from core import queue, record
run = record.Run(Path(sys.argv[1]))
with run.lock():
    with queue.slot(run):
        run.write_status(state=record.RUNNING)
        input()
"""


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def run(tmp_path):
    return create_run(RunConfig(data="x"), {}, tmp_path)


@pytest.fixture
def waiting():
    """Starts a process that waits for its slot as a worker does, and then holds it until it is ended."""
    begun = []

    def start(run):
        begun.append(subprocess.Popen([sys.executable, "-c", WAIT, run.path], cwd=ROOT, stdin=subprocess.PIPE))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("content", ["[]", "null", "3", '"running"', "true"])
def test_a_status_that_is_no_object_damages_its_run_and_no_other(run, tmp_path, content):
    other = create_run(RunConfig(data="y"), {}, tmp_path)
    run.status_file.write_text(content)
    with other.lock(), queue.slot(other):
        assert summary(run)["state"] == record.DAMAGED
        assert "status.json" in run.status()["error"]
    assert summary(other)["state"] != record.DAMAGED


def test_a_worker_on_a_run_whose_status_is_no_object_writes_it_anew(run):
    run.status_file.write_text("[]")
    assert run.state() == record.DAMAGED
    with run.lock():
        run.write_status(state=record.RUNNING)
        assert run.state() == record.RUNNING


def test_a_waiting_run_that_is_frozen_says_so_and_holds_up_nobody_behind_it(waiting, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "SILENT_SECONDS", 3)
    first, second, third = (create_run(RunConfig(data=name), {}, tmp_path) for name in "abc")
    holder = waiting(first)
    until(lambda: first.state() == record.RUNNING)
    frozen = waiting(second)
    until(lambda: second.status().get("place") == 1)
    assert record.silence(second.status()) == ""
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        until(lambda: record.silence(second.status()))
        assert second.state() == record.QUEUED
        assert "not been heard of" in bar_text(second.status())
        holder.kill()
        holder.wait()
        with third.lock(), queue.slot(third):
            assert second.state() == record.QUEUED
            os.kill(frozen.pid, signal.SIGCONT)
            until(lambda: not record.silence(second.status()))
        until(lambda: second.state() == record.RUNNING)  # it has its place again
    finally:
        os.kill(frozen.pid, signal.SIGCONT)


def test_a_waiting_run_that_is_alive_is_heard_of_all_the_time(waiting, tmp_path):
    first, second = (create_run(RunConfig(data=name), {}, tmp_path) for name in "ab")
    waiting(first)
    until(lambda: first.state() == record.RUNNING)
    waiting(second)
    until(lambda: second.status().get("place") == 1)
    heard = second.status()["heartbeat"]
    until(lambda: second.status()["heartbeat"] > heard + 1.5, 10)


def test_a_run_that_was_deleted_before_its_worker_began_stays_deleted(run):
    run.delete()
    assert worker.main(str(run.path)) == 2
    assert not run.path.exists()


def test_a_run_that_is_deleted_at_the_moment_of_its_lock_stays_deleted(run, monkeypatch):
    exists = Run.exists

    def deleted_after_the_look(self):
        found = exists(self)
        if found:
            self.delete()
        return found

    monkeypatch.setattr(Run, "exists", deleted_after_the_look)
    assert worker.main(str(run.path)) == 2
    assert not run.path.exists()


def test_a_run_is_deleted_while_its_worker_is_imported(run):
    begun = subprocess.Popen([sys.executable, "-m", "core.worker", run.path], cwd=ROOT)
    run.delete()
    begun.wait(60)
    assert not run.path.exists()
    assert not [left for left in run.path.parent.iterdir() if not left.name.startswith(".")]


def test_a_worker_that_took_the_lock_keeps_its_run_from_being_deleted(run):
    taken, given_back = threading.Event(), threading.Event()

    def work():
        with run.lock():
            taken.set()
            given_back.wait(20)

    thread = threading.Thread(target=work)
    thread.start()
    taken.wait(20)
    with pytest.raises(record.RunError, match="still training"):
        run.delete()
    given_back.set()
    thread.join()
    run.delete()
    assert not run.path.exists()


def test_a_run_whose_worker_is_on_its_way_keeps_its_place(waiting, tmp_path):
    """Two that are started at once begin in the order in which they were made, whichever worker is there first."""
    first, second = (create_run(RunConfig(data=name), {}, tmp_path) for name in "xy")
    waiting(second)
    until(lambda: second.status().get("place") == 2)
    waiting(first)
    until(lambda: first.status()["state"] == record.RUNNING)
    until(lambda: second.status().get("place") == 1)


def test_a_run_whose_worker_never_came_holds_up_nobody_for_long(waiting, run, tmp_path):
    settings = run.settings()
    write_json(run.config_file, {**settings, "created": settings["created"] - 60})
    second = create_run(RunConfig(data="y"), {}, tmp_path)
    waiting(second)
    until(lambda: second.status()["state"] == record.RUNNING, 20)
