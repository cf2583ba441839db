"""`POST /explain`, on the real server, and the page's client."""

import json

import numpy as np
import pytest
from served_run import CLASSES, make_run, picture, text_run
from starlette.testclient import TestClient

from core.data.pixels import read_pixels
from core.errors import DataError
from core.explain import Explainer
from core.explanations import heat_map, overlay
from core.openapi import document
from core.predict import Predictor
from core.record import Run
from core.serve import build
from core.service_client import service
from core.words import look_with, of_text

HEAD = {"Authorization": "Bearer t"}


def ask(run, file, query="", **options):
    with TestClient(build(run, "t")) as client:
        while client.get("/healthz").json()["status"] == "loading":
            pass
        return client.post(f"/explain{query}", files={"file": file.read_bytes()}, headers=HEAD, **options)


def test_the_service_explains_as_the_library_does(trained, tmp_path):
    run, file = Run(trained), picture(tmp_path / "x.png", (50, 40))
    said = ask(run, file, "?class=<script>&method=occlusion&phase=1")
    expected = Explainer(run, 1).explain(read_pixels(file), "<script>", "occlusion")
    assert said.status_code == 200
    assert said.json() == json.loads(json.dumps(expected.to_json()))


def test_it_draws_the_map_on_the_picture(trained, tmp_path):
    run, file = Run(trained), picture(tmp_path / "x.png", (50, 40))
    said = ask(run, file, "?format=png")
    assert said.headers["content-type"] == "image/png"
    pixels = read_pixels(file)
    assert said.content == overlay(pixels, Explainer(run).explain(pixels).grid)


@pytest.mark.parametrize("query", ["?class=neither", "?method=tea", "?phase=3", "?format=pdf"])
def test_an_unknown_wish_is_refused_in_a_sentence(trained, tmp_path, query):
    said = ask(Run(trained), picture(tmp_path / "x.png"), query)
    assert said.status_code == 422
    assert said.json()["error"].endswith(".")


def ask_of_text(run, body, query=""):
    with TestClient(build(run, "t")) as client:
        while client.get("/healthz").json()["status"] == "loading":
            pass
        return client.post(f"/explain{query}", json=body, headers=HEAD)


def test_the_service_tells_what_each_word_of_a_text_does():
    run, text = text_run(), "good  <b>film</b>"
    said = ask_of_text(run, {"text": text}, "?class=good&phase=1")
    assert said.status_code == 200
    assert said.json() == json.loads(json.dumps(look_with(Predictor(run, 1), text, "good").to_json()))
    assert [text[w["start"] : w["end"]] for w in said.json()["words"]] == ["good", "<b>film</b>"]
    schema = document("text")["components"]["schemas"]["Explanation"]
    assert set(schema["required"]) == set(said.json())
    assert "image/png" not in json.dumps(document("text")["paths"]["/explain"])


@pytest.mark.parametrize("query", ["?class=neither", "?method=gradcam", "?phase=3", "?format=png"])
def test_an_unknown_wish_about_a_text_is_refused_in_a_sentence(query):
    said = ask_of_text(text_run(), {"text": "good film"}, query)
    assert said.status_code == 422
    assert said.json()["error"].endswith(".")


def test_an_example_of_the_other_kind_is_refused(trained, tmp_path):
    said = ask(text_run(), picture(tmp_path / "x.png"))
    assert (said.status_code, said.json()["error"]) == (422, "This run answers for texts.")
    said = ask_of_text(Run(trained), {"text": "good film"})
    assert (said.status_code, said.json()["error"]) == (422, "This run answers for pictures.")


def test_the_page_gets_words_once_and_then_from_the_run():
    run = text_run()
    try:
        first = of_text(run, "good film", 1)
    finally:
        service(run).stop()
    again = of_text(run, "good film", 1)  # nothing answers any more
    assert again == first
    assert len(list(run.explanations.glob("*.json"))) == 1


def test_a_model_of_another_maker_is_told(tmp_path):
    said = ask(make_run(CLASSES), picture(tmp_path / "x.png"))
    assert (said.status_code, "not made by Thaw" in said.json()["error"]) == (503, True)


def test_the_page_gets_a_map_once_and_then_from_the_run(trained, tmp_path):
    run, file = Run(trained), picture(tmp_path / "x.png", seed=5)
    before = set(run.explanations.glob("*.json"))
    try:
        first = heat_map(run, file, phase=1)
        with pytest.raises(DataError, match="Unknown class"):
            heat_map(run, file, label="neither")
    finally:
        service(run).stop()
    again = heat_map(run, file.read_bytes(), phase=1)  # nothing answers any more
    assert np.array_equal(first.grid, again.grid)
    assert len(set(run.explanations.glob("*.json")) - before) == 1
