"""Fixtures that several tests share."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_collection_modifyitems(items):
    """`THAW_EXAMPLES=N` gives every Hypothesis test N examples: `pytest -m hypothesis --hypothesis-show-statistics`."""
    wanted = os.environ.get("THAW_EXAMPLES")
    for item in items if wanted else ():
        test = getattr(item, "function", None)
        own = getattr(test, "_hypothesis_internal_use_settings", None)
        if own is not None:
            test._hypothesis_internal_use_settings = settings(own, max_examples=int(wanted))


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
