"""Many look at a run and change it at the same moment: all sessions of the app share one process."""

import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from core import locks, record
from core.config import RunConfig
from core.files import write_json
from core.record import Run
from core.run_list import create_run
from core.worker import LOCK_SECONDS
from tests.core.conftest import ROOT


@pytest.fixture
def run(tmp_path):
    return create_run(RunConfig(data="x"), {}, tmp_path)


def at_once(function, count=8):
    """What `function` returns for 0, 1, …, each in a thread of its own."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, range(count)))


def test_lookers_never_take_each_other_for_a_worker(run):
    run.write_status(state=record.RUNNING, pid=1)
    run.lock_file.touch()
    seen = at_once(lambda _: Counter(Run(run.path).state() for _ in range(200)))
    assert sum(seen, Counter()) == {record.INTERRUPTED: 1600}


def test_lookers_keep_no_worker_from_its_lock(run):
    run.lock_file.touch()

    def look_or_work(n):
        if n:
            return [(locks.is_held(run.lock_file), time.sleep(0.005)) for _ in range(200)]
        return [run.lock().acquire(timeout=LOCK_SECONDS).lock.release() for _ in range(20)]

    at_once(look_or_work)
    with run.lock():
        assert at_once(lambda _: run.is_held()) == [True] * 8
    assert not run.is_held()


def test_what_several_threads_note_is_all_kept(run):
    at_once(lambda n: [Run(run.path).write_notes(**{f"key{n}": i}) for i in range(40)], 4)
    assert run.notes() == {f"key{n}": 39 for n in range(4)}


NOTE = "import sys; from core.record import Run; [Run(sys.argv[1]).write_notes(**{sys.argv[2]: i}) for i in range(40)]"


def test_what_several_processes_note_is_all_kept(run):
    writers = [subprocess.Popen([sys.executable, "-c", NOTE, run.path, f"key{n}"], cwd=ROOT) for n in range(3)]
    assert [writer.wait(60) for writer in writers] == [0] * 3
    assert run.notes() == {f"key{n}": 39 for n in range(3)}


def test_threads_that_replace_one_file_leave_one_of_their_versions_whole(tmp_path):
    file = tmp_path / "x.json"
    at_once(lambda n: [write_json(file, [n] * 1000, durable=False) for _ in range(40)])
    assert json.loads(file.read_bytes()) in [[n] * 1000 for n in range(8)]
    assert list(tmp_path.iterdir()) == [file]


def test_notes_of_a_run_that_was_deleted_make_no_folder(run):
    run.delete()
    with pytest.raises(record.RunError, match="deleted or renamed"):
        run.write_notes(name="x")
    assert not run.path.exists()
