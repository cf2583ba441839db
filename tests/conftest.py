"""Fixtures that several tests share."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


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
