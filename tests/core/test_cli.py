import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from served_run import make_run, picture

from core import environment, presets, run_list
from core.__main__ import main, parse
from core.config import RunConfig
from core.errors import ConfigError, RunError
from core.files import write_json
from core.follow import bar_text, clock, event_line, follow, outcome
from core.record import Run
from core.run_list import create_run
from core.train_settings import settings_from

ROOT = Path(__file__).resolve().parents[2]


def shell(*arguments, **options):
    """The command as a user types it."""
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, **options
    )


def run_main(capsys, *arguments):
    """The command in this process: exit status, standard output, standard error."""
    try:
        status = main([str(a) for a in arguments])
    except SystemExit as leaving:
        status = leaving.code
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.fixture
def data(tmp_path):
    """Two classes of three pictures, split by nobody."""
    for k in range(6):
        picture(tmp_path / "data" / ("é 🐈", "<b>")[k % 2] / f"{k}.png", (24, 24), seed=k)
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((), "COMMAND"),
        (("fly",), "scan"),
        (("train",), "--data"),
        (("train", "--data", "/nowhere"), "/nowhere"),
        (("train", "--data", ".", "--backbone", "ResNet9000"), "EfficientNetLite0"),
        (("train", "--data", ".", "--preset", "best"), "recommended"),
        (("train", "--data", ".", "--set", "preset=quick"), "--preset"),
        (("train", "--data", ".", "--set", "seed=1", "data=/elsewhere"), "--data"),
        (("train", "--data", ".", "--set", "version=1"), "leave it out"),
        (("train", "--data", ".", "--set", "task=text"), "--data"),
        (("train", "--data", ".", "--set", "learning_rate=1"), "phase1.learning_rate"),
        (("train", "--data", ".", "--set", "phase1.learning_rate=-1"), "above 0"),
        (("train", "--data", ".", "--set", "seed"), "key=value"),
        (("train", "--data", ".", "--image-size", "big"), "image_size"),
        (("train", "--data", ".", "--image-size", "16"), "at least 32"),
        (("train", "--data", ".", "--unfreeze", "layers:9999"), "9999"),
        (("train", "--data", ".", "--unfreeze", "names:nope"), "stem_conv"),
        (("train", "--data", ".", "--weights", "/nowhere.h5"), "/nowhere.h5"),
        (("train", "--data", ".", "--config", "/nowhere.json"), "settings file"),
        (("train", "--data", ".", "--set", "patient_column=ward"), "'ward'"),
        (("train", "--data", ".", "--set", "patient_pattern=(x+)"), "matches no file name"),
        (("scan", "/nowhere"), "/nowhere"),
        (("resume", "no-run"), "no-run"),
        (("stop", "no-run"), "no-run"),
        (("predict", "no-run", "x.png"), "no-run"),
        (("evaluate", "no-run", "."), "no-run"),
        (("export", "no-run", "--format", "keras"), "no-run"),
        (("export", "no-run"), "--format"),
        (("serve", "no-run"), "no-run"),
        (("serve", "no-run", "--port", "70000"), "65535"),
        (("predict", "no-run", "x.png", "--top", "0"), "from 1"),
    ],
)
def test_a_mistake_ends_with_2_and_one_sentence(capsys, data, monkeypatch, arguments, part):
    monkeypatch.chdir(data)
    status, out, err = run_main(capsys, *arguments)
    assert (status, out) == (2, "")
    assert part in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    assert run_list.list_runs() == []


@pytest.mark.parametrize("arguments", [("runs", "--json"), ("scan", "DATA", "--json"), ("stop", "RUN")])
def test_light_commands_import_no_tensorflow(data, arguments):
    run = make_run(phases=())
    words = [{"DATA": str(data), "RUN": run.id}.get(a, a) for a in arguments]
    code = (
        "import sys; from core.__main__ import main; status = main(sys.argv[1:]);"
        "sys.exit(9 if {'tensorflow', 'keras'} & set(sys.modules) else status)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_scan_says_what_is_there(capsys, data):
    (data / "<b>" / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    status, out, _ = run_main(capsys, "scan", data, "--json")
    found = json.loads(out)
    assert (status, found["total"]) == (0, 6)
    assert found["classes"] == [{"name": "<b>", "count": 3}, {"name": "é 🐈", "count": 3}]
    assert "<b>/torn.jpg" in [problem["path"] for problem in found["problems"] if problem["kind"] == "unreadable"]
    assert "6 usable files" in run_main(capsys, "scan", data)[1]


def test_runs_are_listed_newest_first_and_a_damaged_one_is_among_them(capsys):
    first, second = make_run(phases=()), make_run(phases=())
    first.config_file.write_text(json.dumps({**first.settings(), "created": time.time() + 5, "name": "mine"}))
    second.config_file.write_text("{")
    status, out, _ = run_main(capsys, "runs", "--json")
    rows = json.loads(out)
    assert status == 0
    assert [row["run_id"] for row in rows] == [first.id, second.id]
    assert [row["state"] for row in rows] == ["done", "damaged"]
    keys = {
        "run_id",
        "run_dir",
        "name",
        "state",
        "created",
        "task",
        "data",
        "backbone",
        "val_accuracy",
        "seconds_total",
    }
    assert keys <= set(rows[0])
    assert "mine" in run_main(capsys, "runs")[1]


def test_the_cache_lies_beside_the_runs_that_a_command_names(data, tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_RUNS", str(tmp_path / "usual" / "runs"))
    monkeypatch.delenv("THAW_CACHE_DIR")
    words = ["--weights", "random", "--image-size", "32", "--epochs1", "1", "--epochs2", "0", "--json"]
    done = shell("train", "--data", data, "--runs", tmp_path / "there" / "runs", *words)
    cache, run = tmp_path / "there" / "cache", json.loads(done.stdout)["run_dir"]
    assert Path(run).parent == tmp_path / "there" / "runs"
    assert {"features", "scans"} <= {folder.name for folder in cache.iterdir()}
    shutil.rmtree(cache)
    assert shell("evaluate", run, data).returncode == 0
    assert list(cache.glob("scans/*"))
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "own"))
    assert shell("evaluate", run, data).returncode == 0
    assert list((tmp_path / "own").glob("scans/*"))
    assert not (tmp_path / "usual").exists()


def test_a_command_that_names_its_runs_leaves_the_environment_as_it_was(capsys, tmp_path):
    run, before = make_run(phases=()), os.environ["THAW_RUNS"]
    assert json.loads(run_main(capsys, "runs", "--json", "--runs", tmp_path)[1]) == []
    assert run_main(capsys, "stop", run.path)[0] == 0
    assert os.environ["THAW_RUNS"] == before
    assert [row["run_id"] for row in json.loads(run_main(capsys, "runs", "--json")[1])] == [run.id]


def test_no_runs_are_an_empty_list(capsys, tmp_path):
    assert run_main(capsys, "runs", "--json", "--runs", tmp_path / "none")[:2] == (0, "[]\n")
    assert run_main(capsys, "runs")[0] == 0


def test_predict_keeps_standard_output_for_one_document(data, tmp_path):
    run = make_run()
    bad = tmp_path / "bad.jpg"
    bad.write_text("x")
    done = shell("predict", run.id, "--json", data / "<b>" / "1.png", "--top", "1", bad)
    rows = json.loads(done.stdout)
    assert done.returncode == 0
    assert [row["path"] for row in rows] == [str(data / "<b>" / "1.png"), str(bad)]
    assert [row["error"] is None for row in rows] == [True, False]
    assert len(rows[0]["probabilities"]) == 3


def test_predict_evaluate_and_export_speak_to_people_too(capsys, data, tmp_path):
    run = make_run(("<b>", "é 🐈"))
    status, out, _ = run_main(capsys, "predict", run.path, data / "<b>" / "1.png", tmp_path / "none.png", "--top", "1")
    assert status == 0
    assert out.count("\n") == 2
    assert out.count("%") == 1
    assert "6 examples: accuracy" in run_main(capsys, "evaluate", run.id, data)[1]
    assert json.loads(run_main(capsys, "evaluate", run.id, data, "--json")[1])["n"] == 6
    status, out, _ = run_main(capsys, "export", run.id, "--format", "settings", "--out", tmp_path / "s.json")
    assert (status, out) == (0, f"{tmp_path / 's.json'}\n")


STEERING = "two\nlines \x1b[2J\u202e"
SPELLED = r"two\nlines \x1b[2J\u202e"


def test_names_that_steer_a_terminal_are_spelled_out_for_people_and_whole_in_json(capsys, tmp_path):
    picture(tmp_path / STEERING / "1.png", (24, 24))
    picture(tmp_path / "a" / f"{STEERING}.png", (24, 24), seed=1)
    picture(tmp_path / "a" / "2.png", (24, 24), seed=2)
    picture(tmp_path / STEERING / "2.png", (24, 24), seed=3)
    (tmp_path / "a" / f"{STEERING}.txt").touch()
    run = make_run(("a", STEERING))
    file = tmp_path / "a" / f"{STEERING}.png"
    for words in (("scan", tmp_path), ("evaluate", run.id, tmp_path), ("predict", run.id, file, file / "none")):
        status, out, _ = run_main(capsys, *words)
        assert status == 0
        assert SPELLED in out
        assert not set("\x1b\u202e") & set(out)
        assert not [line for line in out.splitlines() if line.startswith("lines")]
    found = json.loads(run_main(capsys, "scan", tmp_path, "--json")[1])
    assert STEERING in [row["name"] for row in found["classes"]]
    assert json.loads(run_main(capsys, "predict", run.id, file, "--json")[1])[0]["path"] == str(file)


def test_a_class_that_the_run_does_not_know_is_refused_on_one_line(capsys, tmp_path):
    picture(tmp_path / STEERING / "1.png", (24, 24))
    status, _, err = run_main(capsys, "evaluate", make_run().id, tmp_path)
    assert (status, len(err.splitlines()), "\x1b" in err) == (2, 1, False)
    assert SPELLED in err


def test_a_followed_run_names_files_on_one_line():
    assert event_line({"kind": "note", "message": f"Left out: {STEERING}"}) == f"Left out: {SPELLED}"


def test_one_of_several_classes_is_predicted_from_its_line_on(capsys, data):
    run, file = make_run(), data / "<b>" / "1.png"
    [plain] = json.loads(run_main(capsys, "predict", run.id, file, "--json")[1])
    shares = plain["probabilities"]
    least = min(shares, key=shares.__getitem__)
    run.write_notes(threshold={"class": least, "value": shares[least] - 1e-6})
    [row] = json.loads(run_main(capsys, "predict", run.id, file, "--json")[1])
    assert row == {**plain, "label": least, "probability": shares[least]}


@pytest.mark.parametrize("layout", ["one class", "one picture", "test alone"])
def test_what_could_not_train_can_still_be_scored(capsys, tmp_path, layout):
    root = tmp_path / "other"
    picture((root / "test" if layout == "test alone" else root) / "b" / "1.png", (24, 24))
    if layout == "one picture":
        picture(root / "a" / "2.png", (24, 24), seed=1)
    status, out, _ = run_main(capsys, "evaluate", make_run(("a", "b")).id, root, "--json")
    found = json.loads(out)
    assert (status, found["n"]) == (0, 2 if layout == "one picture" else 1)
    assert [sum(row) for row in found["confusion"]] == [found["n"] - 1, 1]
    status, _, err = run_main(capsys, "scan", root)  # the same folder still cannot train
    assert (status, len(err.strip().splitlines())) == (2, 1)


def test_predict_without_anything_to_answer_is_a_mistake(capsys):
    status, _, err = run_main(capsys, "predict", make_run().id)
    assert (status, "FILE" in err) == (2, True)


def test_stopping_what_has_ended_is_no_mistake(capsys):
    status, out, _ = run_main(capsys, "stop", make_run(phases=()).id)
    assert (status, "already ended" in out) == (0, True)


def settings_file(folder, **settings):
    (folder / "s.json").write_text(json.dumps(settings))
    return ["train", "--data", "d", "--config", str(folder / "s.json")]


def test_what_is_given_beside_a_settings_file_overrides_it(tmp_path):
    words = settings_file(tmp_path, batch_size=7, phase1={"epochs": 3}, phase2={"epochs": 9, "optimizer": "sgd"})
    words += ["--epochs1", "4", "--set", "phase2.epochs=5", "cache=off", "--set", "augmentation=views:2"]
    config = settings_from(parse(words))
    assert (config.batch_size, config.phase1.epochs, config.phase2.epochs) == (7, 4, 5)
    assert (config.phase2.optimizer, config.cache, config.views) == ("sgd", False, 2)
    assert (config.preset, config.data) == ("recommended", str(Path("d").absolute()))


def test_a_preset_beside_a_settings_file_overrides_what_it_sets_and_is_the_one_recorded(tmp_path):
    saved = {**presets.preset("quick").to_json(), "batch_size": 7, "weights": "w.h5"}
    config = settings_from(parse([*settings_file(tmp_path, **saved), "--preset", "tutorial", "--epochs1", "4"]))
    assert (config.preset, config.backbone, config.unfreeze) == ("tutorial", "VGG16", "layers:4")
    assert (config.head.pooling, config.phase2.learning_rate, config.early_stopping) == ("flatten", 1e-5, False)
    assert (config.batch_size, Path(config.weights).name, config.phase1.epochs) == (7, "w.h5", 4)


def test_a_settings_file_builds_on_the_preset_that_it_names(tmp_path):
    config = settings_from(parse(settings_file(tmp_path, preset="tutorial", batch_size=7)))
    assert config == presets.preset("tutorial").replace(batch_size=7, data=config.data)


def test_data_and_weights_are_found_from_where_the_user_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = settings_from(parse(["train", "--data", "d", "--weights", "w.h5"]))
    assert (config.data, config.weights) == (str(tmp_path / "d"), str(tmp_path / "w.h5"))
    assert settings_from(parse(["train", "--data", "d", "--weights", "random"])).weights == "random"


def test_a_settings_file_of_another_version_is_refused(tmp_path):
    file = tmp_path / "s.json"
    file.write_text('{"version": 99}')
    with pytest.raises(ConfigError, match="version 99"):
        settings_from(parse(["train", "--data", "d", "--config", str(file)]))


def test_progress_is_worded():
    assert bar_text({"state": "queued", "place": 2}) == "Waiting in line, place 2"
    text = bar_text({"state": "running", "message": "Phase 1", "step": 5, "steps": 10, "eta_s": 75}, width=4)
    assert text == "██░░  5/10  Phase 1  1 min 15 s left"
    assert clock(12.4) == "12 s"


def live_run():
    """A run whose lock somebody holds, and the lock."""
    environment.runs_dir().mkdir(parents=True, exist_ok=True)
    run = create_run(RunConfig(), {})
    lock = run.lock().acquire()
    run.write_status(state="running", phase=1, message="Phase 1")
    return run, lock


def test_the_first_ctrl_c_asks_for_a_stop_and_the_run_is_followed_to_its_end():
    run, lock = live_run()
    asked = []

    def stop(stopped: Run) -> None:
        asked.append(stopped.id)
        stopped.write_status(state="stopped", message="")

    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    out = io.StringIO()
    with lock:
        assert follow(run, stop, out)["state"] == "stopped"
    assert asked == [run.id]
    assert "best model is kept" in out.getvalue()


def test_the_second_ctrl_c_leaves_at_once():
    run, lock = live_run()
    for seconds in (0.3, 0.9):
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()
    with lock:
        with pytest.raises(KeyboardInterrupt):
            follow(run, lambda _: None, io.StringIO())
        assert run.state() == "running"


def test_a_run_that_ends_as_ctrl_c_is_pressed_has_simply_ended():
    run, lock = live_run()

    def too_late(stopped: Run) -> None:
        stopped.write_status(state="done", message="")
        raise RunError("The run is not running: it is done.")

    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with lock:
        assert follow(run, too_late, io.StringIO())["state"] == "done"


def test_a_signal_that_is_noted_a_moment_after_the_worker_ended_is_told():
    run, lock = live_run()
    with lock:
        run.write_status(state="running", pid=123)
    threading.Timer(0.3, write_json, (run.exit_file, {"pid": 123, "signal": "SIGSEGV"})).start()
    status = follow(run, lambda _: None, io.StringIO())
    assert status["state"] == "interrupted"
    assert "ended by SIGSEGV" in status["error"]


def test_following_says_each_epoch_once_and_passes_over_a_torn_line():
    run, lock = live_run()
    row = {"t": 0, "kind": "epoch", "phase": 1, "epoch": 1, "loss": 0.5, "accuracy": 0.75, "val_loss": None}
    run.events_file.write_text(json.dumps(row) + "\n" + '{"kind": "epo')
    threading.Timer(0.5, run.write_status, kwargs={"state": "done"}).start()
    out = io.StringIO()
    with lock:
        follow(run, lambda _: None, out)
    assert out.getvalue().count("Phase 1, epoch 1: loss 0.5000, accuracy 75.0 %") == 1


def test_a_trained_run_answers_from_the_shell_as_its_table_says(trained):
    run = Run(trained)
    with open(run.predictions_file, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "validation"]
    root = Path(run.dataset()["root"])
    answers = json.loads(shell("predict", trained, *(root / row["path"] for row in rows), "--json").stdout)
    phase = run.kept()
    for row, answer in zip(rows, answers, strict=True):
        for name, probability in answer["probabilities"].items():
            assert probability == pytest.approx(float(row[f"p{phase}:{name}"]), abs=1e-5)
    (listed,) = json.loads(shell("runs", "--json", "--runs", trained.parent).stdout)
    assert listed["val_accuracy"] == run.evaluation(phase)["accuracy"]


def test_the_outcome_of_a_run_has_its_shape_before_anything_was_judged():
    run, lock = live_run()
    nothing = {"val_loss": None, "val_accuracy": None, "seconds": None}
    with lock:
        found = outcome(run, run.status())
    assert found == {
        "run_dir": str(run.path),
        "state": "running",
        "phase1": nothing,
        "phase2": None,
        "seconds_total": None,
    }


def test_evaluate_has_the_keys_of_the_runs_own_figures(trained, pictures):
    run, found = Run(trained), json.loads(shell("evaluate", trained, pictures, "--json").stdout)
    own = run.evaluation(run.kept())
    assert set(own) <= set(found)
    for key in ("phase", "epochs", "best_epoch", "seconds"):
        assert found[key] == own[key]
    assert found["split"] is None
    assert found["n"] == 40


def test_evaluate_has_its_keys_where_the_runs_own_figures_are_gone(capsys, data):
    found = json.loads(run_main(capsys, "evaluate", make_run(("<b>", "é 🐈")).id, data, "--json")[1])
    assert [found[key] for key in ("split", "epochs", "best_epoch", "seconds")] == [None] * 4


def test_train_prints_one_document_and_ctrl_c_stops_it(pictures, tmp_path):
    words = ["--weights", "random", "--image-size", "32", "--epochs1", "1000", "--set", "early_stopping=off"]
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "train", "--data", pictures, *words, "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        for line in process.stderr:
            if line.startswith("Phase 1, epoch 1:"):
                process.send_signal(signal.SIGINT)
                break
        out, _ = process.communicate(timeout=120)
    said = json.loads(out)
    assert (process.returncode, said["state"]) == (0, "stopped")
    assert Run(said["run_dir"]).phase_model_file(1).exists()
    assert set(said["phase1"]) == {"val_loss", "val_accuracy", "seconds"}
    assert said["phase2"] is None
