"""A session that follows a run sees every epoch once, through a resume too."""

import json

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
    line = json.dumps({"kind": "epoch", "epoch": 1}) + "\n"
    run.events_file.write_text(line + line.replace("1", "2") + line.replace("1", "3"))
    assert epochs(run) == [1, 2, 3]
    reporter = Reporter(run)
    reporter.cut_back(len(line))
    reporter.event("batch", message=between)
    reporter.event("epoch", epoch=2)
    assert epochs(run) == [1, 2]
    reporter.event("epoch", epoch=3)
    assert epochs(run) == [1, 2, 3]
    reporter.close("stopped")
    run.events_file.unlink()
    assert epochs(run) == []
