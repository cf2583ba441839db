"""Choosing which phase's model is the run's."""

import json

import pytest
from served_run import make_run

from core import keeping
from core.errors import RunError
from core.training.judging import Judge


def test_the_chosen_model_becomes_the_runs_file():
    run = make_run()
    before = run.status()
    for phase in (1, 2, 1):
        keeping.keep(run, phase, temperature=1.5)
        assert run.kept() == phase
        assert run.model_file.read_bytes() == run.phase_model_file(phase).read_bytes()
        assert json.loads(run.status_file.read_bytes()) == {**before, "kept": phase}
    assert run.notes()["temperature"] == 1.5
    assert not [file for file in run.path.iterdir() if file.name.endswith(".tmp")]


def test_nothing_changes_while_a_worker_holds_the_run(monkeypatch):
    run = make_run()
    keeping.keep(run, 2)
    monkeypatch.setattr(keeping, "LOCK_SECONDS", 0.0)
    with run.lock().acquire(), pytest.raises(RunError, match="still being worked on"):
        keeping.keep(run, 1)
    assert run.kept() == run.status()["kept"] == 2
    assert run.model_file.read_bytes() == run.phase_model_file(2).read_bytes()


def test_a_phase_without_a_model_cannot_be_kept():
    run = make_run(phases=(1,))
    with pytest.raises(RunError, match="no model of phase 2"):
        keeping.keep(run, 2)
    assert run.kept() == 1


@pytest.mark.parametrize(("chosen", "kept"), [(None, 2), (1, 1), (2, 2), (7, 2)])
def test_a_run_that_is_judged_again_keeps_the_model_that_people_chose(chosen, kept):
    judge = Judge.__new__(Judge)
    judge.run = make_run()
    judge.run.write_notes(kept=chosen)
    assert judge._of_run(2) == kept


def test_what_was_chosen_outlives_what_a_resumed_worker_writes():
    run = make_run()
    keeping.keep(run, 1)
    run.write_status(state="queued", message="Waiting to start")
    assert json.loads(run.status_file.read_bytes())["kept"] == 1
