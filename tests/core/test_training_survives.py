"""Runs come through what happens to them: odd names, two at once, frozen workers, full disks, data that change."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core import launcher, record, run_list
from core.config import from_json
from core.failures import DISK, explain
from core.predict import Predictor
from core.record import Run
from core.run_list import create_run
from core.service_client import Service, service
from core.training import checkpoint
from core.training.reporter import Reporter
from core.training.store import ArraySpec, FeatureStore
from tests.core.conftest import ROOT, core
from tests.core.odd_data import bound_by_rights
from tests.core.test_training_resume import wait

NAMES = ["new\nline", os.fsdecode(b"caf\xe9"), "<b>**x** 🐈"]
SMALL = {"image_size": 32, "unfreeze": "blocks:1", "phase1": {"epochs": 3}, "phase2": {"epochs": 2}}


def until(condition, seconds=240):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def write_picture(path, label, seed):
    pixels = np.random.default_rng(seed).integers(0, 60, (40, 40, 3), dtype=np.uint8)
    pixels[..., label % 3] += 150
    with open(path, "wb") as file:
        Image.fromarray(pixels).save(file, "PNG")


@pytest.fixture(scope="module")
def oddly_named(tmp_path_factory):
    """Three classes, one of two pictures, with file names to match."""
    root = tmp_path_factory.mktemp("odd")
    for label, name in enumerate(NAMES):
        (root / name).mkdir()
        for n in range((12, 12, 2)[label]):
            write_picture(root / name / f"{name} {n}.png", label, n)
    return root


START = """
import json, sys, os, signal
from pathlib import Path
from core import launcher
from core.config import from_json
settings = from_json(json.loads(sys.argv[1]))
runs = [launcher.start(settings.replace(name=name), Path(sys.argv[2])) for name in ("a", "b")]
print(json.dumps([str(run.path) for run in runs]), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def pair(oddly_named, tmp_path_factory):
    """Two runs on odd names, trained at the same time; the process that started them was killed at once."""
    home = tmp_path_factory.mktemp("pair")
    environment = {
        "THAW_MAX_RUNNING": "2",
        "THAW_RUNS": str(home / "runs"),
        "THAW_CACHE_DIR": str(home / "cache"),
    }
    settings = {"data": str(oddly_named), **SMALL, "batch_size": 4096}
    starter = subprocess.run(
        [sys.executable, "-c", START, json.dumps(settings), str(home / "runs")],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert starter.returncode == -signal.SIGKILL, starter.stderr
    runs = [Run(folder) for folder in json.loads(starter.stdout)]
    until(lambda: all(run.status().get("pid") for run in runs))
    worker = runs[0].status()["pid"]
    os.kill(worker, signal.SIGSTOP)
    try:
        until(lambda: runs[0].status().get("stale_s", 0) > 4)
        frozen = runs[0].status()
    finally:
        os.kill(worker, signal.SIGCONT)
    assert [wait(run) for run in runs] == [record.DONE, record.DONE], [run.status() for run in runs]
    return runs, frozen, home


def test_workers_outlive_whoever_started_them_and_share_the_store(pair):
    runs, _, home = pair
    stored = [p.name for p in (home / "cache" / "features").iterdir()]
    assert len(stored) == 2  # features, and activations at the cut of phase 2: each once
    assert not [name for name in stored if name.startswith(".")]
    histories = [
        [{k: v for k, v in e.items() if k not in ("t", "seconds")} for e in run.events(("epoch",))] for run in runs
    ]
    assert histories[0] == histories[1]


def test_a_frozen_worker_is_seen_by_its_heartbeat(pair):
    _, frozen, _ = pair
    assert frozen["state"] == record.RUNNING
    assert record.silence({**frozen, "stale_s": 31.0})


def test_odd_names_come_through_a_whole_run(pair, oddly_named):
    run = pair[0][0]
    classes = run.dataset()["classes"]
    assert sorted(classes) == sorted(NAMES)
    header = list(run.predictions()[0])
    assert header[3:] == [f"p{phase}:{name}" for phase in (1, 2) for name in classes]
    for row in run.predictions():
        assert (oddly_named / row["path"]).is_file()
        assert row["path"].startswith(row["label"] + "/")
    assert [c["class"] for c in run.evaluation(2)["per_class"]] == classes
    json.loads(json.dumps(run_list.summary(run)))


def test_odd_names_come_through_the_shell_and_the_service(pair, oddly_named, monkeypatch):
    run, home = pair[0][0], pair[2]
    monkeypatch.setenv("THAW_CACHE_DIR", str(home / "cache"))
    paths = [str(oddly_named / file["path"]) for file in run.dataset()["files"][::9]]
    rows = Predictor(run).predict_files(paths)
    assert [row["path"] for row in rows] == paths
    assert all(row["label"] in NAMES and row["error"] is None for row in rows)
    for command in (
        ("scan", str(oddly_named)),
        ("evaluate", str(run.path), str(oddly_named)),
        ("predict", str(run.path), *paths),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "core", *map(str, command), "--json"], cwd=ROOT, capture_output=True
        )
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
        json.loads(done.stdout)
    with contextlib.ExitStack() as stack:
        asked: Service = service(run)
        stack.callback(asked.stop)
        asked.wait()
        answer = asked.predict(Path(paths[0]).read_bytes(), Path(paths[0]).name)
    assert answer["path"] == Path(paths[0]).name
    assert answer["probabilities"] == pytest.approx(rows[0]["probabilities"], abs=1e-4)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 MB: too small for the model."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("a file system can only be mounted by root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def remount(place, options):
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)


def test_a_full_disk_ends_in_a_sentence_and_a_resume_in_a_finished_run(small_disk, pictures):
    settings = {"data": str(pictures), **SMALL, "phase2": {"epochs": 0}}
    remount(small_disk, "ro")
    refused = core("train", "--data", str(pictures), "--runs", str(small_disk / "runs"), check=False)
    assert (refused.returncode, len(refused.stderr.strip().splitlines())) == (2, 1)
    assert "No run can be made in" in refused.stderr
    remount(small_disk, "rw")
    run = launcher.start(from_json(settings), small_disk / "runs")
    assert wait(run) == record.FAILED
    assert "disk is full" in run.status()["error"]
    assert checkpoint.load(run).progress.epoch == 3
    assert run.config().data == str(pictures)
    assert len(run.dataset()["files"]) == 40
    assert [e["epoch"] for e in run.events(("epoch",))] == [1, 2, 3]
    assert not run.model_file.exists()
    assert not list(run.path.rglob("*.tmp"))
    remount(small_disk, "size=200m")
    launcher.resume(run)
    assert wait(run) == record.DONE
    assert [e["epoch"] for e in run.events(("epoch",))] == [1, 2, 3]


def test_a_store_on_a_full_disk_keeps_what_it_has_and_leaves_nothing_half_made(small_disk):
    store = FeatureStore(small_disk / "features", limit=10**9)
    specs, values = [ArraySpec((100,), "float32")], np.arange(1000, dtype="float32").reshape(10, 100)
    writer = store.create("small", 10, specs, {})
    writer.append([values], np.ones(10, bool))
    writer.commit().close()
    writer = store.create("large", 1_000_000, specs, {})
    with pytest.raises(OSError) as caught:  # noqa: PT012 -- the disk is full after some of them
        for _ in range(100_000):
            writer.append([values], np.ones(10, bool))
    writer.abandon()
    assert explain(caught.value) == DISK
    assert np.array_equal(store.find("small").mapped(0), values)
    assert [p.name for p in store.folder.iterdir()] == ["small"]


def test_what_nobody_foresaw_says_what_to_do_and_where_the_log_lies():
    said = explain(KeyError("no such"))
    assert "Resume goes on from the last checkpoint" in said
    assert "worker.log in the run's folder" in said


@pytest.mark.slow
def test_a_folder_that_is_renamed_and_data_that_change_end_in_a_sentence_and_resume(tmp_path):
    data = tmp_path / "data"
    for label, name in enumerate(("a", "b")):
        (data / name).mkdir(parents=True)
        for n in range(10):
            write_picture(data / name / f"{n}.png", label, n)
    long = {"data": str(data), **SMALL, "phase1": {"epochs": 5000, "learning_rate": 1e-5}, "early_stopping": False}
    gone = launcher.start(from_json(long), tmp_path / "runs")
    until(lambda: gone.events(("epoch",)))
    run = Run(gone.path.with_name("moved"))
    os.replace(gone.path, run.path)
    until(lambda: run.state() == record.INTERRUPTED)
    assert "resume" in run.status()["error"].lower()
    assert "deleted or renamed" in gone.status()["error"]

    launcher.resume(run)
    until(lambda: run.state() == record.RUNNING and run.status()["phase"] == 1)
    picture = data / "a" / "3.png"
    whole = picture.read_bytes()
    write_picture(picture, 0, 99)
    launcher.skip(run)
    assert wait(run) == record.FAILED
    assert "1 of the pictures changed or vanished" in run.status()["error"]
    assert "'a/3.png'" in run.status()["error"]
    shutil.move(data / "a", tmp_path / "a")
    launcher.resume(run)
    assert wait(run) == record.FAILED
    assert "At least two classes" in run.status()["error"]

    shutil.move(tmp_path / "a", data / "a")
    picture.write_bytes(whole)
    launcher.resume(run)
    assert wait(run) == record.DONE
    epochs = [e["epoch"] for e in run.events(("epoch",))]
    assert epochs == list(range(1, len(epochs) + 1))
    assert run.model_file.is_file()


def begun(data, home, *settings):
    """A run that would go on for long, started by a shell that file permissions bind, and that shell."""
    words = ["--epochs1", "5000", "--set", "early_stopping=off", "phase1.learning_rate=1e-5", "seed=3", *settings]
    command = [sys.executable, "-m", "core", "train", "--data", str(data), "--runs", str(home), "--image-size", "32"]
    shell = subprocess.Popen(
        [*bound_by_rights(), *command, *words], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    until(lambda: [run for run in run_list.list_runs(home) if checkpoint.load(run)])
    return run_list.list_runs(home)[0], shell


@pytest.mark.slow
def test_a_folder_that_turns_read_only_ends_a_run_in_a_sentence_and_it_resumes(pictures, tmp_path):
    run, shell = begun(pictures, tmp_path)
    folders = [run.path, *(path for path in run.path.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    said = shell.communicate(timeout=240)[1]
    assert shell.returncode == 1
    assert f"No permission to write {str(run.path)!r}" in said or f"No permission to write '{run.path}/" in said
    assert "Change its rights, then resume" in said
    assert "Traceback" not in said
    assert run.state() == record.INTERRUPTED
    assert checkpoint.load(run).progress.epoch >= 1
    for folder in folders:
        folder.chmod(0o755)
    launcher.resume(run)
    until(lambda: run.status().get("phase") == 1)
    launcher.stop(run)
    assert wait(run) == record.STOPPED
    epochs = [e["epoch"] for e in run.events(("epoch",))]
    assert epochs == list(range(1, len(epochs) + 1))


@pytest.mark.slow
def test_data_that_vanish_while_they_are_read_end_a_run_in_a_sentence_and_it_resumes(pictures, tmp_path):
    data = shutil.copytree(pictures, tmp_path / "data")
    run, shell = begun(data, tmp_path / "runs", "augmentation=live")
    data.rename(tmp_path / "elsewhere")
    assert "has vanished or changed. Put it back, then resume." in shell.communicate(timeout=240)[1]
    assert (shell.returncode, run.state()) == (1, record.FAILED)
    launcher.resume(run)
    assert wait(run) == record.FAILED
    assert "There is no folder" in run.status()["error"]
    (tmp_path / "elsewhere").rename(data)
    launcher.resume(run)
    until(lambda: run.status().get("phase") == 1)
    launcher.stop(run)
    assert wait(run) == record.STOPPED


LAUNCH = "import sys; from core import launcher; from core.config import from_json; "
LAUNCH += "print(launcher.start(from_json({'data': sys.argv[1], 'phase1': {'epochs': 5000}, 'early_stopping': False, "
LAUNCH += "'image_size': 32, 'unfreeze': 'none', 'name': 'x'})).path)"


def test_apps_that_share_a_folder_share_the_line_and_no_crash_leaves_a_ghost(pictures):
    def launched():
        done = subprocess.run([sys.executable, "-c", LAUNCH, str(pictures)], cwd=ROOT, capture_output=True, text=True)
        return Run(done.stdout.strip())

    runs = []
    for place in (None, 1, 2, 3):
        run = launched()
        runs.append(run)
        until(lambda run=run, place=place: run.is_held() and run.status().get("place") == place)
    first, second, third, fourth = runs
    until(lambda: first.state() == record.RUNNING)
    assert [run.state() for run in runs[1:]] == [record.QUEUED] * 3
    launcher.stop(fourth)
    assert wait(fourth) == record.STOPPED
    (worker,) = (int(p.name) for p in Path("/proc").iterdir() if _trains(p, second) and not _watches(p))
    os.kill(worker, signal.SIGKILL)
    until(lambda: third.status().get("place") == 1)
    assert second.state() == record.INTERRUPTED
    launcher.stop(first)
    assert wait(first) == record.STOPPED
    until(lambda: third.state() == record.RUNNING)
    launcher.stop(third)
    assert wait(third) == record.STOPPED


def _trains(process: Path, run: Run) -> bool:
    try:
        return process.name.isdigit() and os.fsencode(run.path) in (process / "cmdline").read_bytes()
    except OSError:
        return False


def _watches(process: Path) -> bool:
    """Whether it is the small process that waits for the one that trains."""
    return bool((process / "task" / process.name / "children").read_text())


def test_a_worker_lets_pages_and_predictions_go_first(pictures, tmp_path):
    run = launcher.start(from_json({"data": str(pictures), **SMALL, "weights": "random"}), tmp_path)
    until(lambda: run.status().get("pid"))
    assert os.getpriority(os.PRIO_PROCESS, run.status()["pid"]) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    launcher.stop(run)
    until(lambda: run.state() in record.ENDED)


def test_a_worker_that_was_killed_is_recognised_as_such(pictures, tmp_path):
    run = launcher.start(from_json({"data": str(pictures), **SMALL, "weights": "random"}), tmp_path)
    until(lambda: run.status().get("pid"))
    worker = run.status()["pid"]
    os.kill(worker, signal.SIGKILL)
    until(run.exit_file.exists)
    assert json.loads(run.exit_file.read_text()) == {"pid": worker, "signal": "SIGKILL", "out_of_memory": False}
    assert run.state() == record.INTERRUPTED
    assert "killed from outside (SIGKILL)" in run.status()["error"]


@pytest.fixture
def little_memory():
    """The file that takes processes into a control group of 350 MB, less than TensorFlow needs."""
    top = Path("/sys/fs/cgroup")
    old = (top / "memory").is_dir()
    group = (top / "memory" if old else top) / f"thaw-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / ("memory.limit_in_bytes" if old else "memory.max")).write_text("350M")
    except OSError as error:
        with contextlib.suppress(OSError):
            group.rmdir()
        pytest.skip(f"no control group can be made here: {error}")
    yield group / "cgroup.procs"
    until(lambda: not (group / "cgroup.procs").read_text())
    group.rmdir()


@pytest.mark.slow
def test_a_worker_that_the_kernel_killed_for_memory_is_recognised(little_memory, pictures, tmp_path):
    small = ["--image-size", "32", "--epochs1", "2", "--epochs2", "0", "--runs", str(tmp_path)]
    command = [sys.executable, "-m", "core", "train", "--data", str(pictures), *small]
    within = ["sh", "-c", f'echo $$ > {little_memory} && exec "$@"', "sh", *command]
    done = subprocess.run(within, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "The memory ran out, and the system ended the worker for it" in done.stderr
    assert "Traceback" not in done.stderr
    (run,) = run_list.list_runs(tmp_path)
    assert run.state() == record.INTERRUPTED
    launcher.resume(run)  # outside of the group, where there is memory
    assert wait(run) == record.DONE


def test_a_clock_that_is_set_back_harms_no_report(tmp_path, monkeypatch):
    run = create_run(from_json({"data": "x"}), {}, tmp_path)
    with run.lock().acquire():
        reporter = Reporter(run)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now - 86_400)
        reporter.stage("after midnight, again")
        run.ask("stop")
        until(lambda: reporter.asked() == "stop")
        assert run.status()["elapsed_s"] >= 0
        assert run.status()["stale_s"] == 0
        reporter.close(record.STOPPED, message="")
    assert run.state() == record.STOPPED
    assert reporter.elapsed() >= 0


@pytest.mark.slow
def test_a_clock_that_is_set_back_within_a_run_harms_nothing(pictures, tmp_path, monkeypatch):
    from core.training.trainer import train

    run = create_run(from_json({"data": str(pictures), "task": "image", **SMALL}), {}, tmp_path / "runs")
    now, yesterday = time.time, lambda: now() - 86_400

    def told(self, kind, **values):
        honest(self, kind, **values)
        if kind == "epoch":
            monkeypatch.setattr(time, "time", yesterday)

    honest = Reporter.event
    monkeypatch.setattr(Reporter, "event", told)
    with run.lock().acquire():
        train(run, Reporter(run))
    assert run.state() == record.DONE
    assert [e["epoch"] for e in run.events(("epoch",))] == [1, 2, 3, 4, 5]
    assert run.events(("end",))[0]["t"] < run.events(("epoch",))[0]["t"]
    assert all(e["seconds"] >= 0 for e in run.events(("epoch",)))
    assert run_list.summary(run)["seconds_total"] > 0
    assert [r.id for r in run_list.list_runs(tmp_path / "runs")] == [run.id]


def test_a_report_that_cannot_be_written_is_no_second_error(tmp_path):
    run = create_run(from_json({"data": "x"}), {}, tmp_path)
    reporter = Reporter(run)
    shutil.rmtree(run.path)
    reporter.close(record.FAILED, error="the folder is gone", message="")
