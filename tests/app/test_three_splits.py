"""The Results page of a run that was trained on three splits, and training again from it."""

import json
import time
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.numbers import percent
from core import corrections, run_list
from core.evaluation import abstention, cases, insight, thresholds
from core.exports.model_card import card
from core.exports.page import text
from core.exports.report import report

ROOT = Path(__file__).parents[2]


def _open(run, part="good", **query):
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.run()
    app.switch_page("components/pages/results.py")
    for key, value in {"run": run.id, "part": part, **query}.items():
        app.query_params[key] = value
    app.run()
    assert not [error.value for error in [*app.error, *app.exception]]
    return app


def _said(app):
    """All that the page says, as one text."""
    html = [unescape(node.proto.body) for node in app.get("html")]
    return " ".join([*html, *(node.value for node in [*app.caption, *app.markdown])])


def _matrix(app):
    charts = [found.proto.json for found in app.get("bidi_component") if "Confusion matrix" in str(found.proto)]
    return [
        [int(cell[2].split()[0]) for cell in row] for row in json.loads(charts[0])["figure"]["data"][0]["customdata"]
    ]


def test_the_headline_is_the_test_splits_and_the_verdict_says_that_it_is_not(of_three_splits):
    one, two = of_three_splits.evaluation(1), of_three_splits.evaluation(2)
    said = _said(_open(of_three_splits))
    assert f"{percent(one['test']['accuracy'])}</b><span>right on 14 test pictures" in said
    assert f"On the held-out pictures {two['verdict']}" in said
    assert f"On the 20 held-out ones, which made the choices, it is right on {percent(one['accuracy'])}" in said


def test_a_switch_shows_every_figure_of_the_held_out_pictures(of_three_splits):
    one = of_three_splits.evaluation(1)
    app = _open(of_three_splits)
    assert app.button_group(key="split").value == "test"
    assert _recalls(app) == pytest.approx(sorted(row["recall"] for row in one["test"]["per_class"]))
    app.button_group(key="split").set_value("validation").run()
    assert not [*app.error, *app.exception]
    assert app.query_params["split"] == "validation"
    said = _said(app)
    assert f"{percent(one['accuracy'])}</b><span>right on 20 held-out pictures" in said
    assert f"{percent(one['balanced_accuracy'])}</b><span>balanced" in said
    assert f"{one['macro_f1']:.3f}</b><span>macro F1" in said
    assert f"On the 14 test pictures, a fair test, it is right on {percent(one['test']['accuracy'])}" in said
    assert _recalls(app) == pytest.approx(sorted(row["recall"] for row in one["per_class"]))


def _recalls(app):
    return [share / 100 for share in app.dataframe[0].value["found"]]


@pytest.mark.parametrize("split", ["test", "validation"])
def test_the_matrix_and_its_pictures_are_of_the_split_that_is_shown(of_three_splits, split):
    one = of_three_splits.evaluation(1)
    app = _open(of_three_splits, "wrong", split=split)
    assert _matrix(app) == (one["test"] if split == "test" else one)["confusion"]


@pytest.mark.parametrize("split", ["test", "validation"])
def test_what_is_chosen_on_held_out_pictures_is_tried_on_the_test_split(of_three_splits, split):
    run, found = of_three_splits, cases.read(of_three_splits)
    share, limit = 0.55, 0.6
    run.write_notes(threshold={"class": "dog", "value": share}, abstain=limit, temperature=None)
    rows = found.rows("test")
    p, labels = found.probabilities[1][rows], found.labels[rows]
    sure = p.max(axis=1) >= limit
    at = thresholds.at(p[sure, 1], labels[sure] == 1, share)
    left = abstention.at(p, labels, limit, (1, share))
    said = _said(_open(run, split=split))
    which = "which choose nothing: sensitivity"
    assert f"On the {sure.sum()} test pictures that get an answer, {which} {percent(at['sensitivity'])}" in said
    told = f"Answering {percent(left['coverage'])} of the test pictures, it is right on {percent(left['accuracy'])}."
    assert told in said
    assert "held-out pictures that get an answer" in said
    run.write_notes(abstain=None)
    at = thresholds.at(p[:, 1], labels == 1, share)
    said = _said(_open(run, split=split))
    assert f"On the 14 test pictures, {which} {percent(at['sensitivity'])}" in said
    assert "On 20 held-out pictures" in said


def test_the_comparison_of_the_phases_names_its_pictures(of_three_splits):
    said = _said(_open(of_three_splits, "phases"))
    assert "These figures are of the held-out pictures, which choose the model that is kept" in said
    assert f"On the test pictures {of_three_splits.evaluation(2)['test_comparison']['verdict']}" in said


def test_a_switch_of_the_model_is_in_status_json_and_in_every_figure(of_three_splits):
    run, app = of_three_splits, _open(of_three_splits, "phases")
    app.button_group(key=f"keep-{run.id}").set_value(2).run()
    assert not [*app.error, *app.exception]
    assert json.loads(run.status_file.read_bytes())["kept"] == 2
    assert run.model_file.read_bytes() == run.phase_model_file(2).read_bytes()
    two = run.evaluation(2)["test"]
    assert f"{percent(two['accuracy'])}</b><span>right on 14 test pictures" in _said(app)


def test_training_again_with_the_corrections_starts_a_run_with_them_and_its_papers_name_them(of_three_splits):
    run = of_three_splits
    learned = [file["path"] for file in run.dataset()["files"] if file["split"] == "train"]
    held_out = [file["path"] for file in run.dataset()["files"] if file["split"] == "validation"]
    corrections.exclude(run, learned[0])
    corrections.set_label(run, held_out[0], "dog")
    noted = run.notes()["corrections"]
    app = _open(run, "wrong")
    app.button(key="retrain").click().run()
    assert not [*app.error, *app.exception]
    (new,) = [other for other in run_list.list_runs() if other.id != run.id]
    assert new.config().corrections_of == run.id
    assert json.loads(new.corrections_file.read_bytes()) == noted
    until = time.monotonic() + 300
    while new.state() not in ("done", "failed", "stopped", "interrupted") and time.monotonic() < until:
        time.sleep(0.2)
    assert new.state() == "done", new.status()
    assert learned[0] not in {file["path"] for file in new.dataset()["files"]}
    sentence = insight.read(new).corrections["sentence"]
    assert sentence.startswith("1 label changed, 1 picture left out: ")
    assert text(sentence) in report(new).replace("\N{NO-BREAK SPACE}", " ")
    assert sentence in card(new)
