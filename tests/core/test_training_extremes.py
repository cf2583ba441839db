"""Settings and data at their ends: rates that break everything, thousands of classes."""

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import launcher, record
from core.config import from_json
from tests.core.conftest import ROOT
from tests.core.test_training_resume import wait

PARTS = ("good", "wrong", "why", "phases", "take")
SMALL = {"image_size": 32, "unfreeze": "blocks:1", "phase1": {"epochs": 2}, "phase2": {"epochs": 2}}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("phase", ["phase1", "phase2"])
def test_a_rate_of_a_million_ends_with_a_model_and_a_sentence(pictures, tmp_path, phase, optimizer):
    settings = {**SMALL, phase: {"epochs": 3, "learning_rate": 1e6, "optimizer": optimizer}}
    run = launcher.start(from_json({"data": str(pictures), **settings}), tmp_path)
    assert wait(run) in (record.DONE, record.FAILED)
    status = run.status()
    assert status["state"] == record.DONE or "smaller learning rate" in status["error"]
    assert run.model_file.is_file()
    assert np.isfinite([[float(v) for k, v in row.items() if k[:2] in ("p1", "p2")] for row in run.predictions()]).all()


@pytest.mark.slow
def test_two_thousand_classes_of_two_pictures_train_and_are_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    monkeypatch.setenv("THAW_RUNS", str(tmp_path / "runs"))
    for k in range(2000):
        folder = tmp_path / "data" / f"class {k:04d}"
        folder.mkdir(parents=True)
        for n in range(2):
            pixels = np.random.default_rng(2 * k + n).integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{n}.png")
    run = launcher.start(from_json({"data": str(tmp_path / "data"), **SMALL}), tmp_path / "runs")
    assert wait(run, 900) == record.DONE
    assert len(run.evaluation(2)["per_class"]) == 2000
    assert len(run.predictions()) == 2000
    pages = [*((page, {}) for page in ("data", "train", "runs", "try_it")), *(("results", {"part": p}) for p in PARTS)]
    for page, query in pages:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=300).run()
        app.switch_page(f"components/pages/{page}.py")
        for key, value in {"run": run.id, "data": str(tmp_path / "data"), **query}.items():
            app.query_params[key] = value
        app.run()
        assert not [*app.exception, *app.error], (page, query)
