"""A line on one class of several, worked by hand: who is called it, and what the others become."""

import numpy as np
import pytest
from scipy.stats import beta

from core.decision import NONE, answer, chosen, drawn, least_sure
from core.evaluation import thresholds
from core.evaluation.diagnostic import at_sensitivity

CLASSES = ("glioma", "healthy", "pituitary")
P = np.array(
    [
        [0.70, 0.20, 0.10],
        [0.40, 0.50, 0.10],  # a glioma that is taken for healthy
        [0.30, 0.25, 0.45],  # and one that is taken for pituitary
        [0.35, 0.60, 0.05],
        [0.10, 0.80, 0.10],
        [0.45, 0.15, 0.40],  # pituitary, taken for glioma
        [0.05, 0.15, 0.80],
    ]
)
LABELS = np.array([0, 0, 0, 1, 1, 2, 2])


def test_who_is_below_the_line_is_called_by_the_most_probable_of_the_others():
    assert chosen(P).tolist() == [0, 1, 2, 1, 1, 0, 2]
    assert chosen(P, (0, 0.4)).tolist() == [0, 0, 2, 1, 1, 0, 2]
    assert chosen(P, (0, 0.5)).tolist() == [0, 1, 2, 1, 1, 2, 2]  # the most probable is not enough: pituitary follows


@pytest.mark.parametrize(
    ("goal", "lowest", "found", "alarms"), [(1 / 3, 0.70, 1, 0), (2 / 3, 0.40, 2, 1), (0.9, 0.30, 3, 2)]
)
def test_line_of_one_class_against_the_rest_is_the_highest_that_reaches_its_goal(goal, lowest, found, alarms):
    row = at_sensitivity(P, LABELS, 0, goal)
    assert lowest - 1e-3 < row["value"] <= lowest
    assert (row["tp"], row["fn"], row["fp"], row["tn"]) == (found, 3 - found, alarms, 4 - alarms)
    low = beta.ppf(0.025, found, 4 - found)
    high = beta.ppf(0.975, found + 1, 3 - found) if found < 3 else 1.0
    assert row["sensitivity_interval"] == pytest.approx([low, high])
    assert thresholds.at(P[:, 0], LABELS == 0, lowest + 1e-6)["sensitivity"] < goal
    assert (chosen(P, (0, row["value"])) == 0).sum() == found + alarms


def test_answers_of_several_classes_follow_the_line_in_the_notes():
    notes = {"threshold": {"class": "glioma", "value": 0.4}}
    said = answer(P[1], CLASSES, notes)
    assert (said["label"], said["probability"]) == ("glioma", pytest.approx(0.4))
    assert answer(P[2], CLASSES, notes)["label"] == "pituitary"
    assert answer(P[5], CLASSES, {"threshold": {"class": "glioma", "value": 0.5}})["label"] == "pituitary"


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan"), None, "0.5", True])
def test_a_line_that_is_no_probability_is_none(value):
    assert drawn(CLASSES, {"threshold": {"class": "glioma", "value": value}}) is None


def test_a_line_is_read_as_it_was_always_written():
    assert drawn(("no", "yes"), {"threshold": {"class": "yes", "value": 0.25, "was": {}}}) == (1, 0.25)
    assert drawn(CLASSES, {}) is None
    assert drawn(CLASSES, {"threshold": {"class": "gone", "value": 0.25}}) is None


def test_many_are_answered_as_one_is():
    random = np.random.default_rng(0)
    p = random.dirichlet(np.ones(3), 200)
    for notes in ({}, {"abstain": 0.5}, {"threshold": {"class": "healthy", "value": 0.3}, "abstain": 0.6}):
        many = chosen(p, drawn(CLASSES, notes), least_sure(notes))
        said = [answer(row, CLASSES, notes)["label"] for row in p]
        assert [None if k == NONE else CLASSES[k] for k in many] == said
    assert None in said
    assert "healthy" in said
