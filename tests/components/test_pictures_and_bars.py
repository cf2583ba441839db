from components.answer import answer, changed_words
from components.bars import balance_bar, probability_bars
from components.pictures import Card, cards, strip
from components.running_samples import answers
from components.samples_of import spread

NASTY = "<script>alert(1)</script>"


def test_names_are_text_everywhere():
    made = [
        strip(NASTY, NASTY, [b"\x89PNG"]),
        cards([Card(b"x", NASTY, NASTY, 0.5, NASTY, False)]),
        probability_bars({NASTY: 1.0}),
        balance_bar({NASTY: 3, "b": 1}),
        answer({"label": NASTY, "probability": 0.5, "probabilities": {NASTY: 0.5}}, NASTY + "2", 0.01),
    ]
    assert not any("<script" in html for html in made)


def test_an_answer_by_the_line_says_that_another_class_is_more_probable():
    shares = {"glioma": 0.4, "healthy": 0.5, "pituitary": 0.1}
    said = {
        name: answer({"label": name, "probability": p, "probabilities": shares}, None, 0.01)
        for name, p in shares.items()
    }
    assert "by the line that was drawn" in said["glioma"]
    assert "by the line" not in said["healthy"]
    assert "by the line" not in answer({"label": None, "probability": 0.5, "probabilities": shares}, None, 0.01)


def test_right_and_wrong_are_told_by_a_mark_and_a_word():
    right, wrong = (cards([Card(None, "a", "a", 0.5, right=value)]) for value in (True, False))
    assert "check" in right
    assert 'aria-label="right"' in right
    assert "close" in wrong
    assert 'aria-label="wrong"' in wrong


def test_samples_say_what_changed_since_the_epoch_before():
    files = [{"label": 0}, {"label": 1}, {"label": 0}]
    before = {"rows": [7, 8], "probabilities": [[0.6, 0.4], [0.7, 0.3]]}
    now = {"rows": [7, 8, 9], "probabilities": [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]}
    one, two, three = answers(["a", "b"], files, [None] * 3, now, before)
    assert (one.answer, one.change, one.right) == ("a", "▲ 30 points", True)
    assert (two.answer, two.change, two.right) == ("b", "was a", True)
    assert three.change == ""


def test_the_most_probable_classes_come_first():
    html = probability_bars({"a": 0.1, "b": 0.7, "c": 0.2}, top=2)
    assert html.index(">b<") < html.index(">c<")
    assert ">a<" not in html


def test_many_classes_share_the_rest_of_the_bar():
    assert "1,976 more classes" in balance_bar({f"c{n}": 1 for n in range(2000)})


def test_phase_2_is_compared_in_words():
    one, two = {"label": "a", "probability": 0.6}, {"label": "a", "probability": 0.9}
    assert changed_words({1: one, 2: two}) == "Phase 2 made it surer: 60.0 % became 90.0 %."
    assert "a became b" in changed_words({1: one, 2: {"label": "b", "probability": 0.9}})
    assert "changed nothing" in changed_words({1: one, 2: one})


def test_examples_are_spread_evenly():
    assert spread(range(10), 5) == [0, 2, 4, 6, 8]
    assert spread(range(3), 5) == [0, 1, 2]
    assert sorted(set(spread(range(10), 5, start=1))) == [1, 3, 5, 7, 9]
