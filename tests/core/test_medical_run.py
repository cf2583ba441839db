"""A run on DICOM slices: every reader of its pictures sees the run's own window, and no file of it names a patient."""

import base64
import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.data.pixels import read_pixels, thumbnail
from core.data.reading import AS_STORED, Reading, reading
from core.evaluation.calibration import apply_temperature
from core.explain_request import Asked
from core.explanations import encoded, overlaid
from core.exporters import export
from core.exports.image_examples import SIDE
from core.predict import Predictor
from core.prediction_service import PredictionService
from core.record import Run
from core.request_body import Example
from tests.core.conftest import core, train
from tests.core.dicom_files import write

NARROW = ("--set", "window_center=40", "--set", "window_width=80")


@pytest.fixture(scope="module")
def slices(tmp_path_factory) -> Path:
    """12 patients of 4 slices; healthy and ill differ within a narrow window only."""
    root = tmp_path_factory.mktemp("slices")
    random = np.random.default_rng(0)
    for number in range(12):
        for i in range(4):
            values = random.integers(-1000, 1000, (40, 40)).astype(np.int16)
            values[10:30, 10:30] = random.integers(20, 40, (20, 20)) + 30 * (number % 2)
            folder = root / ("healthy", "ill")[number % 2]
            write(folder / f"{number:02d}{i}", values, PatientID=f"MRN-{number}", PatientName=f"Doe^Jane{number}")
    return root


@pytest.fixture(scope="module")
def medical(slices, tmp_path_factory) -> Run:
    """A finished run with the Medical preset and a narrow window."""
    home = tmp_path_factory.mktemp("medical")
    folders = {"THAW_RUNS": str(home / "runs"), "THAW_CACHE_DIR": str(home / "cache")}
    said = train(slices, "--preset", "medical", *NARROW, **folders)
    assert said["state"] == "done"
    return Run(said["run_dir"])


def test_patients_are_apart_and_unnamed_in_every_file(medical):
    files = medical.dataset()["files"]
    sides = {split: {f["patient"] for f in files if f["split"] == split} for split in ("train", "validation")}
    assert sides["train"]
    assert sides["validation"]
    assert not sides["train"] & sides["validation"]
    for path in medical.path.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"MRN-" not in data, path.name
            assert b"Doe^" not in data, path.name


def test_nothing_that_is_answered_exported_or_cached_names_a_patient(medical, slices, tmp_path, capfd):
    home, row = medical.path.parent.parent, medical.predictions()[0]
    picture = slices / row["path"]
    (tmp_path / "torn").write_bytes(picture.read_bytes()[:-200])  # its header is whole
    for words in (("predict", medical.path, picture, tmp_path / "torn"), ("evaluate", medical.path, slices)):
        assert main([*map(str, words), "--json"]) == 0
    assert main(["scan", str(slices), "--json"]) == 0
    out, err = capfd.readouterr()
    assert '"error": "' in out  # of the torn one
    answers = [out.encode(), err.encode()]
    service, example = PredictionService(medical, "token"), Example(file=picture.read_bytes(), name="x")
    answers.append(json.dumps(service.answer(example, both=True)).encode())
    for form in ("json", "png"):
        made = service.explanation(example, Asked(label=None, method="gradcam", phase=None, format=form))
        answers += [bytes(made.body), repr(made.headers).encode()]
    for name in ("card", "settings"):
        answers.append(export(medical, name, tmp_path / name).read_bytes())
    kept = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert len(kept) > 20
    for data in [*answers, *kept]:
        assert b"MRN-" not in data
        assert b"Doe^" not in data


def test_saved_model_on_windowed_pixels_equals_the_table(medical, slices):
    predictor = Predictor(medical)
    assert reading(predictor.config) == Reading(40, 80)
    for row in medical.predictions():
        p = predictor.predict(read_pixels(slices / row["path"], Reading(40, 80)))
        want = [float(row[f"p{predictor.phase}:{name}"]) for name in predictor.classes]
        np.testing.assert_allclose(p, want, atol=1e-5)


def test_shell_and_service_read_with_the_runs_window_and_answer_calibrated(medical, slices):
    row = medical.predictions()[0]
    path, phase = slices / row["path"], medical.kept()
    raw = np.array([float(row[f"p{phase}:{name}"]) for name in ("healthy", "ill")])
    found = medical.evaluation(phase)["temperature"]
    want = apply_temperature(raw, found["value"]) if found else raw
    [said] = json.loads(core("predict", str(medical.path), str(path), "--json").stdout)
    np.testing.assert_allclose(list(said["probabilities"].values()), want, atol=1e-5)
    service = PredictionService(medical, "token")
    answered = service.answer(Example(file=path.read_bytes(), name="x"), both=False)
    np.testing.assert_allclose(list(answered["probabilities"].values()), want, atol=1e-5)


def test_temperature_in_the_notes_comes_before_the_one_that_was_found(medical):
    predictor = Predictor(medical)
    p = np.array([0.3, 0.7], np.float32)
    medical.write_notes(temperature=2.0)
    try:
        given = list(predictor.answer(p)["probabilities"].values())
    finally:
        medical.write_notes(temperature=None)
    np.testing.assert_allclose(given, apply_temperature(p, 2.0), atol=1e-6)
    assert list(predictor.answer(p)["probabilities"].values()) == pytest.approx([0.3, 0.7])  # None: switched off


def test_another_window_is_another_entry_of_the_store(medical, slices):
    home = medical.path.parent.parent
    folders = {"THAW_RUNS": str(home / "runs"), "THAW_CACHE_DIR": str(home / "cache")}
    before = set(os.listdir(home / "cache" / "features"))
    train(slices, "--preset", "medical", "--epochs2", "0", "--set", "window_width=500", **folders)
    assert set(os.listdir(home / "cache" / "features")) - before


def test_evaluate_reads_another_folder_with_the_runs_window(medical, slices):
    figures = json.loads(core("evaluate", str(medical.path), str(slices), "--json").stdout)
    assert figures["n"] == 48
    assert figures["left_out"] == []


def test_preset_mirrors_nothing_and_weighs_and_calibrates(medical):
    config = medical.config()
    assert not config.augment.flip
    assert config.augment.brightness == config.augment.zoom == config.augment.shift == 0
    assert config.augment.rotation > 0
    assert config.augment.contrast > 0
    assert config.augmentation != "off"
    assert config.class_weights
    assert config.calibrate


def test_report_shows_the_pixels_that_training_saw(medical, slices, tmp_path):
    html = export(medical, "report", tmp_path / "report.html").read_text(encoding="utf-8")
    files = [slices / file["path"] for file in medical.dataset()["files"]]
    windowed, stored = (
        {base64.b64encode(thumbnail(path, SIDE, how)).decode() for path in files}
        for how in (Reading(40, 80), AS_STORED)
    )
    heated = {
        base64.b64encode(encoded(overlaid(read_pixels(path, Reading(40, 80)), None, SIDE), "JPEG")).decode()
        for path in files
    }
    assert "MRN-" not in html
    assert "Doe^" not in html
    assert any(picture in html for picture in windowed)
    assert any(picture in html for picture in heated)
    assert not any(picture in html for picture in stored)
