"""One folder with everything odd: the shell lists what it leaves out, trains on the rest, and answers for it."""

import json
import os
import subprocess
import sys

import pytest

from core.record import Run
from tests.core.conftest import ROOT
from tests.core.odd_data import BYTES, LEFT_OUT, MARKUP, USABLE, WARNED, WORKS, bound_by_rights, odd_data

SMALL = ("--image-size", "32", "--unfreeze", "blocks:1", "--epochs1", "1", "--epochs2", "1")


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """The folder, and how the shell answers a command about it: its exit status and its one JSON document."""
    home = tmp_path_factory.mktemp("odd")
    data = odd_data(home / "data", home / "outside")
    places = {"THAW_RUNS": str(home / "runs"), "THAW_CACHE_DIR": str(home / "cache"), "THAW_DATA_ROOTS": str(data)}

    def shell(*words):
        done = subprocess.run(
            [*bound_by_rights(), sys.executable, "-m", "core", *map(str, words), "--json"],
            cwd=ROOT,
            env={**os.environ, **places},
            capture_output=True,
        )
        assert b"Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout)

    return data, shell


def test_what_is_left_out_and_warned_about_is_listed_and_the_rest_is_usable(odd):
    data, shell = odd
    status, found = shell("scan", data)
    assert status == 0
    listed = {(p["path"], p["kind"]) for p in found["problems"]}
    assert listed == set(LEFT_OUT.items()) | WARNED
    assert {c["name"]: c["count"] for c in found["classes"]} == USABLE
    assert all(p["message"] for p in found["problems"])


def test_the_rest_trains_in_batches_larger_than_itself_and_every_picture_is_answered(odd):
    data, shell = odd
    status, said = shell("train", "--data", data, *SMALL, "--set", "batch_size=4096")
    assert (status, said["state"]) == (0, "done")
    run = Run(said["run_dir"])
    assert sorted(run.dataset()["classes"]) == sorted((BYTES, MARKUP, "Cats", "cats"))
    assert len(run.dataset()["files"]) == sum(USABLE.values())
    paths = [f"cats/{name}" for name in WORKS] + sorted(path for path in LEFT_OUT if path.endswith(("g", "zip")))
    status, rows = shell("predict", run.path, *(data / path for path in paths))
    assert status == 0
    wrong = {path: bool(row["error"]) for path, row in zip(paths, rows, strict=True)}
    readable = {*(f"cats/{name}" for name in WORKS), "cats/out.png"}  # the shell reads what its user may read
    assert wrong == {path: path not in readable for path in paths}
