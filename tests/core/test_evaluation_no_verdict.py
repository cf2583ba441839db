"""What is said of a phase 2 without figures, on every state that a run can be in."""

import json

import pytest

from core import record
from core.config import RunConfig, apply
from core.evaluation.no_verdict import NONE, no_verdict
from core.run_list import create_run


def run_with(tmp_path, phases, settings=None, **status):
    """A run that has begun some phases, as its worker would leave it."""
    run = create_run(apply(RunConfig(data="x"), settings or {}), {}, tmp_path)
    lines = [json.dumps({"t": 1.0, "kind": "phase", "phase": phase}) + "\n" for phase in phases]
    run.events_file.write_text("".join(lines))
    run.write_status(**status)
    return run


@pytest.mark.parametrize("settings", [{"unfreeze": "none"}, {"unfreeze": "blocks:0"}, {"phase2.epochs": "0"}])
@pytest.mark.parametrize("state", [record.DONE, record.STOPPED, record.FAILED])
def test_a_phase_2_that_nobody_asked_for_was_none(tmp_path, settings, state):
    assert no_verdict(run_with(tmp_path, [1], settings, state=state, error="Full.")) == NONE


def test_a_phase_2_with_nothing_that_could_learn_was_none(tmp_path):
    assert no_verdict(run_with(tmp_path, [1], state=record.DONE)) == NONE


@pytest.mark.parametrize(
    ("phases", "said"), [([1], "Phase 2 has not begun yet."), ([1, 2], "Phase 2 is still running.")]
)
def test_while_the_worker_lives_phase_2_goes_on(tmp_path, phases, said):
    run = run_with(tmp_path, phases, state=record.RUNNING)
    with run.lock().acquire():
        assert no_verdict(run) == said
    assert no_verdict(run).startswith(f"Phase 2 did not {'finish' if 2 in phases else 'begin'}: The worker ended")


@pytest.mark.parametrize(
    ("phases", "status", "said"),
    [
        ([1, 2], {"state": record.FAILED, "error": "The disk is full."}, "did not finish: The disk is full."),
        ([1], {"state": record.FAILED, "error": "The disk is full."}, "did not begin: The disk is full."),
        ([1, 2], {"state": record.STOPPED}, "did not finish: The run was stopped."),
        ([1], {"state": record.STOPPED}, "did not begin: The run was stopped."),
        ([1, 2], {"state": record.DONE}, "did not finish: It left no figures."),
    ],
)
def test_a_phase_2_that_was_cut_off_says_by_what(tmp_path, phases, status, said):
    assert no_verdict(run_with(tmp_path, phases, **status)) == f"Phase 2 {said}"
