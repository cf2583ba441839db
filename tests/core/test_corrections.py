"""Corrections: noted beside a run, trained with from the stored features, and told in the new run's report."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from served_run import make_run

from core import config as configs
from core import corrections, launcher, tasks
from core.config import RunConfig
from core.data.manifest import Example, Manifest
from core.errors import ConfigError, RunError
from core.evaluation import insight
from core.files import write_json
from core.record import Run
from core.training.insight import Insight
from tests.core.conftest import core, make_pictures, train

FILES = (Example("a/1", 0, "train"), Example("a/2", 0, "validation"), Example("b/1", 1, "train"))
MANIFEST = Manifest("image", "/data", ("a", "b"), FILES)


def run_with_files():
    run = make_run(("a", "b"), phases=())
    write_json(run.dataset_file, MANIFEST.to_json())
    return run


def test_labels_change_and_splits_do_not():
    found = corrections.relabelled(MANIFEST, {"a/1": {"label": "b"}, "b/1": {"label": "gone"}, "zzz": {"label": "a"}})
    assert [(f.path, f.label, f.split) for f in found.files] == [
        *(("a/1", 1, "train"), ("a/2", 0, "validation"), ("b/1", 1, "train"))
    ]


def test_what_is_excluded_is_marked():
    marks = corrections.excluded(MANIFEST, {"a/2": {"exclude": True}, "a/1": {"exclude": False}, "b/1": {"label": "a"}})
    assert marks.tolist() == [False, True, False]


def test_notes_are_made_and_taken_back():
    run = run_with_files()
    run.write_notes(name="kept")
    corrections.set_label(run, "a/1", "b")
    corrections.exclude(run, "a/2")
    assert run.notes() == {"name": "kept", "corrections": {"a/1": {"label": "b"}, "a/2": {"exclude": True}}}
    corrections.set_label(run, "a/1", "a")  # its own label again
    corrections.undo(run, "a/2")
    assert corrections.noted(run) == {}


def test_an_unknown_class_or_path_is_refused():
    run = run_with_files()
    with pytest.raises(ConfigError, match="Unknown class 'c'"):
        corrections.set_label(run, "a/1", "c")
    with pytest.raises(ConfigError, match="no example 'a/9'"):
        corrections.set_label(run, "a/9", "b")
    run.write_notes(corrections={"a/1": {"label": "c"}})
    with pytest.raises(ConfigError, match="Unknown class 'c'"):
        corrections.to_apply(run)


@pytest.mark.parametrize("damaged", [None, [], "x", {"a/1": 3}, {"a/1": {}}, {"a/1": {"exclude": False}}])
def test_notes_that_make_no_sense_are_no_corrections(damaged):
    run = run_with_files()
    run.write_notes(corrections=damaged)
    with pytest.raises(RunError, match="No corrections are noted"):
        launcher.train_corrected(run)


def test_a_corrected_run_hands_its_own_corrections_on():
    run = run_with_files()
    write_json(run.corrections_file, {"a/1": {"label": "b"}, "a/2": {"exclude": True}})
    run.write_notes(corrections={"a/2": {"label": "b"}})
    assert corrections.to_apply(run) == {"a/1": {"label": "b"}, "a/2": {"label": "b"}}


def test_training_again_starts_from_the_stored_features_and_tells_the_difference(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_RUNS", str(tmp_path / "runs"))
    data = make_pictures(tmp_path / "data", ["a", "b"], 12)
    before = sorted((p.name, p.read_bytes()) for p in data.rglob("*") if p.is_file())
    first = Run(train(data, "--epochs2", "0")["run_dir"])
    files = first.dataset()["files"]
    held_out, learnt = ([f["path"] for f in files if f["split"] == split] for split in ("validation", "train"))
    corrections.exclude(first, learnt[0])
    corrections.exclude(first, held_out[0])
    other = {"a": "b", "b": "a"}
    corrections.set_label(first, held_out[1], other[Path(held_out[1]).parent.name])
    again = core("train", "--config", str(_settings(first, tmp_path)), "--json")
    second = Run(json.loads(again.stdout)["run_dir"])
    files = {f["path"]: f for f in second.dataset()["files"]}
    assert len(files) == 22
    assert {learnt[0], held_out[0]}.isdisjoint(files)
    assert second.dataset()["classes"][files[held_out[1]]["label"]] == other[Path(held_out[1]).parent.name]
    assert all(f["split"] == files[f["path"]]["split"] for f in first.dataset()["files"] if f["path"] in files)
    notes = [e["message"] for e in second.events(("note",))]
    assert any("in the store already" in note for note in notes)
    assert sum("as the corrections say" in note for note in notes) == 2
    assert sorted((p.name, p.read_bytes()) for p in data.rglob("*") if p.is_file()) == before
    found = insight.read(second).corrections
    assert (found["of"], found["relabelled"], found["excluded"], found["n"]) == (first.id, 1, 2, len(held_out) - 1)
    assert found["sentence"].startswith("1 label changed, 2 pictures left out: ")
    assert found["mended"] - found["broken"] == round((found["after"] - found["before"]) * found["n"])
    second.insight_file.unlink()  # as where the look into the network failed
    about = SimpleNamespace(config=second.config(), task=tasks.task("image"))
    Insight.compare_with_earlier(SimpleNamespace(run=second, examples=about, reporter=None))
    assert insight.read(second).corrections == found


def _settings(run, folder):
    """What `launcher.train_corrected` starts, as a settings file, so that the test can follow it to its end."""
    write_json(folder / "settings.json", run.config().replace(corrections_of=run.id).to_json())
    return folder / "settings.json"


def test_the_setting_has_a_name_in_the_shell():
    assert configs.apply(RunConfig(), {"corrections_of": "some-run"}).corrections_of == "some-run"
