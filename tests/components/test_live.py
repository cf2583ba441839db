"""A session that follows a run sees every epoch once, through a resume too."""

import json
import weakref

import pytest
import streamlit as st

from components import live
from core.config import RunConfig
from core.run_list import create_run
from core.training.reporter import Reporter


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    return create_run(RunConfig(data="x"), {}, tmp_path)


def epochs(run):
    return [event["epoch"] for event in live.events(run) if event["kind"] == "epoch"]


@pytest.mark.parametrize("between", ["", "much is said in between " * 20])
def test_a_resume_that_has_written_past_what_was_read_shows_no_epoch_twice(run, between):
    line = json.dumps({"kind": "epoch", "phase": 1, "epoch": 1}) + "\n"
    run.events_file.write_text(line + line.replace('ch": 1', 'ch": 2') + line.replace('ch": 1', 'ch": 3'))
    assert epochs(run) == [1, 2, 3]
    reporter = Reporter(run)
    reporter.cut_back(len(line))
    reporter.event("batch", phase=1, epoch=2, message=between)
    reporter.event("epoch", phase=1, epoch=2)
    assert epochs(run) == [1, 2]
    reporter.event("epoch", phase=1, epoch=3)
    assert epochs(run) == [1, 2, 3]
    reporter.close("stopped")
    run.events_file.unlink()
    assert epochs(run) == []


def test_sessions_that_follow_a_run_share_what_was_read_and_keep_two_rounds_of_samples(run, monkeypatch):
    with open(run.events_file, "w") as file:
        for epoch in range(5):
            file.write(json.dumps({"kind": "epoch", "phase": 1, "epoch": epoch}) + "\n")
            sampled = {"phase": 1, "epoch": epoch, "rows": [1], "probabilities": [[0.5]]}
            file.write(json.dumps({"kind": "samples", **sampled}) + "\n")
    sessions, seen = ({}, {}), []
    for session in sessions:
        monkeypatch.setattr(st, "session_state", session)
        seen.append(live.events(run))
    assert [event["epoch"] for event in seen[0] if event["kind"] == "samples"] == [3, 4]
    assert all(mine is theirs for mine, theirs in zip(*seen, strict=True))
    told = weakref.ref(sessions[0]["live"])
    for session in sessions:
        assert told() is not None
        session.clear()
    assert told() is None  # nobody follows any more


def test_two_runs_are_followed_apart(run, tmp_path):
    other = create_run(RunConfig(data="x"), {}, tmp_path)
    run.events_file.write_text('{"kind": "epoch", "phase": 1, "epoch": 1}\n')
    other.events_file.write_text('{"kind": "epoch", "phase": 1, "epoch": 7}\n')
    assert (epochs(run), epochs(other), epochs(run)) == ([1], [7], [1])
