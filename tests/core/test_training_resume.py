"""A worker that is killed at any moment loses nothing: the resumed run ends as an undisturbed one."""

import os
import shutil
import signal
import time
from collections.abc import Callable

import numpy as np
import pytest

from core import launcher, record, tasks
from core.config import apply, from_json
from core.record import Run, read_events
from core.run_list import create_run
from core.training import batches, checkpoint
from core.training.checkpoint import Checkpoint, Progress
from core.training.examples import Examples
from core.training.reporter import Reporter

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
    *[("stage", s) for s in ("Loading", "Reading", "Building", "Phase 1: looking")],
    *[("stage", s) for s in ("Phase 1: judging", "Phase 1: saving", "Phase 2: judging", "Phase 2: saving")],
    *[("epoch", n) for n in (1, 3, 4, 5, 7)],
    *[("samples", n) for n in (1, 4, 5, 7)],
    *[("phase", n) for n in (1, 2)],
    ("batch", 5),  # the first of phase 2: others come only where an epoch takes long
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


def kill_when(run: Run, moment: Callable[[], bool], name: str) -> None:
    """Kill the worker as soon as `moment` has come; it must not end before."""
    end = time.monotonic() + 240
    while time.monotonic() < end:
        if moment() and (pid := run.status().get("pid")):
            os.kill(pid, signal.SIGKILL)
            assert wait(run) == record.INTERRUPTED, run.status()
            return
        assert run.state() not in record.ENDED, f"it ended before {name}: {run.status()}"
        time.sleep(0.002)
    raise AssertionError(f"never saw {name}")


def kill_at(run: Run, kind: str, what: str | int) -> None:
    """Kill the worker as soon as it has written such an event."""

    def written() -> bool:
        events = read_events(run.events_file, 0, (kind,))[0]
        if isinstance(what, str):
            return any(e["message"].startswith(what) for e in events)
        return any(e.get("epoch", e["phase"]) == what for e in events)

    kill_when(run, written, f"{kind} {what}")


def history(run: Run) -> list[tuple[int, int]]:
    return [(e["phase"], e["epoch"]) for e in run.events(("epoch",))]


def figures(run: Run) -> np.ndarray:
    keys = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
    return np.array([[e[k] for k in keys] for e in run.events(("epoch",))])


def same_end(run: Run, whole: Run) -> None:
    """Epochs, figures and probabilities of `run` must be those of `whole`, to 1e-6."""
    assert history(run) == history(whole)
    np.testing.assert_allclose(figures(run), figures(whole), atol=1e-6)
    for phase in {phase for phase, _ in history(whole)}:
        assert run.evaluation(phase)["loss"] == pytest.approx(whole.evaluation(phase)["loss"], abs=1e-6)
    table, expected = run.predictions(), whole.predictions()
    assert table[0].keys() == expected[0].keys()
    for name in expected[0]:
        column, as_in = [row[name] for row in table], [row[name] for row in expected]
        if name in ("path", "label", "split"):
            assert column == as_in
        else:
            np.testing.assert_allclose(np.array(column, float), np.array(as_in, float), atol=1e-6)


@pytest.fixture(scope="module")
def undisturbed(pictures, tmp_path_factory):
    run = launcher.start(config(pictures), tmp_path_factory.mktemp("undisturbed"))
    assert wait(run) == record.DONE
    return run


def finish(run: Run) -> None:
    launcher.resume(run)
    assert wait(run) == record.DONE, run.status()


def check(whole: Run, tmp_path, *moments: tuple[str, str | int]) -> None:
    """A run with the settings of `whole` that is killed at each of the moments must end as that did."""
    run = launcher.start(whole.config(), tmp_path)
    for i, moment in enumerate(moments):
        if i:
            launcher.resume(run)
        kill_at(run, *moment)
    finish(run)
    same_end(run, whole)


@pytest.mark.parametrize(("kind", "what"), FEW)
def test_killed_run_resumes_to_the_same_end(undisturbed, tmp_path, kind, what):
    check(undisturbed, tmp_path, (kind, what))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "what"), MANY)
def test_killed_at_any_moment_resumes_to_the_same_end(undisturbed, tmp_path, kind, what):
    check(undisturbed, tmp_path, (kind, what))


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", ["live", "views:2"])
def test_an_augmented_run_killed_in_both_phases_resumes_to_the_same_end(pictures, tmp_path, augmentation):
    whole = launcher.start(apply(config(pictures), {"augmentation": augmentation}), tmp_path / "whole")
    assert wait(whole) == record.DONE
    check(whole, tmp_path / "killed", ("epoch", 2), ("epoch", 6))


@pytest.fixture(scope="module")
def partly_damaged(pictures, tmp_path_factory):
    """The pictures, the second of which looks sound and cannot be decoded."""
    folder = shutil.copytree(pictures, tmp_path_factory.mktemp("damaged") / "data")
    damaged = sorted(file for file in folder.rglob("*.png"))[1]
    data = bytearray(damaged.read_bytes())
    data[60:200] = bytes(140)
    damaged.write_bytes(data)
    return folder


@pytest.mark.parametrize("augmentation", ["live", "views:2"])
def test_what_cannot_be_decoded_changes_no_other_pictures_copies(partly_damaged, tmp_path, augmentation):
    settings = apply(config(partly_damaged), {"augmentation": augmentation})
    run, kind = create_run(settings, {}, tmp_path), tasks.task("image")
    reporter = Reporter(run)
    copies = []
    for _ in ("begun", "resumed"):
        examples = Examples(run, settings, kind, reporter)
        examples.leave_out_unreadable([])
        rows = examples.rows("train", "validation")
        found = batches.loaded(examples.source, rows, np.full(len(rows), 1), 8)
        copies.append(np.concatenate([pixels.numpy() for (pixels,), _ in found]))
    reporter.close(record.STOPPED)
    assert len(rows) == len(examples.manifest.files) == 39
    np.testing.assert_array_equal(copies[0], copies[1])


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", ["live", "views:2"])
def test_an_augmented_run_without_what_cannot_be_decoded_resumes_to_the_same_end(
    partly_damaged, tmp_path, augmentation
):
    whole = launcher.start(apply(config(partly_damaged), {"augmentation": augmentation}), tmp_path / "whole")
    assert wait(whole) == record.DONE
    assert len(whole.dataset()["files"]) == 39
    check(whole, tmp_path / "killed", ("epoch", 2), ("epoch", 6))


@pytest.mark.slow
def test_a_run_killed_while_its_patience_runs_out_stops_at_the_same_epoch(pictures, tmp_path):
    settings = {"phase1.epochs": "30", "phase1.learning_rate": "0.3", "phase1.schedule": "constant"}
    slowly = {"cache": "off", "batch_size": "1", "phase2.epochs": "0"}  # so that there is time between two epochs
    whole = launcher.start(apply(config(pictures), settings | slowly), tmp_path / "whole")
    assert wait(whole) == record.DONE
    assert len(history(whole)) < 30
    run = launcher.start(whole.config(), tmp_path / "killed")
    kill_when(run, lambda: (saved := checkpoint.load(run)) is not None and saved.progress.wait > 0, "a worse epoch")
    saved = checkpoint.load(run).progress
    assert (saved.wait, saved.ended) == (1, False)
    finish(run)
    same_end(run, whole)


def test_a_checkpoint_with_any_byte_changed_or_cut_off_is_none_or_whole(tmp_path):
    run = Run(tmp_path)
    run.checkpoints.mkdir()
    one, file = np.arange(3, dtype="float32"), run.checkpoints / "state.npz"
    checkpoint.save(run, Checkpoint(Progress(epoch=2), [one], [one, one], [one], []))
    whole = file.read_bytes()
    for i, byte in enumerate(whole):
        for damaged in (whole[:i], whole[:i] + bytes([byte ^ 1]) + whole[i + 1 :]):
            file.write_bytes(damaged)
            found = checkpoint.load(run)
            if found is not None:
                assert found.progress == Progress(epoch=2)
                np.testing.assert_array_equal([*found.weights, *found.optimizer, *found.best], [one] * 4)


def test_half_written_files_do_not_stop_a_resume(pictures, undisturbed, tmp_path):
    run = launcher.start(config(pictures), tmp_path)
    kill_at(run, "epoch", 3)
    end = time.monotonic() + 60
    while not run.exit_file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert "SIGKILL" in run.status()["error"]
    with open(run.events_file, "ab") as events:
        events.write(b'{"kind": "epoch", "epo')
    run.status_file.write_bytes(run.status_file.read_bytes()[:30])
    state = run.checkpoints / "state.npz"
    state.write_bytes(state.read_bytes()[:-30])
    run.scratch.mkdir(exist_ok=True)
    (run.scratch / "left.py").touch()
    for name in ("checkpoints/.state.npz.1.tmp", "models/.1.phase1.keras", ".1.model.keras", ".status.json.1.tmp"):
        (run.path / name).touch()
    (run.path / ".notes.json.1.tmp").touch()  # the page's
    launcher.resume(run)
    kill_at(run, "epoch", 4)
    whole = state.read_bytes()
    state.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    finish(run)
    same_end(run, undisturbed)
    assert [file.name for file in run.path.rglob(".*")] == [".notes.json.1.tmp"]
    assert not run.scratch.exists()
    assert not undisturbed.scratch.exists()


def test_stop_keeps_a_model_and_skip_goes_on(pictures, tmp_path):
    endless = {
        f"phase{n}.{key}": value for n in (1, 2) for key, value in (("epochs", "5000"), ("learning_rate", "1e-5"))
    }
    long = apply(config(pictures), {**endless, "early_stopping": "off"})
    run = launcher.start(long, tmp_path)
    kill_free = time.monotonic() + 240
    while not run.events(("epoch",)) and time.monotonic() < kill_free:
        time.sleep(0.1)
    launcher.skip(run)
    while not any(e["phase"] == 2 for e in run.events(("phase",))) and time.monotonic() < kill_free:
        time.sleep(0.1)
    assert run.evaluation(1) is not None
    launcher.stop(run)
    assert wait(run) == record.STOPPED
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
    run.write_notes(abstain=0.8)  # of the model that the stop left
    finish(run)
    assert run.notes()["abstain"] is None
    assert "neither is used" in str(run.events(("note",)))
    whole = launcher.start(apply(config(pictures), settings), tmp_path / "whole")
    assert wait(whole) == record.DONE
    same_end(run, whole)


def test_loss_that_is_not_a_number_fails_with_a_sentence(pictures, tmp_path):
    run = launcher.start(apply(config(pictures), {"phase2.learning_rate": "1e30", "phase2.optimizer": "sgd"}), tmp_path)
    assert wait(run) in (record.FAILED, record.DONE)
    assert run.status()["state"] == record.FAILED
    assert "smaller learning rate" in run.status()["error"]
    assert run.kept() == 1
    assert run.model_file.exists()
