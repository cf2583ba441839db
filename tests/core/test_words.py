"""Which words carry a text's answer: what an effect must equal, and what a long or an odd text comes to."""

import numpy as np
import pytest
from served_run import text_run

from core import words
from core.errors import ConfigError
from core.files import write_json
from core.predict import Predictor
from core.words import MOST_WORDS, Words, effects, look_at_all, look_with, of_samples, places, variants


def test_an_effect_is_how_far_the_log_odds_fall_without_the_word():
    text = "a fine film"
    p = np.array([[0.2, 0.8], [0.2, 0.8], [0.6, 0.4], [0.1, 0.9]], np.float32)
    found = effects(text, p, ["bad", "good"], 2)
    assert (found.label, found.phase, found.probability) == ("good", 2, pytest.approx(0.8))
    assert [text[w.start : w.end] for w in found.words] == ["a", "fine", "film"]
    assert [w.effect for w in found.words] == pytest.approx([0, np.log(4) - np.log(2 / 3), np.log(4) - np.log(9)])
    assert [w.without for w in found.words] == pytest.approx([0.8, 0.4, 0.9])
    against = effects(text, p, ["bad", "good"], 2, "bad")
    assert [w.effect for w in against.words] == pytest.approx([-w.effect for w in found.words])


def test_words_still_differ_where_the_answer_is_as_good_as_certain():
    p = np.array([[1e-9, 1.0], [1e-6, 1.0]], np.float32)
    assert effects("x", p, ["bad", "good"], 1).words[0].effect == pytest.approx(np.log(1000), abs=1e-3)


def test_every_word_is_left_out_once_and_nothing_else_changes():
    assert variants(" wow,\n so  good ") == [
        " wow,\n so  good ",
        " \n so  good ",
        " wow,\n   good ",
        " wow,\n so   ",
    ]
    assert variants("") == [""]


def test_texts_without_spaces_are_taken_apart_by_character():
    spans, more = places("很好 movie")
    assert (spans, more) == ([(0, 1), (1, 2), (3, 8)], 0)


def test_a_long_text_stays_bounded_and_says_how_much_was_left():
    text = "word " * 1000
    assert len(variants(text)) == MOST_WORDS + 1
    found = effects(text, np.full((MOST_WORDS + 1, 2), 0.5), ["a", "b"], 1)
    assert (len(found.words), found.more) == (MOST_WORDS, 1000 - MOST_WORDS)


def test_words_survive_their_way_through_json():
    found = effects("很好 <b>", np.array([[0.25, 0.75]] * 4), ["a", "b"], 2)
    assert Words.from_json(found.to_json()) == found


def test_a_models_words_are_those_that_it_knows():
    predictor = Predictor(text_run(), 1)
    text = "the good unknown film"
    found = look_with(predictor, text)
    assert found.probability == pytest.approx(float(predictor.predict(text).max()), abs=1e-6)
    assert [text[w.start : w.end] for w in found.words if abs(w.effect) > 1e-3] == ["good", "film"]
    assert found.words[1].without == pytest.approx(
        float(predictor.predict("the  unknown film")[predictor.classes.index(found.label)]), abs=1e-5
    )
    with pytest.raises(ConfigError, match="Unknown class"):
        look_with(predictor, text, "neither")


def test_samples_are_looked_at_until_the_time_is_up(monkeypatch):
    def ask(texts):
        return np.full((len(texts), 2), 0.5)

    texts = [(f"{n}", "one two") for n in range(3)]
    assert list(look_at_all(texts, ask, ["a", "b"], 1)) == ["0", "1", "2"]
    monkeypatch.setattr(words, "SECONDS", -1.0)
    assert look_at_all(texts, ask, ["a", "b"], 1) == {}


def test_a_run_without_words_has_none():
    run = text_run()
    assert of_samples(run) == {}
    write_json(run.words_file, {"phases": {"1": {"x": {"class": "good"}}}})
    assert of_samples(run) == {}
