"""The feature store on the Runs page: how full it is, what is in it, and what emptying it comes to."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import environment
from core.training.store import ArraySpec, FeatureStore
from tests.core.odd_data import bound_by_rights

ROOT = Path(__file__).parents[2]
ABOUT = {"image_size": 160, "backbone": "ResNet50", "data": "cats **<b>**\n犬", "tensors": "features"}


def fill(key, megabytes=3, **about):
    """An entry as a run leaves it, open."""
    rows = megabytes * 1000
    writer = FeatureStore().create(key, rows, [ArraySpec((250,), "float32")], {"examples": rows, **ABOUT, **about})
    writer.append([np.zeros((rows, 250))], np.ones(rows, bool))
    return writer.commit()


def opened():
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30).run()
    return app.switch_page("components/pages/runs.py").run()


def fold(app):
    return next(e.label for e in app.expander if e.label.startswith("Feature store"))


def emptied(app):
    app.button(key="empty-store-yes").click().run()
    assert not app.exception
    return app


def test_an_empty_store_says_so_and_offers_nothing_to_empty():
    app = opened()
    assert fold(app) == "Feature store: empty"
    assert not app.exception
    assert "empty-store-yes" not in [button.key for button in app.button]
    assert not environment.cache_dir().joinpath("features").exists()


def test_each_entry_is_a_row_with_what_it_is_for_and_its_size(monkeypatch):
    monkeypatch.setenv("THAW_CACHE_GB", "0.5")
    fill("a").close()
    fill("b", 12, backbone="MiniLM", tensors="block_3_add", image_size=96).close()
    old = FeatureStore().folder / "a" / "meta.json"
    os.utime(old, (time.time() - 3 * 3600,) * 2)
    app = opened()
    assert fold(app) == "Feature store: 15 MB of 500 MB"
    first, second = app.dataframe[0].value.to_dict("records")
    assert (first["of"], first["shape"], first["disk"], first["used"]) == ("block_3_add", "96 px", "12 MB", "just now")
    assert second == {
        "network": "ResNet-50",
        "of": "the whole network",
        "data": "cats **<b>** 犬",
        "examples": "3,000",
        "shape": "160 px",
        "disk": "3.0 MB",
        "used": "3 h ago",
    }


def test_emptying_says_what_is_free_and_what_stays():
    fill("a").close()
    reader = fill("b", 12)
    app = opened()
    app.button(key="empty-store-yes").click().run()
    assert [box.value.replace("\\", "") for box in app.success] == [
        "Set free: 3.0 MB. 1 entry stays: a run is reading it."
    ]
    assert [entry["key"] for entry in FeatureStore().entries()] == ["b"]
    assert reader.mapped(0).shape == (12_000, 250)
    reader.close()
    assert [box.value.replace("\\", "") for box in emptied(app).success] == ["Set free: 12 MB."]
    assert fold(app) == "Feature store: empty"
    assert not app.run().success


@pytest.mark.parametrize("meta", [b"", b"[]", b'{"about": {"examples": [], "backbone": [], "image_size": {}}}', None])
def test_a_damaged_entry_is_shown_and_emptied_too(meta):
    fill("a").close()
    file = FeatureStore().folder / "a" / "meta.json"
    file.unlink()
    if meta is not None:
        file.write_bytes(meta)
    app = opened()
    assert not app.exception
    assert not app.error
    assert app.dataframe[0].value["network"][0] in ("damaged", "unknown")
    assert emptied(app).success
    assert not file.parent.exists()


READ_ONLY = """
from tests.app.test_feature_store import emptied, fold, opened
app = emptied(opened())
print(fold(app), app.error[0].value.replace(chr(92), ""))
"""


def test_a_store_that_cannot_be_changed_says_why_it_stays():
    fill("a").close()
    folder = FeatureStore().folder
    for path in (folder / "a", folder, folder.parent):
        path.chmod(0o555)
    try:
        command = [*bound_by_rights(), sys.executable, "-c", READ_ONLY]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    finally:
        for path in (folder.parent, folder, folder / "a"):
            path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Feature store: 3.0 MB of 10.0 GB The feature store cannot be emptied")
    assert f"Make '{folder}' and what is in it writable" in done.stdout
    assert len(FeatureStore().entries()) == 1
