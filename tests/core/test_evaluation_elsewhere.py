"""Other data against the held-out examples: the sentence claims no more than the counts show."""

import numpy as np
import pytest

from core.evaluation.elsewhere import against
from core.evaluation.metrics import figures

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
        "30.0 points lower than 92.5 % on the held-out pictures (95 % interval 22.2 to 37.5): more than chance, so "
        "these data differ. It lost most on glioma: 30 % found there, 90 % among the held-out."
    )
    assert found["difference"] == pytest.approx(-0.3)


def test_no_difference_says_how_many_examples_could_not_show_one():
    found = against(HELD_OUT, of((9, 10), (9, 10)), "texts")
    assert found["verdict"] == "No difference from 92.5 % on the held-out texts that these 20 texts could show."


def test_better_is_told_without_a_class_that_lost():
    found = against(of((60, 100), (60, 100)), HELD_OUT)
    assert "points higher than 60.0 %" in found["verdict"]
    assert "lost" not in found["verdict"]


def test_a_drop_over_all_classes_names_one_only_if_it_lost_much():
    found = against(of((9_000, 10_000), (9_000, 10_000)), of((8_700, 10_000), (8_700, 10_000)))
    assert found["verdict"].endswith("these data differ.")


def test_a_class_without_examples_there_lost_nothing():
    assert "lost most on none: 50 %" in against(HELD_OUT, of((0, 0), (50, 100)))["verdict"]
