"""A stop is honoured wherever it comes, and a resumed run then ends as an undisturbed one."""

import json
import time

import pytest

from core import record
from core.config import RunConfig, apply
from core.run_list import create_run
from core.training.callbacks import Watcher
from core.training.reporter import Reporter
from core.training.trainer import train
from tests.core.test_training_resume import config, history, same_end


def settings(pictures):
    return apply(config(pictures), {"task": "image", "phase1.epochs": "3", "phase2.epochs": "2"})


@pytest.fixture(scope="module")
def undisturbed(pictures, tmp_path_factory):
    home = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_CACHE_DIR", str(home / "cache"))
        run = create_run(settings(pictures), {}, home / "runs")
        train(run, Reporter(run))
    assert run.status()["state"] == record.DONE
    return run


def stopped_at(monkeypatch, run, stage):
    """Train `run`, and ask for a stop as soon as it says that it begins `stage`."""
    honest = Reporter.stage

    def said(self, message, steps=0):
        honest(self, message, steps)
        if message.startswith(stage):
            run.ask("stop")

    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "stage", said)
        train(run, Reporter(run))
    assert run.state() == record.STOPPED
    return [e["message"] for e in run.events(("stage",))]


def resumed(run):
    run.request_file.unlink()
    train(run, Reporter(run))
    assert run.state() == record.DONE
    return run


@pytest.mark.parametrize(
    ("stage", "never"), [("Reading", "Building"), ("Building", "Computing"), ("Computing", "Phase")]
)
def test_a_stop_before_there_is_a_model_ends_the_run_at_once(pictures, monkeypatch, stage, never):
    run = create_run(settings(pictures), {})
    stages = stopped_at(monkeypatch, run, stage)
    assert not [s for s in stages if s.startswith(never)]
    assert not run.events(("phase", "epoch"))
    assert not run.model_file.exists()
    assert json.loads(run.status_file.read_text())["kept"] is None


def test_a_stop_while_phase_1_is_judged_keeps_phase_1_and_begins_no_other(undisturbed, monkeypatch):
    run = create_run(undisturbed.config(), {})
    stages = stopped_at(monkeypatch, run, "Phase 1: judging")
    assert not [s for s in stages if "looking" in s or s.startswith("Phase 2")]
    assert {e["phase"] for e in run.events(("phase",))} == {1}
    assert run.evaluation(1) is not None
    assert run.model_file.read_bytes() == run.phase_model_file(1).read_bytes()
    assert not run.phase_model_file(2).exists()
    assert all("p1:" in name for name in list(run.predictions()[0])[3:])
    first = run.status()["seconds_total"]
    same_end(resumed(run), undisturbed)
    total = run.status()["seconds_total"]
    assert total > first
    assert sum(run.evaluation(phase)["seconds"] for phase in (1, 2)) <= total


def test_a_failure_in_phase_2_leaves_the_table_of_phase_1_and_a_resume_the_whole_one(undisturbed, monkeypatch):
    run, honest = create_run(undisturbed.config(), {}), Watcher.on_epoch_end

    def broke(self, epoch, logs=None):
        honest(self, epoch, logs)
        if run.evaluation(1) is not None:
            raise OSError("gone")

    reporter = Reporter(run)
    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "on_epoch_end", broke)
        with pytest.raises(OSError, match="gone"):
            train(run, reporter)
    reporter.close(record.FAILED, error="gone")
    names = list(run.predictions()[0])[3:]
    assert names == [f"p1:{name}" for name in run.dataset()["classes"]]
    assert len(run.predictions()) == run.evaluation(1)["n"]
    train(run, Reporter(run))
    assert run.predictions_file.read_bytes() == undisturbed.predictions_file.read_bytes()


def test_the_seconds_of_all_sittings_are_counted_whatever_ended_them(tmp_path):
    run = create_run(RunConfig(data="x"), {}, tmp_path)
    reporter = Reporter(run)
    time.sleep(0.2)
    reporter.close(record.FAILED, error="full", message="")
    first = run.status()["seconds_total"]
    assert first >= 0.2
    run.write_status(state=record.QUEUED)  # as a resume does
    reporter = Reporter(run)
    time.sleep(0.2)
    reporter.stage("killed after this")
    second = run.status()["seconds_total"]
    assert second >= first + 0.18  # each is rounded to hundredths
    reporter.close(record.STOPPED)
    assert run.status()["seconds_total"] >= second


def test_a_stop_within_the_look_into_the_network_leaves_it_out_until_the_resume(undisturbed, monkeypatch):
    run = create_run(undisturbed.config(), {})
    monkeypatch.setattr("core.training.reporter.STATUS_SECONDS", 0.0)  # the look may be over before the next request is
    stopped_at(monkeypatch, run, "Phase 1: looking")
    assert not run.insight_file.exists()
    assert not run.events(("note",))
    assert {e["phase"] for e in run.events(("phase",))} == {1}
    assert resumed(run).insight_file.exists()


def test_a_stop_does_not_wait_for_held_out_figures_that_take_long(undisturbed, monkeypatch):
    run, honest = create_run(undisturbed.config(), {}), Watcher.on_test_batch_end

    def tested(self, batch, logs=None):
        if self._epoch == 2:
            run.ask("stop")
            self.reporter.asked(at_once=True)
        honest(self, batch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(Watcher, "on_test_batch_end", tested)
        patch.setattr("core.training.callbacks.STOP_SECONDS", 0.0)
        train(run, Reporter(run))
    assert run.state() == record.STOPPED
    assert history(run) == [(1, 1)]
    assert run.model_file.exists()
    same_end(resumed(run), undisturbed)
