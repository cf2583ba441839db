"""Fixtures that several tests share."""

import functools
import importlib.util
import os
import shutil
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")
EXAMPLES_A_ROUND = 200
_examples: Counter[str] = Counter()  # by test; counted only where THAW_MINUTES asks for it


def pytest_collection_modifyitems(items):
    """`THAW_MINUTES=60 pytest -m hypothesis` shares an hour among the Hypothesis tests and tells what they ran."""
    ours = [item for item in items if hasattr(getattr(item, "obj", None), "hypothesis")]
    for item in ours if os.environ.get("THAW_MINUTES") else ():
        test = item.obj
        own = getattr(test, "_hypothesis_internal_use_settings", settings())
        test._hypothesis_internal_use_settings = settings(own, max_examples=EXAMPLES_A_ROUND)
        test.hypothesis.inner_test = _counted(test.hypothesis.inner_test, item.nodeid)
        item.seconds = 60 * float(os.environ["THAW_MINUTES"]) / len(ours)


def _counted(test, name):
    @functools.wraps(test)
    def counted(*args, **kwargs):
        _examples[name] += 1
        return test(*args, **kwargs)

    return counted


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Round after round of new examples, for as long as the test's share of THAW_MINUTES lasts."""
    if not getattr(pyfuncitem, "seconds", 0):
        return None
    end = time.monotonic() + pyfuncitem.seconds
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    while time.monotonic() < end:
        pyfuncitem.obj(**arguments)
    return True


def pytest_terminal_summary(terminalreporter):
    """How many examples ran, where they were counted."""
    for name, n in sorted(_examples.items()):
        terminalreporter.write_line(f"{n:>12,}  {name}")
    if _examples:
        terminalreporter.write_line(f"{_examples.total():>12,}  examples in all")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory, monkeypatch):
    """Every test has runs, cache and data folders of its own."""
    home = tmp_path_factory.mktemp("thaw")
    monkeypatch.setenv("THAW_RUNS", str(home / "runs"))
    monkeypatch.setenv("THAW_CACHE_DIR", str(home / "cache"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data sets, skipped where they are absent."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"the shared data sets are not at {path}")
    return path


@pytest.fixture(scope="session")
def trained_on_three_splits(tmp_path_factory) -> Path:
    """The folder of a finished run with a test split, whose phase 2 a learning rate far too high has made worse.

    Two pictures for testing lie in the wrong class, so that the accuracy on them is not the held-out one.
    """
    from tests.core.conftest import make_pictures, train

    data, home = tmp_path_factory.mktemp("three"), tmp_path_factory.mktemp("trained-on-three")
    for seed, (split, count) in enumerate({"train": 12, "validation": 10, "test": 7}.items()):
        make_pictures(data / split, ["cat <b>", "dog"], count, seed)
    for name in ("dog 0.jpg", "dog 1.png"):
        (data / "test" / "dog" / name).rename(data / "test" / "cat <b>" / name)
    steps = ("--epochs1", "6", "--epochs2", "1", "--set", "phase1.learning_rate=0.02")
    folders = {"THAW_RUNS": str(home / "runs"), "THAW_CACHE_DIR": str(home / "cache")}
    said = train(data, *steps, "--set", "phase2.learning_rate=0.1", **folders)
    assert said["state"] == "done"
    return Path(said["run_dir"])


@pytest.fixture
def of_three_splits(trained_on_three_splits, monkeypatch):
    """A copy of that run, to be changed by a test, among the runs that the app lists."""
    from core.record import Run

    run = Run(Path(os.environ["THAW_RUNS"]) / trained_on_three_splits.name)
    shutil.copytree(trained_on_three_splits, run.path)
    monkeypatch.setenv("THAW_DATA_ROOTS", run.config().data)
    return run


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of an installed Chromium, for Playwright's `launch(executable_path=…)`.

    Skipped where there is none, unless THAW_REQUIRE_BROWSER=1, which makes that a failure.
    """
    found = os.environ.get("THAW_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    lacking = [] if found else [f"no Chromium on the PATH ({', '.join(BROWSERS)}) nor in THAW_CHROMIUM"]
    if importlib.util.find_spec("playwright") is None:
        lacking.append("Playwright is not installed (requirements-dev.txt)")
    if lacking:
        give_up = pytest.fail if os.environ.get("THAW_REQUIRE_BROWSER") == "1" else pytest.skip
        give_up("; ".join(lacking))
    return str(found)
