"""Whatever lies in a run's folder, readers answer: an older version's files, damage, and what people wrote by hand."""

import json
import shutil
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import launcher, record, run_list
from core.config import RunConfig
from core.decision import answer
from core.errors import RunError, ThawError
from core.follow import bar_text, closing_words, event_line, outcome
from core.record import Run, read_events
from core.run_list import create_run, find_run, list_runs, run_of_id
from core.strict_json import strict_json

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner), max_leaves=6
)
STATES = st.sampled_from([*record.LIVE, *record.ENDED, "odd"])
STATUS_KEYS = ["heartbeat", "pid", "kept", "place", "epoch", "epochs", "step", "steps", "eta_s", "error", "message"]
STATUS = st.fixed_dictionaries({"state": STATES | JSON}, optional=dict.fromkeys([*STATUS_KEYS, "seconds_total"], JSON))
NOTES = st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "kept", "threshold", "temperature", "abstain"), JSON))
REQUEST = st.fixed_dictionaries({}, optional={"action": st.sampled_from(["stop", "skip"]) | JSON, "t": JSON})
EVALUATION = st.fixed_dictionaries({}, optional={"accuracy": JSON, "loss": JSON, "seconds": JSON, "verdict": JSON})
EXIT = st.fixed_dictionaries({}, optional={"pid": JSON, "signal": JSON, "out_of_memory": JSON})
CONFIG_KEYS = ("version", "created", "data", "phase1", "head", "name", "older_setting", "versions")
PATTERN = (
    st.sampled_from(["(a){99999999999}", "(" * 3000 + ")" * 3000]) | st.text("()[]{}?*+|\\09a,", max_size=8) | JSON
)
CONFIG = st.fixed_dictionaries({}, optional={**dict.fromkeys(CONFIG_KEYS, JSON), "patient_pattern": PATTERN})
EVENT_KEYS = ("epoch", "loss", "message", "phase", "seconds")
EVENT = st.fixed_dictionaries(
    {"kind": st.sampled_from(["epoch", "note", "batch"]) | JSON}, optional=dict.fromkeys(EVENT_KEYS, JSON)
)


def torn(content):
    """The bytes of some JSON, whole, cut, or with other bytes at its end."""
    dumped = content.map(lambda value: json.dumps(value).encode())
    cut = st.builds(lambda data, n: data[: len(data) - n], dumped, st.integers(0, 40))
    return dumped | dumped | cut | st.binary(max_size=30)


@pytest.fixture
def run(tmp_path):
    return create_run(RunConfig(data="x", name="A"), {"python": "3"}, tmp_path)


def read_everything(run):
    status = run.status()
    assert status["state"] in (*record.LIVE, *record.ENDED)
    strict_json(run_list.summary(run))
    assert bar_text(status)
    assert closing_words(run, status)
    strict_json(outcome(run, status))
    assert isinstance(record.silence(status), str)
    for event in run.events():
        event_line(event)
    assert answer(np.array([0.25, 0.75]), ("a", "b"), run.notes())["probabilities"]
    assert run.kept() in (1, 2)
    assert isinstance(run.name(), str)
    run.predictions()


FILES = st.fixed_dictionaries(
    {
        "config.json": torn(CONFIG),
        "status.json": torn(STATUS | JSON),
        "notes.json": torn(NOTES | JSON),
        "request.json": torn(REQUEST | JSON),
        "exit.json": torn(EXIT | JSON),
        "evaluation/phase1.json": torn(EVALUATION | JSON),
        "evaluation/phase2.json": torn(EVALUATION | JSON),
        "predictions.csv": st.binary(max_size=60),
        "events.jsonl": st.lists(torn(EVENT | JSON), max_size=3).map(b"\n".join),
    }
)


@given(FILES)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of regular expressions that later Pythons read otherwise
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
def test_any_content_of_a_run_is_read_without_an_error(tmp_path_factory, files):
    run = Run(tmp_path_factory.getbasetemp() / "any" / "20260101-000000-abcd")
    shutil.rmtree(run.path.parent, ignore_errors=True)
    (run.path / "evaluation").mkdir(parents=True)
    for name, content in files.items():
        (run.path / name).write_bytes(content)
    read_everything(run)
    assert [r.id for r in list_runs(run.path.parent)] == [run.id]


@given(st.lists(torn(JSON), max_size=5), st.integers(0, 100))
@settings(max_examples=100)
def test_events_read_in_two_looks_are_those_of_one(tmp_path_factory, lines, cut):
    file = tmp_path_factory.getbasetemp() / "events.jsonl"
    whole = b"".join(line.replace(b"\n", b" ") + b"\n" for line in lines)
    file.write_bytes(whole[:cut])
    early, offset = read_events(file)
    file.write_bytes(whole)
    late, _ = read_events(file, offset)
    assert strict_json(early + late) == strict_json(read_events(file)[0])


def test_a_run_of_an_older_version_opens(run):
    older = {"data": "/d", "phase1": {"epochs": 3, "momentum": 0.9}, "colour": "blue", "version": 0, "created": 5.0}
    run.config_file.write_text(json.dumps(older))
    run.write_status(state=record.DONE)
    run.status_file.write_text('{"state": "done"}')
    assert run.config() == RunConfig(data="/d").replace(phase1=run.config().phase1)
    assert run.config().phase1.epochs == 3
    assert run_list.summary(run)["state"] == record.DONE


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"data": "/d", "version": 99}, "newer version"),
        ({"data": "/d", "seed": "many"}, "seed must be"),
        ({"data": "/d", "phase1": 4}, "group of settings"),
        ({"data": "/d", "patient_pattern": "(a){99999999999}"}, "regular expression"),
        ({"data": "/d", "patient_pattern": "(" * 3000 + ")" * 3000}, "regular expression"),
        ([1], "config.json cannot be read"),
        ("[" * 50_000, "config.json cannot be read"),
    ],
)
def test_a_damaged_run_is_listed_with_its_reason_beside_the_others(run, tmp_path, content, reason):
    other = create_run(RunConfig(data="y"), {}, tmp_path)
    run.config_file.write_text(content if isinstance(content, str) else json.dumps(content))
    rows = {r.id: run_list.summary(r) for r in list_runs(tmp_path)}
    assert rows[run.id]["state"] == record.DAMAGED
    assert reason in rows[run.id]["error"]
    assert rows[other.id]["state"] != record.DAMAGED


def test_a_run_whose_settings_raise_what_nobody_foresaw_is_listed_as_damaged(run, monkeypatch):
    monkeypatch.setattr(Run, "config", lambda self: {}["nobody"])
    row = run_list.summary(run)
    assert (row["state"], row["name"]) == (record.DAMAGED, "A")
    assert "is damaged: its settings cannot be read (KeyError)." in row["error"]


MANIFEST = {
    "task": "image",
    "root": "/d",
    "classes": ["a", "b"],
    "files": [{"path": "x", "label": 1, "split": "train"}],
}


@pytest.mark.parametrize(
    "change",
    [
        {"classes": None},
        {"classes": ["a"]},
        {"classes": ["a", 2]},
        {"root": None},
        {"task": 3},
        {"files": {}},
        {"files": ["x"]},
        *(
            {"files": [{**MANIFEST["files"][0], **change}]}
            for change in ({"label": "1"}, {"label": -1}, {"path": None})
        ),
    ],
)
def test_a_manifest_that_readers_would_stumble_over_is_none(run, change):
    run.dataset_file.write_text(json.dumps(MANIFEST))
    assert run.dataset() == MANIFEST
    run.dataset_file.write_text(json.dumps({**MANIFEST, **change}))
    assert run.dataset() is None


def test_events_that_lack_what_readers_rely_on_are_passed_over(run):
    sound = [
        {"kind": "note", "message": "m"},
        {"kind": "epoch", "phase": 1, "epoch": 1},
        {"kind": "samples", "phase": 2, "epoch": 2, "rows": [0], "probabilities": [[1.0]]},
    ]
    broken = [
        {"kind": "epoch", "phase": 1},
        {"kind": "batch", "epoch": 1},
        {"kind": "epoch", "phase": 3, "epoch": 1},
        {"kind": "epoch", "phase": 1, "epoch": 10**400},
        {"kind": "samples", "phase": 1, "epoch": 1, "rows": [0]},
    ]
    run.events_file.write_text("".join(f"{json.dumps(event)}\n" for event in [*broken, *sound, *broken]))
    assert run.events() == sound


def test_a_run_deleted_elsewhere_is_said_to_be_gone(run):
    shutil.rmtree(run.path)
    assert (run.state(), run.status()["error"]) == (record.DAMAGED, "The run was deleted or renamed meanwhile.")
    read_everything(run)
    for action in (lambda: run.write_notes(name="B"), lambda: run.ask("stop")):
        with pytest.raises(RunError, match="deleted or renamed"):
            action()
    for act in (launcher.stop, launcher.resume):
        with pytest.raises(RunError):
            act(run)
    run.delete()
    assert not run.path.exists()


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../x", "", "x\0y", "x" * 5000, "/etc"])
def test_what_is_no_run_id_never_becomes_a_path(run, tmp_path, monkeypatch, name):
    runs, elsewhere = tmp_path / "place" / "runs", tmp_path / "here" / "deep" / "work"
    for folder in (runs, runs / "a" / "b", runs.parent / "x", elsewhere):
        folder.mkdir(parents=True)
        if folder != elsewhere:
            (folder / "config.json").write_text("{}")
    (runs.parent / "config.json").write_text("{}")
    monkeypatch.chdir(elsewhere)  # in a shell a run's folder may be named too, from where one is
    assert run_of_id(name, runs) is None
    with pytest.raises(RunError, match="no run"):
        find_run(name, runs)


def test_a_silent_worker_is_told_by_its_heartbeat(run):
    with run.lock().acquire():
        run.write_status(state=record.RUNNING, heartbeat=time.time() - 100, message="Phase 1: training")
        assert run.status()["stale_s"] == pytest.approx(100, abs=20)
        assert "not been heard of" in record.silence(run.status())
        assert "not been heard of" in bar_text(run.status())
        run.write_status(state=record.RUNNING, heartbeat=time.time() + 3600)  # the clock was set back
        assert run.status()["stale_s"] == 0
        assert record.silence(run.status()) == ""


@pytest.mark.parametrize(
    ("ended", "part"),
    [
        ({"pid": 7, "signal": "SIGKILL", "out_of_memory": True}, "The memory ran out"),
        ({"pid": 7, "signal": "SIGKILL", "out_of_memory": False}, "memory may have run out"),
        ({"pid": 7, "signal": "SIGSEGV"}, "ended by SIGSEGV"),
        ({"pid": 6, "signal": "SIGSEGV"}, "without a word"),
        (None, "switched off"),
    ],
)
def test_an_interrupted_run_says_what_ended_it_and_what_to_do(run, ended, part):
    run.write_status(state=record.RUNNING, pid=7)
    if ended:
        run.exit_file.write_text(json.dumps(ended))
    status = run.status()
    assert status["state"] == record.INTERRUPTED
    assert part in status["error"]
    assert "Resume" in status["error"]
    assert part in closing_words(run, status)


def test_a_worker_that_could_replace_its_status_no_more_is_quoted(run):
    run.write_status(state=record.RUNNING, pid=7)
    run.events_file.write_text('{"kind": "end", "state": "failed", "message": "The disk went."}\n')
    assert (run.state(), run.status()["error"]) == (record.INTERRUPTED, "The disk went.")
    run.events_file.write_text('{"kind": "end", "state": "failed", "message": 5}\n')
    assert "Resume" in run.status()["error"]


def test_a_folder_where_no_run_can_be_made_is_said(tmp_path):
    (tmp_path / "runs").write_text("a file in the way")
    with pytest.raises(ThawError, match="No run can be made in"):
        create_run(RunConfig(data="x"), {}, tmp_path / "runs")
