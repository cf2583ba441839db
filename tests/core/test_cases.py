import json

import numpy as np
import pytest

from core import run_list
from core.config import RunConfig
from core.errors import RunError
from core.evaluation import cases

CLASSES = ["a", "b, c", "犬\n<i>"]


@pytest.fixture
def run(tmp_path):
    run = run_list.create_run(RunConfig(data="d"), {}, tmp_path)
    run.dataset_file.write_text(json.dumps({"task": "image", "root": "/pets", "classes": CLASSES, "files": []}))
    one = [[0.6, 0.3, 0.1], [0.5, 0.4, 0.1], [0.2, 0.1, 0.7], [0.1, 0.8, 0.1]]
    two = [[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.5, 0.1, 0.4], [0.1, 0.85, 0.05]]
    labels, splits = [0, 1, 2, 0], ["validation"] * 3 + ["test"]
    header = ["path", "label", "split", *(f"p{phase}:{name}" for phase in (1, 2) for name in CLASSES)]
    rows = [[f"{n}\udcff.png", CLASSES[labels[n]], splits[n], *(f"{p:.9g}" for p in one[n] + two[n])] for n in range(4)]
    run.write_predictions(header, rows)
    return run


def test_odd_names_survive_the_table(run):
    read = cases.read(run)
    assert read.classes == tuple(CLASSES)
    assert read.paths[0] == "0\udcff.png"
    assert read.file(1) == "/pets/1\udcff.png"
    assert read.labels.tolist() == [0, 1, 2, 0]


def test_mistakes_come_with_the_surest_first(run):
    read = cases.read(run)
    every = np.arange(4)
    assert read.mistakes(2, every).tolist() == [3, 2]
    assert read.right(2, every).tolist() == [0, 1]
    assert read.unsure(2, every).tolist() == [2, 1, 3, 0]
    assert read.in_cell(2, 2, 0, every).tolist() == [2]


def test_what_phase_2_mended_and_broke_is_told_for_one_split(run):
    read = cases.read(run)
    mended, broken = read.changed(read.rows("validation"))
    assert (mended.tolist(), broken.tolist()) == ([1], [2])


def test_a_run_without_phase_2_has_one_phase(run):
    run.write_predictions(["path", "label", "split", *(f"p1:{name}" for name in CLASSES)], [])
    assert list(cases.read(run).probabilities) == [1]


def test_a_run_without_predictions_says_so(run):
    run.predictions_file.unlink()
    with pytest.raises(RunError, match="no predictions yet"):
        cases.read(run)


@pytest.mark.parametrize(
    ("change", "file"),
    [
        ({"classes": None}, "dataset.json"),
        ({"classes": 3}, "dataset.json"),
        ({"classes": ["a"], "files": []}, "predictions.csv"),
    ],
)
def test_a_manifest_that_does_not_fit_the_table_is_said(run, change, file):
    run.dataset_file.write_text(json.dumps({**run.dataset(), **change}))
    with pytest.raises(RunError, match=f"is damaged: {file} cannot be read"):
        cases.read(run)


@pytest.mark.parametrize("table", ["", "path\nx.png\n", "path,label,split\nx.png,nobody,test\n"])
def test_a_damaged_table_is_said(run, table):
    run.predictions_file.write_text(table)
    with pytest.raises(RunError, match=r"predictions\.csv cannot be read"):
        cases.read(run)
