"""A worker that is killed at any moment loses nothing: the resumed run ends as an undisturbed one."""

import os
import signal
import time

import numpy as np
import pytest

from core import launcher, record
from core.config import apply, from_json
from core.record import Run, read_events

SETTINGS = {
    "image_size": 32,
    "unfreeze": "blocks:1",
    "phase1": {"epochs": 4, "schedule": "cosine"},
    "phase2": {"epochs": 3, "optimizer": "adamw", "weight_decay": 0.01},
    "head": {"hidden_units": 8, "dropout": 0.3},
    "batch_size": 8,
    "patience": 2,
}
# What the worker has just written when it is killed: the kind of event, and what its text or epoch is.
FEW = [("stage", "Computing"), ("epoch", 2), ("epoch", 6)]
MANY = [
    *[("stage", s) for s in ("Loading", "Reading", "Building", "Checking")],
    *[("stage", s) for s in ("Phase 1: judging", "Phase 1: saving", "Phase 2: judging", "Phase 2: saving")],
    *[("epoch", n) for n in (1, 3, 4, 5, 7)],
    *[("samples", n) for n in (1, 4, 5, 7)],
    *[("phase", n) for n in (1, 2)],
    ("batch", 6),
]


def config(pictures):
    return from_json({"data": str(pictures), **SETTINGS})


def wait(run: Run, seconds: float = 240) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = run.state()
        if state in record.ENDED:
            return state
        time.sleep(0.2)
    raise AssertionError(f"{run.id} did not end: {run.status()}")


def kill_at(run: Run, kind: str, what: str | int) -> None:
    """Kill the worker as soon as it has written such an event."""
    end = time.monotonic() + 240
    while time.monotonic() < end:
        for event in read_events(run.events_file, 0, (kind,))[0]:
            hit = (
                event["message"].startswith(what)
                if isinstance(what, str)
                else event.get("epoch", event["phase"]) == what
            )
            if hit:
                os.kill(run.status()["pid"], signal.SIGKILL)
                return
        if run.state() in record.ENDED:
            return
        time.sleep(0.002)
    raise AssertionError(f"never saw {kind} {what}")


def history(run: Run) -> list[tuple[int, int]]:
    return [(e["phase"], e["epoch"]) for e in run.events(("epoch",))]


def figures(run: Run) -> np.ndarray:
    keys = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
    return np.array([[e[k] for k in keys] for e in run.events(("epoch",))])


@pytest.fixture(scope="module")
def undisturbed(pictures, tmp_path_factory):
    run = launcher.start(config(pictures), tmp_path_factory.mktemp("undisturbed"))
    assert wait(run) == record.DONE
    return run


def check(pictures, undisturbed, tmp_path, kind, what):
    run = launcher.start(config(pictures), tmp_path)
    kill_at(run, kind, what)
    state = wait(run)
    if state == record.INTERRUPTED:
        launcher.resume(run)
        assert wait(run) == record.DONE, run.status()
    assert history(run) == history(undisturbed)
    np.testing.assert_allclose(figures(run), figures(undisturbed), atol=1e-6)
    for phase in (1, 2):
        assert run.evaluation(phase)["loss"] == pytest.approx(undisturbed.evaluation(phase)["loss"], abs=1e-6)
    assert run.predictions()[0].keys() == undisturbed.predictions()[0].keys()


@pytest.mark.parametrize(("kind", "what"), FEW)
def test_killed_run_resumes_to_the_same_end(pictures, undisturbed, tmp_path, kind, what):
    check(pictures, undisturbed, tmp_path, kind, what)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "what"), MANY)
def test_killed_at_any_moment_resumes_to_the_same_end(pictures, undisturbed, tmp_path, kind, what):
    check(pictures, undisturbed, tmp_path, kind, what)


def test_half_written_files_do_not_stop_a_resume(pictures, undisturbed, tmp_path):
    run = launcher.start(config(pictures), tmp_path)
    kill_at(run, "epoch", 3)
    assert wait(run) == record.INTERRUPTED
    end = time.monotonic() + 60
    while not run.exit_file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert "SIGKILL" in run.status()["error"]
    with open(run.events_file, "ab") as events:
        events.write(b'{"kind": "epoch", "epo')
    run.status_file.write_bytes(run.status_file.read_bytes()[:30])
    run.scratch.mkdir(exist_ok=True)
    (run.scratch / "left.py").touch()
    launcher.resume(run)
    assert wait(run) == record.DONE
    assert history(run) == history(undisturbed)
    assert not run.scratch.exists()
    assert not undisturbed.scratch.exists()


def test_stop_keeps_a_model_and_skip_goes_on(pictures, tmp_path):
    long = apply(config(pictures), {"phase1.epochs": "5000", "early_stopping": "off", "phase1.learning_rate": "1e-5"})
    run = launcher.start(long, tmp_path)
    kill_free = time.monotonic() + 240
    while not run.events(("epoch",)) and time.monotonic() < kill_free:
        time.sleep(0.1)
    launcher.skip(run)
    while not any(e["phase"] == 2 for e in run.events(("phase",))) and time.monotonic() < kill_free:
        time.sleep(0.1)
    assert run.evaluation(1) is not None
    launcher.stop(run)
    assert wait(run) in (record.STOPPED, record.DONE)
    assert run.model_file.exists()
    assert run.predictions()


@pytest.mark.slow
def test_a_run_stopped_within_an_epoch_resumes_to_the_same_end(pictures, tmp_path):
    settings = {"cache": "off", "batch_size": "1", "phase1.epochs": "12", "phase2.epochs": "0", "early_stopping": "off"}
    run = launcher.start(apply(config(pictures), settings), tmp_path / "stopped")
    end = time.monotonic() + 240
    while not any(e["epoch"] == 2 for e in run.events(("batch",))) and time.monotonic() < end:
        time.sleep(0.01)
    launcher.stop(run)
    assert wait(run) == record.STOPPED
    launcher.resume(run)
    assert wait(run) == record.DONE
    whole = launcher.start(apply(config(pictures), settings), tmp_path / "whole")
    assert wait(whole) == record.DONE
    assert history(run) == history(whole)
    np.testing.assert_allclose(figures(run), figures(whole), atol=1e-6)


def test_loss_that_is_not_a_number_fails_with_a_sentence(pictures, tmp_path):
    run = launcher.start(apply(config(pictures), {"phase2.learning_rate": "1e30", "phase2.optimizer": "sgd"}), tmp_path)
    assert wait(run) in (record.FAILED, record.DONE)
    assert run.status()["state"] == record.FAILED
    assert "smaller learning rate" in run.status()["error"]
    assert run.kept() == 1
    assert run.model_file.exists()
