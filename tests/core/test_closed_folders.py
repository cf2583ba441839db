"""Runs that may not be read, as those of somebody else on a shared machine, hide no others."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import RunConfig
from core.run_list import create_run, list_runs
from tests.core.odd_data import bound_by_rights

ROOT = Path(__file__).parents[2]
READ = """
import json
from components import selection
from core import run_list
runs = run_list.list_runs()
print(json.dumps({
    "listed": {run.path.name: [run.state(), run_list.summary(run).get("error")] for run in runs},
    "finished": [run.path.name for run in selection.finished_runs()],
    "found": [run_list.run_of_id(run.id).id for run in runs],
}))
"""


@pytest.fixture
def runs(tmp_path):
    """Three finished runs, the newest last: one whole, one without the right to its models, one all closed."""
    made = {}
    for name in ("whole", "models", "closed"):
        run = create_run(RunConfig(data="x", name=name), {}, tmp_path / "runs")
        run.write_status(state="done")
        run.phase_model_file(1).touch()
        made[name] = run.path
    (tmp_path / "runs" / "circle").symlink_to("circle")
    (tmp_path / "runs" / "into").symlink_to(made["closed"] / "models")
    made["models"].joinpath("models").chmod(0)
    made["closed"].chmod(0)
    yield made
    made["closed"].chmod(0o700)
    made["models"].joinpath("models").chmod(0o700)


def _run(runs, *command):
    env = {**os.environ, "THAW_RUNS": str(runs["whole"].parent)}
    arguments = [*bound_by_rights(), sys.executable, *command]
    return subprocess.run(arguments, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


def test_a_run_that_may_not_be_read_is_listed_with_what_to_do(runs):
    done = _run(runs, "-c", READ)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    whole, models, closed = (runs[name].name for name in ("whole", "models", "closed"))
    assert {name: state for name, (state, _) in told["listed"].items()} == {
        whole: "done",
        models: "done",
        closed: "damaged",
    }
    assert told["listed"][closed][1] == (
        f"The folder {str(runs['closed'])!r} may not be read. Ask its owner for the right to, or change its rights."
    )
    assert told["finished"] == [whole]
    assert sorted(told["found"]) == sorted([whole, models, closed])


def test_the_shell_lists_all_and_refuses_the_closed_one_in_a_sentence(runs):
    done = _run(runs, "-m", "core", "runs")
    assert done.returncode == 0, done.stderr
    assert all(path.name in done.stdout for path in runs.values())
    for asked in (("stop",), ("resume",), ("export", "--format", "card")):
        refused = _run(runs, "-m", "core", asked[0], runs["closed"].name, *asked[1:])
        assert refused.returncode == 2
        assert "may not be read" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert "may not be read" in _run(runs, "-m", "core", "stop", str(runs["closed"])).stderr


def test_the_lost_and_found_of_a_volume_is_no_run(tmp_path):
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "lost+found" / "status.json").touch()
    assert list_runs(tmp_path) == []
