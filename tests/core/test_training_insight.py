"""What the worker leaves for the questions where it is wrong and why."""

import time

import numpy as np
import pytest

from core import run_jobs
from core.errors import ConfigError
from core.evaluation import cases, insight
from core.files import write_json
from core.record import Run
from tests.core.conftest import make_pictures, train


def check(run):
    """That labels, neighbours and maps are there and speak of the run's own files."""
    found, files = insight.read(run), run.dataset()["files"]
    split = {f["path"]: f["split"] for f in files}
    known = cases.read(run)
    for path in known.paths:
        near = found.neighbours(path)
        assert len(near) == 3
        assert {split[n.path] for n in near} == {"train"}
        assert all(run.dataset()["classes"].index(n.label) == label_of(files, n.path) for n in near)
        assert near[0].similarity >= near[1].similarity >= near[2].similarity
    for path in (path for path, name in split.items() if name == "train"):  # few enough to be on the map, all of them
        near = found.neighbours(path)
        assert len(near) == 3
        assert {split[n.path] for n in near} == {"train"}
        assert path not in {n.path for n in near}
        assert sum(found.out_of_fold(path).values()) == pytest.approx(1, abs=1e-3)
    assert found.out_of_fold(known.paths[0]) == {}
    for error in (e for e in found.label_errors if e.split == "train"):
        assert found.out_of_fold(error.path)[error.label] == pytest.approx(error.p_given)
    assert found.label_errors_found == len(found.label_errors)
    assert all(split[e.path] in ("train", "validation") and e.suggested != e.label for e in found.label_errors)
    maps = insight.embedding(run)
    assert set(maps) == {p for p in (1, 2) if run.evaluation(p)}
    for one in maps.values():
        assert sorted(one.paths) == sorted(split)
        assert [split[path] for path in one.paths] == list(one.splits)
        assert np.isfinite(one.x).all()
        assert np.isfinite(one.y).all()


def label_of(files, path):
    return next(f["label"] for f in files if f["path"] == path)


def test_a_run_knows_neighbours_label_errors_and_maps(trained):
    check(Run(trained))


def test_phase_2_names_what_it_mended_and_broke_and_what_it_cost(trained):
    run = Run(trained)
    found, known = run.evaluation(2), cases.read(run)
    mended, broken = known.changed(known.rows("validation"))
    assert found["changes"]["mended"] == [known.paths[row] for row in mended]
    assert found["changes"]["broken"] == [known.paths[row] for row in broken]
    assert found["calibration"]["after"] == {"ece": pytest.approx(found["ece"]), "loss": pytest.approx(found["loss"])}
    assert found["megabytes"]["model"] == pytest.approx(run.phase_model_file(2).stat().st_size / 1e6, abs=0.1)
    assert found["megabytes"]["stored"] >= 0


@pytest.mark.parametrize("settings", [["augmentation=views:2"], ["cache=off", "phase2.epochs=0"]])
def test_it_does_so_with_copies_and_without_a_store(tmp_path, settings):
    data = make_pictures(tmp_path / "data", ["a", "b"], 10)
    pairs = [part for setting in settings for part in ("--set", setting)]
    check(Run(train(data, *pairs)["run_dir"]))


def test_a_map_by_t_sne_is_made_on_demand(trained):
    run = Run(trained)
    assert run_jobs.poll(run, "tsne")["state"] == "none"
    run_jobs.start(run, "tsne")
    assert wait(run, "tsne") == {"state": "done", "message": ""}
    pca, by_tsne = insight.embedding(run), insight.embedding(run, "tsne")
    assert by_tsne[1].paths == pca[1].paths
    assert set(by_tsne) == {1, 2}


def test_a_job_that_cannot_be_done_says_why(tmp_path):
    write_json(tmp_path / "config.json", {})
    run = Run(tmp_path)
    run_jobs.start(run, "tsne")
    assert wait(run, "tsne")["message"].endswith("Train it again.")
    with pytest.raises(ConfigError, match="Unknown job"):
        run_jobs.start(run, "tea")


def wait(run, kind):
    until = time.monotonic() + 120
    while (state := run_jobs.poll(run, kind))["state"] == "running" and time.monotonic() < until:
        time.sleep(0.1)
    return state
