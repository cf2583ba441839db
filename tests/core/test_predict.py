import os
import zipfile

import numpy as np
import pytest
from PIL import Image
from served_run import CLASSES, make_run, picture, text_run

from core.data.pixels import read_pixels
from core.decision import answer
from core.errors import RunError
from core.files import write_json
from core.predict import Predictor, Predictors, load_model

NOISE = np.random.default_rng(0)


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (64, 48), (16, 16)])
def test_the_inference_graph_equals_the_keras_model_at_any_size(size):
    run = make_run()
    pixels = NOISE.integers(0, 256, (*size, 3), np.uint8)
    for phase in (1, 2):
        expected = load_model(run, phase)(pixels[None].astype(np.float32), training=False)
        assert Predictor(run, phase).predict(pixels) == pytest.approx(np.array(expected)[0], abs=1e-5)


def test_rows_come_in_the_order_given_and_a_bad_file_gets_its_error(tmp_path):
    run = make_run()
    files = [picture(tmp_path / f"{k}.png", seed=k) for k in range(6)]
    bad = tmp_path / "text.jpg"
    bad.write_text("no picture")
    rows = Predictor(run).predict_files([*files[:3], bad, tmp_path / "missing.png", *files[3:]])
    assert [row["path"] for row in rows[:4]] == [str(p) for p in [*files[:3], bad]]
    assert [bool(row["error"]) for row in rows] == [False] * 3 + [True] * 2 + [False] * 3
    assert rows[3]["label"] is None
    predictor = Predictor(run)
    for row in (rows[0], rows[-1]):
        expected = predictor.predict(read_pixels(row["path"]))
        assert list(row["probabilities"]) == list(CLASSES)
        assert list(row["probabilities"].values()) == pytest.approx(expected.tolist())
        assert row["label"] == CLASSES[int(expected.argmax())]
        assert row["probability"] == pytest.approx(float(expected.max()))


@pytest.mark.parametrize("ending", ["jpg", "png", "bmp", "gif", "webp", "tiff"])
def test_every_format_gives_the_answer_of_its_pixels(tmp_path, ending):
    predictor = Predictor(make_run())
    path = picture(tmp_path / f"p.{ending}")
    (row,) = predictor.predict_files([path])
    with Image.open(path) as image:
        expected = predictor.predict(np.asarray(image.convert("RGB")))
    assert list(row["probabilities"].values()) == pytest.approx(expected.tolist(), abs=1e-6)


def test_file_names_that_are_not_utf8_are_answered(tmp_path):
    name = os.fsdecode(bytes(tmp_path) + b"/\xff\n.png")
    picture(tmp_path / "p.png").rename(name)
    (row,) = Predictor(make_run()).predict_files([name])
    assert (row["path"], row["error"]) == (name, None)


def test_the_kept_phase_answers_and_the_page_can_switch_it():
    run = make_run()
    assert Predictor(run).phase == 2
    run.write_notes(kept=1)
    assert Predictor(run).phase == 1
    predictors = Predictors(run)
    assert predictors.kept() is predictors.of(1)
    assert predictors.phases() == [1, 2]


def test_notes_are_honoured_as_they_are_now():
    run = make_run(("no", "yes"))
    predictor = Predictor(run)
    p = np.array([0.7, 0.3], np.float32)
    assert predictor.answer(p)["label"] == "no"
    run.write_notes(threshold={"class": "yes", "value": 0.25})
    assert predictor.answer(p)["label"] == "yes"
    assert predictor.answer(p)["probability"] == pytest.approx(0.3)


def test_the_model_that_is_not_kept_answers_by_nothing_that_was_decided_for_the_kept_one():
    run = make_run(("no", "yes"))
    fitted = {"value": 2.0, "loss_before": 0.5, "loss_after": 0.4}
    write_json(run.evaluation_file(1), {"temperature": fitted})
    run.write_notes(threshold={"class": "yes", "value": 0.05}, abstain=0.5, temperature=3.0)
    p = np.array([0.9, 0.1])
    said = Predictor(run, 1).answer(p)
    assert (said["label"], said["probability"]) == ("no", pytest.approx(0.75))
    assert Predictor(run, 2).answer(p)["label"] == "yes"
    run.write_notes(temperature=None)
    assert Predictor(run, 1).answer(p)["probability"] == pytest.approx(0.9)


def test_a_model_that_is_judged_again_answers_by_its_new_figures():
    run = make_run(("no", "yes"))
    run.write_notes(temperature=3.0)
    p, predictor = np.array([0.9, 0.1]), Predictor(run, 1)
    assert predictor.answer(p)["probability"] == pytest.approx(0.9)
    for value, expected in ((2.0, 0.75), (1.0, 0.9)):
        fitted = {"value": value, "loss_before": 0.5, "loss_after": 0.4}
        write_json(run.evaluation_file(1), {"temperature": fitted})
        assert predictor.answer(p)["probability"] == pytest.approx(expected)


def test_temperature_softens_and_abstaining_gives_no_label():
    p = np.array([0.9, 0.1])
    assert answer(p, ("a", "b"), {"temperature": 2.0})["probability"] == pytest.approx(0.75)
    unsure = answer(p, ("a", "b"), {"abstain": 0.95})
    assert (unsure["label"], unsure["probability"]) == (None, 0.9)
    assert answer(p, ("a", "b"), {"abstain": 0.9})["label"] == "a"


@pytest.mark.parametrize(
    "notes",
    [
        {"threshold": {"class": "gone", "value": 0.1}},
        {"threshold": "0.1"},
        {"threshold": {"class": "b", "value": None}},
        {"temperature": 0},
        {"temperature": "hot"},
        {"abstain": []},
    ],
)
def test_notes_that_make_no_sense_are_passed_over(notes):
    assert answer(np.array([0.8, 0.2]), ("a", "b"), notes)["label"] == "a"


def test_texts_are_answered_by_a_text_run_only(tmp_path):
    predictor = Predictor(text_run())
    good, odd = predictor.predict_texts(["a good film", "\udcff"])
    assert good["text"] == "a good film"
    assert sum(good["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert odd["error"] is None
    assert "cannot read pictures" in predictor.predict_files([tmp_path / "p.png"])[0]["error"]
    assert "cannot read texts" in Predictor(make_run()).predict_texts(["x"])[0]["error"]


def test_a_missing_model_says_what_to_do():
    with pytest.raises(RunError, match="no model of phase 1 yet"):
        Predictor(make_run(phases=()))


def test_a_damaged_model_is_refused_in_a_sentence():
    run = make_run(phases=(1,))
    run.phase_model_file(1).write_bytes(run.phase_model_file(1).read_bytes()[:3000])
    with pytest.raises(RunError, match="damaged"):
        Predictor(run)


def test_a_model_with_code_inside_is_refused():
    import keras

    run = make_run(phases=())
    inputs = keras.Input((None, None, 3))
    out = keras.layers.Lambda(lambda x: x[:, 0, 0, :])(inputs)
    keras.Model(inputs, out).save(run.phase_model_file(1))
    assert zipfile.is_zipfile(run.phase_model_file(1))
    with pytest.raises(RunError, match="cannot be loaded"):
        Predictor(run)


def test_a_run_without_a_manifest_is_refused():
    run = make_run()
    run.dataset_file.write_text("{")
    with pytest.raises(RunError, match=r"dataset\.json"):
        Predictor(run)
