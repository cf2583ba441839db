"""Events that a power cut took, though the checkpoint that came after them is there."""

import os

import pytest

from core import record
from core.config import RunConfig, from_json
from core.run_list import create_run
from core.training.reporter import Reporter
from core.training.trainer import train
from tests.core.conftest import make_pictures


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_pictures(tmp_path_factory.mktemp("data"), ["a", "b"], 6)


def cut_short(whole):
    return whole[: len(whole) // 2]


def with_a_hole(whole):
    return whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2)


@pytest.mark.parametrize("damage", [cut_short, with_a_hole])
def test_a_history_with_holes_is_written_anew_and_has_every_epoch_once(data, damage):
    small = {"task": "image", "image_size": 32, "unfreeze": "none", "phase1": {"epochs": 4}, "phase2": {"epochs": 0}}
    run = create_run(from_json({"data": str(data), **small, "early_stopping": False}), {})
    train(run, Reporter(run))
    whole = run.events(("epoch",))
    run.events_file.write_bytes(damage(run.events_file.read_bytes()))
    assert len(run.events(("epoch",))) < 4
    train(run, Reporter(run))
    assert run.state() == record.DONE
    again = run.events(("epoch",))
    assert [event["epoch"] for event in again] == [1, 2, 3, 4]
    assert [event["loss"] for event in again] == pytest.approx([event["loss"] for event in whole], abs=1e-6)
    assert "its training began anew" in str(run.events(("note",)))


def test_what_began_anew_has_no_phase_2_of_before_beside_it(data):
    small = {"task": "image", "image_size": 32, "unfreeze": "none", "phase1": {"epochs": 2}, "phase2": {"epochs": 0}}
    run = create_run(from_json({"data": str(data), **small, "early_stopping": False}), {})
    train(run, Reporter(run))
    run.phase_model_file(2).touch()
    run.evaluation_file(2).write_text("{}")
    run.write_kept(2)
    run.events_file.write_bytes(b"")
    train(run, Reporter(run))
    assert (run.has_model(2), run.evaluation(2), run.kept()) == (False, None, 1)


def test_events_are_safe_on_the_disk_before_a_checkpoint_counts_them(tmp_path, monkeypatch):
    run, synced = create_run(RunConfig(data="x"), {}, tmp_path), []
    reporter = Reporter(run)
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_ino))
    reporter.event("note", message="x")
    assert reporter.offset() == run.events_file.stat().st_size
    assert run.events_file.stat().st_ino in synced
    reporter.close(record.STOPPED)
