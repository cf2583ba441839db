"""Other data against the held-out examples: the sentence claims no more than the counts show."""

import numpy as np
import pytest

from core.evaluation.metrics import figures
from core.evaluation.shift import against

CLASSES = ("glioma", "none")


def of(glioma, none):
    """Figures where so many of each class were found: ((found, all), (found, all))."""
    labels = np.repeat([0, 1], [glioma[1], none[1]])
    answers = np.concatenate([np.arange(glioma[1]) >= glioma[0], np.arange(none[1]) < none[0]]).astype(int)
    return figures(np.eye(2)[answers] * 0.8 + 0.1, labels, CLASSES)


HELD_OUT = of((90, 100), (95, 100))


def test_a_drop_is_told_with_its_interval_and_the_class_that_lost_most():
    found = against(HELD_OUT, of((30, 100), (95, 100)))
    assert found["verdict"] == (
        "30.0 points lower than 92.5 % on the 200 held-out pictures (95 % interval 22.2 to 37.5): more than chance, so "
        "these data differ. It lost most on glioma: 30 % found there, 90 % among the held-out."
    )
    assert found["difference"] == pytest.approx(-0.3)


def test_no_difference_says_how_many_examples_could_not_show_one():
    found = against(HELD_OUT, of((9, 10), (9, 10)), "texts")
    assert found["verdict"] == "No difference from 92.5 % on the 200 held-out texts that these 20 could show."


def test_better_is_told_without_a_class_that_lost():
    found = against(of((60, 100), (60, 100)), HELD_OUT)
    assert "points higher than 60.0 %" in found["verdict"]
    assert "lost" not in found["verdict"]


def test_a_class_is_named_only_if_its_loss_is_more_than_chance():
    other = of((60, 100), (95, 100))
    rare = {"class": "rare", "recall": 0.0, "precision": 0.0, "support": 1}
    before = {**HELD_OUT, "per_class": [*HELD_OUT["per_class"], {**rare, "recall": 1.0, "support": 2}]}
    assert "lost most on glioma" in against(before, {**other, "per_class": [*other["per_class"], rare]})["verdict"]
    evenly = against(of((90, 100), (90, 100)), of((82, 100), (82, 100)))
    assert evenly["verdict"].endswith("these data differ.")


def test_a_class_without_examples_on_one_side_lost_nothing():
    assert "lost most on none: 50 %" in against(HELD_OUT, of((0, 0), (50, 100)))["verdict"]
    assert "lost" not in against(of((0, 0), (95, 100)), of((10, 100), (95, 100)))["verdict"]


def test_where_there_is_a_test_split_it_is_compared_with_that():
    found = against({**of((99, 100), (99, 100)), "test": HELD_OUT}, of((30, 100), (95, 100)))
    assert "than 92.5 % on the 200 test pictures" in found["verdict"]
    assert found["verdict"].endswith("90 % among the test.")


@pytest.mark.parametrize(
    "known", [{}, {"accuracy": 0.5}, {**HELD_OUT, "accuracy": float("nan")}, {**HELD_OUT, "n": "x"}]
)
def test_nothing_is_compared_with_figures_that_make_no_sense(known):
    assert against(known, HELD_OUT) is None
