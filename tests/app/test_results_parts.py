"""The parts of the Results page, and what people decide there, without a browser."""

import json
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from components.escape import as_html, as_markdown
from components.numbers import percent
from components.results import map as feature_map
from components.results.decided import probabilities as shares_as_shown
from components.results.headline import fairness
from components.results.mistakes import _rows
from components.results.report import report
from core import corrections, keeping, run_jobs, service_client
from core.decision import answer
from core.evaluation.metrics import figures
from core.evaluation.shift import against
from core.explanations import Explanation
from core.exports.story import story

ROOT = Path(__file__).parents[2]
PARTS = ("good", "wrong", "why", "phases", "take")


def _open(run, part):
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.run()
    app.switch_page("components/pages/results.py")
    app.query_params["run"], app.query_params["part"] = run.id, part
    return app.run()


def _errors(app):
    return [error.value for error in [*app.error, *app.exception]]


@pytest.fixture
def run(pictures, run_of):
    """A run that was looked into, and has a test split as well."""
    made = run_of(pictures)
    files = made.dataset()["files"]
    held = [n for n, file in enumerate(files) if file["split"] != "train"]
    learned = [n for n, file in enumerate(files) if file["split"] == "train"]
    error = {"file": learned[0], "label": "a", "suggested": "b <i>", "p_given": 0.1, "p_suggested": 0.9}
    near, alike = [learned[:3]] * len(held), [[0.9, 0.8, 0.7]] * len(held)
    found = {
        "label_errors": {"n": len(files), "accuracy": 0.9, "found": 1, "rows": [error]},
        "neighbours": {
            "files": held,
            "nearest": near,
            "similarity": alike,
        },
        "corrections": None,
    }
    made.insight_file.write_text(json.dumps(found))
    points = {"x": [0.1 * n for n in range(len(files))], "y": [0.0] * len(files), "explained": [0.5, 0.2]}
    made.embedding_file.write_text(json.dumps({"files": [*range(len(files))], "maps": {"1": points, "2": points}}))
    return made


@pytest.mark.parametrize("part", PARTS)
def test_a_part_opens(part, run):
    assert not _errors(_open(run, part))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_a_run_that_was_never_looked_into_opens(part, pictures, run_of):
    assert not _errors(_open(run_of(pictures), part))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_opens_without_the_files_of_the_data(part, run, pictures):
    for file in pictures.rglob("*.png"):
        file.unlink()
    assert not _errors(_open(run, part))


def _cut_off(run, **status):
    """The run as it is while phase 2 goes on, or after it was cut off."""
    run.evaluation_file(2).unlink()
    run.phase_model_file(2).unlink()
    with run.events_file.open("a") as file:
        file.write(json.dumps({"t": 9.0, "kind": "phase", "phase": 2}) + "\n")
    run.write_status(**{"kept": 1, **status})
    return run


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"state": "running"}, "Phase 2 is still running."),
        ({"state": "stopped"}, "Phase 2 did not finish: The run was stopped."),
        ({"state": "failed", "error": "The <b>disk</b> is full."}, "Phase 2 did not finish: The <b>disk</b> is full."),
    ],
)
def test_a_phase_2_without_figures_is_told_as_it_is(run, status, said):
    assert any(
        "also chose the best epoch and the model, so" in caption.value for caption in _open(run, "phases").caption
    )
    with _cut_off(run, **status).lock().acquire():
        app = _open(run, "phases")
    assert not _errors(app)
    assert as_markdown(said) in _said(app)
    assert any("also chose the best epoch, so" in caption.value for caption in app.caption)
    assert any(f">{as_html(said)}<" in html.proto.body for html in app.get("html"))


@pytest.mark.parametrize("part", PARTS[:4])
@pytest.mark.parametrize("table", [None, "path\n1"])
def test_a_run_without_a_table_says_what_is_missing_for_it(run, part, table):
    run.predictions_file.unlink()
    if table:
        run.predictions_file.write_text(table)
    app = _open(run, part)
    assert not _errors(app)
    why = "cannot be read" if table else "is not there"
    assert [info.value for info in app.info if f"predictions.csv {why}" in info.value]
    assert not _open(run, "take").info


@pytest.fixture
def of_many(tmp_path, monkeypatch, run_of):
    """A run of thirty classes, the first twelve of which have pictures of no content."""
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    root = tmp_path / "many"
    for n in range(30):
        (root / f"class {n:02}").mkdir(parents=True)
    return run_of(root)


def _matrix_clicked(run_path, cell):
    from types import SimpleNamespace

    from components.results.confusion import _cell
    from components.results.report import report
    from core.record import Run

    _cell(report(Run(run_path)), SimpleNamespace(clicked={"custom": [*cell, "", ""]}))


def test_a_click_shows_any_filled_cell_of_a_matrix_of_many_classes(of_many):
    classes, p = of_many.dataset()["classes"], np.full((900, 30), 0.01)
    p[np.arange(900), np.arange(900) % 30] = 0.71  # each class is given each name once
    labels, header = np.arange(900) // 30, ["path", "label", "split", *(f"p2:{name}" for name in classes)]
    of_many.evaluation_file(2).write_text(json.dumps(figures(p, labels, classes)))
    table = [
        [f"{n}.png", classes[k], "validation", *map(str, q)] for n, (k, q) in enumerate(zip(labels, p, strict=True))
    ]
    of_many.write_predictions(header, table)
    for cell in ((29, 29), (28, 3), (0, 1)):
        app = AppTest.from_function(_matrix_clicked, args=(str(of_many.path), cell)).run()
        assert not _errors(app)
        assert app.selectbox[0].value == cell
        assert any("no longer where they were" in caption.value for caption in app.caption)


def test_a_click_on_an_empty_cell_changes_nothing(run):
    confusion = run.evaluation(2)["confusion"]
    confusion[0][1], confusion[1][0] = 1, 0
    run.evaluation_file(2).write_text(json.dumps({**run.evaluation(2), "confusion": confusion}))
    app = AppTest.from_function(_matrix_clicked, args=(str(run.path), (1, 0))).run()
    assert not _errors(app)
    assert app.selectbox[0].value == (0, 1)


def test_a_map_of_a_sample_says_so(run):
    assert not any("drawn at random" in caption.value for caption in _open(run, "wrong").caption)
    known = json.loads(run.embedding_file.read_text())
    maps = {phase: {**one, "x": one["x"][:20], "y": one["y"][:20]} for phase, one in known["maps"].items()}
    run.embedding_file.write_text(json.dumps({"files": known["files"][:20], "maps": maps}))
    app = _open(run, "wrong")
    assert not _errors(app)
    assert any("20 of 24 pictures, drawn at random." in caption.value for caption in app.caption)


def test_labels_that_could_not_be_searched_say_why(run):
    said = " ".join(caption.value for caption in _open(run, "wrong").caption)
    assert "logistic regression on principal components of the frozen network's features" in said
    found = json.loads(run.insight_file.read_text())
    run.insight_file.write_text(json.dumps({**found, "label_errors": None}))
    app = _open(run, "wrong")
    assert any("needs two pictures of each class" in caption.value for caption in app.caption)
    run.insight_file.write_text('{"corrections": null}')  # of a run with corrections that nobody looked into
    assert any("has not been looked into" in caption.value for caption in _open(run, "wrong").caption)
    told = {"t": 9.0, "kind": "note", "message": "The look into the network failed (ValueError: odd)."}
    with run.events_file.open("a") as file:
        file.write(json.dumps(told) + "\n")
    app = _open(run, "wrong")
    assert not _errors(app)
    assert as_markdown(str(told["message"])) in [caption.value for caption in app.caption]


@pytest.mark.parametrize(
    ("accuracy", "found", "said"),
    [
        (0.742, 1313, ("right on 74.2 % of the labels, so many of", "The 1 most suspicious of 1,313 pictures. Open")),
        (0.98, 1, ("right on 98.0 % of the labels, so some of", "1 picture, the most suspicious first. Open")),
    ],
)
def test_doubted_labels_say_how_good_their_judge_is_and_how_many_are_listed(run, accuracy, found, said):
    known = json.loads(run.insight_file.read_text())
    known["label_errors"] |= {"accuracy": accuracy, "found": found}
    run.insight_file.write_text(json.dumps(known))
    captions = " ".join(caption.value for caption in _open(run, "wrong").caption)
    assert all(words in captions for words in said)


def test_curves_of_one_of_many_classes_are_drawn_on_demand(of_three):
    whole = of_three.evaluation(2)
    classes, curves = of_three.dataset()["classes"], whole["curves"]
    of_three.evaluation_file(2).write_text(json.dumps({**whole, "curves": {}}))
    app = _open(of_three, "good")
    for place in (0, 2):
        app.selectbox(key=f"rates-class-{of_three.id}").set_value(place).run()
        assert not _errors(app)
        drawn = [json.loads(found.proto.json) for found in app.get("bidi_component")]
        roc, pr = (next(d["figure"]["data"][0] for d in drawn if d["title"] == title) for title in _CURVES)
        kept = curves[classes[place]]
        assert (roc["x"], roc["y"]) == (kept["fpr"], kept["tpr"])
        assert (pr["x"], pr["y"]) == (kept["recall"], kept["precision"])


_CURVES = ("Found against false alarms", "Right when named against found")


def test_other_data_outside_the_allowed_roots_gets_a_sentence(run, tmp_path_factory):
    app = _open(run, "good")
    app.text_input(key=f"other-data-{run.id}").set_value(str(tmp_path_factory.mktemp("else"))).run()
    app.button(key="score-other-data").click().run()
    assert [error for error in _errors(app) if "allowed roots" in error]
    assert not run.other_data_file.exists()


def test_figures_on_other_data_say_what_they_differ_by(run, pictures):
    found = run.evaluation(2)
    about = {"data": str(pictures), "left_out": ["torn.png"], "own": False, "against": against(found, found)}
    about["model"] = run.phase_model_file(2).stat().st_mtime_ns
    run.other_data_file.write_text(json.dumps({**found, "phase": 2, **about}))
    app = _open(run, "good")
    assert not _errors(app)
    assert any("No difference from" in html.body for html in app.get("html"))
    assert any("1 file took no part" in caption.value for caption in app.caption)
    os.utime(run.phase_model_file(2), (1, 1))
    assert any("Of an earlier model" in html.body for html in _open(run, "good").get("html"))


def test_a_job_on_other_data_that_failed_says_why(run):
    run_jobs.start(run, "evaluate")
    until = time.monotonic() + 60
    while run_jobs.poll(run, "evaluate")["state"] == "running" and time.monotonic() < until:
        time.sleep(0.1)
    assert any("No other data" in error for error in _errors(_open(run, "good")))


def test_shares_of_a_class_have_one_digit_as_all_others(run):
    table = _open(run, "good").dataframe[0]
    settings = json.loads(table.proto.columns)
    for name, key in (("found", "recall"), ("right when named", "precision")):
        assert settings[name]["type_config"]["format"] == "%.1f %%"
        shares = sorted(row[key] for row in run.evaluation(2)["per_class"])
        assert sorted(table.value[name]) == pytest.approx([100 * share for share in shares])


def test_of_two_classes_the_areas_say_whose_they_are(run):
    second = as_markdown(run.dataset()["classes"][1])
    said = " ".join(caption.value for caption in _open(run, "good").caption)
    assert f"Average precision of {second}: " in said
    assert f"Area under the ROC curve of {second}: " in said


def test_many_classes_without_curves_are_told_in_a_sentence(run):
    figures = run.evaluation(2)
    more = [{**figures["per_class"][0], "class": f"class {n}", "support": n} for n in range(3)]
    figures |= {"curves": {}, "per_class": [*figures["per_class"], *more], "auc": 0.9, "auc_interval": None}
    run.evaluation_file(2).write_text(json.dumps(figures))
    app = _open(run, "good")
    said = " ".join(caption.value for caption in app.caption)
    assert "could not be told apart, so one class at a time is drawn" in said
    assert "the mean over classes: 0.900 (no interval" in said
    assert "have fewer than 5 pictures here" in said


def test_a_mean_of_areas_has_an_interval_and_says_how_it_is_found(run):
    figures = run.evaluation(2)
    more = [{**figures["per_class"][0], "class": "third"}]
    figures |= {"per_class": [*figures["per_class"], *more], "auc": 0.9, "auc_interval": [0.8, 0.95]}
    run.evaluation_file(2).write_text(json.dumps(figures))
    said = " ".join(caption.value for caption in _open(run, "good").caption)
    assert "the mean over classes: 0.900, likely 0.800 to 0.950 (95 %, DeLong and Newcombe" in said


def test_a_threshold_is_kept_and_decides(run):
    app = _open(run, "good")
    app.slider(key=f"threshold-{run.id}").set_value(0.9).run()
    noted = run.notes()["threshold"]
    classes = [row["class"] for row in run.evaluation(2)["per_class"]]
    assert noted == {"class": classes[1], "value": 0.9}
    assert answer(np.array([0.2, 0.8]), classes, run.notes())["label"] == classes[0]


def test_the_line_for_a_sensitivity_reaches_it(run):
    app = _open(run, "good")
    app.button(key="threshold-goal").click().run()
    assert not _errors(app)
    shares = [
        float(row[f"p2:{run.notes()['threshold']['class']}"])
        for row in run.predictions()
        if row["label"] == run.notes()["threshold"]["class"]
    ]
    found = sum(p >= run.notes()["threshold"]["value"] for p in shares) / len(shares)
    assert found >= 0.95


@pytest.fixture
def of_three(third, run_of):
    """A run of three classes."""
    return run_of(third)


def _apart(run, place):
    app = _open(run, "good")
    app.selectbox(key=f"threshold-class-{run.id}").set_value(place).run()
    assert not _errors(app)
    return app


def test_one_of_several_classes_is_set_apart_and_let_go_again(of_three):
    classes = of_three.dataset()["classes"]
    app = _open(of_three, "good")
    assert f"threshold-{of_three.id}" not in [slider.key for slider in app.slider]
    app = _apart(of_three, 1)
    assert of_three.notes()["threshold"] == {"class": classes[1], "value": 0.5}
    app.slider(key=f"threshold-{of_three.id}").set_value(0.2).run()
    assert of_three.notes()["threshold"] == {"class": classes[1], "value": 0.2}
    assert answer(np.array([0.7, 0.25, 0.05]), classes, of_three.notes())["label"] == classes[1]
    assert answer(np.array([0.5, 0.15, 0.35]), classes, of_three.notes())["label"] == classes[0]
    assert _open(of_three, "good").selectbox(key=f"threshold-class-{of_three.id}").value == 1
    app.button(key="threshold-goal").click().run()
    rows = [row for row in of_three.predictions() if row["label"] == classes[1]]
    line = of_three.notes()["threshold"]["value"]
    assert sum(float(row[f"p2:{classes[1]}"]) >= line for row in rows) == len(rows) == 6
    app.button(key="threshold-reset").click().run()
    assert of_three.notes()["threshold"] is None
    _apart(of_three, 2).selectbox(key=f"threshold-class-{of_three.id}").set_value(None).run()
    assert of_three.notes()["threshold"] is None


def test_matrix_of_several_classes_is_that_of_the_answers_at_the_line(of_three):
    classes = of_three.dataset()["classes"]
    for value in (0.5, 0.1):
        of_three.write_notes(threshold={"class": classes[1], "value": value})
        answers = [
            answer(np.array([float(row[f"p2:{name}"]) for name in classes]), classes, of_three.notes())["label"]
            for row in of_three.predictions()
        ]
        pairs = [(row["label"], said) for row, said in zip(of_three.predictions(), answers, strict=True)]
        drawn = _matrix_at_the_line(_open(of_three, "good"))
        assert drawn == [[pairs.count((true, said)) for said in classes] for true in classes]
    cell = next((i, j) for i in range(3) for j in range(3) if drawn[i][j] and i != j)
    app = _open(of_three, "good")
    app.session_state[f"line-{of_three.id}-2-1"] = None, None, *cell
    app.run()
    assert not _errors(app)
    assert f": {drawn[cell[0]][cell[1]]} picture" in _said(app)


def _matrix_at_the_line(app):
    """The counts of the matrix beside the slider."""
    charts = [json.loads(found.proto.json) for found in app.get("bidi_component") if "At this line" in str(found.proto)]
    return [[int(cell[2].split()[0]) for cell in row] for row in charts[0]["figure"]["data"][0]["customdata"]]


def test_a_temperature_that_reorders_several_classes_leaves_the_line_its_sensitivity(of_three):
    figures, classes = of_three.evaluation(2), of_three.dataset()["classes"]
    fitted = {"value": 3.0, "n_fit": 9, "n_judged": 9, "ece_before": 0.2, "ece_after": 0.1}
    figures["temperature"] = {**fitted, "loss_before": 0.5, "loss_after": 0.4}
    of_three.evaluation_file(2).write_text(json.dumps(figures))
    app = _apart(of_three, 1)
    app.button(key="threshold-goal").click().run()
    before = of_three.notes()["threshold"]["value"]
    app.toggle(key=f"temperature-{of_three.id}").set_value(True).run()
    assert not _errors(app)
    of_it = [row for row in of_three.predictions() if row["label"] == classes[1]]
    shares = [np.array([float(row[f"p2:{name}"]) for name in classes]) for row in of_it]
    assert {answer(p, classes, of_three.notes())["label"] for p in shares} == {classes[1]}
    app.toggle(key=f"temperature-{of_three.id}").set_value(False).run()
    assert of_three.notes()["threshold"] == {"class": classes[1], "value": before}


def _answers(run, phase=2):
    """The truth and the answer that a prediction gives, of every held-out picture."""
    classes = run.dataset()["classes"]
    rows = [(row["label"], np.array([float(row[f"p{phase}:{name}"]) for name in classes])) for row in run.predictions()]
    return [(true, answer(p, classes, run.notes())["label"]) for true, p in rows]


def _shares_by(pairs, name):
    """Sensitivity, specificity and both predictive values of a class, by hand."""
    among = [(true == name, said == name) for true, said in pairs if said is not None]
    of = [
        [called for true, called in among if true],
        [not called for true, called in among if not true],
        [true for true, called in among if called],
        [not true for true, called in among if not called],
    ]
    return [f"{100 * sum(one) / len(one):.1f} %" for one in of]


def _four(app):
    """Sensitivity, specificity and both predictive values, as the page has them."""
    (shown,) = [html.proto.body for html in app.get("html") if "Positive predictive value" in html.proto.body]
    return re.findall(r"<b[^>]*>([^<]*)</b>", shown)


def test_slider_moves_the_matrix_and_all_four_figures_to_what_predictions_do(run):
    classes = run.dataset()["classes"]
    app, before = _open(run, "good"), None
    for value in (0.4, 0.7):
        app.slider(key=f"threshold-{run.id}").set_value(value).run()
        assert not _errors(app)
        pairs = _answers(run)
        drawn, shares = _matrix_at_the_line(app), _four(app)
        assert drawn == [[pairs.count((true, said)) for said in classes] for true in classes]
        assert shares == _shares_by(pairs, classes[1])
        if before is not None:
            assert drawn != before[0]
            assert all(now != then for now, then in zip(shares, before[1], strict=True))
        before = drawn, shares


def test_line_and_none_of_these_are_scored_together_as_predictions_answer(run):
    classes = run.dataset()["classes"]
    run.write_notes(threshold={"class": classes[1], "value": 0.3}, abstain=0.6)
    pairs = _answers(run)
    answered = [(true, said) for true, said in pairs if said is not None]
    assert 0 < len(answered) < len(pairs)
    app = _open(run, "good")
    assert not _errors(app)
    assert _matrix_at_the_line(app) == [[pairs.count((true, said)) for said in classes] for true in classes]
    assert _four(app) == _shares_by(pairs, classes[1])
    right = f"{100 * sum(true == said for true, said in answered) / len(answered):.1f} %"
    captions = " ".join(caption.value for caption in app.caption)
    assert f"it is right on {right}" in captions
    assert f"{len(pairs) - len(answered)} are less than 60.0 % sure and get none" in captions
    app.button(key="threshold-goal").click().run()
    assert float(_four(app)[0].split()[0]) >= 95


def test_a_share_that_leaves_no_answer_opens(run):
    run.write_notes(abstain=1.0)
    app = _open(run, "good")
    assert not _errors(app)
    assert "0 held-out pictures that get an answer" in " ".join(caption.value for caption in app.caption)


@pytest.mark.parametrize("part", ["good", "wrong"])
def test_page_says_that_its_other_figures_know_nothing_of_what_was_decided(run, part):
    said = "other figures, the matrix and the mistakes are of the most probable class"
    assert not any(said in caption.value for caption in _open(run, part).caption)
    run.write_notes(threshold={"class": run.dataset()["classes"][1], "value": 0.3})
    assert any(said in caption.value for caption in _open(run, part).caption)


def test_page_says_which_of_its_figures_a_temperature_leaves_as_they_are(run):
    said = "log loss, curves and areas are of the uncorrected ones"
    assert said not in " ".join(caption.value for caption in _open(run, "good").caption)
    run.write_notes(temperature=1.25)
    captions = " ".join(caption.value for caption in _open(run, "good").caption)
    assert "at temperature 1.25" in captions
    assert said in captions
    assert "of the most probable class" not in captions


@pytest.mark.parametrize("classes", ["run", "of_three"])
def test_a_temperature_leaves_as_many_without_an_answer(classes, request):
    run = request.getfixturevalue(classes)
    found = {"value": 2.0, "n_fit": 6, "n_judged": 6, "ece_before": 0.2, "ece_after": 0.1}
    figures = run.evaluation(2) | {"temperature": found | {"loss_before": 0.5, "loss_after": 0.4}}
    run.evaluation_file(2).write_text(json.dumps(figures))
    run.write_notes(abstain=0.7)
    before = [said for _, said in _answers(run)]
    app = _open(run, "good")
    app.toggle(key=f"temperature-{run.id}").set_value(True).run()
    assert not _errors(app)
    assert run.notes()["abstain"] < 0.7
    assert [said for _, said in _answers(run)].count(None) == before.count(None) > 0
    app.toggle(key=f"temperature-{run.id}").set_value(False).run()
    assert not _errors(app)
    assert [said for _, said in _answers(run)] == before


def test_none_of_these_is_kept_and_can_be_taken_back(run):
    app = _open(run, "good")
    app.slider(key=f"abstain-{run.id}").set_value(0.8).run()
    assert run.notes()["abstain"] == 0.8
    app.slider(key=f"abstain-{run.id}").set_value(0.0).run()
    assert run.notes()["abstain"] is None


def test_a_temperature_moves_the_threshold_along(run):
    figures = run.evaluation(2)
    fitted = {"value": 2.0, "n_fit": 6, "n_judged": 6, "ece_before": 0.2, "ece_after": 0.1}
    figures["temperature"] = {**fitted, "loss_before": 0.5, "loss_after": 0.4}
    run.evaluation_file(2).write_text(json.dumps(figures))
    name = figures["per_class"][1]["class"]
    run.write_notes(threshold={"class": name, "value": 0.9})
    app = _open(run, "good")
    app.toggle(key=f"temperature-{run.id}").set_value(True).run()
    assert run.notes()["temperature"] == 2.0
    assert run.notes()["threshold"]["value"] == pytest.approx(0.75)  # odds of 9 become odds of 3
    app.toggle(key=f"temperature-{run.id}").set_value(False).run()
    assert run.notes()["threshold"]["value"] == pytest.approx(0.9)


@pytest.mark.parametrize("value", [0.0, 0.003, 0.97, 0.9999, 1.0])
def test_a_threshold_survives_a_temperature_switched_on_and_off(run, value):
    found = {"value": 0.3, "n_fit": 6, "n_judged": 6, "ece_before": 0.2, "ece_after": 0.1}
    figures = run.evaluation(2) | {"temperature": found | {"loss_before": 0.5, "loss_after": 0.4}}
    run.evaluation_file(2).write_text(json.dumps(figures))
    classes = [row["class"] for row in figures["per_class"]]
    run.write_notes(threshold={"class": classes[1], "value": value})
    rows = [np.array([float(row[f"p2:{name}"]) for name in classes]) for row in run.predictions()]
    before = [answer(p, classes, run.notes())["label"] for p in rows]
    app = _open(run, "good")
    app.toggle(key=f"temperature-{run.id}").set_value(True).run()
    assert [answer(p, classes, run.notes())["label"] for p in rows] == before
    app.toggle(key=f"temperature-{run.id}").set_value(False).run()
    assert run.notes()["threshold"] == {"class": classes[1], "value": value}
    assert not _errors(app)


def test_a_temperature_that_harms_is_told_and_not_offered(run):
    found = {"value": 0.05, "n_fit": 1066, "n_judged": 1065, "ece_before": 0.1, "ece_after": 0.2}
    figures = run.evaluation(2) | {"temperature": found | {"loss_before": 0.45411, "loss_after": 0.45423}}
    run.evaluation_file(2).write_text(json.dumps(figures))
    run.config_file.write_text(json.dumps({**run.settings(), "calibrate": True}))
    app = _open(run, "good")
    assert not _errors(app)
    (said,) = (caption.value for caption in app.caption if "did not help, so none is used" in caption.value)
    assert "Fitted on 1,066 held-out pictures. On the other 1,065 the error" in said
    assert "log loss from 0.4541 to 0.4542." in said
    assert f"temperature-{run.id}" not in [toggle.key for toggle in app.toggle]


def test_matrix_and_figures_are_those_of_the_line_that_is_kept(run):
    scored, name = _scored(run, 1), run.dataset()["classes"][1]
    lowest = min(p for p, truth in scored if truth)
    run.write_notes(threshold={"class": name, "value": lowest})
    app = _open(run, "good")
    assert any(f"lies at {lowest:.9g}" in caption.value for caption in app.caption)
    run.write_notes(threshold={"class": name, "value": lowest + 1e-6})
    missed = _open(run, "good")
    figures = [
        [html.proto.body for html in one.get("html") if "sensitivity" in html.proto.body] for one in (app, missed)
    ]
    assert "100.0 %" in figures[0][0]
    assert "100.0 %" not in figures[1][0].split("sensitivity")[0]


def _galleries(run, phase=2, line=None, rows=None):
    from components.results.gallery import cards_of
    from components.results.report import report

    found = report(run)
    return found, cards_of(found, range(len(found.cases.paths)) if rows is None else rows, phase, line)


def test_cards_are_called_as_their_gallerys_title_calls_them(run):
    scored = _scored(run, 1)
    for line in (0.1, 0.9):
        found, cards = _galleries(run, line=(1, line))
        for card, (p, truth) in zip(cards, scored, strict=True):
            assert (card.answer == found.cases.classes[1]) == (p >= line)
            assert card.right == ((p >= line) == truth)
            assert card.probability == pytest.approx(p if p >= line else 1 - p, abs=1e-6)


def test_a_large_picture_shows_the_probabilities_of_its_card(run):
    run.write_notes(temperature=3.0)
    path = run.dataset()["files"][0]["path"]
    _, (card,) = _galleries(run, rows=[0])
    app = AppTest.from_function(_large, args=(str(run.path), path)).run()
    assert not _errors(app)
    assert any(f"{100 * card.probability:.1f} %" in html.proto.body for html in app.get("html"))
    raw = max(float(run.predictions()[0][f"p2:{name}"]) for name in run.dataset()["classes"])
    assert not any(f"{100 * raw:.1f} %" in html.proto.body for html in app.get("html"))


def test_a_point_of_the_coverage_near_one_leaves_out_just_what_it_lists(run):
    table = [[row["path"], row["label"], row["split"]] for row in run.predictions()]
    sure = np.linspace(0.99905, 0.9999, len(table))
    rows = [[*row, *2 * [f"{p:.9g}", f"{1 - p:.9g}"]] for row, p in zip(table, sure, strict=True)]
    run.write_predictions(list(run.predictions()[0]), rows)
    app = _clicked(run, "coverage", float(sure[5]))
    assert "5 pictures less than" in _said(app)
    app.button(key="coverage-set").click().run()
    assert not _errors(app)
    assert sure[4] < run.notes()["abstain"] <= sure[5]


def test_the_kept_phase_can_be_switched(run):
    app = _open(run, "phases")
    app.button_group(key=f"keep-{run.id}").set_value(1).run()
    assert run.kept() == 1
    assert not _errors(app)


def test_a_line_and_a_share_are_set_aside_with_the_model_they_were_decided_for(run):
    name = run.dataset()["classes"][1]
    run.write_notes(threshold={"class": name, "value": 0.9}, abstain=0.8)
    app = _open(run, "phases")
    app.button_group(key=f"keep-{run.id}").set_value(1).run()
    assert not _errors(app)
    said = " ".join(caption.value for caption in app.caption)
    assert "Set aside with phase 2" in said
    assert "at 90.0 % and no answer below 80.0 %" in said
    assert _open(run, "good").slider(key=f"threshold-{run.id}").value == 0.5
    app = _open(run, "phases")
    app.button_group(key=f"keep-{run.id}").set_value(2).run()
    assert run.notes()["threshold"] == {"class": name, "value": 0.9}
    assert not any("Set aside" in caption.value for caption in app.caption)


def test_a_run_that_a_worker_holds_keeps_its_model(run, monkeypatch):
    monkeypatch.setattr(keeping, "LOCK_SECONDS", 0.0)
    app = _open(run, "phases")
    with run.lock().acquire():
        app.button_group(key=f"keep-{run.id}").set_value(1).run()
    assert any("still being worked on" in error for error in _errors(app))
    assert run.kept() == 2
    assert app.button_group(key=f"keep-{run.id}").value == 2


@pytest.mark.parametrize(("mode", "words"), [("cached", "counts there"), ("live", "Reading the data")])
def test_the_time_of_phase_2_says_what_it_holds(run, mode, words):
    with run.events_file.open("a") as file:
        file.write(json.dumps({"t": 9.0, "kind": "phase", "phase": 2, "trainable": 5, "mode": mode}) + "\n")
    app = _open(run, "phases")
    assert any(words in html.proto.body for html in app.get("html"))


def test_the_test_split_makes_the_headline(run):
    figures = run.evaluation(2)
    figures["test"] = {**figures, "n": 77, "accuracy": 0.5}
    run.evaluation_file(2).write_text(json.dumps(figures))
    app = _open(run, "phases")
    assert any("took no part in training" in caption.value for caption in app.caption)
    assert any("77 test pictures" in html.proto.body for html in app.get("html"))


def _corrected(run, brought):
    """The run as if trained with a correction, of which `insight.json` tells what it brought."""
    path = run.dataset()["files"][0]["path"]
    run.corrections_file.write_text(json.dumps({path: {"exclude": True}}))
    found = json.loads(run.insight_file.read_text())
    run.insight_file.write_text(json.dumps({**found, "corrections": brought}))


@pytest.mark.parametrize(
    ("splits", "test", "held_out"),
    [
        (
            {"a": "test", "b": "test"},
            "in training. Of the test pictures 2 were corrected or left out after",
            "kind. Only",
        ),
        (
            {"a": "validation"},
            "in training, nor in any choice.",
            "kind. Of the held-out pictures 1 was corrected or left out after",
        ),
        ({"a": "train"}, "in training, nor in any choice.", "kind. Only"),
        (None, "in training. Examples were corrected or left out", "kind. Examples were corrected or left out"),
    ],
)
def test_figures_on_what_was_corrected_say_that_it_flatters(run, splits, test, held_out):
    _corrected(run, splits and {"splits": splits, "sentence": "One corrected."})
    assert held_out in fairness(report(run))
    assert held_out in story(run).caveat()
    figures = run.evaluation(2)
    run.evaluation_file(2).write_text(json.dumps({**figures, "test": figures}))
    assert test in fairness(report(run))
    assert ("used for nothing but these" in story(run).caveat()) == ("nor in any choice" in test)
    assert (", a fair test," in fairness(report(run, "validation"))) == ("nor in any choice" in test)


@pytest.mark.parametrize("searched", [10, None])
def test_a_search_in_a_sample_says_so(run, searched):
    found = json.loads(run.insight_file.read_text())
    if searched:
        found["label_errors"]["n"], found["neighbours"]["searched"] = 20, searched
        run.insight_file.write_text(json.dumps(found))
    labels = _open(run, "wrong")
    large = AppTest.from_function(_large, args=(str(run.path), run.dataset()["files"][0]["path"])).run()
    assert not _errors(labels) + _errors(large)
    sample = bool(searched)
    assert any("Searched among 20 of the 24 pictures" in caption.value for caption in labels.caption) == sample
    assert any("Sought among 10 of the 12 pictures" in caption.value for caption in large.caption) == sample
    assert any("by the frozen network's features" in node.value for node in large.markdown)


def test_a_training_picture_opens_with_what_a_head_that_had_not_seen_it_says(run):
    files, found = run.dataset()["files"], json.loads(run.insight_file.read_text())
    learned = [n for n, file in enumerate(files) if file["split"] == "train"]
    older = AppTest.from_function(_large, args=(str(run.path), files[learned[1]]["path"])).run()
    assert not _errors(older)  # of a run that kept neither
    assert not [html for html in older.get("html") if "thaw-near" in html.proto.body]
    found["learned_from"] = {
        "files": learned[:2],
        "nearest": [learned[3:6]] * 2,
        "similarity": [[0.9, 0.8, 0.7]] * 2,
        "classes": [[1, 0]] * 2,
        "shares": [[0.765, 0.235]] * 2,
    }
    run.insight_file.write_text(json.dumps(found))
    large = AppTest.from_function(_large, args=(str(run.path), files[learned[1]]["path"])).run()
    assert not _errors(large)
    assert any("76.5 %" in html.proto.body for html in large.get("html"))
    assert any("thaw-near" in html.proto.body for html in large.get("html"))
    assert any("had not seen this picture" in caption.value for caption in large.caption)


class Explaining:
    """A prediction service that looks, without a model."""

    def __init__(self):
        self.asked = []

    def wait(self):
        """It is ready at once."""

    def explain(self, data, label=None, method="gradcam", phase=None):
        self.asked.append((label, phase))
        return Explanation(label or "likeliest", method, phase, 0.5, np.eye(4, dtype=np.float32)).to_json()


def test_a_heat_map_is_of_the_answer_that_was_decided_and_as_sure(run, monkeypatch):
    service = Explaining()
    monkeypatch.setattr(service_client, "service", lambda _: service)
    classes, row = run.dataset()["classes"], run.predictions()[0]
    p = np.array([float(row[f"p2:{name}"]) for name in classes])
    least = classes[int(p.argmin())]
    run.write_notes(threshold={"class": least, "value": 0.0}, temperature=2.0)
    app = AppTest.from_function(_large, args=(str(run.path), row["path"])).run()
    app.button_group(key=f"dialog-False-{row['path']!a}-method").set_value("gradcam").run()
    assert not _errors(app)
    assert service.asked == [(None, 1), (least, 2)]  # what was decided holds for the kept model
    sure = answer(p, classes, run.notes())["probability"]
    spoken = [caption.value for caption in app.caption if "What speaks for" in caption.value]
    assert f"{100 * sure:.1f} %" in spoken[1]


def _large_in_turn(run_path, paths):
    """Opens the first path without an explanation and, once it is in the session, the second one with it."""
    import streamlit as st

    from components.results.picture import _content
    from components.results.report import report
    from core.record import Run

    explain = st.session_state.get("explain", False)
    _content(report(Run(run_path)), paths[int(explain)], explain)


@pytest.mark.parametrize("rows", [(0, 1), (0, 0)])
def test_a_heat_map_comes_up_at_once_after_a_picture_that_was_opened_without_one(run, monkeypatch, rows):
    service = Explaining()
    monkeypatch.setattr(service_client, "service", lambda _: service)
    paths = [run.dataset()["files"][row]["path"] for row in rows]
    app = AppTest.from_function(_large_in_turn, args=(str(run.path), paths)).run()
    assert not service.asked
    app.session_state["explain"] = True
    app.run()
    assert not _errors(app)
    assert [phase for _, phase in service.asked] == [1, 2]


def test_corrections_can_be_trained_with(run):
    path = run.dataset()["files"][0]["path"]
    corrections.exclude(run, path)
    app = _open(run, "wrong")
    assert app.button(key="retrain")
    assert not _errors(app)


def _large(run_path, path):
    from components.results.picture import _content
    from components.results.report import report
    from core.record import Run

    _content(report(Run(run_path)), path, False)


@pytest.mark.parametrize("row", [0, 8])  # held out, and learned from
def test_a_large_picture_takes_a_correction_and_gives_it_back(row, run):
    path = run.dataset()["files"][row]["path"]
    app = AppTest.from_function(_large, args=(str(run.path), path)).run()
    assert not _errors(app)
    classes = run.dataset()["classes"]
    app.selectbox(key=f"really-{path!a}").set_value(classes[1]).run()
    app.button(key="correct").click().run()
    assert corrections.noted(run) == {path: {"label": classes[1]}}
    app.button(key="undo").click().run()
    assert corrections.noted(run) == {}
    app.button(key="exclude").click().run()
    assert corrections.noted(run) == {path: {"exclude": True}}
    assert not _errors(app)


def test_top_losses_come_with_the_least_probable_truth_first(run):
    scored = [float(row[f"p2:{row['label']}"]) for row in run.predictions()]
    found = report(run)
    rows = _rows(found, "losses").tolist()
    assert [scored[row] for row in rows] == sorted(scored)
    app = _open(run, "wrong")
    app.button_group(key="kind").set_value("losses").run()
    assert not _errors(app)
    assert any("Where the true class got the least probability" in caption.value for caption in app.caption)


class Told(NamedTuple):
    """What the chart of the map says."""

    clicked: dict[str, object] | None = None
    selected: list[int] | None = None
    hovered: int | None = None


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (Told(), None),
        (Told(clicked={"custom": 3}), "1 picture"),
        (Told(selected=[0, 5, 9, 99]), "3 pictures"),
        (Told(selected=[0], clicked={"custom": 3}), "1 picture"),
    ],
)
def test_points_of_the_map_show_their_pictures(run, monkeypatch, told, said):
    monkeypatch.setattr(feature_map, "plot", lambda *_, key, **__: told if key == "map" else None)
    app = _open(run, "wrong")
    assert not _errors(app)
    assert (f"**{said}**" in _said(app)) == (said is not None)
    empty = any("Draw around some points" in html.proto.body for html in app.get("html"))
    assert empty == (said is None)


def test_a_point_under_the_pointer_brings_its_picture(run, monkeypatch):
    tips = []

    def plot(*_, key, tip=None, **__):
        tips.append(tip)
        return Told(hovered=2)

    monkeypatch.setattr(feature_map, "plot", plot)
    monkeypatch.setattr(feature_map.st, "rerun", lambda **_: None)  # a fragment's, which this way of opening has not
    app = _open(run, "wrong")
    app.run()
    assert not _errors(app)
    assert tips[0] is None
    assert tips[-1]["point"] == 2
    assert tips[-1]["picture"].startswith("data:image/")


def _said(app):
    return " ".join(node.value for node in app.markdown)


def _scored(run, place):
    """The probability of a class after phase 2, and whether it is the truth, from the run's table."""
    name = run.dataset()["classes"][place]
    return [(float(row[f"p2:{name}"]), row["label"] == name) for row in run.predictions()]


def _clicked(run, place, what):
    """The first part of the page after a click that left `what` at `place`."""
    app = _open(run, "good")
    app.session_state[f"{place}-{run.id}{'-2' if place == 'rates' else ''}"] = what
    app.run()
    assert not _errors(app)
    return app


def test_a_point_of_a_curve_shows_its_mistakes_and_draws_the_line_there(run):
    scored, name = _scored(run, 1), run.dataset()["classes"][1]
    curve = run.evaluation(2)["curves"][name]
    place = len(curve["fpr"]) // 2
    share = curve["roc_threshold"][place]
    app = _clicked(run, "rates", (name, share))
    missed = sum(truth for p, truth in scored if np.float32(p) < np.float32(share))
    alarms = sum(not truth for p, truth in scored if np.float32(p) >= np.float32(share))
    assert curve["tpr"][place] == pytest.approx(1 - missed / sum(truth for _, truth in scored))
    said = _said(app)
    assert f"missed: {missed} picture" in said
    assert f"is not: {alarms} picture" in said
    app.button(key="rates-line").click().run()
    assert not _errors(app)
    assert share - 0.001 < run.notes()["threshold"]["value"] <= share


def test_a_point_of_a_curve_is_named_by_the_line_that_it_draws(run):
    name = run.dataset()["classes"][1]
    curve = run.evaluation(2)["curves"][name]
    share = curve["roc_threshold"][len(curve["fpr"]) // 2]
    run.write_notes(temperature=3.0)
    app = _clicked(run, "rates", (name, share))
    said = next(node.value for node in app.markdown if "**Called" in node.value)
    app.button(key="rates-line").click().run()
    noted = run.notes()["threshold"]["value"]
    assert abs(noted - share) > 0.01
    assert f"from {percent(noted, 2)} on" in said


def test_a_point_that_a_temperature_has_no_line_for_says_that_it_is_of_what_was_before(of_three):
    p = np.array([[0.5, 0.5, 0.0], [0.6, 0.2, 0.2], *[[0.1, 0.1, 0.8]] * 16])
    run, classes = of_three, of_three.dataset()["classes"]
    table = [[row["path"], row["label"], row["split"]] for row in run.predictions()]
    shares = [[f"{value:.9g}" for value in row] * 2 for row in p]
    run.write_predictions(list(run.predictions()[0]), [[*row, *of] for row, of in zip(table, shares, strict=True)])
    app = _clicked(run, "rates", (classes[0], 0.6))
    assert "before calibration" not in _said(app)
    assert app.button(key="rates-line")
    run.write_notes(temperature=10.0)
    app = _clicked(run, "rates", (classes[0], 0.6))
    assert "from 60.00 % on, before calibration**" in _said(app)
    assert "rates-line" not in {button.key for button in app.button}


@pytest.mark.parametrize("kind", ["mistakes", "losses", "unsure", "right"])
def test_examples_come_in_the_order_of_the_probabilities_that_they_show(of_three, kind):
    of_three.write_notes(temperature=8.0)
    found = report(of_three)
    rows = _rows(found, kind)
    p = shares_as_shown(found, rows)
    sure = p[np.arange(len(rows)), found.cases.labels[rows]] if kind == "losses" else p.max(axis=1)
    assert sure.tolist() == sorted(sure, reverse=kind in ("mistakes", "right"))


def test_a_point_of_the_coverage_shows_what_is_left_and_sets_it(run):
    sure = sorted(max(p, 1 - p) for p, _ in _scored(run, 1))
    app = _clicked(run, "coverage", sure[3])
    assert "3 pictures less than" in _said(app)
    app.button(key="coverage-set").click().run()
    assert sure[2] < run.notes()["abstain"]


def test_a_bar_of_sureness_shows_its_pictures(run):
    assert "0 % to 100 % sure" in _said(_clicked(run, "bar", [0.0, 1.0, 12, 0.7]))


def test_a_bar_or_cell_beside_the_line_shows_its_pictures(run):
    scored = _scored(run, 1)
    for picked, many in (
        ((None, None, 1, 0), sum(truth and p < 0.5 for p, truth in scored)),
        ((0.5, 1.0, 1, None), sum(not truth and p >= 0.5 for p, truth in scored)),
    ):
        app = _open(run, "good")
        app.session_state[f"line-{run.id}-2-1"] = picked
        app.run()
        assert not _errors(app)
        assert f": {many} picture" in _said(app)


def _report_made(run):
    """As its job leaves it."""
    file = run_jobs.exported(run, "report")
    file.parent.mkdir(exist_ok=True)
    file.write_text("<html>")
    run.job_file("report").parent.mkdir(exist_ok=True)
    run.job_file("report").write_text('{"state": "done", "message": ""}')


def test_a_download_keeps_its_address_through_reruns(run):
    """One made on demand is called anew in every rerun, and a click on the button of before brings nothing."""
    _report_made(run)
    app = _open(run, "take")
    before = _address(app, "Download report.html")
    assert before
    assert _address(app.run(), "Download report.html") == before


@pytest.mark.parametrize("changed", ["status_file", "insight_file", "evaluation_file", "decision"])
def test_what_was_made_before_a_change_says_so(run, changed):
    _report_made(run)
    assert not any("changed after this was made" in caption.value for caption in _open(run, "take").caption)
    if changed == "decision":
        run.write_notes(threshold={"class": run.dataset()["classes"][0], "value": 0.3})
    else:
        file = run.evaluation_file(2) if changed == "evaluation_file" else getattr(run, changed)
        later = run_jobs.exported(run, "report").stat().st_mtime_ns + 1
        os.utime(file, ns=(later, later))
    app = _open(run, "take")
    assert sum("changed after this was made" in caption.value for caption in app.caption) == 1
    assert not _errors(app)


def _address(app, label):
    [button] = [element.proto for element in app.get("download_button") if element.proto.label == label]
    assert not button.deferred_file_id
    return button.url


def test_held_out_pictures_that_were_learned_from_as_well_are_told(run):
    said = " ".join(caption.value for caption in _open(run, "good").caption)
    assert "held out from training" in said
    assert "in the training split" not in said
    dataset = run.dataset()
    for split in ("train", "validation"):
        next(file for file in dataset["files"] if file["split"] == split)["hash"] = "one"
    run.dataset_file.write_text(json.dumps(dataset))
    app = _open(run, "good")
    assert any("1 of them is in the training split as well, which flatters. Only" in c.value for c in app.caption)
    assert not _errors(app)


@pytest.mark.parametrize("lacking", ["per_class", "accuracy", "n", "confusion"])
@pytest.mark.parametrize("phases", [(1,), (1, 2)])
def test_figures_that_lack_what_is_drawn_count_as_not_there(run, lacking, phases):
    for phase in phases:
        file = run.evaluation_file(phase)
        file.write_text(json.dumps({key: value for key, value in run.evaluation(phase).items() if key != lacking}))
    for part in PARTS:
        assert not _errors(_open(run, part))
    app = _open(run, "phases")
    shown = " ".join(str(node.proto) for node in [*app.info, *app.get("html")])
    assert ("phase1.json cannot be read" if phases == (1,) else "No results yet") in shown
