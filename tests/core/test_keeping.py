"""Choosing which phase's model is the run's."""

import json

import pytest
from served_run import make_run

from core import keeping
from core.errors import RunError
from core.files import write_json
from core.training.judging import Judge


def test_the_chosen_model_becomes_the_runs_file():
    run = make_run()
    before = run.status()
    for phase in (1, 2, 1):
        keeping.keep(run, phase)
        assert run.kept() == phase
        assert run.model_file.read_bytes() == run.phase_model_file(phase).read_bytes()
        assert json.loads(run.status_file.read_bytes()) == {**before, "kept": phase}
    assert not [file for file in run.path.iterdir() if file.name.endswith(".tmp")]


def test_decisions_stay_with_the_model_that_they_were_made_for():
    run = make_run(("no", "yes"))
    judged = {"loss_before": 0.5, "loss_after": 0.4}
    for phase, value in ((1, 2.0), (2, 3.0)):
        write_json(run.evaluation_file(phase), {"temperature": {"value": value, **judged}})
    line = {"class": "yes", "value": 0.9}
    run.write_notes(threshold=line, abstain=0.8, temperature=2.9, name="mine")
    keeping.keep(run, 1)
    notes = run.notes()
    assert (notes["threshold"], notes["abstain"], notes["temperature"], notes["name"]) == (None, None, 2.0, "mine")
    assert keeping.set_aside(notes, 2) == {"threshold": line, "abstain": 0.8, "temperature": 2.9}
    run.write_notes(abstain=0.6)
    keeping.keep(run, 1)  # as it is already
    assert run.notes()["abstain"] == 0.6
    keeping.keep(run, 2)
    notes = run.notes()
    assert (notes["threshold"], notes["abstain"], notes["temperature"]) == (line, 0.8, 2.9)
    assert keeping.set_aside(notes, 1)["abstain"] == 0.6
    assert keeping.set_aside(notes, 2) == {}


def decided_run():
    """A run with a temperature for each phase, and decisions in force."""
    run = make_run(("no", "yes"))
    for phase, value in ((1, 2.0), (2, 3.0)):
        judged = {"value": value, "loss_before": 0.5, "loss_after": 0.4}
        write_json(run.evaluation_file(phase), {"temperature": judged})
    run.write_notes(threshold=LINE, abstain=0.8, temperature=2.5)
    return run


LINE = {"class": "yes", "value": 0.9}


def in_force(run):
    notes = run.notes()
    return notes.get("threshold"), notes.get("abstain"), notes.get("temperature")


def test_what_was_decided_while_phase_2_ran_is_not_used_for_its_model():
    run = decided_run()
    assert keeping.follow(run, judged=2, before=1, now=2)
    assert in_force(run) == (None, None, 3.0)
    keeping.keep(run, 2)
    keeping.keep(run, 1)
    assert in_force(run) == (LINE, 0.8, 2.5)


def test_what_was_decided_stays_in_force_where_phase_1_stays_the_runs_model():
    run = decided_run()
    assert not keeping.follow(run, judged=2, before=1, now=1)
    assert in_force(run) == (LINE, 0.8, 2.5)


def test_what_was_decided_on_a_model_that_is_replaced_is_void():
    run = decided_run()
    assert keeping.follow(run, judged=2, before=2, now=2)
    assert in_force(run) == (None, None, 3.0)
    assert run.notes()["set_aside"] == {}
    run = decided_run()
    assert keeping.follow(run, judged=2, before=2, now=1)
    assert in_force(run) == (None, None, 2.0)
    assert keeping.set_aside(run.notes(), 2) == {}


def test_a_model_set_aside_that_is_replaced_leaves_no_decisions_behind():
    run = decided_run()
    keeping.keep(run, 2)
    keeping.keep(run, 1)
    assert keeping.set_aside(run.notes(), 2)
    keeping.follow(run, judged=2, before=1, now=1)
    assert keeping.set_aside(run.notes(), 2) == {}


def test_a_run_that_nothing_was_decided_on_gets_no_notes():
    run = make_run()
    assert not keeping.follow(run, judged=2, before=1, now=2)
    assert run.notes() == {}


@pytest.mark.parametrize("aside", [None, [], "x", {"2": 3}])
def test_decisions_set_aside_that_make_no_sense_are_passed_over(aside):
    run = make_run()
    run.write_notes(set_aside=aside, kept=1)
    keeping.keep(run, 2)
    assert run.notes()["threshold"] is None


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
