import os
import signal
import time

import pytest
from data_pictures import class_folders

from core.data import jobs
from core.data.scan import last, scan
from core.errors import DataError
from core.files import read_json


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    return class_folders(tmp_path / "data")


def end_of(job):
    deadline = time.monotonic() + 60
    while (state := job.poll())["state"] == jobs.RUNNING and time.monotonic() < deadline:
        time.sleep(0.05)
    return state


def test_a_scan_in_a_process_of_its_own(data):
    state = end_of(jobs.start_scan(data))
    assert state["state"] == jobs.DONE
    assert state["result"] == {"path": str(data)}
    assert last(data) == scan(data)


def test_another_page_finds_the_same_job(data):
    job = jobs.start_scan(data)
    assert jobs.start_scan(data).state_file == job.state_file
    assert end_of(jobs.Job("scan", str(data)))["state"] == jobs.DONE


def test_a_scan_of_chosen_columns_is_a_job_of_its_own(tmp_path, data):
    table = tmp_path / "t.csv"
    rows = [f"text number {i},{i % 5},{'good' if i % 2 else 'bad'}" for i in range(40)]
    table.write_text("\n".join(["text,stars,polarity", *rows]), encoding="utf-8")
    found = jobs.start_scan(table)
    assert end_of(found)["state"] == jobs.DONE
    assert len(last(table).classes) == 5
    chosen = jobs.start_scan(table, text_column="text", label_column="polarity", split_column="")
    assert chosen.state_file != found.state_file
    assert end_of(chosen)["state"] == jobs.DONE
    assert last(table).classes == ("bad", "good")


def test_what_the_scan_refuses_is_the_message(data):
    (data / "only").mkdir()
    state = end_of(jobs.start_scan(data / "only"))
    assert state["state"] == jobs.FAILED
    assert "No picture" in state["message"]


def test_a_killed_job_is_told_from_a_slow_one(data):
    job = jobs.start_scan(data)
    os.kill(job.pid, signal.SIGKILL)
    end_of(job)
    jobs.write_json(job.state_file, {"state": jobs.RUNNING, "done": 1, "total": 9, "message": "", "result": None})
    assert job.poll()["state"] == jobs.FAILED
    assert "unexpectedly" in job.poll()["message"]
    assert end_of(jobs.start_scan(data))["state"] == jobs.DONE


def test_a_job_never_started_or_damaged_says_so(data):
    job = jobs.Job("scan", str(data))
    assert job.poll()["state"] == jobs.FAILED
    job.state_file.parent.mkdir(parents=True)
    job.state_file.write_bytes(b'{"sta')
    assert job.poll()["state"] == jobs.FAILED


def test_paths_outside_of_the_roots_and_unknown_samples_start_nothing(data):
    with pytest.raises(DataError, match="allowed roots"):
        jobs.start_scan("/")
    with pytest.raises(DataError, match="Known"):
        jobs.start_sample("nothing")


def test_a_sample_is_made(data):
    state = end_of(jobs.start_sample("digits"))
    assert state["state"] == jobs.DONE
    assert len(scan(state["result"]["path"]).files) == 1797


def test_progress_is_written_at_most_a_few_times_a_second(tmp_path):
    file = tmp_path / "state.json"
    report = jobs._reporter(file, lambda done, total: f"{done} of {total}")
    for done in range(1000):
        report(done, 1000)
    assert read_json(file)["done"] < 999
    assert read_json(file)["message"].endswith("of 1000")
