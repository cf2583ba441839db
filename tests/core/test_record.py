import json

import pytest

from core import launcher, record, run_list
from core.config import RunConfig
from core.errors import RunError
from core.record import Run, read_events
from core.run_list import create_run, find_run, list_runs


@pytest.fixture
def run(tmp_path):
    return create_run(RunConfig(data="x", name="Grüße <script> 🐈"), {"python": "3"}, tmp_path)


def test_settings_come_back(run):
    assert run.config() == RunConfig(data="x", name="Grüße <script> 🐈")
    assert run.name() == "Grüße <script> 🐈"


def test_half_written_last_line_is_ignored(run):
    one = b'{"kind": "epoch", "phase": 1, "epoch": 1}\n'
    run.events_file.write_bytes(one + b'not json\n[1]\n{"kind": "epoch", "phase": 1, "ep')
    events, offset = read_events(run.events_file)
    assert events == [{"kind": "epoch", "phase": 1, "epoch": 1}]
    run.events_file.write_bytes(run.events_file.read_bytes() + b'och": 2}\n')
    assert read_events(run.events_file, offset)[0] == [{"kind": "epoch", "phase": 1, "epoch": 2}]


def test_running_without_a_lock_is_interrupted(run):
    run.write_status(state=record.RUNNING)
    assert run.state() == record.INTERRUPTED
    with run.lock().acquire():
        assert run.state() == record.RUNNING
        run.ask("stop")
        assert run.state() == record.STOPPING


def test_a_status_has_every_key_in_every_state(run):
    keys = ["state", "phase", "epoch", "epochs", "step", "steps", "eta_s", "heartbeat", "message", "kept", "error"]

    def written():
        status = json.loads(run.status_file.read_text())
        assert set(keys) <= set(status), status
        return status

    assert (written()["state"], written()["kept"], written()["error"]) == (record.QUEUED, None, None)
    run.write_status(state=record.RUNNING, phase=1, steps=5, kept=1, seconds_total=3.0)
    assert (written()["kept"], written()["steps"], written()["seconds_total"]) == (1, 5, 3.0)
    run.write_status(state=record.QUEUED, message="Waiting to start")  # a resume: the model is still there
    assert (written()["kept"], written()["steps"], written()["seconds_total"]) == (1, 0, 3.0)
    assert written()["heartbeat"] > 0


def test_a_stop_is_never_lost_to_a_skip(run):
    run.write_status(state=record.RUNNING, phase=1)
    with run.lock().acquire():
        launcher.skip(run)
        launcher.skip(run)
        assert run.request()["action"] == "skip"
        launcher.stop(run)
        with pytest.raises(RunError, match="stopping"):
            launcher.skip(run)
        run.ask("skip")  # decided by somebody who had not seen the stop yet
        assert run.request()["action"] == "stop"


def test_phase_2_cannot_be_skipped_to_from_within_it(run):
    run.write_status(state=record.RUNNING, phase=2)
    with run.lock().acquire(), pytest.raises(RunError, match="already"):
        launcher.skip(run)
    assert run.request() == {}


@pytest.mark.parametrize("state", [record.DONE, record.STOPPED, record.FAILED])
def test_ended_states_stand_without_a_lock(run, state):
    run.write_status(state=state)
    assert run.state() == state


def test_damaged_run_is_listed_and_others_untouched(run, tmp_path):
    other = create_run(RunConfig(data="y"), {}, tmp_path)
    run.config_file.write_text("{")
    states = {r.id: run_list.summary(r)["state"] for r in list_runs(tmp_path)}
    assert states[run.id] == record.DAMAGED
    assert states[other.id] != record.DAMAGED


def test_runs_are_found_by_id_and_by_folder(run, tmp_path):
    assert find_run(run.id, tmp_path).path == run.path
    assert find_run(str(run.path)).path == run.path
    for name in ("nope", "../x", ""):
        with pytest.raises(RunError, match="no run"):
            find_run(name, tmp_path)


@pytest.mark.parametrize("name", ["my best run", "größe", "b" * 200, "100 %"])
def test_a_run_whose_folder_was_renamed_is_found_as_it_is_listed(run, tmp_path, name):
    run.path.rename(tmp_path / name)
    [listed] = list_runs(tmp_path)
    assert find_run(listed.id, tmp_path).path == tmp_path / name


def test_predictions_survive_odd_names(run):
    rows = [['a,\n"b" \udcff.png', "<b>猫</b>", "validation", "0.5"]]
    run.write_predictions(["path", "label", "split", "p1:<b>猫</b>"], rows)
    assert [list(r.values()) for r in run.predictions()] == rows


def test_predictions_survive_half_an_emoji(run):
    run.write_predictions(["path", "label", "split", "p1:\ud83d"], [["a\ud83d.png", "b", "test", "0.5"]])
    assert [list(r.values()) for r in run.predictions()] == [["a?.png", "b", "test", "0.5"]]


def test_delete_refuses_a_live_run(run):
    with run.lock().acquire(), pytest.raises(RunError, match="still training"):
        run.delete()
    run.delete()
    assert not run.path.exists()
    run.delete()


def test_notes_keep_what_they_do_not_change(run):
    run.write_notes(name="A")
    run.write_notes(threshold=0.3)
    assert json.loads(run.notes_file.read_text()) == {"name": "A", "threshold": 0.3}
    assert Run(run.path).name() == "A"
