"""The report and the model card: whole, self-contained, and true to the run."""

import csv
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from served_run import make_run, picture, text_run

from core import run_jobs
from core.config import RunConfig
from core.decision import answer
from core.errors import RunError
from core.evaluation.intervals import clopper_pearson
from core.evaluation.metrics import figures
from core.evaluation.verdict import compare
from core.exporters import export
from core.exports import report_charts
from core.exports.image_examples import Pictures
from core.exports.model_card import card
from core.exports.page import chart, table, text
from core.exports.report import report
from core.exports.story import story
from core.exports.wording import thawed
from core.files import write_json
from core.palette import of_class
from core.record import Run
from core.words import effects, variants


class Reader(HTMLParser):
    """Collects tags, visible text and every address that the page would fetch."""

    def __init__(self):
        super().__init__()
        self.tags, self.words, self.fetched, self._code = [], [], [], False

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self._code = tag in ("script", "style")
        found = dict(attributes)
        self.fetched += [found[name] for name in ("src", "href") if found.get(name)]

    def handle_endtag(self, tag):
        self._code = False

    def handle_data(self, data):
        if not self._code:
            self.words.append(data)


def plain(words):
    """With a plain space between a number and its sign."""
    return words.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def read(trained, tmp_path_factory):
    path = export(Run(trained), "report", tmp_path_factory.mktemp("report") / "report.html")
    reader = Reader()
    reader.html = path.read_text(encoding="utf-8")
    reader.feed(reader.html)
    return reader


def test_the_report_fetches_nothing_and_is_under_ten_megabytes(read):
    assert len(read.html.encode()) < 10_000_000
    assert all(address.startswith("data:image/") for address in read.fetched)
    assert read.html.count("Plotly.newPlot(") >= 1


def test_the_report_with_full_galleries_of_photographs_is_under_ten_megabytes(tmp_path):
    run = make_run(("a", "b"), data=tmp_path)
    files = [{"path": f"{'ab'[k % 2]}/{k}.jpg", "label": k % 2, "split": "validation", "hash": ""} for k in range(200)]
    for k, file in enumerate(files):
        picture(tmp_path / file["path"], (640, 480), seed=k)  # noise: nothing compresses worse
    write_json(run.dataset_file, {**run.dataset(), "files": files})
    labels = np.arange(200) % 2
    sure = np.random.default_rng(0).uniform(0.1, 0.9, (2, 200))
    shares = {phase: np.stack([1 - p, p], axis=1) for phase, p in enumerate(sure, 1)}
    for phase, p in shares.items():
        more = compare(shares[1], p, labels, 3.0) if phase == 2 else {}
        write_json(run.evaluation_file(phase), {**figures(p, labels, ("a", "b")), **more})
    rows = [
        [file["path"], "ab"[file["label"]], "validation", *map(str, shares[1][k]), *map(str, shares[2][k])]
        for k, file in enumerate(files)
    ]
    run.write_predictions(["path", "label", "split", "p1:a", "p1:b", "p2:a", "p2:b"], rows)
    made = report(run)
    assert made.count("data:image/") >= 12 + 6 + 6 + 4 * 3
    assert len(made.encode()) < 10_000_000


def test_the_report_tells_the_whole_story(read, trained):
    run, words = Run(trained), " ".join(read.words)
    for title in (
        "The question",
        "Data",
        "Recipe",
        "How good is it?",
        "Where is it wrong?",
        "Why?",
        "Was phase 2 worth",
    ):
        assert title in words
    assert "Limits" in words
    assert run.evaluation(2)["verdict"] in plain(words)
    assert f"{100 * run.evaluation(run.kept())['accuracy']:.1f}\N{NO-BREAK SPACE}%" in words
    assert not re.search(r"\d %|\bp [=<]", words)
    assert "also chose epoch and model" in words


def test_the_report_shows_heat_maps_and_keeps_them_in_the_run(read, trained):
    assert sum(address.startswith("data:image/jpeg") for address in read.fetched) >= 8
    assert len(list(Run(trained).explanations.iterdir())) >= 4


def test_names_are_shown_as_they_are_and_run_nothing(read):
    assert "<script>" in " ".join(read.words)  # the name of a class
    assert "été 🐈" in " ".join(read.words)
    charts = re.findall(r'<script type="application/json">(.*?)</script>', read.html, re.DOTALL)
    assert len(charts) >= 4
    assert all(json.loads(found)["data"] for found in charts)


def test_a_charts_data_cannot_end_its_script():
    assert "</script><b>" not in chart({"data": [], "layout": {"title": "</script><b>"}}, "x").replace(
        "</script></div>", ""
    )
    assert text("\udcff <b>") == "? &lt;b&gt;"


def test_pictures_that_are_gone_are_told(tmp_path):
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    assert "no longer where it was" in report(run)


def test_the_pages_report_shows_no_picture_outside_the_roots(tmp_path, monkeypatch):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for k in range(8):
        for name in (f"{'ab'[k % 2]}/{k}.jpg", "a/t.jpg"):
            picture(outside / name, seed=k)
    inside.mkdir()
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    write_json(run.dataset_file, {**run.dataset(), "root": str(outside)})
    monkeypatch.setenv("THAW_DATA_ROOTS", str(inside))
    run.job_file("report").parent.mkdir()
    assert run_jobs.main("report", str(run.path)) == 0
    assert "<img " not in run_jobs.exported(run, "report").read_text(encoding="utf-8")
    assert "<img " in report(run)  # the shell's
    for name in ("a", "b"):
        (inside / name).symlink_to(outside / name)
    write_json(run.dataset_file, {**run.dataset(), "root": str(inside)})
    assert "<img " not in report(run, bound=True)
    monkeypatch.setenv("THAW_DATA_ROOTS", f"{inside}:{outside}")
    assert "<img " in report(run, bound=True)


def test_a_job_that_fails_unexpectedly_says_what_to_do_and_where_its_log_lies():
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    run.job_file("report").parent.mkdir()
    run.exports.touch()  # a file where its folder belongs
    assert run_jobs.main("report", str(run.path)) == 1
    said = run_jobs.poll(run, "report")["message"]
    assert "Start it again" in said
    assert str(run.job_file("report").with_suffix(".log")) in said


def test_runs_on_texts_have_report_and_card():
    run = with_figures(text_run(("bad", "good")))
    write_json(run.config_file, {**run.config().to_json(), "task": "text", "versions": {}, "created": 0})
    words = report(run)
    assert "learn to tell 2 classes of texts apart" in words
    assert "Why?" not in words
    assert "A text classifier" in card(run)
    assert "another writer" in words
    assert "camera" not in card(run)


def test_the_report_on_texts_shows_them_as_text_with_their_words(tmp_path, tmp_path_factory, monkeypatch):
    words_of = ("dull", "fine <script>", "good & bad", "so so")
    rows = [(f"a film, {words_of[n % 4]} {n}", ("bad", "good")[n % 2]) for n in range(9)]
    table = tmp_path / "films.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    run = with_figures(text_run(("bad", "good")))
    settings = {**run.config().to_json(), "data": str(table), "task": "text", "versions": {}, "created": 0}
    write_json(run.config_file, settings)
    files = run.dataset()["files"]
    for n, file in enumerate(files):
        file["path"] = f"films.csv#{n + 2}"
    write_json(run.dataset_file, {**run.dataset(), "root": str(tmp_path), "files": files})
    lines = run.predictions_file.read_text().splitlines()
    moved = [f"films.csv#{n}," + line.partition(",")[2] for n, line in enumerate(lines[1:], 3)]
    run.predictions_file.write_text("\n".join([lines[0], *moved]))
    text = rows[1][0]
    good = np.array([0.9 if "fine" in variant else 0.5 for variant in variants(text)])
    p = np.stack([1 - good, good], axis=1)
    noted = effects(text, p, ["bad", "good"], 1).to_json()
    write_json(run.words_file, {"phases": {"1": {files[1]["path"]: noted}}})
    made = report(run)
    assert "Why?" in made
    assert re.search(r'<mark class="for" style="--w:1.00">fine</mark>', made)
    assert "&lt;script&gt;" in made
    assert "<script> 1" not in made
    assert "good &amp; bad" in made
    assert "no longer where it was" not in made
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path / "elsewhere"))
    assert "Why?" not in report(run, bound=True)
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    assert "Why?" in report(run, bound=True)
    elsewhere = table.rename(tmp_path_factory.mktemp("elsewhere") / table.name)
    table.symlink_to(elsewhere)
    assert "Why?" not in report(run, bound=True)
    assert "Why?" in report(run)  # the shell's
    table.unlink()
    assert "Why?" not in report(run)


@pytest.mark.parametrize("classes", [("a", "b"), ("a", "b", "c <i>")])
def test_report_and_card_tell_of_the_line_that_was_drawn_and_what_it_costs(classes):
    run = with_figures(make_run(classes, phases=(1,)))
    assert "Predictions call" not in report(run) + card(run)
    before = card(run)
    name = classes[-2]
    run.write_notes(threshold={"class": name, "value": 0.125})
    p = np.array([float(row[f"p1:{name}"]) for row in run.predictions()])
    truth = np.array([row["label"] == name for row in run.predictions()])
    found = int((p[truth] >= 0.125).sum())
    low, high = clopper_pearson(found, int(truth.sum()))
    told = f"sensitivity {100 * found / truth.sum():.1f} % ({100 * low:.1f} % to {100 * high:.1f} %)"
    for made in (report(run), card(run)):
        assert f"Predictions call “{name}” whatever has a probability of 12.5 % or more" in plain(made)
        assert told in plain(made)
        assert ("the most probable of the others" in made) == (len(classes) > 2)
    assert all(line in card(run) for line in before.splitlines())  # no other figure moves


def test_report_and_card_say_when_there_is_no_answer_and_at_what_temperature():
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    always = "always names one of its classes"
    for made in (report(run), card(run)):
        assert always in made
        assert "Predictions give" not in made
    run.write_notes(abstain=0.7, temperature=1.5, threshold={"class": "b", "value": 0.4})
    rows = [(row["label"], np.array([float(row[f"p1:{name}"]) for name in "ab"])) for row in run.predictions()]
    said = [(true, answer(p, ("a", "b"), run.notes())["label"]) for true, p in rows]
    right = [true == called for true, called in said if called is not None]
    assert 0 < len(right) < 8
    told = f"{100 * len(right) / 8:.1f} % get one, and {100 * sum(right) / len(right):.1f} % of those are right"
    for made in (report(run), card(run)):
        assert always not in made
        assert "no answer where even the largest probability is below 70.0 %" in plain(made)
        assert told in plain(made)
        assert "at temperature 1.50" in made
        assert f"On the {len(right)} held-out pictures that get an answer: sensitivity " in made


def test_the_report_draws_both_curves_or_says_why_not():
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    made = report(run)
    assert "Found or false alarm" in made
    assert "Right when named" in made
    assert "too few to tell" in made  # four of each class
    write_json(run.evaluation_file(1), {**run.evaluation(1), "curves": {}})
    assert "too many classes to draw" in report(run)


def test_report_and_card_tell_of_a_phase_2_that_was_cut_off():
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    for made in (report(run), card(run)):
        assert "There was no phase 2: the network stayed frozen." in made
        assert "also chose the epoch, so the" in made
    run.events_file.write_text('{"t": 1.0, "kind": "phase", "phase": 2}\n')
    run.write_status(state="failed", error="The disk is full.", kept=1)
    for made in (report(run), card(run)):
        assert "Phase 2 did not finish: The disk is full." in made
        assert "There was no phase 2" not in made


def test_report_and_card_tell_of_held_out_pictures_that_were_learned_from_as_well():
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    for made in (report(run), card(run)):
        assert "in the training split as well" not in made
    dataset = run.dataset()
    copies = [
        {"path": f"a/{split}.png", "label": 0, "split": split, "hash": "one"} for split in ("train", "validation")
    ]
    write_json(run.dataset_file, {**dataset, "files": [*dataset["files"], *copies]})
    for made in (report(run), card(run)):
        assert "a little kind. 1 of them is in the training split as well, which flatters. Only" in made


def test_the_report_says_where_it_has_no_table_of_predictions():
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    assert "so no mistake can be shown" not in report(run)
    run.predictions_file.unlink()
    assert "predictions.csv cannot be read, so no mistake can be shown." in report(run)


def both_phases(run):
    """Add figures and predictions of a phase 2 to those that `with_figures` gave it."""
    classes, rows = run.dataset()["classes"], run.predictions()
    labels = np.array([classes.index(row["label"]) for row in rows])
    one = np.array([[float(row[f"p1:{name}"]) for name in classes] for row in rows])
    two = np.random.default_rng(1).dirichlet(np.ones(len(classes)), len(rows))
    write_json(run.evaluation_file(2), {**figures(two, labels, classes), **compare(one, two, labels, 3.0)})
    head = [*rows[0], *(f"p2:{name}" for name in classes)]
    run.write_predictions(head, [[*row.values(), *map(str, p)] for row, p in zip(rows, two, strict=True)])
    run.write_status(state="done", kept=2)
    return run


def test_with_a_test_split_mistakes_reasons_and_sureness_are_of_its_pictures_as_the_headline_is():
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    assert "of the 8 held-out pictures. The surest" in report(run)
    assert "Grad-CAM on a few held-out pictures" in report(run)
    held_out, classes = run.evaluation(1), ("a", "b")
    dataset, rows = run.dataset(), [list(row.values()) for row in run.predictions()]
    files = [{"path": f"a/test {k}.jpg", "label": 0, "split": "test", "hash": ""} for k in range(4)]
    write_json(run.dataset_file, {**dataset, "files": [*dataset["files"], *files]})
    p = np.array([[0.3, 0.7], [0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    test = figures(p, np.zeros(4, int), classes)
    write_json(run.evaluation_file(1), {**held_out, "test": test})
    more = [[file["path"], "a", "test", *map(str, q)] for file, q in zip(files, p, strict=True)]
    run.write_predictions(["path", "label", "split", "p1:a", "p1:b"], [*rows, *more])
    told = story(run)
    assert [told.cases.paths[row] for row in Pictures(told)._to_explain()] == [f"a/test {k}.jpg" for k in (2, 0, 1, 3)]
    made = report(run)
    assert "In 2 of the 4 test pictures. The surest mistakes first." in made
    assert "Grad-CAM on a few test pictures" in made
    assert "how sure it was, on test pictures" in made
    sure = [round(row["confidence"], 6) for row in test["reliability"] if row["n"]]
    charts = map(json.loads, re.findall(r'<script type="application/json">(.*?)</script>', made, re.DOTALL))
    assert sure in [[round(x, 6) for x in trace["x"]] for chart in charts for trace in chart["data"]]


@pytest.mark.parametrize("found", [None, "{"])
def test_report_and_card_of_a_run_whose_figures_of_phase_1_cannot_be_read_leave_them_out(found):
    run = both_phases(with_figures(make_run(("a", "b"))))
    assert "After phase 1, frozen" in report(run)
    run.evaluation_file(1).unlink()
    if found:
        run.evaluation_file(1).write_text(found)
    made = report(run)
    assert "After phase 1, frozen" not in made
    for told in (made, card(run)):
        assert run.evaluation(2)["verdict"] in plain(told)


@pytest.mark.parametrize("gone", ["p1", "p2"])
def test_the_report_shows_no_examples_of_a_phase_whose_predictions_are_gone(gone):
    run = both_phases(with_figures(make_run(("a", "b"))))
    assert "Why?" in report(run)
    assert "Mended: " in report(run)
    rows = [{k: v for k, v in row.items() if not k.startswith(gone)} for row in run.predictions()]
    run.write_predictions(list(rows[0]), [list(row.values()) for row in rows])
    made = report(run)
    assert "Mended: " not in made
    assert ("Why?" in made) == (gone == "p1")
    assert ("so no mistake can be shown" in made) == (gone == "p2")


def test_recipes_tell_lora_from_thawing():
    config = RunConfig(unfreeze="blocks:3", lora_rank=8)
    assert thawed(config) == "LoRA of rank 8 beside the attention of the last 3 blocks"
    assert thawed(config.replace(lora_rank=0)) == "the last 3 blocks"


def test_a_run_without_figures_has_no_report(tmp_path):
    for name in ("report", "card"):
        with pytest.raises(RunError, match="no figures"):
            export(make_run(), name, tmp_path / "x")


def test_the_card_has_the_papers_sections_and_true_figures(trained):
    run = Run(trained)
    made = card(run)
    for section in ("Model details", "Intended use", "Factors", "Metrics", "Training and evaluation data", "Ethical"):
        assert f"\n## {section}" in made
    assert f"{100 * run.evaluation(run.kept())['accuracy']:.1f} %" in made
    assert r"\<script\>" in made


def with_figures(run):
    """Figures of eight examples whose files are nowhere."""
    classes = run.dataset()["classes"]
    files = [{"path": f"{'ab'[k % 2]}/{k}.jpg", "label": k % 2, "split": "validation", "hash": ""} for k in range(8)]
    write_json(
        run.dataset_file, {**run.dataset(), "files": [{**files[0], "split": "train", "path": "a/t.jpg"}, *files]}
    )
    p = np.random.default_rng(0).dirichlet(np.ones(len(classes)), 8)
    write_json(run.evaluation_file(1), figures(p, np.arange(8) % 2, classes))
    rows = [[f["path"], classes[f["label"]], "validation", *map(str, q)] for f, q in zip(files, p, strict=True)]
    run.write_predictions(["path", "label", "split", *(f"p1:{name}" for name in classes)], rows)
    run.write_status(state="done", kept=1)
    return run


def test_with_two_classes_report_and_card_say_whose_precision_it_is():
    run = with_figures(make_run(("cats", "dogs"), phases=(1,)))
    made = report(run)
    assert "Average precision of dogs" in made
    assert "Average precision of dogs" in card(run)
    assert "Of dogs: how often a name" in made
    (drawn,) = re.findall(r'aria-label="Of dogs: how often[^>]*><script[^>]*>(.*?)</script>', made)
    assert json.loads(drawn)["layout"]["showlegend"]
    assert json.loads(drawn)["data"][0]["line"]["color"] == of_class(1)
    three = report(with_figures(make_run(("a", "b", "c"), phases=(1,))))
    assert "Average precision of" not in three
    assert "Of each class: how often a name" in three


def test_report_and_card_name_the_method_of_every_interval():
    run = both_phases(with_figures(make_run(("a", "b"))))
    for made, recall in ((report(run), "what is found"), (card(run), "recall")):
        said = f"95 % intervals: of {recall} by Wilson, of AUC by DeLong and Newcombe, of average precision by Wilson, "
        assert said in plain(made)
        assert re.search(r"95 % interval 0\.\d+ to 0\.\d+, DeLong and Newcombe", plain(made))
        assert re.search(r"95 % interval 0\.\d+ to 0\.\d+, Wilson, after Boyd", plain(made))
    assert re.search(r"percentage points \(95 % interval \S+ to \S+, Bonett and Price\)", plain(report(run)))


def test_a_loss_of_accuracy_has_a_true_minus():
    run = both_phases(with_figures(make_run(("a", "b"))))
    write_json(
        run.evaluation_file(2), {**run.evaluation(2), "difference": -0.0062, "difference_interval": [-0.02, 0.01]}
    )
    assert "is −0.6 percentage points (95 % interval −2.0 to +1.0" in plain(report(run))


def test_an_area_that_is_not_quite_1_is_rounded_up_to_it_nowhere():
    run = with_figures(make_run(("a", "b"), phases=(1,)))
    found = run.evaluation(1)
    areas = {"auc": 0.9998, "average_precision": 0.9997}
    areas |= {f"{key}_interval": [0.9886, 0.99999] for key in areas}
    rows = [{**row, **areas} for row in found["per_class"]]
    write_json(run.evaluation_file(1), {**found, **areas, "per_class": rows})
    made = report(run)
    assert "b, area above 0.999" in made
    assert "b, average above 0.999" in made
    assert "above 0.999 (0.989 to above 0.999)" in made
    assert "1.000" not in re.sub(r"<script.*?</script>", "", made, flags=re.DOTALL)
    assert "1.000" not in card(run)


def test_a_table_sets_thousands_apart_and_parts_names_at_underscores_only_but_for_very_long_ones():
    made = table(("Class", "Train"), [("no_tumor <b>", 4265), ("n" * 30, 1)], (1,))
    assert "<td>no_<wbr>tumor &lt;b&gt;</td><td class=n>4,265</td>" in made
    assert f"<td class=long>{'n' * 30}</td>" in made


@pytest.mark.parametrize("draw", [report_charts.roc, report_charts.precision_recall])
def test_each_of_twenty_classes_has_a_line_of_its_own_in_no_phases_colour(draw):
    curve = {"fpr": [0, 1], "tpr": [0, 1], "recall": [0, 1], "precision": [1, 0.5]}
    names = [f"class {n}" for n in range(20)]
    lines = {
        t["name"]: t["line"]
        for t in draw(dict.fromkeys(names, curve), dict.fromkeys(names))["data"]
        if t["name"] != "chance"
    }
    assert len({(line["color"], line["dash"]) for line in lines.values()}) == 20
    assert not {report_charts.BLUE, report_charts.ORANGE} & {line["color"] for line in lines.values()}


@pytest.mark.parametrize(("measure", "places"), [("loss", [0.5, 0.4]), ("accuracy", [0.8, 0.85])])
def test_a_ring_marks_the_epoch_whose_model_each_phase_keeps(measure, places):
    held_out = [(1, 0.7, 0.9), (1, 0.5, 0.8), (1, 0.5, 0.7), (2, 0.4, 0.85), (2, 0.6, 0.9)]
    epochs = [
        {"phase": phase, "epoch": n, "loss": 1.0, "accuracy": 0.5, "val_loss": loss, "val_accuracy": accuracy}
        for n, (phase, loss, accuracy) in enumerate(held_out, 1)
    ]
    rings = [t for t in report_charts.learning(epochs, measure)["data"] if t["mode"] == "markers"]
    assert [(ring["x"], ring["y"]) for ring in rings] == [([2], [places[0]]), ([4], [places[1]])]
    assert [ring["marker"]["color"] for ring in rings] == [report_charts.BLUE, report_charts.ORANGE]


def test_classes_whose_long_names_begin_alike_have_rows_of_their_own():
    figure = report_charts.confusion([[2, 1], [0, 3]], [f"{'a' * 60} {n}" for n in (1, 2)])
    assert len(set(figure["data"][0]["y"])) == len(figure["layout"]["yaxis"]["ticktext"]) == 2


def test_a_class_without_examples_is_not_said_to_be_never_found():
    run = make_run(("a", "b", "c"), phases=(1,))
    answers = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1]])
    write_json(run.evaluation_file(1), figures(answers, np.array([0, 1, 1]), ("a", "b", "c")))
    assert "| c | – | – (–) | – |" in card(run)
    assert "<td>– (–)</td>" in report(run)
