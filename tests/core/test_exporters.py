import json
import subprocess
import sys

import numpy as np
import pytest
from served_run import make_run, picture

from core import config as configs
from core.errors import ConfigError, DataError, RunError
from core.evaluate import evaluate
from core.exporters import EXPORTERS, export
from core.predict import Predictor

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)


def test_the_keras_file_answers_in_a_process_that_knows_only_keras(tmp_path):
    run = make_run()
    out = export(run, "keras", tmp_path / "new folder" / "model.keras")
    np.save(tmp_path / "x.npy", PIXELS[None].astype(np.float32))
    code = (
        "import sys, json, numpy, keras; m = keras.saving.load_model(sys.argv[1], safe_mode=True);"
        "print(json.dumps(m.predict(numpy.load(sys.argv[2]), verbose=0).tolist()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, out, tmp_path / "x.npy"], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert json.loads(done.stdout)[0] == pytest.approx(Predictor(run).predict(PIXELS).tolist(), abs=1e-5)


def test_the_saved_model_answers_as_the_run_does(tmp_path):
    import tensorflow as tf

    run = make_run()
    out = export(run, "tf_saved_model", tmp_path / "saved")
    saved = tf.saved_model.load(str(out))
    got = saved.serve(tf.constant(PIXELS[None], tf.float32))
    assert np.array(got)[0] == pytest.approx(Predictor(run).predict(PIXELS), abs=1e-5)


def test_settings_are_read_back(tmp_path):
    run = make_run()
    assert configs.load(export(run, "settings", tmp_path / "s.json")) == run.config()


def test_the_default_name_is_the_runs_and_a_file_there_is_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = make_run()
    (tmp_path / f"{run.id}.keras").write_text("old")
    assert export(run, "keras") == tmp_path / f"{run.id}.keras"
    assert (tmp_path / f"{run.id}.keras").read_bytes() == run.phase_model_file(2).read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == [f"{run.id}.keras"]


def test_an_unknown_format_lists_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=", ".join(sorted(EXPORTERS))):
        export(make_run(phases=()), "onyx", tmp_path / "x")


def test_a_folder_in_the_way_is_left_alone(tmp_path):
    with pytest.raises(ConfigError, match="already"):
        export(make_run(phases=()), "settings", tmp_path)


def test_a_run_without_a_model_exports_nothing(tmp_path):
    for name in ("keras", "tf_saved_model"):
        with pytest.raises(RunError, match="no model"):
            export(make_run(phases=()), name, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_evaluate_scores_the_kept_model_on_another_folder(tmp_path):
    run = make_run(("a", "b"))
    for k in range(8):
        picture(tmp_path / "data" / "ab"[k % 2] / f"{k}.png", seed=k)
    (tmp_path / "data" / "a" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    got = evaluate(run, tmp_path / "data")
    predictor = Predictor(run)
    paths = sorted((tmp_path / "data").glob("*/[0-9].png"))
    right = [row["label"] == path.parent.name for row, path in zip(predictor.predict_files(paths), paths, strict=True)]
    assert (got["n"], got["phase"], got["left_out"]) == (8, 2, ["a/torn.png"])
    assert got["accuracy"] == pytest.approx(np.mean(right))
    assert np.sum(got["confusion"]) == 8


def test_evaluate_puts_labels_in_the_runs_own_order(tmp_path):
    run = make_run(("a", "b", "c"))
    for k in range(6):
        picture(tmp_path / "bc"[k % 2] / f"{k}.png", seed=k)
    assert [row["support"] for row in evaluate(run, tmp_path)["per_class"]] == [0, 3, 3]


def test_a_class_that_the_run_does_not_know_is_refused(tmp_path):
    for k in range(4):
        picture(tmp_path / "ax"[k % 2] / f"{k}.png", seed=k)
    with pytest.raises(DataError, match="does not know: 'x'"):
        evaluate(make_run(("a", "b")), tmp_path)
