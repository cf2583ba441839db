"""What goes wrong in a worker before its training has begun is in the run's status, and nowhere else alone."""

import errno
import traceback

import pytest

from core import record, worker
from core.config import RunConfig
from core.run_list import create_run


@pytest.fixture
def run(tmp_path):
    return create_run(RunConfig(data="x"), {}, tmp_path)


@pytest.mark.parametrize("name", ["worker.lock", "events.jsonl", "../.slots/0.lock"])
def test_a_folder_in_the_place_of_a_workers_file_is_named(run, name):
    (run.path / name).mkdir(parents=True)
    assert worker.main(str(run.path)) == 1
    assert run.state() == record.FAILED
    assert "in the way" in run.status()["error"]
    assert name.rsplit("/")[-1] in run.status()["error"]


def test_a_file_in_the_place_of_the_lines_folder_is_named(run):
    (run.path.parent / ".slots").touch()
    assert worker.main(str(run.path)) == 1
    assert ".slots" in run.status()["error"]


def test_a_lock_that_belongs_to_somebody_else_is_said_to(run, monkeypatch):
    def refused(*_):
        raise PermissionError(errno.EACCES, "Permission denied", "/runs/.slots/0.lock")

    monkeypatch.setattr("core.queue._free_slot", refused)
    assert worker.main(str(run.path)) == 1
    assert "No permission to write '/runs/.slots/0.lock'" in run.status()["error"]


def test_a_log_that_can_no_longer_be_written_keeps_nothing_from_the_status(run, monkeypatch):
    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    def training(*_):
        raise OSError(errno.EDQUOT, "Quota exceeded")

    monkeypatch.setattr(traceback, "print_exc", full)
    monkeypatch.setattr("core.training.trainer.train", training)
    assert worker.main(str(run.path)) == 1
    assert run.state() == record.FAILED
    assert "disk is full" in run.status()["error"]


def test_a_lock_that_cannot_be_opened_while_another_holds_it_is_left_to_that_worker(run, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(run.lock_file))

    with run.lock():
        run.write_status(state=record.RUNNING)
        monkeypatch.setattr("filelock.FileLock.acquire", refused)
        assert worker.main(str(run.path)) == 2
        assert run.state() == record.RUNNING
