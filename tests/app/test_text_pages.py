"""The pages for texts, without a browser."""

import os
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import words
from core.config import RunConfig
from core.data import text_scan, texts
from core.decision import answer
from core.evaluation.metrics import figures
from core.evaluation.verdict import compare
from core.files import read_json, write_json
from core.service_client import service
from tests.core.served_run import text_run
from tests.core.text_data import needs_minilm, write_reviews

ROOT = Path(__file__).parents[2]


@pytest.fixture
def reviews(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    table = write_reviews(tmp_path / "reviews <b>.csv", 15)
    text_scan.scan(RunConfig(data=str(table)))
    return table


def _open(page, **query):
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    app.run()
    app.switch_page(f"components/pages/{page}.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def _errors(app):
    return [error.value for error in [*app.error, *app.exception]]


def test_the_data_page_shows_texts_of_each_class(reviews):
    app = _open("data", data=str(reviews))
    assert not _errors(app)
    shown = "".join(str(html.proto.body) for html in app.get("html"))
    assert "texts" in shown
    assert "this film is wonderful, number 0" in shown


@pytest.mark.timeout(60)
def test_a_pipe_in_place_of_the_table_is_refused_and_hangs_no_page(reviews):
    reviews.unlink()
    os.mkfifo(reviews)
    for page in ("data", "train"):
        app = _open(page, data=str(reviews))
        assert not app.exception
    assert any("it is no file" in error.value for error in _open("data", data=str(reviews)).error)


def test_texts_too_large_for_a_page_are_not_read_by_it(reviews, monkeypatch):
    monkeypatch.setattr(texts, "SHOWN_BYTES", 300)
    (folder := reviews.parent / "folders").mkdir()
    for name in ("good", "bad"):
        (folder / name).mkdir()
        for n in range(12):
            (folder / name / f"{n}.txt").write_text(f"this film is {name}, number {n}")
    for data in (reviews, folder):
        scan = text_scan.scan(RunConfig(data=str(data)), use_cache=False)
        assert texts.to_show(data, RunConfig(data=str(data))) == {}
        assert [note for note in scan.notes if "not shown on the pages" in note]
        assert len(scan.files) > 20  # training has them all
        for page in ("data", "train"):
            app = _open(page, data=str(data))
            assert not _errors(app)
            shown = "".join(str(html.proto.body) for html in app.get("html"))
            assert "number 1" not in shown
    monkeypatch.setattr(texts, "SHOWN_BYTES", 10**6)
    assert len(texts.to_show(folder, RunConfig(data=str(folder)))) == 24


def test_the_train_page_starts_from_the_settings_for_texts(reviews):
    app = _open("train", data=str(reviews))
    assert not _errors(app)
    assert not app.button(key="start").disabled
    draft = app.session_state["draft"]
    assert (draft.task, draft.backbone, draft.unfreeze) == ("text", "MiniLM", "blocks:3")


@pytest.mark.parametrize("layers", [1, 9])
def test_the_train_page_counts_the_layers_of_a_folders_own_encoder(layers, reviews, tmp_path):
    told = {"num_hidden_layers": layers, "num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 32}
    (tmp_path / "own").mkdir()
    sizes = {"vocab_size": 50, "max_position_embeddings": 64}
    write_json(tmp_path / "own" / "config.json", {"model_type": "bert", **told, **sizes})
    app = _open("train", data=str(reviews))
    app.session_state["draft"] = app.session_state["draft"].replace(weights=str(tmp_path / "own"), unfreeze="blocks:1")
    app.run()
    assert not _errors(app)
    assert [slider.max for slider in app.slider if slider.key == "thaw-blocks"] == ([9] if layers == 9 else [])


@needs_minilm
def test_the_train_page_tells_what_each_sequence_length_costs(reviews):
    app = _open("train", data=str(reviews))
    app.session_state["fold-settings"] = True
    app.run()
    assert any("No text is longer than 64 tokens." in caption.value for caption in app.caption)
    app.slider(key="set-sequence_length").set_value(8).run()
    assert not _errors(app)
    table = app.dataframe[0].value
    assert table["tokens"].tolist() == ["8, chosen", "64", "128", "256", "512"]
    assert table["cut"].tolist()[1:] == ["0.0 %"] * 4
    assert any("of the texts are longer than 8 tokens and are cut there." in caption.value for caption in app.caption)
    assert any("Counted on 30 texts" in caption.value for caption in app.caption)
    assert table["time"].tolist()[0] == "× 1.00"
    assert len(set(table["time"].tolist()[1:])) == 1  # no text is longer than the shortest of these


def test_a_column_that_is_not_there_leaves_the_train_page_whole(reviews):
    app = _open("train", data=str(reviews))
    app.session_state["fold-settings"] = True
    app.session_state["draft"] = app.session_state["draft"].replace(text_column="nothing")  # as a settings file may
    app.run()
    assert not [e for e in _errors(app) if "did not foresee" in e]
    assert app.selectbox(key="set-text_column").value == "nothing"


@pytest.mark.parametrize("preset", ["quick", "tutorial"])
def test_every_preset_for_texts_can_be_opened(reviews, preset):
    app = _open("train", data=str(reviews))
    app.session_state["fold-settings"] = True
    app.button_group(key="preset").set_value(preset).run()
    assert not _errors(app)
    assert app.session_state["draft"].preset == preset
    assert app.session_state["draft"].task == "text"


def _html(app):
    return "".join(str(html.proto.body) for html in app.get("html"))


@pytest.fixture
def run(reviews):
    """A finished run on the reviews, with a model that knows three words; one text is full of markup."""
    with reviews.open("a", encoding="utf-8") as table:
        table.write('"a <script>alert(1)</script> good film",good\n')
    made = text_run()
    config = RunConfig(data=str(reviews), task="text", backbone="MiniLM")
    write_json(made.config_file, {**config.to_json(), "versions": {}, "created": 0})
    manifest = text_scan.manifest(config)
    write_json(made.dataset_file, manifest.to_json())
    made.phase_model_file(2).write_bytes(made.phase_model_file(1).read_bytes())
    held = manifest.rows("validation")
    labels, classes = manifest.labels(held), list(manifest.classes)
    draws = np.random.default_rng(0).uniform(0.05, 0.95, (2, len(held)))
    shares = [np.stack([1 - p, p], axis=1) for p in draws]
    for phase, p in enumerate(shares, 1):
        more = compare(shares[0], p, labels, 3.0) if phase == 2 else {}
        write_json(made.evaluation_file(phase), {**figures(p, labels, classes), **more, "seconds": 3.0})
    header = ["path", "label", "split", *(f"p{phase}:{c}" for phase in (1, 2) for c in classes)]
    rows = [
        [
            manifest.files[row].path,
            classes[labels[i]],
            "validation",
            *(f"{p[i, c]:.9g}" for p in shares for c in (0, 1)),
        ]
        for i, row in enumerate(held)
    ]
    made.write_predictions(header, rows)
    return made


def _noted(run):
    """Words of the text full of markup and of another one, as the worker notes them."""
    texts = dict(zip((f["path"] for f in run.dataset()["files"]), _contents(run), strict=True))
    path = next(path for path, text in texts.items() if "<script>" in text)
    some = [(path, texts[path]), next(iter(texts.items()))]

    def ask(batch):
        p = np.array([0.9 if "good" in text else 0.6 if "<script>" in text else 0.5 for text in batch])
        return np.stack([1 - p, p], axis=1)

    phases = {str(phase): words.look_at_all(some, ask, run.dataset()["classes"], phase) for phase in (1, 2)}
    write_json(run.words_file, {"phases": phases})
    return path


def _contents(run):
    return text_scan.contents(text_scan.scan(run.config()), run.config())


@pytest.mark.parametrize("part", ["good", "wrong", "why", "phases", "take"])
def test_every_part_of_the_results_of_texts_opens(run, part):
    assert not _errors(_open("results", run=run.id, part=part))


def test_results_tint_the_words_of_the_samples_and_show_texts_as_text(run):
    _noted(run)
    app = _open("results", run=run.id, part="why")
    assert not _errors(app)
    shown = _html(app)
    assert re.search(r'<mark class="for" style="--w:1.00" title="good 60.0 % instead of 90.0 %">good</mark>', shown)
    assert "alert(1)" in shown
    assert "<script>" not in shown
    assert "No single word carries this answer." in shown
    app.button_group(key="words-phase").set_value(1).run()
    assert not _errors(app)


def test_results_of_a_run_without_words_say_where_to_ask(run):
    app = _open("results", run=run.id, part="why")
    assert any("ask for its words" in caption.value for caption in app.caption)


def _large(run_path, path):
    from components.results.picture import _content
    from components.results.report import report
    from core.record import Run

    _content(report(Run(run_path)), path, True)


def test_a_text_that_is_opened_shows_its_words_after_both_phases(run):
    app = AppTest.from_function(_large, args=(str(run.path), _noted(run)), default_timeout=30).run()
    assert not _errors(app)
    assert _html(app).count(">good</mark>") == 2


def test_words_of_a_text_are_shown_for_any_class_and_say_that_they_are_not_calibrated(run):
    path = _noted(run)
    run.write_notes(temperature=2.0)
    try:
        service(run).wait()
        app = AppTest.from_function(_large, args=(str(run.path), path), default_timeout=30).run()
        assert "before calibration" in _html(app)
        app.selectbox(key="words-class").set_value("bad").run()
        assert not _errors(app)
        assert _html(app).count("speaks for <b>bad</b>") == 2
    finally:
        service(run).stop()


def test_samples_are_as_sure_as_their_answers_are(run):
    path = _noted(run)
    run.write_notes(temperature=2.0)
    noted, row = read_json(run.words_file), run.predictions()[0]
    write_json(run.words_file, {"phases": {"1": {row["path"]: noted["phases"]["1"][path]}}})
    shares = answer(np.array([float(row["p1:bad"]), float(row["p1:good"])]), ["bad", "good"], run.notes())
    shown = _html(_open("results", run=run.id, part="why"))
    assert f"<b>good</b> {100 * shares['probabilities']['good']:.1f} %" in shown
    assert "before calibration" in shown


def test_a_cell_of_the_confusions_opens_its_texts(run):
    texts = dict(zip((f["path"] for f in run.dataset()["files"]), _contents(run), strict=True))
    cells = {(true, answer): [] for true in (0, 1) for answer in (0, 1)}
    for row in run.predictions():
        cells[int(row["label"] == "good"), int(float(row["p1:good"]) > 0.5)].append(texts[row["path"]])
    app = _open("results", run=run.id, part="wrong")
    filled = {cell: there for cell, there in cells.items() if there}
    assert any(true != answer for true, answer in filled)
    for cell, there in filled.items():
        app.selectbox(key=f"cell-{run.id}-1-validation").set_value(cell).run()
        assert not _errors(app)
        grid = next(x.proto for x in app.get("bidi_component") if x.proto.id.endswith("-cell"))
        shown = unescape(str(grid))
        assert sum(text in shown for text in texts.values()) == min(4, len(there))
        assert sum(text in shown for text in there) == min(4, len(there))


def test_try_it_answers_a_text_and_tints_its_words(run):
    app = _open("try_it", run=run.id)
    try:
        service(run).wait()
        app.text_area(key="try-text").set_value("a <i>good</i> & bad film").run()
        assert not _errors(app)
        shown = _html(app)
        assert 'class="thaw-answer"' in shown
        assert len(re.findall(r'<mark class="(?:for|against)"', shown)) >= 3  # two of them explain the colours
        assert "&lt;i&gt;good&lt;/i&gt; &amp; " in re.sub(r"</?mark[^>]*>", "", shown)
        app.text_area(key="try-text").set_value("").run()
        assert 'class="thaw-answer"' not in _html(app)
    finally:
        service(run).stop()


def test_lora_is_chosen_beside_the_thaw_control_at_a_rate_that_suits(reviews):
    app = _open("train", data=str(reviews))
    rate = app.session_state["draft"].phase2.learning_rate
    app.button_group(key="thaw-way").set_value("lora").run()
    assert not _errors(app)
    assert (app.session_state["draft"].lora_rank, app.session_state["draft"].unfreeze) == (8, "blocks:3")
    assert app.session_state["draft"].phase2.learning_rate == pytest.approx(10 * rate)
    shown = "".join(str(html.proto.body) for html in app.get("html"))
    assert "LoRA learns beside it" in shown
    assert "322 k" in shown  # 98,817 of the head and 3 x 74,240
    app.select_slider(key="lora-rank").set_value(16).run()
    assert app.session_state["draft"].lora_rank == 16
    app.button_group(key="thaw-way").set_value("thaw").run()
    assert not _errors(app)
    assert app.session_state["draft"].lora_rank == 0
    assert app.session_state["draft"].phase2.learning_rate == pytest.approx(rate)
